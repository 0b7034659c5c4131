"""Fan-out trees by location: sinks of a heavy net are clustered where they lie and each cluster gets a buffer.

A netlist and a placement come in, a :class:`~finevh.netlist.edit.BufferPlan` with the place of each buffer goes out. The same
construction makes the clock tree: a tree of clock buffers whose leaves are the clock pins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.layout.wirelength import load_of
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
        load = load_of(x[part], y[part], cap[part], limits.wire_cap)
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
    trees: list[_Tree] = []
    first = 0
    for net in nets:
        pins = sinks[ptr[net] : ptr[net + 1]]
        keep = pins[pin_keep[pins]] if pin_keep is not None else pins[:0]
        moved = pins[~pin_keep[pins]] if pin_keep is not None else pins
        levels = _cluster_levels(pin_x[moved], pin_y[moved], pin_cap[moved], limits, len(keep))
        if levels:
            trees.append(_tree(int(net), moved, levels, first))
            first += len(trees[-1].parent)
    net_of = [np.full(len(tree.parent), tree.net, dtype=np.int32) for tree in trees]
    plan = BufferPlan(
        cell_type=np.full(first, limits.cell_type, dtype=np.int32),
        net=np.concatenate([np.zeros(0, dtype=np.int32), *net_of]),
        parent=np.concatenate([np.zeros(0), *(tree.parent for tree in trees)]).astype(np.int32),
        moved_pin=np.concatenate([np.zeros(0, dtype=np.int32), *(tree.moved_pin for tree in trees)]),
        moved_to=np.concatenate([np.zeros(0), *(tree.moved_to for tree in trees)]).astype(np.int32),
    )
    centre = np.concatenate([np.zeros((0, 2)), *(tree.centre for tree in trees)])
    return PlacedPlan(plan, centre[:, 0].copy(), centre[:, 1].copy())


class _Tree(NamedTuple):
    """Buffers of one net, from the root on: parents and places, and which buffer each moved sink hangs on."""

    net: int
    parent: NDArray[np.int64]
    centre: Real
    moved_pin: Int
    moved_to: NDArray[np.int64]


class _Level(NamedTuple):
    """Items of one level of a tree and their clusters; ``below`` numbers the buffers that the items are, from the leaves."""

    x: Real
    y: Real
    parts: list[NDArray[np.int64]]
    below: NDArray[np.int64] | None


def _cluster_levels(x: Real, y: Real, cap: Real, limits: FanoutLimits, kept: int) -> list[_Level]:
    """Cluster sinks, then the clusters' buffers, until the driver can carry what is left beside the ``kept`` sinks."""
    levels: list[_Level] = []
    below: NDArray[np.int64] | None = None
    count = 0
    while True:
        load = load_of(x, y, cap, limits.wire_cap) if len(x) else 0.0
        if len(x) + kept <= limits.fanout and load <= limits.capacitance:
            return levels
        parts = _clusters(x, y, cap, limits)
        if len(parts) >= len(x):
            return levels
        levels.append(_Level(x, y, parts, below))
        below = count + np.arange(len(parts))
        count += len(parts)
        x, y = (np.array([axis[part].mean() for part in parts]) for axis in (x, y))
        cap = np.full(len(parts), limits.input_cap)


def _tree(net: int, pins: Int, levels: Sequence[_Level], base: int) -> _Tree:
    """Number the buffers of a net from the root, so that parents precede children; the first one of them is ``base``."""
    total = sum(len(level.parts) for level in levels)
    number = base + total - 1 - np.arange(total)
    parents = np.full(total, -1, dtype=np.int64)
    centre = np.zeros((total, 2))
    moved_pin, moved_to = [], []
    me = 0
    for level in levels:
        for part in level.parts:
            centre[me] = level.x[part].mean(), level.y[part].mean()
            if level.below is None:
                moved_pin.append(pins[part])
                moved_to.append(np.full(len(part), number[me]))
            else:
                parents[level.below[part]] = number[me]
            me += 1
    return _Tree(net, parents[::-1], centre[::-1], np.concatenate(moved_pin), np.concatenate(moved_to))
