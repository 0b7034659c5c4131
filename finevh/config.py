"""What a flow file says, as one validated and typed model; :mod:`finevh.flow_file` reads and writes it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from finevh.base.quoting import plain_name
from finevh.base.share import LIBRARIES, expand, shared, technology_names
from finevh.errors import InputError
from finevh.units import VOLTAGE_TOLERANCE, Dimension, parse_quantity

_UNIT: dict[Dimension, str] = {"time": "ps", "voltage": "V", "capacitance": "fF", "frequency": "MHz", "area": "um2"}
# Most tiles of the exact selector's program.
EXACT_TILES = 100
# The library is interpolated to every voltage of the schemes.
FINEST_STEP = 1e-3  # V
MOST_TILES = 10_000
# A femtosecond, a quarter of an hour: what lies beyond is a slip.
SHORTEST_PERIOD, LONGEST_PERIOD = 1e-3, 1e15  # ps


def _plain(value: str) -> str:
    try:
        return plain_name(value, "the name") if value else value
    except InputError as error:
        raise ValueError(str(error)) from None


def _port(value: str) -> str:
    if not value or any(not "!" <= char <= "~" or char in '{}";\\' for char in value):
        raise ValueError(
            f"{value[:60]!r} cannot be a port: write its name, or a pattern with * and ?, without blanks or braces"
        )
    return value


Suffix = Annotated[str, AfterValidator(_plain)]
Name = Annotated[Suffix, Field(min_length=1)]
"""A word of every file format and a file name of its own: see :func:`finevh.base.quoting.plain_name`."""
Port = Annotated[str, AfterValidator(_port)]
"""A port, a bit of one, or a pattern; it stands between braces in constraints."""


def voltage_grid(low: float, high: float, step: float) -> tuple[float, ...]:
    """Voltages from ``low`` to ``high`` inclusive in whole steps, V; what steps leave of the range is the lowest interval.

    >>> voltage_grid(0.6, 1.0, 0.2)
    (0.6, 0.8, 1.0)
    >>> voltage_grid(0.6, 1.0, 0.15)
    (0.6, 0.7, 0.85, 1.0)
    """
    if _divides(low, high, step):
        count = round((high - low) / step)
        return tuple(round(low + index * (high - low) / count, 6) for index in range(count + 1))
    count = math.floor((high - low) / step)
    return (round(low, 6), *(round(high - index * step, 6) for index in range(count, -1, -1)))


def may_pair(low: float, high: float, grid: Sequence[float], widest: float) -> bool:
    """Whether a map may lie between two supplies, V: both on the grid of its delta-Vdd, at most ``widest`` apart."""
    on_grid = all(any(abs(vdd - one) <= VOLTAGE_TOLERANCE for one in grid) for vdd in (low, high))
    return on_grid and high - low <= widest + VOLTAGE_TOLERANCE


def _divides(low: float, high: float, step: float) -> bool:
    count = (high - low) / step if step > 0 else 0.0
    return round(count) >= 1 and abs(count - round(count)) * step <= VOLTAGE_TOLERANCE


_EXAMPLE: dict[Dimension, str] = {
    "time": "1.5 ns",
    "frequency": "250 MHz",
    "voltage": "0.80 V",
    "capacitance": "5 fF",
    "area": "100 um2",
}


def _quantity(dimension: Dimension) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    def parse(value: object) -> float:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} has no unit: write a {dimension} as text, for example '{_EXAMPLE[dimension]}'")
        try:
            return parse_quantity(value, dimension)
        except InputError as error:
            raise ValueError(str(error)) from None

    def write(value: float) -> str:
        return f"{value:.12g} {_UNIT[dimension]}"  # as many digits as are read

    # Editors are told the form; which units there are is checked when the file is read.
    form = {
        "type": "string",
        "pattern": r"^\s*[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*[A-Za-zµ]+2?\s*$",
        "examples": [_EXAMPLE[dimension]],
    }
    return BeforeValidator(parse), PlainSerializer(write), WithJsonSchema(form)


Time = Annotated[float, *_quantity("time")]
Frequency = Annotated[float, *_quantity("frequency")]
Voltage = Annotated[float, *_quantity("voltage")]
Capacitance = Annotated[float, *_quantity("capacitance")]
Area = Annotated[float, *_quantity("area")]
Selector = Literal["greedy", "count", "best", "improved", "exact"]
VariantSet = Literal["pb0", "pb", "vt"]


def _resolve(value: Path, info: ValidationInfo) -> Path:
    """Paths in a flow file are relative to its folder."""
    folder = (info.context or {}).get("folder")
    value = expand(str(value))
    path = value if folder is None or value.is_absolute() else Path(folder) / value
    path = Path(*path.parts) if path.is_absolute() else path.resolve()
    try:
        str(path).encode("utf-8")
        there = path.is_file() or path.is_dir()
    except (ValueError, OSError):  # a NUL or other bytes that are no text, or a name longer than any
        raise ValueError(f"{str(path)[:200]!r} cannot be a path") from None
    if not there:
        raise ValueError(f"no such file or folder: '{path}'; paths are relative to the folder of the flow file")
    return path.resolve()


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, defer_build=True
    )

    @field_validator("*", mode="after")
    @classmethod
    def _existing(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Path):
            return _resolve(value, info)
        if isinstance(value, tuple) and value and isinstance(value[0], Path):
            return tuple(_resolve(item, info) for item in value)
        return value


class Placed(_Section):
    """A design that another flow has placed (and routed): its result files; LEF and Liberty are the technology's."""

    model_config = ConfigDict(populate_by_name=True)

    layout: Path = Field(alias="def")
    """DEF with rows and places."""
    netlist: Path
    """Its mapped Verilog; a hierarchical one is flattened."""
    spef: Path | None = None
    """Parasitics; wires are estimated from the places where absent."""
    sdc: Path | None = None
    """Constraints, where ``clock.sdc`` names none."""


