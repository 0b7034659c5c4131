"""Special cells are found by what they do, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.synthesis.special_cells import Buffer, ClockGate, FullAdder, Pin, find_special_cells
from tests.synthesis.library import liberty_text


def test_roles_of_the_tiny_library(tiny_liberty: Path) -> None:
    cells = find_special_cells([tiny_liberty])
    assert (cells.tie_high, cells.tie_low) == (Pin("TIE1", "Z"), Pin("TIE0", "Z"))
    assert cells.buffer == Buffer("BUF", "A", "Z")
    assert cells.clock_gate == ClockGate("GATE", "CK", "E", "GCK", ("T",))
    assert cells.dont_use == ("TIE0", "TIE1")
    assert cells.known["XOR2"] == 3.0


def test_roles_of_nangate45(nangate_folder: Path) -> None:
    cells = find_special_cells([nangate_folder / "nangate45_typ.lib.gz"])
    assert (cells.tie_high, cells.tie_low) == (Pin("LOGIC1_X1", "Z"), Pin("LOGIC0_X1", "Z"))
    assert cells.buffer == Buffer("BUF_X1", "A", "Z")
    assert cells.clock_gate == ClockGate("CLKGATE_X1", "CK", "E", "GCK")
    assert cells.full_adder == FullAdder("FA_X1", ("A", "B", "CI"), "CO", "S")


def test_roles_of_ihp(ihp_folder: Path) -> None:
    cells = find_special_cells([ihp_folder / "sg13g2_stdcell_slow_1p08V_125C.lib.gz"])
    assert (cells.tie_high, cells.tie_low) == (Pin("sg13g2_tiehi", "L_HI"), Pin("sg13g2_tielo", "L_LO"))
    assert cells.buffer == Buffer("sg13g2_buf_1", "A", "X")
    assert cells.clock_gate == ClockGate("sg13g2_lgcp_1", "CLK", "GATE", "GCLK")


def test_a_role_without_a_cell_is_none(tmp_path: Path) -> None:
    path = tmp_path / "tiny.lib"
    path.write_text(liberty_text("BUF", "GATE", "TIE0"), encoding="utf-8")
    cells = find_special_cells([path])
    assert (cells.buffer, cells.clock_gate, cells.tie_low, cells.full_adder) == (None, None, None, None)


def test_mapping_slew_is_that_of_an_inverter_with_four_inverters(tiny_liberty: Path) -> None:
    # slew = 10 ps + slew / 10 + 3 kOhm * 4 fF, at its own fixed point
    assert find_special_cells([tiny_liberty]).slew == pytest.approx((10 + 12) / 0.9, rel=1e-3)


def test_dont_use_that_matches_nothing_is_an_error(tiny_liberty: Path) -> None:
    with pytest.raises(InputError, match=r"^dont_use 'MUX\*' matches no cell of tiny\.lib$"):
        find_special_cells([tiny_liberty], ["MUX*"])
