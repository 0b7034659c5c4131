"""Compiled event-driven evaluation: settle a network after its clock and inputs changed, counting as it goes.

Time is counted in half clock cycles: even steps are rising edges, odd steps falling edges. Gates have no delay. Within a
step the order is that of synchronous logic: first the clock network, then all triggered flip-flops sample, then they and the
inputs change together, then the data logic follows level by level.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.power.network import Wiring

__all__ = ["OSCILLATES", "State", "clear_counts", "flush", "force", "new_state", "settle_all", "step"]

OSCILLATES = 1
_FLOP, _LATCH, _GATE = 2, 3, 1
_CLOCK, _NEXT, _CLEAR, _PRESET = 1, 2, 4, 8


class State(NamedTuple):
    """What the kernels write."""

    value: NDArray[np.uint8]
    """(n_net,) logic value."""
    pattern: NDArray[np.int32]
    """(n_cell,) values on the cell's pins and its stored bit."""
    clock_level: NDArray[np.uint8]
    """(n_cell,) clock function of sequential cells at their last evaluation."""
    toggles: NDArray[np.int64]
    touched: NDArray[np.int64]
    """(n_net,) step of the last odd change: a second change in the same step cancels it (no glitches)."""
    high: NDArray[np.int64]
    """(n_net,) half cycles at 1, open intervals counted at ``flush``."""
    since: NDArray[np.int64]
    """(n_cell,) step of the last pattern change."""
    dwell: NDArray[np.int64]
    """Half cycles in each leakage pattern."""
    queue: NDArray[np.int32]
    filled: NDArray[np.int64]
    """(n_level,) queued cells of each level."""
    queued: NDArray[np.bool_]
    pending: NDArray[np.int32]
    """(n_cell,) sequential cells to look at."""
    counter: NDArray[np.int64]
    """[number pending, lowest filled level]."""


def new_state(wiring: Wiring, n_nets: int) -> State:
    """Return the all-zero start: every net and stored bit at 0, every cell waiting for evaluation."""
    n_cells = len(wiring.role)
    n_levels = len(wiring.level_ptr) - 1
    return State(
        value=np.zeros(n_nets, dtype=np.uint8),
        pattern=np.zeros(n_cells, dtype=np.int32),
        clock_level=np.zeros(n_cells, dtype=np.uint8),
        toggles=np.zeros(n_nets, dtype=np.int64),
        touched=np.full(n_nets, -1, dtype=np.int64),
        high=np.zeros(n_nets, dtype=np.int64),
        since=np.zeros(n_cells, dtype=np.int64),
        dwell=np.zeros(int(wiring.slot[-1]), dtype=np.int64),
        queue=np.zeros(n_cells, dtype=np.int32),
        filled=np.zeros(n_levels, dtype=np.int64),
        queued=np.zeros(n_cells, dtype=np.bool_),
        pending=np.zeros(n_cells, dtype=np.int32),
        counter=np.zeros(2, dtype=np.int64),
    )


@numba.njit(cache=True)  # type: ignore[misc]
def _wake(w, s, cell):  # type: ignore[no-untyped-def]
    """Queue a cell for evaluation."""
    if s.queued[cell]:
        return
    s.queued[cell] = True
    if w.role[cell] >= _FLOP:
        s.pending[s.counter[0]] = cell
        s.counter[0] += 1
    else:
        level = w.level[cell]
        s.queue[w.level_ptr[level] + s.filled[level]] = cell
        s.filled[level] += 1
        if level < s.counter[1]:
            s.counter[1] = level


@numba.njit(cache=True)  # type: ignore[misc]
def _flip(w, s, net, now):  # type: ignore[no-untyped-def]
    """Change a net, tell its sinks, count the toggle and the time."""
    new = s.value[net] ^ 1
    s.value[net] = new
    if s.touched[net] == now:
        s.toggles[net] -= 1
        s.touched[net] = -1
    else:
        s.toggles[net] += 1
        s.touched[net] = now
    if new:
        s.high[net] -= now
    else:
        s.high[net] += now
    for f in range(w.fan_ptr[net], w.fan_ptr[net + 1]):
        cell = w.fan_cell[f]
        bit = w.fan_bit[f]
        pattern = s.pattern[cell]
        elapsed = now - s.since[cell]
        if elapsed > 0:
            s.dwell[w.slot[cell] + (pattern & w.state_mask[cell])] += elapsed
            s.since[cell] = now
        if bit > 0:
            s.pattern[cell] = pattern ^ bit
            _wake(w, s, cell)
        else:
            s.pattern[cell] = pattern ^ (-bit)


@numba.njit(cache=True)  # type: ignore[misc]
def _evaluate(w, s, cell, now):  # type: ignore[no-untyped-def]
    """Bring the outputs of a cell up to its pattern."""
    word = w.output[w.table[cell] + s.pattern[cell]]
    for o in range(w.out_ptr[cell], w.out_ptr[cell + 1]):
        net = w.out_net[o]
        if net >= 0 and s.value[net] != (word & 1):
            _flip(w, s, net, now)
        word >>= 1


