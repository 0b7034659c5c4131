"""Compiled event-driven evaluation of 256 cycles side by side, a bit of a word for each; same toggles as one by one.

Delays are those of a voltage map, the same in every cycle, so paths that many cycles take change the same nets at the same ticks:
such a change is handled once for all of them (parallel patterns: M. Abramovici, M. Breuer and A. Friedman, Digital Systems
Testing and Testable Design, 1990, ch. 3). The rules of a gate are those of :mod:`finevh.power.glitches.inertial_events`, word by
word; of its output several changes may be due at different ticks, each in cycles of its own.

A word is a vector of four numbers, on which the processor computes in one instruction. In nearly every tick in which a gate hears
of a change one of its inputs changes alone: then its output differs in the cycles in which its Boolean difference to that
input is 1, a function of its other inputs (ibid., ch. 6).

What is out of the ordinary (loops that oscillate or remember, memory that does not suffice) is not told apart here: the caller
asks the other kernel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee, constants
from finevh.base.kernel import kernel
from finevh.power.glitches import wiring
from finevh.power.glitches.inertial_events import SETTLED, TOGGLES_PER_NET, bit_number, clear, lowest, next_slot, put_in
from finevh.power.glitches.wiring import EventPlan, EventWiring
from finevh.technology.model import Int
from finevh.timing import ask, columns, load, some, spread, store

__all__ = [
    "CYCLES",
    "GIVEN_UP",
    "WordNetwork",
    "WordPlan",
    "WordState",
    "new_words",
    "plan_words",
    "replay_words",
    "word_network",
]

_Place = int | np.integer[Any]
"""A number of a net, a tick or a place in an array, of any width."""
_Word = Any
"""256 bits: one of each cycle."""
LANES = 4
"""Numbers of a word."""
CYCLES = 64 * LANES
"""Cycles of a word."""
GIVEN_UP = -3
"""What is not settled by this kernel: see the module."""
_WIDTH = (0,) * LANES
_INPUTS = 6
"""Most inputs of a gate: its truth table is a number."""
_LINE, _PER_LINE, _HALVES = constants(8, 2, 16)
"""What a cache line has of numbers, of words and of halves of numbers."""
# A gate is named by a line, in which a row of columns has the place of the first word and inputs follow, here and in the next;
# the line before has the words ``_DUE`` and ``_NEXT``.
_DUE, _NEXT, _INPUT = constants(-2, -1, 1)
_FAN, _FAN_END, _FIRST, _CAUSE, _LISTED, _SIZE, _NET = constants(*range(7))
_COLUMNS = 8
# Columns of ``WordPlan.fan``.
_TOLD, _PINS, _DELAY, _TABLE, _MORE = constants(0, 1, 2, 6, 7)
_FAN_WORDS = 8
_IN_TABLE = 4
"""Inputs of a gate of which nothing has to be asked: that which changes and three others."""
_LOW, _HIGH = constants(2, 6)
"""Bits of the counter of a net's toggles in a cycle: those that most nets need, and the others."""
# Columns of ``WordState.change``, a cache line each, before its cycles.
_AT, _IN_SLOT, _OF_GATE, _BEFORE = constants(*range(4))
_SPARE = 16384
# Columns of ``WordState.cause``.
_ROW, _FLIP, _OTHER = constants(*range(3))
_CAUSE_WORDS = 4
_GROUPS = 4 * _INPUTS
_ZERO, _ONE, _FULL = np.uint64(0), np.uint64(1), ~np.uint64(0)
_BITS = np.where(np.arange(16)[:, None] >> np.arange(4) & 1, _FULL, _ZERO).reshape(-1)
"""(16 * 4) the bits of a number of four, each as a word's number."""


class WordNetwork(NamedTuple):
    """What is the same whatever the delays."""

    line: Int
    """(n_net) cache line of each gate in ``WordState.gate``."""
    header: Int
    """(n_net, 8) first and last row of ``WordPlan.fan``, first change due (0: none), last cause of this tick, the tick in which
    the gate was last listed among those that change, number of inputs (0: a source), net."""
    fan: Int
    """(n_fan, 8) as of ``WordPlan``, flat there, without delays."""
    feeding: Int
    """(n_input) net of each input, gate by gate; -1 where there is none."""
    function: NDArray[np.uint64]
    """(n_net) truth table."""


