"""A placed design of another flow: what its stages do in place of sizing, floorplan, placement and buffering."""

from __future__ import annotations

import numpy as np

from finevh.base.csv_text import table
from finevh.flow.artifacts.layout import load_placement, save_chain_order, save_floorplan, save_placement, save_wires
from finevh.flow.artifacts.netlist import CLOCK_AREA, FROZEN, SLACK, VERILOG, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.constraints import book_clocks
from finevh.flow.inputs.technology import synthesis_vdd, technology_of
from finevh.flow.timing_graph import timing_graph
from finevh.layout import interface_cells, total_wirelength
from finevh.layout.chain import snake_order
from finevh.layout.formats.def_read import read_def
from finevh.layout.lay_tiles import lay_tiles
from finevh.layout.wires import estimate_wires
from finevh.netlist import read_spef, write_verilog
from finevh.openroad.library_files import read_technology_files


def keep_sizes(context: StageContext) -> Metrics:
    """Presize: every cell stays as it is."""
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["synthesis"], technology)
    save_netlist(context.directory, netlist)
    np.save(context.directory / FROZEN, np.ones(netlist.n_cells, dtype=bool))
    np.save(context.directory / CLOCK_AREA, 0.0)
    np.save(context.directory / SLACK, np.zeros(0))
    return {"presize__design__instance__count": netlist.n_cells, "presize__design__area__um2": netlist.area}


def overlay_tiles(context: StageContext) -> Metrics:
    """Floorplan: tiles over the given placement; what a border makes move is counted."""
    flow, technology = context.flow, technology_of(context.flow)
    assert flow.design.placed is not None
    netlist = load_netlist(context.inputs["presize"], technology)
    per_side = round(flow.floorplan.tiles**0.5)
    macros = read_technology_files(flow.technology.path).lef.macros
    overlay = lay_tiles(read_def(flow.design.placed.layout), netlist, technology, macros, per_side)
    save_floorplan(context.directory, overlay.floorplan)
    save_placement(context.directory, overlay.placement)
    save_chain_order(context.directory, snake_order(per_side))
    moved = np.flatnonzero(overlay.moved)
    names = [netlist.instance_names[i] for i in moved.tolist()]
    context.checks.add("cells_moved", names)
    context.write(
        "results/tables/moved_cells.csv",
        table(("instance", "distance_um"), zip(names, overlay.distance[moved].tolist(), strict=True)),
    )
    return {
        "floorplan__core__area__um2": overlay.floorplan.core_area,
        "floorplan__rows__count": overlay.floorplan.core_lines,
        "floorplan__tiles__count": overlay.floorplan.n_tiles,
        "floorplan__vdd_mux__count": 0,
        "floorplan__cells_moved__count": len(moved),
        "floorplan__cells_moved__distance__um": float(overlay.distance.sum()),
        "floorplan__blocks__count": int(overlay.blocks.sum()),
    }


def keep_places(context: StageContext) -> Metrics:
    """Place: the places under the tiles."""
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    placement = load_placement(context.inputs["floorplan"])
    save_placement(context.directory, placement)
    return {"place__wirelength__um": total_wirelength(netlist, technology, placement)}


def keep_wires(context: StageContext) -> Metrics:
    """Optimize: the given parasitics, or wires estimated from the places; no cell is changed."""
    flow, technology, inputs = context.flow, technology_of(context.flow), context.inputs
    assert flow.design.placed is not None
    netlist, placement = load_netlist(inputs["presize"], technology), load_placement(inputs["place"])
    spef = flow.design.placed.spef
    wires = read_spef(spef, netlist, context.checks) if spef else estimate_wires(netlist, technology, placement)
    book_clocks(flow, technology, netlist, context.checks)
    save_netlist(context.directory, netlist)
    save_placement(context.directory, placement)
    save_wires(context.directory, wires)
    write_verilog(netlist, technology, context.directory / VERILOG)
    vdd = technology.vdd_index(synthesis_vdd(flow))
    graph = timing_graph(flow, technology, netlist, wires, flow.schemes.driver_derates).with_port_vdd(vdd)
    state = graph.evaluate(np.full(netlist.n_cells, vdd, dtype=np.int32))
    return {
        "place__interface_cells__fraction": float(interface_cells(netlist, placement).mean()),
        "optimize__design__instance__count": netlist.n_cells,
        "optimize__design__area__um2": netlist.area,
        "optimize__wirelength__um": float(np.nansum(wires.length)),
        "timing__setup__min_period__ps": state.min_period(),
    }
