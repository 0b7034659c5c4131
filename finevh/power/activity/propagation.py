"""Probabilities and toggle rates where nothing was simulated: each net a two-state process, inputs of a cell independent.

A net is described by its probability of 1 and its toggle rate per cycle, which fix the joint distribution of its values in
two consecutive cycles. A gate's output follows exactly from independent inputs (simultaneous changes included, no glitches);
a flip-flop passes on what it samples. Correlation between nets (reconvergence, one-hot codes, state machines) is ignored:
that is the error of the method, measured by ``benchmarks/power_propagation.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity, activity_from_probabilities
from finevh.power.simulation.behaviour import CLEAR, CLOCK, NEXT, PRESET
from finevh.power.simulation.network import (
    CLOCK_MASK,
    CLOCK_NET,
    EDGE,
    FLOP,
    GATE,
    LEVEL,
    ROLE,
    STORED,
    TABLE,
    build_network,
)
from finevh.technology.model import Direction, Int, Real

__all__ = ["propagate_probabilities"]

_MAX_ROUNDS = 200
_CONVERGED = 1e-5
_MAX_INPUTS = 8  # two consecutive patterns of n inputs are 4**n cases


def propagate_probabilities(
    netlist: Netlist,
    *,
    probability: Real,
    toggle_rate: Real,
    clock: str | None = None,
) -> Activity:
    """Complete the activity of a netlist from the nets that are known.

    Parameters
    ----------
    probability, toggle_rate
        (n_net,) known values, nan where unknown; every input port but the clock must be known.
    clock
        Clock port: probability 1/2, two toggles per cycle.

    Returns
    -------
    Activity
        Known nets keep their values; ``joint`` is False: patterns are products of net probabilities.

    Raises
    ------
    InputError
        If an input port is unknown.
    """
    network = build_network(netlist, clock)
    n = network.n_nets
    p, rate = np.full(n, np.nan), np.full(n, np.nan)
    p[: netlist.n_nets], rate[: netlist.n_nets] = probability, toggle_rate
    constant = np.flatnonzero(netlist.net_constant >= 0)
    p[constant], rate[constant] = netlist.net_constant[constant], 0.0
    if network.clock_net >= 0:
        p[network.clock_net], rate[network.clock_net] = 0.5, 2.0
    inputs = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    unknown = inputs[np.isnan(p[inputs]) | np.isnan(rate[inputs])]
    if len(unknown):
        raise InputError(
            f"input net {netlist.net_names[int(unknown[0])]} has no probability or no toggle rate; give both"
        )
    fixed = ~np.isnan(p) & ~np.isnan(rate)
    p, rate = np.where(fixed, p, 0.5), np.where(fixed, rate, 0.0)
    undriven = ~fixed
    undriven[network.wiring.out_net[network.wiring.out_net >= 0]] = False
    p[undriven], rate[undriven] = 0.0, 0.0
    wiring = network.wiring
    role, control = wiring.cell[:, ROLE], wiring.control
    # Stored bits after the logic that feeds them.
    order = np.lexsort((wiring.cell[:, LEVEL], role >= FLOP)).astype(np.int32)
    in_ptr, in_net, in_mask = _input_pins(netlist, network.pin_mask)
    following = np.where(control & CLEAR, 0, np.where(control & PRESET, 1, (control & NEXT) // NEXT)).astype(np.uint8)
    stored = np.tile((0.5, 0.0), (netlist.n_cells, 1))
    for _ in range(_MAX_ROUNDS):
        change = _propagate_once(
            order, in_ptr, in_net, in_mask, wiring.out_ptr, wiring.out_net, wiring.cell, wiring.stored, wiring.output, control,
            following, fixed, p, rate, stored,
        )  # fmt: skip
        if change < _CONVERGED:
            break
    return activity_from_probabilities(netlist, p[: netlist.n_nets], rate[: netlist.n_nets])


def _input_pins(netlist: Netlist, pin_mask: Int) -> tuple[NDArray[np.int64], Int, Int]:
    """CSR from cell to (net, mask in the pattern) of its connected input pins."""
    is_input = netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT
    pins = np.flatnonzero(is_input & (pin_mask != 0) & (netlist.pin_net != NO_NET))
    ptr = np.concatenate(([0], np.cumsum(np.bincount(netlist.pin_cell[pins], minlength=netlist.n_cells))))
    return ptr.astype(np.int64), netlist.pin_net[pins], pin_mask[pins]


@callee()
def _pair(p: float, rate: float) -> tuple[float, float, float, float]:
    """Joint probabilities 00, 01, 10, 11 of two consecutive values."""
    half = min(0.5 * rate, p, 1.0 - p)
    return 1.0 - p - half, half, half, p - half


@callee()
def _process(table: NDArray[np.uint8], bit: int, masks: Int, n: int, p: Real, rate: Real) -> tuple[float, float]:
    """Probability and toggle rate of one bit of a table under independent two-state inputs."""
    size = 1
    weight = np.ones(1 << (2 * n))
    before = np.zeros(1 << (2 * n), dtype=np.int32)
    after = np.zeros(1 << (2 * n), dtype=np.int32)
    for i in range(n):
        joint = _pair(p[i], rate[i])
        for k in range(3, -1, -1):
            for j in range(size):
                weight[k * size + j] = weight[j] * joint[k]
                before[k * size + j] = before[j] | (masks[i] if k & 2 else 0)
                after[k * size + j] = after[j] | (masks[i] if k & 1 else 0)
        size *= 4
    one, toggle = 0.0, 0.0
    for j in range(size):
        first = (table[before[j]] & bit) != 0
        if first:
            one += weight[j]
        if first != ((table[after[j]] & bit) != 0):
            toggle += weight[j]
    return one, toggle


@callee()
def _density(table: NDArray[np.uint8], bit: int, masks: Int, n: int, p: Real, rate: Real) -> tuple[float, float]:
    """Probability, and the sum of input rates times the probability that the output follows (clock networks)."""
    size = 1
    weight = np.ones(1 << n)
    code = np.zeros(1 << n, dtype=np.int32)
    for i in range(n):
        for j in range(size):
            weight[size + j] = weight[j] * p[i]
            weight[j] *= 1.0 - p[i]
            code[size + j] = code[j] | masks[i]
        size *= 2
    one, total = 0.0, 0.0
    for j in range(size):
        value = (table[code[j]] & bit) != 0
        if value:
            one += weight[j]
        for i in range(n):
            if value != ((table[code[j] ^ masks[i]] & bit) != 0):
                total += weight[j] * rate[i]
    return one, total


@callee()
def _sampled(one: float, toggle: float, edges: float) -> float:
    """Toggle rate of a bit that samples a process on a fraction of the cycles (correlation decays geometrically)."""
    free = 2.0 * one * (1.0 - one)
    if free <= 0.0 or edges <= 0.0:
        return 0.0
    kept = 1.0 - toggle / free
    return edges * free * (1.0 - edges * kept / (1.0 - (1.0 - edges) * kept))


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _propagate_once(
    order: Int,
    in_ptr: NDArray[np.int64],
    in_net: Int,
    in_mask: Int,
    out_ptr: Int,
    out_net: Int,
    cells: Int,
    storage: Int,
    output: NDArray[np.uint8],
    control: NDArray[np.uint8],
    following: NDArray[np.uint8],
    fixed: NDArray[np.bool_],
    p: Real,
    rate: Real,
    stored: Real,
) -> float:
    """One pass over all cells in the given order; return the largest change of a probability or rate."""
    change = 0.0
    masks = np.empty(64, dtype=np.int32)
    probabilities = np.empty(64)
    rates = np.empty(64)
    for cell in order:
        role = cells[cell, ROLE]
        if role < 0:
            continue
        begin = cells[cell, TABLE]
        n = 0
        clock = storage[cell, CLOCK_NET] if role == EDGE else -1
        fast = False
        for f in range(in_ptr[cell], in_ptr[cell + 1]):
            net, mask = in_net[f], in_mask[f]
            if role == EDGE and mask == storage[cell, CLOCK_MASK]:
                continue
            if role >= GATE and role != EDGE and (control[begin] ^ control[begin + mask]) & CLOCK:
                clock = net
                continue
            masks[n], probabilities[n], rates[n] = mask, p[net], rate[net]
            fast = fast or rate[net] > 1.0
            n += 1
        edges = 0.0 if clock < 0 else min(1.0, 0.5 * rate[clock])
        if role >= GATE:
            masks[n], probabilities[n], rates[n] = storage[cell, STORED], stored[cell, 0], stored[cell, 1]
            one, toggle = _process(following[begin:], 1, masks, n + 1, probabilities, rates)
            if role == GATE:
                edges = 1.0
            stored[cell, 0], stored[cell, 1] = one, _sampled(one, toggle, edges)
            masks[0], probabilities[0], rates[0] = storage[cell, STORED], one, stored[cell, 1]
            n = 1
        for o in range(out_ptr[cell], out_ptr[cell + 1]):
            net = out_net[o]
            if net < 0 or fixed[net]:
                continue
            bit = 1 << (o - out_ptr[cell])
            if role == GATE and clock >= 0:
                one, toggle = p[clock] * stored[cell, 0], rate[clock] * stored[cell, 0]
            elif fast or n > _MAX_INPUTS:
                one, toggle = _density(output[begin:], bit, masks, n, probabilities, rates)
            else:
                one, toggle = _process(output[begin:], bit, masks, n, probabilities, rates)
            change = max(change, abs(one - p[net]), abs(toggle - rate[net]))
            p[net], rate[net] = one, toggle
    return change
