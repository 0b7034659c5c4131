from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.technology.liberty import read_liberty
from finevh.technology.model import ArcType, Kind, Sense
from tests.technology.liberty_samples import HEAD, TABLES, inverter


@pytest.fixture
def read(tmp_path):
    def reader(text):
        path = tmp_path / "tiny.lib"
        path.write_text(text)
        return read_liberty(path)

    return reader


def test_every_form_of_table_becomes_slew_by_load(read):
    arc = read(inverter()).cells["INV_X1"].arcs[0]
    rise, fall, slew_rise, slew_fall = arc.tables
    np.testing.assert_allclose(rise.x, [10, 20])
    np.testing.assert_allclose(rise.y, [1, 2, 3])
    np.testing.assert_allclose(rise.values, [[1000, 2000, 3000], [4000, 5000, 6000]])
    np.testing.assert_allclose(fall.values, [[250]])
    np.testing.assert_allclose(slew_rise.values, rise.values)
    np.testing.assert_allclose(slew_rise.x, rise.x)
    assert slew_fall.values.shape == (1, 2)
    np.testing.assert_allclose(slew_fall.y, [1, 2])


def test_pins_leakage_and_energy_are_in_house_units(read):
    cell = read(inverter()).cells["INV_X1"]
    pin = cell.pins[0]
    np.testing.assert_allclose([pin.cap, pin.cap_rise, pin.cap_fall, pin.max_slew], [2, 2.1, 2, 500])
    assert cell.pins[1].max_cap == pytest.approx(60)
    assert dict(cell.leakage) == pytest.approx({"!A": 3e-6, "A": 8e-6})
    assert cell.default_leakage == pytest.approx(5e-6)
    own, through = cell.powers
    assert (own.related, own.pin) == ("", "A")
    np.testing.assert_allclose(own.rise.values, [[1000], [2000]])
    np.testing.assert_allclose([through.rise.values[0, 0], through.fall.values[0, 0]], [1, 2])


def test_the_default_leakage_is_for_cells_that_state_none(read):
    head = HEAD.replace("nom_voltage", "default_cell_leakage_power : 2; nom_voltage")
    silent = 'cell (TIE1) { pin (Z) { direction : output; function : "1"; } }\n}'
    cells = read(inverter(head=head).removesuffix("}\n") + silent).cells
    assert cells["TIE1"].default_leakage == pytest.approx(2e-6)
    assert cells["INV_X1"].default_leakage == pytest.approx(5e-6)
    partly = inverter(head=head).replace("cell_leakage_power : 5;", "")
    assert read(partly).cells["INV_X1"].default_leakage is None


def test_other_units_give_the_same_library(read):
    first = read(inverter()).cells["INV_X1"]
    head = HEAD.replace('time_unit : "1ns"', 'time_unit : "10ps"').replace("(1, pf)", "(10, ff)")
    second = read(inverter(head=head)).cells["INV_X1"]
    np.testing.assert_allclose(first.arcs[0].tables[0].values, 100 * second.arcs[0].tables[0].values)
    assert first.pins[0].cap == pytest.approx(100 * second.pins[0].cap)


def test_the_slew_derate_is_folded_in(read):
    head = HEAD.replace("nom_voltage", "slew_derate_from_library : 0.5; nom_voltage")
    plain, derated = read(inverter()).cells["INV_X1"], read(inverter(head=head)).cells["INV_X1"]
    np.testing.assert_allclose(derated.arcs[0].tables[2].values, 0.5 * plain.arcs[0].tables[2].values)
    np.testing.assert_allclose(derated.arcs[0].tables[0].x, 0.5 * plain.arcs[0].tables[0].x)
    np.testing.assert_allclose(derated.arcs[0].tables[0].values, plain.arcs[0].tables[0].values)


def test_an_unstated_sense_is_inferred(read):
    assert read(inverter()).cells["INV_X1"].arcs[0].sense == Sense.NEGATIVE


@pytest.mark.parametrize(
    ("timing", "message"),
    [
        ("", "has neither cell_rise nor cell_fall"),
        (TABLES.split("\n")[0], "has cell_rise but no rise_transition"),
        (TABLES.replace('"4, 5, 6"', '"4, 5"'), "has 5 values for axes of 2 x 3"),
        (
            TABLES.replace("cell_fall (scalar)", "cell_fall (nothing)"),
            "uses template 'nothing', which the library does not define",
        ),
        (TABLES.replace("0.01, 0.02", "0.02, 0.01"), "an axis does not ascend"),
        ("timing_type : sideways; " + TABLES, "timing_type 'sideways' is unknown"),
    ],
)
def test_a_wrong_table_names_file_cell_and_line(read, timing, message):
    with pytest.raises(InputError) as error:
        read(inverter(timing))
    assert message in str(error.value)
    assert "tiny.lib: cell INV_X1 (line" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('time_unit : "1ns"', 'time_unit : "1kV"', "tiny.lib: time_unit '1kV': 'kV' is not a unit of time"),
        ("(1, pf)", "(1, pm)", "tiny.lib: capacitive_load_unit (1, pm) is not (number, ff|pf)"),
        ("nom_voltage : 1.0;", "", "tiny.lib: the library states no nom_voltage"),
        ('leakage_power_unit : "1nW";', "", "states leakage but the library has no leakage_power_unit"),
        (
            "slew_upper_threshold_pct_fall : 70",
            "slew_upper_threshold_pct_fall : 80",
            "slew_upper_threshold_pct_rise and",
        ),
        (
            "nom_temperature",
            "input_threshold_pct_rise : 40; input_threshold_pct_fall : 40; nom_temperature",
            "input_threshold_pct is not 50",
        ),
    ],
)
def test_a_wrong_header_names_file_and_key(read, old, new, message):
    with pytest.raises(InputError) as error:
        read(inverter(head=HEAD.replace(old, new)))
    assert message in str(error.value)


