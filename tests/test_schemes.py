from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.config import voltage_grid
from finevh.errors import InputError, NotReachableError
from finevh.schemes import (
    Curve,
    FineVh,
    OperatingPoint,
    Scheme,
    SingleVoltageScheme,
    known_maps,
    points_csv,
    read_points_csv,
    schemes_of,
    single_voltage_curve,
)
from finevh.selection import Interval, Power, VoltageMap
from finevh.units import SLACK_TOLERANCE
from tests.selection.toy import random_design


@pytest.fixture(scope="module")
def curve() -> Curve:
    return single_voltage_curve(random_design(4, n_tiles=9), "toy", "pb0", voltage_grid(0.6, 1.0, 0.025))


def reached(scheme: Scheme, frequencies: Sequence[float]) -> list[OperatingPoint]:
    points = scheme.points(frequencies)
    assert all(isinstance(point, OperatingPoint) for point in points)
    return [point for point in points if isinstance(point, OperatingPoint)]


def test_ideal_dvfs_has_17_points() -> None:
    assert len(voltage_grid(0.6, 1.0, 0.025)) == 17
    assert voltage_grid(0.6, 1.0, 0.1) == (0.6, 0.7, 0.8, 0.9, 1.0)
    assert voltage_grid(1.08, 1.35, 0.27) == (1.08, 1.35)


def test_ideal_dvfs_runs_each_voltage_at_its_own_maximum_frequency(curve: Curve) -> None:
    points = reached(SingleVoltageScheme("ideal-dvfs", curve, 0.025), curve.frequencies)
    assert [point.vdd_v for point in points] == list(curve.vdds)
    assert all(abs(point.worst_slack_ps or 0.0) < 1e-6 for point in points)


@pytest.mark.parametrize("delta", [0.2, 0.1])
def test_single_voltage_schemes_coincide_at_grid_voltages(curve: Curve, delta: float) -> None:
    coarse = curve.coarser(delta)
    ideal = reached(SingleVoltageScheme("ideal-dvfs", curve, 0.025), coarse.frequencies)
    hopping, dithering, _ = (reached(scheme, coarse.frequencies) for scheme in schemes_of(curve, [delta], ["greedy"]))
    for a, b, c in zip(ideal, hopping, dithering, strict=True):
        assert a.power_total_mw == pytest.approx(b.power_total_mw, rel=1e-12)
        assert a.power_total_mw == pytest.approx(c.power_total_mw, rel=1e-12)


@pytest.mark.parametrize("delta", [0.2, 0.1])
def test_order_of_the_schemes(curve: Curve, delta: float) -> None:
    ideal = reached(SingleVoltageScheme("ideal-dvfs", curve, 0.025), curve.frequencies)
    hopping, dithering, fine, exact = (
        reached(s, curve.frequencies) for s in schemes_of(curve, [delta], ["greedy", "exact"])
    )
    for i, h, d, g, e in zip(ideal, hopping, dithering, fine, exact, strict=True):
        assert i.power_total_mw <= d.power_total_mw * (1 + 1e-12) <= h.power_total_mw * (1 + 1e-9)
        assert e.power_total_mw <= g.power_total_mw * (1 + 1e-12)
        assert e.power_total_mw <= h.power_total_mw * (1 + 1e-12)
        assert (g.worst_slack_ps or 0.0) >= -SLACK_TOLERANCE
        assert g.assignment.count("H") == g.tiles_high


def test_dithering_shares_time_so_that_the_average_frequency_is_met(curve: Curve) -> None:
    coarse = curve.coarser(0.2)
    f_low, f_high = coarse.frequencies[0], coarse.frequencies[1]
    _, dithering, _ = schemes_of(curve, [0.2], ["greedy"])
    low, middle, high = reached(dithering, [f_low, 0.25 * f_low + 0.75 * f_high, f_high])
    assert middle.power_total_mw == pytest.approx(0.25 * low.power_total_mw + 0.75 * high.power_total_mw)
    assert (middle.vdd_l_v, middle.vdd_h_v) == (0.6, 0.8)


def test_fine_vh_at_a_grid_frequency_uses_the_interval_below(curve: Curve) -> None:
    coarse = curve.coarser(0.1)
    *_, fine = schemes_of(curve, [0.1], ["greedy"])
    points = reached(fine, coarse.frequencies)
    assert [(p.vdd_l_v, p.vdd_h_v) for p in points] == [(0.6, 0.7), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)]
    assert points[0].assignment == "L" * 9
    assert points[0].area_low_fraction == 1.0


