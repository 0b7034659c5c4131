"""From floorplan, placement and power grid to DEF 5.8."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finevh.layout.always_on import on_islands
from finevh.layout.chain import ConfigurationChain
from finevh.layout.floorplan import MUX_PREFIX, Floorplan, tile_rail
from finevh.layout.formats.def_model import (
    Box,
    DefComponent,
    DefLayout,
    DefNet,
    DefPin,
    DefRow,
    DefTracks,
    DefViaPlace,
    DefWire,
    quote_name,
)
from finevh.layout.placement import ORIENT_NAMES, Placement
from finevh.layout.power_grid import SUPPLIES
from finevh.layout.supply.draw import RING
from finevh.layout.supply.grid import KINDS, UNITS, PowerGrid
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Real, Technology

CHAIN_PREFIX = "finevh_config_"
"""Of names that the layout adds to the design's own."""
_DIRECTION = {Direction.INPUT: "INPUT", Direction.OUTPUT: "OUTPUT", Direction.INOUT: "INOUT"}
_PIN_LAYERS = {"H": 4, "V": 5}  # metal5 and metal6 as in a usual stack; lower ones where a technology has fewer


@dataclass(frozen=True)
class DefOptions:
    """Names that the technology's columns do not hold."""

    site_name: str
    power_pin: str = "VDD"
    """Supply pin of the cells, on the tile's rail."""
    ground_pin: str = "VSS"
    header_cells: tuple[str, ...] = ()
    """Vdd-MUX cell of each tile, no wider than its slots; the floorplan's own for all when empty."""


def _dbu(um: float) -> int:
    return round(um * UNITS)


def header_names(floorplan: Floorplan) -> list[str]:
    """Return the instance names of the Vdd-MUXes, ``finevh_vddmux_<row>`` with ``_<k>`` from the second of a row on."""
    seen: dict[int, int] = {}
    names = []
    for row in floorplan.header_row.tolist():
        k = seen.get(row, 0)
        seen[row] = k + 1
        names.append(f"{MUX_PREFIX}{row}" + (f"_{k}" if k else ""))
    return names


