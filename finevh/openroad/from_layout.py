"""The floorplan of the embedded engine as a context for OpenROAD's scripts: same tiles, rows, Vdd-MUX sites and voids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from finevh.base.quoting import odb_name
from finevh.errors import InputError
from finevh.layout.always_on import ground_rails
from finevh.layout.chain import ConfigurationChain
from finevh.layout.floorplan import Floorplan, tile_rail
from finevh.layout.formats.def_write import CHAIN_PREFIX, header_names
from finevh.layout.power_grid import layers_of, strap_layers
from finevh.layout.supply.grid import row_pieces
from finevh.layout.supply.plan import MuxPins, Supplies, plan_grid, rail_width
from finevh.layout.tile_at import FLIPPED_SOUTH
from finevh.netlist.model import NO_NET, Netlist
from finevh.openroad.context import (
    Activity,
    AlwaysOnSpan,
    Configuration,
    Domain,
    FixedCell,
    FlowContext,
    Island,
    LayerWire,
    LibraryFiles,
    OperatingPoint,
    Pin,
    Rect,
    Row,
)
from finevh.openroad.library_files import TechnologyFiles
from finevh.technology.lef import Lef
from finevh.technology.model import Direction, Kind, Technology

_BUS_BIT = re.compile(r"[A-Za-z_]\w*\[\d+\]\Z")
_DIRECTIONS = {Direction.INPUT: "INPUT", Direction.OUTPUT: "OUTPUT", Direction.INOUT: "INOUT"}


@dataclass(frozen=True)
class FlowOptions:
    """What the embedded engine does not know of OpenROAD's run.

    ``configuration_period`` ps; ``polybias`` (instance, cell) with the netlist's own names, None where it is made on the way.
    """

    density: float = 0.85
    seed: int = 1
    threads: int = 1
    configuration_period: float = 1e5
    rcx_rules: str | None = None
    clock_supply: str = "tile"
    polybias: Sequence[tuple[str, str]] | None = None
    mux_pins: MuxPins = field(default_factory=MuxPins)
    supplies: Supplies = field(default_factory=Supplies)


@dataclass(frozen=True)
class ClockSpec:
    """The working clock: name, port, period in ps, and the SDC file with the other constraints, in ``sdc_units``."""

    name: str
    port: str
    period: float
    sdc: str | None = None
    sdc_units: tuple[str, str] = ("ps", "fF")


@dataclass(frozen=True)
class DesignFiles:
    """Top module, its flat mapped Verilog without chain and Vdd-MUX cells, and its working clock."""

    name: str
    netlist: str
    clock: ClockSpec


@dataclass(frozen=True)
class Corners:
    """Plain libraries at the Vdd of optimisation; suffixed copies for the operating points, and what switches in those."""

    libraries: Sequence[LibraryFiles]
    voltage_libraries: Sequence[LibraryFiles] = ()
    operating_points: Sequence[OperatingPoint] = ()
    activity: Activity = field(default_factory=lambda: Activity(toggle_rate=0.1, duty=0.5))


# Long: one field of the context after the other.
def make_context(
    design: DesignFiles,
    technology: Technology,
    files: TechnologyFiles,
    floorplan: Floorplan,
    corners: Corners,
    chain: ConfigurationChain | None = None,
    pins: Sequence[Pin] = (),
    options: FlowOptions | None = None,
) -> FlowContext:
    """Return the context of one floorplan.

    Parameters
    ----------
    technology, files
        The cell library and where its files are.
    floorplan, chain
        From :mod:`finevh.layout`; ``chain`` is needed where the floorplan has Vdd-MUX cells.
    pins
        Fixed places of ports; OpenROAD places the others.

    Raises
    ------
    InputError
        If Vdd-MUX cells stand without a chain, or the technology lacks buffers or layers that the flow needs.
    """
    options = options or FlowOptions()
    has_mux = len(floorplan.header_row) > 0 and bool(floorplan.header_cell)
    if has_mux and chain is None:
        raise InputError(
            "the floorplan has Vdd-MUX cells but no configuration chain: nothing would select their supply"
        )
    buffers = _clock_buffers(technology)
    routing = [layer.name for layer in technology.layers]
    middle = routing[min(2, len(routing) - 1)]
    width = rail_width(files.lef, technology.layers[0].name)
    return FlowContext(
        design=design.name,
        tiles_per_side=floorplan.tiles_per_side,
        technology_lef=str(files.technology_lef),
        cell_lefs=tuple(str(path) for path in files.cell_lefs),
        libraries=tuple(corners.libraries),
        voltage_libraries=tuple(corners.voltage_libraries),
        netlist=design.netlist,
        sdc=design.clock.sdc,
        clock=design.clock.name,
        clock_port=design.clock.port,
        period=design.clock.period,
        die=_rect(floorplan.die),
        core=_rect(floorplan.core),
        site=files.site,
        site_width=floorplan.site_width,
        row_height=floorplan.row_height,
        rows=_rows(floorplan),
        islands=_islands(floorplan, width),
        domains=_domains(floorplan),
        rails=tuple(tile_rail(floorplan, tile) for tile in range(floorplan.n_tiles)),
        wrappers=_wrappers(floorplan),
        mux_sites=_mux_sites(floorplan) if has_mux else (),
        mux_pins=options.mux_pins,
        configuration=_configuration(chain, technology, files.lef, options) if chain is not None and has_mux else None,
        pins=tuple(pins),
        pin_layers=_pin_layers(technology),
        supplies=options.supplies,
        power_grid=plan_grid(technology, files.lef, floorplan, options.supplies, options.mux_pins),
        layers=tuple(LayerWire(layer.name, layer.resistance, layer.capacitance) for layer in technology.layers),
        signal_layer=middle,
        clock_layer=routing[min(4, len(routing) - 1)],
        signal_routing=(routing[1], routing[-1]),
        clock_routing=(middle, routing[-1]),
        density=options.density,
        clock_buffers=_strong(technology, buffers),
        clock_root_buffer=max(buffers, key=lambda name: _drive(technology, name)),
        fillers=tuple(name for name in technology.roles.get("fill", ()) if name in files.lef.macros),
        dont_use=technology.roles.get("dont_use", ()),
        operating_points=tuple(corners.operating_points),
        activity=corners.activity,
        polybias=_odb_names(options.polybias),
        rcx_rules=options.rcx_rules,
        sdc_units=design.clock.sdc_units,
        seed=options.seed,
        threads=options.threads,
        clock_supply=options.clock_supply,
        always_on=_always_on(floorplan) if chain is not None else (),
        ground_rails=_ground_rails(floorplan, width),
        storage_cells=_storage(technology),
    )


def _clock_buffers(technology: Technology) -> Sequence[str]:
    buffers = technology.roles.get("clock_buffer") or technology.roles.get("buffer", ())
    if not buffers:
        raise InputError(
            f"technology '{technology.name}' names no cell of role 'clock_buffer' or 'buffer'; add the role"
        )
    return buffers


def _odb_names(polybias: Sequence[tuple[str, str]] | None) -> tuple[tuple[str, str], ...] | None:
    return None if polybias is None else tuple((odb_name(instance), cell) for instance, cell in polybias)


def port_name(name: str) -> str:
    """Return OpenROAD's name of a port: bits of a bus keep their brackets, other brackets were escaped identifiers."""
    return name if _BUS_BIT.match(name) else odb_name(name)