class Design(_Section):
    """The RTL (or a mapped netlist, or a placed design) that goes in."""

    name: Name
    top: Name | None = None
    files: tuple[Path, ...] = ()
    file_list: str | None = None
    """A named list that ships with a package: ``cv32e40p`` is the RI5CY core of pythondata-cpu-cv32e40p."""
    include_dirs: tuple[Path, ...] = ()
    defines: dict[Name, str] = {}
    parameters: dict[Name, int | str] = {}
    netlist: Path | None = None
    """A mapped Verilog netlist: synthesis is skipped."""
    placed: Placed | None = None
    """A placed design of another flow: tiles are laid over it; nothing is sized and no tree is built."""

    @model_validator(mode="after")
    def _one_source(self) -> Design:
        given = (bool(self.files), self.file_list is not None, self.netlist is not None, self.placed is not None)
        if sum(given) != 1:
            raise ValueError(
                "give exactly one of 'files' (RTL), 'file_list' (a packaged core), 'netlist' (mapped Verilog) or 'placed'"
                " (a placed design of another flow)"
            )
        return self

    @property
    def mapped(self) -> Path | None:
        """The mapped netlist that is given; None where RTL is synthesised."""
        return self.netlist if self.placed is None else self.placed.netlist


def _stands(path: Path) -> bool:
    """Tell whether something lies there; a name that no file can have lies nowhere."""
    try:
        return path.exists()
    except (ValueError, OSError):
        return False


class TechnologyChoice(_Section):
    """The cell library."""

    path: Path
    """Folder of a technology (with ``technology.toml``) or that file; or the name of one that ships, such as ``finevh45``."""
    synthesis_vdd: Voltage | None = None
    """Vdd of the library that synthesis maps to; the highest of the schemes when absent, as in the thesis."""
    fast: Path | None = None
    """The same cells at a fast corner, for hold: folder of a technology or its file."""

    @field_validator("path", "fast", mode="before")
    @classmethod
    def _named(cls, value: object, info: ValidationInfo) -> object:
        """A single word that is no file beside the flow names a technology that ships."""
        folder = Path((info.context or {}).get("folder", "."))
        if not isinstance(value, str) or len(Path(value).parts) != 1 or value in (".", "..") or _stands(folder / value):
            return value
        if value in technology_names():
            return str(shared(LIBRARIES, value))
        if Path(value).suffix or value.startswith("finevh:"):
            return value
        raise ValueError(
            f"no technology '{value}': neither a folder beside the flow file nor one that ships ({', '.join(technology_names())})"
        )


