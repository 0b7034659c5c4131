from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.power import Activity, DynamicPower, RandomStimulus, simulate
from finevh.power.internal_energy import internal_terms
from finevh.technology.model import Technology
from tests.power.tiny import netlist, technology


@pytest.fixture
def design() -> Netlist:
    return netlist(
        ["clk", "a"],
        ["q"],
        [
            ("buf", "BUF", {"A": "clk", "Z": "ck"}),
            ("x", "XOR2", {"A": "a", "B": "q", "Z": "d"}),
            ("f", "DFFR", {"D": "d", "CK": "ck", "RN": "1", "Q": "q"}),
        ],
    )


@pytest.fixture
def activity(design: Netlist) -> Activity:
    return simulate(design, RandomStimulus(1), 1000, warmup=2)


def wires_of(design: Netlist, caps: list[float]) -> Wires:
    n = design.n_nets
    none = np.full(len(design.pin_net), -1, dtype=np.int32)
    ports = np.full(len(design.port_names), -1, dtype=np.int32)
    return Wires(
        np.arange(n + 1, dtype=np.int32),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n),
        np.array(caps),
        none,
        ports,
        np.zeros(n),
    )


def slews(design: Netlist) -> np.ndarray:
    return np.full((len(design.pin_net), 2), 20.0)


def table_energy(tech: Technology, corner: int, cell: str, source: str, target: str) -> float:
    """Mean of the rise and fall energies of the hand-made constant tables, fJ."""
    cells = tech.cells
    row = cells.index[cell]
    pins = cells.pins(row)
    for g in range(cells.power_ptr[row], cells.power_ptr[row + 1]):
        if (pins[cells.power_from[g]], pins[cells.power_to[g]]) == (source, target):
            slots = cells.power_table[g]
            return float(np.mean(tech.corners.pool[tech.corners.table_v[corner, slots]]))
    raise AssertionError(cell)


def test_nets_are_charged_to_the_swing_of_their_driver(design: Netlist, activity: Activity) -> None:
    tech = technology()
    caps = [3.0, 5.0, 7.0, 11.0, 0.0, 0.0]
    power = DynamicPower(design, tech, wires_of(design, caps), activity, slew=slews(design))
    result = power.evaluate(np.array([0, 1, 1]), None, 100.0)
    ck, d, q = (design.net_index[n] for n in ("ck", "d", "q"))
    # 100 MHz times fJ is 1e-4 mW; each sink pin adds 1 fF.
    expected = [
        0.5 * (caps[ck] + 1) * 0.8**2 * 2.0,
        0.5 * (caps[d] + 1) * 1.0**2 * activity.toggle_rate[d],
        0.5 * (caps[q] + 1) * 1.0**2 * activity.toggle_rate[q],
    ]
    np.testing.assert_allclose(result.switching, np.array(expected) * 1e-4, rtol=1e-12)
    clk, a = design.net_index["clk"], design.net_index["a"]
    ports = 0.5 * ((caps[clk] + 1) * 2.0 + (caps[a] + 1) * activity.toggle_rate[a]) * 1.0**2
    assert result.port_switching == pytest.approx(ports * 1e-4)


def test_internal_energy_is_taken_at_the_cells_own_supply(design: Netlist, activity: Activity) -> None:
    tech = technology()
    power = DynamicPower(design, tech, None, activity, slew=slews(design))
    for cell_vdd in itertools.product((0, 1), repeat=3):
        result = power.evaluate(np.array(cell_vdd), None, 100.0)
        q, d, a = (activity.toggle_rate[design.net_index[n]] for n in ("q", "d", "a"))
        assert result.internal[0] == pytest.approx(2.0 * table_energy(tech, cell_vdd[0], "BUF", "A", "Z") * 1e-4)
        assert result.internal[2] == pytest.approx(q * table_energy(tech, cell_vdd[2], "DFFR", "CK", "Q") * 1e-4)
        from_a, from_q = (table_energy(tech, cell_vdd[1], "XOR2", pin, "Z") for pin in "AB")
        assert result.internal[1] == pytest.approx(d * (a * from_a + q * from_q) / (a + q) * 1e-4)


