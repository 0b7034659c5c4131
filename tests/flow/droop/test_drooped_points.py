"""Points on drooped rails: drops by hand, timing against single supplies, raised maps against every map."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.constraints import single_clock
from finevh.errors import InputError
from finevh.flow.droop.drooped_pair import LEVELS, DroopedDesign, DroopedPair, Drops, _levels, drops_between
from finevh.flow.droop.drooped_points import book_rails, drooped_csv, drooped_points, settle_on_rails
from finevh.flow.droop.rails import RailModel, droop_table, transitions_table
from finevh.flow.timing_graph import timed_types
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.power.tiles.tile_terms import collect
from finevh.schemes import OperatingPoint
from finevh.selection import Bits, Energy, Interval, TilePower
from finevh.selection.engine import TiledTiming
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from finevh.units import SLACK_TOLERANCE, frequency_mhz, period_ps

LIBRARY = Path(__file__).resolve().parents[3] / "libs" / "finevh45"
LOW, HIGH = 0.8, 1.0


@pytest.fixture(scope="module")
def technology() -> Technology:
    """The library with cells without bias alone: the others take time."""
    whole = load_technology(LIBRARY / "technology.toml")
    return replace(whole, variants=whole.variants[:1], corner_of=whole.corner_of[:1])


@pytest.fixture(scope="module")
def netlist(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    """A register behind a chain of forty inverters that goes through four tiles."""
    lines = ["module chain (input clk, input d, output q);", "wire n0; DFF_X1 r0 (.CK(clk), .D(d), .Q(n0));"]
    lines += [f"wire n{k + 1}; INV_X1 i{k} (.A(n{k}), .ZN(n{k + 1}));" for k in range(40)]
    lines += ["DFF_X1 r1 (.CK(clk), .D(n40), .Q(q));", "endmodule", ""]
    source = tmp_path_factory.mktemp("chain") / "chain.v"
    source.write_text("\n".join(lines), encoding="utf-8")
    return read_verilog(source, with_vdds(technology, (LOW, HIGH)))


SUPPLIES = (0.6, 0.7, 0.8, 0.9, 1.0)
WEIGHTS = np.array([1.0, 1.3, 0.7, 1.1])


class Weighed(TiledTiming):
    """A timed design whose tiles draw their weight times the square of their supply, mW, and 0.1 where the next one is lower."""

    single_period: dict[int, float]

    def weigh(self, interval: Interval, high: Bits) -> Energy:
        vdd = np.where(high, interval.high, interval.low)
        behind = 0.1 * float((high[:-1] & ~high[1:]).sum())
        return Energy(0.0, 0.0, float((WEIGHTS * vdd**2).sum()) + behind, behind)

    def tile_power(self, interval: Interval) -> TilePower:
        tiles = np.arange(4, dtype=np.int32)[:, None]
        own = WEIGHTS[:, None] * np.array([interval.low, interval.high]) ** 2
        pairs = np.array([[k, k + 1] for k in range(3)], dtype=np.int32)
        behind = np.tile([0.0, 0.1, 0.0, 0.0], (3, 1))
        nothing = collect(4, [(tiles, np.zeros((4, 2)))])
        return TilePower(nothing, collect(4, [(tiles, own), (pairs, behind)]))


@pytest.fixture(scope="module")
def design(technology: Technology, netlist: Netlist) -> DroopedDesign:
    tile = np.array([int(name[1:]) // 10 if name[0] == "i" else 0 for name in netlist.instance_names], dtype=np.int32)

    def graph(library: Technology) -> TimingGraph:
        return TimingGraph(netlist, library, single_clock("clk", 2000.0), None)

    library = with_vdds(technology, SUPPLIES)
    fixed = np.zeros(netlist.n_cells, dtype=bool)
    engine = Weighed(library, graph(library), netlist.cell_variant, tile, 4, fixed)
    single = {row: engine.graph.with_port_vdd(row).evaluate(np.int32(row)).min_period() for row in range(len(SUPPLIES))}
    object.__setattr__(engine, "single_period", single)
    return DroopedDesign(technology, tile, {"pb0": netlist.cell_variant}, graph, {"pb0": engine})  # type: ignore[dict-item]


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


def test_programs_are_followed_side_by_side_with_the_same_drops() -> None:
    one = rails(500.0)  # something is left at the end of a cycle
    both = replace(
        one,
        programs=("short", "long"),
        drawn=np.concatenate([one.drawn, 3.0 * one.drawn[:, ::-1]]),
        leakage=np.zeros((2, 2, 4)),
    )
    points = [point("LLHH", 500.0), point("HHHH", 1000.0)]
    tables = [droop_table(found) for jobs in (1, 2) if (found := both.droop(points, jobs)) is not None]
    assert tables[0] == tables[1]
    assert ",long," in tables[0]


def test_a_leaking_tile_drops_all_the_time() -> None:
    model = replace(rails(2.0), leakage=np.full((1, 2, 4), 0.01))
    droop = model.droop([point("LLLL", 500.0)])
    assert droop is not None
    assert np.allclose(droop.drop.worst, 0.02)


def flat(drop: float) -> Drops:
    """Every tile at one drop, on either supply."""
    return Drops(np.full((2, 4), drop), np.full((2, 4), drop))


def bits(text: str) -> Bits:
    return np.array([char == "H" for char in text])


EVERY = ["".join("LH"[number >> k & 1] for k in range(4)) for number in range(16)]


def test_drops_by_state_are_those_of_any_map() -> None:
    model = rails(0.7)
    drops = drops_between(model, (LOW, HIGH), [400.0, 700.0])
    for frequency, found in drops.items():
        for text in ("LHLH", "HLHL"):
            droop = model.droop([point(text, frequency)])
            assert droop is not None
            assert np.array_equal(np.where(bits(text), found.worst[1], found.worst[0]), droop.worst[0])
            assert np.array_equal(np.where(bits(text), found.usual[1], found.usual[0]), droop.usual[0])
            assert found.greatest(bits(text)) == (droop.usual.max(), droop.worst.max())


@pytest.mark.parametrize("seed", range(5))
def test_levels_lose_least_of_all_choices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    volts = 0.8 - rng.integers(1, 9, 30) / 1e3

    def lost(levels: tuple[float, ...]) -> float:
        return float(sum(volt - max((one for one in levels if one <= volt + 1e-9), default=-np.inf) for volt in volts))

    found = tuple(_levels(volts))
    assert len(found) <= LEVELS
    assert list(found) == sorted(found, reverse=True)
    every = itertools.combinations(np.unique(volts).tolist(), min(LEVELS, len(np.unique(volts))))
    assert lost(found) == pytest.approx(min(map(lost, every)), abs=1e-9)


def test_equal_drops_time_as_the_lower_supply_does(
    technology: Technology, netlist: Netlist, design: DroopedDesign
) -> None:
    pair = DroopedPair(design, (LOW, HIGH), [flat(0.0), flat(0.05)])
    high = np.ones(4, dtype=bool)
    library = with_vdds(technology, (0.95 * HIGH, HIGH))
    graph = design.graph(library).with_port_vdd(1)
    for drop, row in ((0.0, 1), (0.05, 0)):
        found = pair.slack("pb0", high, np.full((2, 4), drop), 2000.0)
        assert found == pytest.approx(graph.evaluate(np.int32(row)).worst_slack(2000.0), abs=1e-6)
    mixed = [pair.slack("pb0", high, np.array([[0.0] * 4, [0.05 * k, 0, 0, 0]]), 2000.0) for k in (0, 1)]
    assert mixed[1] < mixed[0] - 1.0


def periods(design: DroopedDesign, supplies: tuple[float, float] = (LOW, HIGH)) -> dict[str, float]:
    """Minimum periods of all maps at the supplies themselves, ps."""
    return {text: design.engines["pb0"].evaluate(Interval(*supplies), bits(text)).min_period for text in EVERY}


class EachOwnSupply:
    """Maps by full evaluations in a library with a supply for every tile, without any levels."""

    def __init__(self, design: DroopedDesign, model: RailModel, frequency: float) -> None:
        drops = drops_between(model, (LOW, HIGH), [frequency])[frequency]
        self.period = period_ps(frequency)
        both = [np.array([LOW, HIGH])[:, None] * (1.0 - each) for each in (drops.usual, drops.worst)]
        self.volts = [np.floor(1e3 * each + 1e-6) / 1e3 for each in both]
        library = with_vdds(design.technology, [*np.ravel(self.volts), HIGH], beyond=0.06)
        self.vdds, self.tile = library.vdds, design.tile
        self.graph = design.graph(library).with_port_vdd(len(library.vdds) - 1)

    def meets(self, text: str) -> bool:
        for volts in self.volts:
            own = np.where(bits(text), volts[1], volts[0])
            row = np.array([int(np.abs(self.vdds - volt).argmin()) for volt in own], dtype=np.int32)
            if self.graph.evaluate(row[self.tile]).worst_slack(self.period) < -SLACK_TOLERANCE:
                return False
        return True


def test_tables_of_the_cell_types_of_the_design_alone_make_the_same_points(design: DroopedDesign) -> None:
    graph = design.engines["pb0"].graph
    alone = replace(design, timed=timed_types(graph.netlist, graph.constraints))
    assert alone.timed is not None
    assert len(alone.timed) < len(design.technology.cells.names)
    known = periods(design)
    points = [point(text, frequency_mhz(known[text] + 0.5)) for text in ("LLLL", "HHLL", "HHHH")]
    assert drooped_points(alone, rails(0.2), points) == drooped_points(design, rails(0.2), points)


@pytest.mark.parametrize("resistance", [0.05, 0.2])
def test_a_raised_map_is_the_cheapest_of_all_that_meet_the_clock(design: DroopedDesign, resistance: float) -> None:
    model, known = rails(resistance), periods(design)
    chosen = ["LLLL", "HHLL", "HHHH"]
    points = [point(text, frequency_mhz(known[text] + 0.5)) for text in chosen]
    found = drooped_points(design, model, points)
    assert [one.number for one in found] == list(range(3))
    assert all(0.0 <= one.slack < 1.0 and one.slack_worst < one.slack_usual + 1e-9 < one.slack for one in found)
    assert not any(one.met for one in found)
    engine = design.engines["pb0"]
    for one in found:
        frequency = points[one.number].freq_mhz
        power = {text: engine.weigh(Interval(LOW, HIGH), bits(text)).power(frequency) for text in EVERY}
        alone = EachOwnSupply(design, model, frequency)
        able = [text for text in EVERY if alone.meets(text)]
        if not able:
            assert not one.raised
            continue
        # Four tiles at three frequencies have more drops than there are levels: a little is lost by rounding.
        assert one.raised_supplies == (LOW, HIGH)
        assert alone.meets(one.raised)
        assert power[one.raised] == pytest.approx(min(power[text] for text in able))
        assert one.raised_power == pytest.approx(power[one.raised])
        assert one.raised_slack > one.raised_slack_usual >= one.raised_slack_worst >= 0.0
    assert not found[-1].raised  # all tiles are at VddH


def test_points_take_raised_maps_and_say_both_numbers(design: DroopedDesign) -> None:
    known = periods(design)
    points = [point(text, frequency_mhz(known[text] + 0.5)) for text in ("LLLL", "HHLL", "HHHH")]
    found = drooped_points(design, rails(0.1), points)
    lines = drooped_csv(points, found).splitlines()
    assert lines[-1].endswith(",false,4,,,1,,,,,,")
    settled = settle_on_rails(points, found, design.engines)
    assert [one.assignment for one in settled[:2]] == [one.raised for one in found[:2]]
    assert [one.selector for one in settled] == ["best:raised", "best:raised", "best"]
    assert all(one.drooped_slack_ps is not None and one.drooped_slack_ps >= 0.0 for one in settled[:-1])
    assert settled[-1].drooped_slack_ps == found[-1].slack_worst < 0.0
    assert [one.nominal_power_mw for one in settled] == 3 * [1.0]
    assert [one.power_total_mw for one in settled] == [found[0].raised_power, found[1].raised_power, 1.0]
    assert all(one.power_glitch_mw is None for one in settled)
    checks = Checks()
    book_rails(checks, points, found)
    assert {kind: found["count"] for kind, found in checks.as_dict().items()} == {"rails_raised": 2, "rails_missed": 1}
    strong = drooped_points(design, rails(0.0), points)
    assert all(one.met and one.raised == points[one.number].assignment for one in strong)
    assert [
        replace(one, drooped_slack_ps=None, nominal_power_mw=None)
        for one in settle_on_rails(points, strong, design.engines)
    ] == points


def stacked(model: RailModel, *pairs: tuple[float, float]) -> RailModel:
    """The same tiles between several pairs of supplies."""
    supplies = np.unique(pairs)
    return replace(
        model,
        pairs=np.array(pairs),
        resistance=np.repeat(model.resistance, len(pairs), axis=0),
        supplies=supplies,
        leakage=np.zeros((1, len(supplies), 4)),
    )


def test_what_all_tiles_at_vddh_miss_is_met_by_a_map_of_another_pair(design: DroopedDesign) -> None:
    model = stacked(rails(0.05), (0.6, LOW), (LOW, HIGH))
    known = periods(design)
    # At the frequency that 0.8 V reaches with nothing to spare, tiles between 0.6 and 0.8 V can do no more.
    points = [
        replace(point("HHHH", frequency_mhz(known["LLLL"] + 0.1)), vdd_l_v=0.6, vdd_h_v=LOW),
        point("HHLL", frequency_mhz(known["HHLL"] + 0.1)),
        point("HHHH", frequency_mhz(known["HHHH"] + 0.1)),
    ]
    found = drooped_points(design, model, points)
    assert [one.raised_supplies for one in found] == [(LOW, HIGH), (LOW, HIGH), None]
    first = settle_on_rails(points, found, design.engines)[0]
    assert (first.vdd_l_v, first.vdd_h_v) == (LOW, HIGH)
    assert 0 < (first.tiles_high or 0) < 4
    assert EachOwnSupply(design, model, first.freq_mhz).meets(first.assignment)


def test_the_cheapest_pair_of_the_points_own_grid_is_taken(design: DroopedDesign) -> None:
    model = stacked(rails(0.02), (0.6, 0.7), (0.6, LOW), (0.7, LOW), (LOW, 0.9), (LOW, HIGH), (0.9, HIGH))
    slow = frequency_mhz(periods(design, (0.6, LOW))["LLLL"] + 0.5)
    wide = replace(point("LLLL", slow), vdd_l_v=0.6, vdd_h_v=LOW)
    fine = replace(wide, delta_vdd_v=0.1, selector="best:shared")
    both = drooped_points(design, model, [wide, fine])
    # A point on the grid of 0.1 V may have any pair that is no wider than those of the run; one of 0.2 V none of the narrow ones.
    assert [one.raised_supplies for one in both] == [(0.6, LOW), (0.6, 0.7)]
    assert both[1].raised_power is not None
    assert both[0].raised_power is not None
    assert both[1].raised_power < both[0].raised_power


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
    # The fourth tile alone has to go up.
    assert (found.raised, found.raised_supplies) == ("LLLH", (LOW, HIGH))
    assert found.raised_slack_worst > 0.0
    assert ",,false,0,1,LLLH," in drooped_csv(points, [found]).splitlines()[1]
    # Where no supply is high enough the point stays, and is said to be timed by nobody.
    (lost,) = drooped_points(low, rails(1000.0), points)
    assert (lost.raised, lost.met) == ("", False)
    assert settle_on_rails(points, [lost], design.engines)[0].drooped_slack_ps is None
    checks = Checks()
    book_rails(checks, points, [lost])
    assert {kind: one["count"] for kind, one in checks.as_dict().items()} == {"rails_missed": 1, "rails_not_timed": 1}


def test_a_gap_of_supplies_beyond_the_derates_is_one_points_trouble_alone(design: DroopedDesign) -> None:
    # A tenth off 0.8 V: 0.72 V driven from 1 V is further apart than any pair of supplies that was characterised.
    model = rails(125.0)
    points = [point("LLLL", 10.0), replace(point("HLLL", 11.0), variant="pb0")]
    found = drooped_points(design, model, points)
    assert all(not one.trouble for one in found)
    assert all(one.drop_worst > 0.09 for one in found)
    assert all(one.raised and "H" in one.raised for one in found)
    assert all(one.raised_slack_worst >= 0.0 for one in found)
    # The tiles that drop less stay where they are.
    assert all("L" in one.raised for one in found)


def test_one_pair_that_cannot_be_timed_leaves_the_others_judged(
    design: DroopedDesign, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = stacked(rails(0.1), (0.6, LOW), (LOW, HIGH))
    known = periods(design)
    points = [
        replace(point("LLLL", 100.0), vdd_l_v=0.6, vdd_h_v=LOW),
        point("HHLL", frequency_mhz(known["HHLL"] + 0.1)),
    ]
    plain = DroopedPair.slack

    def broken(self: DroopedPair, *rest: object) -> float:
        if self.supplies[0] == 0.6:
            raise InputError("no such derate")
        return plain(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(DroopedPair, "slack", broken)
    first, second = drooped_points(design, model, points)
    assert first.trouble == "no such derate"
    assert first.raised_supplies == (LOW, HIGH)  # what the pair above can do
    assert not second.trouble
    assert second.raised
    checks = Checks()
    book_rails(checks, points, [replace(first, raised="", raised_power=None), second])
    assert checks.as_dict()["rails_not_timed"]["examples"] == ["no such derate"]