def test_frequency_out_of_reach_is_an_answer_of_every_scheme(curve: Curve) -> None:
    above = curve.frequencies[-1] * 1.01
    for scheme in schemes_of(curve, [0.2], ["greedy", "improved"]):
        (answer,) = scheme.points([above])
        assert isinstance(answer, NotReachableError)
        assert str(answer) == (
            f"{above:.3f} MHz is not reached (toy, variant pb0): the highest frequency is {curve.frequencies[-1]:.3f} MHz"
            " at 1.000 V; ask for a lower one"
        )


def test_parts_computed_apart_give_the_points_of_the_whole(curve: Curve) -> None:
    frequencies = [*curve.frequencies, 2 * max(curve.frequencies)]
    for scheme in schemes_of(curve, [0.2, 0.1], ["greedy"]):
        parts = scheme.parts(frequencies)
        assert [frequency for part in parts for frequency in part] == frequencies
        apart = [answer for part in parts for answer in scheme.answers(part)]
        assert [str(answer) for answer in apart] == [str(answer) for answer in scheme.answers(frequencies)]
    assert len(parts) == 5  # four intervals, and what none reaches


def test_blocked_algorithm_5_lowers_tiles_from_vdd_hopping_and_says_so() -> None:
    design = random_design(1, n_tiles=4)
    curve = single_voltage_curve(design, "toy", "pb0", (0.8, 1.0))

    class Blocked(type(design)):
        def critical_path(self, timing, period):
            tiles, delays = super().critical_path(timing, period)
            return tiles * 0 - 1, delays

    blocked = Blocked(design.paths, design.n_tiles)
    hopping, _, fine = schemes_of(
        Curve(blocked, "toy", "pb0", curve.vdds, curve.min_period, curve.energy), [0.2], ["greedy"]
    )
    (point,), (high,) = (reached(scheme, [curve.frequencies[-1]]) for scheme in (fine, hopping))
    assert point.selector == "greedy:lowered"
    assert (point.worst_slack_ps or 0.0) >= -SLACK_TOLERANCE
    assert point.power_total_mw <= high.power_total_mw * (1 + 1e-12)


def test_csv_has_the_columns_of_the_contract_and_leaves_absent_quantities_empty(curve: Curve) -> None:
    hopping, _, fine = schemes_of(curve, [0.2], ["greedy"])
    text = points_csv([*reached(hopping, curve.frequencies[:1]), *reached(fine, curve.frequencies[-1:])])
    assert text.splitlines()[0] == (
        "design,tiles,scheme,variant,delta_vdd_v,freq_mhz,vdd_l_v,vdd_h_v,vdd_v,tiles_high,area_low_fraction,worst_slack_ps,"
        "power_total_mw,power_switching_mw,power_internal_mw,power_leakage_mw,power_interface_leakage_mw,selector,assignment,"
        "power_clock_mw,power_glitch_mw,energy_per_cycle_pj,bound_mw,signoff,drooped_slack_ps,nominal_power_mw,"
        "weighed_power_mw,power_vdd_mux_leakage_mw"
    )
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["vdd_v"], first["vdd_l_v"], first["assignment"]) == ("0.6000", "", "")
    assert (second["vdd_l_v"], second["vdd_h_v"], second["vdd_v"]) == ("0.8000", "1.0000", "")


def test_points_read_back_as_they_were_written(curve: Curve) -> None:
    points = [p for s in schemes_of(curve, [0.2], ["greedy", "exact"]) for p in reached(s, curve.frequencies)]
    text = points_csv(points)
    again = read_points_csv(text)
    assert points_csv(again) == text
    assert [p.assignment for p in again] == [p.assignment for p in points]
    assert again[-1].bound_mw == pytest.approx(points[-1].bound_mw, rel=1e-6)
    assert again[0].bound_mw is None


