"""Plans a balanced clock tree from its leaves up: every register gets the same row of stages, whatever gates it is behind.

From the root to a register: the root buffer, branch buffers, a gate or a buffer in its place, branch buffers, a gate or a buffer
in its place, ..., a leaf buffer. Branch levels are the same for all nets of a depth, so that delays differ by loads alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from finevh.layout.clock_tree.cluster import cluster
from finevh.layout.clock_tree.network import ClockNetwork
from finevh.layout.wirelength import load_of
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Technology


class Role(IntEnum):
    """What a cell of the tree is there for."""

    ROOT = 0
    BRANCH = 1
    GATE = 2
    MATCH = 3
    """A buffer where others have a gate."""
    LEAF = 4


@dataclass(frozen=True)
class TreeCells:
    """Cells to build a tree of, and what their pins weigh at the corner it is built for.

    ``buffers`` are ordered by drive; ``gates`` gives the drives of each gate cell, weakest first; ``input_cap`` (n_cell type)
    fF is that of the pin on the clock, ``strength`` (n_cell type) fF the load that a cell is meant for.
    """

    buffers: tuple[int, ...]
    gates: Mapping[int, tuple[int, ...]]
    input_cap: Real
    strength: Real

    def drive_for(self, choices: Sequence[int], load: float) -> int:
        """The weakest of some cells that is meant for a load, the strongest where none is."""
        return next((c for c in choices if self.strength[c] >= load), choices[-1])


@dataclass(frozen=True)
class TreeLimits:
    """Loads and counts of the stages; fF.

    ``leaf`` and ``leaf_count`` bound a leaf buffer's registers, ``leaves`` the leaf buffers of one gate, ``branch`` and
    ``branch_count`` what a branch buffer drives; a net gets branch buffers above ``direct`` stages, until its gate and at most
    ``clones`` copies, or its root buffer, can drive them. ``wire_cap`` is fF per um.
    """

    leaf: float
    branch: float
    wire_cap: float
    leaf_count: int = 64
    leaves: int = 2
    branch_count: int = 8
    direct: int = 6
    clones: int = 4


@dataclass(frozen=True)
class TreePlan:
    """Cells of a tree, parents first.

    Attributes
    ----------
    role, cell_type, parent : (n); a parent of -1 is the source net itself.
    source : (n) net of the clock's port or pin.
    gate : (n) instance that a gate is or copies, -1 for buffers; ``original`` (n) is True where it is that instance.
    gate_in : (n) position of the clock among the gate's pins, -1 for buffers.
    x, y : (n) um, wished centres.
    moved_pin, moved_to : pins where the clock ends and the leaf that drives each.
    """

    role: Int
    cell_type: Int
    parent: Int
    source: Int
    gate: Int
    gate_in: Int
    original: NDArray[np.bool_]
    x: Real
    y: Real
    moved_pin: Int
    moved_to: Int

    @property
    def n(self) -> int:
        """Number of cells."""
        return len(self.role)


def tree_buffers(technology: Technology) -> tuple[str, ...]:
    """Names of the buffers that a clock tree is made of: the clock buffers or, in a technology without, the plain ones."""
    return technology.roles.get("clock_buffer") or technology.roles.get("buffer") or ()


def find_tree_cells(
    technology: Technology, corner: int, gates: Mapping[int, tuple[int, ...]], share: float = 0.3
) -> TreeCells:
    """Cells of a technology for a tree at a corner; a cell is meant for ``share`` of its pin's maximum capacitance.

    Where the library gives no maximum a cell is meant for eight and a half times its own input.
    """
    cells, corners = technology.cells, technology.corners
    n = len(cells.names)
    cap, most = np.zeros(n), np.full(n, np.inf)
    for cell in range(n):
        pins = slice(cells.pin_ptr[cell], cells.pin_ptr[cell + 1])
        values, clocked = corners.pin_cap[corner, pins], cells.pin_is_clock[pins].astype(bool)
        inputs = cells.pin_direction[pins] == 0
        chosen = inputs & clocked if (inputs & clocked).any() else inputs
        cap[cell] = values[chosen].max(initial=0.0)
        limit = corners.pin_max_cap[corner, pins][cells.pin_direction[pins] == 1]
        most[cell] = limit.min(initial=np.inf)
    strength = np.where(np.isfinite(most), share * most, 8.5 * cap)
    buffers = [cells.index[name] for name in tree_buffers(technology) if name in cells.index]
    buffers.sort(key=lambda c: (strength[c], cells.area[c]))
    return TreeCells(tuple(buffers), gates, cap, strength)


_LIGHT = 0.125
"""Of a leaf's load: buffers are faster than the gates in whose place they stand, and nearly idle ones too fast for any drive."""


