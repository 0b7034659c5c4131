"""Compiled event-driven evaluation with inertial delays: from one settled state to the next, counting every toggle.

Time is whole ticks after a clock edge. A gate has at most one change due. When inputs change, its function is looked up once
for all that changed in the tick: if it differs from what the output is or is about to be, a change that is due is taken back
(the pulse was shorter than the gate's delay), or a change falls due after the delay of the input that changed, the
quickest of those that changed together. So a pulse passes a gate if it is at least as long as the delay of its first edge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.power.glitches.wiring import (
    DELAY,
    DUE,
    FALL,
    FAN,
    FAN_END,
    FAN_WORDS,
    GATE_WORDS,
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

_Place = int | np.integer[Any]
"""A number of a net, a tick or a place in an array, of any width."""
SETTLED, OSCILLATES = -1, -2
TOGGLES_PER_NET = 1000  # of a step, on average: no path structure of a circuit without loops makes so many
_LAST_TICK = 2**30  # ticks are kept in 32 bits: then they begin anew
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_BIT_OF = np.zeros(64, dtype=np.int64)
for _bit in range(64):
    _BIT_OF[((0x03F79D71B4CB0A89 << _bit) & (2**64 - 1)) >> 58] = _bit


@callee(forceinline=True)
def _at(row: _Place, column: int) -> np.uint64:
    """Where a gate's column is in ``EventState.gate``, laid out flat; unsigned, since a sign is looked at before each access."""
    return np.uint64(row) * np.uint64(GATE_WORDS) + np.uint64(column)


@callee(forceinline=True)
def _told(fan: NDArray[np.int32], at: _Place, column: int) -> np.int32:
    """A column of the row of ``EventPlan.fan`` that begins at ``at``, laid out flat."""
    found: np.int32 = fan[np.uint64(at) + np.uint64(column)]
    return found