class Synthesis(_Section):
    """From RTL to cells."""

    gate_registers: int = Field(default=3, ge=0)
    """Flops of one enable go behind a clock gate when there are at least this many; 0 leaves every enable as a multiplexer."""


class Clock(_Section):
    """The clock and what surrounds the design; input and output delays do not scale with the period."""

    port: Port
    period: Time
    """Target of synthesis and sizing."""
    uncertainty: Time = 0.0
    tree: Literal["balanced", "buffered"] = "balanced"
    """One balanced tree over all gates, built where the cells lie; or a fan-out tree on each clock net, before placement."""
    propagated: bool = True
    """Time through the tree, ports on a clock that is late by its mean; ``false``: the clock is everywhere at once."""
    policy: Literal["tile", "high", "split"] = "tile"
    """Supply of the tree's cells: their tile's; always VddH; or VddH but for the leaf buffers, which are on their tile's."""
    tree_vdd: Literal["tile", "high"] | None = None
    """Older name of ``policy``."""
    input_delay: Time = 0.0
    output_delay: Time = 0.0
    input_slew: Time = 20.0
    output_load: Capacitance = 5.0
    constants: dict[Port, Literal[0, 1]] = {}
    """Input ports tied in the mode that is timed (``set_case_analysis``), for example a scan enable."""
    false_from: tuple[Port, ...] = ()
    """Input ports that are static in operation (``set_false_path -from``), for example an asynchronous reset."""
    sdc: Path | None = None
    """Constraints from a file instead of the keys above (the period is still this section's)."""
    ports_follow_tree: bool = False
    """Clocks that port delays of ``sdc`` refer to are late by the tree's mean at every supply, whatever the file gives them."""

    @field_validator("period")
    @classmethod
    def _positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("a clock period must be above zero")
        if not SHORTEST_PERIOD <= value <= LONGEST_PERIOD:
            raise ValueError(f"{value:g} ps is no clock period: from {SHORTEST_PERIOD:g} to {LONGEST_PERIOD:g} ps are")
        return value

    @field_validator("uncertainty", "input_slew", "output_load")
    @classmethod
    def _not_negative(cls, value: float) -> float:
        if value < 0:
            raise ValueError("must not be below zero")
        return value

    @property
    def supply_policy(self) -> Literal["tile", "high", "split"]:
        """``policy``, by its older name where that is given."""
        return self.tree_vdd or self.policy


class Floorplan(_Section):
    """The N x N tiles."""

    tiles: int = Field(default=49, ge=1, le=MOST_TILES)
    utilisation: float = Field(default=0.70, ge=0.01, le=1.0)
    planned_area: Area | None = None
    """Cell area to plan generated OpenROAD scripts with, before the design is synthesised."""
    header: bool = True
    """Insert the configuration chain and the Vdd-MUX cells, where the technology has them."""
    header_cell: Name | None = None
    """Vdd-MUX cell whose width the rows reserve, for example ``VDDMUX_X2``; the technology's first when absent."""
    header_drive: Literal["weakest", "slot"] = "weakest"
    """Drive of each tile's Vdd-MUXes: the weakest that keeps the budget, or the strongest that fits the slots."""
    headers_per_row: int = Field(default=1, ge=1, le=1000)
    """Vdd-MUXes of each row of a tile."""
    drop_budget: float = Field(default=0.05, gt=0.0, lt=1.0)
    """Share of the supply that a tile may lose over its Vdd-MUXes; decides the drive of each tile's."""
    drop_of: Literal["average", "peak", "cycles"] = "average"
    """Current that the budget is for: the average of the hungriest program, the busiest cycle of the tile, or 99.9 % of the
    cycles (``cycles``; the busiest then may lose twice the budget)."""

    @field_validator("tiles")
    @classmethod
    def _square(cls, value: int) -> int:
        if value < 1 or round(value**0.5) ** 2 != value:
            near = max(1, round(max(value, 1) ** 0.5)) ** 2
            raise ValueError(f"the tiles form a square mesh: {value} is not a square number; the nearest is {near}")
        return value


