from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.characterization.cells.table import load_topologies
from finevh.characterization.publish.cross import cross_from_records
from finevh.characterization.publish.liberty import (
    cell_from_record,
    library_from_records,
    scale_drive,
    state_condition,
)
from finevh.characterization.publish.physical import fillers, header_cells, load_headers
from finevh.characterization.record import (
    Arc,
    CellRecord,
    Constraint,
    CrossDelay,
    CrossLeakage,
    Edge,
    HiddenEnergy,
    NoiseMargin,
    Pin,
    PinCapacitance,
    PulseWidth,
    StateLeakage,
)
from finevh.errors import InputError
from finevh.technology.liberty import read_liberty
from finevh.technology.liberty.write import render_liberty
from finevh.technology.model import ArcType, Kind, Sense
from tests.conftest import REPOSITORY

SITE = (0.19, 1.4)
SLEW, LOAD = np.array([5.0, 50.0]), np.array([1.0, 10.0, 50.0])
TOPOLOGIES = load_topologies(REPOSITORY / "libs" / "cells" / "standard.toml")


def edge(delay=20.0):
    table = delay + np.add.outer(SLEW / 10, LOAD)
    return Edge(table, table / 2, table / 10)


def capacitance(pin, rise=1.0, fall=2.0):
    return PinCapacitance(pin, rise, fall, (rise, rise), (fall, fall))


def inverter(vdd=1.0, variant="PB0"):
    arc = Arc("A", "ZN", "negative_unate", "combinational", (), SLEW, LOAD, edge(), edge(15.0))
    drivers = np.array([0.8, 0.9, 1.0])
    own = int(np.argmin(np.abs(drivers - vdd)))
    leak = np.array([[2.0, 3.0, 30.0], [2.0, 3.0, 9.0], [2.0, 3.0, 3.0]]) if own == 2 else np.full((3, 3), 1.0)
    shift = np.array([10.0, 4.0, 0.0]) - (10.0, 4.0, 0.0)[own]
    delays = np.broadcast_to((20 + shift)[:, None, None], (3, 2, 2)).copy()
    slews = np.broadcast_to(np.exp(0.1 * shift)[:, None, None], (3, 2, 2)).copy()
    cross = tuple(
        CrossDelay(
            "A",
            "ZN",
            "negative_unate",
            name,
            (),
            drivers[::2] if own != 1 else drivers,
            SLEW,
            LOAD[:2],
            delays[::2] if own != 1 else delays,
            slews[::2] if own != 1 else slews,
        )
        for name in ("rise", "fall")
    )
    return CellRecord(
        "INV",
        variant,
        vdd,
        125.0,
        (Pin("A", "input"), Pin("ZN", "output", "!A")),
        (capacitance("A"),),
        (arc,),
        (),
        (StateLeakage((("A", 0),), 2e-5), StateLeakage((("A", 1),), 3e-5)),
        (CrossLeakage(("A",), -1, drivers, leak),),
        cross,
        (NoiseMargin("A", 0.4, 0.6),),
    )