@callee(forceinline=True)
def _fans(gate: NDArray[np.int32], net: _Place) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Where the rows of ``EventPlan.fan`` that a net has begin, laid out flat: from, to and step."""
    words = np.uint64(FAN_WORDS)
    return np.uint64(gate[_at(net, FAN)]) * words, np.uint64(gate[_at(net, FAN_END)]) * words, words


@callee(forceinline=True)
def _bring(w: EventPlan, s: EventState, value: NDArray[np.uint8]) -> None:
    """Bring all nets to settled values (n_net); gates hear of those that differ."""
    gate, fan, known = s.gate.reshape(-1), w.fan.reshape(-1), s.value
    whole = len(value) // 8
    old, new = known[: 8 * whole].view(np.uint64), value[: 8 * whole].view(np.uint64)  # most are alike: eight at once
    for i in range(whole + 1):
        if i < whole and old[i] == new[i]:
            continue
        for net in range(8 * i, min(8 * i + 8, len(value))):
            if known[net] != value[net]:
                known[net] = value[net]
                first, last, step = _fans(gate, net)
                for f in range(first, last, step):
                    gate[_at(_told(fan, f, TOLD), PATTERN)] ^= _told(fan, f, MASK)


@kernel(nogil=True)
def start(w: EventPlan, s: EventState, value: NDArray[np.uint8]) -> None:
    """Take settled values (n_net) as they are, and forget what was counted."""
    _bring(w, s, value)
    s.gate[:, TOGGLES] = 0
    s.gate[:, HEARD] = -1
    s.toggled[:] = 0


@callee(forceinline=True)
def lowest(word: np.uint64) -> np.uint64:
    """The lowest bit of a word that is not zero."""
    return word & (~word + np.uint64(1))


@callee(forceinline=True)
def bit_number(bit: np.uint64) -> int:
    """Number of the only bit of a word."""
    return int(_BIT_OF[(bit * _DE_BRUIJN) >> np.uint64(58)])


@callee(forceinline=True)
def put_in(words: NDArray[np.uint64], number: _Place) -> None:
    words[np.uint64(number) >> np.uint64(6)] |= np.uint64(1) << (np.uint64(number) & np.uint64(63))


@callee(forceinline=True)
def clear(words: NDArray[np.uint64], number: _Place) -> None:
    words[np.uint64(number) >> np.uint64(6)] &= ~(np.uint64(1) << (np.uint64(number) & np.uint64(63)))


@callee(forceinline=True)
def next_slot(filled: NDArray[np.uint64], mask: int, now: int) -> int:
    """First tick after ``now`` whose slot is filled; one is."""
    at = now + 1
    word = filled[np.uint64((at & mask) >> 6)] >> np.uint64(at & 63)
    while word == 0:
        at = ((at >> 6) + 1) << 6
        word = filled[np.uint64((at & mask) >> 6)]
    return at + bit_number(lowest(word))


@callee(forceinline=True)
def _put(
    gate: NDArray[np.int32], slot: NDArray[np.int32], filled: NDArray[np.uint64], net: _Place, due: _Place, mask: int
) -> None:
    """Let a net change at a tick."""
    at = np.uint64(due & mask)
    first = slot[at]
    gate[_at(net, DUE)], gate[_at(net, NEXT)], gate[_at(net, LAST)] = due, first, -1
    if first >= 0:
        gate[_at(first, LAST)] = net
    slot[at] = net
    put_in(filled, at)


@callee(forceinline=True)
def _take_back(
    gate: NDArray[np.int32], slot: NDArray[np.int32], filled: NDArray[np.uint64], net: _Place, mask: int
) -> None:
    """Cancel the change of a net that is due."""
    at = np.uint64(gate[_at(net, DUE)] & mask)
    after, before = gate[_at(net, NEXT)], gate[_at(net, LAST)]
    if after >= 0:
        gate[_at(after, LAST)] = before
    if before >= 0:
        gate[_at(before, NEXT)] = after
    else:
        slot[at] = after
        if after < 0:
            clear(filled, at)
    gate[_at(net, DUE)] = -1


# Columns by name: arrays that are taken out of tuples again and again cost more than the loop itself.
@callee(forceinline=True)
def _apply(
    fan: NDArray[np.int32],
    gate: NDArray[np.int32],
    value: NDArray[np.uint8],
    toggled: NDArray[np.uint64],
    flips: NDArray[np.int32],
    heard: NDArray[np.int32],
    n_flip: int,
    now: int,
) -> int:
    """Change the listed nets and tell their gates; returns how many gates heard."""
    n_heard = 0
    for i in range(n_flip):
        net = np.uint64(flips[np.uint64(i)])
        new = value[net] ^ 1
        value[net] = new
        gate[_at(net, TOGGLES)] += 1
        put_in(toggled, net)
        column = DELAY if new else DELAY + 2
        first, last, step = _fans(gate, net)
        for f in range(first, last, step):
            told = _told(fan, f, TOLD)
            gate[_at(told, PATTERN)] ^= _told(fan, f, MASK)
            rise, fall = _told(fan, f, column), _told(fan, f, column + 1)
            again = gate[_at(told, HEARD)] == now
            if again:
                rise, fall = min(gate[_at(told, RISE)], rise), min(gate[_at(told, FALL)], fall)
            gate[_at(told, HEARD)], gate[_at(told, RISE)], gate[_at(told, FALL)] = now, rise, fall
            heard[np.uint64(n_heard)] = told
            n_heard += 0 if again else 1
    return n_heard


@kernel(nogil=True)
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
    # Arrays of tuples are counted each time that they are taken out: once here.
    fan, gate, value, toggled = w.fan.reshape(-1), s.gate.reshape(-1), s.value, s.toggled
    slot, filled, flips, heard, source, output = s.slot, s.filled, s.flips, s.heard, w.source, w.output
    mask, budget = w.wheel - 1, TOGGLES_PER_NET * len(target) + 1000
    if origin > _LAST_TICK:
        s.gate[:, HEARD] = -1
        origin = 0
    now, n_due, i, n_source = origin, 0, 0, len(source)
    while True:
        while i < n_source and (value[source[i, 0]] == target[source[i, 0]] or target[source[i, 0]] != source[i, 1]):
            i += 1
        if n_due:
            at = next_slot(filled, mask, now)
            if i < n_source:
                at = min(at, origin + 1 + source[i, 2])
        elif i < n_source:
            at = origin + 1 + source[i, 2]
        else:
            break
        now = at
        n_flip = 0
        while i < n_source and origin + 1 + source[i, 2] == now:
            net = source[i, 0]
            if value[net] != target[net] and target[net] == source[i, 1]:
                flips[n_flip] = net
                n_flip += 1
            i += 1
        here = np.uint64(now & mask)
        net = slot[here]
        if net >= 0 and gate[_at(net, DUE)] == now:
            slot[here] = -1
            clear(filled, here)
            while net >= 0:
                flips[np.uint64(n_flip)] = net
                n_flip += 1
                gate[_at(net, DUE)] = -1
                n_due -= 1
                net = gate[_at(net, NEXT)]
        budget -= n_flip
        if budget < 0:
            return OSCILLATES, now
        for k in range(_apply(fan, gate, value, toggled, flips, heard, n_flip, now)):
            told = heard[np.uint64(k)]
            outputs = output[np.uint64(gate[_at(told, TABLE)] + gate[_at(told, PATTERN)])]
            new = (outputs >> gate[_at(told, SHIFT)]) & 1
            due = gate[_at(told, DUE)] >= 0
            if new == value[np.uint64(told)] ^ due:
                continue
            if due:
                _take_back(gate, slot, filled, told, mask)
                n_due -= 1
            else:
                when = now + (gate[_at(told, RISE)] if new else gate[_at(told, FALL)])
                _put(gate, slot, filled, told, when, mask)
                n_due += 1
    return _follow(s, target), now


@callee(forceinline=True)
def _follow(s: EventState, target: NDArray[np.uint8]) -> int:
    """Let sources that nobody in the data logic hears follow at once; ``SETTLED``, or the first other net that differs."""
    whole = len(target) // 8
    here, there = s.value[: 8 * whole].view(np.uint64), target[: 8 * whole].view(np.uint64)
    for i in range(whole + 1):
        if i < whole and here[i] == there[i]:
            continue
        for net in range(8 * i, min(8 * i + 8, len(target))):
            if s.value[net] != target[net]:
                if s.gate[net, TABLE] >= 0:
                    return net
                s.value[net] = target[net]
                s.gate[net, TOGGLES] += 1
                put_in(s.toggled, net)
    return SETTLED


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def replay(
    w: EventPlan,
    s: EventState,
    before: NDArray[np.uint8],
    high: NDArray[np.uint8],
    after: NDArray[np.uint8],
    weight: NDArray[np.float64],
    glitches: NDArray[np.int32],
    energy: NDArray[np.float64],
) -> tuple[int, int]:
    """Run single cycles (n_cycle, n_net) from their settled values through both edges.

    Toggles beyond the settled ones are added to ``glitches`` (n_cycle, n_net), or (1, n_net) for all cycles together, and, times
    ``weight`` (n_net), to ``energy`` (n_cycle).

    Returns
    -------
    int
        As :func:`settle`.
    int
        The cycle that did not settle.
    """
    origin = 0
    s.gate[:, HEARD] = -1
    for k in range(len(before)):
        _bring(w, s, before[k])
        status, origin = settle(w, s, high[k], origin)
        if status == SETTLED:
            status, origin = settle(w, s, after[k], origin)
        if status != SETTLED:
            return status, k
        row = min(k, len(glitches) - 1)
        for i in range(len(s.toggled)):
            word = s.toggled[i]
            s.toggled[i] = 0
            while word:
                bit = lowest(word)
                word ^= bit
                net = (i << 6) + bit_number(bit)
                more = s.gate[net, TOGGLES] - (before[k, net] ^ high[k, net]) - (high[k, net] ^ after[k, net])
                s.gate[net, TOGGLES] = 0
                glitches[row, net] += more
                energy[k] += more * weight[net]
    return SETTLED, len(before)