class Placement(_Section):
    """What the embedded engine's placement is driven by."""

    driven: Literal["wirelength", "timing", "map"] = "wirelength"
    """Wirelength alone; or nets on slow paths count for more and the design is placed again, slow with all tiles at VddH, or also
    under a map whose tiles at VddH are those in the core's middle."""
    rounds: int = Field(default=3, ge=1, le=20)
    """How often it is placed again."""
    longer: float = Field(default=0.03, ge=0.0, le=1.0)
    """Share by which the wires may be longer than those of wirelength alone: rounds with more are not taken."""
    seed: int = Field(default=-1, ge=-1, lt=2**31)
    """Of the placer's noise: another one gives another layout, as good on average. -1: the placer's own."""


class Optimize(_Section):
    """Fan-out trees and gate sizing after placement."""

    clock_tree: bool = True
    buffering: bool = True
    sizing: bool = True
    hold: bool = True
    """Put buffers where data reach a register before it has taken the old ones, at any single supply of any corner."""
    hold_maps: bool = True
    """The same under the voltage maps that are hardest on each register."""
    passes: int = Field(default=2, ge=1, le=100)
    """Rounds of sizing, legalisation and new wires."""


class PolyBias(_Section):
    """The three-stage assignment of section 4.1.2."""

    relax: float = Field(default=0.0, ge=0.0, le=1.0)
    """The clock of the assignment is the minimum period times (1 + relax)."""
    scope: Literal["interface-cells", "all-cells"] = "interface-cells"
    keeps: Literal["frequency", "maps"] = "frequency"
    """What bias may not cost: the maximum frequency at every coarse voltage (the thesis), or also a tile its VddL: every
    voltage map that Algorithm 5 chooses for the unbiased design must still meet its clock."""


class Reset(_Section):
    """A reset port and the level at which it holds the registers."""

    port: Port
    active: Literal[0, 1] | None = None
    """As the registers show where absent."""
    cycles: int = Field(default=5, ge=1, le=1_000_000)
    """Cycles for which it is held at first."""


class ActivitySource(_Section):
    """Where toggle rates and pattern probabilities come from."""

    stimulus: Path | None = None
    """Ports and memories of a processor (TOML), to run ``programs`` with; random input data when absent."""
    programs: tuple[Name, ...] = ()
    cycles: int = Field(default=1000, gt=1, le=100_000_000)
    """Clock cycles counted, for each program."""
    warmup: int = Field(default=10, ge=0, le=100_000_000)
    """Cycles before counting: reset and start-up."""
    toggle: float = Field(default=1.0, gt=0.0, le=1.0)
    """Random data: probability that an input bit is drawn anew in a cycle."""
    glitches: bool = True
    """Programs and random data: also count the toggles that delays make between settled values, at the middle supply. Without,
    power is too low by a fifth and more, and the run says so."""
    reset: Port | Reset | None = None
    """Random data: reset port, held for the first cycles; ``"!rst_n"`` is active low, a table states ``port`` and ``active``.
    A plain name leaves the level to what the registers show; a stated level is checked on them."""
    vcd: Path | None = None
    """A recording of the final netlist instead of a simulation."""
    saif: Path | None = None
    recording_period: Time | None = None
    """Clock period of the recording; counted on its clock where absent."""
    scope: str | None = None
    """Hierarchical name of the design in the recording; found where absent."""
    start: Time | None = None
    """Start of what is counted of a VCD, in its own time; its first time stamp where absent."""
    stop: Time | None = None
    """End of what is counted of a VCD, in its own time; its last time stamp where absent."""

    @property
    def reset_port(self) -> Reset | None:
        """The reset, however it is written."""
        if isinstance(self.reset, str):
            plain = self.reset.removeprefix("!").strip()
            return Reset(port=plain, active=0 if self.reset.startswith("!") else None)
        return self.reset

    @model_validator(mode="after")
    def _one_recording(self) -> ActivitySource:
        if self.vcd is not None and self.saif is not None:
            raise ValueError("give 'vcd' or 'saif', not both: they would be two activities of one design")
        if self.vcd is None and (self.start is not None or self.stop is not None):
            raise ValueError("'start' and 'stop' are a window of a 'vcd'; a SAIF holds sums over its whole duration")
        if self.start is not None and self.stop is not None and self.stop <= self.start:
            raise ValueError(f"stop = {self.stop:g} ps must come after start = {self.start:g} ps")
        return self


