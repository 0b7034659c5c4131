"""The power grid as a plan: rails, straps over tiles, Vdd-MUX pins and islands, bundles up to the rings.

Both engines build it: the embedded one draws it (:mod:`finevh.layout.supply.draw`), OpenROAD's generator gets it as commands.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.power_grid import ring_layers, strap_layers
from finevh.technology.lef import Lef
from finevh.technology.model import Layer, Technology

_EPS = 1e-6  # um


@dataclass(frozen=True)
class Stripes:
    """Straps of some nets on one layer, one group per pitch from the offset on; lengths in um.

    ``nets`` stand ``width + spacing`` apart, the first one's middle at the offset. ``count`` groups at most, 0 for as many as
    fit.
    """

    layer: str
    nets: tuple[str, ...]
    width: float
    pitch: float
    offset: float
    spacing: float
    count: int = 0


@dataclass(frozen=True)
class GridPlan:
    """Rings, stripes and rails; width, spacing and offsets in um.

    ``rail_layer`` and ``rail_width``: the follow-pin rails of the rows. ``tile_stripes``: inside each tile, on its virtual
    rail and ground. ``mux_stripes``: across the tiles over the Vdd-MUX columns, on the supplies that a Vdd-MUX takes.
    ``island_stripes``: across the tiles over the islands of the configuration chain, on VddH. ``top_stripes``: across the
    core. ``connections``: pairs of layers to join by vias, from the straps inside tiles upwards. ``layers``: per routing layer,
    from the bottom up, its name, whether it runs vertically, its least spacing.
    """

    rail_layer: str
    rail_width: float
    tile_stripes: Stripes
    mux_stripes: tuple[Stripes, ...]
    island_stripes: tuple[Stripes, ...]
    top_stripes: tuple[Stripes, ...]
    ring_layers: tuple[str, str]
    ring_width: float
    ring_spacing: float
    ring_offset: float
    connections: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, bool, float], ...] = ()


@dataclass(frozen=True)
class Supplies:
    """The five supply nets of the core."""

    vddh: str = "VDDH"
    vddl: str = "VDDL"
    ground: str = "VSS"
    nwell: str = "VBP"
    pwell: str = "VBN"

    @property
    def core(self) -> tuple[str, ...]:
        """Power nets of the core, the always-on one first."""
        return (self.vddh, self.vddl, self.nwell, self.pwell)


@dataclass(frozen=True)
class MuxPins:
    """Pin names of the Vdd-MUX cell: select, the two supplies, the virtual rail, ground and the two well biases."""

    select: str = "S"
    vddh: str = "VDDH"
    vddl: str = "VDDL"
    rail: str = "VDD"
    ground: str = "VSS"
    nwell: str = "VBP"
    pwell: str = "VBN"

    def on(self, supplies: Supplies) -> tuple[tuple[str, str], ...]:
        """(pin, net) of the pins that hang on supplies of the core."""
        return tuple(zip((self.vddh, self.vddl, self.nwell, self.pwell), supplies.core, strict=True))


def rail_width(lef: Lef, layer: str) -> float:
    """Return the height of a ground rail of a core cell, um: the tallest rectangle that spans the cell's width.

    Raises
    ------
    InputError
        If no cell has one on that layer.
    """
    for macro in lef.macros.values():
        for _, use, shapes in macro.pins.values():
            if use.upper() == "GROUND":
                rails = [y1 - y0 for name, x0, y0, x1, y1 in shapes if name == layer and x1 - x0 >= 0.99 * macro.width]
                if rails:
                    return round(max(rails), 4)
    raise InputError(f"no LEF cell has a ground rail on {layer}: the power grid cannot follow it")


def rail_pins(lef: Lef, layer: str) -> tuple[str, str]:
    """Return the names of the power and the ground pin whose rails run through core cells on a layer.

    Raises
    ------
    InputError
        If no cell has both.
    """
    for macro in lef.macros.values():
        found: dict[str, str] = {}
        for pin, (_, use, shapes) in macro.pins.items():
            if any(name == layer and x1 - x0 >= 0.99 * macro.width for name, x0, _, x1, _ in shapes):
                found.setdefault(use.upper(), pin)
        if {"POWER", "GROUND"} <= set(found):
            return found["POWER"], found["GROUND"]
    raise InputError(f"no LEF cell has a power and a ground rail on {layer}: the power grid cannot follow them")


def plan_grid(
    technology: Technology, lef: Lef, floorplan: Floorplan, nets: Supplies | None = None, pins: MuxPins | None = None
) -> GridPlan:
    """Return the grid: rails of the cells, straps over Vdd-MUX pins, islands and tiles, rings on the two top layers.

    Every length is a multiple of the manufacturing grid: OpenROAD's generator refuses others. Straps of different commands
    stand more than twice the spacing apart: the generator drops one whose spacing halo touches an earlier one's.

    Raises
    ------
    InputError
        If no vertical layer lies between rails and rings, no cell has a ground rail, or the straps over the Vdd-MUX pins,
        the islands and the tiles find no places side by side.
    """
    nets, pins = nets or Supplies(), pins or MuxPins()
    layers, grid = technology.layers, lef.grid
    ring_v, ring_h = ring_layers(technology)
    path = strap_layers(technology)
    mid = path[0]
    tile_width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    mux = _mux_stripes(lef, floorplan, layers[0], mid, pins.on(nets))
    tile, island = _tile_and_island_stripes(floorplan, mid, nets, grid, mux)
    bundle = (nets.vddh, nets.vddl, nets.ground, nets.nwell, nets.pwell)
    box = floorplan.tile_box
    # One bundle per tile row and per tile column; the horizontal ones cross the stripes inside the tiles.
    height = float(box[0, 3] - box[0, 1]) + floorplan.wrapper_height
    width = tile_width + floorplan.wrapper_sites * floorplan.site_width
    top = layers[ring_v]
    return GridPlan(
        rail_layer=layers[0].name,
        rail_width=rail_width(lef, layers[0].name),
        tile_stripes=tile,
        mux_stripes=mux,
        island_stripes=island,
        top_stripes=tuple(
            _bundles(
                layer, via_width(lef, layer), bundle, height if layer.direction[:1].upper() == "H" else width, grid
            )
            for layer in path[1:]
        ),
        ring_layers=(top.name, layers[ring_h].name),
        ring_width=max(top.width, layers[ring_h].width),
        ring_spacing=max(top.spacing, layers[ring_h].spacing),
        ring_offset=max(top.spacing, layers[ring_h].spacing),
        connections=tuple((below.name, above.name) for below, above in itertools.pairwise(path)),
        layers=tuple((layer.name, layer.direction[:1].upper() == "V", layer.spacing) for layer in layers),
    )


def snap(length: float, grid: float) -> float:
    """Round a length, um, down to the manufacturing grid (0: none)."""
    tolerance = 1e-6  # of a grid step; what binary fractions lose
    return round(math.floor(length / grid + tolerance) * grid, 6) if grid > 0.0 else round(length, 4)


def strap_edges(stripes: Stripes, length: float) -> list[tuple[float, float]]:
    """Return the straps of a command as (low, high) across an area of ``length`` um, from its edge."""
    found: list[tuple[float, float]] = []
    group = 0
    while stripes.count == 0 or group < stripes.count:
        start = stripes.offset + group * stripes.pitch
        if start > length + _EPS:
            break
        for k in range(len(stripes.nets)):
            middle = start + k * (stripes.width + stripes.spacing)
            if middle <= length + _EPS:
                found.append((middle - stripes.width / 2, middle + stripes.width / 2))
        group += 1
    return found


def _clear(straps: list[tuple[float, float]], others: list[tuple[float, float]], gap: float) -> bool:
    """Whether straps stand more than ``gap`` um from all others."""
    return all(low - b > gap + _EPS or a - high > gap + _EPS for low, high in straps for a, b in others)


def _tile_and_island_stripes(
    floorplan: Floorplan, layer: Layer, nets: Supplies, grid: float, mux: tuple[Stripes, ...]
) -> tuple[Stripes, tuple[Stripes, ...]]:
    """Place the tile's own straps and the strap of its island clear of the Vdd-MUX straps and of each other.

    The first strap of the tile comes next to the left Vdd-MUXes, where it crosses the head of the island's row.
    """
    box = floorplan.tile_box
    width = float(box[0, 2] - box[0, 0])
    step, gap = layer.width + layer.spacing, 2.0 * layer.spacing
    taken = [strap for stripes in mux for strap in strap_edges(stripes, width)]
    left = max((high for low, high in taken if high < width / 2), default=2.0 * step)
    unit = grid if grid > 0.0 else 1e-3
    first = snap(left + gap + layer.width / 2, grid) + unit
    names = ("rail", nets.ground)  # the tile's own rail, whatever its name
    tries = itertools.product((4, 3, 2, 1), range(1 + math.ceil(step / unit)))
    for pitch in (snap(width / parts, grid) - shrink * unit for parts, shrink in tries):
        tile = Stripes(layer.name, names, layer.width, round(pitch, 6), round(first, 6), layer.spacing)
        own = strap_edges(tile, width)
        if pitch < 2 * step + layer.spacing or not _clear(own, taken, gap):
            continue
        island = _island_strap(floorplan, layer, [*taken, *own], gap, unit)
        if island is not None:
            hung = (Stripes(layer.name, (nets.vddh,), layer.width, snap(width, grid), island, layer.spacing, 1),)
            own_stripes = Stripes(layer.name, (), tile.width, tile.pitch, tile.offset, tile.spacing)
            return own_stripes, hung if len(floorplan.island_row) else ()
    raise InputError(
        f"straps of {layer.name} over tiles of {width:.4g} um find no places {gap:.4g} um clear of those over Vdd-MUXes and "
        "islands; use fewer tiles"
    )


def _island_strap(
    floorplan: Floorplan, layer: Layer, taken: list[tuple[float, float]], gap: float, unit: float
) -> float | None:
    """Return the offset of a strap over the island, as near to its middle as the others let it; 0.0 without islands."""
    if len(floorplan.island_row) == 0:
        return 0.0
    edge = float(floorplan.tile_box[floorplan.row_tile[floorplan.island_row[0]], 0])
    start = float(floorplan.core[0] + floorplan.island_site[0] * floorplan.site_width) - edge
    length = floorplan.island_sites * floorplan.site_width
    half, middle = layer.width / 2, snap(start + length / 2, unit)
    for k in range(math.floor(length / 2 / unit)):
        for at in (middle + k * unit, middle - k * unit):
            inside = at - half >= start and at + half <= start + length
            if inside and _clear([(at - half, at + half)], taken, gap):
                return round(at, 6)
    return None


def _mux_stripes(
    lef: Lef, floorplan: Floorplan, rail: Layer, mid: Layer, pins: tuple[tuple[str, str], ...]
) -> tuple[Stripes, ...]:
    """One command per column of Vdd-MUX cells, a strap down the middle of each supply pin.

    All supplies of a column in one command: between commands the straps would have to stand farther apart than the pins do.
    """
    if not floorplan.header_cell or len(floorplan.header_row) == 0:
        return ()
    macro = lef.macros.get(floorplan.header_cell)
    if macro is None:
        raise InputError(f"no LEF has the Vdd-MUX cell '{floorplan.header_cell}'; add its macro")
    width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    found: list[tuple[float, str]] = []
    for pin, net in pins:
        boxes = (
            [(x0, x1) for name, x0, _, x1, _ in macro.pins[pin][2] if name == rail.name] if pin in macro.pins else []
        )
        if not boxes:
            raise InputError(f"Vdd-MUX cell '{macro.name}': LEF gives pin '{pin}' no shape on {rail.name}; correct it")
        found.append(((boxes[0][0] + boxes[0][1]) / 2, net))
    found.sort()
    step = _pin_step(macro.name, mid, found)
    starts = floorplan.header_x - floorplan.tile_box[floorplan.row_tile[floorplan.header_row], 0]
    columns = sorted({round(float(start), 4) for start in starts})
    names = tuple(net for _, net in found)
    return tuple(
        Stripes(
            mid.name, names, mid.width, snap(pitch, lef.grid), snap(start + found[0][0], lef.grid),
            round(step - mid.width, 6), count,
        )
        for start, pitch, count in _runs(columns, max(width, len(names) * step + mid.spacing))
    )  # fmt: skip


def _runs(columns: list[float], alone: float) -> list[tuple[float, float, int]]:
    """Join columns side by side, at one distance, into runs (start, pitch, count); ``alone`` is the pitch of a single one."""
    if len(columns) < 2:
        return [(column, alone, 1) for column in columns]
    steps = [right - left for left, right in itertools.pairwise(columns)]
    near = min(steps)
    runs: list[list[float]] = [[columns[0]]]
    for step, column in zip(steps, columns[1:], strict=True):
        if step < near + _EPS and near < 0.5 * (columns[-1] - columns[0]):
            runs[-1].append(column)
        else:
            runs.append([column])
    return [(run[0], near if len(run) > 1 else alone, len(run)) for run in runs]


def _pin_step(cell: str, mid: Layer, found: list[tuple[float, str]]) -> float:
    """Return the distance of the supply pins of a Vdd-MUX, um: one for all, and no less than straps need."""
    least = mid.width + mid.spacing
    steps = [right - left for (left, _), (right, _) in itertools.pairwise(found)]
    for step, ((_, one), (_, other)) in zip(steps, itertools.pairwise(found), strict=True):
        if step < least - _EPS:
            raise InputError(
                f"Vdd-MUX cell '{cell}': straps of {mid.name} over its pins on {one} and {other} are "
                f"{step:.4g} um apart and would touch; place the pins {least:.4g} um apart in its LEF"
            )
    if max(steps) - min(steps) > _EPS:
        raise InputError(
            f"Vdd-MUX cell '{cell}': its supply pins are {min(steps):.4g} to {max(steps):.4g} um apart, and one command "
            f"draws the straps of {mid.name} over them; place them at one distance in its LEF"
        )
    return steps[0]


def via_width(lef: Lef, layer: Layer) -> float:
    """Return the width that a strap needs so that the default vias of its layer stay inside it, um."""
    own = [
        max(x1 - x0, y1 - y0) for shapes in lef.vias.values() for name, x0, y0, x1, y1 in shapes if name == layer.name
    ]
    return max([layer.width, *own])


def _bundles(layer: Layer, width: float, nets: tuple[str, ...], pitch: float, grid: float) -> Stripes:
    """One stripe per net in the middle of every tile; farther apart where the tiles are smaller than the bundle."""
    step = width + layer.spacing
    pitch = snap(max(pitch, (len(nets) + 1) * step), grid)
    offset = snap((pitch - (len(nets) - 1) * step) / 2, grid)
    return Stripes(layer.name, nets, width, pitch, offset, layer.spacing)
