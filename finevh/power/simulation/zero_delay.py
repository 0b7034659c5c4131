"""Compiled event-driven evaluation: settle a network after its clock and inputs changed, counting as it goes.

Time is counted in half clock cycles: even steps are rising edges, odd steps falling edges. Gates have no delay. Within a
step the order is that of synchronous logic: first the clock network, then all triggered flip-flops sample, then they and the
inputs change together, then the data logic follows level by level. Values move in two alternating passes: cells are
evaluated and name the nets to flip; nets flip and wake their sinks.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee, constants
from finevh.base.kernel import kernel
from finevh.power.simulation.kernel_layout import (
    AT_BUSY,
    AT_DWELL,
    AT_LEVEL,
    AT_MASK,
    AT_OUT,
    AT_PATTERN,
    AT_ROLE,
    AT_SINCE,
    AT_TABLE,
    NET_FAN,
    NET_HIGH,
    NET_TOGGLES,
    NET_TOUCHED,
    Plan,
    State,
)
from finevh.power.simulation.network import (
    ARMED,
    CLOCK_LEVEL,
    CLOCK_MASK,
    CLOCK_NET,
    DOMAIN,
    EDGE,
    FLOP,
    GATE,
    LATCH,
    QUEUED,
    SINCE_HIGH,
    STORED,
)
from finevh.technology.model import Int

__all__ = ["OSCILLATES", "Plan", "State", "clear_counts", "flush", "settle_all", "step"]

OSCILLATES = 1
_CLOCK, _NEXT, _CLEAR, _PRESET = 1, 2, 4, 8
# Slots of ``State.counter``.
_PENDING, _LOWEST, _FIRED, _FLIPS = 0, 1, 2, 3
_NO_CLOCK, _BEGIN = constants(-1, 0)


@numba.njit(inline="always")
def _apply(w: Plan, s: State, now: int) -> None:
    """Change the listed nets: count, book the time of the sinks' patterns, update them and wake the sinks."""
    cell, queue, filled = s.cell, s.queue, s.filled
    fan, level_ptr = w.fan, w.level_ptr
    n_pending, lowest = s.counter[_PENDING], s.counter[_LOWEST]
    work = s.work
    n_work = 0
    # Nets first, then their sinks: the addresses of the second loop are known ahead, so its cache misses overlap.
    for i in range(s.counter[_FLIPS]):
        net = s.flips[i]
        new = s.value[net] ^ 1
        s.value[net] = new
        if s.net[net, NET_TOUCHED] == now:
            s.net[net, NET_TOGGLES] -= 1
            s.net[net, NET_TOUCHED] = -1
        else:
            s.net[net, NET_TOGGLES] += 1
            s.net[net, NET_TOUCHED] = now
        s.net[net, NET_HIGH] += -now if new else now
        f = s.net[net, NET_FAN]
        count = fan[f]
        if count < 0:
            count = -1 - count
            domain = w.fires[net, new]
            if domain >= 0:
                s.fired[s.counter[_FIRED]] = domain
                s.counter[_FIRED] += 1
        for k in range(f + 1, f + 1 + 2 * count):
            work[n_work] = fan[k]
            n_work += 1
    for i in range(0, n_work, 2):
        b = work[i]
        bit = work[i + 1]
        role = cell[b + AT_ROLE]
        pattern = cell[b + AT_PATTERN]
        # No branch on what is as likely as not: a mispredicted one costs more than a needless store.
        elapsed = now - cell[b + AT_SINCE]
        cell[b + AT_SINCE] = now
        mask = cell[b + AT_MASK]
        if role == EDGE:
            number = -1 - cell[b + AT_OUT]
            if elapsed > 0:
                clock = s.stored[number, CLOCK_NET]
                high = s.net[clock, NET_HIGH] + (now if s.value[clock] else 0)
                at_one = high - s.stored[number, SINCE_HIGH]
                s.stored[number, SINCE_HIGH] = high
                cell[b + AT_DWELL + ((pattern | s.stored[number, CLOCK_MASK]) & mask)] += at_one
                elapsed -= at_one
            if not cell[b + AT_BUSY] & ARMED:
                cell[b + AT_BUSY] |= ARMED
                own = s.stored[number, DOMAIN]
                s.armed[w.domain_ptr[own] + s.n_armed[own]] = b
                s.n_armed[own] += 1
        cell[b + AT_DWELL + (pattern & mask)] += elapsed
        if bit < 0:
            cell[b + AT_PATTERN] = pattern ^ (-bit)
            continue
        cell[b + AT_PATTERN] = pattern ^ bit
        busy = cell[b + AT_BUSY]
        cell[b + AT_BUSY] = busy | QUEUED
        new_here = 1 - (busy & QUEUED)
        if role >= FLOP:
            s.pending[n_pending] = b
            n_pending += new_here
        else:
            level = cell[b + AT_LEVEL]
            n = filled[level]
            queue[level_ptr[level] + n] = b
            filled[level] = n + new_here
            lowest = min(lowest, level)
    s.counter[_PENDING], s.counter[_LOWEST] = n_pending, lowest
    s.counter[_FLIPS] = 0


