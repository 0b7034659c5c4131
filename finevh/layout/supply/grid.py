"""The power grid of the embedded engine: the plan drawn for a floorplan, with the vias that join it, as columns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from finevh.errors import InputError
from finevh.layout.always_on import ground_rails
from finevh.layout.floorplan import Floorplan, tile_rail
from finevh.layout.formats.def_model import Box
from finevh.layout.power_grid import SUPPLIES, layers_of
from finevh.layout.supply.draw import (
    RAIL,
    RING,
    STRIPE,
    Drawing,
    GridCommand,
    RingCommand,
    RowSpan,
    Shape,
    StripeCommand,
    draw_grids,
)
from finevh.layout.supply.plan import GridPlan, MuxPins, Stripes, Supplies, plan_grid
from finevh.technology.lef import Lef
from finevh.technology.model import Int, Real, Technology

UNITS = 1000
"""Database units per um of the drawing: those of the DEF that the embedded engine writes."""
KINDS = (RAIL, STRIPE, RING)


@dataclass(frozen=True)
class PowerGrid:
    """Metal and vias of the grids as columns; lengths in um."""

    nets: tuple[str, ...]
    """The five supplies in the order of ``SUPPLIES``, then the virtual rails of the tiles."""
    net: Int
    layer: Int
    """Index into the technology's layers."""
    kind: Int
    """Index into ``KINDS``."""
    box: Real
    """(n_shape, 4) x0, y0, x1, y1."""
    via_net: Int
    via_name: tuple[str, ...]
    """A via of the LEF."""
    via_layer: Int
    """Its lower layer, an index into the technology's layers."""
    via_x: Real
    via_y: Real

    @property
    def is_ring(self) -> Int:
        """(n_shape) 1 for pieces of rings."""
        return np.asarray(self.kind == KINDS.index(RING), dtype=np.int32)


def make_power_grid(technology: Technology, floorplan: Floorplan, lef: Lef) -> PowerGrid:
    """Draw rings, straps and rails and join them by vias.

    At every crossing that the plan connects stands one default via of the LEF per pair of layers.

    Raises
    ------
    InputError
        If the plan finds no places (see :func:`~finevh.layout.supply.plan.plan_grid`), or no via of the LEF joins two layers.
    """
    plan = plan_grid(technology, lef, floorplan)
    drawing = draw_plan(technology, floorplan, plan, lef)
    names = [layer.name for layer in technology.layers]
    rails = [tile_rail(floorplan, tile) for tile in range(floorplan.n_tiles)]
    nets = tuple(dict.fromkeys((*SUPPLIES, *rails)))
    number = {net: i for i, net in enumerate(nets)}
    shapes = drawing.all_shapes()
    vias: list[tuple[int, str, int, float, float]] = []
    steps = _default_vias(lef, names)
    for junction in drawing.junctions:
        x, y = (junction.box[0] + junction.box[2]) / 2, (junction.box[1] + junction.box[3]) / 2
        low, high = names.index(junction.below.layer), names.index(junction.above.layer)
        for lower in range(low, high):
            name = steps.get(lower)
            if name is None:
                raise InputError(
                    f"no LEF has a via from {names[lower]} to {names[lower + 1]}: the power grid cannot cross them; give the "
                    "technology LEF with its vias"
                )
            vias.append((number[junction.below.net], name, lower, x / UNITS, y / UNITS))
    unique = list(dict.fromkeys(vias))
    return PowerGrid(
        nets=nets,
        net=np.array([number[s.net] for s in shapes], dtype=np.int32),
        layer=np.array([names.index(s.layer) for s in shapes], dtype=np.int32),
        kind=np.array([KINDS.index(s.kind) for s in shapes], dtype=np.int32),
        box=np.array([s.box for s in shapes], dtype=np.float64) / UNITS,
        via_net=np.array([via[0] for via in unique], dtype=np.int32),
        via_name=tuple(via[1] for via in unique),
        via_layer=np.array([via[2] for via in unique], dtype=np.int32),
        via_x=np.array([via[3] for via in unique], dtype=np.float64),
        via_y=np.array([via[4] for via in unique], dtype=np.float64),
    )


def draw_plan(technology: Technology, floorplan: Floorplan, plan: GridPlan, lef: Lef) -> Drawing:
    """Draw a plan over a floorplan: the core's grid first, then those of the tiles, each joined to what stands."""
    nets = Supplies()
    vertical = {technology.layers[i].name: True for i in layers_of(technology, "V")}
    drawing = Drawing(
        {layer.name: layer.name in vertical for layer in technology.layers},
        {layer.name: _dbu(layer.spacing) for layer in technology.layers},
    )
    core = _box(floorplan.core)
    several = floorplan.n_tiles > 1
    ring = RingCommand(
        plan.ring_layers,
        (*nets.core, nets.ground),
        _dbu(plan.ring_width),
        _dbu(plan.ring_spacing),
        _dbu(plan.ring_offset),
    )
    top = tuple(_command(stripes, stripes.nets, True) for stripes in plan.top_stripes)
    rows = _rows(floorplan)
    if not several:
        own = _command(plan.tile_stripes, (nets.vddh, nets.ground))
        rail = (plan.rail_layer, _dbu(plan.rail_width), nets.vddh, nets.ground)
        up = ((plan.rail_layer, plan.tile_stripes.layer), *plan.connections)
        return draw_grids(drawing, [GridCommand(core, rail, tuple(rows[0]), (ring,), (own, *top), up)])
    grids = [GridCommand(core, None, (), (ring,), top, plan.connections[1:])]
    for tile in range(floorplan.n_tiles):
        name = tile_rail(floorplan, tile)
        own = _command(plan.tile_stripes, (name, nets.ground))
        across = tuple(_command(s, s.nets) for s in (*plan.mux_stripes, *plan.island_stripes))
        rail = (plan.rail_layer, _dbu(plan.rail_width), name, nets.ground)
        up = ((plan.rail_layer, plan.tile_stripes.layer), plan.connections[0])
        area = _box(tuple(floorplan.tile_box[tile].tolist()))
        grids.append(GridCommand(area, rail, tuple(rows[tile]), (), (own, *across), up))
    return draw_grids(drawing, grids, _islands(floorplan, plan, nets) + _mux_pins(floorplan, plan, lef, nets))


