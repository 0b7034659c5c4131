"""Prints the thesis's Table 4.1 beside ours: core area, rows, cell area, delay, interface cells, wirelength against the mesh.

    python benchmarks/layout_table41.py NETLIST.v --liberty L.lib.gz --lef tech.lef cells.lef [--sides 1,3,5,7]
    python benchmarks/layout_table41.py NETLIST.v --technology libs/finevh45/technology.toml --sdc C.sdc --period 3000

With ``--sdc`` and ``--period`` trees and drives are optimised first and the delay at the highest Vdd is printed; without, the
netlist is placed as it is. ``--header-sites`` reserves Vdd-MUX space in a library that has none.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from finevh.errors import InputError
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
from finevh.netlist.model import Netlist
from finevh.optimize.physical import PhysicalOptions, Target, optimise_placed, presize
from finevh.technology import Technology, load_technology, technology_from_liberty
from finevh.timing import read_sdc

# Table 4.1 of the thesis, 28 nm FDSOI: side -> core area um2, rows, cell area um2, delay ns, interface cells %.
THESIS = {
    1: (36229, 158, 25550, 3.00, 0.0),
    3: (37105, 160, 25397, 2.95, 38.44),
    5: (37626, 161, 25302, 2.99, 56.89),
    7: (38386, 163, 25698, 3.00, 62.65),
}


def technology_of(options: argparse.Namespace) -> Technology:
    if options.technology is not None:
        return load_technology(options.technology)
    return technology_from_liberty([options.liberty], options.lef, name=options.liberty.name.split("_")[0])


def target_of(options: argparse.Namespace, technology: Technology) -> Target | None:
    if options.sdc is None or options.period is None:
        return None
    vdd = len(technology.vdds) - 1
    return Target(read_sdc(options.sdc), int(technology.corner_of[0, vdd]), vdd, options.period)


def tile_fill(netlist: Netlist, floorplan: Floorplan, placement: Placement) -> tuple[float, float]:
    """Least and most filled tile: cell area over tile area."""
    area = np.bincount(placement.tile, weights=netlist.cells.area[netlist.cell_type], minlength=floorplan.n_tiles)
    box = floorplan.tile_box
    fill = area / ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))
    return float(fill.min()), float(fill.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("--technology", type=Path)
    parser.add_argument("--liberty", type=Path)
    parser.add_argument("--lef", type=Path, nargs="+", default=[])
    parser.add_argument("--sides", default="1,3,5,7")
    parser.add_argument("--utilization", type=float, default=0.70)
    parser.add_argument("--header-sites", type=int)
    parser.add_argument("--headers-per-row", type=int, default=1)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--sdc", type=Path)
    parser.add_argument("--period", type=float, help="ps")
    parser.add_argument("--pictures", type=Path, help="folder for one PNG per mesh")
    options = parser.parse_args()
    technology = technology_of(options)
    netlist = read_verilog(options.netlist, technology)
    target = target_of(options, technology)
    frozen = np.zeros(netlist.n_cells, dtype=bool)
    if target is not None:
        start = time.perf_counter()
        sized = presize(netlist, technology, target, options.utilization, PhysicalOptions())
        netlist, frozen = sized.netlist, sized.frozen
        print(
            f"trees and first drives: {time.perf_counter() - start:.1f} s, {sized.clock_buffers} + {sized.fanout_buffers} buffers"
        )
    print(f"{netlist.name}: {netlist.n_cells} cells, {technology.name}, utilization {options.utilization:.0%}")
    print(
        "tiles  core um2   over [thesis]   rows  cell um2  delay ps  interface [thesis]  wire mm   over  HPWL mm "
        "fill min, max      s"
    )
    first: tuple[float, float] | None = None
    for side in (int(s) for s in options.sides.split(",")):
        request = FloorplanRequest(
            side,
            options.utilization,
            headers_per_row=options.headers_per_row,
            header_sites=options.header_sites,
            island_sites=island_sites(technology) if side > 1 else 0,
        )
        start = time.perf_counter()
        floorplan = make_floorplan(netlist, technology, request)
        placement = place(netlist, technology, floorplan, PlacerOptions(effort=options.effort))
        wires = estimate_wires(netlist, technology, placement)
        final, delay = netlist, float("nan")
        if target is not None:
            done = optimise_placed(netlist, technology, floorplan, placement, target, frozen)
            final, placement, wires, delay = done.netlist, done.placement, done.wires, done.min_period
        seconds = time.perf_counter() - start
        interface = 100 * float(interface_cells(final, placement).mean())
        length = float(np.nansum(wires.length)) / 1000
        first = first or (floorplan.core_area, length)
        over, longer = 100 * (floorplan.core_area / first[0] - 1), 100 * (length / first[1] - 1)
        published = THESIS.get(side)
        paper = (
            (f"{100 * (published[0] / THESIS[1][0] - 1):5.2f}%", f"{published[4]:5.1f}%") if published else ("-", "-")
        )
        low, high = tile_fill(final, floorplan, placement)
        print(
            f"{side * side:5d} {floorplan.core_area:9.0f} {over:5.2f}% {paper[0]:>8s} {floorplan.core_lines:6d} "
            f"{final.cells.area[final.cell_type].sum():9.0f} {delay:9.0f} {interface:8.1f}% {paper[1]:>8s} "
            f"{length:9.1f} {longer:5.2f}% {half_perimeter(final, technology, placement).sum() / 1000:8.1f} "
            f"{low:6.2f} {high:5.2f} {seconds:6.1f}",
            flush=True,
        )
        if options.pictures is not None:
            options.pictures.mkdir(parents=True, exist_ok=True)
            grid = make_power_grid(technology, floorplan)
            chain = make_chain(technology, floorplan) if side > 1 else None
            figure = draw_layout(final, technology, floorplan, placement, None, grid, chain)
            write_picture(figure, options.pictures / f"tiles_{side * side}.png")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
