"""RTL to a flat netlist of library cells through Yosys (pyosys): rendered as a plan first, run in a child process after."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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
_HOMES = {
    "ClockGate": "synthesis.special_cells",
    "FILE_LISTS": "synthesis.sources",
    "Options": "synthesis.yosys_commands",
    "Rtl": "synthesis.sources",
    "SpecialCells": "synthesis.special_cells",
    "SynthesisPlan": "synthesis.plan",
    "SynthesisResult": "synthesis.run",
    "cv32e40p": "synthesis.sources",
    "find_special_cells": "synthesis.special_cells",
    "find_top": "synthesis.run",
    "plan_rtl_export": "synthesis.plan",
    "plan_synthesis": "synthesis.plan",
    "read_manifest": "synthesis.sources",
    "run_rtl_export": "synthesis.run",
    "run_synthesis": "synthesis.run",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"finevh.{_HOMES[name]}"), name)
