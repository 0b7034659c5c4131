from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import LeakageModel, activity_from_patterns, activity_from_probabilities, look_up_leakage
from finevh.technology.model import Variant
from tests.power.tiny import netlist, technology

LOW, HIGH = 0, 1


@pytest.fixture
def chain() -> Netlist:
    return netlist(
        ["a", "b"],
        ["y"],
        [
            ("first", "INV", {"A": "a", "ZN": "n"}),
            ("second", "NAND2", {"A1": "n", "A2": "b", "ZN": "m"}),
            ("third", "INV", {"A": "m", "ZN": "y"}),
        ],
    )


PATTERNS = {
    "first": {"0": 0.25, "1": 0.75},
    "second": {"00": 0.1, "10": 0.2, "01": 0.3, "11": 0.4},
    "third": {"0": 0.4, "1": 0.6},
}


def test_leakage_is_nominal_when_driver_shares_the_rail(chain: Netlist) -> None:
    tech = technology()
    result = LeakageModel(chain, tech, activity_from_patterns(chain, PATTERNS)).evaluate(np.full(3, HIGH))
    hand = sum(p * look_up_leakage(tech, "INV", 1.0, s)[0] for s, p in PATTERNS["first"].items())
    assert result.cell[0] == pytest.approx(hand, rel=1e-12)
    assert result.total_interface == 0.0


def test_only_ones_from_another_rail_are_derated(chain: Netlist) -> None:
    tech = technology()
    cell_vdd = np.array([LOW, HIGH, HIGH])
    result = LeakageModel(chain, tech, activity_from_patterns(chain, PATTERNS)).evaluate(cell_vdd)
    hand = 0.0
    for pattern, p in PATTERNS["second"].items():
        leak, k = look_up_leakage(tech, "NAND2", 1.0, pattern[0].replace("1", "2") + pattern[1], 0.8)
        hand += p * leak * k
    assert result.cell[1] == pytest.approx(hand, rel=1e-6)
    assert result.interface[1] == pytest.approx(hand - result.nominal[1], rel=1e-6)
    # The first inverter sits low but is driven by a port at the high rail.
    hand_first = sum(
        p * np.prod(look_up_leakage(tech, "INV", 0.8, s.replace("1", "2"), 1.0)) for s, p in PATTERNS["first"].items()
    )
    assert result.cell[0] == pytest.approx(hand_first, rel=1e-6)


def test_every_map_equals_a_sum_over_patterns(chain: Netlist) -> None:
    tech = technology(seed=5)
    activity = activity_from_patterns(chain, PATTERNS)
    model = LeakageModel(chain, tech, activity)
    drivers = {"first": [None], "second": [0, None], "third": [1]}
    for chosen in itertools.product((LOW, HIGH), repeat=3):
        vdds = tech.vdds[list(chosen)]
        result = model.evaluate(np.array(chosen), port_vdd=HIGH)
        for cell, (name, patterns) in enumerate(PATTERNS.items()):
            kind = chain.cells.names[chain.cell_type[cell]]
            rails = [1.0 if d is None else vdds[d] for d in drivers[name]]
            hand = 0.0
            for pattern, p in patterns.items():
                digits = "".join(
                    "2" if bit == "1" and r != vdds[cell] else bit for bit, r in zip(pattern, rails, strict=True)
                )
                hand += p * np.prod(look_up_leakage(tech, kind, vdds[cell], digits, 1.8 - vdds[cell]))
            assert result.cell[cell] == pytest.approx(hand, rel=1e-6)


def test_batch_equals_single_maps(chain: Netlist) -> None:
    model = LeakageModel(chain, technology(), activity_from_patterns(chain, PATTERNS))
    maps = np.array(list(itertools.product((LOW, HIGH), repeat=3)))
    totals, interface = model.evaluate_batch(maps)
    assert totals.tolist() == [model.evaluate(m).total for m in maps]
    assert interface.tolist() == [model.evaluate(m).total_interface for m in maps]