SEQUENTIAL = (
    HEAD
    + """
  cell (DFF) { area : 1; cell_leakage_power : 1;
    ff ("STATE", "NSTATE") { next_state : "D"; clocked_on : "!CK"; clear : "RN'"; }
    pin (D) { direction : input; capacitance : 0.001;
      timing () { related_pin : "CK"; timing_type : setup_falling;
        rise_constraint (check) { values ("1, 2", "3, 4", "5, 6"); } fall_constraint (scalar) { values ("0.1"); } }
      timing () { related_pin : "CK"; timing_type : non_seq_setup_rising; rise_constraint (scalar) { values ("9"); } } }
    pin (CK) { direction : input; capacitance : 0.001;
      timing () { related_pin : "CK"; timing_type : min_pulse_width; rise_constraint (scalar) { values ("0.03"); } } }
    pin (RN) { direction : input; capacitance : 0.001; }
    pin (QN) { direction : output; function : "NSTATE";
      timing () { related_pin : "CK"; timing_type : falling_edge; timing_sense : non_unate;
        cell_rise (scalar) { values ("1"); } rise_transition (scalar) { values ("1"); } }
      timing () { related_pin : "RN"; timing_type : preset; timing_sense : negative_unate;
        cell_rise (scalar) { values ("1"); } rise_transition (scalar) { values ("1"); } } }
    test_cell () { pin (D) { direction : input; } }
  }
  cell (GATE) { area : 1; cell_leakage_power : 1; clock_gating_integrated_cell : "latch_posedge_precontrol";
    statetable ("CK E SE", "M") { table : "L L L : - : L , L L H : - : H , L H - : - : H , H - - : - : N"; }
    pin (M) { direction : internal; internal_node : "M"; }
    pin (CK) { direction : input; capacitance : 0.001; clock_gate_clock_pin : true; }
    pin (E) { direction : input; capacitance : 0.001; } pin (SE) { direction : input; capacitance : 0.001; }
    pin (GCK) { direction : output; state_function : "CK & M"; } }
  cell (TBUF) { area : 1; cell_leakage_power : 1; pin (EN) { direction : input; capacitance : 0.001; }
    pin (Z) { direction : output; function : "A"; three_state : "EN";
      timing () { related_pin : "EN"; timing_type : three_state_disable_rise; cell_rise (scalar) { values ("1"); }
        cell_fall (scalar) { values ("2"); } } } pin (A) { direction : input; capacitance : 0.001; } }
  cell (TIE) { area : 1; cell_leakage_power : 1; pin (Z) { direction : output; function : "1"; } }
  cell (FILL) { area : 1; }
}
"""
)


def test_sequential_cells_keep_their_state_functions(read):
    cells = read(SEQUENTIAL).cells
    flop, gate = cells["DFF"], cells["GATE"]
    assert (flop.kind, flop.next_state, flop.clocked_on, flop.clear) == (Kind.FLOP, "D", "!CK", "RN'")
    assert [pin.function for pin in flop.pins] == ["", "", "", "IQN"]
    assert [pin.clock for pin in flop.pins] == [False, True, False, False]
    assert (gate.kind, gate.next_state, gate.clocked_on) == (Kind.CLOCK_GATE, "E | SE", "!CK")
    assert gate.pins[-1].function == "CK & IQ"
    assert [cells[name].kind for name in ("TBUF", "TIE", "FILL")] == [Kind.COMBINATIONAL, Kind.TIE, Kind.PHYSICAL]


def test_constraint_tables_are_clock_slew_by_data_slew(read):
    setup = read(SEQUENTIAL).cells["DFF"].arcs[0]
    assert (setup.related, setup.pin, setup.type) == ("CK", "D", ArcType.SETUP_FALLING)
    np.testing.assert_allclose(setup.tables[0].values, [[1000, 3000, 5000], [2000, 4000, 6000]])
    np.testing.assert_allclose(setup.tables[0].y, [10, 20, 30])


def test_edges_checks_and_async_arcs_are_told_apart(read):
    types = [arc.type for arc in read(SEQUENTIAL).cells["DFF"].arcs]
    assert types == [ArcType.SETUP_FALLING, ArcType.MIN_PULSE_WIDTH, ArcType.FALLING_EDGE, ArcType.PRESET]


def test_a_one_edge_type_keeps_that_edge(read):
    arc = read(SEQUENTIAL).cells["TBUF"].arcs[0]
    assert (arc.type, arc.tables[1]) == (ArcType.THREE_STATE_DISABLE, None)


@given(
    at=st.integers(0, len(inverter()) - 1),
    length=st.integers(0, 40),
    instead=st.sampled_from(
        ["", " ", '"', "{", "}", "(", ")", ",", ";", "x", "1e999", "-", "\\", "/*", "\x00", "é", "nan"]
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_named_in_the_error(read, at, length, instead):
    text = inverter()
    message = "tiny.lib"
    try:
        read(text[:at] + instead + text[at + length :])
    except InputError as error:
        message = str(error)
    assert "tiny.lib" in message


def test_numbers_apart_by_blanks_alone_are_numbers_apart(read):
    commas, blanks = '"1, 2, 3", "4, 5, 6"', '"1 2 3" "4 5 6"'
    assert commas in inverter()
    tables = [read(text).cells["INV_X1"].arcs[0].tables[0] for text in (inverter(), inverter().replace(commas, blanks))]
    np.testing.assert_array_equal(tables[0].values, tables[1].values)
