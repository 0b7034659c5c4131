"""Effective capacitance: the resistance of a driver by either rule, and what it moves."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from finevh.technology import Technology
from finevh.timing import TimingGraph, read_sdc
from finevh.timing.delay import effective_capacitance
from finevh.timing.delay.effective_capacitance import (
    COUNT,
    DT,
    LANES,
    N_NUMBERS,
    N_WHOLE,
    SLEW,
    T0,
    T50,
    DriverResistance,
    Worst,
)
from oracles.random_design import random_design, random_wires

# What kernels call, for Python.
add_arc, drive, drive_block = (
    numba.njit(error_model="numpy")(getattr(effective_capacitance, name).py_func)
    for name in ("add_arc", "drive", "drive_block")
)
SDC = "create_clock -name clk -period 4 [get_ports clk]\nset_output_delay 0.3 -clock clk [all_outputs]\n"


def ramp_behind_resistance(resistance: float, length: float, c2: float, rpi: float, c1: float) -> tuple[float, float]:
    """Time, ps, from the ramp's start to half the rail at the near end of a pi, and its slew 20 to 80 %; small steps."""
    step = length / 4000.0
    near = far = 0.0
    crossed: list[float] = []
    levels = [0.2, 0.5, 0.8]
    k = 0
    while len(crossed) < 3:
        source = min(k * step / length, 1.0)
        wire = (near - far) / rpi
        near += step * ((source - near) / resistance - wire) / c2
        far += step * wire / c1
        k += 1
        while len(crossed) < 3 and near >= levels[len(crossed)]:
            crossed.append(k * step)
    return crossed[1], crossed[2] - crossed[0]


def block() -> tuple[np.ndarray, np.ndarray]:
    """Memory for eight arcs and eight sinks."""
    return np.ones(N_NUMBERS * LANES), np.zeros(N_WHOLE * LANES, dtype=np.int64)


def nothing_yet(n_arc: int, elmore: np.ndarray) -> Worst:
    """What arcs with an entry and sinks of their own have found before they drive: all of them have sinks of the same delays."""
    lowest = [np.full(n, -np.inf) for n in (2 * n_arc * len(elmore), 2 * n_arc * len(elmore), 2 * n_arc)]
    return Worst(np.tile(np.repeat(elmore, 2), n_arc), *lowest, True)


def test_a_drivers_resistance_is_ln_2_times_the_slope_of_its_delay_at_the_nets_capacitance() -> None:
    # Delay 1 ps/fF up to 26 fF and 1.3 ps/fF beyond: the tangent at the net's 30 fF sees the second, the secant the first.
    axes = np.array([0.0, 100.0, 10.0, 26.0, 60.0])
    delays = np.array([10.0, 26.0, 26.0 + 1.3 * 34.0])
    table = np.tile(np.stack([delays, 1.4 * delays], axis=1).ravel(), 2)
    record = np.array([0, 2, 2, 3, 0], dtype=np.int32)
    near, wire, far = 15.0, 0.5, 15.0
    for rule, resistance in ((DriverResistance.TANGENT, 1.3 * math.log(2.0)), (DriverResistance.SECANT, 1.0)):
        w, whole = block()
        assert not add_arc(record, axes, 0, 50.0, 0.0, 1.0, near, wire, far, 0, 0, 0, w, whole)
        drive_block(axes, table, w, whole, nothing_yet(1, np.zeros(0)), 0.2, 0.8, int(rule), False)
        assert whole[COUNT * LANES] == 1, "its resistance hides something"
        assert drive(axes, table, w, whole, 1, 0.2, 0.8) == 1
        # The fitted ramp, integrated in small steps behind that resistance and the pi, crosses where the model says.
        ramp, start, crossed, slew = (float(w[row * LANES]) for row in (DT, T0, T50, SLEW))
        half, transition = ramp_behind_resistance(resistance, ramp, near, wire, far)
        assert start + half == pytest.approx(crossed, rel=0.02), rule
        assert transition == pytest.approx(slew, rel=0.02), rule


