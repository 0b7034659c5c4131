"""Measurements against physics and against each other, on a small grid; the accuracy itself is a benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.characterization.bench.measure_edges import Move, Table, measure_edges
from finevh.characterization.bench.ngspice import SimulationError, find_ngspice, simulate
from finevh.characterization.cell import characterize_cell
from finevh.characterization.cells.logic import parse_function
from finevh.characterization.cells.topology import LogicState, Topology
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.cell_leakage import leakage
from finevh.characterization.record import CellRecord, load_record, record_path
from finevh.characterization.run import characterize, plan_characterization
from finevh.errors import InputError, ToolMissingError
from tests.characterization.conftest import TECHNOLOGY, needs_ngspice

pytestmark = needs_ngspice


@pytest.fixture(scope="module")
def nand(corner: Corner, cells: dict[str, Topology]) -> CellRecord:
    return characterize_cell(corner, cells["NAND2"])


@pytest.fixture(scope="module")
def flop(corner: Corner, cells: dict[str, Topology]) -> CellRecord:
    return characterize_cell(corner, cells["DFFR"])


def test_delay_grows_with_slew_and_load(nand: CellRecord) -> None:
    assert {(a.related_pin, a.sense) for a in nand.arcs} == {("A1", "negative_unate"), ("A2", "negative_unate")}
    for arc in nand.arcs:
        for edge in (arc.rise, arc.fall):
            assert edge is not None
            assert np.all(np.diff(edge.delay_ps, axis=0) > 0)
            assert np.all(np.diff(edge.delay_ps, axis=1) > 0)
            assert np.all(edge.slew_ps > 0)


def test_a_rise_and_a_fall_together_dissipate(nand: CellRecord) -> None:
    for arc in nand.arcs:
        assert arc.rise is not None
        assert arc.fall is not None
        assert np.all(arc.rise.energy_fj + arc.fall.energy_fj > 0)


def test_leakage_of_a_stack_is_least_when_both_are_off(nand: CellRecord) -> None:
    power = {tuple(bit for _, bit in s.state): s.leakage_mw for s in nand.leakage}
    assert power[0, 0] < min(power[0, 1], power[1, 0]) < power[1, 1]


def test_low_swing_ones_leak_and_zeros_do_not_matter(nand: CellRecord, corner: Corner) -> None:
    table = nand.cross_leakage[0]
    k = table.derate()
    own = np.argmin(np.abs(table.driver_vdd - corner.vdd))
    np.testing.assert_allclose(k[own], 1.0, rtol=1e-6)
    np.testing.assert_allclose(k[:, 0], 1.0)
    both = k[:, 2 + 2 * 3]
    assert np.all(np.diff(both) < 0)
    assert both[0] > 20
    assert both[-1] < 1


def test_low_swing_input_slows_the_rise_of_the_input_only(nand: CellRecord, corner: Corner) -> None:
    for crossed in nand.cross_delay:
        shift = crossed.shift_ps(corner.vdd)
        low = shift[crossed.driver_vdd < corner.vdd]
        assert np.all(low > 0) if crossed.edge == "fall" else np.all(low < 0)


def test_noise_margins_are_inside_the_rail(nand: CellRecord, corner: Corner) -> None:
    assert [m.pin for m in nand.noise] == ["A1", "A2"]
    for margin in nand.noise:
        assert 0 < margin.v_il < margin.v_ih < corner.vdd


def test_four_copies_with_four_times_the_load_switch_alike(corner: Corner, cells: dict[str, Topology]) -> None:
    """Drives are scaled copies (X1 is simulated); here the copies are really simulated."""
    cell = cells["NAND2"]
    four = replace(cell, transistors=cell.transistors * 4)
    slew = float(corner.slew_ps[0])
    single: Table = {}
    quadruple: Table = {}
    for bit in (0, 1):
        move = Move(LogicState((("A1", bit), ("A2", 1)), None), "A1", corner.vdd)
        measure_edges(corner, cell, single, [(move, [(slew, 3.0)])])
        measure_edges(corner, four, quadruple, [(move, [(slew, 12.0)])])
    for one, many in zip(single.values(), quadruple.values(), strict=True):
        assert many.delay_ps["ZN"] == pytest.approx(one.delay_ps["ZN"], rel=5e-3)
        assert many.energy_fj == pytest.approx(4 * one.energy_fj, rel=5e-3, abs=0.02)
        assert many.charge_fc == pytest.approx(4 * one.charge_fc, rel=5e-3, abs=0.02)


def test_a_figure_does_not_depend_on_what_was_measured_before_it(corner: Corner, cells: dict[str, Topology]) -> None:
    """The stack of an XNOR keeps charge for long: in a train of edges its delay would depend on the edge before."""
    cell, slew = cells["XNOR2"], float(corner.slew_ps[0])
    first, second = (Move(LogicState((("A", 0), ("B", bit)), None), "A", corner.vdd) for bit in (1, 0))
    alone: Table = {}
    after: Table = {}
    measure_edges(corner, cell, alone, [(second, [(slew, 3.0)])])
    measure_edges(corner, cell, after, [(first, [(slew, 3.0)]), (second, [(slew, 3.0)])])
    assert alone[second, slew, 3.0] == after[second, slew, 3.0]


def test_flip_flop_has_clock_and_clear_arcs(flop: CellRecord) -> None:
    kinds = {(a.related_pin, a.timing_type): (a.rise is None, a.fall is None) for a in flop.arcs}
    assert kinds == {("CK", "rising_edge"): (False, False), ("RN", "clear"): (True, False)}
    assert [len(table.leakage_mw[0]) for table in flop.cross_leakage] == [27, 27]
    assert len(flop.leakage) == 12
    assert {m.pin for m in flop.noise} == {"D", "CK", "RN"}


def test_setup_and_hold_leave_a_window(flop: CellRecord) -> None:
    tables = {(c.kind, c.pin): c for c in flop.constraints}
    assert set(tables) == {
        ("setup_rising", "D"),
        ("hold_rising", "D"),
        ("recovery_rising", "RN"),
        ("removal_rising", "RN"),
    }
    setup, hold = tables["setup_rising", "D"], tables["hold_rising", "D"]
    assert setup.rise_ps is not None
    assert hold.fall_ps is not None
    assert np.all(setup.rise_ps + hold.fall_ps > 0)
    missing = {p.pin: (p.high_ps is None, p.low_ps is None) for p in flop.pulse_widths}
    assert missing == {"CK": (False, False), "RN": (True, False)}


def test_wrong_function_is_found_by_simulation(corner: Corner, cells: dict[str, Topology]) -> None:
    wrong = replace(cells["NAND2"], outputs=(("ZN", parse_function("!(A1 | A2)")),))
    with pytest.raises(
        InputError,
        match=r"\[cells\.NAND2\]: ZN is 0\.900 V at A1=0, A2=1 \(Vdd 0\.9 V\), but its function "
        r"'!\(A1 \| A2\)' says 0; correct the function or the netlist",
    ):
        leakage(corner, wrong)


def test_wrong_sequential_function_is_found_by_simulation(corner: Corner, cells: dict[str, Topology]) -> None:
    wrong = replace(cells["LATCH"], outputs=(("Q", parse_function("!IQ")),))
    with pytest.raises(InputError, match=r"\[cells\.LATCH\]: Q is .* correct the function, the sequential description"):
        characterize_cell(corner, wrong)


def test_failed_deck_is_kept_and_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"failed\.cir"):
        simulate("* nothing\nr1 a 0 1k\n.control\nquit\n.endc\n.end\n", 1, tmp_path / "decks")
    assert (tmp_path / "decks" / "failed.cir").exists()
    assert (tmp_path / "decks" / "failed.log").exists()


def test_missing_ngspice_is_a_missing_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGSPICE", "no-such-simulator")
    with pytest.raises(ToolMissingError, match="apt-get install ngspice"):
        find_ngspice()


def test_run_resumes_and_measures_changed_cells_again(tmp_path: Path) -> None:
    first = characterize(plan_characterization(TECHNOLOGY, tmp_path, ["TIE?"], [0.8], ["PB0"]))
    assert (first.simulated, first.reused, first.failed) == (2, 0, ())
    again = characterize(plan_characterization(TECHNOLOGY, tmp_path, ["TIE?"], [0.8], ["PB0", "VT16"]))
    assert (again.simulated, again.reused) == (2, 2)
    base, slow = (load_record(record_path(tmp_path, "TIE0", name, 0.8)) for name in ("PB0", "VT16"))
    assert slow.leakage[0].leakage_mw < 0.9 * base.leakage[0].leakage_mw


def test_run_refuses_unknown_cells_and_voltages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cell matches NAND9"):
        characterize(plan_characterization(TECHNOLOGY, tmp_path, ["NAND9"], [0.8], ["PB0"]))
    with pytest.raises(InputError, match=r"Vdd 3 V is outside"):
        characterize(plan_characterization(TECHNOLOGY, tmp_path, ["INV"], [3.0], ["PB0"]))