@numba.njit(cache=True)  # type: ignore[misc]
def _drain(w, s, stop, now, budget):  # type: ignore[no-untyped-def]
    """Evaluate queued cells of all levels below ``stop``, lowest first; return the evaluations left."""
    while s.counter[1] < stop:
        level = s.counter[1]
        if s.filled[level] == 0:
            s.counter[1] += 1
            continue
        s.filled[level] -= 1
        cell = s.queue[w.level_ptr[level] + s.filled[level]]
        s.queued[cell] = False
        if w.role[cell] == _GATE:
            control = w.control[w.table[cell] + s.pattern[cell]]
            if control & _CLOCK:
                stored = w.stored_mask[cell]
                s.pattern[cell] = (s.pattern[cell] & ~stored) | (stored if control & _NEXT else 0)
        _evaluate(w, s, cell, now)
        budget -= 1
        if budget < 0:
            return budget
    return budget


@numba.njit(cache=True)  # type: ignore[misc]
def _sample(w, s):  # type: ignore[no-untyped-def]
    """Decide the stored bits of all pending sequential cells before any output moves; keep those to evaluate."""
    kept = 0
    for i in range(s.counter[0]):
        cell = s.pending[i]
        s.queued[cell] = False
        pattern = s.pattern[cell]
        control = w.control[w.table[cell] + pattern]
        stored = w.stored_mask[cell]
        old = (pattern & stored) != 0
        level = control & _CLOCK
        new = old
        if control & _CLEAR:
            new = False
        elif control & _PRESET:
            new = True
        elif level and (w.role[cell] == _LATCH or not s.clock_level[cell]):
            new = (control & _NEXT) != 0
        s.clock_level[cell] = level
        if new != old:
            s.pattern[cell] ^= stored
            s.pending[kept] = cell
            kept += 1
        elif w.role[cell] == _LATCH:
            s.pending[kept] = cell  # an output gated by a pin changes without the stored bit
            kept += 1
    s.counter[0] = 0
    return kept


@numba.njit(cache=True)  # type: ignore[misc]
def _commit(w, s, kept, now, changed):  # type: ignore[no-untyped-def]
    """Change the outputs of the cells that ``_sample`` kept."""
    changed[:kept] = s.pending[:kept]
    for i in range(kept):
        _evaluate(w, s, changed[i], now)


@numba.njit(cache=True)  # type: ignore[misc]
def step(w, s, clock_net, clock_value, input_net, input_value, now, scratch):  # type: ignore[no-untyped-def]
    """One clock edge (or none, with ``clock_net`` -1) and the input change that goes with it; 0 or OSCILLATES.

    Parameters
    ----------
    input_net, input_value
        (n_input,) nets of the input ports and their new values.
    scratch
        (n_cell,) int32 work space.
    """
    n_levels = len(w.level_ptr) - 1
    budget = 64 * len(w.role) + 1000
    if clock_net >= 0 and s.value[clock_net] != clock_value:
        _flip(w, s, clock_net, now)
        budget = _drain(w, s, w.n_clock_levels, now, budget)
    kept = _sample(w, s)
    _commit(w, s, kept, now, scratch)
    for i in range(len(input_net)):
        net = input_net[i]
        if net >= 0 and s.value[net] != input_value[i]:
            _flip(w, s, net, now)
    while budget >= 0:
        budget = _drain(w, s, w.n_clock_levels, now, budget)
        if s.counter[0] > 0:
            budget -= s.counter[0]
            kept = _sample(w, s)
            _commit(w, s, kept, now, scratch)
            continue
        if s.counter[1] >= n_levels:
            return 0
        budget = _drain(w, s, n_levels, now, budget)
    return OSCILLATES


@numba.njit(cache=True)  # type: ignore[misc]
def force(w, s, net):  # type: ignore[no-untyped-def]
    """Tie a net to 1 before the start."""
    _flip(w, s, net, 0)


@numba.njit(cache=True)  # type: ignore[misc]
def settle_all(w, s, scratch):  # type: ignore[no-untyped-def]
    """Evaluate every cell once from the all-zero start."""
    for cell in range(len(w.role)):
        if w.role[cell] >= 0:
            _wake(w, s, cell)
        if w.role[cell] >= _FLOP:
            _evaluate(w, s, cell, 0)
    none = np.empty(0, dtype=np.int32)
    return step(w, s, -1, 0, none, np.empty(0, dtype=np.uint8), 0, scratch)


@numba.njit(cache=True)  # type: ignore[misc]
def clear_counts(w, s, now):  # type: ignore[no-untyped-def]
    """Start counting at ``now``."""
    s.toggles[:] = 0
    s.touched[:] = -1
    s.dwell[:] = 0
    s.since[:] = now
    for net in range(len(s.value)):
        s.high[net] = -now if s.value[net] else 0


@numba.njit(cache=True)  # type: ignore[misc]
def flush(w, s, now):  # type: ignore[no-untyped-def]
    """Close the open intervals at ``now``."""
    for net in range(len(s.value)):
        if s.value[net]:
            s.high[net] += now
    for cell in range(len(w.role)):
        s.dwell[w.slot[cell] + (s.pattern[cell] & w.state_mask[cell])] += now - s.since[cell]
        s.since[cell] = now