class WordPlan(NamedTuple):
    """What the kernel reads; two-dimensional arrays laid out flat."""

    fan: Int
    """(n_fan, 8): line of the told gate; its pin that changes and three others, a byte each; ticks rise-rise, rise-fall,
    fall-rise, fall-fall; Boolean difference, its inputs the other pins in their order; how many inputs there are beyond
    four."""
    source: Int
    """As in ``EventPlan``."""
    line: Int
    feeding: Int
    function: NDArray[np.uint64]


class WordState(NamedTuple):
    """What the kernel writes; two-dimensional arrays laid out flat."""

    gate: NDArray[np.uint64]
    """Line by line: two words of a gate, cycles in which a change is due and the value once nothing is due; then ``header`` and
    the values of its inputs."""
    header: Int
    """The same memory."""
    low: NDArray[np.uint64]
    """(n_net, 2 words) toggles in each cycle, the lowest bits first."""
    high: NDArray[np.uint64]
    """(n_net, 6 words) bits beyond these."""
    toggled: NDArray[np.uint64]
    """(n_net / 64) bit per net that has toggles counted."""
    often: NDArray[np.uint64]
    """(n_net / 64) bit per net that has more than three in a cycle."""
    slot: Int
    """(wheel,) first change of each slot, 0 for none."""
    filled: NDArray[np.uint64]
    """(wheel / 64) bit per slot."""
    change: Int
    """Line by line: a gate's line, the next change in its slot, the next of its gate and the one before; the first line is
    none."""
    change_cycles: NDArray[np.uint64]
    """The same memory: a word in the second half of a line."""
    free: Int
    """Rows of ``change`` that are not in use, the next to be used last."""
    flips: Int
    flip_cycles: NDArray[np.uint64]
    heard: Int
    heard_cycles: NDArray[np.uint64]
    cause: Int
    """(n_cause, 4) row of ``WordPlan.fan`` whose pin changes in this tick, the flip that it is told of, the cause before it of
    the same gate from 1 on (0: none)."""
    delay: Int
    """Delays by which a gate follows several inputs, ascending."""
    memory: NDArray[np.uint64]
    """Words: cycles of each such delay; parts of a truth table."""


class _Sizes(NamedTuple):
    """How long arrays are, which are columns to the parts of the kernel."""

    nets: int
    wheel: int
    sources: int
    changes: int
    causes: int


