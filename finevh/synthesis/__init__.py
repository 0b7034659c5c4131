"""RTL to a flat netlist of library cells through Yosys (pyosys): rendered as a plan first, run in a child process after."""

from __future__ import annotations

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
