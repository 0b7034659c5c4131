"""Vdd selection on a finished run at any frequency: what a power-management unit would do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from finevh.config import Flow
from finevh.errors import InputError, NotReachableError
from finevh.flow.artifacts.layout import load_chain_order
from finevh.flow.engine.stage import read_checks
from finevh.flow.finished import load_design, load_run
from finevh.schemes import FineVh, OperatingPoint, single_voltage_curve
from finevh.selection import Interval, bitstream_hex, lower_bound, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import parse_quantity


def emulate_run(
    directory: Path,
    frequencies: tuple[str, ...],
    delta_vdd: float | None = None,
    selector: str | None = None,
    variant: str | None = None,
    seconds: float | None = None,
) -> list[dict[str, object]]:
    """Select voltages at given frequencies.

    Parameters
    ----------
    directory
        A finished run.
    frequencies
        Quantities such as ``250MHz``.
    delta_vdd
        VddH - VddL, V; the smallest of the run when None.
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
        no timing, by how much the power lies above the best bound known, per cent, and the account of the run (``checks``).

    Raises
    ------
    NotReachableError
        If a frequency is out of reach.
    """
    flow, run = load_run(directory)
    wanted = [_frequency(text) for text in frequencies]
    delta = min(flow.schemes.delta_vdd) if delta_vdd is None else delta_vdd
    _check_delta(flow, delta)
    name = variant or ("pb" if "pb" in flow.schemes.variants else flow.schemes.variants[0])
    placed, design = load_design(flow, run, name)
    if placed.technology.cross is None:
        raise InputError(
            f"technology {placed.technology.name} has no cross-voltage tables, which FINE-VH needs; characterise it"
        )
    used = selector or flow.schemes.selectors[0]
    grid = flow.schemes.grid(delta)
    curve = single_voltage_curve(design, flow.design.name, name, grid)
    scheme = FineVh(curve, delta, used, seconds=seconds)
    chain = load_chain_order(run.stage_path("floorplan"))
    checks = read_checks(directory).as_dict()
    rows = []
    for answer in scheme.points(wanted):
        if isinstance(answer, NotReachableError):
            raise answer
        rows.append({**_row(answer, design, chain), "checks": checks})
    return rows


def _frequency(text: str) -> float:
    try:
        value = parse_quantity(text, "frequency")
    except InputError as error:
        raise InputError(f"--freq {text}: {error}") from None
    if value <= 0:
        raise InputError(f"--freq {text}: a frequency must be above zero")
    return value


def _check_delta(flow: Flow, delta: float) -> None:
    span = flow.schemes.vdd_max - flow.schemes.vdd_min
    count = span / delta if delta > 0 else 0.0
    if delta <= 0 or round(count) < 1 or abs(count - round(count)) > 1e-3:
        raise InputError(
            f"--delta-vdd {delta:g}: must divide {flow.schemes.vdd_min:g} to {flow.schemes.vdd_max:g} V into whole steps"
        )


def _row(point: OperatingPoint, design: EngineDesign, chain: tuple[int, ...]) -> dict[str, object]:
    assert point.vdd_l_v is not None
    assert point.vdd_h_v is not None
    plain = lower_bound(design, Interval(point.vdd_l_v, point.vdd_h_v), point.freq_mhz)
    bound = plain if point.bound_mw is None else max(plain, point.bound_mw)
    return {
        **asdict(point),
        "bits_hex": bitstream_hex(parse_map(point.assignment), chain),
        "lower_bound_mw": plain,
        "gap_percent": 100.0 * (point.power_total_mw / bound - 1.0),
    }


def emulation_table(rows: list[dict[str, object]]) -> Table:
    """Table for people of what :func:`emulate_run` returns."""
    table = Table(
        title=f"FINE-VH, {rows[0]['design']}, variant {rows[0]['variant']}, delta-Vdd {rows[0]['delta_vdd_v']:g} V"
    )
    columns = (
        "f, MHz",
        "VddL, V",
        "VddH, V",
        "tiles high",
        "slack, ps",
        "power, mW",
        "bound, mW",
        "gap",
        "selector",
        "bits",
    )
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            f"{row['freq_mhz']:.3f}",
            f"{row['vdd_l_v']:.3f}",
            f"{row['vdd_h_v']:.3f}",
            str(row["tiles_high"]),
            f"{row['worst_slack_ps']:.1f}",
            f"{row['power_total_mw']:.4g}",
            f"{row['lower_bound_mw' if row['bound_mw'] is None else 'bound_mw']:.4g}",
            f"{row['gap_percent']:.2f} %",
            str(row["selector"]),
            str(row["bits_hex"]),
        )
    return table