def word_network(wired: EventWiring, output: NDArray[np.uint8]) -> WordNetwork | None:
    """What a kernel of words needs to know of a network; None where a gate has too many inputs or ignores one.

    ``output`` as of ``EventPlan``.
    """
    gate = wired.gate
    told, pin = wired.fan[:, wiring.TOLD].astype(np.int64), wired.fan[:, wiring.PIN].astype(np.int64)
    size = np.zeros(len(gate), dtype=np.int64)
    np.maximum.at(size, told, pin + 1)
    if size.max(initial=0) > _INPUTS or not wired.fan[:, wiring.MASK].all():
        return None
    lines = 1 + -(-(1 + size) // _PER_LINE)
    line = np.cumsum(lines) - lines + 1
    header = np.zeros((len(gate), _COLUMNS), dtype=np.int32)
    header[:, _FAN], header[:, _FAN_END] = gate[:, wiring.FAN], gate[:, wiring.FAN_END]
    header[:, _SIZE], header[:, _NET] = size, np.arange(len(gate))
    feeding = np.full(int(size.sum()), -1, dtype=np.int32)
    fan_net = np.repeat(np.arange(len(gate)), gate[:, wiring.FAN_END] - gate[:, wiring.FAN])
    feeding[(np.cumsum(size) - size)[told] + pin] = fan_net
    function = _functions(output, gate, size)
    return WordNetwork(line.astype(np.int32), header, _fans(line, size, function, told, pin), feeding, function)


def _functions(output: NDArray[np.uint8], gate: NDArray[np.int32], size: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(n_net) truth tables of gates of so many inputs."""
    function = np.zeros(len(gate), dtype=np.uint64)
    nets = np.flatnonzero(size > 0)
    for pattern in range(1 << _INPUTS):
        nets = nets[pattern < (1 << size[nets])]
        outputs = output[gate[nets, wiring.TABLE] + pattern].astype(np.uint64)
        function[nets] |= (outputs >> gate[nets, wiring.SHIFT].astype(np.uint64) & _ONE) << np.uint64(pattern)
    return function


def _fans(
    line: NDArray[np.int64],
    size: NDArray[np.int64],
    function: NDArray[np.uint64],
    told: NDArray[np.int64],
    pin: NDArray[np.int64],
) -> Int:
    """(n_fan, 8) rows of ``WordPlan.fan`` without delays, of gates that are told of a pin."""
    fan = np.zeros((len(told), _FAN_WORDS), dtype=np.int32)
    fan[:, _TOLD], fan[:, _MORE] = line[told], np.maximum(size[told] - _IN_TABLE, 0)
    fan[:, _PINS] = pin
    for k in range(_IN_TABLE - 1):
        other = np.where(k < pin, k, k + 1)
        fan[:, _PINS] |= (np.where(other < size[told], other, pin) << 8 * (k + 1)).astype(np.int32)
    # What an input that is not there would be does not matter.
    inside = np.maximum(size[told] - 1, 0)
    table = np.zeros(len(told), dtype=np.uint64)
    for pattern in range(1 << (_INPUTS - 1)):
        known = pattern & ((1 << inside) - 1)
        low = known & ((1 << pin) - 1)
        whole = (low | (known >> pin) << (pin + 1)).astype(np.uint64)
        bit = (function[told] >> whole ^ function[told] >> (whole | _ONE << pin.astype(np.uint64))) & _ONE
        table |= bit << np.uint64(pattern)
    fan[:, _TABLE] = table.astype(np.uint32).view(np.int32)
    return fan


def plan_words(network: WordNetwork, plan: EventPlan) -> WordPlan:
    """Give the network the delays of a plan."""
    fan = network.fan.copy()
    fan[:, _DELAY : _DELAY + 4] = plan.fan[:, wiring.DELAY : wiring.DELAY + 4]
    return WordPlan(fan.reshape(-1), plan.source.reshape(-1), network.line, network.feeding, network.function)


def _lines(count: int) -> NDArray[np.uint64]:
    """Memory of so many cache lines, at the beginning of one."""
    room = np.zeros((count + 1) * _LINE, dtype=np.uint64)
    skip = -room.ctypes.data % (8 * _LINE) // 8
    return room[skip : skip + count * _LINE]


def new_words(network: WordNetwork, wheel: int) -> WordState:
    """State for a queue of so many slots."""
    n_nets, n_fans = len(network.line), len(network.fan)
    n_changes = 4 * n_nets + _SPARE
    n_lines = int(network.line[-1]) + _INPUTS if n_nets else 1
    gate, change = _lines(n_lines), _lines(n_changes + 1)
    header = gate.view(np.int32)
    header[_HALVES * network.line[:, None].astype(np.int64) + np.arange(_COLUMNS)] = network.header
    return WordState(
        gate=gate,
        header=header,
        low=_lines(n_nets * _LOW // _PER_LINE),
        high=_lines(n_nets * _HIGH // _PER_LINE),
        toggled=np.zeros(n_nets // 64 + 1, dtype=np.uint64),
        often=np.zeros(n_nets // 64 + 1, dtype=np.uint64),
        slot=np.zeros(wheel, dtype=np.int32),
        filled=np.zeros(wheel // 64, dtype=np.uint64),
        change=change.view(np.int32),
        change_cycles=change,
        free=np.arange(n_changes, 0, -1, dtype=np.int32),
        flips=np.zeros(n_nets + n_changes + 1, dtype=np.int32),
        flip_cycles=_lines((n_nets + n_changes) // _PER_LINE + 1),
        heard=np.zeros(n_nets + 1, dtype=np.int32),
        heard_cycles=_lines(n_nets // _PER_LINE + 1),
        cause=np.zeros(_CAUSE_WORDS * (n_fans + n_changes), dtype=np.int32),
        delay=np.zeros(_GROUPS, dtype=np.int32),
        memory=_lines((1 << _INPUTS) // _PER_LINE),
    )


@callee(forceinline=True)
def _any(word: _Word) -> bool:
    """Whether a word has any cycle."""
    return bool(some(word != _ZERO) != 0)


@callee(forceinline=True)
def _not(word: _Word) -> _Word:
    return word ^ _FULL


@callee(forceinline=True)
def _word(line: _Place, number: _Place) -> np.int64:
    """Where a gate's word is in ``WordState.gate``."""
    return np.int64(line) * _PER_LINE + number


@callee(forceinline=True)
def _at(line: _Place, column: _Place) -> np.int64:
    """Where a column is in ``WordState.header`` or, of a change, in ``WordState.change``."""
    return np.int64(line) * _HALVES + column


@callee(forceinline=True)
def _either(low: _Word, high: _Word, x: _Word) -> _Word:
    """``high`` in the cycles in which ``x`` is 1, ``low`` elsewhere."""
    return low ^ ((low ^ high) & x)


@callee(forceinline=True)
def _bit(table: np.uint64, number: int) -> _Word:
    """One of the four lowest bits of a table, in every cycle."""
    return spread(_BITS[((table & np.uint64(15)) << np.uint64(2)) + np.uint64(number)], _WIDTH)


@callee(forceinline=True)
def _of_two(table: np.uint64, x: _Word, y: _Word) -> _Word:
    """The function of two inputs whose table is in the four lowest bits."""
    low, high = _either(_bit(table, 0), _bit(table, 1), x), _either(_bit(table, 2), _bit(table, 3), x)
    return _either(low, high, y)


@callee(forceinline=True)
def _of_three(table: np.uint64, x: _Word, y: _Word, z: _Word) -> _Word:
    """The function of three inputs whose table is in the eight lowest bits."""
    return _either(_of_two(table, x, y), _of_two(table >> np.uint64(4), x, y), z)


@callee(forceinline=True)
def _output(
    table: np.uint64, gate: NDArray[np.uint64], line: _Place, size: _Place, memory: NDArray[np.uint64]
) -> _Word:
    """What a gate makes of its inputs, by halving its truth table input by input."""
    left = _ONE << np.uint64(size)
    for k in range(left):
        store(memory, k, spread(_ZERO - (table >> np.uint64(k) & _ONE), _WIDTH))
    at = _word(line, _INPUT)
    while left > _ONE:
        left >>= _ONE
        x = load(gate, at, _WIDTH)
        for k in range(left):
            store(memory, k, _either(load(memory, 2 * k, _WIDTH), load(memory, 2 * k + 1, _WIDTH), x))
        at += 1
    return load(memory, 0, _WIDTH)


@callee(forceinline=True)
def _difference(w: Any, gate: NDArray[np.uint64], row: _Place, line: _Place, pins: _Place) -> _Word:
    """Cycles in which a gate's output depends on the input that a row of ``WordPlan.fan`` tells of."""
    table = np.uint64(np.uint32(w.fan[row + _TABLE]))
    x = load(gate, _word(line, _INPUT + (pins >> 8 & 255)), _WIDTH)
    y = load(gate, _word(line, _INPUT + (pins >> 16 & 255)), _WIDTH)
    z = load(gate, _word(line, _INPUT + (pins >> 24)), _WIDTH)
    found, more = _of_three(table, x, y, z), w.fan[row + _MORE]
    if more:
        pin = pins & 255
        fourth = load(gate, _word(line, _INPUT + (3 if pin > 3 else 4)), _WIDTH)
        found = _either(found, _of_three(table >> np.uint64(8), x, y, z), fourth)
        if more > 1:
            low, high = _of_three(table >> np.uint64(16), x, y, z), _of_three(table >> np.uint64(24), x, y, z)
            fifth = load(gate, _word(line, _INPUT + (4 if pin > 4 else 5)), _WIDTH)
            found = _either(found, _either(low, high, fourth), fifth)
    return found


@callee(forceinline=True)
def _changed(w: Any, s: Any, target: NDArray[np.uint64], source: _Place) -> _Word:
    """Cycles in which a source has to change to what its row of ``source`` says, 1 or 0."""
    net = w.source[3 * source]
    here, there = load(s.gate, _word(w.line[net], _NEXT), _WIDTH), load(target, net, _WIDTH)
    differs = here ^ there
    return differs & there if w.source[3 * source + 1] else differs & here


@callee(forceinline=True)
def _put(s: Any, n_free: int, line: _Place, tick: _Place, cycles: _Word, mask: int) -> int:
    """Let a gate change at a tick in some cycles; returns how many rows are left, -1 where none was.

    Another change of the gate at the same tick stays apart: rare, and both are told in the same tick.
    """
    if n_free == 0:
        return -1
    row, at, first = np.int64(s.free[n_free - 1]), tick & mask, s.header[_at(line, _FIRST)]
    s.change[_at(row, _AT)], s.change[_at(row, _IN_SLOT)] = np.int32(line), s.slot[at]
    s.change[_at(row, _OF_GATE)], s.change[_at(row, _BEFORE)] = first, np.int32(0)
    store(s.change_cycles, _word(row, _INPUT), cycles)
    s.change[_at(first, _BEFORE)] = np.int32(row)
    s.header[_at(line, _FIRST)] = s.slot[at] = np.int32(row)
    put_in(s.filled, at)
    return n_free - 1


@callee(forceinline=True)
def _take_slot(w: Any, s: Any, row: _Place, n_free: int, n_flip: int) -> tuple[int, int]:
    """List the changes of a slot from ``row`` on and give up their rows; returns how many are free and how many flip."""
    while row:
        line = s.change[_at(row, _AT)]
        after, before = s.change[_at(row, _OF_GATE)], s.change[_at(row, _BEFORE)]
        s.change[_at(after, _BEFORE)] = before
        if before:
            s.change[_at(before, _OF_GATE)] = after
        else:
            s.header[_at(line, _FIRST)] = after
        s.free[n_free] = np.int32(row)
        n_free += 1
        ask(w.fan, np.int64(s.header[_at(line, _FAN)]) * _FAN_WORDS)
        ask(s.low, np.int64(s.header[_at(line, _NET)]) * _LINE)
        cycles = load(s.change_cycles, _word(row, _INPUT), _WIDTH)
        store(s.gate, _word(line, _DUE), load(s.gate, _word(line, _DUE), _WIDTH) ^ cycles)
        s.flips[n_flip] = line
        store(s.flip_cycles, n_flip, cycles)
        n_flip += 1 if _any(cycles) else 0  # not all taken back
        row = np.int64(s.change[_at(row, _IN_SLOT)])
    return n_free, n_flip


@callee(forceinline=True)
def _add(planes: NDArray[np.uint64], at: _Place, count: _Place, cycles: _Word) -> _Word:
    """Add one in some cycles to so many bits of a counter, which begin at ``at``; returns the cycles that are carried on."""
    for plane in range(at, at + count):
        before = load(planes, plane, _WIDTH)
        store(planes, plane, before ^ cycles)
        cycles = cycles & before
    return cycles


@callee(forceinline=True)
def _count(s: Any, net: _Place, cycles: _Word) -> bool:
    """Count a toggle of a net in some cycles; returns whether a counter is full."""
    put_in(s.toggled, net)
    cycles = _add(s.low, np.int64(net) * _LOW, _LOW, cycles)
    if _any(cycles):
        put_in(s.often, net)
        cycles = _add(s.high, np.int64(net) * _HIGH, _HIGH, cycles)
    return _any(cycles)


@callee(forceinline=True)
def _list_told(w: Any, s: Any, flip: int, n_cause: int, most: int) -> int:
    """List whom a flip is told, and ask for their memory; returns how many causes there are, -1 where they are too many."""
    at = _at(s.flips[flip], _FAN)
    row, end = np.int64(s.header[at]), np.int64(s.header[at + 1])
    if n_cause + (end - row) > most:
        return -1
    while row < end:
        told = np.int64(w.fan[row * _FAN_WORDS + _TOLD]) * _LINE
        ask(s.gate, told)
        ask(s.gate, told + _LINE)
        ask(s.gate, told - _LINE)
        s.cause[n_cause * _CAUSE_WORDS + _ROW] = np.int32(row)
        s.cause[n_cause * _CAUSE_WORDS + _FLIP] = np.int32(flip)
        n_cause += 1
        row += 1
    return n_cause


@callee(forceinline=True)
def _hear(w: Any, s: Any, n_cause: int, before: int, now: int) -> int:
    """Change inputs of gates for each cause of this tick; returns how many gates may have to change.

    Causes are numbered through all ticks; there were ``before`` of them. The cycles in which a gate changes are those of its
    first cause; where others follow they are to be found out.
    """
    n = 0
    for k in range(n_cause):
        at = k * _CAUSE_WORDS
        row, cycles = np.int64(s.cause[at + _ROW]) * _FAN_WORDS, load(s.flip_cycles, s.cause[at + _FLIP], _WIDTH)
        line, pins = w.fan[row + _TOLD], w.fan[row + _PINS]
        pin, last = _word(line, _INPUT + (pins & 255)), np.int64(s.header[_at(line, _CAUSE)])
        differs = _difference(w, s.gate, row, line, pins) & cycles
        store(s.gate, pin, load(s.gate, pin, _WIDTH) ^ cycles)
        s.header[_at(line, _CAUSE)] = np.int32(before + k)
        s.heard[n] = line
        if last >= before:
            s.cause[at + _OTHER] = np.int32(last - before + 1)
            if s.header[_at(line, _LISTED)] != now:
                s.header[_at(line, _LISTED)] = np.int32(now)
                n += 1
        else:
            s.cause[at + _OTHER] = np.int32(0)
            store(s.heard_cycles, n, differs)
            listed = _any(differs)
            s.header[_at(line, _LISTED)] = np.int32(now if listed else 0)
            n += 1 if listed else 0
    return n


@callee(forceinline=True)
def _differs(w: Any, s: Any, line: _Place, cause: _Place) -> _Word:
    """Cycles in which a gate of which several inputs changed in this tick, one of the causes the last, has another output."""
    cycles = spread(_ZERO, _WIDTH)
    while cause >= 0:
        at = cause * _CAUSE_WORDS
        cycles = cycles | load(s.flip_cycles, s.cause[at + _FLIP], _WIDTH)
        cause = np.int64(s.cause[at + _OTHER]) - 1
    net, size = s.header[_at(line, _NET)], s.header[_at(line, _SIZE)]
    new = _output(w.function[net], s.gate, line, size, s.memory)
    return (new ^ load(s.gate, _word(line, _NEXT), _WIDTH)) & cycles


@callee(forceinline=True)
def _take_back(s: Any, row: _Place, cycles: _Word) -> None:
    """Cancel the changes of a gate, the first of them ``row``, that are due in some cycles."""
    while _any(cycles):
        at = _word(row, _INPUT)
        here = load(s.change_cycles, at, _WIDTH)
        store(s.change_cycles, at, here & _not(cycles))
        cycles = cycles & _not(here)
        row = np.int64(s.change[_at(row, _OF_GATE)])


# What changes, when, and where it is kept.
@callee(forceinline=True)
def _follow_one(
    w: Any, s: Any, line: _Place, cause: _Place, rise: _Word, fall: _Word, now: int, mask: int, n_free: int
) -> int:
    """Let a gate rise and fall after one input changed; returns how many rows of changes are left, -1 where none was."""
    row = np.int64(s.cause[cause * _CAUSE_WORDS + _ROW]) * _FAN_WORDS
    x = load(s.gate, _word(line, _INPUT + (w.fan[row + _PINS] & 255)), _WIDTH)
    left = rise | fall
    up, down, rises, falls = _any(left & x), _any(left & _not(x)), _any(rise), _any(fall)
    if up != down and rises != falls:  # nearly always: paths of one tick have the same edges
        way = (2 if down else 0) + (1 if falls else 0)
        return _put(s, n_free, line, now + w.fan[row + _DELAY + way], left, mask)
    for way in range(4):  # rise-rise, rise-fall, fall-rise, fall-fall
        cycles = (fall if way & 1 else rise) & (x if way < 2 else _not(x))
        if _any(cycles) and n_free >= 0:
            n_free = _put(s, n_free, line, now + w.fan[row + _DELAY + way], cycles, mask)
    return n_free


# What changes, when, and where it is kept.
@callee(forceinline=True)
def _follow_several(
    w: Any, s: Any, line: _Place, cause: _Place, rise: _Word, fall: _Word, now: int, mask: int, n_free: int
) -> int:
    """As :func:`_follow_one` after several inputs changed: each cycle by the quickest of those that changed in it."""
    n, left = 0, rise | fall
    while cause >= 0:
        at = cause * _CAUSE_WORDS
        row, some_cycles = np.int64(s.cause[at + _ROW]) * _FAN_WORDS, load(s.flip_cycles, s.cause[at + _FLIP], _WIDTH)
        x = load(s.gate, _word(line, _INPUT + (w.fan[row + _PINS] & 255)), _WIDTH)
        for way in range(4):
            cycles = some_cycles & (fall if way & 1 else rise) & (x if way < 2 else _not(x))
            if _any(cycles):
                ticks, k = w.fan[row + _DELAY + way], n
                while k > 0 and s.delay[k - 1] > ticks:
                    s.delay[k] = s.delay[k - 1]
                    store(s.memory, k, load(s.memory, k - 1, _WIDTH))
                    k -= 1
                s.delay[k] = ticks
                store(s.memory, k, cycles)
                n += 1
        cause = np.int64(s.cause[at + _OTHER]) - 1
    k = 0
    while k < n and n_free >= 0:
        ticks, cycles = s.delay[k], load(s.memory, k, _WIDTH)
        while k + 1 < n and s.delay[k + 1] == ticks:
            k += 1
            cycles = cycles | load(s.memory, k, _WIDTH)
        cycles = cycles & left
        left = left ^ cycles
        if _any(cycles):
            n_free = _put(s, n_free, line, now + ticks, cycles, mask)
        k += 1
    return n_free


@callee(forceinline=True)
def _follow(w: Any, s: Any, k: int, before: int, now: int, mask: int, n_free: int) -> int:
    """Let a gate that was listed change, or take back what was due; returns how many rows are left, -1 where none was."""
    line = np.int64(s.heard[k])
    cause = np.int64(s.header[_at(line, _CAUSE)]) - before
    several = s.cause[cause * _CAUSE_WORDS + _OTHER] != 0
    differs = load(s.heard_cycles, k, _WIDTH)
    if several:
        differs = _differs(w, s, line, cause)
    due, new = load(s.gate, _word(line, _DUE), _WIDTH), load(s.gate, _word(line, _NEXT), _WIDTH) ^ differs
    store(s.gate, _word(line, _DUE), due ^ differs)
    store(s.gate, _word(line, _NEXT), new)
    back, left = differs & due, differs & _not(due)
    if _any(back):
        _take_back(s, np.int64(s.header[_at(line, _FIRST)]), back)
    if not _any(left):
        return n_free
    if several:
        return _follow_several(w, s, line, cause, left & new, left & _not(new), now, mask, n_free)
    return _follow_one(w, s, line, cause, left & new, left & _not(new), now, mask, n_free)


# Long: the loop over ticks, its parts by name.
@callee()
def _settle(
    w: Any, s: Any, sizes: _Sizes, target: NDArray[np.uint64], origin: int, before: int
) -> tuple[int, int, int]:
    """Let all sources change to their values of ``target`` (n_net words) and run until nothing is due.

    Returns ``SETTLED`` or ``GIVEN_UP``, the tick after the last change and how many causes there were, of which there were
    ``before`` already.
    """
    mask, budget, n_free, n_source = sizes.wheel - 1, TOGGLES_PER_NET * sizes.nets + 1000, sizes.changes, sizes.sources
    now, i = origin, 0
    while True:
        while i < n_source and not _any(_changed(w, s, target, i)):
            i += 1
        if n_free == sizes.changes and i == n_source:
            break
        tick = origin + 1 + w.source[3 * i + 2] if i < n_source else np.iinfo(np.int64).max
        if n_free < sizes.changes:
            tick = min(tick, next_slot(s.filled, mask, now))
        now, n_flip, n_cause = tick, 0, 0
        while i < n_source and origin + 1 + w.source[3 * i + 2] == now:
            cycles = _changed(w, s, target, i)
            if _any(cycles):
                line = w.line[w.source[3 * i]]
                at = _word(line, _NEXT)
                store(s.gate, at, load(s.gate, at, _WIDTH) ^ cycles)
                s.flips[n_flip] = line
                store(s.flip_cycles, n_flip, cycles)
                n_flip += 1
            i += 1
        n_sources, row = n_flip, np.int64(s.slot[now & mask])
        if row:
            s.slot[now & mask] = np.int32(0)
            clear(s.filled, now & mask)
            n_free, n_flip = _take_slot(w, s, row, n_free, n_flip)
        budget -= n_flip
        if budget < 0 or before > np.iinfo(np.int32).max // 2:
            return GIVEN_UP, now, before
        for k in range(n_flip):
            n_cause = _list_told(w, s, k, n_cause, sizes.causes)
            if n_cause < 0:
                return GIVEN_UP, now, before
            # A source has no glitches.
            if k >= n_sources and _count(s, s.header[_at(s.flips[k], _NET)], load(s.flip_cycles, k, _WIDTH)):
                return GIVEN_UP, now, before
        n_heard = _hear(w, s, n_cause, before, now)
        for k in range(n_heard):
            n_free = _follow(w, s, k, before, now, mask, n_free)
            if n_free < 0:
                return GIVEN_UP, now, before
        before += n_cause
    return _end(w, s, sizes.nets, target), now, before


@callee(forceinline=True)
def _end(w: Any, s: Any, n_nets: int, target: NDArray[np.uint64]) -> int:
    """Let sources that nobody in the data logic hears follow at once; ``GIVEN_UP`` where any other net differs."""
    for net in range(n_nets):
        at, there = _word(w.line[net], _NEXT), load(target, net, _WIDTH)
        if _any(load(s.gate, at, _WIDTH) ^ there):
            if s.header[_at(w.line[net], _SIZE)]:
                return GIVEN_UP
            store(s.gate, at, there)
    return SETTLED


@callee(forceinline=True)
def _bring(w: Any, s: Any, n_nets: int, settled: NDArray[np.uint64]) -> None:
    """Bring all nets, and the inputs of all gates, to settled values (n_net words)."""
    i = 0
    for net in range(n_nets):
        line = w.line[net]
        store(s.gate, _word(line, _NEXT), load(settled, net, _WIDTH))
        s.header[_at(line, _CAUSE)] = s.header[_at(line, _LISTED)] = np.int32(-1)
        for k in range(s.header[_at(line, _SIZE)]):
            feeding = w.feeding[i]
            x = load(settled, feeding, _WIDTH) if feeding >= 0 else spread(_ZERO, _WIDTH)
            store(s.gate, _word(line, _INPUT + k), x)
            i += 1


@callee(forceinline=True)
def _less(s: Any, net: _Place, cycles: _Word) -> None:
    """Take a settled toggle in some cycles from the counter of a net."""
    for plane in range(_LOW + _HIGH):
        if not _any(cycles):
            return
        planes, at = (s.low, net * _LOW + plane) if plane < _LOW else (s.high, net * _HIGH + plane - _LOW)
        before = load(planes, at, _WIDTH)
        store(planes, at, before ^ cycles)
        cycles = cycles & _not(before)


@callee(forceinline=True)
def _counted(s: Any, net: _Place, part: int, plane: int) -> np.uint64:
    """A number of a word of the counter of a net."""
    if plane < _LOW:
        return np.uint64(s.low[(net * _LOW + plane) * LANES + part])
    return np.uint64(s.high[(net * _HIGH + plane - _LOW) * LANES + part])


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def replay_words(
    plan: WordPlan,
    state: WordState,
    before: NDArray[np.uint64],
    high: NDArray[np.uint64],
    after: NDArray[np.uint64],
    first: int,
    weight: NDArray[np.float64],
    glitches: NDArray[np.int32],
    energy: NDArray[np.float64],
) -> int:
    """Run the cycles of a word (n_net, 4; laid out flat) from their settled values through both edges.

    Of cycles from ``first`` on, all others resting, toggles beyond the settled ones are added to ``glitches`` (n_cycle, n_net),
    or (1, n_net) for all cycles together, and, times ``weight`` (n_net), net by net to ``energy`` (n_cycle).

    Returns
    -------
    int
        ``SETTLED``; or ``GIVEN_UP``, and then nothing is added and the state cannot be used any more.
    """
    w, s = columns(plan), columns(state)
    n_nets = len(plan.line)
    sizes = _Sizes(n_nets, len(state.slot), len(plan.source) // 3, len(state.free), len(state.cause) // _CAUSE_WORDS)
    _bring(w, s, n_nets, before)
    origin, causes = 0, 0
    for half in range(2):  # one call: it is compiled into this place
        status, origin, causes = _settle(w, s, sizes, after if half else high, origin, causes)
        if status != SETTLED:
            return GIVEN_UP
    for i in range(len(state.toggled)):
        word, often = state.toggled[i], state.often[i]
        state.toggled[i] = state.often[i] = _ZERO
        while word:
            bit = lowest(word)
            word ^= bit
            net = (i << 6) + bit_number(bit)
            planes = _LOW + _HIGH if often & bit else _LOW
            _less(s, net, load(before, net, _WIDTH) ^ load(high, net, _WIDTH))
            _less(s, net, load(high, net, _WIDTH) ^ load(after, net, _WIDTH))
            for part in range(LANES):
                left = _ZERO
                for plane in range(planes):
                    left |= _counted(s, net, part, plane)
                while left:
                    bit = lowest(left)
                    left ^= bit
                    number = bit_number(bit)
                    more = np.int64(0)
                    for plane in range(planes):
                        more += np.int64(_counted(s, net, part, plane) >> np.uint64(number) & _ONE) << plane
                    row = 64 * part + number - first
                    glitches[min(row, len(glitches) - 1), net] += more
                    energy[row] += more * weight[net]
            for plane in range(_LOW):
                store(s.low, net * _LOW + plane, spread(_ZERO, _WIDTH))
            for plane in range(planes - _LOW):
                store(s.high, net * _HIGH + plane, spread(_ZERO, _WIDTH))
    return SETTLED
