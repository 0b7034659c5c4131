"""``finevh bias``: leakage recovery of any netlist from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.constraints.sdc import read_sdc
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.verilog import read_verilog
from finevh.netlist.verilog_write import write_verilog
from finevh.polybias.assign import assign_variants
from finevh.polybias.conditions import Condition
from finevh.polybias.oracle import TimingOracle
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.power.leakage import LeakageModel
from finevh.technology import load_technology
from finevh.technology.manifest import Manifest, read_manifest
from finevh.technology.model import Byte, Technology
from finevh.timing import TimingGraph
from finevh.timing.unconstrained import book_setup

Variants = NDArray[np.int8]


@dataclass(frozen=True)
class BiasOptions:
    """What a bias run does beside its files.

    ``variant_set``: the first of the technology where None; ``vdd``: the supply, V, the nominal one of the technology where
    None; ``allow``: findings that are no errors; ``progress``: called with what is being done.
    """

    variant_set: str | None = None
    vdd: float | None = None
    probabilities: Path | None = None
    allow: tuple[str, ...] = ()
    progress: Callable[[str], None] | None = None


# Long: the steps of the command in their order; each is one call.
def run_bias(
    netlist_path: Path,
    top: str | None,
    technology_dir: Path,
    sdc: Path | None,
    spef: Path | None = None,
    output: Path | None = None,
    options: BiasOptions | None = None,
) -> dict[str, Any]:
    """Give cells slower variants that leak less, as far as every path still meets the clock of the SDC.

    All cells stand at one supply, and none of the clock network is changed. Paths that were late before become no later.

    Parameters
    ----------
    output
        Verilog of the result: each cell by the name of its variant.

    Returns
    -------
    dict
        ``variant_set``, ``vdd_v``; ``cells``: number per variant, before and after; ``leakage_before_mw``, ``leakage_after_mw``;
        ``worst_slack_before_ps``, ``worst_slack_after_ps``; ``stages``; ``assignment``: variant of each changed instance; and
        ``checks``.

    Raises
    ------
    InputError
        From the readers; without SDC; where nothing is constrained or the technology has no variant set; or when a finding
        makes the result meaningless and is not allowed.
    """
    options = options or BiasOptions()
    if sdc is None:
        raise InputError("no SDC is given: write at least 'create_clock -period 1 [get_ports clk]' to a file for --sdc")
    manifest = read_manifest(technology_dir)
    name, members = _set_of(manifest, options.variant_set)
    technology = load_technology(technology_dir, vdd=_vdd_of(manifest, options.vdd))
    checks = Checks()
    technology.book(checks)
    netlist = read_verilog(netlist_path, technology, top, checks)
    constraints = read_sdc(sdc, *technology.units, netlist=netlist, checks=checks)
    wires = None if spef is None else read_spef(spef, netlist, checks, technology.typical_pin_cap)
    graph = TimingGraph(netlist, technology, constraints, wires, cross_voltage=False)
    book_setup(graph, checks)
    checks.refuse(options.allow)
    if not constraints.clocks or not graph.setup.n:
        raise InputError(f"{sdc}: no endpoint is constrained: no register has a clock of it and no output a delay")
    leakage = LeakageModel(netlist, technology, read_probabilities(options.probabilities, netlist, checks))
    cell_vdd, start = np.zeros(netlist.n_cells, dtype=np.int32), netlist.cell_variant.copy()
    period = constraints.clocks[0].period
    before = graph.evaluate(cell_vdd, start).worst_slack(period)
    candidates = np.ones(netlist.n_cells, dtype=bool)
    # A slower clock costs every path its setup or its hold.
    candidates[graph.clock_cells] = False
    oracle = TimingOracle(graph, [Condition(cell_vdd, 0, period)])
    say = options.progress or (lambda text: None)
    result = assign_variants(
        technology,
        members,
        start,
        candidates,
        0.0,  # no S_th: any slack may be enough, and what is not is given back
        oracle,
        lambda variant, kept, considered: say(f"{variant}: {kept} of {considered} cells"),
    )
    variant = result.cell_variant
    if output is not None:
        write_verilog(replace(netlist, cell_variant=variant), technology, output)
    return {
        "variant_set": name,
        "vdd_v": float(technology.vdds[0]),
        "cells": _variant_counts(netlist, technology, start, variant),
        "leakage_before_mw": leakage.evaluate(cell_vdd, start).total,
        "leakage_after_mw": leakage.evaluate(cell_vdd, variant).total,
        "worst_slack_before_ps": before,
        "worst_slack_after_ps": graph.evaluate(cell_vdd, variant).worst_slack(period),
        "stages": [
            {"variant": s.variant, "threshold_ps": s.threshold, "considered": s.considered, "kept": s.kept}
            for s in result.stages
        ],
        "assignment": {
            netlist.instance_names[i]: technology.variants[variant[i]].name for i in np.flatnonzero(variant != start)
        },
        "checks": checks.as_dict(),
    }


def _variant_counts(netlist: Netlist, technology: Technology, start: Byte, variant: Byte) -> dict[str, dict[str, int]]:
    """Return how many cells have each variant, before and after."""
    counts = [np.bincount(column, minlength=len(technology.variants)) for column in (start, variant)]
    return {
        entry.name: {"before": int(counts[0][row]), "after": int(counts[1][row])}
        for row, entry in enumerate(technology.variants)
        if counts[0][row] or counts[1][row]
    }


def _set_of(manifest: Manifest, asked: str | None) -> tuple[str, tuple[str, ...]]:
    """A variant set and its members, the unbiased first variant left out."""
    published = manifest.published()[1:]
    known = list(dict.fromkeys(group for variant in published for group in variant.group))
    if not known:
        raise InputError(f"technology {manifest.name} has no variant set: there is nothing to give a cell instead")
    name = asked or known[0]
    if name not in known:
        raise InputError(f"--variants {name}: technology {manifest.name} has {', '.join(known)}")
    return name, tuple(variant.name for variant in published if name in variant.group)


def _vdd_of(manifest: Manifest, asked: float | None) -> float:
    known = manifest.vdds([variant.name for variant in manifest.published()])
    nominal = None if manifest.views is None else manifest.views.vdd_nominal
    vdd = asked or nominal or (known[-1] if known else None)
    if vdd is None:
        raise InputError(f"technology {manifest.name} does not state its supplies; give --vdd")
    return vdd


def bias_text(found: dict[str, Any], output: Path | None) -> str:
    """Leakage recovery for people: what was understood, cells per variant, leakage and slack before and after."""
    before, after = found["leakage_before_mw"], found["leakage_after_mw"]
    saved = f"{100.0 * (1.0 - after / before):.2f} % less" if before > 0 else "none before"
    slack = found["worst_slack_before_ps"], found["worst_slack_after_ps"]
    lines = [
        *Checks.from_dict(found["checks"]).lines(),
        f"variant set {found['variant_set']} at {found['vdd_v']:g} V",
        f"{'variant':12s} {'before':>8s} {'after':>8s}  cells",
        *(f"{name:12s} {count['before']:8d} {count['after']:8d}" for name, count in found["cells"].items()),
        f"leakage {before:.6g} mW before, {after:.6g} mW after: {saved}",
        f"worst slack {slack[0]:.3f} ps before, {slack[1]:.3f} ps after",
    ]
    if slack[0] < 0:
        lines.append("the clock was missed before: paths that were late are no later")
    if output is not None:
        lines.append(f"written to {output}")
    return "\n".join(lines)
