"""Compiled event-driven evaluation of sixty-four cycles side by side, a bit of a word for each; same toggles as one by one.

Delays are those of a voltage map, the same in every cycle, so paths that many cycles take change the same nets at the same ticks:
such a change is handled once for all of them (parallel patterns: M. Abramovici, M. Breuer and A. Friedman, Digital Systems
Testing and Testable Design, 1990, ch. 3). The rules of a gate are those of :mod:`finevh.power.glitches.inertial_events`, word by
word; of its output several changes may be due at different ticks, each in cycles of its own.

What is out of the ordinary (loops that oscillate or remember, memory that does not suffice) is not told apart here: the caller
asks the other kernel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee, constants
from finevh.power.glitches.inertial_events import SETTLED, TOGGLES_PER_NET, bit_number, clear, lowest, next_slot, put_in
from finevh.power.glitches.wiring import DELAY, FAN, FAN_END, FAN_WORDS, MASK, PIN, SHIFT, TABLE, TOLD, EventPlan

__all__ = ["CYCLES", "GIVEN_UP", "WordState", "gate_words", "new_words", "replay_words"]

_Place = int | np.integer[Any]
"""A number of a net, a tick or a place in an array, of any width."""
_Word = Any
"""Sixty-four bits, unsigned: one of each cycle."""
CYCLES = 64
"""Cycles of a word."""
GIVEN_UP = -3
"""What is not settled by this kernel: see the module."""
_INPUTS = 6
"""Most inputs of a gate: its truth table is a word."""
# Columns of ``WordState.gate``: two cache lines each.
_NEXT, _DUE, _INPUT, _FUNCTION, _FAN, _FAN_END, _SIZE, _HEARD, _FIRST, _CAUSE = constants(0, 1, 2, 8, 9, 10, 11, 12, 13, 14)
_WORDS = 16
_PLANES = 8
"""Bits of the counter of a net's toggles in a cycle."""
# Columns of ``WordState.change``.
_NET, _TICK, _IN_SLOT, _OF_GATE = constants(*range(4))
_SPARE = 1024
_GROUPS = 4 * _INPUTS
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class WordState(NamedTuple):
    """What the kernel writes; two-dimensional arrays laid out flat."""

    value: NDArray[np.uint64]
    """(n_net)."""
    gate: NDArray[np.uint64]
    """(n_net, 16): value once nothing is due, cycles in which a change is due, inputs (6), truth table, first and last place in
    ``EventPlan.fan``, number of inputs (0: a source), tick in which an input changed last, first change due, last cause of that
    tick."""
    planes: NDArray[np.uint64]
    """(n_net, 8) toggles in each cycle, the lowest bits first."""
    toggled: NDArray[np.uint64]
    """(n_net / 64) bit per net that has toggles counted."""
    slot: NDArray[np.int32]
    """(wheel,) first change of each slot, 0 for none."""
    filled: NDArray[np.uint64]
    """(wheel / 64) bit per slot."""
    change: NDArray[np.int32]
    """(n_change, 4): net, tick, the next in its slot, the next of its net; the first row is none."""
    change_cycles: NDArray[np.uint64]
    free: NDArray[np.int32]
    """Rows of ``change`` that are not in use, the next to be used last."""
    flips: NDArray[np.int32]
    flip_cycles: NDArray[np.uint64]
    heard: NDArray[np.int32]
    cause: NDArray[np.int32]
    """(n_fan + 1, 2) place in ``EventPlan.fan`` of a pin that changed in this tick, the cause before it of the same gate."""
    cause_cycles: NDArray[np.uint64]
    memory: NDArray[np.uint64]