def test_kept_sums_of_a_pair_follow_maps_and_variants(chain: Netlist) -> None:
    three = technology(vdds=(0.6, 0.8, 1.0), seed=4)
    second = Variant("PB4", "_PB4", 0.03)
    corner_of = np.array([[0, 1], [2, 1]], dtype=np.int32)
    tech = replace(three, vdds=three.vdds[:2], variants=(*three.variants, second), corner_of=corner_of)
    activity = activity_from_patterns(chain, PATTERNS)
    model = LeakageModel(chain, tech, activity)
    for _ in range(2):
        for variant in (0, 1, 0):
            for chosen in itertools.product((LOW, HIGH), repeat=3):
                variants = np.full(3, variant, dtype=np.int8)
                kept = model.evaluate(np.array(chosen), variants, port_vdd=HIGH)
                fresh = LeakageModel(chain, tech, activity).evaluate(np.array(chosen), variants, port_vdd=HIGH)
                plain = model._sum_patterns(np.array(chosen), variants, HIGH)
                assert kept.cell.tolist() == fresh.cell.tolist() == plain.cell.tolist()
                assert kept.nominal.tolist() == fresh.nominal.tolist() == plain.nominal.tolist()


def test_constant_inputs_swing_with_the_cell() -> None:
    design = netlist(["a"], ["y"], [("g", "NAND2", {"A1": "1", "A2": "1", "ZN": "y"})])
    activity = activity_from_patterns(design, {"g": {"11": 1.0}})
    assert LeakageModel(design, technology(), activity).evaluate(np.array([LOW]), port_vdd=HIGH).total_interface == 0.0


def test_two_foreign_rails_at_one_cell_are_refused(chain: Netlist) -> None:
    tech = technology(vdds=(0.6, 0.8, 1.0))
    model = LeakageModel(chain, tech, activity_from_patterns(chain, PATTERNS))
    with pytest.raises(InputError, match=r"second \(NAND2\) at 0.8 V with inputs from 0.6 V, 1 V: two foreign rails"):
        model.evaluate(np.array([0, 1, 1]), port_vdd=2)
    model.evaluate(np.array([2, 1, 0]), port_vdd=2)


def test_absent_pair_is_refused_and_never_one(chain: Netlist) -> None:
    activity = activity_from_patterns(chain, PATTERNS)
    bare = replace(technology(), cross=None)
    with pytest.raises(InputError, match="no leakage derates for this pair"):
        LeakageModel(chain, bare, activity).evaluate(np.array([LOW, HIGH, HIGH]))
    LeakageModel(chain, bare, activity).evaluate(np.full(3, LOW))


def test_wrong_maps_are_refused(chain: Netlist) -> None:
    model = LeakageModel(chain, technology(), activity_from_patterns(chain, PATTERNS))
    with pytest.raises(InputError, match="voltage map has 2 entries"):
        model.evaluate(np.array([0, 0]))
    with pytest.raises(InputError, match=r"indices outside 0\.\.1"):
        model.evaluate(np.array([0, 0, 2]))


def test_unstated_pattern_is_refused_where_observed_and_conditioned_out_where_propagated(chain: Netlist) -> None:
    tech = technology()
    leakage = tech.corners.leakage.copy()
    start = int(tech.cells.leak_ptr[tech.cells.index["NAND2"]])
    leakage[:, start + 3] = np.nan
    tech = replace(tech, corners=replace(tech.corners, leakage=leakage))
    with pytest.raises(InputError, match=r"second .*states no leakage"):
        LeakageModel(chain, tech, activity_from_patterns(chain, PATTERNS)).evaluate(np.full(3, HIGH))
    half = activity_from_probabilities(chain, np.full(chain.n_nets, 0.5), np.zeros(chain.n_nets))
    result = LeakageModel(chain, tech, half).evaluate(np.full(3, HIGH))
    assert result.cell[1] == pytest.approx(leakage[1, start : start + 3].mean())


def test_patterns_are_checked(chain: Netlist) -> None:
    with pytest.raises(InputError, match=r"sum to 0\.75"):
        activity_from_patterns(chain, PATTERNS | {"first": {"1": 0.75}})
    with pytest.raises(InputError, match="pattern '0' is not one 0 or 1 for each of A1, A2"):
        activity_from_patterns(chain, PATTERNS | {"second": {"0": 1.0}})
    with pytest.raises(InputError, match="instance third has no pattern"):
        activity_from_patterns(chain, {k: PATTERNS[k] for k in ("first", "second")})
