from __future__ import annotations

import gzip
import shutil

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import technology_from_liberty
from finevh.technology.liberty.syntax import read_liberty_text
from finevh.technology.model import ArcType, Direction, Kind
from finevh.technology.tables.reference import lookup
from oracles.opensta import run_script


def test_two_supplies_of_ihp_are_two_corners(ihp_technology):
    assert ihp_technology.vdds.tolist() == [1.08, 1.35]
    assert ihp_technology.corner_of.tolist() == [[0, 1]]
    assert (ihp_technology.slew_lower, ihp_technology.slew_upper) == (0.2, 0.8)
    assert len(ihp_technology.cells.names) == 84
    assert ihp_technology.roles["inverter"][0] == "sg13g2_inv_1"


def test_lower_supply_is_slower_and_leaks_less(ihp_technology):
    cells, corners = ihp_technology.cells, ihp_technology.corners
    arc = int(cells.arc_ptr[cells.index["sg13g2_nand2_1"]])
    slot = int(cells.arc_table[arc, 0])
    assert lookup(corners, 0, slot, 50, 10) > 1.1 * lookup(corners, 1, slot, 50, 10)
    assert (corners.leakage[0] <= corners.leakage[1]).mean() > 0.95


def test_leakage_states_expand_over_patterns(nangate_technology):
    cells = nangate_technology.cells
    i = cells.index["NAND2_X1"]
    rows = nangate_technology.corners.leakage[0, cells.leak_ptr[i] : cells.leak_ptr[i + 1]]
    names = [cells.pins(i)[j] for j in cells.state_pin[cells.state_ptr[i] : cells.state_ptr[i + 1]]]
    assert names == ["A1", "A2"]
    text = read_liberty_text_of_cell(nangate_technology, "NAND2_X1")
    # Bit 0 is A1: pattern 1 is A1 & !A2.
    assert rows[1] * 1e6 == pytest.approx(text["A1 & !A2"], rel=1e-6)
    assert rows[2] * 1e6 == pytest.approx(text["!A1 & A2"], rel=1e-6)


def read_liberty_text_of_cell(technology, name):
    """Leakage by condition, nW, straight from the text."""
    import re

    from tests.conftest import need_pdk

    text = read_liberty_text(need_pdk("nangate45") / "nangate45_slow.lib.gz")
    body = text[text.index(f"cell ({name})") :]
    body = body[: body.index("pin (")]
    return {w.strip(): float(v) for w, v in re.findall(r'when\s*:\s*"([^"]*)";\s*value\s*:\s*([\d.]+)', body)}


def test_clock_gates_flops_and_ties_are_recognised(nangate_technology):
    cells = nangate_technology.cells
    kinds = {
        name: cells.kind[cells.index[name]]
        for name in ("CLKGATETST_X1", "DFFRS_X1", "DLH_X1", "LOGIC1_X1", "FILLCELL_X1")
    }
    assert list(kinds.values()) == [Kind.CLOCK_GATE, Kind.FLOP, Kind.LATCH, Kind.TIE, Kind.PHYSICAL]
    assert cells.next_state[cells.index["CLKGATETST_X1"]] == "E | SE"


def test_drives_of_a_family_share_it(nangate_technology):
    cells = nangate_technology.cells
    rows = [cells.index[f"AOI211_X{n}"] for n in (1, 2, 4)]
    assert len({cells.family[i] for i in rows}) == 1
    assert [cells.drive[i] for i in rows] == [1, 2, 4]


def test_widths_and_layers_come_from_lef(nangate_technology):
    cells = nangate_technology.cells
    agree = np.isclose(nangate_technology.cell_width * nangate_technology.row_height, cells.area)
    # The kit's own Liberty gives this filler half its LEF width.
    assert [name for name, same in zip(cells.names, agree, strict=True) if not same] == ["FILLCELL_X2"]
    metal3 = nangate_technology.layers[2]
    assert (metal3.name, metal3.pitch, metal3.width, metal3.spacing) == ("metal3", 0.14, 0.07, 0.07)
    assert metal3.resistance == pytest.approx(0.25 / 0.07 * 1e-3)
    assert metal3.capacitance == pytest.approx((2.7745e-5 * 0.07 + 2 * 2.5157e-5) * 1e3)


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA (sta) is not installed")
def test_capacitances_agree_with_opensta(nangate_technology, nangate_folder, tmp_path):
    cells, corners = nangate_technology.cells, nangate_technology.corners
    (tmp_path / "x.lib").write_text(read_liberty_text(nangate_folder / "nangate45_slow.lib.gz"))
    names = ("INV_X4", "AOI221_X2", "DFFRS_X1", "FA_X1")
    script = f"read_liberty {tmp_path}/x.lib\n" + "".join(f"report_lib_cell [get_lib_cells */{n}]\n" for n in names)
    out = run_script(script, tmp_path).stdout
    words = [line.split() for line in out.splitlines() if " input " in line]
    expected = [
        (cells.pins(i)[p], round(corners.pin_cap_rise[0, r], 2), round(corners.pin_cap_fall[0, r], 2))
        for i in (cells.index[n] for n in names)
        for p, r in enumerate(range(cells.pin_ptr[i], cells.pin_ptr[i + 1]))
        if cells.pin_direction[r] == Direction.INPUT
    ]
    got = [(w[0], float(w[3]), float(w[5])) for w in words]
    assert len(got) == len(expected)
    for mine, theirs in zip(expected, got, strict=True):
        assert mine[0] == theirs[0]
        assert mine[1:] == pytest.approx(theirs[1:], abs=0.0051)


def test_a_cell_defined_twice_at_one_supply_is_refused(ihp_folder):
    file = ihp_folder / "sg13g2_stdcell_slow_1p08V_125C.lib.gz"
    with pytest.raises(InputError, match=r"cell sg13g2_a21o_1 at 1\.08 V is already in"):
        technology_from_liberty([file, file])


def test_corners_of_unequal_temperature_are_refused(ihp_folder):
    files = [ihp_folder / f"sg13g2_stdcell_{n}.lib.gz" for n in ("slow_1p08V_125C", "fast_1p32V_m40C")]
    with pytest.raises(InputError, match="temperature -40 differs from 125"):
        technology_from_liberty(files)


def test_a_missing_cell_is_named(ihp_folder, tmp_path):
    low, high = (ihp_folder / f"sg13g2_stdcell_slow_{v}V_125C.lib.gz" for v in ("1p08", "1p35"))
    text = gzip.decompress(high.read_bytes()).decode().replace("cell (sg13g2_inv_1)", "cell (other)")
    (tmp_path / "high.lib").write_text(text)
    with pytest.raises(InputError, match=r"cell (other|sg13g2_inv_1) is missing"):
        technology_from_liberty([low, tmp_path / "high.lib"])


def test_no_liberty_file_is_an_input_error():
    with pytest.raises(InputError, match="no Liberty file is given"):
        technology_from_liberty([])


def test_pulse_widths_are_arcs_of_the_pin_itself(ihp_technology):
    cells = ihp_technology.cells
    i = cells.index["sg13g2_dfrbp_1"]
    rows = range(cells.arc_ptr[i], cells.arc_ptr[i + 1])
    pulses = [a for a in rows if cells.arc_type[a] == ArcType.MIN_PULSE_WIDTH]
    assert len(pulses) == 2
    assert all(cells.arc_from[a] == cells.arc_to[a] for a in pulses)