def flop():
    rise = Arc("CK", "Q", "non_unate", "rising_edge", (("D", 1),), SLEW, LOAD, edge(), None)
    fall = Arc("CK", "Q", "non_unate", "rising_edge", (("D", 1),), SLEW, LOAD, None, edge(15.0))
    clear = Arc("RN", "Q", "positive_unate", "clear", (), SLEW, LOAD, None, edge())
    states = [(("D", d), ("CK", c), ("RN", 1), ("IQ", q)) for d in (0, 1) for c in (0, 1) for q in (0, 1)]
    states += [(("D", d), ("CK", c), ("RN", 0), ("IQ", 0)) for d in (0, 1) for c in (0, 1)]
    leak = np.full((1, 27), 2.0)
    return CellRecord(
        "DFFR",
        "PB0",
        1.0,
        125.0,
        (Pin("D", "input"), Pin("CK", "input", "", True), Pin("RN", "input"), Pin("Q", "output", "IQ")),
        tuple(capacitance(pin) for pin in ("D", "CK", "RN")),
        (rise, fall, clear),
        (HiddenEnergy("CK", (("D", 0), ("RN", 1), ("IQ", 1)), SLEW[:1], np.array([np.nan]), np.array([3.0])),),
        tuple(StateLeakage(state, 1e-5) for state in states),
        (
            CrossLeakage(("D", "CK", "RN"), 0, np.array([1.0]), leak),
            CrossLeakage(("D", "CK", "RN"), 1, np.array([1.0]), np.where(np.arange(27) // 9 == 0, np.nan, leak)),
        ),
        (),
        (NoiseMargin("D", 0.4, 0.6),),
        (Constraint("setup_rising", "D", "CK", SLEW, LOAD, np.arange(6.0).reshape(2, 3), None),),
        (PulseWidth("CK", 40.0, 50.0), PulseWidth("RN", None, 60.0)),
    )


def test_a_record_becomes_a_cell_with_its_worst_arc_and_states():
    cell = cell_from_record(inverter(), TOPOLOGIES["INV"], SITE)
    assert (cell.kind, cell.area) == (Kind.COMBINATIONAL, pytest.approx(2 * 0.19 * 1.4))
    assert next((p.cap, p.cap_rise, p.cap_fall, p.max_slew) for p in cell.pins) == (1.5, 1.0, 2.0, 50.0)
    assert cell.pins[1].max_cap == 50.0
    assert cell.leakage == [("!A", 2e-5), ("A", 3e-5)]
    assert cell.default_leakage == pytest.approx(2.5e-5)
    assert cell.arcs[0].sense == Sense.NEGATIVE
    assert np.array_equal(cell.powers[0].rise.values, edge().energy_fj)


def test_a_drive_is_that_many_cells_in_parallel():
    base = cell_from_record(inverter(), TOPOLOGIES["INV"], SITE)
    four = scale_drive(base, 4, "INV_X4", 1.0)
    assert np.array_equal(four.arcs[0].tables[0].values, base.arcs[0].tables[0].values)
    assert np.array_equal(four.arcs[0].tables[0].y, 4 * LOAD)
    assert np.array_equal(four.arcs[0].tables[0].x, SLEW)
    assert np.array_equal(four.powers[0].rise.values, 4 * base.powers[0].rise.values)
    assert (four.pins[0].cap, four.pins[1].max_cap) == (6.0, 200.0)
    assert four.leakage == [("!A", 8e-5), ("A", pytest.approx(1.2e-4))]


def test_a_flop_keeps_its_functions_constraints_and_pulses():
    cell = cell_from_record(flop(), TOPOLOGIES["DFFR"], SITE)
    assert (cell.kind, cell.next_state, cell.clocked_on, cell.clear) == (Kind.FLOP, "D", "CK", "!RN")
    types = [arc.type for arc in cell.arcs]
    assert types == [
        ArcType.RISING_EDGE,
        ArcType.CLEAR,
        ArcType.SETUP_RISING,
        ArcType.MIN_PULSE_WIDTH,
        ArcType.MIN_PULSE_WIDTH,
    ]
    clock = cell.arcs[0]
    assert all(table is not None for table in clock.tables)
    setup = cell.arcs[2].tables[0]
    # Clock slew first, data slew second.
    assert (setup.x.tolist(), setup.y.tolist()) == (LOAD.tolist(), SLEW.tolist())
    assert setup.values.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert cell.arcs[4].tables[0] is None


def test_the_stored_bit_is_read_at_the_output_and_left_out_where_it_is_forced():
    cell = cell_from_record(flop(), TOPOLOGIES["DFFR"], SITE)
    conditions = [when for when, _ in cell.leakage]
    assert len(conditions) == 12
    assert "!D & !CK & !RN" in conditions
    assert "D & CK & RN & !Q" in conditions


def test_an_edge_whose_energy_stands_in_the_arc_has_no_table():
    cell = cell_from_record(flop(), TOPOLOGIES["DFFR"], SITE)
    hidden = [power for power in cell.powers if not power.related]
    assert [(power.when, power.rise) for power in hidden] == [("!D & RN & Q", None)]


def test_a_clock_gate_shows_its_latch_only_while_the_clock_is_high():
    topology = TOPOLOGIES["CLKGATE"]
    assert state_condition((("CK", 1), ("E", 0), ("SE", 1), ("IQ", 1)), topology) == "CK & !E & SE & GCK"
    assert state_condition((("CK", 0), ("E", 0), ("SE", 1), ("IQ", 1)), topology) == "!CK & !E & SE"


def test_a_library_reads_back_with_all_drives(tmp_path):
    library = library_from_records(
        [inverter(), flop()], TOPOLOGIES, fillers({"FILL": (1, 2)}, SITE), SITE, "_PB4", "lib"
    )
    path = tmp_path / "x.lib"
    path.write_text(render_liberty(library, threshold_voltage_group="PB4"))
    back = read_liberty(path)
    assert list(back.cells) == [f"INV_X{n}_PB4" for n in (1, 2, 4, 8, 16)] + [f"DFFR_X{n}_PB4" for n in (1, 2, 4)] + [
        "FILL_X1_PB4",
        "FILL_X2_PB4",
    ]
    assert 'threshold_voltage_group : "PB4";' in path.read_text()
    assert back.cells["INV_X16_PB4"].footprint == "INV"
    assert back.cells["INV_X16_PB4"].leakage == [("!A", pytest.approx(3.2e-4)), ("A", pytest.approx(4.8e-4))]


def test_records_of_two_corners_are_no_library():
    with pytest.raises(InputError, match="records of 2 corners; one is needed"):
        library_from_records([inverter(), inverter(0.9)], TOPOLOGIES, [], SITE, "", "lib")


def test_the_select_pin_of_a_header_is_a_unit_inverter():
    headers = load_headers(REPOSITORY / "libs" / "cells" / "headers.toml")
    cells = header_cells(headers, [inverter()], SITE)
    assert [cell.name for cell in cells] == ["VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X4", "VDDMUX_X8"]
    assert all((cell.pins[0].name, cell.pins[0].cap) == ("S", 1.5) for cell in cells)
    assert all(cell.default_leakage is None for cell in cells)


def records(vdds=(0.8, 0.9, 1.0)):
    return {("PB0", vdd, "INV"): inverter(vdd) for vdd in vdds}


def test_derates_are_relative_to_the_own_rail():
    cross = cross_from_records(records(), {"PB0": (0.8, 0.9, 1.0)}, TOPOLOGIES, 0.2)
    pair = [(int(c), int(d)) for c, d in zip(cross.pair_cell, cross.pair_driver, strict=True)]
    assert (2, 2) not in pair
    assert cross.leakage_k[0, pair.index((2, 0))].tolist() == [1, 1, 10]
    assert cross.delay_shift_ps[0, pair.index((2, 0)), 0] == pytest.approx(10.0, rel=1e-3)
    assert cross.slew_factor[0, pair.index((2, 0)), 0] == pytest.approx(np.e, rel=1e-3)
    np.testing.assert_allclose(cross.noise_margin()[0, 2, :, 0], [0.2, 0.3, 0.4], atol=1e-9)


def test_between_simulated_rails_stands_the_polynomial_through_them():
    cross = cross_from_records(records(), {"PB0": (0.8, 0.9, 1.0)}, TOPOLOGIES, 0.2)
    pair = [(int(c), int(d)) for c, d in zip(cross.pair_cell, cross.pair_driver, strict=True)]
    # At 1.0 V only 0.8 V is simulated beside the own rail: a straight line through 10 and 0.
    assert cross.delay_shift_ps[0, pair.index((2, 1)), 0] == pytest.approx(5.0, rel=1e-3)


def test_tables_of_two_sizes_stand_in_one_shape_and_read_alike():
    small = inverter()
    middle = np.sort(np.append(SLEW, 20.0))
    wide = tuple(
        replace(
            item,
            slew_ps=middle,
            delay_ps=np.repeat(item.delay_ps, [2, 1], axis=1),
            out_slew_ps=np.repeat(item.out_slew_ps, [2, 1], axis=1),
        )
        for item in small.cross_delay
    )
    slanted = tuple(
        replace(item, delay_ps=item.delay_ps * [[[1.0, 2.0], [1.0, 3.0]], [[1.0, 1.0], [1.0, 1.0]]])
        for item in small.cross_delay
    )
    two = {
        ("PB0", vdd, name): replace(small, cell=name, vdd=vdd, cross_delay=items)
        for vdd in (0.8, 1.0)
        for name, items in (("INV", slanted), ("BUF", wide))
    }
    cross = cross_from_records(two, {"PB0": (0.8, 1.0)}, TOPOLOGIES, 0.2)
    assert cross.delay_shift_ps.shape[-2:] == (3, 2)
    assert cross.slew_ps[0, 1, 0].tolist() == [5, 27.5, 50]
    assert cross.slew_ps[0, 1, 2].tolist() == middle.tolist()
    table = cross.delay_shift_ps[0, 1, 0]
    np.testing.assert_allclose(table[1], (table[0] + table[2]) / 2, rtol=1e-3)


def test_a_forced_bit_folds_onto_the_state_that_the_inputs_leave():
    record = flop()
    two = {("PB0", 1.0, "DFFR"): record, ("PB0", 0.9, "DFFR"): replace(record, vdd=0.9)}
    drivers = tuple(
        replace(item, driver_vdd=np.array([0.9, 1.0]), leakage_mw=np.vstack([item.leakage_mw * 3, item.leakage_mw]))
        for item in record.cross_leakage
    )
    two = {key: replace(item, cross_leakage=drivers) for key, item in two.items()}
    cross = cross_from_records(two, {"PB0": (0.9, 1.0)}, TOPOLOGIES, 0.2)
    assert cross.state_pins == (("D", "CK", "RN", "Q"),)
    assert np.isfinite(cross.leakage_k).all()


def test_a_missing_record_is_named():
    with pytest.raises(InputError, match=r"no record of INV \(PB0, 0\.9 V\); characterise it first"):
        cross_from_records(records((0.8, 1.0)), {"PB0": (0.8, 0.9, 1.0)}, TOPOLOGIES, 0.2)
