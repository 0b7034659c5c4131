"""The export stage: the final netlists, wires and constraints in standard formats for other tools."""

from __future__ import annotations

from dataclasses import replace

from finevh.flow.artifacts import load_netlist, load_variants
from finevh.flow.inputs import sdc_of, technology_of
from finevh.flow.stage import Metrics, StageContext
from finevh.netlist import write_verilog


def run_export_stage(context: StageContext) -> Metrics:
    """Write Verilog of each variant set and SDC under ``out``."""
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["optimize"], technology)
    folder = context.directory / "results" / "out"
    folder.mkdir(parents=True)
    name = flow.design.name
    for variant, column in load_variants(context.inputs["polybias"]).items():
        path = folder / (f"{name}.v" if variant == "pb0" else f"{name}_{variant}.v")
        write_verilog(replace(netlist, cell_variant=column), technology, path)
    (folder / f"{name}.sdc").write_text(sdc_of(flow), encoding="utf-8")
    return {}
