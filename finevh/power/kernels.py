"""Compiled event-driven evaluation: settle a network after its clock and inputs changed, counting as it goes.

Time is counted in half clock cycles: even steps are rising edges, odd steps falling edges. Gates have no delay. Within a
step the order is that of synchronous logic: first the clock network, then all triggered flip-flops sample, then they and the
inputs change together, then the data logic follows level by level. Values move in two alternating passes: cells are
evaluated and name the nets to flip; nets flip and wake their sinks.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.power.network import (
    ARMED,
    BUSY,
    CLOCK_LEVEL,
    CLOCK_MASK,
    CLOCK_NET,
    DOMAIN,
    EDGE,
    FLOP,
    GATE,
    LATCH,
    LEVEL,
    PATTERN,
    QUEUED,
    ROLE,
    SINCE,
    SINCE_HIGH,
    SLOT,
    STATE_MASK,
    STORED,
    TABLE,
    Wiring,
)

__all__ = ["OSCILLATES", "State", "clear_counts", "flush", "new_state", "settle_all", "step"]

OSCILLATES = 1
_CLOCK, _NEXT, _CLEAR, _PRESET = 1, 2, 4, 8
_TOGGLES, _TOUCHED, _HIGH = 0, 1, 2
_PENDING, _LOWEST, _FIRED, _FLIPS = 0, 1, 2, 3


class State(NamedTuple):
    """What the kernels write."""

    value: NDArray[np.uint8]
    """(n_net,) logic value."""
    net: NDArray[np.int32]
    """(n_net, 4): toggles; step of the last odd change (a second change in the same step cancels it: no glitches); half
    cycles at 1, open intervals counted at ``flush``; unused."""
    cell: NDArray[np.int32]
    """(n_cell, 8) as ``Wiring.cell``, with the changing columns."""
    stored: NDArray[np.int32]
    """(n_cell, 6) as ``Wiring.stored``, with the changing columns."""
    dwell: NDArray[np.int32]
    """Half cycles in each leakage pattern."""
    queue: NDArray[np.int32]
    """(n_cell,) cells to evaluate, by level."""
    filled: NDArray[np.int64]
    """(n_level,)"""
    pending: NDArray[np.int32]
    """(2 n_cell,) sequential cells to look at, then those to evaluate."""
    armed: NDArray[np.int32]
    """EDGE cells whose data changed since they last sampled, by domain."""
    n_armed: NDArray[np.int64]
    """(n_domain,)"""
    fired: NDArray[np.int32]
    """Domains whose clock edge came in this step."""
    flips: NDArray[np.int32]
    """Nets to change."""
    counter: NDArray[np.int64]
    """[number pending, lowest filled level, number fired, number of nets to change]."""


def new_state(wiring: Wiring, n_nets: int) -> State:
    """Return the all-zero start: every net and stored bit at 0."""
    n_cells = len(wiring.cell)
    n_domain = len(wiring.domain_ptr) - 1
    net = np.zeros((n_nets, 4), dtype=np.int32)
    net[:, _TOUCHED] = -1
    return State(
        value=np.zeros(n_nets, dtype=np.uint8),
        net=net,
        cell=wiring.cell.copy(),
        stored=wiring.stored.copy(),
        dwell=np.zeros(wiring.n_slots, dtype=np.int32),
        queue=np.zeros(n_cells, dtype=np.int32),
        filled=np.zeros(len(wiring.level_ptr) - 1, dtype=np.int64),
        pending=np.zeros(2 * n_cells, dtype=np.int32),
        armed=np.zeros(int(wiring.domain_ptr[-1]), dtype=np.int32),
        n_armed=np.zeros(n_domain, dtype=np.int64),
        fired=np.zeros(4 * n_domain + 4, dtype=np.int32),
        flips=np.zeros(2 * n_nets, dtype=np.int32),
        counter=np.zeros(4, dtype=np.int64),
    )


@numba.njit(inline="always")
def _apply(w, s, now):  # type: ignore[no-untyped-def]
    """Change the listed nets: count, book the time of the sinks' patterns, update them and wake the sinks."""
    cell_data = s.cell
    for i in range(s.counter[_FLIPS]):
        net = s.flips[i]
        new = s.value[net] ^ 1
        s.value[net] = new
        if s.net[net, _TOUCHED] == now:
            s.net[net, _TOGGLES] -= 1
            s.net[net, _TOUCHED] = -1
        else:
            s.net[net, _TOGGLES] += 1
            s.net[net, _TOUCHED] = now
        s.net[net, _HIGH] += -now if new else now
        domain = w.fires[net, new]
        if domain >= 0:
            s.fired[s.counter[_FIRED]] = domain
            s.counter[_FIRED] += 1
        for f in range(w.fan_ptr[net], w.fan_ptr[net + 1]):
            cell = w.fan[f, 0]
            bit = w.fan[f, 1]
            role = cell_data[cell, ROLE]
            pattern = cell_data[cell, PATTERN]
            elapsed = now - cell_data[cell, SINCE]
            if elapsed > 0:
                cell_data[cell, SINCE] = now
                slot = cell_data[cell, SLOT]
                mask = cell_data[cell, STATE_MASK]
                if role == EDGE:
                    clock = s.stored[cell, CLOCK_NET]
                    high = s.net[clock, _HIGH] + (now if s.value[clock] else 0)
                    at_one = high - s.stored[cell, SINCE_HIGH]
                    s.stored[cell, SINCE_HIGH] = high
                    s.dwell[slot + ((pattern | s.stored[cell, CLOCK_MASK]) & mask)] += at_one
                    elapsed -= at_one
                s.dwell[slot + (pattern & mask)] += elapsed
            if role == EDGE and not cell_data[cell, BUSY] & ARMED:
                cell_data[cell, BUSY] |= ARMED
                own = s.stored[cell, DOMAIN]
                s.armed[w.domain_ptr[own] + s.n_armed[own]] = cell
                s.n_armed[own] += 1
            if bit < 0:
                cell_data[cell, PATTERN] = pattern ^ (-bit)
                continue
            cell_data[cell, PATTERN] = pattern ^ bit
            if not cell_data[cell, BUSY] & QUEUED:
                cell_data[cell, BUSY] |= QUEUED
                if role >= FLOP:
                    s.pending[s.counter[_PENDING]] = cell
                    s.counter[_PENDING] += 1
                else:
                    level = cell_data[cell, LEVEL]
                    s.queue[w.level_ptr[level] + s.filled[level]] = cell
                    s.filled[level] += 1
                    if level < s.counter[_LOWEST]:
                        s.counter[_LOWEST] = level
    s.counter[_FLIPS] = 0