def test_output_toggles_are_shared_among_the_inputs_that_are_seen() -> None:
    # Input b never toggles, so all of the NAND's energy belongs to a.
    design = netlist(["a", "b"], ["y"], [("g", "NAND2", {"A1": "a", "A2": "b", "ZN": "y"})])
    activity = simulate(design, RandomStimulus(1, clock=None, hold={"b": 1}), 500)
    tech = technology()
    result = DynamicPower(design, tech, None, activity, slew=slews(design)).evaluate(np.array([1]), None, 100.0)
    expected = activity.toggle_rate[design.net_index["y"]] * table_energy(tech, 1, "NAND2", "A1", "ZN")
    assert result.internal[0] == pytest.approx(expected * 1e-4)


def test_prepared_sweep_equals_full_evaluation(design: Netlist, activity: Activity) -> None:
    tech = technology()
    wires = wires_of(design, [3.0, 5.0, 7.0, 11.0, 0.0, 0.0])
    power = DynamicPower(design, tech, wires, activity, slew={0: slews(design), 1: 2 * slews(design)})
    prepared = power.prepare()
    for cell_vdd in itertools.product((0, 1), repeat=3):
        full = power.evaluate(np.array(cell_vdd), None, 250.0, port_vdd=1)
        both = prepared.evaluate(np.array(cell_vdd), 250.0, port_vdd=1)
        assert both == pytest.approx((full.total_switching, full.total_internal))


def test_a_prepared_sweep_takes_maps_of_three_supplies(design: Netlist, activity: Activity) -> None:
    tech = technology(vdds=(0.6, 0.8, 1.0))
    wires = wires_of(design, [3.0, 5.0, 7.0, 11.0, 0.0, 0.0])
    power = DynamicPower(design, tech, wires, activity, slew={v: (1 + v) * slews(design) for v in range(3)})
    prepared = power.prepare(jobs=2)
    for cell_vdd in itertools.product((0, 1, 2), repeat=3):
        full = power.evaluate(np.array(cell_vdd), None, 250.0, port_vdd=2)
        both = prepared.evaluate(np.array(cell_vdd), 250.0, port_vdd=2)
        assert both == pytest.approx((full.total_switching, full.total_internal))


def test_missing_slews_are_refused(design: Netlist, activity: Activity) -> None:
    tech = technology()
    with pytest.raises(InputError, match="needs pin slews"):
        DynamicPower(design, tech, None, activity).evaluate(np.array([0, 0, 0]), None, 1.0)
    power = DynamicPower(design, tech, None, activity, slew={0: slews(design)})
    with pytest.raises(InputError, match="no slews for 1 V"):
        power.evaluate(np.array([0, 0, 1]), None, 1.0)
    with pytest.raises(InputError, match="without prepared slews"):
        power.prepare().evaluate(np.array([0, 0, 1]), 1.0)


def test_wires_of_another_netlist_are_refused(design: Netlist, activity: Activity) -> None:
    other = netlist(["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "y"})])
    with pytest.raises(InputError, match="the wires have 2 nets"):
        DynamicPower(design, technology(), wires_of(other, [0.0, 0.0]), activity)


def test_an_unused_inverted_output_still_draws_its_internal_energy() -> None:
    design = netlist(["clk", "a"], ["q"], [("f", "DFFQ", {"D": "a", "CK": "clk", "Q": "q"})])
    activity = simulate(design, RandomStimulus(1), 500)
    tech = technology()
    result = DynamicPower(design, tech, None, activity, slew=slews(design)).evaluate(np.array([1]), None, 100.0)
    both = sum(table_energy(tech, 1, "DFFQ", "CK", pin) for pin in ("Q", "QN"))
    assert result.internal[0] == pytest.approx(activity.toggle_rate[design.net_index["q"]] * both * 1e-4)


def test_terms_are_weighed_once_per_activity_and_netlist(design: Netlist, activity: Activity) -> None:
    terms = internal_terms(design, activity)
    assert internal_terms(design, activity) is terms
    other = internal_terms(replace(design), activity)
    assert other is not terms
    assert other.weight.tolist() == terms.weight.tolist()
