"""Prints the thesis's Table 4.1 beside ours: core area, rows, cell area, delay, interface cells, wirelength against the mesh.

    python benchmarks/layout_table41.py --flow flows/ri5cy.toml [NETLIST.v] [--sides 1,3,5,7]
    python benchmarks/layout_table41.py NETLIST.v --liberty L.lib.gz --lef tech.lef cells.lef
    python benchmarks/layout_table41.py NETLIST.v --technology libs/finevh45/technology.toml --sdc C.sdc --period 3000

With a flow file everything is as in its run: constraints, period, utilisation, Vdd-MUXes and islands; without NETLIST.v the
design is synthesised first. With ``--sdc`` and ``--period`` trees and drives are optimised too and the delay at the highest Vdd
is printed; without, the netlist is placed as it is. ``--header-sites`` reserves Vdd-MUX space in a library that has none.

A second table counts interface cells in other ways, to see which one the published share is near.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.flow.inputs.constraints import constraints_of
from finevh.flow.inputs.planning import floorplan_request
from finevh.flow.inputs.rtl import rtl_of
from finevh.flow.inputs.technology import synthesis_liberty, synthesis_vdd, technology_of
from finevh.flow_file import read_flow
from finevh.layout import (
    Floorplan,
    FloorplanRequest,
    Placement,
    PlacerOptions,
    estimate_wires,
    half_perimeter,
    interface_cells,
    make_floorplan,
    make_power_grid,
    place,
)
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.picture import draw_layout, write_picture
from finevh.netlist import read_verilog
from finevh.netlist.model import NO_NET, Netlist
from finevh.openroad.library_files import read_technology_files
from finevh.optimize.physical import PhysicalOptions, clock_nets, optimise_placed, presize
from finevh.optimize.target import Target
from finevh.synthesis import Options, plan_synthesis, run_synthesis
from finevh.technology import Technology, load_technology, technology_from_liberty
from finevh.technology.lef import Lef, read_lef
from finevh.technology.model import Direction
from finevh.timing import read_sdc

# Table 4.1 of the thesis, 28 nm FDSOI: side -> core area um2, rows, cell area um2, delay ns, interface cells %.
THESIS = {
    1: (36229, 158, 25550, 3.00, 0.0),
    3: (37105, 160, 25397, 2.95, 38.44),
    5: (37626, 161, 25302, 2.99, 56.89),
    7: (38386, 163, 25698, 3.00, 62.65),
}


@dataclass(frozen=True)
class Job:
    """What is laid out: the synthesised netlist, its target (None: place only), and the floorplan of each mesh."""

    technology: Technology
    netlist: Netlist
    target: Target | None
    utilization: float
    request: dict[int, FloorplanRequest]


def job_of_flow(options: argparse.Namespace, sides: list[int]) -> Job:
    flow = read_flow(options.flow)
    technology = technology_of(flow)
    source, top = options.netlist, flow.design.top
    with tempfile.TemporaryDirectory() as folder:
        if source is None:
            choice = Options(period=flow.clock.period, dont_use=technology.roles.get("dont_use", ()))
            start = time.perf_counter()
            result = run_synthesis(
                plan_synthesis(rtl_of(flow), [synthesis_liberty(flow)], choice), Path(folder) / "work"
            )
            print(f"synthesis: {time.perf_counter() - start:.1f} s")
            source, top = result.netlist, result.top
        netlist = read_verilog(source, technology, top)
    vdd = int(np.argmin(np.abs(technology.vdds - synthesis_vdd(flow))))
    target = Target(constraints_of(flow), int(technology.corner_of[0, vdd]), vdd, flow.clock.period)
    request = {side: floorplan_request(flow, technology, side, 0.0) for side in sides}
    return Job(technology, netlist, target, flow.floorplan.utilisation, request)


def lef_of(options: argparse.Namespace) -> Lef:
    path = read_flow(options.flow).technology.path if options.flow is not None else options.technology
    return read_lef(options.lef) if path is None else read_technology_files(path).lef


def job_of_files(options: argparse.Namespace, sides: list[int]) -> Job:
    if options.netlist is None:
        raise InputError("give a flow file (--flow) or a netlist")
    if options.technology is not None:
        technology = load_technology(options.technology)
    else:
        technology = technology_from_liberty([options.liberty], options.lef, name=options.liberty.name.split("_")[0])
    target = None
    if options.sdc is not None and options.period is not None:
        vdd = len(technology.vdds) - 1
        target = Target(read_sdc(options.sdc), int(technology.corner_of[0, vdd]), vdd, options.period)
    request = {
        side: FloorplanRequest(
            side,
            options.utilization,
            headers_per_row=options.headers_per_row,
            header_sites=options.header_sites,
            island_sites=island_sites(technology) if side > 1 else 0,
        )
        for side in sides
    }
    return Job(technology, read_verilog(options.netlist, technology), target, options.utilization, request)


def count_interface(netlist: Netlist, placement: Placement, clocks: np.ndarray) -> dict[str, float]:
    """Share of interface cells, per cent, by what is counted."""
    is_input = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    pins = np.flatnonzero(is_input)
    cell, net = netlist.pin_cell[pins], netlist.pin_net[pins]
    driver = netlist.net_driver
    tree = np.array([name.startswith(("fanout", "clock_tree")) for name in netlist.instance_names])
    feeds = np.full(netlist.n_cells, NO_NET)
    feeds[cell] = net  # of a tree buffer: its only input
    root = driver.copy()
    while True:
        through = (root >= 0) & tree[root]
        if not through.any():
            break
        root[through] = driver[feeds[root[through]]]
    tile, n = placement.tile, netlist.n_cells

    def share(crosses: np.ndarray, also: np.ndarray | None = None, of: np.ndarray | None = None) -> float:
        found = np.zeros(n, dtype=bool)
        found[cell[crosses]] = True
        if also is not None:
            found[also] = True
        return 100.0 * float(found.mean() if of is None else found[of].mean())

    crossing = (driver[net] >= 0) & (tile[driver[net]] != tile[cell])
    whole = (root[net] >= 0) & (tile[root[net]] != tile[cell])
    clock = np.zeros(netlist.n_nets, dtype=bool)
    clock[clocks] = True
    ports = np.zeros(netlist.n_nets, dtype=bool)
    ports[netlist.port_net[netlist.port_net != NO_NET]] = True
    return {
        "driven from another tile": share(crossing),
        "without clock nets": share(crossing & ~clock[net]),
        "or by a port": share(crossing | (ports[net] & (driver[net] < 0))),
        "trees taken away": share(whole, of=~tree),
        "drivers too": share(crossing, also=driver[net[crossing]]),
    }


def tile_fill(netlist: Netlist, floorplan: Floorplan, placement: Placement) -> tuple[float, float]:
    """Least and most filled tile: cell area over tile area."""
    area = np.bincount(placement.tile, weights=netlist.cells.area[netlist.cell_type], minlength=floorplan.n_tiles)
    box = floorplan.tile_box
    fill = area / ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))
    return float(fill.min()), float(fill.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("netlist", type=Path, nargs="?")
    parser.add_argument("--flow", type=Path)
    parser.add_argument("--technology", type=Path)
    parser.add_argument("--liberty", type=Path)
    parser.add_argument("--lef", type=Path, nargs="+", default=[])
    parser.add_argument("--sides", default="1,3,5,7")
    parser.add_argument("--utilization", type=float, default=0.70)
    parser.add_argument("--header-sites", type=int)
    parser.add_argument("--headers-per-row", type=int, default=1)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--density", type=float, default=PlacerOptions().density, help="local density of the placer")
    parser.add_argument("--sdc", type=Path)
    parser.add_argument("--period", type=float, help="ps")
    parser.add_argument("--pictures", type=Path, help="folder for one PNG per mesh")
    options = parser.parse_args()
    sides = [int(s) for s in options.sides.split(",")]
    job = (job_of_flow if options.flow is not None else job_of_files)(options, sides)
    technology, netlist, target = job.technology, job.netlist, job.target
    clocks = clock_nets(netlist, target.constraints) if target is not None else np.zeros(0, dtype=np.int32)
    synthesised = netlist.n_cells
    frozen = np.zeros(netlist.n_cells, dtype=bool)
    if target is not None:
        start = time.perf_counter()
        sized = presize(netlist, technology, target, job.utilization, PhysicalOptions())
        netlist, frozen = sized.netlist, sized.frozen
        print(
            f"trees and first drives: {time.perf_counter() - start:.1f} s, {sized.clock_buffers} + {sized.fanout_buffers} buffers"
        )
        clocks = clock_nets(netlist, target.constraints)
    print(
        f"{netlist.name}: {netlist.n_cells} cells ({synthesised} as synthesised), {technology.name}, {job.utilization:.0%}"
    )
    print(
        "tiles  core um2   over [thesis]   rows  cell um2   over  delay ps   over [thesis]  interface [thesis]  wire mm   over "
        " HPWL mm  fill min, max  CPU s"
    )
    counts: list[tuple[int, dict[str, float]]] = []
    first: tuple[float, float, float, float] | None = None
    for side in sides:
        start = time.process_time()
        floorplan = make_floorplan(netlist, technology, job.request[side])
        placement = place(netlist, technology, floorplan, PlacerOptions(effort=options.effort, density=options.density))
        wires = estimate_wires(netlist, technology, placement)
        final, delay = netlist, float("nan")
        if target is not None:
            done = optimise_placed(netlist, technology, floorplan, placement, target, frozen)
            final, placement, wires, delay = done.netlist, done.placement, done.wires, done.min_period
        seconds = time.process_time() - start
        interface = 100 * float(interface_cells(final, placement).mean())
        length = float(np.nansum(wires.length)) / 1000
        area = float(final.cells.area[final.cell_type].sum())
        values = (floorplan.core_area, area, delay, length)
        first = first or values
        over, more, slower, longer = (100 * (value / base - 1) for value, base in zip(values, first, strict=True))
        paper = ("-", "-", "-")
        if side in THESIS:
            core, _, _, published, share = THESIS[side]
            paper = (
                f"{100 * (core / THESIS[1][0] - 1):.2f}%",
                f"{100 * (published / THESIS[1][3] - 1):.1f}%",
                f"{share:.1f}%",
            )
        low, high = tile_fill(final, floorplan, placement)
        print(
            f"{side * side:5d} {floorplan.core_area:9.0f} {over:5.2f}% {paper[0]:>8s} {floorplan.core_lines:6d} "
            f"{area:9.0f} {more:5.2f}% {delay:9.0f} {slower:5.2f}% {paper[1]:>8s} {interface:10.1f}% {paper[2]:>8s} "
            f"{length:8.1f} {longer:5.2f}% {half_perimeter(final, technology, placement).sum() / 1000:8.1f} "
            f"{low:8.2f} {high:5.2f} {seconds:6.1f}",
            flush=True,
        )
        if side > 1:
            counts.append((side, count_interface(final, placement, clocks)))
        if options.pictures is not None:
            options.pictures.mkdir(parents=True, exist_ok=True)
            grid = make_power_grid(technology, floorplan, lef_of(options))
            chain = make_chain(technology, floorplan) if side > 1 else None
            figure = draw_layout(final, technology, floorplan, placement, None, grid, chain)
            write_picture(figure, options.pictures / f"tiles_{side * side}.png")
    if counts:
        print(f"{'interface cells counted':28s}" + "".join(f"{side * side:>6d} tiles" for side, _ in counts))
        for name in counts[0][1]:
            print(f"{name:28s}" + "".join(f"{found[name]:11.1f}%" for _, found in counts))
        print(
            f"{'thesis':28s}"
            + "".join(f"{THESIS[side][4]:11.1f}%" if side in THESIS else f"{'-':>12s}" for side, _ in counts)
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
