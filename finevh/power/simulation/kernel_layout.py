"""A wired network laid out for the simulation kernels: what they read, what they write, packed by cache lines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.power.simulation import network
from finevh.power.simulation.network import QUEUED, Wiring

__all__ = ["Plan", "State", "dwell", "new_state", "queued_cells"]

# Columns of ``State.net``.
NET_TOGGLES, NET_TOUCHED, NET_HIGH, NET_FAN = 0, 1, 2, 3
# Words of a cell's block; its pattern counters follow.
AT_ROLE, AT_LEVEL, AT_TABLE, AT_MASK, AT_PATTERN, AT_SINCE, AT_BUSY, AT_OUT, AT_DWELL = range(9)
_LINE = 16  # words of a cache line: most cells' blocks, counters included, are one line


class Plan(NamedTuple):
    """What the kernels read. A cell is named by the first word of its block in ``State.cell``."""

    block: NDArray[np.int32]
    """(n_cell,) first word of each cell's block, -1 for a physical cell."""
    fan: NDArray[np.int32]
    """Per net: number of pins to tell (-1 - number where the net fires a clock domain), then block and signed bit of each."""
    out_ptr: NDArray[np.int32]
    """(n_cell + 1,) CSR of driven nets, for cells with several outputs or a stored bit."""
    out_net: NDArray[np.int32]
    level_ptr: NDArray[np.int64]
    """(n_level + 1,) room of each level in the queue, and one word more that a cell already queued is written to."""
    domain_ptr: NDArray[np.int64]
    fires: NDArray[np.int32]
    output: NDArray[np.uint8]
    control: NDArray[np.uint8]
    n_clock_levels: int


class State(NamedTuple):
    """What the kernels write."""

    value: NDArray[np.uint8]
    """(n_net,) logic value."""
    net: NDArray[np.int32]
    """(n_net, 4): toggles; step of the last odd change (a second change in the same step cancels it: no glitches); half
    cycles at 1, open intervals counted at ``flush``; where the net begins in ``Plan.fan`` (constant)."""
    cell: NDArray[np.int32]
    """Blocks: role, level, truth table, mask of the leakage state (constant); pattern; step of its last change; BUSY bits; the
    driven net, or -1 - cell for a cell with several outputs or a stored bit; then half cycles in each leakage pattern."""
    stored: NDArray[np.int32]
    """(n_cell, 6) as ``Wiring.stored``, with the changing columns."""
    queue: NDArray[np.int32]
    """(n_cell + n_level + 1,) blocks to evaluate, by level."""
    filled: NDArray[np.int64]
    """(n_level,)"""
    pending: NDArray[np.int32]
    """(2 n_cell + 1,) sequential cells to look at, then those to evaluate."""
    armed: NDArray[np.int32]
    """EDGE cells whose data changed since they last sampled, by domain."""
    n_armed: NDArray[np.int64]
    """(n_domain,)"""
    fired: NDArray[np.int32]
    """Domains whose clock edge came in this step."""
    flips: NDArray[np.int32]
    """Nets to change."""
    work: NDArray[np.int32]
    """Block and signed bit of the pins to tell."""
    counter: NDArray[np.int64]
    """[number pending, lowest filled level, number fired, number of nets to change]."""


def new_state(wiring: Wiring, n_nets: int) -> tuple[Plan, State]:
    """Lay a network out for the kernels, and return the all-zero start: every net and stored bit at 0."""
    n_cells = len(wiring.cell)
    n_domain = len(wiring.domain_ptr) - 1
    block, cell = _blocks(wiring)
    net = np.zeros((n_nets, 4), dtype=np.int32)
    net[:, NET_TOUCHED] = -1
    net[:, NET_FAN], fan = _fan_lists(wiring, block)
    plan = Plan(
        block,
        fan,
        wiring.out_ptr,
        wiring.out_net,
        wiring.level_ptr + np.arange(len(wiring.level_ptr)),
        wiring.domain_ptr,
        wiring.fires,
        wiring.output,
        wiring.control,
        wiring.n_clock_levels,
    )
    return plan, State(
        value=np.zeros(n_nets, dtype=np.uint8),
        net=net,
        cell=cell,
        stored=wiring.stored.copy(),
        queue=np.zeros(n_cells + len(wiring.level_ptr), dtype=np.int32),
        filled=np.zeros(len(wiring.level_ptr) - 1, dtype=np.int64),
        pending=np.zeros(2 * n_cells + 1, dtype=np.int32),
        armed=np.zeros(int(wiring.domain_ptr[-1]), dtype=np.int32),
        n_armed=np.zeros(n_domain, dtype=np.int64),
        fired=np.zeros(4 * n_domain + 4, dtype=np.int32),
        flips=np.zeros(2 * n_nets + 1, dtype=np.int32),
        work=np.zeros(len(fan), dtype=np.int32),
        counter=np.zeros(4, dtype=np.int64),
    )