def planning_netlist(design: str, technology: Technology, cell_area: float) -> Netlist:
    """Return a netlist of inverters that covers ``cell_area`` um2, to plan a floorplan before the design is synthesised.

    Raises
    ------
    InputError
        If the technology has no inverter or the area holds none.
    """
    known = [name for name in technology.roles.get("inverter", ()) if name in technology.cells.index]
    if not known:
        raise InputError(f"technology '{technology.name}' names no cell of role 'inverter'; add the role")
    row = min((technology.cells.index[name] for name in known), key=lambda cell: float(technology.cells.area[cell]))
    count = round(cell_area / float(technology.cells.area[row]))
    if count < 1:
        raise InputError(f"a cell area of {cell_area:g} um2 holds no cell; give the area of the design")
    pins = len(technology.cells.pins(row))
    return Netlist(
        name=design,
        cells=technology.cells,
        instance_names=tuple(f"area_{i}" for i in range(count)),
        cell_type=np.full(count, row, dtype=np.int32),
        cell_variant=np.zeros(count, dtype=np.int8),
        pin_ptr=np.arange(0, (count + 1) * pins, pins, dtype=np.int32),
        pin_net=np.full(count * pins, NO_NET, dtype=np.int32),
        net_names=(),
        net_constant=np.zeros(0, dtype=np.int8),
        port_names=(),
        port_direction=np.zeros(0, dtype=np.int8),
        port_net=np.zeros(0, dtype=np.int32),
    )


