"""The supply checker: every supply net is one piece through its vias, meets no other, and reaches the pins that it must feed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from finevh.checks import Checks
from finevh.layout.floorplan import MUX_PREFIX, Floorplan
from finevh.layout.formats.def_model import DefLayout
from finevh.layout.supply.plan import Supplies
from finevh.layout.supply.shapes import SupplyPin, SupplyShapes, shapes_of_def
from finevh.technology.lef import Lef
from finevh.technology.model import Int, Real

_MOST = 100  # of each kind of finding that are put into words


@dataclass(frozen=True)
class SupplyIntent:
    """Which net each supply pin must hang on.

    ``core`` are the supplies of the whole core, the always-on one first; ``rails`` (n_tile) and ``tile_box`` (n_tile, 4) um
    the nets and rectangles of the tiles; ``always_on`` the instances on ``core[0]`` wherever they stand.
    """

    core: tuple[str, ...]
    ground: str
    rails: tuple[str, ...]
    tile_box: Real
    always_on: frozenset[str]

    def net_of(self, pin: SupplyPin, tile: int) -> str | None:
        """Return the net that a supply pin must hang on; None for a power pin outside every tile."""
        if pin.use == "GROUND":
            return self.ground
        if pin.pin in self.core and len(self.rails) > 1:
            return pin.pin  # of a Vdd-MUX: its supplies are called like their nets
        if pin.instance in self.always_on:
            return self.core[0]
        return self.rails[tile] if tile >= 0 else None


@dataclass(frozen=True)
class SupplyReport:
    """What was found, in words with coordinates in um; the counts go beyond what is put into words.

    ``components``: pieces of each net that has metal.
    """

    components: dict[str, int]
    opens: tuple[str, ...]
    shorts: tuple[str, ...]
    misplaced: tuple[str, ...]
    """Supply pins that hang on another net than the intent's."""
    count: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not any(self.count.values())


def intent_of(floorplan: Floorplan, rails: tuple[str, ...], always_on: Collection[str] = ()) -> SupplyIntent:
    """Return the intent of a tiled floorplan with its rails, one net per tile, lower left first."""
    supplies = Supplies()
    return SupplyIntent(supplies.core, supplies.ground, rails, floorplan.tile_box, frozenset(always_on))


def always_on_cells(layout: DefLayout, prefix: str) -> frozenset[str]:
    """Return the configuration cells and what a layout tool put into their signal nets: all that hangs together with them.

    Parameters
    ----------
    prefix
        What the names of the configuration cells begin with. Vdd-MUXes, where their nets end, are not among them.
    """
    cells = {c.name: c.cell for c in layout.components if c.name.startswith(prefix)}
    own = {c.name for c in layout.components if c.name.startswith(MUX_PREFIX)}
    supplies = {net.name for net in layout.special_nets}
    nets_of: dict[str, list[int]] = defaultdict(list)
    signal = [net for net in layout.nets if net.name not in supplies]
    for number, net in enumerate(signal):
        for instance, _ in net.pins:
            if instance != "PIN":
                nets_of[instance].append(number)
    found, waiting = set(cells), list(cells)
    seen: set[int] = set()
    while waiting:
        for number in nets_of[waiting.pop()]:
            if number not in seen:
                seen.add(number)
                fresh = {i for i, _ in signal[number].pins if i != "PIN"} - found - own
                found |= fresh
                waiting += fresh
    return frozenset(found)


def check_supply(layout: DefLayout, lef: Lef, intent: SupplyIntent) -> SupplyReport:
    """Check the supply nets of a layout as drawn.

    Parameters
    ----------
    layout
        The DEF, of the embedded engine or of OpenROAD.
    lef
        Technology and cell LEF.
    intent
        Which net each supply pin must hang on.

    Raises
    ------
    InputError
        If a via or a cell is not defined (see :func:`~finevh.layout.supply.shapes.shapes_of_def`).
    """
    # Only now: scripts are planned, and their tables imported, without a compiler.
    from finevh.layout.supply.touching import components_and_shorts

    shapes = shapes_of_def(layout, lef)
    component, shorts, n_shorts = components_and_shorts(shapes)
    opens, pieces = _gaps(shapes, component)
    dangling = [f"{_pin(p)} at {_at(p.x, p.y, shapes.units)} is on no net" for p in shapes.pins if p.net < 0]
    wanted = (*intent.core, intent.ground) if len(intent.rails) > 1 else (intent.core[0], intent.ground)
    bare = [f"{net}: no metal" for net in (*wanted, *dict.fromkeys(intent.rails)) if net not in pieces]
    terminals = {pin.net for pin in layout.pins}
    closed = [f"{net}: no terminal" for net in wanted if net not in terminals]
    misplaced = _misplaced(shapes, intent)
    opens = [*bare, *opens, *dangling, *closed]
    words = tuple(_short(shapes, a, b) for a, b in shorts[:_MOST].tolist())
    count = {"supply_open": len(opens), "supply_short": n_shorts, "supply_misplaced": len(misplaced)}
    return SupplyReport(dict(pieces), tuple(opens[:_MOST]), words, tuple(misplaced[:_MOST]), count)


