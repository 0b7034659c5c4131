"""Zero-delay Verilog models of library cells and a vector testbench: what an outside simulator needs to check ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import Netlist
from finevh.power.behaviour import sequential_functions
from finevh.technology.boolean import Expression, parse_boolean
from finevh.technology.model import CellTable, Direction, Kind

__all__ = ["format_cell_models", "format_testbench"]


def _verilog(tree: Expression) -> str:
    operator = tree[0]
    if operator == "pin":
        return str(tree[1])
    if operator in ("0", "1"):
        return f"1'b{operator}"
    operands = [_verilog(branch) for branch in tree[1:] if isinstance(branch, tuple)]
    return f"(~{operands[0]})" if operator == "!" else f"({operands[0]} {operator} {operands[1]})"


def format_cell_models(cells: CellTable, used: Sequence[int], suffixes: Sequence[str] = ("",)) -> str:
    """Verilog modules of the cells with the given rows; stored bits start at 0, as in `finevh.power.simulate`.

    Parameters
    ----------
    suffixes
        A module is written per suffix (variants of one cell).
    """
    modules = []
    for cell in used:
        if cells.kind[cell] == Kind.PHYSICAL:
            continue
        for suffix in suffixes:
            modules.append(_module(cells, int(cell), cells.names[cell] + suffix))
    return "`timescale 1ps/1ps\n" + "\n".join(modules)


def _module(cells: CellTable, cell: int, name: str) -> str:
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
    lines += [f"  assign {cells.pin_name[p]} = {_verilog(parse_boolean(text))};" for p, text in functions.items()]
    return "\n".join([*lines, "endmodule", ""])


def format_testbench(
    netlist: Netlist,
    clock: str | None,
    first: NDArray[np.uint8],
    vectors: NDArray[np.uint8],
    vcd: str,
    period: int = 10,
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
    """
    words: dict[str, list[tuple[int, int]]] = {}
    inputs = [
        p for p, d in enumerate(netlist.port_direction) if d == Direction.INPUT and netlist.port_names[p] != clock
    ]
    for row, port in enumerate(inputs):
        base, _, index = netlist.port_names[port].partition("[")
        words.setdefault(base, []).append((int(index[:-1]) if index else 0, row))
    ports = zip(netlist.port_names, netlist.port_direction, strict=True)
    outputs = {name.partition("[")[0] for name, direction in ports if direction == Direction.OUTPUT}
    n_cycle, n_input = vectors.shape
    memory = "\n".join("".join(map(str, row[::-1])) for row in (first, *vectors))
    declarations = [f"  wire [{max(b for b, _ in bits)}:0] {w};" for w, bits in words.items()]
    wiring = [f"  assign {w}[{bit}] = now[{row}];" for w, bits in words.items() for bit, row in bits]
    connections = [f".{w}({w})" for w in words] + [f".{w}()" for w in sorted(outputs)]
    if clock is not None:
        connections.append(f".{clock}(clock_)")
    half = period // 2
    text = "\n".join(
        [
            "`timescale 1ps/1ps",
            "module testbench;",
            "  reg clock_ = 1'b0;",
            f"  reg [{n_input - 1}:0] now;",
            f"  reg [{n_input - 1}:0] vectors [0:{n_cycle}];",
            "  integer cycle;",
            *declarations,
            *wiring,
            f"  {netlist.name} dut ({', '.join(connections)});",
            "  initial begin",
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