def _rect(box: Sequence[float]) -> Rect:
    x0, y0, x1, y1 = (round(float(value), 4) for value in box)
    return Rect(x0, y0, x1, y1)


def _orientation(flipped: bool) -> str:
    return "MX" if flipped else "R0"


def _tile_name(floorplan: Floorplan, tile: int) -> str:
    """The name that the embedded engine's DEF gives a tile's rows: ``tile_<row>_<column>``."""
    return "tile_{}_{}".format(*divmod(tile, floorplan.tiles_per_side))


def _rows(floorplan: Floorplan) -> tuple[Row, ...]:
    x0 = floorplan.core[0]
    ys = floorplan.row_y
    return tuple(
        Row(
            _row_name(floorplan, row) + kind,
            round(x0 + site * floorplan.site_width, 4),
            round(float(ys[row]), 4),
            sites,
            _orientation(bool(floorplan.row_flipped[row])),
        )
        for row in range(floorplan.n_rows)
        for kind, site, sites in row_pieces(floorplan, row)
    )


def _row_name(floorplan: Floorplan, row: int) -> str:
    per_tile = floorplan.n_rows // floorplan.n_tiles
    return f"{_tile_name(floorplan, int(floorplan.row_tile[row]))}_row_{row % per_tile}"


def _islands(floorplan: Floorplan, rail_width: float) -> tuple[Island, ...]:
    """The islands with their VddH rail: at the bottom of a mirrored row, at the top of another."""
    found: list[Island] = []
    for row, site in zip(floorplan.island_row.tolist(), floorplan.island_site.tolist(), strict=True):
        x0 = floorplan.core[0] + site * floorplan.site_width
        x1 = x0 + floorplan.island_sites * floorplan.site_width
        y = float(floorplan.row_y[row]) + (0.0 if floorplan.row_flipped[row] else floorplan.row_height)
        found.append(
            Island(f"{_row_name(floorplan, row)}_island", _rect((x0, y - rail_width / 2, x1, y + rail_width / 2)))
        )
    return tuple(found)


def _always_on(floorplan: Floorplan) -> tuple[AlwaysOnSpan, ...]:
    """What the configuration cells leave of the rows on VddH."""
    seg = floorplan.clock_segments
    columns = (seg.line.tolist(), seg.site.tolist(), seg.sites.tolist(), seg.flipped.tolist())
    found = []
    for line, site, sites, flipped in zip(*columns, strict=True):
        x, y = floorplan.core[0] + site * floorplan.site_width, float(floorplan.line_y[line])
        box = _rect((x, y, x + sites * floorplan.site_width, y + floorplan.row_height))
        found.append(AlwaysOnSpan(box, _orientation(flipped)))
    return tuple(found)


def _ground_rails(floorplan: Floorplan, width: float) -> tuple[Rect, ...]:
    return tuple(_rect((x0, y - width / 2, x1, y + width / 2)) for x0, x1, y in ground_rails(floorplan))


def _storage(technology: Technology) -> tuple[str, ...]:
    """Names of flip-flops and latches as they stand before the bias."""
    cells = technology.cells
    rows = np.flatnonzero(np.isin(cells.kind, (Kind.FLOP, Kind.LATCH)))
    return tuple(cells.names[row] for row in rows.tolist())


def _domains(floorplan: Floorplan) -> tuple[Domain, ...]:
    return tuple(
        Domain(_tile_name(floorplan, tile), _rect(box), tile) for tile, box in enumerate(floorplan.tile_box.tolist())
    )


def _wrappers(floorplan: Floorplan) -> tuple[Rect, ...]:
    """Voids between tile columns over the height of the core, and between tile rows over its width."""
    n, box = floorplan.tiles_per_side, floorplan.tile_box
    x0, y0, x1, y1 = floorplan.core
    columns = [_rect((box[i - 1, 2], y0, box[i, 0], y1)) for i in range(1, n)]
    rows = [_rect((x0, box[(i - 1) * n, 3], x1, box[i * n, 1])) for i in range(1, n)]
    return tuple(rect for rect in (*columns, *rows) if rect.x1 > rect.x0 and rect.y1 > rect.y0)