def _mux_pins(floorplan: Floorplan, plan: GridPlan, lef: Lef, nets: Supplies) -> list[Shape]:
    """Return the supply pins of the Vdd-MUX cells as shapes of their nets: vias join shapes, not pins."""
    found: list[Shape] = []
    if not plan.mux_stripes:
        return found
    macro = lef.macros[floorplan.header_cell]
    rows = floorplan.header_row
    for x, y, flipped in zip(
        floorplan.header_x.tolist(), floorplan.header_y.tolist(), floorplan.row_flipped[rows].tolist(), strict=True
    ):
        for pin, net in MuxPins().on(nets):
            for layer, x0, y0, x1, y1 in macro.pins[pin][2]:
                low, high = (macro.height - y1, macro.height - y0) if flipped else (y0, y1)
                if layer == plan.rail_layer:
                    found.append(Shape(net, layer, _box((x + x0, y + low, x + x1, y + high)), STRIPE))
    return found


def _islands(floorplan: Floorplan, plan: GridPlan, nets: Supplies) -> list[Shape]:
    """Return the VddH rails of the islands, at the bottom of a mirrored row, at the top of another; ground between two."""
    found: list[Shape] = []
    width = _dbu(plan.rail_width)
    for row, site in zip(floorplan.island_row.tolist(), floorplan.island_site.tolist(), strict=True):
        x0 = floorplan.core[0] + site * floorplan.site_width
        x1 = x0 + floorplan.island_sites * floorplan.site_width
        y = float(floorplan.row_y[row]) + (0.0 if floorplan.row_flipped[row] else floorplan.row_height)
        low = _dbu(y) - width // 2
        found.append(Shape(nets.vddh, plan.rail_layer, (_dbu(x0), low, _dbu(x1), low + width), RAIL))
    for x0, x1, y in ground_rails(floorplan):
        low = _dbu(y) - width // 2
        found.append(Shape(nets.ground, plan.rail_layer, (_dbu(x0), low, _dbu(x1), low + width), RAIL))
    return list(dict.fromkeys(found))  # two rows of clock cells share a rail


def row_pieces(floorplan: Floorplan, row: int) -> list[tuple[str, int, int]]:
    """(kind, first site, sites) of a row: whole, or cut by an island into head, island and rest."""
    first, sites = int(floorplan.row_site[row]), int(floorplan.row_sites[row])
    island = np.flatnonzero(floorplan.island_row == row)
    if len(island) == 0:
        return [("", first, sites)]
    start = int(floorplan.island_site[island[0]])
    gap = floorplan.wrapper_sites
    after = start + floorplan.island_sites + gap
    pieces = [
        ("_head", first, start - gap - first),
        ("_island", start, floorplan.island_sites),
        ("_rest", after, first + sites - after),
    ]
    return [piece for piece in pieces if piece[2] > 0]


def _rows(floorplan: Floorplan) -> list[list[RowSpan]]:
    """Return the rows of each tile that hang on its rail."""
    found: list[list[RowSpan]] = [[] for _ in range(floorplan.n_tiles)]
    for row in range(floorplan.n_rows):
        y0 = float(floorplan.row_y[row])
        for kind, site, sites in row_pieces(floorplan, row):
            x0 = floorplan.core[0] + site * floorplan.site_width
            box = _box((x0, y0, x0 + sites * floorplan.site_width, y0 + floorplan.row_height))
            if kind != "_island":
                found[int(floorplan.row_tile[row])].append(RowSpan(box, bool(floorplan.row_flipped[row])))
    return found


def _command(stripes: Stripes, nets: tuple[str, ...], to_ring: bool = False) -> StripeCommand:
    width, pitch, offset, spacing = map(_dbu, (stripes.width, stripes.pitch, stripes.offset, stripes.spacing))
    return StripeCommand(stripes.layer, nets, width, pitch, offset, spacing, stripes.count, to_ring)


def _dbu(length: float) -> int:
    return round(length * UNITS)


def _box(corners: tuple[float, ...]) -> Box:
    x0, y0, x1, y1 = map(_dbu, corners)
    return (x0, y0, x1, y1)


def _default_vias(lef: Lef, layers: list[str]) -> dict[int, str]:
    """Return the first via of the LEF that joins each routing layer to the next one."""
    found: dict[int, str] = {}
    for number, (lower, upper) in enumerate(itertools.pairwise(layers)):
        for name, shapes in lef.vias.items():
            if {lower, upper} <= {layer for layer, *_ in shapes}:
                found[number] = name
                break
    return found
