"""Fan-out trees by location: sinks of a heavy net are clustered where they lie and each cluster gets a buffer.

A netlist and a placement come in, a :class:`~finevh.netlist.edit.BufferPlan` with the place of each buffer goes out. The same
construction makes the clock tree: a tree of clock buffers whose leaves are the clock pins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.edit import BufferPlan, sinks_by_net
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real


@dataclass(frozen=True)
class FanoutLimits:
    """When a net is split, and into what.

    ``cell_type`` is the buffer used for every cluster (sizing may change its drive later); a cluster holds at most
    ``fanout`` sinks and ``capacitance`` fF of pins and estimated wire, with ``wire_cap`` fF per um of the cluster's half
    perimeter.
    """

    cell_type: int
    fanout: int
    capacitance: float
    wire_cap: float
    input_cap: float
    """fF of the buffer's own input: what a parent cluster sees."""


@dataclass(frozen=True)
class PlacedPlan:
    """A buffer plan with the wished centre of each buffer, um."""

    plan: BufferPlan
    x: Real
    y: Real


def _clusters(x: Real, y: Real, cap: Real, limits: FanoutLimits) -> list[NDArray[np.int64]]:
    """Split points by alternating medians until each part keeps the limits; parts hold indices into ``x``."""
    done: list[NDArray[np.int64]] = []
    stack = [np.arange(len(x))]
    while stack:
        part = stack.pop()
        width, height = np.ptp(x[part]), np.ptp(y[part])
        load = cap[part].sum() + limits.wire_cap * (width + height)
        if len(part) == 1 or (len(part) <= limits.fanout and load <= limits.capacitance):
            done.append(part)
            continue
        along = x if width >= height else y
        order = part[np.argsort(along[part], kind="stable")]
        pieces = 2 if len(part) <= 2 * limits.fanout else -(-len(part) // limits.fanout)
        # An even number of near-equal pieces keeps the leaves full: 17 sinks at 16 a leaf become 9 + 8, not 16 + 1.
        middle = len(order) * (pieces // 2) // pieces
        stack += [order[middle:], order[:middle]]
    return done


def plan_fanout_trees(
    netlist: Netlist,
    pin_x: Real,
    pin_y: Real,
    pin_cap: Real,
    limits: FanoutLimits,
    nets: Int,
    pin_keep: NDArray[np.bool_] | None = None,
) -> PlacedPlan:
    """Plan buffer trees for ``nets``.

    Parameters
    ----------
    pin_x, pin_y : (n_pin) um, where each netlist pin lies.
    pin_cap : (n_pin) fF.
    nets : nets to split.
    pin_keep : (n_pin) bool, optional
        Sinks that stay on the driver itself because their slack is the worst of the net.

    Returns
    -------
    PlacedPlan
        Parents precede children; a net whose sinks already keep the limits gets no buffer.
    """
    ptr, sinks = sinks_by_net(netlist)
    cell_type: list[int] = []
    net_of: list[int] = []
    parent: list[int] = []
    where_x: list[float] = []
    where_y: list[float] = []
    moved_pin: list[NDArray[np.int32]] = []
    moved_to: list[NDArray[np.int64]] = []
    for net in nets:
        pins = sinks[ptr[net] : ptr[net + 1]]
        keep = pins[pin_keep[pins]] if pin_keep is not None else pins[:0]
        level = pins[~pin_keep[pins]] if pin_keep is not None else pins
        x, y, cap = pin_x[level], pin_y[level], pin_cap[level]
        # Levels grow from the leaves; `below[i]` is the buffer (numbered within this net) that item i of a level stands for.
        below: NDArray[np.int64] | None = None
        levels: list[tuple[Real, Real, list[NDArray[np.int64]], NDArray[np.int64] | None]] = []
        while True:
            load = cap.sum() + limits.wire_cap * (np.ptp(x) + np.ptp(y)) if len(x) else 0.0
            if len(x) + len(keep) <= limits.fanout and load <= limits.capacitance:
                break
            parts = _clusters(x, y, cap, limits)
            if len(parts) >= len(x):
                break
            levels.append((x, y, parts, below))
            start = sum(len(done[2]) for done in levels[:-1])
            below = start + np.arange(len(parts))
            x = np.array([x[p].mean() for p in parts])
            y = np.array([y[p].mean() for p in parts])
            cap = np.full(len(parts), limits.input_cap)
        total = sum(len(done[2]) for done in levels)
        if total == 0:
            continue
        base = len(cell_type)
        # Buffers of a net are numbered from the root so that parents precede children.
        number = base + total - 1 - np.arange(total)
        parents = np.full(total, -1, dtype=np.int64)
        centre = np.zeros((total, 2))
        first = 0
        for xs, ys, parts, lower in levels:
            for k, part in enumerate(parts):
                me = first + k
                centre[me] = xs[part].mean(), ys[part].mean()
                if lower is None:
                    moved_pin.append(level[part])
                    moved_to.append(np.full(len(part), number[me]))
                else:
                    parents[lower[part]] = number[me]
            first += len(parts)
        cell_type += [limits.cell_type] * total
        net_of += [int(net)] * total
        parent += parents[::-1].tolist()
        where_x += centre[::-1, 0].tolist()
        where_y += centre[::-1, 1].tolist()
    plan = BufferPlan(
        cell_type=np.array(cell_type, dtype=np.int32),
        net=np.array(net_of, dtype=np.int32),
        parent=np.array(parent, dtype=np.int32),
        moved_pin=np.concatenate(moved_pin) if moved_pin else np.zeros(0, dtype=np.int32),
        moved_to=(np.concatenate(moved_to) if moved_to else np.zeros(0)).astype(np.int32),
    )
    return PlacedPlan(plan, np.array(where_x), np.array(where_y))
