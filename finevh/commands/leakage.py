"""``finevh leakage``: static leakage of any netlist under a voltage map, from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finevh.checks import Checks
from finevh.netlist.verilog import read_verilog
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.power.leakage import LeakageModel
from finevh.technology import load_technology
from finevh.timing.report import read_voltages

# Cells listed by ``finevh leakage`` without --json: the rest is in the JSON.
LISTED_CELLS = 20


def run_leakage(
    netlist_path: Path, top: str | None, technology_dir: Path, voltages_csv: Path, probabilities_csv: Path | None = None
) -> dict[str, Any]:
    """Leakage of every instance under a voltage map.

    Input ports swing to the highest voltage of the map.

    Parameters
    ----------
    voltages_csv
        ``instance,vdd`` lines, glob patterns allowed, first match wins.
    probabilities_csv
        See `read_probabilities`. None: every input port is 1 half of the time, the rest is propagated.

    Returns
    -------
    dict
        ``leakage_mw``, ``interface_leakage_mw``, ``cells``: ``instance``, ``leakage_nw``, ``interface_nw`` each, and ``checks``:
        what was assumed.

    Raises
    ------
    InputError
        If a file is wrong or the technology has no derates for a pair of voltages that a cell meets.
    """
    technology = load_technology(technology_dir)
    checks = Checks()
    technology.book(checks)
    netlist = read_verilog(netlist_path, technology, top, checks)
    technology, cell_vdd = read_voltages(voltages_csv, netlist, technology, checks)
    activity = read_probabilities(probabilities_csv, netlist, checks)
    result = LeakageModel(netlist, technology, activity).evaluate(cell_vdd)
    interface = result.interface
    return {
        "leakage_mw": result.total,
        "interface_leakage_mw": result.total_interface,
        "cells": [
            {"instance": name, "leakage_nw": 1e6 * float(leak), "interface_nw": 1e6 * float(extra)}
            for name, leak, extra in zip(netlist.instance_names, result.cell, interface, strict=True)
        ],
        "checks": checks.as_dict(),
    }


def leakage_text(found: dict[str, Any]) -> str:
    """Leakage for people: the sums, then the cells that leak most."""
    lines = [f"leakage {found['leakage_mw']:.6g} mW", f"of it at interfaces {found['interface_leakage_mw']:.6g} mW"]
    for cell in sorted(found["cells"], key=lambda cell: -cell["leakage_nw"])[:LISTED_CELLS]:
        lines.append(f"{cell['instance']}: {cell['leakage_nw']:.4g} nW, interface {cell['interface_nw']:.4g} nW")
    if len(found["cells"]) > LISTED_CELLS:
        lines.append(f"... {len(found['cells']) - LISTED_CELLS} further cells: see --json")
    return "\n".join(lines)
