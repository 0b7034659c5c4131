"""Supplies of finished layouts as our DEF draws them: one piece per net, no gap, no short, no pin on another net.

Run as ``python benchmarks/supply.py RUN [RUN ...]``; a run directory needs its stages up to ``optimize`` (``finevh run FLOW
-o RUN --to optimize``). Vdd-MUXes are those of the floorplan; which drive each tile gets is decided later and changes no metal.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import numpy as np

from finevh.flow.artifacts.layout import load_floorplan, load_placement
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.inputs.technology import lef_of, site_name, technology_of
from finevh.flow_file import read_run_flow
from finevh.layout import make_power_grid
from finevh.layout.always_on import on_islands
from finevh.layout.chain import make_chain
from finevh.layout.floorplan import tile_rail
from finevh.layout.formats.def_read import parse_def
from finevh.layout.formats.def_write import CHAIN_PREFIX, DefOptions, format_def, make_def
from finevh.layout.supply.check import SupplyReport, always_on_cells, check_supply, intent_of
from finevh.layout.supply.plan import rail_pins


def check_run(run: Path) -> SupplyReport:
    """Draw a run's layout, write and read its DEF, check what was read."""
    flow = read_run_flow(run)
    technology, lef = technology_of(flow), lef_of(flow)
    (plan,), (placed,) = (sorted(run.glob(f"*-{stage}")) for stage in ("floorplan", "optimize"))
    floorplan, netlist = load_floorplan(plan), load_netlist(placed, technology)
    chain = make_chain(technology, floorplan) if len(floorplan.island_row) else None
    options = DefOptions(site_name(flow), *rail_pins(lef, technology.layers[0].name))
    grid = make_power_grid(technology, floorplan, lef)
    drawn = make_def(netlist, technology, floorplan, load_placement(placed), grid, options, chain)
    layout = parse_def(format_def(drawn), str(run))
    rails = tuple(tile_rail(floorplan, tile) for tile in range(floorplan.n_tiles))
    placement = load_placement(placed)
    seated = np.array(netlist.instance_names)[on_islands(floorplan, placement.x, placement.y)]
    always_on = always_on_cells(layout, CHAIN_PREFIX).union(seated.tolist())
    return check_supply(layout, lef, intent_of(floorplan, rails, always_on))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", type=Path)
    clean = True
    for run in parser.parse_args().runs:
        report = check_run(run)
        pieces = sum(report.components.values())
        counts = ", ".join(f"{kind} {count}" for kind, count in report.count.items())
        print(f"{run}: {len(report.components)} nets in {pieces} pieces; {counts}")
        for text in (*report.opens, *report.shorts, *report.misplaced):
            print(f"  {text}")
        clean = clean and report.clean
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s of processor")
    return int(not clean)


if __name__ == "__main__":
    raise SystemExit(main())
