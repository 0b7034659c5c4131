"""Delays of the pins of the data logic, where the timing knows some of their arcs alone."""

from __future__ import annotations

import numpy as np

from finevh.power.glitches.delays import ABSENT, GlitchDelays
from finevh.power.glitches.wiring import GatePins, pin_ticks

X = ABSENT


def test_edges_without_an_arc_take_the_slowest_of_their_pin_and_pins_without_any_that_of_their_cell() -> None:
    pin, net = np.arange(4), np.array([0, 0, 0, 1])
    pins = GatePins(pin, net, np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64), np.zeros(1, dtype=np.uint8))
    # By edge of the input, then of the output: an inverting pin, one of both senses, one in the timing without any arc.
    known = np.array([[[X, 7], [5, X]], [[3, 9], [4, X]], [[X, X], [X, X]]], dtype=np.int32)
    delays = GlitchDelays(pin[:3].astype(np.int32), net[:3].astype(np.int32), known, np.zeros((2, 2), dtype=np.int32))
    ticks, missing = pin_ticks(pins, delays, 2)
    assert ticks.tolist() == [[[5, 7], [5, 7]], [[3, 9], [4, 9]], [[5, 9], [5, 9]], [[1, 1], [1, 1]]]
    assert missing.tolist() == [False, False, True, True]
