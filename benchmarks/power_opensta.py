"""Switching, internal and leakage power against OpenSTA's ``report_power``: same netlist, Liberty, SDC, activities.

    python benchmarks/power_opensta.py --netlist N.v --top TOP --liberty L.lib.gz [--spef P.spef] [--clock clk_i]

OpenSTA 2.0.17 (Debian's) takes activities only for all nets at once, so both sides get the same rate and duty on every net, two
toggles per cycle on the clock. Its rules for internal energy are its own: rise and fall energies are *added* for every toggle
(later releases take their mean), and the weight of a group is read off the top operator of the function. ``same rules`` shows
our tables, slews, loads and units under those rules; ``finevh`` our own, for the record. Leakage there is the library's
average, ``cell_leakage_power``; ours is the sum over states, all patterns equally likely. OpenSTA takes the period from the
clock that reaches an instance; instances that none reaches (a reset tree) have no power there and are left out on both sides.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from opensta import opensta, plain_liberty
from sta_accuracy import default_sdc

from finevh.netlist import read_verilog
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.wires import Wires
from finevh.power import DynamicPower, LeakageModel, activity_from_probabilities
from finevh.power.network import build_network
from finevh.power.weights import PowerTerms
from finevh.technology import technology_from_liberty
from finevh.technology.boolean import Expression, parse_boolean
from finevh.technology.model import Direction, Technology
from finevh.timing import TimingGraph, parse_sdc

RATE, DUTY = 0.2, 0.5


def inferred_when(tree: Expression, pin: str) -> Expression | None:
    """OpenSTA's side condition of an input, where the function's top operator shows it; None where it does not."""
    operator = tree[0]
    if operator == "pin":
        return ("1",) if tree[1] == pin else None
    if operator == "!":
        return inferred_when(tree[1], pin)  # type: ignore[arg-type]
    if operator in ("0", "1"):
        return None
    for mine, other in ((tree[1], tree[2]), (tree[2], tree[1])):
        if mine in (("pin", pin), ("!", ("pin", pin))):
            return other if operator == "&" else ("!", other)  # type: ignore[return-value]
    return None


def duty_of(tree: Expression) -> float:
    """OpenSTA's duty of an expression: operands independent, every pin at DUTY."""
    if tree[0] == "pin":
        return DUTY
    if tree[0] in ("0", "1"):
        return float(tree[0])
    a = [duty_of(branch) for branch in tree[1:] if isinstance(branch, tuple)]
    if tree[0] == "!":
        return 1.0 - a[0]
    if tree[0] == "&":
        return a[0] * a[1]
    return 1.0 - (1.0 - a[0]) * (1.0 - a[1]) if tree[0] == "|" else a[0] * (1.0 - a[1]) + a[1] * (1.0 - a[0])


def opensta_terms(netlist: Netlist, rate: np.ndarray, clock_nets: np.ndarray) -> PowerTerms:
    """Power terms under the rules of OpenSTA 2.0.17."""
    cells = netlist.cells
    rows = []
    for cell in range(netlist.n_cells):
        kind, first = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
        base = int(cells.pin_ptr[kind])
        names = cells.pins(kind)
        for g in range(int(cells.power_ptr[kind]), int(cells.power_ptr[kind + 1])):
            source, target = int(cells.power_from[g]), int(cells.power_to[g])
            net = int(netlist.pin_net[first + target])
            # Pins without a net have the global activity too.
            toggles = RATE if net == NO_NET else rate[net]
            when, function = cells.power_when[g], cells.pin_function[base + target]
            related = target if source < 0 else source
            related_net = int(netlist.pin_net[first + related])
            inferred = (
                inferred_when(parse_boolean(function), names[source]) if source >= 0 and function and not when else None
            )
            if inferred is not None:
                cause = RATE if related_net == NO_NET else rate[related_net]
                duty = cause / toggles * duty_of(inferred) if toggles > 0 else 0.0
            elif when:
                duty = duty_of(parse_boolean(when))
            else:
                duty = 1.0 if related_net != NO_NET and clock_nets[related_net] else 0.5
            is_output = cells.pin_direction[base + target] == Direction.OUTPUT
            rows.append((cell, first + related, net if is_output else -1, *cells.power_table[g], duty * toggles))
    table = np.array(rows)
    as_int = table[:, :5].astype(np.int32)
    weight = np.repeat(table[:, 5:6], 2, axis=1)
    return PowerTerms(as_int[:, 0], as_int[:, 1], as_int[:, 2], np.zeros(len(rows), dtype=bool), as_int[:, 3:5], weight)


