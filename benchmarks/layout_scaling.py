"""Prints how floorplan, placement, wires, edits and DEF grow on 1, 4 and 16 copies of a design beside one another.

    python benchmarks/layout_scaling.py NETLIST.v --liberty L.lib.gz --lef tech.lef cells.lef [--side 3]

The tile size stays the same: the mesh has twice the side when there are four times the copies.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from finevh.errors import InputError
from finevh.layout import (
    FloorplanRequest,
    estimate_wires,
    make_floorplan,
    make_power_grid,
    nets_of_cells,
    place,
    update_wires,
)
from finevh.layout.formats.def_read import parse_def
from finevh.layout.formats.def_write import DefOptions, format_def, make_def
from finevh.layout.legalize import replace_incremental
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.openroad.library_files import read_technology_files
from finevh.technology import load_technology, technology_from_liberty
from finevh.technology.lef import read_lef

Result = TypeVar("Result")


def replicate(netlist: Netlist, copies: int) -> Netlist:
    """``copies`` of a netlist as one; every port but the inputs that drive clock pins is a port of each copy."""
    n_net, pins = netlist.n_nets, len(netlist.pin_net)
    shift = np.repeat(np.arange(copies) * n_net, pins)
    clocked = netlist.cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net >= 0)
    shared = np.zeros(n_net, dtype=bool)
    shared[np.intersect1d(netlist.pin_net[clocked], netlist.port_net[netlist.port_direction == 0])] = True
    pin_net = np.tile(netlist.pin_net, copies)
    pin_net = np.where((pin_net >= 0) & ~shared[pin_net], pin_net + shift, pin_net)
    own = ~shared[netlist.port_net] | (netlist.port_net < 0)
    ports = [(k, p) for k in range(copies) for p in range(len(own)) if k == 0 or own[p]]
    return replace(
        netlist,
        instance_names=tuple(f"c{k}_{n}" for k in range(copies) for n in netlist.instance_names),
        cell_type=np.tile(netlist.cell_type, copies),
        cell_variant=np.tile(netlist.cell_variant, copies),
        pin_ptr=np.concatenate([[0], np.cumsum(np.tile(np.diff(netlist.pin_ptr), copies))]).astype(np.int32),
        pin_net=pin_net.astype(np.int32),
        net_names=tuple(f"c{k}_{n}" for k in range(copies) for n in netlist.net_names),
        net_constant=np.tile(netlist.net_constant, copies),
        port_names=tuple(f"c{k}_{netlist.port_names[p]}" for k, p in ports),
        port_direction=np.array([netlist.port_direction[p] for _, p in ports], dtype=np.int8),
        port_net=np.array([netlist.port_net[p] + (k * n_net if own[p] else 0) for k, p in ports], dtype=np.int32),
    )


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    # Processor time of all threads: other work on the machine does not count.
    start = time.process_time()
    result = action()
    return result, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("--technology", type=Path)
    parser.add_argument("--liberty", type=Path)
    parser.add_argument("--lef", type=Path, nargs="+", default=[])
    parser.add_argument("--side", type=int, default=3)
    parser.add_argument("--header-sites", type=int)
    options = parser.parse_args()
    if options.technology is not None:
        technology = load_technology(options.technology)
    else:
        technology = technology_from_liberty([options.liberty], options.lef, name=options.liberty.name.split("_")[0])
    lef = read_lef(options.lef) if options.technology is None else read_technology_files(options.technology).lef
    single = read_verilog(options.netlist, technology)
    print("copies   cells  tiles  floorplan   place  us/cell   wires  update 1 %  legalize  DEF out  DEF in   (CPU s)")
    for copies, growth in ((1, 1), (1, 1), (4, 2), (16, 4)):
        netlist = replicate(single, copies)
        request = FloorplanRequest(options.side * growth, header_sites=options.header_sites)
        floorplan, t_plan = timed(lambda: make_floorplan(netlist, technology, request))  # noqa: B023
        placement, t_place = timed(lambda: place(netlist, technology, floorplan))  # noqa: B023
        wires, t_wires = timed(lambda: estimate_wires(netlist, technology, placement))  # noqa: B023
        nets = nets_of_cells(netlist, np.arange(0, netlist.n_cells, 100, dtype=np.int32))
        _, t_update = timed(lambda: update_wires(wires, netlist, technology, placement, nets))  # noqa: B023
        _, t_legal = timed(lambda: replace_incremental(netlist, technology, floorplan, placement))  # noqa: B023
        grid = make_power_grid(technology, floorplan, lef)
        text, t_out = timed(
            lambda: format_def(make_def(netlist, technology, floorplan, placement, grid, DefOptions("site")))  # noqa: B023
        )
        _, t_in = timed(lambda: parse_def(text))  # noqa: B023
        print(
            f"{copies:6d} {netlist.n_cells:7d} {floorplan.n_tiles:6d} {t_plan:10.2f} {t_place:7.2f} "
            f"{1e6 * t_place / netlist.n_cells:8.0f} {t_wires:7.2f} {t_update:11.3f} {t_legal:9.2f} {t_out:8.2f} {t_in:7.2f}",
            flush=True,
        )
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB; the first line includes compilation"
    )


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