@numba.njit(inline="always")
def _evaluate(w: Plan, s: State, blocks: Int) -> None:
    """List the nets that the outputs of the cells of ``blocks`` must change."""
    cell = s.cell
    count = s.counter[_FLIPS]
    for b in blocks:
        net = cell[b + AT_OUT]
        pattern = cell[b + AT_PATTERN]
        if net >= 0:
            cell[b + AT_BUSY] = 0
            s.flips[count] = net
            count += s.value[net] ^ (w.output[cell[b + AT_TABLE] + pattern] & 1)
            continue
        number = -1 - net
        role = cell[b + AT_ROLE]
        if role <= GATE:
            cell[b + AT_BUSY] = 0
            if role == GATE:
                control = w.control[cell[b + AT_TABLE] + pattern]
                if control & _CLOCK:
                    stored = s.stored[number, STORED]
                    pattern = (pattern & ~stored) | (stored if control & _NEXT else 0)
                    cell[b + AT_PATTERN] = pattern
        word = w.output[cell[b + AT_TABLE] + pattern]
        for o in range(w.out_ptr[number], w.out_ptr[number + 1]):
            net = w.out_net[o]
            if net >= 0 and s.value[net] != (word & 1):
                s.flips[count] = net
                count += 1
            word >>= 1
    s.counter[_FLIPS] = count


@callee()
def _sample(w: Plan, s: State) -> int:
    """Decide the stored bits of all triggered sequential cells before any output moves; keep those to evaluate."""
    kept = 0
    for i in range(s.counter[_PENDING]):
        b = s.pending[i]
        number = -1 - s.cell[b + AT_OUT]
        s.cell[b + AT_BUSY] &= ~QUEUED
        pattern = s.cell[b + AT_PATTERN]
        role = s.cell[b + AT_ROLE]
        control = w.control[s.cell[b + AT_TABLE] + pattern]
        stored = s.stored[number, STORED]
        old = (pattern & stored) != 0
        level = control & _CLOCK
        new = old
        if control & _CLEAR:
            new = False
        elif control & _PRESET:
            new = True
        elif role != EDGE and level and (role == LATCH or s.stored[number, CLOCK_LEVEL] == 0):
            new = (control & _NEXT) != 0
        if role != EDGE:
            s.stored[number, CLOCK_LEVEL] = level
        if new != old:
            s.cell[b + AT_PATTERN] ^= stored
        if new != old or role == LATCH:  # a latch output gated by a pin changes without the stored bit
            s.pending[kept] = b
            kept += 1
    s.counter[_PENDING] = 0
    for i in range(s.counter[_FIRED]):
        kept = _sample_domain(w, s, s.fired[i], kept)
    s.counter[_FIRED] = 0
    return kept


@callee()
def _sample_domain(w: Plan, s: State, domain: int, kept: int) -> int:
    """Sample the armed cells of a clock domain; those whose next state still differs stay armed."""
    base = w.domain_ptr[domain]
    still = 0
    for i in range(s.n_armed[domain]):
        b = s.armed[base + i]
        pattern = s.cell[b + AT_PATTERN]
        stored = s.stored[-1 - s.cell[b + AT_OUT], STORED]
        control = w.control[s.cell[b + AT_TABLE] + pattern]
        old = (pattern & stored) != 0
        new = (control & _NEXT) != 0
        if control & _CLEAR:
            new = False
        elif control & _PRESET:
            new = True
        if new != old:
            pattern ^= stored
            s.cell[b + AT_PATTERN] = pattern
            s.pending[kept] = b
            kept += 1
            control = w.control[s.cell[b + AT_TABLE] + pattern]
        if ((control & _NEXT) != 0) != new:
            s.armed[base + still] = b
            still += 1
        else:
            s.cell[b + AT_BUSY] &= ~ARMED
    s.n_armed[domain] = still
    return kept


