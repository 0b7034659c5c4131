"""RTL to a flat netlist of library cells through Yosys (pyosys): rendered as a plan first, run in a child process after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

if TYPE_CHECKING:
    from finevh.synthesis.plan import SynthesisPlan, plan_rtl_export, plan_synthesis
    from finevh.synthesis.run import SynthesisResult, find_top, run_rtl_export, run_synthesis
    from finevh.synthesis.sources import FILE_LISTS, Rtl, cv32e40p, read_manifest
    from finevh.synthesis.special_cells import ClockGate, SpecialCells, find_special_cells
    from finevh.synthesis.yosys_commands import Options

__all__ = [
    "FILE_LISTS",
    "ClockGate",
    "Options",
    "Rtl",
    "SpecialCells",
    "SynthesisPlan",
    "SynthesisResult",
    "cv32e40p",
    "find_special_cells",
    "find_top",
    "plan_rtl_export",
    "plan_synthesis",
    "read_manifest",
    "run_rtl_export",
    "run_synthesis",
]

# File lists are read without what plans and runs Yosys.
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.synthesis.plan": ("SynthesisPlan", "plan_rtl_export", "plan_synthesis"),
        "finevh.synthesis.run": ("SynthesisResult", "find_top", "run_rtl_export", "run_synthesis"),
        "finevh.synthesis.sources": ("FILE_LISTS", "Rtl", "cv32e40p", "read_manifest"),
        "finevh.synthesis.special_cells": ("ClockGate", "SpecialCells", "find_special_cells"),
        "finevh.synthesis.yosys_commands": ("Options",),
    },
)