def run_report_power(netlist: Path, top: str, liberty: Path, sdc: str, spef: Path | None) -> dict[str, np.ndarray]:
    """Internal, switching and leakage power of each instance, mW."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.sdc").write_text(sdc)
        lines = [
            f"read_liberty {plain_liberty(liberty, folder)}",
            f"read_verilog {netlist}",
            f"link_design {top}",
            "set_cmd_units -time ns",  # the constraints' unit, whatever the library's
            f"source {folder}/c.sdc",
            f"read_parasitics {spef}" if spef else "",
            f"set_power_activity -global -activity {RATE} -duty {DUTY}",
            "report_power -instances [get_cells *] -digits 9",
            "exit",
        ]
        (folder / "run.tcl").write_text("\n".join(lines))
        done = subprocess.run(
            [str(opensta()), "-exit", str(folder / "run.tcl")], capture_output=True, text=True, check=True, timeout=3600
        )
    found = {}
    for row in (line.split() for line in done.stdout.splitlines()):
        if len(row) == 5 and re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", row[0]):
            found[row[4].replace("\\", "")] = 1e3 * np.array([float(x) for x in row[:3]])  # reported in W
    if not found:
        raise RuntimeError(f"OpenSTA reported no power:\n{done.stdout}\n{done.stderr}")
    return found


def compare(
    path: Path, netlist: Netlist, technology: Technology, liberty: Path, clock: str, period_ns: float, spef: Path | None
) -> dict[str, tuple[float, float]]:
    """(ours, OpenSTA's) power, mW, by part; ``instances`` counts those compared and all."""
    sdc = default_sdc(clock, period_ns)
    wires: Wires | None = None if spef is None else read_spef(spef, netlist)
    graph = TimingGraph(netlist, technology, parse_sdc(sdc), wires)
    vdd = np.zeros(netlist.n_cells, dtype=np.int32)
    slew = graph.pin_slews(graph.evaluate(vdd))
    network = build_network(netlist, clock)
    rate = np.full(netlist.n_nets, RATE)
    out_ptr_rows = np.repeat(np.arange(netlist.n_cells), np.diff(netlist.pin_ptr))
    driving = (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT) & (netlist.pin_net != NO_NET)
    clock_nets = np.zeros(netlist.n_nets, dtype=bool)
    clock_nets[network.clock_net] = True
    clock_nets[netlist.pin_net[driving & network.clock_cell[out_ptr_rows]]] = True
    rate[clock_nets] = 2.0
    rate[netlist.net_constant >= 0] = 0.0
    activity = activity_from_probabilities(netlist, np.full(netlist.n_nets, DUTY), rate)
    power = DynamicPower(netlist, technology, wires, activity, slew=slew)
    ours = power.evaluate(vdd, None, 1e3 / period_ns)
    power._terms = opensta_terms(netlist, rate, clock_nets)
    theirs_rules = power.evaluate(vdd, None, 1e3 / period_ns)
    leakage = LeakageModel(netlist, technology, replace(activity)).evaluate(vdd)
    report = run_report_power(path, netlist.name, liberty, sdc, spef)
    theirs = np.array([report[name.replace("\\", "")] for name in netlist.instance_names])
    clocked = (theirs[:, 1] > 1e-3 * ours.switching) | (ours.switching == 0.0)
    internal, switching, static = theirs[clocked].sum(axis=0)
    return {
        "instances": (float(clocked.sum()), float(netlist.n_cells)),
        "switching": (float(ours.switching[clocked].sum()), switching),
        "internal, same rules": (float(theirs_rules.internal[clocked].sum()), internal),
        "internal, finevh": (float(ours.internal[clocked].sum()), internal / 2.0),
        "leakage": (float(leakage.cell[clocked].sum()), static),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--netlist", type=Path, required=True)
    parser.add_argument("--top")
    parser.add_argument("--liberty", type=Path, required=True)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=10.0)
    parser.add_argument("--spef", type=Path)
    options = parser.parse_args()
    technology = technology_from_liberty([options.liberty])
    netlist = read_verilog(options.netlist, technology, options.top)
    table = compare(
        options.netlist, netlist, technology, options.liberty, options.clock, options.period_ns, options.spef
    )
    print(f"{netlist.name}, {netlist.n_cells} cells, {options.liberty.name}")
    print(f"{'mW':24s} {'finevh':>12s} {'OpenSTA':>12s} {'difference':>10s}")
    compared, count = table.pop("instances")
    for part, (mine, theirs) in table.items():
        print(f"{part:24s} {mine:12.6f} {theirs:12.6f} {100 * (mine / theirs - 1):+9.3f}%")
    print(f"{compared:.0f} of {count:.0f} instances are reached by OpenSTA's clock")


if __name__ == "__main__":
    main()