class Schemes(_Section):
    """Which curves to draw."""

    vdd_min: Voltage
    vdd_max: Voltage
    ideal_step: Voltage
    delta_vdd: tuple[Voltage, ...]
    variants: tuple[VariantSet, ...] = ("pb0", "pb", "vt")
    selectors: tuple[Selector, ...] = ("greedy",)
    frequencies: tuple[Frequency, ...] = ()
    """Further frequencies beside those of ideal-DVFS."""
    driver_derates: bool = True
    """Delay of a cell depends on its driver's Vdd (off: as every public static timer)."""

    def grid(self, step: float) -> tuple[float, ...]:
        """Supplies from ``vdd_min`` to ``vdd_max``, V: see :func:`voltage_grid`."""
        return voltage_grid(self.vdd_min, self.vdd_max, step)

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """(VddL, VddH) of every interval of every delta-Vdd, V, ascending."""
        return sorted({pair for delta in self.delta_vdd for pair in itertools.pairwise(self.grid(delta))})

    @field_validator("vdd_min", "vdd_max", "ideal_step")
    @classmethod
    def _positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("a voltage must be above zero")
        return value

    @model_validator(mode="after")
    def _grid(self) -> Schemes:
        if self.vdd_min >= self.vdd_max:
            raise ValueError(
                f"vdd_min = {self.vdd_min:.3f} V must lie below vdd_max = {self.vdd_max:.3f} V: VddL < VddH in every interval"
            )
        for name, steps in (("ideal_step", (self.ideal_step,)), ("delta_vdd", self.delta_vdd)):
            for step in steps:
                if 0 < step < FINEST_STEP - 1e-9:
                    raise ValueError(
                        f"{name} = {1000 * step:.6g} mV is finer than the finest step, {1000 * FINEST_STEP:g} mV"
                    )
                why = self.refused_step(step, name == "delta_vdd")
                if why:
                    raise ValueError(f"{name} = {step:.3f} V {why}")
        return self

    def refused_step(self, step: float, coarse: bool) -> str:
        """Say why a step makes no grid of this range; empty where it does.

        A coarse step may leave a rest, of which the lowest interval is made, if all its supplies are ones of ideal-DVFS.
        """
        if _divides(self.vdd_min, self.vdd_max, step):
            return ""
        spanned = f"does not divide the range {self.vdd_min:.3f} to {self.vdd_max:.3f} V into whole steps"
        if not coarse:
            return spanned
        inside = 0 < step < self.vdd_max - self.vdd_min
        if inside and _divides(0.0, step, self.ideal_step):
            return ""
        return f"{spanned}, nor is it some of ideal_step = {self.ideal_step:.3f} V within it"


class Rails(_Section):
    """Supply rails of the tiles, behind their Vdd-MUXes."""

    drooped: bool = True
    """Voltage maps must meet their clock with every tile at the drop of its worst cycle (off: at the supplies themselves)."""


class OpenRoad(_Section):
    """OpenROAD as the layout engine (``engine = "openroad"``)."""

    image: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@-]*$")] | None = None
    """Container image that holds it, run through podman or docker where no executable is found."""
    allow_untested: bool = False
    """Run a version outside the tested range all the same."""
    density: float = Field(default=0.85, gt=0.0, le=1.0)
    """Target density of its global placement."""
    rcx_rules: Path | None = None
    """Extraction rules for its OpenRCX; without them, wires are those of global routing."""
    points: int = Field(default=0, ge=0, le=100)
    """How many of the run's unbiased FINE-VH points it times and weighs as well, into ``tables/openroad_points.csv``."""


