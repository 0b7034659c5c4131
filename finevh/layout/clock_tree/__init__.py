"""A balanced clock tree by location: every register behind the same kinds of stages, gates and their clones included."""

from finevh.layout.clock_tree.build_tree import (
    Role,
    TreeCells,
    TreeLimits,
    TreePlan,
    find_tree_cells,
    plan_tree,
    tree_buffers,
)
from finevh.layout.clock_tree.cluster import cluster
from finevh.layout.clock_tree.insert import clock_pins, insert_tree
from finevh.layout.clock_tree.network import ClockNetwork, clock_network

__all__ = [
    "ClockNetwork",
    "Role",
    "TreeCells",
    "TreeLimits",
    "TreePlan",
    "clock_network",
    "clock_pins",
    "cluster",
    "find_tree_cells",
    "insert_tree",
    "plan_tree",
    "tree_buffers",
]
