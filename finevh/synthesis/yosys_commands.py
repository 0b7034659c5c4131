"""The Yosys commands of synthesis, as argument lists: the same list is run through pyosys and rendered as Tcl."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from finevh.errors import InputError
from finevh.synthesis.sources import Rtl
from finevh.synthesis.special_cells import ClockGate, SpecialCells

Command = tuple[str, ...]
Adder = Literal["brent-kung", "kogge-stone", "han-carlson", "sklansky"]
"""Parallel-prefix carry structures of Yosys."""
Effort = Literal["area", "balanced", "speed"]

NETLIST = "netlist.v"
STATISTICS = "statistics.json"
MAPPING_SCRIPT = "mapping.abc"
INITIAL_VALUES = "initial_values.txt"
"""Signals whose ``initial`` value was dropped, one a line."""
CLOCK_GATE_PATTERN = "clock_gate_pattern.v"
CLOCK_GATE_MAP = "clock_gate_map.v"
FULL_ADDER_MAP = "full_adder_map.v"
RTL_NETLIST = "rtl.v"
PROGRESS = "progress.jsonl"
CLOCK_GATE_NAME = "clock_gate"
"""Clock gates are named ``clock_gate_0``, ``clock_gate_1``, ..."""
_PATTERN = re.compile(r"[*?]|\.\.\.")


@dataclass(frozen=True)
class Options:
    """How to synthesise.

    Attributes
    ----------
    period : target clock period, ps.
    dont_use : library cells to leave out, shell patterns.
    adder : carry structure of adders, comparators and the last row of multipliers.
    effort : what the logic mapper favours.
    gate_registers : flops that share an enable get a clock gate when there are at least this many; 0 leaves enables as
        multiplexers.
    full_adders : carry-save trees of multipliers take the library's full adder where it has one. The mapper does not see through
        these cells: fewer cells and wire, a slower multiplier.
    gain : load over input capacitance, percent, at which the mapper reads one delay per pin from the library (the slew is
        the library's own, :attr:`SpecialCells.slew`). Without it the mapper would count levels.
    mapping_share : part of the period that the mapper may spend on gates at that gain; the rest is for the flop, wires and
        fan-out trees, which the mapper does not see. Measured: RI5CY mapped for 1316 ps has 2464 ps when placed and sized.
    """

    period: float
    dont_use: tuple[str, ...] = ()
    adder: Adder = "kogge-stone"
    effort: Effort = "balanced"
    gate_registers: int = 3
    full_adders: bool = False
    gain: float = 250.0
    mapping_share: float = 0.53

    @property
    def mapping_delay(self) -> float:
        """Delay target of the mapper, ps."""
        return self.mapping_share * self.period

    def gates_registers(self, cells: SpecialCells) -> bool:
        """Whether registers with an enable go behind clock gates: asked for, and the library has a gate."""
        return self.gate_registers > 0 and cells.clock_gate is not None


def elaborate(rtl: Rtl) -> list[Command]:
    """Return the commands that read RTL into word-level logic, one flat module.

    Raises
    ------
    InputError
        If the top module is not named (see :func:`finevh.synthesis.find_top`).
    """
    if rtl.top is None:
        raise InputError("the design names no top module; add 'top' or let find_top look for it")
    return [
        read_sources(rtl),
        ("hierarchy", "-check", "-top", rtl.top),
        ("proc",),
        ("flatten", "-noscopeinfo"),
    ]


def read_sources(rtl: Rtl) -> Command:
    """Return the command that parses and elaborates the sources."""
    arguments = ["read_slang", "--ignore-assertions"]
    if rtl.top is not None:
        arguments += ["--top", rtl.top]
    for name, value in rtl.parameters.items():
        arguments += ["-G", f"{name}={value}"]
    for name, text in rtl.defines.items():
        arguments += ["-D", f"{name}={text}" if text else name]
    for folder in rtl.include_dirs:
        arguments += ["-I", _literal(folder)]
    return (*arguments, *(_literal(path) for path in rtl.files))


def _literal(path: Path) -> str:
    """Absolute path of a source; the elaborator takes ``*``, ``?`` and ``...`` for patterns and knows no way to quote them."""
    text = str(path.absolute())
    if _PATTERN.search(text):
        raise InputError(
            f"{text}: the elaborator takes *, ? and ... in a path for a pattern; rename the file or folder"
        )
    return text


def optimise_words(options: Options, full_adders: bool, gated: bool) -> list[Command]:
    """Return the commands on word-level logic and its expansion to single-bit gates.

    ``full_adders`` become library cells. Where registers are to be ``gated``, a synchronous reset stays logic in front of the
    flop and joins its enable (``reset | enable``): a flop whose reset overrides its enable could not be gated.
    """
    resets = ("-nosdff",) if gated else ()
    adders = ("-map", FULL_ADDER_MAP) if full_adders else ()
    prefix = () if options.adder == "brent-kung" else ("-map", f"+/choices/{options.adder}.v")
    return [
        # A power-up value that no reset gives cannot be built: the netlist starts unknown, as silicon does; names are kept.
        ("tee", "-q", "-o", INITIAL_VALUES, "select", "-list", "a:init"),
        ("setattr", "-unset", "init"),
        ("opt_expr",),
        ("opt_clean",),
        ("check",),
        ("opt", "-nodffe", "-nosdff"),
        ("fsm",),
        ("opt", *resets),
        ("wreduce",),
        ("peepopt",),
        ("opt_clean",),
        ("booth",),
        ("alumacc",),
        ("opt", *resets),
        ("memory", "-nomap"),
        ("opt_clean",),
        ("opt", "-fast", "-full", *resets),
        ("memory_map",),
        ("opt", "-full", *resets),
        ("techmap", *adders, "-map", "+/techmap.v", *prefix),
        ("opt", "-fast", *resets),
        ("opt_clean",),
    ]


def map_registers(cells: SpecialCells, libraries: Sequence[str], options: Options) -> list[Command]:
    """Return the commands that give flops, latches and clock gates their library cells."""
    exclude = dont_use_arguments(cells)
    liberty = [item for library in libraries for item in ("-liberty", library)]
    commands: list[Command] = []
    if cells.clock_gate is not None:
        commands += [
            # Only latches and what they drive are searched: the whole core would take a minute.
            ("extract", "-map", CLOCK_GATE_PATTERN, "t:$_DLATCH_N_", "%co2", "%ci1"),
            ("techmap", "-map", CLOCK_GATE_MAP),
        ]
        commands += gate_registers(cells.clock_gate, options.gate_registers)
    commands += [
        ("opt_clean", "-purge"),
        ("splitnets",),
        ("rename", "-wire", "-suffix", "_reg", "t:$_DFF*", "t:$_SDFF*", "t:$_ALDFF*", "t:$_DLATCH*"),
        ("dfflibmap", *exclude, *liberty),
        ("opt",),
    ]
    return commands


def gate_registers(gate: ClockGate, least: int) -> list[Command]:
    """Return the commands that put at least ``least`` flops of one enable behind a gate (0: none), and name all gates."""
    commands: list[Command] = []
    if least > 0:
        ports = f"{gate.enable}:{gate.clock}:{gate.output}"
        ties = [item for pin in gate.tests for item in ("-tie_lo", pin)]
        commands.append(("clockgate", "-pos", gate.cell, ports, *ties, "-min_net_size", str(least)))
    return [*commands, ("rename", "-enumerate", "-pattern", f"{CLOCK_GATE_NAME}_%", f"t:{gate.cell}")]


def share_test_ties(cells: SpecialCells) -> list[Command]:
    """Return the commands that leave one tie for the test enables of all clock gates."""
    gate, tie = cells.clock_gate, cells.tie_low
    if gate is None or tie is None or not gate.tests:
        return []
    pins = ",".join((*gate.tests, tie.pin))
    ties = (f"t:{gate.cell}", f"%ci2:+[{pins}]", f"t:{tie.cell}", "%i")
    return [("opt_merge", "-share_all", *ties)]


def map_logic(cells: SpecialCells, libraries: Sequence[str], options: Options) -> list[Command]:
    """Return the commands that map logic, tie constants and leave nothing but library cells and nets.

    No buffer is put on a net with many sinks: fan-out trees are made after placement, by location.
    """
    liberty = [item for library in libraries for item in ("-liberty", library)]
    commands: list[Command] = [
        ("abc", *liberty, *dont_use_arguments(cells), "-D", f"{options.mapping_delay:.0f}", "-script", MAPPING_SCRIPT),
        ("setundef", "-zero"),
        ("splitnets",),
        ("opt_clean", "-purge"),
    ]
    ties: list[str] = []
    if cells.tie_high is not None:
        ties += ["-hicell", cells.tie_high.cell, cells.tie_high.pin]
    if cells.tie_low is not None:
        ties += ["-locell", cells.tie_low.cell, cells.tie_low.pin]
    if ties:
        commands.append(("hilomap", *ties))
        commands += share_test_ties(cells)
    if cells.buffer is not None:
        # A port that is another port's net would need an assign statement; ties drive their ports themselves after cleaning.
        commands.append(("opt_clean", "-purge"))
        commands.append(("insbuf", "-buf", cells.buffer.cell, cells.buffer.input, cells.buffer.output))
    return [*commands, ("opt_clean", "-purge"), ("rename", "-unescape")]


def write_results(libraries: Sequence[str]) -> list[Command]:
    """Return the commands that check and write the mapped netlist and its statistics."""
    liberty = [item for library in libraries for item in ("-liberty", library)]
    return [
        ("check", "-mapped"),
        ("tee", "-q", "-o", STATISTICS, "stat", "-json", *liberty),
        ("write_verilog", "-noattr", "-noexpr", "-nohex", "-nodec", NETLIST),
    ]


def write_rtl(rtl: Rtl) -> list[Command]:
    """Return the commands that write a design as plain flat Verilog that a simulator without SystemVerilog reads."""
    return [
        *elaborate(rtl),
        ("opt_expr",),
        ("opt_clean",),
        ("memory_map",),
        ("bwmuxmap",),
        ("opt_clean",),
        ("rename", "-unescape"),
        ("write_verilog", "-noattr", RTL_NETLIST),
    ]


def dont_use_arguments(cells: SpecialCells) -> list[str]:
    """Return ``-dont_use NAME`` for every excluded cell."""
    return [item for name in cells.dont_use for item in ("-dont_use", name)]


def local_library_name(index: int) -> str:
    """Name of a library inside the run directory: ABC reads no compressed files and hands names to a shell."""
    return f"library_{index}.lib"