@callee()
def step(
    w: Plan, s: State, clock_net: int, clock_value: int, input_net: Int, input_value: NDArray[np.uint8], now: int
) -> int:
    """One clock edge (or none, with ``clock_net`` -1) and the input change that goes with it; 0 or OSCILLATES.

    Parameters
    ----------
    input_net, input_value
        (n_input,) nets of the input ports and their new values.
    """
    n_levels = len(w.level_ptr) - 1
    budget = 64 * len(w.block) + 1000
    before_edge = True
    if clock_net >= 0 and s.value[clock_net] != clock_value:
        s.flips[s.counter[_FLIPS]] = clock_net
        s.counter[_FLIPS] += 1
    while True:
        _apply(w, s, now)
        if budget < 0:
            return OSCILLATES
        level = s.counter[_LOWEST]
        while level < n_levels and s.filled[level] == 0:
            level += 1
        s.counter[_LOWEST] = level
        if level >= w.n_clock_levels and (before_edge or s.counter[_PENDING] > 0 or s.counter[_FIRED] > 0):
            n = _sample(w, s)
            blocks = s.pending[:n]
            if before_edge:
                before_edge = False
                for i in range(len(input_net)):
                    net = input_net[i]
                    if net >= 0 and s.value[net] != input_value[i]:
                        s.flips[s.counter[_FLIPS]] = net
                        s.counter[_FLIPS] += 1
        elif level < n_levels:
            n = s.filled[level]
            s.filled[level] = 0
            blocks = s.queue[w.level_ptr[level] : w.level_ptr[level] + n]
        else:
            return 0
        budget -= 1 + n
        _evaluate(w, s, blocks)


@kernel(nogil=True)
def settle_all(w: Plan, s: State, ones: Int) -> int:
    """Tie the nets of ``ones`` to 1 and evaluate every cell from the all-zero start."""
    for number in range(len(w.block)):
        b = w.block[number]
        if b < 0:
            continue
        role = s.cell[b + AT_ROLE]
        if role == EDGE:
            s.cell[b + AT_BUSY] |= ARMED
            domain = s.stored[number, DOMAIN]
            s.armed[w.domain_ptr[domain] + s.n_armed[domain]] = b
            s.n_armed[domain] += 1
        if role >= FLOP:
            s.cell[b + AT_BUSY] |= QUEUED
            s.pending[s.counter[_PENDING]] = b
            s.counter[_PENDING] += 1
    _evaluate(w, s, s.pending[: s.counter[_PENDING]])
    for net in ones:
        s.flips[s.counter[_FLIPS]] = net
        s.counter[_FLIPS] += 1
    for b in w.block:
        if b >= 0 and s.cell[b + AT_ROLE] <= GATE:
            s.cell[b + AT_BUSY] |= QUEUED
            level = s.cell[b + AT_LEVEL]
            s.queue[w.level_ptr[level] + s.filled[level]] = b
            s.filled[level] += 1
    s.counter[_LOWEST] = 0
    return step(w, s, _NO_CLOCK, _BEGIN, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint8), _BEGIN)


@kernel(nogil=True)
def clear_counts(w: Plan, s: State, now: int) -> None:
    """Start counting at ``now``."""
    s.net[:, NET_TOGGLES] = 0
    s.net[:, NET_TOUCHED] = -1
    for net in range(len(s.value)):
        s.net[net, NET_HIGH] = -now if s.value[net] else 0
    for b in w.block:
        if b >= 0:
            s.cell[b + AT_DWELL : b + AT_DWELL + s.cell[b + AT_MASK] + 1] = 0
            s.cell[b + AT_SINCE] = now
    s.stored[:, SINCE_HIGH] = 0


@kernel(nogil=True)
def flush(w: Plan, s: State, now: int) -> None:
    """Close the open intervals at ``now``."""
    for net in range(len(s.value)):
        if s.value[net]:
            s.net[net, NET_HIGH] += now
    for number in range(len(w.block)):
        b = w.block[number]
        if b < 0:
            continue
        mask, pattern = s.cell[b + AT_MASK], s.cell[b + AT_PATTERN]
        elapsed = now - s.cell[b + AT_SINCE]
        if s.cell[b + AT_ROLE] == EDGE:
            at_one = s.net[s.stored[number, CLOCK_NET], NET_HIGH] - s.stored[number, SINCE_HIGH]
            s.cell[b + AT_DWELL + ((pattern | s.stored[number, CLOCK_MASK]) & mask)] += at_one
            elapsed -= at_one
        s.cell[b + AT_DWELL + (pattern & mask)] += elapsed