def gate_words(plan: EventPlan, gate: NDArray[np.int32]) -> NDArray[np.uint64] | None:
    """(n_net, 16) the columns of ``WordState.gate`` that do not change; None where a gate has too many inputs or ignores one.

    ``plan`` and ``gate`` as of :func:`finevh.power.glitches.wiring.plan_events`, of any delays.
    """
    size = np.zeros(len(gate), dtype=np.int64)
    np.maximum.at(size, plan.fan[:, TOLD], plan.fan[:, PIN] + 1)
    if size.max(initial=0) > _INPUTS or not plan.fan[:, MASK].all():
        return None
    words = np.zeros((len(gate), _WORDS), dtype=np.uint64)
    words[:, _SIZE] = size
    words[:, _FAN], words[:, _FAN_END] = gate[:, FAN] * FAN_WORDS, gate[:, FAN_END] * FAN_WORDS
    nets = np.flatnonzero(size > 0)
    for pattern in range(1 << _INPUTS):
        nets = nets[pattern < (1 << size[nets])]
        outputs = plan.output[gate[nets, TABLE] + pattern].astype(np.uint64)
        words[nets, _FUNCTION] |= (outputs >> gate[nets, SHIFT].astype(np.uint64) & _ONE) << np.uint64(pattern)
    return words


