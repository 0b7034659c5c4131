"""Generated Tcl for OpenROAD: contexts from a floorplan, rendering, checking, running, reading back."""

from __future__ import annotations

from finevh.openroad.context import FlowContext
from finevh.openroad.from_layout import make_context
from finevh.openroad.place_and_route import LayoutRequest, run_layout
from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.results import RoutedDesign, read_results
from finevh.openroad.run import FlowResult, OpenRoadError, run_flow
from finevh.openroad.script_check.check import check_scripts, require_clean
from finevh.openroad.script_check.findings import Finding
from finevh.openroad.tool import OpenRoad, find_openroad

__all__ = [
    "Finding",
    "FlowContext",
    "FlowResult",
    "LayoutRequest",
    "OpenRoad",
    "OpenRoadError",
    "RoutedDesign",
    "check_scripts",
    "external_inputs",
    "find_openroad",
    "make_context",
    "read_results",
    "render_flow",
    "require_clean",
    "run_flow",
    "run_layout",
]
