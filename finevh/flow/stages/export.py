"""The export stage: the final design in standard formats for other tools, and its picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.constraints import write_sdc
from finevh.errors import InputError
from finevh.flow.artifacts.exported import netlist_name
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.designs import PlacedDesign, load_placed
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.constraints import sdc_of, timed_constraints
from finevh.flow.inputs.technology import lef_of, site_name, synthesis_vdd, technology_of
from finevh.flow.openroad.points import run_points
from finevh.flow.supply_account import account_for_supply, book_clock_cells
from finevh.layout import make_power_grid
from finevh.layout.always_on import on_islands
from finevh.layout.chain import ConfigurationChain, make_chain
from finevh.layout.floorplan import tile_rail
from finevh.layout.formats.def_read import read_def
from finevh.layout.formats.def_write import CHAIN_PREFIX, DefOptions, make_def, write_def
from finevh.layout.formats.upf_read import OPENROAD_COMMANDS, parse_upf
from finevh.layout.formats.upf_write import format_openroad_upf, write_upf
from finevh.layout.lay_tiles import moved_layout
from finevh.layout.supply.check import SupplyReport, always_on_cells, check_supply, intent_of
from finevh.layout.supply.plan import rail_pins
from finevh.layout.supply.vdd_mux import read_header_cells
from finevh.netlist import write_spef, write_verilog


def run_stage(context: StageContext) -> Metrics:
    """Write Verilog of each variant set, DEF, SPEF, SDC, UPF and the configuration chain under ``out``; draw the layout."""
    flow, technology = context.flow, technology_of(context.flow)
    placed = load_placed(flow, context.inputs["floorplan"], context.inputs["optimize"])
    folder = context.directory / "results" / "out"
    folder.mkdir(parents=True)
    name = flow.design.name
    netlist = load_netlist(context.inputs["optimize"], technology)
    for variant, column in load_variants(context.inputs["polybias"]).items():
        write_verilog(replace(netlist, cell_variant=column), technology, folder / netlist_name(name, variant))
    (folder / f"{name}.sdc").write_text(_constraints(placed), encoding="utf-8")
    write_spef(placed.netlist, placed.wires, folder / f"{name}.spef")
    _write_upf(placed, folder / f"{name}.upf")
    if flow.design.placed is not None:
        # Supplies and chain are drawn with the layout's own flow: here only what moved is new.
        write_def(
            moved_layout(read_def(flow.design.placed.layout), placed.netlist, placed.placement), folder / f"{name}.def"
        )
        return {"export__files__count": len(list(folder.iterdir()))}
    chain = make_chain(technology, placed.floorplan) if len(placed.floorplan.island_row) else None
    if chain is not None:
        (folder / f"{name}_chain.v").write_text(chain.verilog, encoding="utf-8")
        (folder / f"{name}_chain_rtl.v").write_text(chain.rtl, encoding="utf-8")
    headers = read_header_cells(context.inputs["operating-points"] / "results" / "tables" / "vdd_mux.csv")
    picture = context.directory / "results" / "plots" / "layout.svg"
    supply = _write_layout(placed, chain, headers, folder / f"{name}.def", picture)
    account_for_supply(context, supply)
    if flow.engine == "builtin":
        book_clock_cells(context, placed.netlist, placed.floorplan, placed.placement, placed.graph.high_cells)
    if flow.engine == "openroad" and flow.openroad.points:
        run_points(context, context.inputs["operating-points"] / "results" / "operating_points.csv")
    return {"export__files__count": len(list(folder.iterdir()))}


def _insertion(placed: PlacedDesign) -> float | None:
    """Mean delay of the clock tree, ps, with all cells at the Vdd of synthesis; None where clocks are ideal."""
    if not placed.graph.constraints.propagated:
        return None
    vdd = placed.technology.vdd_index(synthesis_vdd(placed.flow))
    cells = np.full(placed.netlist.n_cells, vdd, dtype=np.int32)
    return placed.graph.with_port_vdd(vdd).evaluate(cells).insertion


def _constraints(placed: PlacedDesign) -> str:
    """SDC of what the layout was timed with, at the Vdd of synthesis; of a file that says more than can be written, itself."""
    flow, technology = placed.flow, placed.technology
    insertion = _insertion(placed)
    made = timed_constraints(flow, technology, placed.netlist)
    try:
        return write_sdc(made, placed.netlist, technology.units, insertion or 0.0)
    except InputError:
        return sdc_of(flow, placed.netlist, technology.units, insertion)


def _write_upf(placed: PlacedDesign, path: Path) -> None:
    """Power intent of a design with tiles; one pair of supplies at a time: the highest interval stands for all."""
    if placed.floorplan.n_tiles > 1:
        schemes = placed.flow.schemes
        high = schemes.vdd_max
        low = high - min(schemes.delta_vdd)
        write_upf(path, placed.netlist, placed.floorplan, placed.placement, high, low)
        if placed.flow.design.placed is None:
            small = path.with_name(f"{path.stem}_openroad.upf")
            text = format_openroad_upf(placed.floorplan, high, low)
            parse_upf(text, str(small), OPENROAD_COMMANDS)  # what OpenROAD would stop at is never written
            small.write_text(text, encoding="utf-8")


def _write_layout(
    placed: PlacedDesign,
    chain: ConfigurationChain | None,
    header_cells: tuple[str, ...],
    def_file: Path,
    picture: Path,
) -> SupplyReport:
    lef = lef_of(placed.flow)
    grid = make_power_grid(placed.technology, placed.floorplan, lef)
    power, ground = rail_pins(lef, placed.technology.layers[0].name)
    options = DefOptions(site_name(placed.flow), power, ground, header_cells)
    layout = make_def(placed.netlist, placed.technology, placed.floorplan, placed.placement, grid, options, chain)
    write_def(layout, def_file)
    rails = tuple(tile_rail(placed.floorplan, tile) for tile in range(placed.floorplan.n_tiles))
    seated = np.array(placed.netlist.instance_names)[
        on_islands(placed.floorplan, placed.placement.x, placed.placement.y)
    ]
    always_on = always_on_cells(layout, CHAIN_PREFIX).union(seated.tolist())
    report = check_supply(layout, lef, intent_of(placed.floorplan, rails, always_on))
    vdd = placed.technology.vdd_index(synthesis_vdd(placed.flow))
    graph = placed.graph.with_port_vdd(vdd)
    path = graph.critical_path(
        graph.evaluate(np.full(placed.netlist.n_cells, vdd, dtype=np.int32)), placed.flow.clock.period
    )
    # What draws is loaded by those who draw: a finished run is opened without it.
    from finevh.layout.picture import draw_layout, write_picture

    cells = path.cell[path.cell >= 0]
    picture.parent.mkdir(parents=True, exist_ok=True)
    title = f"{placed.flow.design.name}, {placed.floorplan.n_tiles} tiles, worst path"
    figure = draw_layout(
        placed.netlist, placed.technology, placed.floorplan, placed.placement, cells, grid, chain, title
    )
    write_picture(figure, picture)
    return report
