"""Effective capacitance: the resistance of a driver by either rule, and what it moves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from finevh.technology import Technology
from finevh.timing import TimingGraph, read_sdc
from finevh.timing.delay.effective_capacitance import CAPACITIVE, KIND, N_DRIVER, DriverResistance, drive
from oracles.random_design import random_design, random_wires

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


def test_a_drivers_resistance_is_ln_2_times_the_slope_of_its_delay_at_the_nets_capacitance() -> None:
    # Delay 1 ps/fF up to 26 fF and 1.3 ps/fF beyond: the tangent at the net's 30 fF sees the second, the secant the first.
    axes = np.array([0.0, 100.0, 10.0, 26.0, 60.0])
    delays = np.array([10.0, 26.0, 26.0 + 1.3 * 34.0])
    table = np.tile(np.stack([delays, 1.4 * delays], axis=1).ravel(), 2)
    record = np.array([[0, 2, 2, 3, 0]], dtype=np.int32)
    near, wire, far = 15.0, 0.5, 15.0
    for rule, resistance in ((DriverResistance.TANGENT, 1.3 * math.log(2.0)), (DriverResistance.SECANT, 1.0)):
        wave = np.zeros(N_DRIVER)
        _, slew = drive(record, axes, table, 0, 50.0, 0.0, 1.0, near, wire, far, 0.2, 0.8, int(rule), 0.0, wave)
        assert wave[KIND] != CAPACITIVE
        # The fitted ramp, integrated in small steps behind that resistance and the pi, crosses where the model says.
        half, transition = ramp_behind_resistance(resistance, float(wave[2]), near, wire, far)
        assert wave[1] + half == pytest.approx(wave[11], rel=0.02), rule
        assert transition == pytest.approx(slew, rel=0.02), rule


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