def test_a_table_of_an_earlier_version_reads_with_empty_columns(curve: Curve) -> None:
    text = points_csv(reached(schemes_of(curve, [0.2], ["greedy"])[0], curve.frequencies[:1]))
    short = "\n".join(",".join(line.split(",")[:19]) for line in text.splitlines())
    (point,) = read_points_csv(short)
    assert (point.energy_per_cycle_pj, point.signoff) == (None, "")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("freq_mhz", "fast", "points.csv:2: column 'freq_mhz' holds 'fast', which is no number"),
        ("power_total_mw", "", "points.csv:2: column 'power_total_mw' is empty"),
        (
            "scheme",
            "magic",
            "points.csv:2: scheme 'magic' is not one of ideal-dvfs, vdd-hopping, vdd-dithering, fine-vh",
        ),
    ],
)
def test_a_damaged_table_is_refused(curve: Curve, column: str, value: str, message: str) -> None:
    header, row = points_csv(reached(schemes_of(curve, [0.2], ["greedy"])[0], curve.frequencies[:1])).splitlines()
    cells = row.split(",")
    cells[header.split(",").index(column)] = value
    with pytest.raises(InputError) as caught:
        read_points_csv(header + "\n" + ",".join(cells), "points.csv")
    assert str(caught.value) == message


def test_a_table_without_a_needed_column_is_refused() -> None:
    with pytest.raises(InputError, match="column 'tiles' is missing; the file is no operating-point table"):
        read_points_csv("design,scheme\nd,fine-vh\n")


def test_energy_per_cycle_is_power_over_frequency(curve: Curve) -> None:
    (point,) = reached(schemes_of(curve, [0.2], ["greedy"])[0], curve.frequencies[-1:])
    assert point.energy_per_cycle_pj == pytest.approx(1e3 * point.power_total_mw / point.freq_mhz)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), selector=st.sampled_from(["best", "exact"]))
def test_power_never_falls_when_frequency_rises(seed: int, selector: str) -> None:
    design = random_design(seed, n_tiles=6, n_paths=12, crossing=0.4, groups=6)
    curve = single_voltage_curve(design, "toy", "pb0", voltage_grid(0.6, 1.0, 0.025))
    for scheme in schemes_of(curve, [0.2, 0.1], [selector]):
        powers = [p.power_total_mw for p in reached(scheme, curve.frequencies)]
        assert all(a <= b * (1 + 1e-12) for a, b in itertools.pairwise(powers)), scheme.name


def test_a_map_of_a_higher_frequency_serves_a_lower_one_where_it_is_cheaper(curve: Curve) -> None:
    scheme = FineVh(curve.coarser(0.1), 0.1, "best", 0.2)
    answers = scheme.answers(curve.frequencies)
    known = known_maps(answers)
    dear, cheap = known[5], known[9]
    gift = replace(cheap, energy=replace(dear.energy, switching=0.1, internal=0.1))
    points = [p for p in scheme.settle(answers, [gift]) if isinstance(p, OperatingPoint)]
    shared = [p for p in points if p.selector == "best:shared"]
    assert shared
    assert all(p.assignment == gift.map.text and 1e6 / p.freq_mhz >= gift.min_period - SLACK_TOLERANCE for p in shared)
    assert all((p.worst_slack_ps or 0.0) >= -SLACK_TOLERANCE for p in points)


def test_maps_between_voltages_further_apart_than_allowed_are_not_taken(curve: Curve) -> None:
    scheme = FineVh(curve.coarser(0.1), 0.1, "best", 0.1)
    answers = scheme.answers(curve.frequencies[:6])
    known = known_maps(answers)[0]
    far = replace(
        known, map=VoltageMap(Interval(0.6, 0.8), known.map.high), energy=replace(known.energy, switching=0.0)
    )
    assert not any(isinstance(p, OperatingPoint) and ":shared" in p.selector for p in scheme.settle(answers, [far]))


def test_algorithm_5_keeps_its_own_curve(curve: Curve) -> None:
    scheme = FineVh(curve.coarser(0.1), 0.1, "greedy", 0.2)
    answers = scheme.answers(curve.frequencies)
    gift = replace(known_maps(answers)[-1], energy=replace(known_maps(answers)[-1].energy, switching=0.0))
    assert [a.result for a in answers] == scheme.settle(answers, [gift])


def test_a_mix_of_powers_is_their_time_average() -> None:
    mixed = Power(4.0, 1.0, 1.0, 2.0, 0.5).mix(Power(8.0, 2.0, 2.0, 4.0, 1.5), 0.25)
    assert mixed == Power(5.0, 1.25, 1.25, 2.5, 0.75)
