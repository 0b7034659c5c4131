"""Liberty functions of the base cells compiled to truth tables: what the simulator and the probability engine evaluate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.liberty.boolean import evaluate, parse_boolean
from finevh.technology.model import CellTable, Direction, Int, Kind

__all__ = ["CLEAR", "CLOCK", "NEXT", "PRESET", "Behaviour", "compile_behaviour", "sequential_functions", "truth_table"]

CLOCK, NEXT, CLEAR, PRESET = 1, 2, 4, 8
"""Bits of a control word: clock (or latch enable) level, next state, asynchronous clear, asynchronous preset."""

_MAX_BITS = 16  # a table has 2**bits entries: wider cells are macros and have no place in a gate-level netlist
_STORED = "IQ"


@dataclass(frozen=True)
class Behaviour:
    """Truth tables of the base cells, one row per cell.

    A *pattern* of a cell is an integer: its low bits are the values of the cell's state pins (in the order of
    ``CellTable.state_pin``, so ``pattern & (2**n_state - 1)`` is a leakage state), then the remaining input pins, then the
    stored bit of a sequential cell.
    """

    n_state: Int
    stored_bit: Int
    """Bit of the stored state in a pattern, -1 for combinational cells."""
    pin_bit: NDArray[np.int8]
    """(n_type_pin) bit of a pin in its cell's pattern, -1 for an output that no leakage state names."""
    pin_wakes: NDArray[np.bool_]
    """(n_type_pin) True where a change of the pin may change an output at once (not the data pin of a flip-flop)."""
    pin_clocks: NDArray[np.bool_]
    """(n_type_pin) True where the clock (enable) of a sequential cell depends on the pin."""
    table_ptr: NDArray[np.int64]
    """Into ``output`` and ``control``: 2**n_bits entries per cell, none for a physical cell."""
    output: NDArray[np.uint8]
    """Bit j of an entry is the value of the cell's j-th output pin."""
    control: NDArray[np.uint8]
    """CLOCK | NEXT | CLEAR | PRESET of sequential cells."""


