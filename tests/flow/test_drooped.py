"""Points on drooped rails: drops by hand, timing against single supplies, raised maps against every map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.constraints import single_clock
from finevh.flow.drooped import (
    DroopedDesign,
    _Drops,
    _meets,
    _Pair,
    book_rails,
    drooped_csv,
    drooped_points,
    raised_power,
    settle_on_rails,
)
from finevh.flow.rails import RailModel, droop_table, transitions_table
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.schemes import OperatingPoint
from finevh.selection import Energy, Interval
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
LOW, HIGH = 0.8, 1.0


@pytest.fixture(scope="module")
def technology() -> Technology:
    return load_technology(LIBRARY / "technology.toml")


@pytest.fixture(scope="module")
def netlist(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    """A register behind a chain of forty inverters that goes through four tiles."""
    lines = ["module chain (input clk, input d, output q);", "wire n0; DFF_X1 r0 (.CK(clk), .D(d), .Q(n0));"]
    lines += [f"wire n{k + 1}; INV_X1 i{k} (.A(n{k}), .ZN(n{k + 1}));" for k in range(40)]
    lines += ["DFF_X1 r1 (.CK(clk), .D(n40), .Q(q));", "endmodule", ""]
    source = tmp_path_factory.mktemp("chain") / "chain.v"
    source.write_text("\n".join(lines), encoding="utf-8")
    return read_verilog(source, with_vdds(technology, (LOW, HIGH)))


@pytest.fixture(scope="module")
def design(technology: Technology, netlist: Netlist) -> DroopedDesign:
    tile = np.array([int(name[1:]) // 10 if name[0] == "i" else 0 for name in netlist.instance_names], dtype=np.int32)

    def graph(library: Technology) -> TimingGraph:
        return TimingGraph(netlist, library, single_clock("clk", 2000.0), None)

    return DroopedDesign(technology, tile, {"pb0": netlist.cell_variant}, graph)


def rails(resistance: float) -> RailModel:
    """Four tiles that draw 10, 20, 30, 40 fF each cycle, and one cycle in a hundred the double."""
    drawn = np.tile(np.array([10.0, 20.0, 30.0, 40.0], dtype=np.float32), (1, 300, 1))
    drawn[:, ::100] *= 2.0
    return RailModel(
        pairs=np.array([[LOW, HIGH]]),
        resistance=np.full((1, 2, 4), resistance),
        capacitance=np.full(4, 1.0),
        programs=("only",),
        drawn=drawn,
        supplies=np.array([LOW, HIGH]),
        leakage=np.zeros((1, 2, 4)),
    )


def point(assignment: str, frequency: float) -> OperatingPoint:
    return OperatingPoint(
        "chain", 4, "fine-vh", "pb0", 0.2, frequency, LOW, HIGH, None, assignment.count("H"), 0.5, 0.0, 1.0, 0.5, 0.3, 0.2,
        0.0, "best", assignment,
    )  # fmt: skip


def test_the_drop_that_timing_is_checked_with_is_charge_times_resistance_over_the_period() -> None:
    droop = rails(0.5).droop([point("LLHH", 500.0), point("HHHH", 1000.0)])
    assert droop is not None
    # R C is half a picosecond: nothing is left at the end of a cycle, the average is R Q / T.
    assert np.allclose(droop.worst, [np.array([20.0, 40.0, 60.0, 80.0]) * 0.5 / t for t in (2000.0, 1000.0)])
    assert (droop.drop.worst < 1e-9).all()
    assert droop_table(droop).splitlines()[0].endswith("dip_fraction,mean_worst_fraction,mean_usual_fraction")
    assert len(transitions_table(rails(0.5), 0.05).splitlines()) == 5
    assert rails(0.5).droop([]) is None


def test_a_leaking_tile_drops_all_the_time() -> None:
    model = replace(rails(2.0), leakage=np.full((1, 2, 4), 0.01))
    droop = model.droop([point("LLLL", 500.0)])
    assert droop is not None
    assert np.allclose(droop.drop.worst, 0.02)


def test_equal_drops_time_as_the_lower_supply_does(
    technology: Technology, netlist: Netlist, design: DroopedDesign
) -> None:
    pair = _Pair(design, (LOW, HIGH), (0.05, 0.05))
    high = np.ones(4, dtype=bool)
    library = with_vdds(technology, (0.95 * HIGH, HIGH))
    graph = design.graph(library).with_port_vdd(1)
    for drop, row in ((0.0, 1), (0.05, 0)):
        found = pair.slack("pb0", high, np.full(4, drop), 2000.0)
        assert found == pytest.approx(graph.evaluate(np.int32(row)).worst_slack(2000.0), abs=1e-6)
    mixed = [pair.slack("pb0", high, np.array([0.05 * k, 0, 0, 0]), 2000.0) for k in (0, 1)]
    assert mixed[1] < mixed[0] - 1.0


def test_a_tile_is_raised_where_its_rail_costs_the_clock(design: DroopedDesign) -> None:
    pair = _Pair(design, (LOW, HIGH), (0.0, 0.0))
    periods = {
        text: 2000.0 - pair.slack("pb0", np.array([c == "H" for c in text]), np.zeros(4), 2000.0)
        for text in ("LLLL", "HLLL", "HHLL", "HHHL", "HHHH")
    }
    points = [point(text, 1e6 / (period + 0.5)) for text, period in periods.items()]
    found = drooped_points(design, rails(0.1), points)
    assert [one.number for one in found] == [0, 1, 2, 3, 4]
    assert all(0.0 <= one.slack < 1.0 and one.slack_worst < one.slack_usual + 1e-9 < one.slack for one in found)
    assert not any(one.met for one in found)
    # Each map is met with the next one's tiles, but the last, whose tiles are all high.
    assert [one.raised for one in found] == ["HLLL", "HHLL", "HHHL", "HHHH", ""]
    lines = drooped_csv(points, found).splitlines()
    assert lines[-1].endswith(",false,4,,,1,,,,,,")
    # All maps of the test draw 0.8 mW at their own frequency, and leak 0.2 mW.
    power = [raised_power(points, one) for one in found]
    assert power[-1] is None
    assert power[0] == pytest.approx(0.8 * points[0].freq_mhz / points[1].freq_mhz + 0.2)
    settled = settle_on_rails(points, found)
    assert [one.assignment for one in settled] == ["HLLL", "HHLL", "HHHL", "HHHH", "HHHH"]
    assert [one.selector for one in settled] == 4 * ["best:raised"] + ["best"]
    assert all(one.drooped_slack_ps is not None and one.drooped_slack_ps >= 0.0 for one in settled[:-1])
    assert settled[-1].drooped_slack_ps == found[-1].slack_worst < 0.0
    assert [one.nominal_power_mw for one in settled] == 5 * [1.0]
    assert [one.power_total_mw for one in settled] == [*power[:-1], 1.0]
    checks = Checks()
    book_rails(checks, points, found)
    assert {kind: found["count"] for kind, found in checks.as_dict().items()} == {"rails_raised": 4, "rails_missed": 1}
    strong = drooped_points(design, rails(0.0), points)
    assert all(one.met and one.raised == points[one.number].assignment for one in strong)
    assert [
        replace(one, drooped_slack_ps=None, nominal_power_mw=None) for one in settle_on_rails(points, strong)
    ] == points


class Counting:
    """Weighs a map by its tiles at VddH, each 1 mW."""

    tile_area = np.ones(4)

    def weigh(self, interval: Interval, high: np.ndarray) -> Energy:
        return Energy(0.0, 0.0, 1.0 + float(high.sum()), 0.0)


def test_a_raised_map_has_no_tile_at_vddh_that_it_can_do_without(design: DroopedDesign) -> None:
    pair = _Pair(design, (LOW, HIGH), (0.0, 0.0))
    period = 2000.0 - pair.slack("pb0", np.array([True, False, False, False]), np.zeros(4), 2000.0)
    points = [point("HLLL", 1e6 / (period + 0.5)), point("HHHH", 1e6 / (0.8 * period))]
    model = rails(0.05)
    (first, _) = drooped_points(replace(design, engines={"pb0": Counting()}), model, points)  # type: ignore[dict-item]
    assert not first.met
    assert drooped_points(design, model, points)[0].raised == "HHHH"
    # Timed by the same graph at the same drops, it meets the clock, and with any one of its tiles lower it does not.
    deepest = _Drops(model, points[1])
    drops = _Drops(model, points[0])
    timed = _Pair(design, (LOW, HIGH), (float(deepest.worst[0].max()), float(deepest.worst[1].max())))
    high = np.array([c == "H" for c in first.raised])
    assert _meets(timed, drops, points[0], high)
    assert 0 < high.sum() < 4
    for tile in np.flatnonzero(high):
        lower = high.copy()
        lower[tile] = False
        assert not _meets(timed, drops, points[0], lower)
    assert first.raised_power == 1.0 + first.raised.count("H")
    assert first.raised_slack_worst >= 0.0
    moved = settle_on_rails(points, [first], {"pb0": Counting()})[0]  # type: ignore[dict-item]
    assert (moved.assignment, moved.selector, moved.power_total_mw) == (first.raised, "best:raised", first.raised_power)
    assert (moved.power_glitch_mw, moved.nominal_power_mw) == (None, 1.0)


def test_what_all_tiles_at_vddh_miss_is_met_by_a_map_of_the_interval_above(
    technology: Technology, netlist: Netlist, design: DroopedDesign
) -> None:
    both = replace(design, technology=with_vdds(technology, (0.6, 0.7, LOW, 0.9, HIGH)))
    model = replace(
        rails(0.05),
        pairs=np.array([[0.6, LOW], [LOW, HIGH]]),
        resistance=np.full((2, 2, 4), 0.05),
        supplies=np.array([0.6, LOW, HIGH]),
        leakage=np.zeros((1, 3, 4)),
    )
    pair = _Pair(both, (LOW, HIGH), (0.0, 0.0))
    bits = {text: np.array([c == "H" for c in text]) for text in ("LLLL", "HHLL", "HHHH")}
    period = {text: 2000.0 - pair.slack("pb0", high, np.zeros(4), 2000.0) for text, high in bits.items()}
    # At the frequency that 0.8 V reaches with nothing to spare, tiles between 0.6 and 0.8 V can do no more.
    points = [
        replace(point("HHHH", 1e6 / (period["LLLL"] + 0.1)), vdd_l_v=0.6, vdd_h_v=LOW),
        point("HHLL", 1e6 / (period["HHLL"] + 0.1)),
        point("HHHH", 1e6 / (period["HHHH"] + 0.1)),
    ]
    found = drooped_points(both, model, points)
    assert [(one.raised, one.raised_supplies) for one in found] == [
        ("HHLL", (LOW, HIGH)), ("HHHH", (LOW, HIGH)), ("", None),
    ]  # fmt: skip
    first = settle_on_rails(points, found)[0]
    assert (first.vdd_l_v, first.vdd_h_v, first.tiles_high) == (LOW, HIGH, 2)
    assert first.drooped_slack_ps is not None
    assert first.drooped_slack_ps >= 0.0


def test_a_tile_that_drops_deeper_than_the_library_reaches_meets_no_clock(design: DroopedDesign) -> None:
    low = replace(design, technology=with_vdds(design.technology, (0.8, 0.9, 1.0)))
    # At 10 MHz nothing is late, but the drop of the fourth tile, 16 % of its rail, leads from 0.8 V to where no delay is known.
    drawn = rails(200.0)
    points = [point("LLLL", 10.0)]
    (found,) = drooped_points(low, drawn, points)
    assert found.drop_worst == pytest.approx(0.16, rel=1e-3)
    assert found.slack > 0.0
    assert found.slack_worst == -np.inf
    assert not found.met
    assert (found.raised, found.raised_supplies) == ("HHHH", (LOW, HIGH))
    assert found.raised_slack_worst > 0.0
    assert ",,false,0,4,HHHH," in drooped_csv(points, [found]).splitlines()[1]
    # Where no supply is high enough the point stays, and is said to be timed by nobody.
    (lost,) = drooped_points(low, rails(1000.0), points)
    assert (lost.raised, lost.met) == ("", False)
    assert settle_on_rails(points, [lost])[0].drooped_slack_ps is None
    checks = Checks()
    book_rails(checks, points, [lost])
    assert {kind: one["count"] for kind, one in checks.as_dict().items()} == {"rails_missed": 1, "rails_not_timed": 1}
