"""Quality of the embedded engine on Nangate45 typ (1.10 V, 25 C): RI5CY, one tile, utilisation 60 %, checked by OpenSTA.

    python benchmarks/layout_nangate45.py [NETLIST.v] [--period 2700] [--keep DIR]

Synthesis (left out when a mapped netlist is given), trees, placement, sizing; then Verilog, SPEF and SDC are written and OpenSTA
reads them: its register-to-register period with placed wires is the result, ours stands beside it. Wire constants: metal3 of the
platform nangate45 of OpenROAD-flow-scripts. Bars: 3000 ps, 56 000 um2. Reference (OpenROAD placement, repair_design and
repair_timing): 3010 ps at 51 300 um2, or 2610 ps at 63 850 um2. Exit status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.layout import FloorplanRequest, make_floorplan, place
from finevh.netlist import read_verilog, write_spef, write_verilog
from finevh.optimize.physical import optimise_placed, presize
from finevh.optimize.target import Target
from finevh.synthesis import Options, cv32e40p, plan_synthesis, run_synthesis
from finevh.technology import Technology, technology_from_liberty
from finevh.timing import TimingGraph, read_sdc
from oracles.opensta import run_opensta

REPOSITORY = Path(__file__).resolve().parents[1]
PERIOD_BAR, AREA_BAR = 3000.0, 56_000.0
METAL3 = (3.57e-3, 0.104)
"""kOhm/um and fF/um of the default signal layer of OpenROAD-flow-scripts' nangate45, an open 45 nm stack."""
SDC = "create_clock -name clk_i -period {period} [get_ports clk_i]\nset_case_analysis 0 [get_ports scan_cg_en_i]\n"


def load(folder: Path) -> Technology:
    """Nangate45 typ with the wire constants of the reference."""
    files = [folder / "nangate45_typ.lib.gz"]
    technology = technology_from_liberty(files, [folder / "tech.lef", folder / "cells.lef"], name="nangate45")
    metal3 = replace(technology.layers[2], resistance=METAL3[0], capacitance=METAL3[1])
    return replace(technology, layers=(*technology.layers[:2], metal3, *technology.layers[3:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("netlist", type=Path, nargs="?")
    parser.add_argument("--period", type=float, default=2700.0, help="target, ps")
    parser.add_argument("--utilization", type=float, default=0.60)
    parser.add_argument("--keep", type=Path, help="folder for Verilog, SPEF and SDC")
    choice = parser.parse_args()
    pdk = Path(os.environ.get("FINEVH_PDK", REPOSITORY.parent / "shared" / "pdk")) / "nangate45"
    technology = load(pdk)
    with tempfile.TemporaryDirectory() as name:
        folder = choice.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        source, began = choice.netlist, time.process_time()
        if source is None:
            options = Options(period=choice.period, dont_use=technology.roles["dont_use"])
            plan = plan_synthesis(cv32e40p(), [pdk / "nangate45_typ.lib.gz"], options)
            source = run_synthesis(plan, Path(name) / "synthesis").netlist
        netlist = read_verilog(source, technology, "cv32e40p_core")
        target = Target(read_sdc(SDC.format(period=choice.period / 1000)), 0, 0, choice.period)
        sized = presize(netlist, technology, target, choice.utilization)
        floorplan = make_floorplan(sized.netlist, technology, FloorplanRequest(1, choice.utilization))
        placement = place(sized.netlist, technology, floorplan)
        done = optimise_placed(sized.netlist, technology, floorplan, placement, target, sized.frozen)
        verilog, spef, sdc = (folder / f"ri5cy.{ending}" for ending in ("v", "spef", "sdc"))
        write_verilog(done.netlist, technology, verilog)
        write_spef(done.netlist, done.wires, spef)
        sdc.write_text(SDC.format(period=choice.period / 1000))
        seconds = time.process_time() - began
        exact = TimingGraph(done.netlist, technology, target.constraints, done.wires, wire_model="ceff").evaluate(0)
        theirs = run_opensta(verilog, done.netlist.name, [pdk / "nangate45_typ.lib.gz"], sdc.read_text(), spef)
    period = choice.period - min(theirs.setup.values())
    print(
        f"RI5CY, Nangate45 typ, {choice.utilization:.0%}, target {choice.period:.0f} ps: {done.netlist.n_cells} cells"
    )
    print(f"area            {done.area:9.0f} um2  (bar {AREA_BAR:.0f})")
    print(f"period, OpenSTA {period:9.1f} ps   (bar {PERIOD_BAR:.0f}); {len(theirs.setup)} endpoints, SPEF read")
    print(
        f"period, ours    {done.min_period:9.1f} ps with the flow's wire model, {exact.min_period():.1f} ps with ceff"
    )
    print(
        f"wire            {np.nansum(done.wires.length) / 1000:9.1f} mm; {seconds:.0f} CPU s from the netlist or RTL on"
    )
    sys.exit(0 if period <= PERIOD_BAR and done.area <= AREA_BAR else 1)


if __name__ == "__main__":
    main()
