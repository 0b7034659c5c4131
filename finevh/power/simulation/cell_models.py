"""Verilog models of library cells, their delays as SDF, and a vector testbench: what an outside simulator needs to check ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import Netlist
from finevh.power.simulation.behaviour import sequential_functions
from finevh.power.simulation.stimulus import word_and_bit
from finevh.technology.liberty.boolean import Expression, parse_boolean, support
from finevh.technology.model import CellTable, Direction, Kind

__all__ = ["format_cell_models", "format_sdf", "format_testbench"]

_TIMESCALE = "1ps/100fs"
_EDGES = ("posedge", "negedge")


def _verilog(tree: Expression) -> str:
    operator = tree[0]
    if operator == "pin":
        return str(tree[1])
    if operator in ("0", "1"):
        return f"1'b{operator}"
    operands = [_verilog(branch) for branch in tree[1:] if isinstance(branch, tuple)]
    return f"(~{operands[0]})" if operator == "!" else f"({operands[0]} {operator} {operands[1]})"


def format_cell_models(
    cells: CellTable, used: Sequence[int], suffixes: Sequence[str] = ("",), *, paths: bool = False
) -> str:
    """Verilog modules of the cells with the given rows; stored bits start at 0, as in `finevh.power.simulate`.

    Parameters
    ----------
    suffixes
        A module is written per suffix (variants of one cell).
    paths
        With specify paths of no delay from the inputs of gates and the clocks of flip-flops to their outputs, to be annotated.
    """
    modules = []
    for cell in used:
        if cells.kind[cell] == Kind.PHYSICAL:
            continue
        for suffix in suffixes:
            modules.append(_module(cells, int(cell), cells.names[cell] + suffix, paths))
    return f"`timescale {_TIMESCALE if paths else '1ps/1ps'}\n" + "\n".join(modules)


def _module(cells: CellTable, cell: int, name: str, paths: bool) -> str:
    pins = range(int(cells.pin_ptr[cell]), int(cells.pin_ptr[cell + 1]))
    outputs = [p for p in pins if cells.pin_direction[p] == Direction.OUTPUT]
    lines = [f"module {name} ({', '.join(cells.pin_name[p] for p in pins)});"]
    lines += [f"  {'output' if p in outputs else 'input'} {cells.pin_name[p]};" for p in pins]
    functions = {p: cells.pin_function[p] for p in outputs}
    if cells.kind[cell] in (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE):
        clocked_on, next_state, functions = sequential_functions(cells, cell)
        clear, preset = (_verilog(parse_boolean(f[cell] or "0")) for f in (cells.clear, cells.preset))
        lines += [
            "  reg IQ = 1'b0;",
            "  wire IQN = ~IQ;",
            f"  wire ck_ = {_verilog(parse_boolean(clocked_on))};",
            f"  wire clear_ = {clear};",
            f"  wire preset_ = {preset};",
            f"  wire next_ = {_verilog(parse_boolean(next_state))};",
        ]
        if cells.kind[cell] == Kind.FLOP:
            lines += [
                "  always @(posedge ck_ or posedge clear_ or posedge preset_)",
                "    if (clear_) IQ <= 1'b0; else if (preset_) IQ <= 1'b1; else IQ <= next_;",
            ]
        else:
            lines += ["  always @* if (clear_) IQ = 1'b0; else if (preset_) IQ = 1'b1; else if (ck_) IQ = next_;"]
    for p, text in functions.items():
        lines += _output(cells.pin_name[p], text, paths)
    if paths and cells.kind[cell] in (Kind.COMBINATIONAL, Kind.FLOP):
        lines += ["  specify", *_paths(cells, cell, functions), "  endspecify"]
    return "\n".join([*lines, "endmodule", ""])


def _output(name: str, text: str, whole: bool) -> list[str]:
    """The assignment of an output; ``whole``: its function is evaluated in one go.

    As an expression it is a network of operators that follow one another in no time, which passes pulses that are no change of
    the function: when its select input falls, a multiplexer of two ones is 0 for no time. With paths they would count as edges.
    """
    value = _verilog(parse_boolean(text))
    if not whole or not support(text):
        return [f"  assign {name} = {value};"]
    inputs = list(support(text))
    return [
        f"  function {name}_of(input {', input '.join(inputs)});",
        f"    {name}_of = {value};",
        "  endfunction",
        f"  assign {name} = {name}_of({', '.join(inputs)});",
    ]


def _paths(cells: CellTable, cell: int, functions: dict[int, str]) -> list[str]:
    """Specify paths of both edges of every input that an output depends on, or of the clock of a flip-flop."""
    base, end = int(cells.pin_ptr[cell]), int(cells.pin_ptr[cell + 1])
    lines = []
    for out, text in functions.items():
        names = [cells.pin_name[p] for p in range(base, end) if cells.pin_is_clock[p]]
        if cells.kind[cell] == Kind.COMBINATIONAL:
            names = list(support(text))
        to = cells.pin_name[out]
        lines += [f"    ({edge} {name} => ({to} : {name})) = (0, 0);" for name in names for edge in _EDGES]
    return lines


def format_sdf(netlist: Netlist, delays: Sequence[tuple[int, int, NDArray[np.int32]]], per_ps: int) -> str:
    """Standard delays of a netlist.

    Parameters
    ----------
    delays
        Input pin, output pin, and (2, 2) ticks by edge of the input and of the output.
    per_ps
        Ticks of a ps.
    """
    cells = netlist.cells
    by_cell: dict[int, list[str]] = {}
    plain = re.compile(r"[^A-Za-z0-9_]")
    for source, target, ticks in delays:
        cell = int(netlist.pin_cell[source])
        names = cells.pins(int(netlist.cell_type[cell]))
        first = int(netlist.pin_ptr[cell])
        for edge, (rise, fall) in zip(_EDGES, (ticks / per_ps).tolist(), strict=True):
            path = f"({edge} {names[source - first]}) {names[target - first]}"
            by_cell.setdefault(cell, []).append(f"(IOPATH {path} ({rise:.3f}) ({fall:.3f}))")
    lines = ['(DELAYFILE (SDFVERSION "3.0") (DIVIDER .) (TIMESCALE 1ps)']
    for cell, paths in by_cell.items():
        name = plain.sub(lambda found: "\\" + found[0], netlist.instance_names[cell])
        kind = cells.names[netlist.cell_type[cell]]
        lines.append(f'(CELL (CELLTYPE "{kind}") (INSTANCE {name}) (DELAY (ABSOLUTE {" ".join(paths)})))')
    return "\n".join([*lines, ")", ""])


def format_testbench(
    netlist: Netlist,
    clock: str | None,
    first: NDArray[np.uint8],
    vectors: NDArray[np.uint8],
    vcd: str,
    period: int = 10,
    sdf: str = "",
    late: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[str, str]:
    """A testbench that plays input vectors with the rising edges and dumps all nets; and the vectors' own file.

    Parameters
    ----------
    first
        (n_input,) input bits before the first edge, in the order of the netlist's input ports without the clock.
    vectors
        (n_cycle, n_input) input bits from each rising edge on. Cycle ``k`` begins at ``(k + 1) * period`` ps.
    vcd
        File to dump to; the vectors are read from the same name with ``.mem`` added.
    sdf
        File of delays to annotate.
    late
        ps by which input ports rise and fall after the edge of the clock.
    """
    when = late or {}
    words: dict[str, list[tuple[int, int]]] = {}
    inputs = [
        p for p, d in enumerate(netlist.port_direction) if d == Direction.INPUT and netlist.port_names[p] != clock
    ]
    for row, port in enumerate(inputs):
        base, bit = word_and_bit(netlist.port_names[port])
        words.setdefault(base, []).append((bit, row))
    ports = zip(netlist.port_names, netlist.port_direction, strict=True)
    outputs = {word_and_bit(name)[0] for name, direction in ports if direction == Direction.OUTPUT}
    n_cycle, n_input = vectors.shape
    memory = "\n".join("".join(map(str, row[::-1])) for row in (first, *vectors))
    declarations = [f"  wire [{max(b for b, _ in bits)}:0] {w};" for w, bits in words.items()]
    delay = {row: when.get(netlist.port_names[port], (0.0, 0.0)) for row, port in enumerate(inputs)}
    after = {row: f"#({rise:.3f}, {fall:.3f}) " if when else "" for row, (rise, fall) in delay.items()}
    wiring = [f"  assign {after[row]}{w}[{bit}] = now[{row}];" for w, bits in words.items() for bit, row in bits]
    connections = [f".{w}({w})" for w in words] + [f".{w}()" for w in sorted(outputs)]
    if clock is not None:
        connections.append(f".{clock}(clock_)")
    half = period // 2
    text = "\n".join(
        [
            f"`timescale {_TIMESCALE if when else '1ps/1ps'}",
            "module testbench;",
            "  reg clock_ = 1'b0;",
            f"  reg [{n_input - 1}:0] now;",
            f"  reg [{n_input - 1}:0] vectors [0:{n_cycle}];",
            "  integer cycle;",
            *declarations,
            *wiring,
            f"  {netlist.name} dut ({', '.join(connections)});",
            "  initial begin",
            *([f'    $sdf_annotate("{sdf}", dut);'] if sdf else []),
            f'    $readmemb("{vcd}.mem", vectors);',
            f'    $dumpfile("{vcd}");',
            "    $dumpvars(0, dut);",
            "    now = vectors[0];",
            f"    #{period};",
            f"    for (cycle = 1; cycle <= {n_cycle}; cycle = cycle + 1) begin",
            f"      clock_ = 1'b1; now <= vectors[cycle]; #{half};",
            f"      clock_ = 1'b0; #{period - half};",
            "    end",
            "    $finish;",
            "  end",
            "endmodule",
            "",
        ]
    )
    return text, memory + "\n"
