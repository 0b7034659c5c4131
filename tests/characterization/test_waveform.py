from __future__ import annotations

import numpy as np
import pytest

from finevh.characterization.bench.ramps import Step, build_stimulus
from finevh.characterization.bench.waveform import crossing, cumulative, last_crossing, windows


def test_crossing_is_exact_on_a_cubic() -> None:
    t = np.array([0.0, 1.0, 2.5, 3.0, 5.0])
    v = 0.1 * t**3 - 0.2 * t**2 + t
    level = 0.1 * 2.7**3 - 0.2 * 2.7**2 + 2.7
    assert crossing(t, v, level, 2) == pytest.approx(2.7, abs=1e-7)


def test_last_crossing_skips_a_glitch() -> None:
    t = np.arange(7.0)
    v = np.array([0, 1, 0, 0, 0.5, 1, 1.0])
    found = last_crossing(t, v, 0.5, rising=True)
    assert found is not None
    assert 3.0 < found <= 4.0


def test_a_wave_that_ends_below_never_rose() -> None:
    assert last_crossing(np.arange(4.0), np.array([0, 1, 1, 0.0]), 0.5, rising=True) is None


def test_charge_of_a_constant_current() -> None:
    np.testing.assert_allclose(cumulative(np.array([0.0, 2.0, 5.0]), np.array([2.0, 2.0, 2.0])), [0, 4, 10])


def test_steps_follow_each_other_and_keep_the_other_inputs() -> None:
    stimulus = build_stimulus({"A": 0.0, "B": 1.0}, [Step("A", 1.0, 4.0, 20.0), Step("B", 0.0, 8.0, 30.0)], 5.0)
    np.testing.assert_allclose(stimulus.start_ps, [5, 35])
    np.testing.assert_allclose(stimulus.ramp_end_ps, [15, 55])
    assert stimulus.length_ps == 85
    times, volts = stimulus.sources["B"]
    np.testing.assert_allclose(times, [0, 35, 55])
    np.testing.assert_allclose(volts, [1, 1, 0])
    spans = windows(np.linspace(0, 85, 171), stimulus.start_ps, stimulus.end_ps)
    assert [(w.first, w.last) for w in spans] == [(10, 70), (70, 170)]