@numba.njit(inline="always")
def _evaluate(w, s, cells):  # type: ignore[no-untyped-def]
    """List the nets that the outputs of ``cells`` must change."""
    count = s.counter[_FLIPS]
    for cell in cells:
        pattern = s.cell[cell, PATTERN]
        role = s.cell[cell, ROLE]
        if role <= GATE:
            s.cell[cell, BUSY] = 0
            if role == GATE:
                control = w.control[s.cell[cell, TABLE] + pattern]
                if control & _CLOCK:
                    stored = s.stored[cell, STORED]
                    pattern = (pattern & ~stored) | (stored if control & _NEXT else 0)
                    s.cell[cell, PATTERN] = pattern
        word = w.output[s.cell[cell, TABLE] + pattern]
        for o in range(w.out_ptr[cell], w.out_ptr[cell + 1]):
            net = w.out_net[o]
            if net >= 0 and s.value[net] != (word & 1):
                s.flips[count] = net
                count += 1
            word >>= 1
    s.counter[_FLIPS] = count


@numba.njit(cache=True)
def _sample(w, s):  # type: ignore[no-untyped-def]
    """Decide the stored bits of all triggered sequential cells before any output moves; keep those to evaluate."""
    kept = 0
    for i in range(s.counter[_PENDING]):
        cell = s.pending[i]
        s.cell[cell, BUSY] &= ~QUEUED
        pattern = s.cell[cell, PATTERN]
        role = s.cell[cell, ROLE]
        control = w.control[s.cell[cell, TABLE] + pattern]
        stored = s.stored[cell, STORED]
        old = (pattern & stored) != 0
        level = control & _CLOCK
        new = old
        if control & _CLEAR:
            new = False
        elif control & _PRESET:
            new = True
        elif role != EDGE and level and (role == LATCH or s.stored[cell, CLOCK_LEVEL] == 0):
            new = (control & _NEXT) != 0
        if role != EDGE:
            s.stored[cell, CLOCK_LEVEL] = level
        if new != old:
            s.cell[cell, PATTERN] ^= stored
        if new != old or role == LATCH:  # a latch output gated by a pin changes without the stored bit
            s.pending[kept] = cell
            kept += 1
    s.counter[_PENDING] = 0
    for i in range(s.counter[_FIRED]):
        kept = _sample_domain(w, s, s.fired[i], kept)
    s.counter[_FIRED] = 0
    return kept


