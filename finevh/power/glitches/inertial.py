"""Compiled event-driven evaluation with inertial delays: from one settled state to the next, counting every toggle.

Time is whole ticks after a clock edge. A gate has at most one change due. When inputs change, its function is looked up once
for all that changed in the tick: if it differs from what the output is or is about to be, a change that is due is taken back
(the pulse was shorter than the gate's delay), or a change falls due after the delay of the input that changed, the
quickest of those that changed together. So a pulse passes a gate if it is at least as long as the delay of its first edge.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.power.glitches.wiring import (
    DELAY,
    DUE,
    FALL,
    FAN,
    FAN_END,
    HEARD,
    LAST,
    MASK,
    NEXT,
    PATTERN,
    RISE,
    SHIFT,
    TABLE,
    TOGGLES,
    TOLD,
    EventPlan,
    EventState,
)

__all__ = ["OSCILLATES", "SETTLED", "replay", "settle", "start"]

SETTLED, OSCILLATES = -1, -2
_TOGGLES_PER_NET = 1000  # of a step, on average: no path structure of a circuit without loops makes so many
_LAST_TICK = 2**30  # ticks are kept in 32 bits: then they begin anew
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_BIT_OF = np.zeros(64, dtype=np.int64)
for _bit in range(64):
    _BIT_OF[((0x03F79D71B4CB0A89 << _bit) & (2**64 - 1)) >> 58] = _bit


@numba.njit(cache=True, nogil=True)
def start(w: EventPlan, s: EventState, value: NDArray[np.uint8]) -> None:
    """Take settled values (n_net) as they are, and forget what was counted."""
    s.value[:] = value
    s.gate[:, PATTERN] = 0
    s.gate[:, TOGGLES] = 0
    s.gate[:, HEARD] = -1
    for net in range(len(value)):
        if value[net]:
            for f in range(s.gate[net, FAN], s.gate[net, FAN_END]):
                s.gate[w.fan[f, TOLD], PATTERN] ^= w.fan[f, MASK]


@numba.njit(inline="always")
def _next_slot(filled: NDArray[np.uint64], mask: int, now: int) -> int:
    """First tick after ``now`` whose slot is filled; one is."""
    at = now + 1
    word = filled[(at & mask) >> 6] >> np.uint64(at & 63)
    while word == 0:
        at = ((at >> 6) + 1) << 6
        word = filled[(at & mask) >> 6]
    lowest = word & (~word + np.uint64(1))
    return at + int(_BIT_OF[(lowest * _DE_BRUIJN) >> np.uint64(58)])


@numba.njit(inline="always")
def _put(s: EventState, net: int, due: int, mask: int) -> None:
    """Let a net change at a tick."""
    at = due & mask
    first = s.slot[at]
    s.gate[net, DUE], s.gate[net, NEXT], s.gate[net, LAST] = due, first, -1
    if first >= 0:
        s.gate[first, LAST] = net
    s.slot[at] = net
    s.filled[at >> 6] |= np.uint64(1) << np.uint64(at & 63)


@numba.njit(inline="always")
def _take_back(s: EventState, net: int, mask: int) -> None:
    """Cancel the change of a net that is due."""
    at = s.gate[net, DUE] & mask
    after, before = s.gate[net, NEXT], s.gate[net, LAST]
    if after >= 0:
        s.gate[after, LAST] = before
    if before >= 0:
        s.gate[before, NEXT] = after
    else:
        s.slot[at] = after
        if after < 0:
            s.filled[at >> 6] &= ~(np.uint64(1) << np.uint64(at & 63))
    s.gate[net, DUE] = -1


@numba.njit(inline="always")
def _apply(w: EventPlan, s: EventState, n_flip: int, now: int) -> int:
    """Change the listed nets and tell their gates; returns how many gates heard."""
    fan, gate = w.fan, s.gate
    n_heard = 0
    for i in range(n_flip):
        net = s.flips[i]
        new = s.value[net] ^ 1
        s.value[net] = new
        gate[net, TOGGLES] += 1
        column = DELAY if new else DELAY + 2
        for f in range(gate[net, FAN], gate[net, FAN_END]):
            told = fan[f, TOLD]
            gate[told, PATTERN] ^= fan[f, MASK]
            rise, fall = fan[f, column], fan[f, column + 1]
            if gate[told, HEARD] == now:
                gate[told, RISE] = min(gate[told, RISE], rise)
                gate[told, FALL] = min(gate[told, FALL], fall)
            else:
                gate[told, HEARD], gate[told, RISE], gate[told, FALL] = now, rise, fall
                s.heard[n_heard] = told
                n_heard += 1
    return n_heard


@numba.njit(cache=True, nogil=True)
def settle(w: EventPlan, s: EventState, target: NDArray[np.uint8], origin: int) -> tuple[int, int]:
    """Let all sources change to their values of ``target`` (n_net) and run until nothing is due.

    ``origin`` is the tick before the clock edge; it goes on from step to step, so that no tick comes twice.

    Returns
    -------
    int
        ``SETTLED``; ``OSCILLATES``; or the first net that ended in another value than ``target`` has.
    int
        Tick after the last change.
    """
    gate, mask, budget = s.gate, w.wheel - 1, _TOGGLES_PER_NET * len(target) + 1000
    if origin > _LAST_TICK:
        gate[:, HEARD] = -1
        origin = 0
    now, n_due, i, n_source = origin, 0, 0, len(w.source)
    while True:
        while i < n_source and (
            s.value[w.source[i, 0]] == target[w.source[i, 0]] or target[w.source[i, 0]] != w.source[i, 1]
        ):
            i += 1
        if n_due:
            at = _next_slot(s.filled, mask, now)
            if i < n_source:
                at = min(at, origin + 1 + w.source[i, 2])
        elif i < n_source:
            at = origin + 1 + w.source[i, 2]
        else:
            break
        now = at
        n_flip = 0
        while i < n_source and origin + 1 + w.source[i, 2] == now:
            net = w.source[i, 0]
            if s.value[net] != target[net] and target[net] == w.source[i, 1]:
                s.flips[n_flip] = net
                n_flip += 1
            i += 1
        at = now & mask
        net = s.slot[at]
        if net >= 0 and gate[net, DUE] == now:
            s.slot[at] = -1
            s.filled[at >> 6] &= ~(np.uint64(1) << np.uint64(at & 63))
            while net >= 0:
                s.flips[n_flip] = net
                n_flip += 1
                gate[net, DUE] = -1
                n_due -= 1
                net = gate[net, NEXT]
        budget -= n_flip
        if budget < 0:
            return OSCILLATES, now
        for k in range(_apply(w, s, n_flip, now)):
            told = s.heard[k]
            new = (w.output[gate[told, TABLE] + gate[told, PATTERN]] >> gate[told, SHIFT]) & 1
            due = gate[told, DUE] >= 0
            if new == s.value[told] ^ due:
                continue
            if due:
                _take_back(s, told, mask)
                n_due -= 1
            else:
                _put(s, told, now + (gate[told, RISE] if new else gate[told, FALL]), mask)
                n_due += 1
    for k in range(len(target)):
        # Sources that nobody in the data logic hears follow at once.
        if s.value[k] != target[k]:
            if gate[k, TABLE] >= 0:
                return k, now
            s.value[k] = target[k]
            gate[k, TOGGLES] += 1
    return SETTLED, now


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def replay(
    w: EventPlan,
    s: EventState,
    before: NDArray[np.uint8],
    high: NDArray[np.uint8],
    after: NDArray[np.uint8],
    weight: NDArray[np.float64],
    glitches: NDArray[np.int64],
    energy: NDArray[np.float64],
) -> tuple[int, int]:
    """Run single cycles (n_cycle, n_net) from their settled values through both edges.

    Toggles beyond the settled ones are added to ``glitches`` (n_net) and, times ``weight`` (n_net), to ``energy`` (n_cycle).

    Returns
    -------
    int
        As :func:`settle`.
    int
        The cycle that did not settle.
    """
    origin = 0
    for k in range(len(before)):
        start(w, s, before[k])
        status, origin = settle(w, s, high[k], origin)
        if status == SETTLED:
            status, origin = settle(w, s, after[k], origin)
        if status != SETTLED:
            return status, k
        for net in range(len(weight)):
            count = s.gate[net, TOGGLES]
            if count:
                more = count - (before[k, net] ^ high[k, net]) - (high[k, net] ^ after[k, net])
                glitches[net] += more
                energy[k] += more * weight[net]
    return SETTLED, len(before)