def _rows(floorplan: Floorplan, site: str) -> tuple[DefRow, ...]:
    per_tile = floorplan.n_rows // floorplan.n_tiles
    step = _dbu(floorplan.site_width)
    return tuple(
        DefRow(
            "tile_{}_{}_row_{}".format(*divmod(r // per_tile, floorplan.tiles_per_side), r % per_tile),
            site,
            _dbu(x),
            _dbu(y),
            ORIENT_NAMES[int(flipped)],
            count,
            step,
        )
        for r, (x, y, flipped, count) in enumerate(
            zip(
                floorplan.row_x.tolist(),
                floorplan.row_y.tolist(),
                floorplan.row_flipped.tolist(),
                floorplan.row_sites.tolist(),
                strict=True,
            )
        )
    )


def _tracks(technology: Technology, floorplan: Floorplan) -> tuple[DefTracks, ...]:
    tracks = []
    for layer in technology.layers:
        pitch = _dbu(layer.pitch)
        for axis, length in (("X", floorplan.die[2]), ("Y", floorplan.die[3])):
            tracks.append(DefTracks(axis, pitch // 2, (_dbu(length) - pitch // 2) // pitch, pitch, layer.name))
    return tuple(tracks)


def _voids(floorplan: Floorplan) -> tuple[Box, ...]:
    """Return the wrapper between tile columns and tile rows as boxes."""
    n, box = floorplan.tiles_per_side, floorplan.tile_box
    x0, y0, x1, y1 = floorplan.core
    gaps = [(float(box[k - 1, 2]), y0, float(box[k, 0]), y1) for k in range(1, n)]
    gaps += [(x0, float(box[(k - 1) * n, 3]), x1, float(box[k * n, 1])) for k in range(1, n)]
    return tuple((_dbu(a), _dbu(b), _dbu(c), _dbu(d)) for a, b, c, d in gaps)


def _components(
    netlist: Netlist, technology: Technology, placement: Placement, fixed: bool = False
) -> list[DefComponent]:
    suffix = [v.suffix for v in technology.variants]
    names = technology.cells.names
    status = "FIXED" if fixed else "PLACED"
    return [
        DefComponent(name, names[row] + suffix[variant], status, x, y, ORIENT_NAMES[orient])
        for name, row, variant, x, y, orient in zip(
            netlist.instance_names,
            netlist.cell_type.tolist(),
            netlist.cell_variant.tolist(),
            np.rint(placement.x * UNITS).astype(int).tolist(),
            np.rint(placement.y * UNITS).astype(int).tolist(),
            placement.orient.tolist(),
            strict=True,
        )
    ]


def _pins(netlist: Netlist, technology: Technology, floorplan: Floorplan, port_x: Real, port_y: Real) -> list[DefPin]:
    layers = technology.layers
    pins = []
    for name, net, direction, x, y in zip(
        netlist.port_names,
        netlist.port_net.tolist(),
        netlist.port_direction.tolist(),
        port_x.tolist(),
        port_y.tolist(),
        strict=True,
    ):
        on_side = x in (floorplan.die[0], floorplan.die[2])
        wanted = [
            i
            for i, m in enumerate(layers[: _PIN_LAYERS["V"] + 1])
            if m.direction[:1].upper() == ("H" if on_side else "V")
        ]
        layer = layers[wanted[-1]]
        half = max(1, _dbu(layer.width) // 2)
        pins.append(
            DefPin(
                name,
                netlist.net_names[net] if net != NO_NET else name,
                _DIRECTION[Direction(direction)],
                "SIGNAL",
                layer.name,
                (-half, -half, half, half),
                _dbu(x),
                _dbu(y),
                "N",
            )
        )
    return pins


def _nets(netlist: Netlist) -> list[DefNet]:
    pins: list[list[tuple[str, str]]] = [[] for _ in range(netlist.n_nets)]
    for port, net in zip(netlist.port_names, netlist.port_net.tolist(), strict=True):
        if net != NO_NET:
            pins[net].append(("PIN", port))
    names = netlist.cells.pin_name
    instances = netlist.instance_names
    for cell, row, net in zip(
        netlist.pin_cell.tolist(), netlist.pin_type.tolist(), netlist.pin_net.tolist(), strict=True
    ):
        if net != NO_NET:
            pins[net].append((instances[cell], names[row]))
    clock = np.zeros(netlist.n_nets, dtype=bool)
    clocked = netlist.cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net != NO_NET)
    clock[netlist.pin_net[clocked]] = True
    constant = {0: "GROUND", 1: "POWER"}
    uses = [
        constant.get(c, "CLOCK" if k else "SIGNAL")
        for c, k in zip(netlist.net_constant.tolist(), clock.tolist(), strict=True)
    ]
    return [DefNet(name, use, tuple(p)) for name, use, p in zip(netlist.net_names, uses, pins, strict=True)]


def _wire(layer: str, box: list[float], kind: str) -> DefWire:
    x0, y0, x1, y1 = (_dbu(v) for v in box)
    if x1 - x0 <= y1 - y0:
        middle = x0 + (x1 - x0) // 2
        return DefWire(layer, x1 - x0, kind, (middle, y0), (middle, y1))
    middle = y0 + (y1 - y0) // 2
    return DefWire(layer, y1 - y0, kind, (x0, middle), (x1, middle))


def _special_nets(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    grid: PowerGrid,
    options: DefOptions,
) -> list[DefNet]:
    wires: list[list[DefWire]] = [[] for _ in grid.nets]
    vias: list[list[DefViaPlace]] = [[] for _ in grid.nets]
    columns = zip(grid.net.tolist(), grid.layer.tolist(), grid.box.tolist(), grid.kind.tolist(), strict=True)
    for net, layer, box, kind in columns:
        wires[net].append(_wire(technology.layers[layer].name, box, KINDS[kind]))
    places = zip(
        grid.via_net.tolist(),
        grid.via_name,
        grid.via_layer.tolist(),
        grid.via_x.tolist(),
        grid.via_y.tolist(),
        strict=True,
    )
    for net, via, layer, x, y in places:
        vias[net].append(DefViaPlace(via, _dbu(x), _dbu(y), technology.layers[layer].name))
    headers = header_names(floorplan) if floorplan.header_cell else []
    pins: dict[str, list[tuple[str, str]]] = {name: [] for name in grid.nets}
    for name in SUPPLIES:
        pins[name] = [(header, name) for header in headers] if name != "VSS" else [("*", options.ground_pin)]
    for header, tile in zip(headers, floorplan.header_tile.tolist(), strict=False):
        pins[tile_rail(floorplan, tile)].append((header, "VDD"))
    high = on_islands(floorplan, placement.x, placement.y).tolist()
    for name, tile, on_high in zip(netlist.instance_names, placement.tile.tolist(), high, strict=True):
        pins["VDDH" if on_high else tile_rail(floorplan, tile)].append((name, options.power_pin))
    return [
        DefNet(name, "GROUND" if name == "VSS" else "POWER", tuple(pins[name]), tuple(wires[k]), tuple(vias[k]))
        for k, name in enumerate(grid.nets)
    ]


def _supply_pins(technology: Technology, grid: PowerGrid) -> list[DefPin]:
    """Return a terminal per supply of the core: the first piece of its ring."""
    found: list[DefPin] = []
    for k, name in enumerate(SUPPLIES):
        own = np.flatnonzero((grid.net == k) & (grid.kind == KINDS.index(RING)))
        if len(own) == 0:
            continue
        x0, y0, x1, y1 = (_dbu(v) for v in grid.box[own[0]].tolist())
        x, y = (x0 + x1) // 2, (y0 + y1) // 2
        use = "GROUND" if name == "VSS" else "POWER"
        layer = technology.layers[int(grid.layer[own[0]])].name
        found.append(DefPin(name, name, "INOUT", use, layer, (x0 - x, y0 - y, x1 - x, y1 - y), x, y, "N"))
    return found


def _with_chain(
    layout: DefLayout, chain: ConfigurationChain, technology: Technology, floorplan: Floorplan, power_pin: str
) -> DefLayout:
    """Add the chain's cells, its serial ports and its nets, all prefixed ``finevh_config_``, and the Vdd-MUXes' select pins.

    The chain is always on: its cells hang on VddH.
    """
    prefix = CHAIN_PREFIX
    selects: dict[str, list[tuple[str, str]]] = {}
    if floorplan.header_cell:
        for name, tile in zip(header_names(floorplan), floorplan.header_tile.tolist(), strict=True):
            selects.setdefault(f"select[{tile}]", []).append((name, "S"))
    nets = []
    for net in _nets(chain.netlist):
        terms = [("PIN", prefix + pin) if name == "PIN" else (prefix + name, pin) for name, pin in net.pins]
        if net.name in selects:
            terms = [t for t in terms if t[0] != "PIN"] + selects[net.name]
        nets.append(DefNet(prefix + net.name, net.use, tuple(terms)))
    cells = _components(chain.netlist, technology, chain.placement, fixed=True)
    pins = _pins(chain.netlist, technology, floorplan, chain.placement.port_x, chain.placement.port_y)
    ports = [p for p in pins if p.net not in selects]
    fed = tuple((prefix + name, power_pin) for name in chain.netlist.instance_names)
    supplies = tuple(replace(n, pins=(*n.pins, *fed)) if n.name == "VDDH" else n for n in layout.special_nets)
    return replace(
        layout,
        special_nets=supplies,
        components=(*layout.components, *(replace(c, name=prefix + c.name) for c in cells)),
        pins=(*layout.pins, *(replace(p, name=prefix + p.name, net=prefix + p.net) for p in ports)),
        nets=(*layout.nets, *nets),
    )


def make_def(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    grid: PowerGrid,
    options: DefOptions,
    chain: ConfigurationChain | None = None,
) -> DefLayout:
    """Collect a placed design as DEF records: rows, tracks, cells, Vdd-MUXes, ports, voids, supplies, nets.

    Parameters
    ----------
    chain : placed configuration chain, optional; its names get the prefix ``finevh_config_``.
    """
    components = _components(netlist, technology, placement)
    if floorplan.header_cell:
        columns = zip(
            header_names(floorplan),
            floorplan.header_x.tolist(),
            floorplan.header_y.tolist(),
            floorplan.row_flipped[floorplan.header_row].tolist(),
            floorplan.header_tile.tolist(),
            strict=True,
        )
        cell_of = options.header_cells or (floorplan.header_cell,) * floorplan.n_tiles
        components += [
            DefComponent(name, cell_of[tile], "FIXED", _dbu(x), _dbu(y), ORIENT_NAMES[int(flipped)])
            for name, x, y, flipped, tile in columns
        ]
    x0, y0, x1, y1 = (_dbu(v) for v in floorplan.die)
    layout = DefLayout(
        design=netlist.name,
        units=UNITS,
        die=(x0, y0, x1, y1),
        rows=_rows(floorplan, options.site_name),
        tracks=_tracks(technology, floorplan),
        components=tuple(components),
        pins=(
            *_pins(netlist, technology, floorplan, placement.port_x, placement.port_y),
            *_supply_pins(technology, grid),
        ),
        blockages=_voids(floorplan),
        special_nets=tuple(_special_nets(netlist, technology, floorplan, placement, grid, options)),
        nets=tuple(_nets(netlist)),
    )
    return layout if chain is None else _with_chain(layout, chain, technology, floorplan, options.power_pin)


def format_def(layout: DefLayout) -> str:
    """Return the records as DEF 5.8 text."""

    def name(text: str) -> str:
        return quote_name(text, False)

    def net(text: str) -> str:
        return quote_name(text, True)

    def terms(pins: tuple[tuple[str, str], ...]) -> str:
        return "".join(f" ( {i if i in ('PIN', '*') else name(i)} {net(p) if i == 'PIN' else p} )" for i, p in pins)

    lines = ["VERSION 5.8 ;", 'DIVIDERCHAR "/" ;', 'BUSBITCHARS "[]" ;', f"DESIGN {name(layout.design)} ;"]
    lines += [f"UNITS DISTANCE MICRONS {layout.units} ;", "DIEAREA ( {} {} ) ( {} {} ) ;".format(*layout.die)]
    lines += [
        f"ROW {name(r.name)} {r.site} {r.x} {r.y} {r.orient} DO {r.count} BY 1 STEP {r.step} 0 ;" for r in layout.rows
    ]
    lines += [f"TRACKS {t.axis} {t.start} DO {t.count} STEP {t.step} LAYER {t.layer} ;" for t in layout.tracks]
    lines.append(f"COMPONENTS {len(layout.components)} ;")
    for c in layout.components:
        place = "UNPLACED" if c.status == "UNPLACED" else f"{c.status} ( {c.x} {c.y} ) {c.orient}"
        lines.append(f"- {name(c.name)} {c.cell} + {place} ;")
    lines += ["END COMPONENTS", f"PINS {len(layout.pins)} ;"]
    for p in layout.pins:
        special = " + SPECIAL" if p.use in ("POWER", "GROUND") else ""
        lines.append(f"- {net(p.name)} + NET {net(p.net)}{special} + DIRECTION {p.direction} + USE {p.use}")
        lines.append(
            "  + LAYER {} ( {} {} ) ( {} {} )".format(p.layer, *p.box) + f" + PLACED ( {p.x} {p.y} ) {p.orient} ;"
        )
    lines.append("END PINS")
    if layout.blockages:
        lines.append(f"BLOCKAGES {len(layout.blockages)} ;")
        lines += ["- PLACEMENT RECT ( {} {} ) ( {} {} ) ;".format(*b) for b in layout.blockages]
        lines.append("END BLOCKAGES")
    lines.append(f"SPECIALNETS {len(layout.special_nets)} ;")
    for n in layout.special_nets:
        lines.append(f"- {net(n.name)}{terms(n.pins)}")
        for k, w in enumerate(n.wires):
            (x0, y0), (x1, y1) = w.start, w.end
            lead = "+ ROUTED" if k == 0 else "NEW"
            lines.append(f"  {lead} {w.layer} {w.width} + SHAPE {w.shape} ( {x0} {y0} ) ( {x1} {y1} )")
        lines += [f"  NEW {v.layer} 0 + SHAPE STRIPE ( {v.x} {v.y} ) {v.name}" for v in n.vias]
        lines.append(f"  + USE {n.use} ;")
    lines += ["END SPECIALNETS", f"NETS {len(layout.nets)} ;"]
    lines += [f"- {net(n.name)}{terms(n.pins)} + USE {n.use} ;" for n in layout.nets]
    lines += ["END NETS", "END DESIGN", ""]
    return "\n".join(lines)


def write_def(layout: DefLayout, path: Path | str) -> None:
    """Write :func:`format_def` to ``path``."""
    Path(path).write_text(format_def(layout), encoding="utf-8")