def test_an_arc_has_the_same_bits_alone_and_beside_any_others() -> None:
    rng = np.random.default_rng(11)
    slews, loads = np.geomspace(2.0, 300.0, 7), np.geomspace(0.4, 60.0, 7)
    delays = 4.0 + 0.1 * slews[:, None] + rng.uniform(1.0, 4.0) * loads + 0.002 * slews[:, None] * loads
    table = np.stack([delays, 2.0 + 1.6 * delays], axis=2).ravel()
    axes, record = np.concatenate([slews, loads]), np.array([0, 7, 7, 7, 0], dtype=np.int32)
    # Nets whose wire hides little and much, of two poles and of one, and some whose iteration ends nowhere.
    arcs = [
        (
            rng.uniform(1.0, 400.0),
            rng.uniform(0.0, 30.0),
            rng.uniform(0.8, 1.3),
            near,
            10.0 ** rng.uniform(-4, 2.5),
            far,
        )
        for near, far in zip(rng.choice([1e-5, 0.3, 4.0, 20.0], 240), rng.choice([0.5, 6.0, 40.0], 240), strict=True)
    ]
    elmore = rng.choice([0.0, 0.01, 3.0, 80.0], 6)

    def found(several: list[tuple[float, ...]], rule: DriverResistance) -> np.ndarray:
        """(n_arc, 26) delay and slew of arcs, and at the sinks behind the rising edge of each."""
        w, whole = block()
        worst = nothing_yet(len(several), elmore)
        for k, arc in enumerate(several):
            if add_arc(record, axes, 0, *arc, 2 * k, 12 * k, 6, w, whole):
                drive_block(axes, table, w, whole, worst, 0.2, 0.8, int(rule), False)
        drive_block(axes, table, w, whole, worst, 0.2, 0.8, int(rule), True)
        assert not whole[[COUNT * LANES, COUNT * LANES + 1, COUNT * LANES + 2]].any(), "nothing waits"
        return np.column_stack([part.reshape(len(several), -1) for part in (worst.entry, worst.delay, worst.slew)])

    hidden, fits = 0, set()
    for arc in arcs:
        w, whole = block()
        add_arc(record, axes, 0, *arc, 0, 0, 0, w, whole)
        drive_block(axes, table, w, whole, nothing_yet(1, elmore), 0.2, 0.8, 0, False)
        if whole[COUNT * LANES]:
            hidden += 1
            fits.add(int(drive(axes, table, w, whole, 1, 0.2, 0.8)))
    assert 150 < hidden < len(arcs), "some hide nothing"
    assert fits == {0, 1}, "some have a fit, some have none"
    for rule in DriverResistance:
        alone = np.concatenate([found([arc], rule) for arc in arcs])
        assert np.isfinite(alone[:, ::2]).all()
        for size in (2, 5, 8, 11, 240):
            for begin in range(0, len(arcs), size):
                together = found(arcs[begin : begin + size], rule)
                assert together.tobytes() == alone[begin : begin + size].tobytes(), (rule, size, begin)


def test_the_rule_moves_paths_over_wires_and_nothing_without(two_supplies: Technology) -> None:
    netlist = random_design(two_supplies, 4)
    wires = random_wires(netlist, 4)
    needs = [
        [
            TimingGraph(netlist, two_supplies, read_sdc(SDC), given, wire_model="ceff", driver_resistance=rule)
            .evaluate(0)
            .setup_need
            for rule in DriverResistance
        ]
        for given in (wires, None)
    ]
    reached = np.isfinite(needs[0][0])
    assert (needs[0][0] != needs[0][1])[reached].any()
    assert np.abs(needs[0][0] - needs[0][1])[reached].max() < 0.05 * np.abs(needs[0][0][reached]).max()
    assert np.array_equal(needs[1][0], needs[1][1])