class _Builder:
    """Nodes of a tree under construction, children first."""

    def __init__(self, network: ClockNetwork, cells: TreeCells, limits: TreeLimits) -> None:
        self.network, self.cells, self.limits = network, cells, limits
        self.role: list[Role] = []
        self.cell_type: list[int] = []
        self.children: list[list[int]] = []
        self.gate: list[int] = []
        self.original: list[bool] = []
        self.x: list[float] = []
        self.y: list[float] = []
        self.pins: dict[int, Int] = {}

    def add(self, role: Role, children: Sequence[int], load: float, gate: tuple[int, int] = (-1, -1)) -> int:
        """A node above others; ``gate`` is an instance and its cell."""
        if role == Role.GATE:
            choices: tuple[int, ...] = self.cells.gates.get(gate[1], (gate[1],))
        else:
            choices = self.cells.buffers
        self.role.append(role)
        self.cell_type.append(self.cells.drive_for(choices, load))
        self.children.append(list(children))
        self.gate.append(gate[0])
        self.original.append(False)
        self.x.append(float(np.mean([self.x[c] for c in children])) if children else 0.0)
        self.y.append(float(np.mean([self.y[c] for c in children])) if children else 0.0)
        return len(self.role) - 1

    def columns(self, nodes: Sequence[int]) -> tuple[Real, Real, Real]:
        """Places, um, and input capacitances, fF, of nodes."""
        x = np.array([self.x[k] for k in nodes])
        y = np.array([self.y[k] for k in nodes])
        return x, y, np.array([self.cells.input_cap[self.cell_type[k]] for k in nodes])

    def above(
        self, role: Role, nodes: Sequence[int], capacitance: float, count: int, gate: tuple[int, int] = (-1, -1)
    ) -> list[int]:
        """Group nodes and put a node of a role above each group; where they are copies of a gate the first is the gate itself."""
        x, y, cap = self.columns(nodes)
        wire = self.limits.wire_cap
        made = []
        for group in cluster(x, y, cap, wire, capacitance, count):
            load = load_of(x[group], y[group], cap[group], wire)
            made.append(self.add(role, [nodes[k] for k in group.tolist()], load, gate))
        if role == Role.GATE:
            self.original[made[0]] = True
        return made

    def leaves(self, pins: Int, pin_x: Real, pin_y: Real, pin_cap: Real) -> list[int]:
        """Leaf buffers of one net."""
        x, y, cap = pin_x[pins], pin_y[pins], pin_cap[pins]
        made = []
        for group in cluster(x, y, cap, self.limits.wire_cap, self.limits.leaf, self.limits.leaf_count):
            node = self.add(Role.LEAF, (), load_of(x[group], y[group], cap[group], self.limits.wire_cap))
            self.x[node], self.y[node] = float(x[group].mean()), float(y[group].mean())
            self.pins[node] = pins[group]
            made.append(node)
        return made

    def light(self, net: int, pin_cap: Real) -> bool:
        """Whether the registers of a net load a leaf so little that one more stage does not make them late."""
        pins = self.network.leaf_pin[self.network.leaf_of == net]
        return float(pin_cap[pins].sum()) < _LIGHT * self.limits.leaf

    def branches(self, items: dict[int, list[int]], source: bool) -> dict[int, list[int]]:
        """Branch buffers above the stages of all nets of a depth: as many levels for all as the largest net needs."""
        limits = self.limits
        most = limits.branch_count if source else limits.clones * limits.branch_count // 2
        while max(len(nodes) for nodes in items.values()) > (limits.direct if not source else most):
            before = sum(map(len, items.values()))
            items = {
                net: self.above(Role.BRANCH, nodes, limits.branch, limits.branch_count) for net, nodes in items.items()
            }
            if sum(map(len, items.values())) >= before or max(map(len, items.values())) <= most:
                break
        return items