@numba.njit(cache=True)
def _sample_domain(w, s, domain, kept):  # type: ignore[no-untyped-def]
    """Sample the armed cells of a clock domain; those whose next state still differs stay armed."""
    base = w.domain_ptr[domain]
    still = 0
    for i in range(s.n_armed[domain]):
        cell = s.armed[base + i]
        pattern = s.cell[cell, PATTERN]
        stored = s.stored[cell, STORED]
        control = w.control[s.cell[cell, TABLE] + pattern]
        old = (pattern & stored) != 0
        new = (control & _NEXT) != 0
        if control & _CLEAR:
            new = False
        elif control & _PRESET:
            new = True
        if new != old:
            pattern ^= stored
            s.cell[cell, PATTERN] = pattern
            s.pending[kept] = cell
            kept += 1
            control = w.control[s.cell[cell, TABLE] + pattern]
        if ((control & _NEXT) != 0) != new:
            s.armed[base + still] = cell
            still += 1
        else:
            s.cell[cell, BUSY] &= ~ARMED
    s.n_armed[domain] = still
    return kept


@numba.njit(cache=True)
def step(w, s, clock_net, clock_value, input_net, input_value, now):  # type: ignore[no-untyped-def]
    """One clock edge (or none, with ``clock_net`` -1) and the input change that goes with it; 0 or OSCILLATES.

    Parameters
    ----------
    input_net, input_value
        (n_input,) nets of the input ports and their new values.
    """
    n_levels = len(w.level_ptr) - 1
    budget = 64 * len(s.cell) + 1000
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
            cells = s.pending[:n]
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
            cells = s.queue[w.level_ptr[level] : w.level_ptr[level] + n]
        else:
            return 0
        budget -= 1 + n
        _evaluate(w, s, cells)


@numba.njit(cache=True)
def settle_all(w, s, ones):  # type: ignore[no-untyped-def]
    """Tie the nets of ``ones`` to 1 and evaluate every cell from the all-zero start."""
    for cell in range(len(s.cell)):
        role = s.cell[cell, ROLE]
        if role == EDGE:
            s.cell[cell, BUSY] |= ARMED
            domain = s.stored[cell, DOMAIN]
            s.armed[w.domain_ptr[domain] + s.n_armed[domain]] = cell
            s.n_armed[domain] += 1
        if role >= FLOP:
            s.cell[cell, BUSY] |= QUEUED
            s.pending[s.counter[_PENDING]] = cell
            s.counter[_PENDING] += 1
    _evaluate(w, s, s.pending[: s.counter[_PENDING]])
    for net in ones:
        s.flips[s.counter[_FLIPS]] = net
        s.counter[_FLIPS] += 1
    for cell in range(len(s.cell)):
        if 0 <= s.cell[cell, ROLE] <= GATE:
            s.cell[cell, BUSY] |= QUEUED
            level = s.cell[cell, LEVEL]
            s.queue[w.level_ptr[level] + s.filled[level]] = cell
            s.filled[level] += 1
    s.counter[_LOWEST] = 0
    return step(w, s, -1, 0, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint8), 0)


@numba.njit(cache=True)
def clear_counts(s, now):  # type: ignore[no-untyped-def]
    """Start counting at ``now``."""
    s.net[:, _TOGGLES] = 0
    s.net[:, _TOUCHED] = -1
    for net in range(len(s.value)):
        s.net[net, _HIGH] = -now if s.value[net] else 0
    s.dwell[:] = 0
    s.cell[:, SINCE] = now
    s.stored[:, SINCE_HIGH] = 0


@numba.njit(cache=True)
def flush(s, now):  # type: ignore[no-untyped-def]
    """Close the open intervals at ``now``."""
    for net in range(len(s.value)):
        if s.value[net]:
            s.net[net, _HIGH] += now
    for cell in range(len(s.cell)):
        if s.cell[cell, ROLE] < 0:
            continue
        slot, mask, pattern = s.cell[cell, SLOT], s.cell[cell, STATE_MASK], s.cell[cell, PATTERN]
        elapsed = now - s.cell[cell, SINCE]
        if s.cell[cell, ROLE] == EDGE:
            at_one = s.net[s.stored[cell, CLOCK_NET], _HIGH] - s.stored[cell, SINCE_HIGH]
            s.dwell[slot + ((pattern | s.stored[cell, CLOCK_MASK]) & mask)] += at_one
            elapsed -= at_one
        s.dwell[slot + (pattern & mask)] += elapsed
