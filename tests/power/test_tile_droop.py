"""The voltage of a tile behind its Vdd-MUXes: by hand, and against ngspice with the same pulses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from finevh.characterization.bench.ngspice import simulate
from finevh.power.tile_droop import droop_fractions, summarise_droop


def test_one_cycle_follows_the_exponential() -> None:
    # 10 fF of charge over supply out of 100 fF is a tenth; after one time constant 1 / e of it is left.
    found = droop_fractions(np.array([[10.0], [0.0]]), np.array([100.0]), np.array([[500.0]]), np.array([500.0]))
    assert np.allclose(found[:, 0, 0], [0.1 / np.e, 0.1 / np.e**2])


def test_steady_drawing_ends_at_current_times_resistance_where_the_time_constant_is_long() -> None:
    resistance, capacitance, period = 2.0, 1e4, 100.0
    charge = np.full((5000, 1), 50.0)
    found = droop_fractions(charge, np.array([capacitance]), np.array([[resistance * capacitance]]), np.array([period]))
    # I R over V: charge over supply per period is the conductance drawn, 0.5 fF/ps; times 2 kOhm.
    assert np.isclose(found[-1, 0, 0], 50.0 / period * resistance, rtol=5e-3)


def test_a_tile_that_holds_nothing_drops_nothing() -> None:
    found = droop_fractions(np.array([[5.0, 5.0]]), np.array([0.0, 10.0]), np.array([[0.0, 10.0]]), np.array([10.0]))
    assert found[0, 0, 0] == 0.0
    assert found[0, 0, 1] > 0.0


def test_the_summary_is_the_worst_and_the_usual_of_each_point() -> None:
    rng = np.random.default_rng(1)
    switched, capacitance = rng.exponential(3.0, (4000, 2)), np.array([100.0, 300.0])
    constants, periods = np.array([[400.0, 900.0], [1000.0, 300.0]]), np.array([700.0, 1300.0])
    every = droop_fractions(switched, capacitance, constants, periods)
    found = summarise_droop(switched, capacitance, constants, periods)
    assert np.array_equal(found.worst, every.max(axis=0))
    assert (found.usual < found.worst).all()
    # A cycle goes at most as deep as what it finds and all of its own charge.
    assert (found.dip >= found.worst).all()
    assert np.allclose(found.dip[0, 0], max(every[k - 1, 0, 0] + switched[k, 0] / 100.0 for k in range(1, 4000)))
    assert ((every > found.usual).mean(axis=0) <= 1e-3).all()
    assert (found.mean_usual < found.mean_worst).all()


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed: apt-get install ngspice")
def test_two_hundred_cycles_agree_with_ngspice(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    cycles, period, vdd = 200, 2000.0, 0.9
    capacitance, resistance = 4000.0, 0.6  # fF, kOhm: a time constant of 1.2 cycles
    charge = rng.exponential(60.0, cycles)  # fC
    # Each cycle draws its charge in a triangle of 100 ps right after the clock edge.
    points = ["0 0"]
    for cycle, q in enumerate(charge):
        start = cycle * period
        points += [f"{start:g}p 0", f"{start + 50:g}p {q / 50.0:.9g}m", f"{start + 100:g}p 0"]
    deck = [
        "* a tile behind its Vdd-MUXes",
        f"vrail rail 0 {vdd}",
        f"rmux rail tile {resistance}k",
        f"ctile tile 0 {capacitance}f ic={vdd}",
        f"idraw tile 0 pwl({' '.join(points)})",
        ".control",
        f"tran 10p {cycles * period:g}p 0 10p uic",
        "write out.raw v(tile)",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(deck) + "\n", 1, tmp_path)[0]
    ends = np.interp((np.arange(cycles) + 1) * period * 1e-12, plot.vectors["time"], plot.vectors["v(tile)"])
    found = droop_fractions(
        (charge / vdd)[:, None], np.array([capacitance]), np.array([[resistance * capacitance]]), np.array([period])
    )[:, 0, 0]
    assert np.allclose(found * vdd, vdd - ends, rtol=0.05, atol=2e-4)


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed: apt-get install ngspice")
@pytest.mark.parametrize("width", [100.0, 1900.0])
def test_the_average_drop_of_a_cycle_is_that_of_ngspice_whenever_it_draws(width: float, tmp_path: Path) -> None:
    # A time constant of 80 ps, as tiles have: the drop is as long as the current, its average over the cycle is the same.
    cycles, period, vdd, capacitance, resistance = 40, 2000.0, 0.9, 800.0, 0.1
    charge = np.random.default_rng(3).exponential(600.0, cycles)  # fC
    points = ["0 0"]
    for cycle, q in enumerate(charge):
        start, top = cycle * period, q / (width - 10.0)
        points += [
            f"{start:g}p 0",
            f"{start + 10:g}p {top:.9g}m",
            f"{start + width - 10:g}p {top:.9g}m",
            f"{start + width:g}p 0",
        ]
    deck = [
        "* a tile behind its Vdd-MUXes",
        f"vrail rail 0 {vdd}",
        f"rmux rail tile {resistance}k",
        f"ctile tile 0 {capacitance}f ic={vdd}",
        f"idraw tile 0 pwl({' '.join(points)})",
        ".control",
        f"tran 5p {cycles * period:g}p 0 5p uic",
        "write out.raw v(tile)",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(deck) + "\n", 1, tmp_path)[0]
    time, drop = plot.vectors["time"] * 1e12, vdd - plot.vectors["v(tile)"]
    total = np.concatenate([[0.0], np.cumsum(0.5 * (drop[1:] + drop[:-1]) * np.diff(time))])
    mean = np.diff(np.interp(np.arange(cycles + 1) * period, time, total)) / period
    found = summarise_droop(
        (charge / vdd)[:, None], np.array([capacitance]), np.array([[resistance * capacitance]]), np.array([period])
    )
    assert np.isclose(found.mean_worst[0, 0] * vdd, mean.max(), rtol=0.05)