def _blocks(wiring: Wiring) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(n_cell,) first word of each cell's block; and the blocks, whole cache lines, in the order of evaluation."""
    columns, role = wiring.cell, wiring.cell[:, network.ROLE]
    words = AT_DWELL + columns[:, network.STATE_MASK].astype(np.int64) + 1
    words = np.where(role < 0, 0, -(-words // _LINE) * _LINE)
    order = np.argsort(columns[:, network.LEVEL], kind="stable")
    block = np.empty(len(columns), dtype=np.int64)
    block[order] = np.concatenate(([0], np.cumsum(words[order])[:-1])) if len(order) else 0
    room = np.zeros(int(words.sum()) + _LINE, dtype=np.int32)
    skip = -room.ctypes.data % (4 * _LINE) // 4
    cell = room[skip : skip + int(words.sum())]
    live = np.flatnonzero(role >= 0)
    n_out = np.diff(wiring.out_ptr)[live]
    first = (
        wiring.out_net[np.minimum(wiring.out_ptr[live], max(len(wiring.out_net) - 1, 0))] if len(wiring.out_net) else -1
    )
    simple = (role[live] == 0) & (n_out == 1) & (first >= 0)
    for word, column in (
        (AT_ROLE, network.ROLE),
        (AT_LEVEL, network.LEVEL),
        (AT_TABLE, network.TABLE),
        (AT_MASK, network.STATE_MASK),
    ):
        cell[block[live] + word] = columns[live, column]
    cell[block[live] + AT_OUT] = np.where(simple, first, -1 - live)
    return np.where(role < 0, -1, block).astype(np.int32), cell


def _fan_lists(wiring: Wiring, block: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(n_net,) begin of each net's list; and the lists."""
    count = np.diff(wiring.fan_ptr)
    begin = np.concatenate(([0], np.cumsum(1 + 2 * count)))
    fan = np.empty(int(begin[-1]), dtype=np.int32)
    fires = (wiring.fires >= 0).any(axis=1)
    fan[begin[:-1]] = np.where(fires, -1 - count, count)
    place = np.repeat(begin[:-1] + 1 - 2 * wiring.fan_ptr[:-1], count) + 2 * np.arange(len(wiring.fan))
    fan[place], fan[place + 1] = block[wiring.fan[:, 0]], wiring.fan[:, 1]
    return begin[:-1].astype(np.int32), fan


def dwell(wiring: Wiring, plan: Plan, state: State) -> NDArray[np.int32]:
    """Half cycles in each leakage pattern, cell by cell as in ``Activity``; complete after `flush`."""
    result = np.zeros(wiring.n_slots, dtype=np.int32)
    live = np.flatnonzero(plan.block >= 0)
    count = wiring.cell[live, network.STATE_MASK] + 1
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    slots = np.repeat(wiring.cell[live, network.SLOT], count) + within
    result[slots] = state.cell[np.repeat(plan.block[live] + AT_DWELL, count) + within]
    return result


def queued_cells(plan: Plan, state: State) -> NDArray[np.intp]:
    """Cells that wait to be evaluated."""
    live = np.flatnonzero(plan.block >= 0)
    return np.asarray(live[(state.cell[plan.block[live] + AT_BUSY] & QUEUED) != 0])
