"""What the templates are rendered from: plain, typed fields; nothing here knows how the embedded engine keeps its data.

Units: um, ps, V, kOhm/um, fF/um. Coordinates are absolute in the die, whose lower left corner is the origin.
"""

from __future__ import annotations

from dataclasses import dataclass

from finevh.errors import InputError
from finevh.layout.supply.plan import GridPlan, MuxPins, Supplies

ROW_ORIENTATIONS = ("R0", "MX")


@dataclass(frozen=True)
class Rect:
    """An axis-parallel rectangle, um."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Row:
    """One piece of a row line: x, y um of its lower left corner, number of sites, orientation ``R0`` or ``MX``."""

    name: str
    x: float
    y: float
    sites: int
    orientation: str


@dataclass(frozen=True)
class Island:
    """A piece of a row line inside a tile that hangs on VddH: ``row`` is its row, ``rail`` the metal of its supply rail."""

    row: str
    rail: Rect


@dataclass(frozen=True)
class Domain:
    """The rectangle of a tile: its rows hang on the virtual rail of ``tile``, save those of islands."""

    name: str
    area: Rect
    tile: int


@dataclass(frozen=True)
class FixedCell:
    """One cell at its fixed place: lower left corner, um, orientation, and the tile it serves."""

    instance: str
    cell: str
    x: float
    y: float
    orientation: str
    tile: int


@dataclass(frozen=True)
class Configuration:
    """What is added to the netlist so that each tile has its bit: ports, cells, connections.

    ``ports``: (name, ``INPUT`` or ``OUTPUT``), each on a net of its own name. ``cells``: the flip-flops and whatever else
    the chain has. ``connections``: (instance, pin, net), also of supply pins; a net that does not exist is made.
    ``select_nets``: per tile, the net that drives the select pins of its Vdd-MUX cells. ``clock_port`` and ``period`` ps of
    the configuration clock.
    """

    ports: tuple[tuple[str, str], ...]
    cells: tuple[FixedCell, ...]
    connections: tuple[tuple[str, str, str], ...]
    select_nets: tuple[str, ...]
    clock_port: str
    period: float


@dataclass(frozen=True)
class Pin:
    """One port of the block at a fixed place on the die edge: layer and location, um."""

    name: str
    layer: str
    x: float
    y: float


@dataclass(frozen=True)
class LayerWire:
    """Wire constants of one routing layer: kOhm/um and fF/um."""

    layer: str
    resistance: float
    capacitance: float


@dataclass(frozen=True)
class LibraryFiles:
    """Liberty and LEF files of one (variant, Vdd); ``suffix`` is what their cell names end in, empty for the plain ones."""

    variant: str
    vdd: float
    liberty: str
    lef: str | None
    suffix: str


@dataclass(frozen=True)
class AlwaysOnSpan:
    """Room for clock cells on VddH: a piece of a row, um, and the orientation of its cells."""

    box: Rect
    orientation: str


@dataclass(frozen=True)
class OperatingPoint:
    """One point to be timed and weighed: ``tile_vdd`` (n_tiles,) V, clock period ps, a name fit for files.

    ``vddh`` V is the supply of what is always on; without it the highest of the tiles.
    """

    name: str
    period: float
    tile_vdd: tuple[float, ...]
    vddh: float | None = None

    @property
    def always_on(self) -> float:
        """Supply of the configuration chain and of clock cells on VddH, V."""
        return max(self.tile_vdd) if self.vddh is None else self.vddh

    @property
    def supplies(self) -> frozenset[float]:
        """All voltages of cells, V."""
        return frozenset((*self.tile_vdd, self.always_on))


@dataclass(frozen=True)
class Activity:
    """Where switching comes from: a VCD or SAIF file with its scope, or one global toggle rate per clock cycle."""

    toggle_rate: float | None = None
    duty: float | None = None
    vcd: str | None = None
    saif: str | None = None
    scope: str | None = None


@dataclass(frozen=True)
class FlowContext:
    """Everything that the scripts of one floorplan say.

    Attributes
    ----------
    libraries
        Cells as they stand in the netlist (no Vdd suffix), all variants, at the Vdd the layout is optimised for.
    voltage_libraries
        Suffixed copies, one per (variant, Vdd) that an operating point uses.
    variant_suffixes
        Cell-name suffix per variant without its Vdd, in the order of ``libraries``.
    polybias
        Assignment ``(instance, cell)``; None renders a script that reads the list from ``polybias.txt`` of a later run.
    rails
        Supply net of each tile: its virtual rail; of a single tile, VddH itself.
    sdc_units
        Units of time and capacitance of the file ``sdc``.
    improve_distance
        um that a cell may move when the legal placement is improved.
    rcx_rules
        Extraction rules for OpenRCX; None estimates wires from global routing instead.
    clock_supply
        ``tile``: clock cells are cells like others; ``high``, ``split``: all of them, or those that drive another, go to
        ``always_on``, the rows that hang on VddH.
    ground_rails
        Ground rails between such rows, which no row of a tile runs along.
    storage_cells
        Flip-flops and latches: where the clock ends.
    """

    design: str
    tiles_per_side: int
    technology_lef: str
    cell_lefs: tuple[str, ...]
    libraries: tuple[LibraryFiles, ...]
    voltage_libraries: tuple[LibraryFiles, ...]
    netlist: str
    sdc: str | None
    clock: str
    clock_port: str
    period: float
    die: Rect
    core: Rect
    site: str
    site_width: float
    row_height: float
    rows: tuple[Row, ...]
    islands: tuple[Island, ...]
    domains: tuple[Domain, ...]
    rails: tuple[str, ...]
    wrappers: tuple[Rect, ...]
    mux_sites: tuple[FixedCell, ...]
    mux_pins: MuxPins
    configuration: Configuration | None
    pins: tuple[Pin, ...]
    pin_layers: tuple[str, str]
    supplies: Supplies
    power_grid: GridPlan
    layers: tuple[LayerWire, ...]
    signal_layer: str
    clock_layer: str
    signal_routing: tuple[str, str]
    clock_routing: tuple[str, str]
    density: float
    clock_buffers: tuple[str, ...]
    clock_root_buffer: str
    fillers: tuple[str, ...]
    dont_use: tuple[str, ...]
    operating_points: tuple[OperatingPoint, ...]
    activity: Activity
    polybias: tuple[tuple[str, str], ...] | None = None
    rcx_rules: str | None = None
    sdc_units: tuple[str, str] = ("ps", "fF")
    improve_distance: int = 20
    seed: int = 1
    threads: int = 1
    clock_supply: str = "tile"
    always_on: tuple[AlwaysOnSpan, ...] = ()
    ground_rails: tuple[Rect, ...] = ()
    storage_cells: tuple[str, ...] = ()


def validate_context(context: FlowContext) -> None:
    """Check what no tool would say plainly: counts, tile numbers, orientations, domains that overlap.

    Raises
    ------
    InputError
        Naming the field and the mend.
    """
    n_tiles = context.tiles_per_side**2
    tiles = sorted(domain.tile for domain in context.domains)
    if tiles != list(range(n_tiles)):
        side = context.tiles_per_side
        raise InputError(
            f"domains: give one for each of the {n_tiles} tiles of a {side} x {side} mesh, from 0; got {tiles}"
        )
    if len(context.rails) != n_tiles:
        raise InputError(f"rails: {len(context.rails)} nets for {n_tiles} tiles")
    _refuse_repeats("rails", list(context.rails))
    _refuse_repeats("domains", [domain.name for domain in context.domains])
    _refuse_repeats("rows", [row.name for row in context.rows])
    for row in context.rows:
        if row.orientation not in ROW_ORIENTATIONS:
            raise InputError(f"row {row.name}: orientation '{row.orientation}'; write R0 or MX")
        if row.sites < 1:
            raise InputError(f"row {row.name}: {row.sites} sites; a row has at least 1")
    names = {row.name for row in context.rows}
    for island in context.islands:
        if island.row not in names:
            raise InputError(f"islands: there is no row '{island.row}'")
    fixed = context.mux_sites + (context.configuration.cells if context.configuration else ())
    _refuse_repeats("mux_sites and configuration cells", [cell.instance for cell in fixed])
    for cell in fixed:
        if not 0 <= cell.tile < n_tiles:
            raise InputError(f"cell {cell.instance}: belongs to tile {cell.tile}, but there are {n_tiles}")
    if context.mux_sites and context.configuration is None:
        raise InputError("configuration: missing, so nothing drives the select pins of the Vdd-MUX cells")
    if context.configuration and len(context.configuration.select_nets) != n_tiles:
        raise InputError(
            f"configuration.select_nets: {len(context.configuration.select_nets)} nets for {n_tiles} tiles"
        )
    if context.clock_supply not in ("tile", "high", "split"):
        raise InputError(f"clock_supply: '{context.clock_supply}'; write tile, high or split")
    if context.clock_supply != "tile" and context.tiles_per_side > 1 and not context.always_on:
        raise InputError(f"clock_supply: {context.clock_supply} needs rows that are always on; the floorplan has none")
    for point in context.operating_points:
        _check_point(context, point)
    _refuse_overlap(context.domains)


def _check_point(context: FlowContext, point: OperatingPoint) -> None:
    n_tiles = context.tiles_per_side**2
    if len(point.tile_vdd) != n_tiles:
        raise InputError(f"operating point {point.name}: {len(point.tile_vdd)} voltages for {n_tiles} tiles")
    missing = sorted(point.supplies - {library.vdd for library in context.voltage_libraries})
    if missing:
        raise InputError(
            f"operating point {point.name}: no suffixed Liberty at {missing[0]:g} V; characterise it or choose another Vdd"
        )
    if not point.name or not all((c.isascii() and c.isalnum()) or c in "_.-" for c in point.name):
        raise InputError(f"operating point '{point.name}': its name becomes a file name; use letters, digits, _ . -")
    activity = context.activity
    if activity.vcd is None and activity.saif is None and (activity.toggle_rate is None or activity.duty is None):
        raise InputError(
            "activity: give a VCD, a SAIF, or a toggle rate with its duty; power cannot be had without one"
        )


def _refuse_repeats(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what}: two are called '{name}'; give each its own name")
        seen.add(name)


def _refuse_overlap(domains: tuple[Domain, ...]) -> None:
    """Domains of two tiles that overlap would share a rail."""
    order = sorted(domains, key=lambda domain: (domain.area.y0, domain.area.x0))
    tolerance = 1e-6  # um, below any manufacturing grid
    for position, first in enumerate(order):
        a = first.area
        for second in order[position + 1 :]:
            b = second.area
            if b.y0 >= a.y1 - tolerance:
                break
            if b.x0 < a.x1 - tolerance and a.x0 < b.x1 - tolerance:
                raise InputError(
                    f"domains {first.name} and {second.name} overlap: their rails would be one net; move one"
                )
