"""RI5CY against OpenSTA on three cell libraries at two corners each, before and after a SPEF: every endpoint, setup and hold.

    python benchmarks/sta_accuracy_ri5cy.py [--finevh45 NETLIST.v] [--nangate45 NETLIST.v] [--ihp NETLIST.v] [--only KIT]

A netlist that is not given is synthesised with the kit's first Liberty. The SPEF is that of our placement of the netlist as it
is: no net is buffered, so drivers of hundreds of sinks are compared far beyond the axes of their tables too. Bound: 1 ps or 0.5 %
of the path's delay. Exit status 1 if an endpoint is outside.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finevh.layout import FloorplanRequest, estimate_wires, make_floorplan, place
from finevh.netlist import Netlist, Wires, read_spef, read_verilog, write_spef, write_verilog
from finevh.synthesis import Options, cv32e40p, plan_synthesis, run_synthesis
from finevh.technology import Technology, technology_from_liberty
from finevh.timing import TimingGraph, read_sdc
from oracles.opensta import installed_resistance, run_opensta
from oracles.slacks import compare_slacks, default_sdc, endpoint_slacks

REPOSITORY = Path(__file__).resolve().parents[1]
TOP, CLOCK = "cv32e40p_core", "clk_i"
UTILIZATION = 0.6
WIRE = (3.57e-3, 0.104)
"""kOhm/um and fF/um of a layer whose LEF states none: metal3 of OpenROAD-flow-scripts' nangate45."""


@dataclass(frozen=True)
class Kit:
    """A cell library: its two corners, its LEF and the period, ps, of synthesis and constraints."""

    name: str
    liberty: tuple[Path, Path]
    lef: tuple[Path, Path]
    period: float


def kits() -> list[Kit]:
    """The libraries of the bar: finevh45 1.0 and 0.7 V, Nangate45 typ and slow, IHP sg13g2 slow at 1.08 and 1.35 V."""
    pdk = Path(os.environ.get("FINEVH_PDK", REPOSITORY.parent / "shared" / "pdk"))
    own, nangate, ihp = REPOSITORY / "libs" / "finevh45", pdk / "nangate45", pdk / "ihp-sg13g2"
    return [
        Kit(
            "finevh45",
            (own / "liberty/finevh45_1v00.lib.gz", own / "liberty/finevh45_0v70.lib.gz"),
            (own / "tech.lef", own / "cells.lef"),
            3000.0,
        ),
        Kit(
            "nangate45",
            (nangate / "nangate45_typ.lib.gz", nangate / "nangate45_slow.lib.gz"),
            (nangate / "tech.lef", nangate / "cells.lef"),
            2700.0,
        ),
        Kit(
            "ihp",
            (ihp / "sg13g2_stdcell_slow_1p08V_125C.lib.gz", ihp / "sg13g2_stdcell_slow_1p35V_125C.lib.gz"),
            (ihp / "tech.lef", ihp / "cells.lef"),
            10000.0,
        ),
    ]


def placed_wires(netlist: Netlist, technology: Technology) -> Wires:
    """Wires of a placement of the netlist in one tile."""
    layers = tuple(
        layer
        if layer.capacitance > 0 and layer.resistance > 0
        else replace(layer, resistance=WIRE[0], capacitance=WIRE[1])
        for layer in technology.layers
    )
    technology = replace(technology, layers=layers)
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(1, UTILIZATION))
    return estimate_wires(netlist, technology, place(netlist, technology, floorplan))


def check(kit: Kit, source: Path | None, folder: Path) -> int:
    """Print the comparisons of one kit; the number of endpoints outside the bound."""
    planned = technology_from_liberty([kit.liberty[0]], list(kit.lef), name=kit.name)
    if source is None:
        options = Options(period=kit.period, dont_use=planned.roles["dont_use"])
        plan = plan_synthesis(cv32e40p(), [kit.liberty[0]], options)
        source = run_synthesis(plan, folder / f"{kit.name}-synthesis").netlist
    netlist = read_verilog(source, planned, TOP)
    verilog, spef = folder / f"{kit.name}.v", folder / f"{kit.name}.spef"
    write_verilog(netlist, planned, verilog)
    write_spef(netlist, placed_wires(netlist, planned), spef)
    sdc = default_sdc(CLOCK, kit.period / 1000)
    outside = 0
    for liberty in kit.liberty:
        technology = technology_from_liberty([liberty])
        read = read_verilog(verilog, technology, TOP)
        constraints = read_sdc(sdc, *technology.units)
        for wires in (None, spef):
            given = None if wires is None else read_spef(wires, read)
            state = (
                graph := TimingGraph(
                    read,
                    technology,
                    constraints,
                    given,
                    wire_model="ceff",
                    hold=True,
                    driver_resistance=installed_resistance(),
                )
            ).evaluate(0)
            theirs = run_opensta(verilog, TOP, [liberty], sdc.replace(" -no_clocks", ""), wires)
            for check, hold, other in (("setup", False, theirs.setup), ("hold", True, theirs.hold)):
                c = compare_slacks(endpoint_slacks(graph, state, kit.period, hold), other, theirs.arrival)
                outside += c.outside + c.missing + c.extra
                print(
                    f"{liberty.name.removesuffix('.lib.gz'):32} {'SPEF' if wires else 'no wires':8} {check:5} "
                    f"{c.count:9d} {c.missing + c.extra:8d} {c.worst_ps:9.3f} {c.worst_fraction:9.4%} {c.outside:8d} "
                    f"{np.max(list(theirs.arrival.values())):12.0f}",
                    flush=True,
                )
    return outside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kit in kits():
        parser.add_argument(f"--{kit.name}", type=Path, metavar="NETLIST.v")
    parser.add_argument("--only", choices=[kit.name for kit in kits()])
    choice = parser.parse_args()
    print(
        "library                          wires    check endpoints unshared  worst ps   worst %  outside  longest path, ps"
    )
    with tempfile.TemporaryDirectory() as name:
        outside = sum(
            check(kit, getattr(choice, kit.name), Path(name)) for kit in kits() if choice.only in (None, kit.name)
        )
    print(f"{outside} endpoints outside the bound or not shared")
    sys.exit(1 if outside else 0)


if __name__ == "__main__":
    main()