def plan_tree(
    network: ClockNetwork,
    netlist: Netlist,
    pin_x: Real,
    pin_y: Real,
    pin_cap: Real,
    cells: TreeCells,
    limits: TreeLimits,
) -> TreePlan:
    """Plan the tree of a clock.

    Parameters
    ----------
    pin_x, pin_y : (n_pin) um, where each pin of the netlist lies.
    pin_cap : (n_pin) fF.
    """
    build = _Builder(network, cells, limits)
    items: dict[int, list[int]] = {}
    for net in np.unique(network.leaf_of).tolist():
        items[net] = build.leaves(network.leaf_pin[network.leaf_of == net], pin_x, pin_y, pin_cap)
    deepest = network.levels
    for level in range(deepest, 0, -1):
        stages: dict[int, list[int]] = {}
        count = limits.leaves if level == deepest else limits.branch_count // 2
        for net, nodes in items.items():
            if network.depth[net] == level:
                gate = int(network.gate[net])
                pair = (gate, int(netlist.cell_type[gate]))
                made = build.above(Role.GATE, nodes, limits.branch, count, pair)
                stages.setdefault(int(network.parent[net]), []).extend(made)
            else:
                made = build.above(Role.MATCH, nodes, limits.branch, count)
                if level == deepest and build.light(net, pin_cap):
                    made = build.above(Role.MATCH, made, limits.branch, count)
                stages.setdefault(net, []).extend(made)
        items = build.branches(stages, level == 1)
    if deepest == 0 and items:
        items = build.branches(items, True)
    roots: list[tuple[int, int]] = []
    for net, nodes in items.items():
        x, y, cap = build.columns(nodes)
        root = build.add(Role.ROOT, nodes, load_of(x, y, cap, limits.wire_cap))
        roots.append((root, int(network.net[net])))
    return _finish(build, roots, netlist)


def _finish(build: _Builder, roots: Sequence[tuple[int, int]], netlist: Netlist) -> TreePlan:
    """Number nodes from the roots down."""
    order: list[int] = []
    parent: list[int] = []
    source: list[int] = []
    at: dict[int, int] = {}
    stack = [(root, -1, net) for root, net in roots]
    while stack:
        node, above, net = stack.pop()
        at[node] = len(order)
        order.append(node)
        parent.append(above)
        source.append(net)
        stack.extend((child, at[node], net) for child in reversed(build.children[node]))
    leaves = [node for node in order if node in build.pins]
    moved_to = [np.full(len(build.pins[node]), at[node], dtype=np.int32) for node in leaves]
    empty = np.empty(0, dtype=np.int32)

    network = build.network
    on_clock = dict(zip(network.gate.tolist(), network.gate_pin.tolist(), strict=True))
    gate_in = [on_clock[gate] - int(netlist.pin_ptr[gate]) if gate >= 0 else -1 for gate in build.gate]

    def column(values: Sequence[int]) -> Int:
        return np.array([values[node] for node in order], dtype=np.int32)

    return TreePlan(
        role=column([int(role) for role in build.role]),
        cell_type=column(build.cell_type),
        parent=np.array(parent, dtype=np.int32),
        source=np.array(source, dtype=np.int32),
        gate=column(build.gate),
        gate_in=column(gate_in),
        original=np.array([build.original[node] for node in order], dtype=bool),
        x=np.array([build.x[node] for node in order]),
        y=np.array([build.y[node] for node in order]),
        moved_pin=np.concatenate([empty, *(build.pins[node] for node in leaves)]).astype(np.int32),
        moved_to=np.concatenate([empty, *moved_to]).astype(np.int32),
    )
