"""Reads a finished run's Verilog, DEF, LEF, SPEF and SDC back: by our readers, by KLayout and by OpenSTA. Nothing may be lost.

    python benchmarks/layout_readers.py RUN_DIRECTORY

Each line says what was compared and how many; exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.config import Flow
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.designs import PlacedDesign, load_placed
from finevh.flow.inputs.constraints import constraints_of
from finevh.flow.inputs.technology import synthesis_liberty, synthesis_vdd
from finevh.flow_file import read_flow
from finevh.layout import check_placement
from finevh.layout.formats.def_model import DefLayout, quote_name
from finevh.layout.formats.def_read import placement_from_def, read_def
from finevh.layout.supply.vdd_mux import read_header_cells
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.wires import Wires
from finevh.technology.manifest import read_manifest
from finevh.timing import TimingGraph, read_sdc
from oracles.opensta import parse_ends, run_script
from oracles.slacks import compare_slacks, endpoint_slacks

Finding = tuple[str, bool]
STA = """
read_liberty {liberty}
read_verilog {folder}/{name}.v
link_design {top}
puts "CELLS [llength [get_cells *]] NETS [llength [get_nets *]] PORTS [llength [get_ports *]]"
set_cmd_units -time ns -capacitance pF
source {folder}/{name}.sdc
puts "READ"
set sta_crpr_enabled 0
read_spef {folder}/{name}.spef
report_checks -path_delay max -group_count 1000000 -format end -digits 6 > {report}
"""


def same(left: Netlist, right: Netlist) -> bool:
    """Whether two netlists are one: rows of nets and instances may differ, names and connections may not."""

    def pins(netlist: Netlist) -> dict[str, tuple[str, int, tuple[str | None, ...]]]:
        found = {}
        for cell, name in enumerate(netlist.instance_names):
            nets = netlist.pin_net[netlist.pin_ptr[cell] : netlist.pin_ptr[cell + 1]].tolist()
            named = tuple(netlist.net_names[net] if net >= 0 else None for net in nets)
            found[name] = (netlist.cells.names[netlist.cell_type[cell]], int(netlist.cell_variant[cell]), named)
        return found

    def ports(netlist: Netlist) -> dict[str, tuple[int, str | None]]:
        nets = (netlist.net_names[net] if net >= 0 else None for net in netlist.port_net.tolist())
        directions = netlist.port_direction.tolist()
        return dict(zip(netlist.port_names, zip(directions, nets, strict=True), strict=True))

    return pins(left) == pins(right) and ports(left) == ports(right)


def verilog(run: Path, flow: Flow, placed: PlacedDesign) -> Iterator[Finding]:
    netlist = load_netlist(run / "05-optimize", placed.technology)
    for variant, column in load_variants(run / "07-polybias").items():
        path = run / "out" / (f"{flow.design.name}.v" if variant == "pb0" else f"{flow.design.name}_{variant}.v")
        again = read_verilog(path, placed.technology, netlist.name)
        good = same(again, replace(netlist, cell_variant=column))
        yield (
            f"Verilog {path.name}, our reader: {again.n_cells} cells, {again.n_nets} nets, {len(again.port_names)} ports",
            good,
        )


def own_def(run: Path, layout: DefLayout, placed: PlacedDesign) -> Iterator[Finding]:
    again = placement_from_def(layout, placed.netlist, placed.floorplan)
    check_placement(placed.netlist, placed.technology, placed.floorplan, again)
    columns = ("x", "y", "orient", "tile", "port_x", "port_y")
    good = all(np.allclose(getattr(again, name), getattr(placed.placement, name), atol=5e-4) for name in columns)
    good &= len(layout.rows) == placed.floorplan.n_rows
    yield (
        f"DEF, our reader: {len(again.x)} cells, {len(again.port_x)} ports, {len(layout.rows)} rows, places to 0.5 nm",
        good,
    )
    chosen = read_header_cells(run / "tables" / "vdd_mux.csv")
    muxes = [c for c in layout.components if c.name.startswith("finevh_vddmux_")]
    cells = {c.cell for c in muxes}
    yield f"DEF: {len(muxes)} Vdd-MUXes, {', '.join(sorted(cells)) or 'none'}", cells == (set(chosen) or cells)
    nets = {net.name: {pin for pin in net.pins if not pin[0].startswith("finevh_")} for net in layout.nets}
    netlist, expected = placed.netlist, {}
    for pin, net in enumerate(netlist.pin_net.tolist()):
        if net >= 0:
            cell = netlist.pin_cell[pin]
            name = netlist.cells.pins(netlist.cell_type[cell])[pin - netlist.pin_ptr[cell]]
            expected.setdefault(netlist.net_names[net], set()).add((netlist.instance_names[cell], name))
    for port, net in zip(netlist.port_names, netlist.port_net.tolist(), strict=True):
        if net >= 0:
            expected.setdefault(netlist.net_names[net], set()).add(("PIN", port))
    good = all(nets.get(name) == pins for name, pins in expected.items())
    yield f"DEF, our reader: pins of {len(expected)} nets", good


def klayout(path: Path, layout: DefLayout, lefs: list[Path], placed: PlacedDesign) -> Iterator[Finding]:
    try:
        import klayout.db as db
    except ImportError:
        yield "KLayout is not installed (pip install klayout)", False
        return
    options = db.LoadLayoutOptions()
    config = options.lefdef_config
    config.lef_files = [str(lef) for lef in lefs]
    config.read_lef_with_def = False
    config.instance_property_name, config.net_property_name = "INST", "NET"
    config.produce_special_routing = True
    config.macro_resolution_mode = 1  # our cells have no layout behind FOREIGN: show what LEF says
    view = db.Layout()
    view.read(str(path), options)
    unit = view.dbu * layout.units
    width = {
        name: round(placed.technology.cell_width[cell] * layout.units)
        for name, cell in placed.technology.cells.index.items()
    }
    seen = {}
    top = view.top_cell()
    outline = next(i for i in view.layer_indexes() if view.get_info(i).name == "OUTLINE")
    for instance in top.each_inst():
        box = instance.bbox(outline)  # rails reach over the cell's edge
        name = view.cell(instance.cell_index).name
        seen[instance.property("INST")] = (
            name,
            round(box.left * unit),
            round(box.bottom * unit),
            round(box.width() * unit),
        )
    shown = [("\\" if quote_name(c.name, False).startswith("\\") else "") + c.name for c in layout.components]
    expected = {n: (c.cell, c.x, c.y, width[c.cell]) for n, c in zip(shown, layout.components, strict=True)}
    wrong = [name for name in expected if seen.get(name) != expected[name]]
    detail = f"; first: {wrong[0]} {seen.get(wrong[0])} for {expected[wrong[0]]}" if wrong else ""
    yield f"DEF + LEF, KLayout: {len(seen)} instances, cell, place and width{detail}", seen == expected
    wires = {n.name: len(n.wires) for n in layout.special_nets if n.wires}
    drawn: dict[str, int] = {}
    for index in view.layer_indexes():
        for shape in top.shapes(index).each():
            net = shape.property("NET")
            if net in wires and (shape.is_path() or shape.is_box() or shape.is_polygon()):
                drawn[net] = drawn.get(net, 0) + 1
    yield f"DEF, KLayout: {sum(drawn.values())} shapes of {len(drawn)} supplies", drawn == wires
    config.lef_files = [str(lef) for lef in lefs[:-1]]
    lef_layout = db.Layout()
    lef_layout.read(str(lefs[-1]), options)
    lef_outline = next(i for i in lef_layout.layer_indexes() if lef_layout.get_info(i).name == "OUTLINE")
    widths = {}
    for name in width:
        cell = lef_layout.cell(name)
        if cell is not None:
            widths[name] = round(cell.bbox(lef_outline).width() * lef_layout.dbu * layout.units)
    used = {c.cell for c in layout.components}
    yield (
        f"LEF, KLayout: {len(widths)} macros, width",
        used <= set(widths) and all(widths[n] == width[n] for n in widths),
    )


def elmore(wires: Wires) -> np.ndarray:
    """(n_node) ps from the driver to every node: a number that any lost resistance or capacitance changes."""
    below = wires.node_cap.copy()
    parents = wires.node_parent
    order = np.argsort(depth(wires), kind="stable")
    for node in order[::-1].tolist():
        if parents[node] >= 0:
            below[parents[node]] += below[node]
    delay = np.zeros(len(below))
    for node in order.tolist():
        if parents[node] >= 0:
            delay[node] = delay[parents[node]] + wires.node_res[node] * below[node]
    return delay


def depth(wires: Wires) -> np.ndarray:
    """(n_node) edges to the root."""
    result = np.zeros(len(wires.node_parent), dtype=np.int64)
    at = wires.node_parent.copy()
    while (at >= 0).any():
        result[at >= 0] += 1
        at = np.where(at >= 0, wires.node_parent[np.maximum(at, 0)], -1)
    return result


def spef(path: Path, placed: PlacedDesign) -> Iterator[Finding]:
    again, wires = read_spef(path, placed.netlist), placed.wires
    capacitance = [np.bincount(net_of(w), weights=w.node_cap, minlength=placed.netlist.n_nets) for w in (again, wires)]
    good = np.allclose(*capacitance, rtol=1e-4, atol=1e-3)
    sinks = (again.pin_node >= 0) & (wires.pin_node >= 0)
    delays = [elmore(w)[w.pin_node[sinks]] for w in (again, wires)]
    worst = float(np.abs(delays[0] - delays[1]).max())
    yield (
        f"SPEF, our reader: {placed.netlist.n_nets} nets' capacitance, Elmore delay of {sinks.sum()} pins within {worst:.4f} ps",
        (bool(good) and worst < 0.01),
    )


def net_of(wires: Wires) -> np.ndarray:
    return np.repeat(np.arange(len(wires.node_ptr) - 1), np.diff(wires.node_ptr))


def opensta(run: Path, flow: Flow, placed: PlacedDesign) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as name:
        liberty = Path(name) / "cells.lib"
        source = synthesis_liberty(flow)
        data = source.read_bytes()
        liberty.write_bytes(gzip.decompress(data) if source.suffix == ".gz" else data)
        report = Path(name) / "ends.rpt"
        words = {
            "folder": (run / "out").resolve(),
            "name": flow.design.name,
            "top": placed.netlist.name,
            "report": report,
        }
        done = run_script(STA.format(liberty=liberty, **words), Path(name), check=False)
        theirs, arrival = parse_ends(report.read_text() if report.is_file() else "")
    text = done.stdout + done.stderr
    complaints = [line for line in text.splitlines() if re.match(r"(Warning|Error)", line)]
    counts = re.search(r"CELLS (\d+) NETS (\d+) PORTS (\d+)", text)
    netlist = placed.netlist
    seen = tuple(int(n) for n in counts.groups()) if counts else ()
    yield (
        f"Verilog, OpenSTA: cells, nets, ports {seen}",
        seen[:1] + seen[2:] == (netlist.n_cells, len(netlist.port_names)),
    )
    yield (
        f"Verilog, SDC, SPEF, OpenSTA: {len(complaints)} complaints{': ' + complaints[0] if complaints else ''}",
        (not complaints and "READ" in text),
    )
    vdd = int(np.argmin(np.abs(placed.technology.vdds - synthesis_vdd(flow))))
    graph = TimingGraph(netlist, placed.technology, constraints_of(flow), placed.wires, port_vdd=vdd, wire_model="ceff")
    state = graph.evaluate(np.full(netlist.n_cells, vdd, dtype=np.int32))
    c = compare_slacks(endpoint_slacks(graph, state, flow.clock.period, False), theirs, arrival)
    yield (
        f"all together, OpenSTA: setup slack of {c.count} endpoints ({c.missing} only there, {c.extra} only here), worst "
        f"difference {c.worst_ps:.3f} ps",
        c.count > 0 and not (c.missing or c.extra or c.outside),
    )


def sdc(run: Path, flow: Flow, placed: PlacedDesign) -> Iterator[Finding]:
    again = read_sdc(run / "out" / f"{flow.design.name}.sdc")
    slacks = []
    for constraints in (again, constraints_of(flow)):
        graph = TimingGraph(placed.netlist, placed.technology, constraints, placed.wires)
        slacks.append(graph.evaluate(len(placed.technology.vdds) - 1).slacks(flow.clock.period))
    good = slacks[0].shape == slacks[1].shape and np.allclose(*slacks, atol=1e-6)
    yield (
        f"SDC, our reader: {len(again.clocks)} clock, slack of {len(slacks[0])} endpoints as with the flow's constraints",
        good,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    flow = read_flow(run / "flow.toml")
    placed = load_placed(flow, run / "03-floorplan", run / "05-optimize")
    path = flow.technology.path
    folder = path.parent if path.is_file() else path
    views = read_manifest(path).views
    assert views is not None
    lefs = [folder / name for name in (views.tech_lef, *views.cell_lef) if name]
    def_file = run / "out" / f"{flow.design.name}.def"
    layout = read_def(def_file)
    checks = (
        verilog(run, flow, placed),
        own_def(run, layout, placed),
        klayout(def_file, layout, lefs, placed),
        spef(run / "out" / f"{flow.design.name}.spef", placed),
        sdc(run, flow, placed),
        opensta(run, flow, placed),
    )
    bad = 0
    for check in checks:
        for text, good in check:
            bad += not good
            print(f"{'equal ' if good else 'DIFFER'}  {text}", flush=True)
    print(json.dumps({"differences": bad}))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
