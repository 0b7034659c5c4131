"""The stages of the main job, in order."""

from __future__ import annotations

from finevh.config import Flow
from finevh.flow.activity import program_files, run_activity_stage
from finevh.flow.bias import run_polybias_stage
from finevh.flow.export import run_export_stage
from finevh.flow.inputs import packaged_rtl
from finevh.flow.operating import run_operating_stage
from finevh.flow.physical import (
    run_floorplan_stage,
    run_optimize_stage,
    run_place_stage,
    run_presize_stage,
    run_synthesis_stage,
)
from finevh.flow.report import run_report_stage
from finevh.flow.stage import Stage

_CELLS = ("technology", "netlist", "units", "config")


def _synthesis(flow: Flow) -> object:
    return {
        "design": flow.design,
        "packaged": packaged_rtl(flow),
        "technology": flow.technology,
        "synthesis": flow.synthesis,
        "period": flow.clock.period,
        "vdd_max": flow.schemes.vdd_max,
        "seed": flow.seed,
    }


def _presize(flow: Flow) -> object:
    return {**_optimize(flow), "utilisation": flow.floorplan.utilisation}


def _floorplan(flow: Flow) -> object:
    return {"technology": flow.technology, "floorplan": flow.floorplan}


def _place(flow: Flow) -> object:
    return {"technology": flow.technology, "seed": flow.seed, **_engine(flow)}


def _engine(flow: Flow) -> dict[str, object]:
    """What OpenROAD is told counts only where it runs; where it comes from, and which version, does not."""
    if flow.engine != "openroad":
        return {"engine": flow.engine}
    return {"engine": flow.engine, "density": flow.openroad.density}


def _optimize(flow: Flow) -> dict[str, object]:
    return {
        "technology": flow.technology,
        **_engine(flow),
        "seed": flow.seed,
        "clock": flow.clock,
        "optimize": flow.optimize,
        "vdd_max": flow.schemes.vdd_max,
    }


def _activity(flow: Flow) -> object:
    return {
        "activity": flow.activity,
        "programs": program_files(flow),
        "clock": (flow.clock.port, flow.clock.constants),
        "seed": flow.seed,
    }


def _polybias(flow: Flow) -> object:
    return {
        "technology": flow.technology,
        "clock": flow.clock,
        "polybias": flow.polybias,
        "variants": flow.schemes.variants,
        "derates": flow.schemes.driver_derates,
        "vdds": (flow.schemes.vdd_min, flow.schemes.vdd_max, flow.schemes.delta_vdd),
        "maps": (flow.schemes.ideal_step, flow.schemes.frequencies) if flow.polybias.keeps == "maps" else None,
    }


def _operating(flow: Flow) -> object:
    return {
        "name": flow.design.name,
        "technology": flow.technology,
        "clock": flow.clock,
        "schemes": flow.schemes,
        "drop": (flow.floorplan.drop_budget, flow.floorplan.drop_of),
    }


def _export(flow: Flow) -> object:
    return {"name": flow.design.name, "technology": flow.technology, "clock": flow.clock, "schemes": flow.schemes}


def _report(flow: Flow) -> object:
    return {"name": flow.design.name}


STAGES: tuple[Stage, ...] = (
    Stage("synthesis", run_synthesis_stage, (), _synthesis, (*_CELLS, "synthesis", "flow/physical")),
    Stage(
        "presize",
        run_presize_stage,
        ("synthesis",),
        _presize,
        (*_CELLS, "layout", "timing", "optimize", "flow/physical"),
    ),
    Stage("floorplan", run_floorplan_stage, ("presize",), _floorplan, (*_CELLS, "layout", "flow/physical")),
    Stage("place", run_place_stage, ("presize", "floorplan"), _place, (*_CELLS, "layout", "flow/physical")),
    Stage(
        "optimize",
        run_optimize_stage,
        ("presize", "floorplan", "place"),
        _optimize,
        (*_CELLS, "layout", "timing", "optimize", "openroad", "flow/physical", "flow/openroad"),
    ),
    Stage("activity", run_activity_stage, ("optimize",), _activity, (*_CELLS, "power", "flow/activity", "flow/peaks")),
    Stage(
        "polybias",
        run_polybias_stage,
        ("floorplan", "optimize"),
        _polybias,
        (
            *_CELLS,
            "layout",
            "timing",
            "polybias",
            "selection",
            "schemes",
            "flow/bias",
            "flow/conditions",
            "flow/designs",
        ),
    ),
    Stage(
        "operating-points",
        run_operating_stage,
        ("floorplan", "optimize", "activity", "polybias"),
        _operating,
        (
            *_CELLS,
            "timing",
            "power",
            "selection",
            "schemes",
            "flow/operating",
            "flow/designs",
            "flow/tables",
            "flow/peaks",
            "flow/vdd_mux",
        ),
    ),
    Stage(
        "export",
        run_export_stage,
        ("floorplan", "optimize", "polybias", "operating-points"),
        _export,
        (*_CELLS, "layout", "timing", "flow/export", "flow/designs", "flow/vdd_mux"),
    ),
    Stage(
        "report",
        run_report_stage,
        ("floorplan", "optimize", "polybias", "operating-points", "export"),
        _report,
        ("report", "flow/report"),
    ),
)
