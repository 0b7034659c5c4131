"""Vdd selection on a finished run at any frequency: what a power-management unit would do."""

from __future__ import annotations

import itertools
import os
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import Any

from finevh.commands.asked import asked_of
from finevh.config import Flow
from finevh.errors import InputError, NotReachableError
from finevh.flow.artifacts.layout import load_chain_order
from finevh.flow.engine.stage import read_checks
from finevh.flow.finished import load_run
from finevh.flow.finished_design import load_weighed_design
from finevh.flow.inputs.technology import marked_name
from finevh.flow.own_glitches import with_own_glitches
from finevh.schemes import (
    Curve,
    FineVh,
    OperatingPoint,
    Scheme,
    SingleVoltageScheme,
    VddDithering,
    single_voltage_curve,
)
from finevh.selection import Interval, bitstream_hex, lower_bound, parse_map
from finevh.selection.engine import EngineDesign


def emulate_run(
    directory: Path,
    frequencies: tuple[str, ...],
    delta_vdd: str | float | None = None,
    selector: str | None = None,
    variant: str | None = None,
    seconds: float | None = None,
) -> list[dict[str, Any]]:
    """Select voltages at given frequencies.

    Parameters
    ----------
    directory
        A finished run.
    frequencies
        Quantities such as ``250MHz``, or lists of them by comma.
    delta_vdd
        VddH - VddL, V, or with its unit; the smallest of the run when None.
    selector
        Name of one of :data:`finevh.selection.SELECTORS`; the first of the flow file when None.
    variant
        Variant set; ``pb`` where the run has it when None.
    seconds
        Time limit of ``exact`` for each frequency.

    Returns
    -------
    list of dict
        Per frequency the columns of ``operating_points.csv``, the bit-stream in hex, the lower bound of power, mW, that needs
        no timing, by how much the power lies above the best bound known, per cent, the other schemes with the same bias at this
        frequency (``schemes``: the columns, and ``saving_percent``, by how much FINE-VH lies below), and the account of the run
        (``checks``).

    Raises
    ------
    NotReachableError
        If a frequency is out of reach.
    """
    flow, run = load_run(directory)
    wanted, delta = asked_of(flow, frequencies, delta_vdd, seconds)
    name = variant or ("pb" if "pb" in flow.schemes.variants else flow.schemes.variants[0])
    placed, design, own = load_weighed_design(flow, run, name, few_maps=True)
    if placed.technology.cross is None:
        raise InputError(
            f"technology {placed.technology.name} has no cross-voltage tables, which FINE-VH needs; characterise it"
        )
    used = selector or flow.schemes.selectors[0]
    grid = flow.schemes.grid(delta)
    curve = single_voltage_curve(design, marked_name(flow), name, grid)
    scheme = FineVh(curve, delta, used, seconds=seconds)
    chain = load_chain_order(run.stage_path("floorplan"))
    told = read_checks(directory)
    if (run.stage_path("operating-points") / "results" / "tables" / "drooped.csv").is_file():
        # The run raised tiles for them; one search at one frequency has no maps of higher ones to raise to.
        told.add("rails_not_judged", ["emulate"])
    if design.vdd_muxes is None and "vdd_mux_leakage_missing" not in told.as_dict():
        told.add("vdd_mux_leakage_missing", ["emulate"])
    checks = told.as_dict()

    asked = [_reached(answer) for answer in scheme.points(wanted)]
    schemes = _others(flow, design, name, curve, delta)
    beside = [[_reached(answer) for other in schemes for answer in other.points([p.freq_mhz])] for p in asked]
    # All maps at once: they are simulated side by side.
    weighed = iter(with_own_glitches(own, {name: design}, [*asked, *itertools.chain(*beside)], os.cpu_count() or 1))
    points = [next(weighed) for _ in asked]
    others = [[next(weighed) for _ in row] for row in beside]
    return [
        {**_row(point, design, chain), "schemes": _beside(point, row), "checks": checks}
        for point, row in zip(points, others, strict=True)
    ]


def _reached(answer: OperatingPoint | NotReachableError) -> OperatingPoint:
    if isinstance(answer, NotReachableError):
        raise answer
    return answer