def _mux_sites(floorplan: Floorplan) -> tuple[FixedCell, ...]:
    rows = floorplan.header_row
    columns = zip(
        header_names(floorplan), floorplan.header_x.tolist(), floorplan.header_y.tolist(), floorplan.header_tile.tolist(),
        floorplan.row_flipped[rows].tolist(), strict=True,
    )  # fmt: skip
    return tuple(
        FixedCell(name, floorplan.header_cell, round(x, 4), round(y, 4), _orientation(flipped), tile)
        for name, x, y, tile, flipped in columns
    )


def _configuration(chain: ConfigurationChain, technology: Technology, lef: Lef, options: FlowOptions) -> Configuration:
    netlist, placement = chain.netlist, chain.placement
    nets = [CHAIN_PREFIX + name for name in netlist.net_names]
    cells: list[FixedCell] = []
    connections: list[tuple[str, str, str]] = []
    for i, name in enumerate(netlist.instance_names):
        row = int(netlist.cell_type[i])
        cell = technology.cells.names[row]
        flipped = int(placement.orient[i]) == FLIPPED_SOUTH
        x, y = round(float(placement.x[i]), 4), round(float(placement.y[i]), 4)
        cells.append(FixedCell(CHAIN_PREFIX + name, cell, x, y, _orientation(flipped), int(placement.tile[i])))
        own = netlist.pin_net[netlist.pin_ptr[i] : netlist.pin_ptr[i + 1]].tolist()
        connections += [
            (CHAIN_PREFIX + name, pin, nets[net])
            for pin, net in zip(technology.cells.pins(row), own, strict=True)
            if net != NO_NET
        ]
        connections += [(CHAIN_PREFIX + name, pin, net) for pin, net in _supply_pins(lef, cell, options.supplies)]
    # Selection nets end at the Vdd-MUX cells; the other ports are the chain's serial interface.
    directions = zip(netlist.port_names, netlist.port_direction.tolist(), strict=True)
    ports = {name: _DIRECTIONS[Direction(way)] for name, way in directions if not name.startswith("select[")}
    n_tiles = len(chain.order)
    return Configuration(
        ports=tuple((CHAIN_PREFIX + name, direction) for name, direction in ports.items()),
        cells=tuple(cells),
        connections=tuple(connections),
        select_nets=tuple(f"{CHAIN_PREFIX}select[{tile}]" for tile in range(n_tiles)),
        clock_port=f"{CHAIN_PREFIX}clk",
        period=options.configuration_period,
    )


def _supply_pins(lef: Lef, cell: str, supplies: Supplies) -> list[tuple[str, str]]:
    """The chain is always on: its power pins hang on VddH."""
    macro = lef.macros.get(cell)
    uses = {} if macro is None else {pin: use.upper() for pin, (_, use, _) in macro.pins.items()}
    nets = {"POWER": supplies.vddh, "GROUND": supplies.ground}
    return [(pin, nets[use]) for pin, use in uses.items() if use in nets]


def _strong(technology: Technology, buffers: Sequence[str]) -> tuple[str, ...]:
    """Return the buffers with at least half of the greatest drive, ascending.

    With weaker ones in its list the tool takes the weakest for branches: 715 ps in one stage of RI5CY with CLKBUF_X1.
    """
    drives = {name: _drive(technology, name) for name in buffers}
    least = max(drives.values()) / 2
    return tuple(sorted((name for name in buffers if drives[name] >= least), key=lambda name: drives[name]))


def _drive(technology: Technology, name: str) -> float:
    row = technology.cells.index.get(name)
    return float(technology.cells.drive[row]) if row is not None else 0.0


def _pin_layers(technology: Technology) -> tuple[str, str]:
    """The highest horizontal and vertical layers below those of long straps and rings: no strap ends at a pin."""
    names = [layer.name for layer in technology.layers]
    lowest = min(names.index(layer.name) for layer in strap_layers(technology)[1:])
    found = [[i for i in layers_of(technology, direction) if 0 < i < lowest] for direction in "HV"]
    horizontal, vertical = (
        rows[-1] if rows else layers_of(technology, way)[0] for rows, way in zip(found, "HV", strict=True)
    )
    return names[horizontal], names[vertical]
