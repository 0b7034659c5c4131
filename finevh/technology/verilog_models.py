"""Functional Verilog models of library cells, for simulators and for readers that want a module per cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from finevh.technology.library import Cell
from finevh.technology.model import Direction, Kind

__all__ = ["render_models"]

_ACTIVE_LOW = re.compile(r"^!\s*\(?\s*(\w+)\s*\)?$")


def _inverted_pin(expression: str) -> str:
    match = _ACTIVE_LOW.match(expression)
    return match.group(1) if match else expression


def _storage(cell: Cell) -> Iterator[str]:
    """The always block that holds IQ: Liberty's clear and preset are active low pins in this library."""
    if cell.kind == Kind.FLOP:
        edges = [f"posedge {cell.clocked_on}"] + [f"negedge {_inverted_pin(x)}" for x in (cell.clear, cell.preset) if x]
        body = f"IQ <= {cell.next_state};"
        if cell.preset:
            body = f"if ({cell.preset}) IQ <= 1'b1; else {body}"
        if cell.clear:
            body = f"if ({cell.clear}) IQ <= 1'b0; else {body}"
        yield f"  always @({' or '.join(edges)}) {body}"
    else:
        yield f"  always @* if ({cell.clocked_on}) IQ = {cell.next_state};"


def _module(cell: Cell) -> Iterator[str]:
    yield f"module {cell.name} ({', '.join(pin.name for pin in cell.pins)});"
    for pin in cell.pins:
        yield f"  {'output' if pin.direction == Direction.OUTPUT else 'input'} {pin.name};"
    if cell.kind in (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE):
        yield "  reg IQ;"
        yield from _storage(cell)
    for pin in cell.pins:
        if pin.direction == Direction.OUTPUT and pin.function:
            value = f"1'b{pin.function}" if pin.function in ("0", "1") else pin.function
            yield f"  assign {pin.name} = {value};"
    yield "endmodule"
    yield ""


def render_models(cells: Iterable[Cell], comment: str) -> str:
    """Render one module per cell: ``assign`` for functions, an edge- or level-sensitive block for storage.

    Parameters
    ----------
    cells : cells whose functions use Verilog's operators, as written by this package.
    comment : first line of the file.
    """
    lines = [f"// {comment}", "`timescale 1ps/1ps", "`celldefine", ""]
    for cell in cells:
        lines += _module(cell)
    return "\n".join([*lines, "`endcelldefine", ""])