def _others(flow: Flow, design: EngineDesign, variant: str, coarse: Curve, delta: float) -> tuple[Scheme, ...]:
    """The schemes beside FINE-VH on the same design, with the grids that a run gives them."""
    fine = single_voltage_curve(design, marked_name(flow), variant, flow.schemes.grid(flow.schemes.ideal_step))
    return (
        SingleVoltageScheme("ideal-dvfs", fine, flow.schemes.ideal_step),
        SingleVoltageScheme("vdd-hopping", coarse, delta),
        VddDithering(coarse, delta, max(flow.schemes.delta_vdd)),
    )


def _beside(fine: OperatingPoint, others: list[OperatingPoint]) -> list[dict[str, Any]]:
    rows = []
    for point in others:
        saving = 100.0 * (1.0 - fine.power_total_mw / point.power_total_mw)
        rows.append({**asdict(point), "saving_percent": saving})
    return rows


def _row(point: OperatingPoint, design: EngineDesign, chain: tuple[int, ...]) -> dict[str, Any]:
    assert point.vdd_l_v is not None
    assert point.vdd_h_v is not None
    plain = lower_bound(design, Interval(point.vdd_l_v, point.vdd_h_v), point.freq_mhz)
    if (
        point.weighed_power_mw is not None
    ):  # as the bound that was proved, which is known for the power maps are weighed by
        plain *= point.power_total_mw / point.weighed_power_mw
    bound = plain if point.bound_mw is None else max(plain, point.bound_mw)
    return {
        **asdict(point),
        "bits_hex": bitstream_hex(parse_map(point.assignment), chain),
        "lower_bound_mw": plain,
        "gap_percent": 100.0 * (point.power_total_mw / bound - 1.0),
    }


NAMES = {
    "ideal-dvfs": "ideal-DVFS",
    "vdd-hopping": "Vdd-hopping",
    "vdd-dithering": "Vdd-dithering",
    "fine-vh": "FINE-VH",
}
WIDTH = 80
"""Columns of a terminal that nobody widened."""


def emulation_lines(rows: list[dict[str, Any]]) -> list[str]:
    """What :func:`emulate_run` returns, for people: per frequency a line per scheme, then what FINE-VH sets."""
    first = rows[0]
    lines = [
        f"{first['design']}, {first['tiles']} tiles, variant {first['variant']} in every scheme, "
        f"delta-Vdd {1000 * first['delta_vdd_v']:g} mV"
    ]
    for row in rows:
        lines += ["", f"{row['freq_mhz']:.3f} MHz"]
        lines.append(f"  {'scheme':13s}  {'Vdd, V':>13s}  {'power, mW':>10s}  {'FINE-VH saves':>13s}")
        for point in (*row["schemes"], row):
            saves = f"{point['saving_percent']:.2f} %" if "saving_percent" in point else ""
            line = (
                f"  {NAMES[point['scheme']]:13s}  {_supply(point):>13s}  {point['power_total_mw']:10.5g}  {saves:>13s}"
            )
            lines.append(line.rstrip())
        proven = row["bound_mw"] is not None and row["bound_mw"] >= row["lower_bound_mw"]
        bound = (
            f"proven bound, {row['bound_mw']:.5g}" if proven else f"bound without timing, {row['lower_bound_mw']:.5g}"
        )
        lines.append(f"  {row['tiles_high']} of {row['tiles']} tiles at VddH, slack {row['worst_slack_ps']:.1f} ps")
        lines.append(f"  selector {row['selector']}, {row['gap_percent']:+.2f} % against the {bound} mW")
        lines += wrap(f"bits {row['bits_hex']}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    if "rails_not_judged" in first.get("checks", {}):
        lines += ["", "Chosen at the supplies themselves: how rails droop is judged by the run alone."]
    return lines


def _supply(point: dict[str, Any]) -> str:
    if point["vdd_v"] is not None:
        return f"{point['vdd_v']:.3f}"
    return f"{point['vdd_l_v']:.3f} / {point['vdd_h_v']:.3f}"
