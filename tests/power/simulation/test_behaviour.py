from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.power.simulation.behaviour import CLEAR, CLOCK, NEXT, compile_behaviour, truth_table
from tests.power.tiny import Cell, cell_table


def test_truth_table_bits_are_pattern_bits() -> None:
    table = truth_table("A & !B", {"A": 0, "B": 2}, 3, "cell")
    assert table.tolist() == [False, True, False, True, False, False, False, False]


def test_unknown_name_is_refused_with_its_cell() -> None:
    with pytest.raises(InputError, match=r"AND9/Z.*'Q'"):
        truth_table("A & Q", {"A": 0}, 1, "AND9/Z")


def test_state_pins_take_the_low_bits_even_where_they_are_outputs() -> None:
    cells = cell_table()
    behaviour = compile_behaviour(cells)
    flop = cells.index["DFFQ"]
    base = int(cells.pin_ptr[flop])
    assert dict(zip(cells.pins(flop), behaviour.pin_bit[base : base + 4].tolist(), strict=True)) == {
        "D": 0,
        "CK": 1,
        "Q": 2,
        "QN": -1,
    }
    assert behaviour.stored_bit[flop] == 3


def test_control_word_holds_clock_next_state_and_clear() -> None:
    cells = cell_table()
    behaviour = compile_behaviour(cells)
    flop = cells.index["DFFR"]
    control = behaviour.control[behaviour.table_ptr[flop] : behaviour.table_ptr[flop + 1]]
    assert control[0b0111] == CLOCK | NEXT
    assert control[0b0000] == CLEAR


def test_data_pin_of_a_flop_wakes_nothing() -> None:
    cells = cell_table()
    behaviour = compile_behaviour(cells)
    flop, latch = cells.index["DFFR"], cells.index["LATCH"]
    assert behaviour.pin_wakes[cells.pin_ptr[flop] : cells.pin_ptr[flop] + 3].tolist() == [False, True, True]
    assert behaviour.pin_wakes[cells.pin_ptr[latch] : cells.pin_ptr[latch] + 2].tolist() == [True, True]


def test_output_without_function_is_refused_only_where_used() -> None:
    cells = cell_table((Cell("RAM", ("A",), {"Q": ""}), Cell("INV", ("A",), {"ZN": "!A"})))
    compile_behaviour(cells, np.array([False, True]))
    with pytest.raises(InputError, match="RAM: output Q has no function"):
        compile_behaviour(cells)