def truth_table(expression: str, bits: dict[str, int], n_bits: int, where: str) -> NDArray[np.bool_]:
    """Evaluate a Liberty Boolean on every pattern of ``n_bits`` bits.

    Parameters
    ----------
    expression
        Liberty syntax; ``IQN`` is the complement of ``IQ``.
    bits
        Bit of every known name.
    where
        Cell and pin for messages.

    Returns
    -------
    (2**n_bits,) bool.

    Raises
    ------
    InputError
        If the expression names something that is no input pin and no state.
    """
    pattern = np.arange(1 << n_bits)
    values = {name: (pattern >> bit) & 1 == 1 for name, bit in bits.items()}
    if _STORED in values:
        values["IQN"] = ~values[_STORED]
    try:
        result = evaluate(parse_boolean(expression), values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    return np.broadcast_to(result, pattern.shape).copy()


def sequential_functions(cells: CellTable, cell: int) -> tuple[str, str, dict[int, str]]:
    """Clock, next state and output functions; an integrated clock gate without them is latch-and-gate, rising edge."""
    low, high = int(cells.pin_ptr[cell]), int(cells.pin_ptr[cell + 1])
    outputs = {p: cells.pin_function[p] for p in range(low, high) if cells.pin_direction[p] == Direction.OUTPUT}
    clocked_on, next_state = cells.clocked_on[cell], cells.next_state[cell]
    if cells.kind[cell] == Kind.CLOCK_GATE and not next_state:
        clocks = [cells.pin_name[p] for p in range(low, high) if cells.pin_is_clock[p]]
        enables = [
            cells.pin_name[p]
            for p in range(low, high)
            if cells.pin_direction[p] == Direction.INPUT and not cells.pin_is_clock[p]
        ]
        if len(clocks) != 1 or not enables:
            raise InputError(f"clock gate {cells.names[cell]}: its Liberty names no clock pin or no enable pin")
        clocked_on, next_state = f"!{clocks[0]}", " | ".join(enables)
        outputs = dict.fromkeys(outputs, f"{clocks[0]} & {_STORED}")
    if not clocked_on or not next_state:
        raise InputError(f"sequential cell {cells.names[cell]}: its Liberty has no clock or next-state function")
    return clocked_on, next_state, outputs


def compile_behaviour(cells: CellTable, used: NDArray[np.bool_] | None = None) -> Behaviour:
    """Compile the Boolean functions of a cell table.

    Parameters
    ----------
    used
        (n_cell,) True where the tables are needed; others stay empty. None compiles all.

    Raises
    ------
    InputError
        If a used cell has a function that cannot be read, or too many pins to tabulate.
    """
    n = len(cells.names)
    n_state = np.diff(cells.state_ptr).astype(np.int32)
    stored_bit = np.full(n, -1, dtype=np.int32)
    pin_bit = np.full(len(cells.pin_name), -1, dtype=np.int8)
    wakes = np.zeros(len(cells.pin_name), dtype=bool)
    clocks = np.zeros(len(cells.pin_name), dtype=bool)
    sizes = np.zeros(n, dtype=np.int64)
    outputs: list[NDArray[np.uint8]] = []
    controls: list[NDArray[np.uint8]] = []
    for cell in range(n):
        if cells.kind[cell] == Kind.PHYSICAL or (used is not None and not used[cell]):
            continue
        bits, n_bits = _assign_bits(cells, cell, pin_bit)
        sequential = cells.kind[cell] in (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE)
        if sequential:
            stored_bit[cell] = n_bits
            bits[_STORED] = n_bits
            n_bits += 1
        if n_bits > _MAX_BITS:
            raise InputError(
                f"cell {cells.names[cell]} has {n_bits} inputs and states; at most {_MAX_BITS} can be simulated"
            )
        output, control = _tabulate(cells, cell, bits, n_bits, sequential, wakes, clocks)
        sizes[cell] = 1 << n_bits
        outputs.append(output)
        controls.append(control)
    empty = np.zeros(0, dtype=np.uint8)
    return Behaviour(
        n_state=n_state,
        stored_bit=stored_bit,
        pin_bit=pin_bit,
        pin_wakes=wakes,
        pin_clocks=clocks,
        table_ptr=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        output=np.concatenate(outputs) if outputs else empty,
        control=np.concatenate(controls) if controls else empty,
    )


def _assign_bits(cells: CellTable, cell: int, pin_bit: NDArray[np.int8]) -> tuple[dict[str, int], int]:
    """Give the state pins the low bits, the remaining inputs the next ones; outputs get no name to read."""
    base = int(cells.pin_ptr[cell])
    bits: dict[str, int] = {}
    n_bits = 0
    for local in cells.state_pin[cells.state_ptr[cell] : cells.state_ptr[cell + 1]]:
        pin_bit[base + local] = n_bits
        if cells.pin_direction[base + local] == Direction.INPUT:
            bits[cells.pin_name[base + local]] = n_bits
        n_bits += 1
    for pin in range(base, int(cells.pin_ptr[cell + 1])):
        if cells.pin_direction[pin] == Direction.INPUT and pin_bit[pin] < 0:
            pin_bit[pin] = n_bits
            bits[cells.pin_name[pin]] = n_bits
            n_bits += 1
    return bits, n_bits


def _tabulate(
    cells: CellTable,
    cell: int,
    bits: dict[str, int],
    n_bits: int,
    sequential: bool,
    wakes: NDArray[np.bool_],
    clocks: NDArray[np.bool_],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Tables of one cell; fills the pin flags of the cell."""
    base, end = int(cells.pin_ptr[cell]), int(cells.pin_ptr[cell + 1])
    name = cells.names[cell]
    control = np.zeros(1 << n_bits, dtype=np.uint8)
    if sequential:
        clocked_on, next_state, functions = sequential_functions(cells, cell)
        parts = ((CLOCK, clocked_on), (NEXT, next_state), (CLEAR, cells.clear[cell]), (PRESET, cells.preset[cell]))
        for bit, text in parts:
            if text:
                control |= np.where(truth_table(text, bits, n_bits, name), np.uint8(bit), np.uint8(0))
    else:
        functions = {p: cells.pin_function[p] for p in range(base, end) if cells.pin_direction[p] == Direction.OUTPUT}
    output = np.zeros(1 << n_bits, dtype=np.uint8)
    for j, (pin, text) in enumerate(functions.items()):
        if not text:
            raise InputError(f"cell {name}: output {cells.pin_name[pin]} has no function in the Liberty")
        output |= np.where(
            truth_table(text, bits, n_bits, f"{name}/{cells.pin_name[pin]}"), np.uint8(1 << j), np.uint8(0)
        )
    pattern = np.arange(1 << n_bits)
    transparent = cells.kind[cell] in (Kind.LATCH, Kind.CLOCK_GATE)
    immediate = control if transparent else control & np.uint8(CLOCK | CLEAR | PRESET)
    for pin in range(base, end):
        if cells.pin_direction[pin] != Direction.INPUT:
            continue
        other = pattern ^ (1 << bits[cells.pin_name[pin]])
        wakes[pin] = bool(np.any(output != output[other]) or np.any(immediate != immediate[other]))
        clocks[pin] = sequential and bool(np.any((control ^ control[other]) & CLOCK))
    return output, control
