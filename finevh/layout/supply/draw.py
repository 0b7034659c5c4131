"""Shapes and vias of a power grid from its commands, by the rules of OpenROAD's generator (pdn, 5c9e487).

Grids are built one after the other. A strap is cut where its spacing halo touches that of a shape which an earlier command
drew on its layer, its own net's included; one that is cut over its whole length vanishes. Vias join shapes of one net on the
two layers of a connection, among what stands when the grid is built. All lengths are integers in database units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finevh.layout.formats.def_model import Box

RAIL, STRIPE, RING = "FOLLOWPIN", "STRIPE", "RING"


@dataclass(frozen=True)
class Shape:
    """A rectangle of metal: net, layer, box, ``RAIL``, ``STRIPE`` or ``RING``."""

    net: str
    layer: str
    box: Box
    kind: str


@dataclass(frozen=True)
class Junction:
    """Where vias join two shapes of a net, of a lower and of an upper layer: the box that both cover."""

    below: Shape
    above: Shape
    box: Box


@dataclass(frozen=True)
class StripeCommand:
    """Straps; see :class:`finevh.layout.supply.plan.Stripes`. ``to_ring`` extends them over the rings; ``tag`` names it."""

    layer: str
    nets: tuple[str, ...]
    width: int
    pitch: int
    offset: int
    spacing: int
    count: int = 0
    to_ring: bool = False
    tag: object = None


@dataclass(frozen=True)
class RingCommand:
    """Rings round the area, the first net innermost; ``layers``, ``width``, ``spacing``, ``offset``."""

    layers: tuple[str, str]
    nets: tuple[str, ...]
    width: int
    spacing: int
    offset: int


@dataclass(frozen=True)
class RowSpan:
    """A row: its box, and whether its cells are mirrored (power rail at the bottom)."""

    box: Box
    flipped: bool


@dataclass(frozen=True)
class GridCommand:
    """One grid: its area, the rails of its rows (layer, width, power, ground), rings, straps, connections."""

    area: Box
    rail: tuple[str, int, str, str] | None
    rows: tuple[RowSpan, ...]
    rings: tuple[RingCommand, ...]
    stripes: tuple[StripeCommand, ...]
    connections: tuple[tuple[str, str], ...]


@dataclass
class Drawing:
    """What stands: shapes by layer, junctions, and the commands whose straps were cut away (tag, net)."""

    vertical: Mapping[str, bool]
    spacing: Mapping[str, int]
    """Layer -> whether it runs vertically; -> its least spacing."""
    shapes: dict[str, list[Shape]] = field(default_factory=lambda: defaultdict(list))
    junctions: list[Junction] = field(default_factory=list)
    lost: list[tuple[object, Shape]] = field(default_factory=list)

    def all_shapes(self) -> list[Shape]:
        """Return all shapes, layer by layer."""
        return [shape for shapes in self.shapes.values() for shape in shapes]


def draw_grids(drawing: Drawing, grids: Sequence[GridCommand], standing: Sequence[Shape] = ()) -> Drawing:
    """Build grids in order, onto what stands already; returns the same drawing."""
    for shape in standing:
        drawing.shapes[shape.layer].append(shape)
    for grid in grids:
        _draw_grid(drawing, grid)
    return drawing


def _draw_grid(drawing: Drawing, grid: GridCommand) -> None:
    inside: list[Shape] = []
    if grid.rail is not None:
        inside += _rails(grid)
    outline = grid.area
    for ring in grid.rings:
        drawn = _rings(drawing, ring, grid.area)
        inside += drawn
        outline = _around([outline, *(shape.box for shape in drawn)])
    for shape in inside:
        drawing.shapes[shape.layer].append(shape)
    margin = grid.rail[1] // 2 if grid.rail else 0
    for command in grid.stripes:
        kept: list[Shape] = []
        for strap in _straps(drawing, command, grid.area, outline, margin):
            pieces = _cut(drawing, strap)
            kept += pieces
            if not pieces:
                drawing.lost.append((command.tag, strap))
        drawing.shapes[command.layer] += kept
        inside += kept
    _join(drawing, grid.connections, _around([grid.area, *(shape.box for shape in inside)]))


def _around(boxes: Sequence[Box]) -> Box:
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


def _rails(grid: GridCommand) -> list[Shape]:
    """Power rail at the top of a row, at the bottom of a mirrored one; ground at the other edge; equal ones once."""
    assert grid.rail is not None
    layer, width, power, ground = grid.rail
    found: dict[Shape, None] = {}
    for row in grid.rows:
        x0, y0, x1, y1 = row.box
        for net, edge in ((power, y0 if row.flipped else y1), (ground, y1 if row.flipped else y0)):
            low = edge - width // 2
            found[Shape(net, layer, (x0, low, x1, low + width), RAIL)] = None
    return list(found)


def _rings(drawing: Drawing, ring: RingCommand, area: Box) -> list[Shape]:
    pitch = ring.width + ring.spacing
    found: list[Shape] = []
    for layer in ring.layers:
        for k, net in enumerate(ring.nets):
            inner, outer = ring.offset + k * pitch, ring.offset + k * pitch + ring.width
            x0, y0, x1, y1 = area[0] - outer, area[1] - outer, area[2] + outer, area[3] + outer
            if drawing.vertical[layer]:
                boxes = [(x0, y0, area[0] - inner, y1), (area[2] + inner, y0, x1, y1)]
            else:
                boxes = [(x0, y0, x1, area[1] - inner), (x0, area[3] + inner, x1, y1)]
            found += [Shape(net, layer, box, RING) for box in boxes]
    return found


def _straps(drawing: Drawing, command: StripeCommand, area: Box, outline: Box, margin: int) -> list[Shape]:
    """All straps of a command before any is cut; ``margin`` is what rails reach beyond the area."""
    vertical = drawing.vertical[command.layer]
    length = area[2] if vertical else area[3]
    reach = outline if command.to_ring else (area[0], area[1] - margin, area[2], area[3] + margin)
    start, group = (area[0] if vertical else area[1]) + command.offset, 0
    found: list[Shape] = []
    while start <= length and (command.count == 0 or group < command.count):
        for k, net in enumerate(command.nets):
            middle = start + k * (command.width + command.spacing)
            low = middle - command.width // 2
            if middle > length or low >= length:
                break
            high = low + command.width
            box = (low, reach[1], high, reach[3]) if vertical else (reach[0], low, reach[2], high)
            found.append(Shape(net, command.layer, box, STRIPE))
        start += command.pitch
        group += 1
    return found


def _cut(drawing: Drawing, strap: Shape) -> list[Shape]:
    """Return what is left of a strap beside the shapes of earlier commands, halo against halo, touching included."""
    halo = drawing.spacing[strap.layer]
    along = 1 if drawing.vertical[strap.layer] else 0
    low, high = strap.box[along], strap.box[along + 2]
    pieces = [(low, high)]
    for other in drawing.shapes[strap.layer]:
        box = other.box
        if all(strap.box[a] - halo <= box[a + 2] + halo and box[a] - halo <= strap.box[a + 2] + halo for a in (0, 1)):
            gone = (box[along] - halo, box[along + 2] + halo)
            pieces = [
                part for a, b in pieces for part in ((a, min(b, gone[0])), (max(a, gone[1]), b)) if part[0] < part[1]
            ]
    found = []
    for a, b in pieces:
        cut = (strap.box[0], a, strap.box[2], b) if along else (a, strap.box[1], b, strap.box[3])
        found.append(Shape(strap.net, strap.layer, cut, strap.kind))
    return found


def _join(drawing: Drawing, connections: Sequence[tuple[str, str]], area: Box) -> None:
    """Add the junctions of a grid's connections inside an area; one that stands already is not made twice."""
    known = {(j.below.net, j.below.layer, j.above.layer, j.box) for j in drawing.junctions}
    for lower, upper in connections:
        above: dict[str, list[Shape]] = defaultdict(list)
        for shape in drawing.shapes[upper]:
            if _meet(shape.box, area):
                above[shape.net].append(shape)
        for shape in drawing.shapes[lower]:
            if shape.net not in above or not _meet(shape.box, area):
                continue
            for other in above[shape.net]:
                box = _common(shape.box, other.box)
                if box is not None and (shape.net, lower, upper, box) not in known:
                    known.add((shape.net, lower, upper, box))
                    drawing.junctions.append(Junction(shape, other, box))


def _meet(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _common(a: Box, b: Box) -> Box | None:
    box = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    return box if box[0] < box[2] and box[1] < box[3] else None


def pieces_of(drawing: Drawing) -> dict[str, int]:
    """Return the number of pieces that each net falls into, shapes touching on a layer and junctions taken together."""
    shapes = drawing.all_shapes()
    parent = list(range(len(shapes)))

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, shape in enumerate(shapes):
        places[shape.net, shape.layer].append(i)
    for rows in places.values():
        rows.sort(key=lambda i: shapes[i].box[0])
        for n, i in enumerate(rows):
            for j in rows[n + 1 :]:
                if shapes[j].box[0] > shapes[i].box[2]:
                    break
                if _meet(shapes[i].box, shapes[j].box):
                    parent[root(i)] = root(j)
    index = {id(shape): i for i, shape in enumerate(shapes)}
    for junction in drawing.junctions:
        parent[root(index[id(junction.below)])] = root(index[id(junction.above)])
    found: dict[str, set[int]] = defaultdict(set)
    for i, shape in enumerate(shapes):
        found[shape.net].add(root(i))
    return {net: len(roots) for net, roots in found.items()}