def book_supply(report: SupplyReport, checks: Checks) -> None:
    """Book a report in the account of checks."""
    checks.add("supply_open", report.opens, report.count["supply_open"])
    checks.add("supply_short", report.shorts, report.count["supply_short"])
    checks.add("supply_misplaced", report.misplaced, report.count["supply_misplaced"])


def _at(x: float, y: float, units: int) -> str:
    return f"({x / units:.10g}, {y / units:.10g}) um"


def _pin(pin: SupplyPin) -> str:
    return f"{pin.instance}/{pin.pin} ({pin.cell})"


def _gaps(shapes: SupplyShapes, component: Int) -> tuple[list[str], Counter[str]]:
    """Name every piece of a net beside its largest one; count the pieces per net."""
    rows = np.flatnonzero(shapes.net >= 0)
    by_piece: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, net, piece in zip(rows.tolist(), shapes.net[rows].tolist(), component[rows].tolist(), strict=True):
        by_piece[net, piece].append(row)
    pieces = Counter(shapes.nets[net] for net, _ in by_piece)
    largest: dict[int, tuple[int, int]] = {}
    for (net, piece), members in by_piece.items():
        largest[net] = max(largest.get(net, (0, -1)), (len(members), piece))
    found = [
        (net, _piece(shapes, members))
        for (net, piece), members in by_piece.items()
        if (len(members), piece) != largest[net]
    ]
    return [text for _, text in sorted(found)], pieces


def _piece(shapes: SupplyShapes, rows: list[int]) -> str:
    box = shapes.box[rows]
    low, high = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
    layers = sorted({shapes.layers[layer] for layer in shapes.layer[rows].tolist()})
    owners = dict.fromkeys(pin for pin in shapes.pin[rows].tolist() if pin >= 0)
    fed = f", {len(owners)} pins such as {_pin(shapes.pins[next(iter(owners))])}" if owners else ", no pin"
    corner, end = (_at(float(place[0]), float(place[1]), shapes.units) for place in (low, high))
    net = shapes.nets[int(shapes.net[rows[0]])]
    return f"{net}: a piece of {len(rows)} shapes on {', '.join(layers)} from {corner} to {end} stands alone{fed}"


def _short(shapes: SupplyShapes, a: int, b: int) -> str:
    one, other = shapes.box[a], shapes.box[b]
    x, y = max(one[0], other[0]), max(one[1], other[1])
    layer = shapes.layers[int(shapes.layer[a])]
    return f"{_owner(shapes, a)} meets {_owner(shapes, b)} on {layer} at {_at(float(x), float(y), shapes.units)}"


def _owner(shapes: SupplyShapes, row: int) -> str:
    net = int(shapes.net[row])
    return shapes.nets[net] if net >= 0 else "a signal pin"


def _misplaced(shapes: SupplyShapes, intent: SupplyIntent) -> list[str]:
    """Name supply pins on another net than the one they must hang on."""
    if not shapes.pins:
        return []
    boxes = np.round(intent.tile_box * shapes.units).astype(np.int64)
    x = np.array([pin.x for pin in shapes.pins], dtype=np.int64)
    y = np.array([pin.y for pin in shapes.pins], dtype=np.int64)
    tile = np.full(len(x), -1, dtype=np.int64)
    for number, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        tile[(x >= x0) & (x < x1) & (y >= y0) & (y < y1)] = number
    found = []
    for pin, where in zip(shapes.pins, tile.tolist(), strict=True):
        expected = intent.net_of(pin, where)
        if pin.net >= 0 and shapes.nets[pin.net] != expected:
            must = f"must be on {expected}" if expected else "lies in no tile"
            found.append(f"{_pin(pin)} at {_at(pin.x, pin.y, shapes.units)} is on {shapes.nets[pin.net]}, {must}")
    return found
