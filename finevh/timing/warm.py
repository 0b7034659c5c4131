"""Compiles the timing kernels before anything waits for them."""

from __future__ import annotations

from finevh.base.kernel_types import KernelTable, compile_table

SOURCES = ("timing/sweep/compiled.py", "timing/graph/structure.py", "timing/graph/parasitics.py", "timing/bounds.py")
"""Modules that say for what kernels are compiled, or that declare some."""
_STRUCTURE: KernelTable = {
    "timing.graph.levels": {"_levels": ("iiii",), "_back_arcs": ("iiiiu",), "_from_ends": ("iii",)},
    "timing.sweep.slots": {"_assign": ("iiiii",)},
    "timing.delay.rc_tree": {"shared_resistances": ("iiffiiiff",)},
    "timing.delay.shielded": {"net_shapes": ("iiffiifF",)},
    "timing.delay.arc_tables": {"_fill": ("IIffkliiiiiilIfys",)},
}


def compile_single() -> None:
    """Compile the kernels of one condition, the forward sweep first, and those of a graph's structure."""
    from finevh.timing.sweep.compiled import SINGLE, single_kernel

    for name in SINGLE:
        single_kernel(name)
    compile_table(_STRUCTURE)


def compile_lanes() -> None:
    """Compile the kernels of conditions side by side."""
    from finevh.timing.sweep.compiled import lane_kernels

    lane_kernels()


def compile_least_delays() -> None:
    """Compile what least delays take."""
    from finevh.timing.bounds import compile_kernels

    compile_kernels()