def new_words(plan: EventPlan, words: NDArray[np.uint64]) -> WordState:
    """State with the columns of :func:`gate_words` and memory for the delays of a plan."""
    n_nets, n_fans, n_changes = len(words), len(plan.fan), len(words) + _SPARE
    room = np.zeros((n_nets + 1) * _WORDS, dtype=np.uint64)
    skip = -room.ctypes.data % (8 * _WORDS) // 8
    gate = room[skip : skip + n_nets * _WORDS]
    gate[:] = words.reshape(-1)
    return WordState(
        value=np.zeros(n_nets, dtype=np.uint64),
        gate=gate,
        planes=np.zeros(n_nets * _PLANES, dtype=np.uint64),
        toggled=np.zeros(n_nets // 64 + 1, dtype=np.uint64),
        slot=np.zeros(plan.wheel, dtype=np.int32),
        filled=np.zeros(plan.wheel // 64, dtype=np.uint64),
        change=np.zeros(4 * (n_changes + 1), dtype=np.int32),
        change_cycles=np.zeros(n_changes + 1, dtype=np.uint64),
        free=np.arange(n_changes, 0, -1, dtype=np.int32),
        flips=np.zeros(n_nets + 1, dtype=np.int32),
        flip_cycles=np.zeros(n_nets + 1, dtype=np.uint64),
        heard=np.zeros(n_nets + 1, dtype=np.int32),
        cause=np.zeros(2 * (n_fans + 1), dtype=np.int32),
        cause_cycles=np.zeros(n_fans + 1, dtype=np.uint64),
        memory=np.zeros(1 << (_INPUTS - 3), dtype=np.uint64),
    )


@callee(forceinline=True)
def _at(net: _Place, column: int) -> np.uint64:
    """Where a net's column is in ``WordState.gate``; unsigned, since a sign is looked at before each access."""
    return np.uint64(net) * np.uint64(_WORDS) + np.uint64(column)


@callee(forceinline=True)
def _row(change: _Place, column: int) -> np.uint64:
    """Where a column of a change is in ``WordState.change``."""
    return np.uint64(change) * np.uint64(4) + np.uint64(column)


@callee(forceinline=True)
def _of_one(table: _Word, x: _Word) -> _Word:
    """The function of one input whose table is in the two lowest bits."""
    low = _ZERO - (table & _ONE)
    return low ^ ((_ZERO - ((table ^ (table >> _ONE)) & _ONE)) & x)


@callee(forceinline=True)
def _either(low: _Word, high: _Word, x: _Word) -> _Word:
    """``high`` in the cycles in which ``x`` is 1, ``low`` elsewhere."""
    return low ^ ((low ^ high) & x)


@callee(forceinline=True)
def _of_three(table: _Word, x: _Word, y: _Word, z: _Word) -> _Word:
    """The function of three inputs whose table is in the eight lowest bits."""
    two, four, six = table >> np.uint64(2), table >> np.uint64(4), table >> np.uint64(6)
    low, high = _either(_of_one(table, x), _of_one(two, x), y), _either(_of_one(four, x), _of_one(six, x), y)
    return _either(low, high, z)


@callee(forceinline=True)
def _output(gate: NDArray[np.uint64], net: _Place, memory: NDArray[np.uint64]) -> _Word:
    """What a gate makes of its inputs, by halving its truth table input by input."""
    table, size = gate[_at(net, _FUNCTION)], gate[_at(net, _SIZE)]
    first, second, third = gate[_at(net, _INPUT)], gate[_at(net, _INPUT + 1)], gate[_at(net, _INPUT + 2)]
    found = _of_three(table, first, second, third)
    if size <= np.uint64(3):  # inputs that it does not have are zero
        return found
    left = _ONE << (size - np.uint64(3))
    memory[0] = found
    for k in range(_ONE, left):
        memory[np.uint64(k)] = _of_three(table >> np.uint64(8 * k), first, second, third)
    at = _at(net, _INPUT + 3)
    while left > _ONE:
        left >>= _ONE
        for k in range(left):
            memory[np.uint64(k)] = _either(memory[np.uint64(2 * k)], memory[np.uint64(2 * k + 1)], gate[at])
        at += _ONE
    return memory[np.uint64(0)]


@callee(forceinline=True)
def _changed(value: NDArray[np.uint64], target: NDArray[np.uint64], net: _Place, becomes: _Place) -> _Word:
    """Cycles in which a source has to change to 1, or to 0."""
    here, there = value[np.uint64(net)], target[np.uint64(net)]
    return (here ^ there) & (there if becomes else ~there)


# Columns by name: arrays that are taken out of tuples again and again cost more than the loop itself.
@callee(forceinline=True)
def _put(
    gate: NDArray[np.uint64],
    change: NDArray[np.int32],
    change_cycles: NDArray[np.uint64],
    slot: NDArray[np.int32],
    filled: NDArray[np.uint64],
    free: NDArray[np.int32],
    n_free: int,
    net: _Place,
    tick: _Place,
    cycles: _Word,
    mask: int,
) -> int:
    """Let a net change at a tick in some cycles; returns how many rows are left, -1 where none was."""
    first = _at(net, _FIRST)
    row = np.int64(gate[first])
    while row:
        if change[_row(row, _TICK)] == tick:
            change_cycles[np.uint64(row)] |= cycles
            return n_free
        row = np.int64(change[_row(row, _OF_GATE)])
    if n_free == 0:
        return -1
    row = np.int64(free[np.uint64(n_free - 1)])
    at = np.uint64(tick & mask)
    change[_row(row, _NET)], change[_row(row, _TICK)] = net, tick
    change[_row(row, _IN_SLOT)], change[_row(row, _OF_GATE)] = slot[at], np.int32(gate[first])
    change_cycles[np.uint64(row)] = cycles
    gate[first], slot[at] = np.uint64(row), row
    put_in(filled, at)
    return n_free - 1


# Columns by name.
@callee(forceinline=True)
def _take_slot(
    gate: NDArray[np.uint64],
    change: NDArray[np.int32],
    change_cycles: NDArray[np.uint64],
    row: _Place,
    free: NDArray[np.int32],
    n_free: int,
    flips: NDArray[np.int32],
    flip_cycles: NDArray[np.uint64],
    n_flip: int,
) -> tuple[int, int]:
    """List the changes of a slot from ``row`` on and give up their rows; returns how many are free and how many flip."""
    while row:
        net, cycles = change[_row(row, _NET)], change_cycles[np.uint64(row)]
        first, after = _at(net, _FIRST), change[_row(row, _OF_GATE)]
        other = np.int64(gate[first])
        if other == row:
            gate[first] = np.uint64(after)
        else:
            while change[_row(other, _OF_GATE)] != row:
                other = np.int64(change[_row(other, _OF_GATE)])
            change[_row(other, _OF_GATE)] = after
        free[np.uint64(n_free)] = row
        n_free += 1
        if cycles:  # not all taken back
            gate[_at(net, _DUE)] ^= cycles
            flips[np.uint64(n_flip)], flip_cycles[np.uint64(n_flip)] = net, cycles
            n_flip += 1
        row = np.int64(change[_row(row, _IN_SLOT)])
    return n_free, n_flip


@callee(forceinline=True)
def _count(planes: NDArray[np.uint64], toggled: NDArray[np.uint64], net: _Place, cycles: _Word) -> _Word:
    """Count a toggle of a net in some cycles; returns those whose counter is full."""
    put_in(toggled, net)
    at = np.uint64(net) * np.uint64(_PLANES)
    end = at + np.uint64(_PLANES)
    while cycles and at < end:
        both = planes[at] & cycles
        planes[at] ^= cycles
        cycles = both
        at += _ONE
    return cycles


# Columns by name.
@callee(forceinline=True)
def _tell(
    fan: NDArray[np.int32],
    gate: NDArray[np.uint64],
    value: NDArray[np.uint64],
    net: _Place,
    cycles: _Word,
    now: int,
    cause: NDArray[np.int32],
    cause_cycles: NDArray[np.uint64],
    n_cause: int,
    heard: NDArray[np.int32],
    n_heard: int,
) -> tuple[int, int]:
    """Change a net in some cycles and tell its gates; returns how many causes and how many gates there are in this tick."""
    value[np.uint64(net)] ^= cycles
    at, end = gate[_at(net, _FAN)], gate[_at(net, _FAN_END)]
    while at < end:
        told = fan[at]
        gate[_at(told, _INPUT) + np.uint64(fan[at + np.uint64(PIN)])] ^= cycles
        again = gate[_at(told, _HEARD)] == np.uint64(now)
        before = np.int32(gate[_at(told, _CAUSE)]) if again else np.int32(0)
        cause[np.uint64(2 * n_cause)], cause[np.uint64(2 * n_cause + 1)] = np.int32(at), before
        cause_cycles[np.uint64(n_cause)] = cycles
        gate[_at(told, _HEARD)], gate[_at(told, _CAUSE)] = np.uint64(now), np.uint64(n_cause)
        heard[np.uint64(n_heard)] = told
        n_heard += 0 if again else 1
        n_cause += 1
        at += np.uint64(FAN_WORDS)
    return n_cause, n_heard


# Columns by name.
@callee(forceinline=True)
def _delays(
    fan: NDArray[np.int32],
    gate: NDArray[np.uint64],
    net: _Place,
    new: _Word,
    wanted: _Word,
    first: _Place,
    cause: NDArray[np.int32],
    cause_cycles: NDArray[np.uint64],
    delay: NDArray[np.int32],
    delay_cycles: NDArray[np.uint64],
) -> int:
    """Delays by which a gate follows inputs that changed, ascending, each in some of the ``wanted`` cycles; returns how many."""
    n = 0
    while first:
        at = np.uint64(cause[np.uint64(2 * first)])
        some = wanted & cause_cycles[np.uint64(first)]
        x = gate[_at(net, _INPUT) + np.uint64(fan[at + np.uint64(PIN)])]
        for way in range(4):  # rise-rise, rise-fall, fall-rise, fall-fall
            cycles = some & (x if way < 2 else ~x) & (~new if way & 1 else new)
            if cycles:
                ticks, k = fan[at + np.uint64(DELAY + way)], n
                while k > 0 and delay[np.uint64(k - 1)] > ticks:
                    delay[np.uint64(k)], delay_cycles[np.uint64(k)] = (
                        delay[np.uint64(k - 1)],
                        delay_cycles[np.uint64(k - 1)],
                    )
                    k -= 1
                delay[np.uint64(k)], delay_cycles[np.uint64(k)] = ticks, cycles
                n += 1
        first = np.int64(cause[np.uint64(2 * first + 1)])
    return n


@callee(forceinline=True)
def _cycles_of(cause: NDArray[np.int32], cause_cycles: NDArray[np.uint64], first: _Place) -> _Word:
    """Cycles in which any input of a gate changed."""
    cycles = cause_cycles[np.uint64(first)]
    first = np.int64(cause[np.uint64(2 * first + 1)])
    while first:
        cycles |= cause_cycles[np.uint64(first)]
        first = np.int64(cause[np.uint64(2 * first + 1)])
    return cycles


@callee(forceinline=True)
def _take_back(change: NDArray[np.int32], change_cycles: NDArray[np.uint64], first: _Place, cycles: _Word) -> None:
    """Cancel the changes of a gate that are due in some cycles."""
    while cycles:
        here = change_cycles[np.uint64(first)]
        change_cycles[np.uint64(first)] = here & ~cycles
        cycles &= ~here
        first = np.int64(change[_row(first, _OF_GATE)])


# Long: the loop over ticks, its parts by name; arrays of tuples are counted each time that they are taken out.
@callee()
def _settle(w: EventPlan, s: WordState, target: NDArray[np.uint64], origin: int) -> tuple[int, int]:
    """Let all sources change to their values of ``target`` (n_net) and run until nothing is due.

    Returns ``SETTLED`` or ``GIVEN_UP``, and the tick after the last change.
    """
    fan, source, gate, value, planes, toggled = w.fan.reshape(-1), w.source, s.gate, s.value, s.planes, s.toggled
    slot, filled, change, change_cycles, free = s.slot, s.filled, s.change, s.change_cycles, s.free
    flips, flip_cycles, heard, cause, cause_cycles = s.flips, s.flip_cycles, s.heard, s.cause, s.cause_cycles
    delay, delay_cycles = np.empty(_GROUPS, dtype=np.int32), np.empty(_GROUPS, dtype=np.uint64)
    mask, budget, n_free, n_source = w.wheel - 1, TOGGLES_PER_NET * len(target) + 1000, len(free), len(source)
    now, i = origin, 0
    while True:
        while i < n_source and _changed(value, target, source[i, 0], source[i, 1]) == _ZERO:
            i += 1
        if n_free == len(free) and i == n_source:
            break
        tick = origin + 1 + source[i, 2] if i < n_source else np.iinfo(np.int64).max
        if n_free < len(free):
            tick = min(tick, next_slot(filled, mask, now))
        now, n_flip, n_cause, n_heard = tick, 0, 1, 0
        while i < n_source and origin + 1 + source[i, 2] == now:
            cycles = _changed(value, target, source[i, 0], source[i, 1])
            if cycles:
                flips[np.uint64(n_flip)], flip_cycles[np.uint64(n_flip)] = source[i, 0], cycles
                n_flip += 1
            i += 1
        n_sources, here = n_flip, np.uint64(now & mask)
        row = np.int64(slot[here])
        if row:
            slot[here] = 0
            clear(filled, here)
            n_free, n_flip = _take_slot(gate, change, change_cycles, row, free, n_free, flips, flip_cycles, n_flip)
        budget -= n_flip
        for k in range(n_flip):
            net, cycles = flips[np.uint64(k)], flip_cycles[np.uint64(k)]
            # A source has no glitches.
            if budget < 0 or (k >= n_sources and _count(planes, toggled, net, cycles)):
                return GIVEN_UP, now
            n_cause, n_heard = _tell(fan, gate, value, net, cycles, now, cause, cause_cycles, n_cause, heard, n_heard)
        for k in range(n_heard):
            net = heard[np.uint64(k)]
            first, due = np.int64(gate[_at(net, _CAUSE)]), gate[_at(net, _DUE)]
            new = _output(gate, net, s.memory)
            differs = (new ^ gate[_at(net, _NEXT)]) & _cycles_of(cause, cause_cycles, first)
            if differs == _ZERO:
                continue
            _take_back(change, change_cycles, np.int64(gate[_at(net, _FIRST)]), differs & due)
            gate[_at(net, _DUE)] = due ^ differs
            gate[_at(net, _NEXT)] ^= differs
            left = differs & ~due
            if left == _ZERO:
                continue
            for d in range(_delays(fan, gate, net, new, left, first, cause, cause_cycles, delay, delay_cycles)):
                # The quickest of those that changed together.
                cycles = delay_cycles[np.uint64(d)] & left
                left ^= cycles
                if cycles:
                    tick = now + delay[np.uint64(d)]
                    n_free = _put(gate, change, change_cycles, slot, filled, free, n_free, net, tick, cycles, mask)
                    if n_free < 0:
                        return GIVEN_UP, now
    return _follow(gate, value, target), now


@callee(forceinline=True)
def _follow(gate: NDArray[np.uint64], value: NDArray[np.uint64], target: NDArray[np.uint64]) -> int:
    """Let sources that nobody in the data logic hears follow at once; ``GIVEN_UP`` where any other net differs."""
    for net in range(len(target)):
        if value[net] != target[net]:
            if gate[_at(net, _SIZE)]:
                return GIVEN_UP
            value[net] = target[net]
    return SETTLED


@callee(forceinline=True)
def _bring(
    fan: NDArray[np.int32], gate: NDArray[np.uint64], value: NDArray[np.uint64], settled: NDArray[np.uint64]
) -> None:
    """Bring all nets, and the inputs of all gates, to settled values (n_net)."""
    for net in range(len(settled)):
        value[net] = gate[_at(net, _NEXT)] = settled[net]
        gate[_at(net, _HEARD)] = ~_ZERO
        at, end = gate[_at(net, _FAN)], gate[_at(net, _FAN_END)]
        while at < end:
            gate[_at(fan[at], _INPUT) + np.uint64(fan[at + np.uint64(PIN)])] = settled[net]
            at += np.uint64(FAN_WORDS)


@callee(forceinline=True)
def _less(planes: NDArray[np.uint64], at: np.uint64, cycles: _Word) -> None:
    """Take a settled toggle in some cycles from the counters that begin at ``at``."""
    while cycles:
        before = planes[at]
        planes[at] = before ^ cycles
        cycles &= ~before
        at += _ONE


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def replay_words(
    w: EventPlan,
    s: WordState,
    before: NDArray[np.uint64],
    high: NDArray[np.uint64],
    after: NDArray[np.uint64],
    weight: NDArray[np.float64],
    glitches: NDArray[np.int32],
    energy: NDArray[np.float64],
) -> int:
    """Run the cycles of a word (n_net) from their settled values through both edges.

    Toggles beyond the settled ones are added to ``glitches`` (64, n_net), or (1, n_net) for all cycles together, and, times
    ``weight`` (n_net), net by net to ``energy`` (64).

    Returns
    -------
    int
        ``SETTLED``; or ``GIVEN_UP``, and then nothing is added and the state cannot be used any more.
    """
    planes = s.planes
    _bring(w.fan.reshape(-1), s.gate, s.value, before)
    origin = 0
    for half in range(2):  # one call: it is compiled into this place
        status, origin = _settle(w, s, after if half else high, origin)
        if status != SETTLED:
            return GIVEN_UP
    for i in range(len(s.toggled)):
        word = s.toggled[i]
        s.toggled[i] = _ZERO
        while word:
            bit = lowest(word)
            word ^= bit
            net = (i << 6) + bit_number(bit)
            first = np.uint64(net * _PLANES)
            _less(planes, first, before[net] ^ high[net])
            _less(planes, first, high[net] ^ after[net])
            left = _ZERO
            for plane in range(_PLANES):
                left |= planes[first + np.uint64(plane)]
            while left:
                bit = lowest(left)
                left ^= bit
                k, more = bit_number(bit), np.int64(0)
                for plane in range(_PLANES):
                    more += np.int64(planes[first + np.uint64(plane)] >> np.uint64(k) & _ONE) << plane
                glitches[min(k, len(glitches) - 1), net] += more
                energy[k] += more * weight[net]
            for plane in range(_PLANES):
                planes[first + np.uint64(plane)] = _ZERO
    return SETTLED