class WhatIf(_Section):
    """Leakage as it might be in another process: everything that depends on it is marked."""

    leakage: float = Field(default=1.0, gt=0.0, le=1e6)
    """Leakage of every cell over the library's."""
    bias_leaves: float | None = Field(default=None, gt=0.0, le=1.0)
    """Share of its leakage that a cell keeps under the strongest variant of a set; weaker ones by the same power of their own."""
    interface: dict[str, Annotated[float, Field(gt=1.0)]] = {}
    """Interface factor of an inverter by delta-Vdd, for example ``{ "100 mV" = 5.2, "200 mV" = 22.1 }``; all others to the same
    power."""

    @field_validator("interface")
    @classmethod
    def _by_voltage(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            try:
                if parse_quantity(name, "voltage") <= 0.0:
                    raise InputError(f"{name!r}: a difference of supplies is above zero")
            except InputError as error:
                raise ValueError(str(error)) from None
        return value

    @property
    def interface_by_volt(self) -> tuple[tuple[float, float], ...]:
        """(V, factor), ascending."""
        return tuple(sorted((parse_quantity(name, "voltage"), factor) for name, factor in self.interface.items()))


class Flow(_Section):
    """A whole flow file."""

    seed: int = Field(default=1, ge=0, le=2**31 - 1)
    published: Literal["ri5cy"] | None = None
    """The published experiment that the flow repeats; its figures then stand beside the run's own."""
    engine: Literal["builtin", "openroad"] = "builtin"
    design: Design
    technology: TechnologyChoice
    synthesis: Synthesis = Synthesis()
    clock: Clock
    floorplan: Floorplan = Floorplan()
    placement: Placement = Placement()
    optimize: Optimize = Optimize()
    polybias: PolyBias = PolyBias()
    activity: ActivitySource = ActivitySource()
    schemes: Schemes
    rails: Rails = Rails()
    openroad: OpenRoad = OpenRoad()
    what_if: WhatIf | None = None
    """Leakage changed; tables and pictures of the run say so."""

    @property
    def sized_for_own_period(self) -> bool:
        """Whether cells are sized for the shortest period of their placement."""
        return self.engine == "builtin" and self.placement.driven != "wirelength"

    @model_validator(mode="before")
    @classmethod
    def _constraints_of_the_placed_design(cls, data: Any) -> Any:
        """A placed design brings its constraints."""
        try:
            sdc = data["design"]["placed"]["sdc"]
            clock = data["clock"]
            missing = sdc is not None and clock.get("sdc") is None
        except (KeyError, TypeError, AttributeError):
            return data
        return {**data, "clock": {**clock, "sdc": sdc}} if missing else data

    @model_validator(mode="after")
    def _placed_designs_stay_as_they_are(self) -> Flow:
        if self.design.placed is not None and self.engine != "builtin":
            raise ValueError("engine = 'openroad' lays out a design; a design that is 'placed' already takes 'builtin'")
        return self

    @model_validator(mode="after")
    def _only_the_embedded_engine_is_driven(self) -> Flow:
        driven = self.placement.driven
        if driven == "wirelength" or (self.engine == "builtin" and self.design.placed is None):
            return self
        why = "OpenROAD places" if self.engine == "openroad" else "a 'placed' design keeps its places"
        raise ValueError(f"placement.driven = '{driven}' is for the embedded engine's placement, but {why}: remove it")

    @field_validator("schemes")
    @classmethod
    def _exact_selector_only_for_small_meshes(cls, schemes: Schemes, info: ValidationInfo) -> Schemes:
        floorplan = info.data.get("floorplan")
        if floorplan is not None and "exact" in schemes.selectors and floorplan.tiles > EXACT_TILES:
            raise ValueError(
                f"the exact selector takes at most {EXACT_TILES} tiles, floorplan.tiles = {floorplan.tiles}: write"
                ' selectors = ["best", "greedy"]'
            )
        return schemes
