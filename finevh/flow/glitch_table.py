"""What glitches add to the power of every operating point, and how far the glitches of other supplies and maps would differ.

Glitches are simulated with the delays at one supply. Under other supplies all delays stretch nearly alike, under maps some more
than others; a few supplies and maps are simulated with their own delays to show how much that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import table
from finevh.checks import Checks, Severity
from finevh.config import Flow
from finevh.flow.designs import PlacedDesign, SingleVoltages, port_loads
from finevh.flow.point_power import power_of_points
from finevh.flow.stimulus import held_inputs, middle_supply, programs_of, stimulus_of, tied_netlist
from finevh.power import Activity, DynamicPower, PreparedPower
from finevh.power.glitches import delays_of, simulate_glitches
from finevh.schemes import OperatingPoint
from finevh.selection import Interval, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Int

CHECKED_MAPS = 6
"""Maps of each delta-Vdd that are simulated with their own delays."""
CHECKED_CYCLES = 500
"""Cycles of the first program that the supplies and maps of the check are simulated in."""
TOLERANCE = 0.01
"""Share of total power by which a point may miss its own glitches."""


@dataclass(frozen=True)
class GlitchRow:
    """One operating point with and without glitches.

    Attributes
    ----------
    cycles : of all programs; ``toggles_*`` are those of all nets in them, the clock's included, with the delays that glitches are
        simulated with.
    power_own_delays_mw : with the glitches that the point's own delays make, for a few points; ``toggles_own_delays`` likewise.
    """

    scheme: str
    variant: str
    delta_vdd_v: float
    freq_mhz: float
    vdd_v: float | None
    vdd_l_v: float | None
    vdd_h_v: float | None
    selector: str
    assignment: str
    cycles: float
    toggles_settled: int
    toggles_with_glitches: int
    power_settled_mw: float
    power_with_glitches_mw: float
    toggles_own_delays: int | None = None
    power_own_delays_mw: float | None = None

    @property
    def error(self) -> float | None:
        """By how much the power misses that of the point's own glitches, relative; None where those were not simulated."""
        if self.power_own_delays_mw is None:
            return None
        return self.power_with_glitches_mw / self.power_own_delays_mw - 1.0


def with_glitch_power(
    placed: PlacedDesign,
    activity: Activity,
    bound: Mapping[str, tuple[SingleVoltages, EngineDesign]],
    points: Sequence[OperatingPoint],
    jobs: int = 1,
) -> tuple[OperatingPoint, ...]:
    """Points with the share of glitches in their power; nothing where ``activity``, which the designs have, knows none."""
    if activity.glitch_rate is None:
        return tuple(points)
    settled = activity.without_glitches()
    plain = {
        variant: _dynamic(placed, settled, single).prepare(single.variant, jobs)
        for variant, (single, _) in bound.items()
    }
    designs = {variant: design for variant, (_, design) in bound.items()}

    def part(design: EngineDesign, cell_vdd: Int, vdd: float, frequency: float) -> float:
        own: PreparedPower = next(plain[name] for name, one in designs.items() if one is design)
        port = design.vdd_index(vdd)
        both = (power.evaluate(cell_vdd, frequency, port_vdd=port) for power in (design.power, own))
        with_glitches, without = (sum(one) for one in both)
        return with_glitches - without

    found = power_of_points(designs, points, part, jobs)
    return tuple(replace(point, power_glitch_mw=value) for point, value in zip(points, found, strict=True))


def _dynamic(placed: PlacedDesign, activity: Activity, single: SingleVoltages) -> DynamicPower:
    loads = port_loads(placed.flow, placed.netlist)
    return DynamicPower(placed.netlist, placed.technology, placed.wires, activity, slew=single.slew, port_load=loads)


def glitch_rows(activity: Activity, points: Sequence[OperatingPoint]) -> list[GlitchRow]:
    """A row for each point that has a share of glitches."""
    total, glitches = activity.toggle_rate.sum(), 0.0 if activity.glitch_rate is None else activity.glitch_rate.sum()
    counts = round(float(total - glitches) * activity.cycles), round(float(total) * activity.cycles)
    return [
        GlitchRow(
            point.scheme,
            point.variant,
            point.delta_vdd_v,
            point.freq_mhz,
            point.vdd_v,
            point.vdd_l_v,
            point.vdd_h_v,
            point.selector,
            point.assignment,
            activity.cycles,
            *counts,
            point.power_total_mw - point.power_glitch_mw,
            point.power_total_mw,
        )
        for point in points
        if point.power_glitch_mw is not None
    ]


def _checked(flow: Flow, rows: Sequence[GlitchRow]) -> list[int]:
    """Rows to simulate with their own delays: both ends of ideal-DVFS, and of each delta-Vdd maps of frequencies far and near.

    All of the first variant set and, of FINE-VH, of the first selector.
    """
    variant, selector = flow.schemes.variants[0], flow.schemes.selectors[0]
    mine = sorted((k for k, row in enumerate(rows) if row.variant == variant), key=lambda k: rows[k].freq_mhz)
    single = [k for k in mine if rows[k].scheme == "ideal-dvfs"]
    found = set(single[:1] + single[-1:])
    for delta in flow.schemes.delta_vdd:
        mixed: dict[tuple[float | None, str], int] = {}
        for k in mine:
            row = rows[k]
            wanted = row.scheme == "fine-vh" and row.selector.split(":")[0] == selector
            if wanted and row.delta_vdd_v == delta and len(set(row.assignment)) == 2:
                mixed.setdefault((row.vdd_l_v, row.assignment), k)
        among = list(mixed.values())
        steps = np.linspace(0, len(among) - 1, min(CHECKED_MAPS, len(among)))
        found |= {among[round(step)] for step in steps}
    return sorted(found)


@dataclass(frozen=True)
class _Map:
    """Rows of ``technology.vdds`` of cells (n_cell) and ports."""

    cell_vdd: Int
    port: int


def _map_of(row: GlitchRow, design: EngineDesign) -> _Map:
    if row.vdd_v is not None:
        port = design.vdd_index(row.vdd_v)
        return _Map(np.full(len(design.cell_variant), port, dtype=np.int32), port)
    assert row.vdd_l_v is not None  # a row of FINE-VH has both
    assert row.vdd_h_v is not None
    interval = Interval(row.vdd_l_v, row.vdd_h_v)
    return _Map(design.cell_vdd(interval, parse_map(row.assignment)), design.vdd_index(row.vdd_h_v))


def check_own_delays(
    placed: PlacedDesign,
    single: SingleVoltages,
    design: EngineDesign,
    rows: Sequence[GlitchRow],
    checks: Checks,
    jobs: int = 1,
) -> list[GlitchRow]:
    """Simulate some rows with their own delays beside those of the middle supply, and say how far their power is off.

    ``single`` and ``design`` are those of the flow's first variant set.
    """
    flow = placed.flow
    chosen = _checked(flow, rows)
    tied = tied_netlist(flow, placed.netlist)
    stimulus = stimulus_of(flow, programs_of(flow)[0], tied.netlist, held_inputs(flow, placed.netlist), Checks())
    cycles = min(flow.activity.cycles, CHECKED_CYCLES)
    middle = middle_supply(flow, placed.technology)
    everywhere = np.full(placed.netlist.n_cells, middle, dtype=np.int32)

    def simulated(one: _Map, variant: NDArray[np.int8]) -> tuple[Activity, DynamicPower]:
        graph = placed.graph.with_port_vdd(one.port)
        delays = delays_of(graph, graph.evaluate(one.cell_vdd, variant))
        _, (found,) = simulate_glitches(tied.netlist, deepcopy(stimulus), cycles, [delays], warmup=flow.activity.warmup)
        activity = tied.untie(found)
        return activity, _dynamic(placed, activity, single)

    reference, of_middle = simulated(_Map(everywhere, middle), np.zeros(placed.netlist.n_cells, dtype=np.int8))

    def checked(row: GlitchRow) -> GlitchRow:
        one = _map_of(row, design)
        activity, own = simulated(one, single.variant)
        leakage = float(design.leakage.evaluate(one.cell_vdd, design.cell_variant, one.port).cell.sum())
        power = []
        for model in (of_middle, own):
            dynamic = model.evaluate(one.cell_vdd, single.variant, row.freq_mhz, port_vdd=one.port)
            power.append(dynamic.total_switching + dynamic.total_internal + leakage)
        toggles = float(activity.toggle_rate.sum() / reference.toggle_rate.sum())
        return replace(
            row,
            toggles_own_delays=round(row.toggles_with_glitches * toggles),
            power_own_delays_mw=row.power_with_glitches_mw * power[1] / power[0],
        )

    found = list(rows)
    with ThreadPoolExecutor(jobs) as pool:
        for k, row in zip(chosen, pool.map(checked, [rows[k] for k in chosen]), strict=True):
            found[k] = row
    _book(found, checks)
    return found


def _book(rows: Sequence[GlitchRow], checks: Checks) -> None:
    off = sorted(((abs(row.error), row) for row in rows if row.error is not None), key=lambda pair: -pair[0])
    texts = [
        f"{row.scheme} {row.freq_mhz:.0f} MHz at {_supplies(row)} V: {100 * (row.error or 0.0):+.2f} % of power"
        for _, row in off
    ]
    worst = off[0][0] if off else 0.0
    checks.add("glitches_interpolated", texts, severity=Severity.WARNING if worst > TOLERANCE else None)


def _supplies(row: GlitchRow) -> str:
    return f"{row.vdd_v:g}" if row.vdd_v is not None else f"{row.vdd_l_v:g}/{row.vdd_h_v:g}"


def saving_shifts(rows: Sequence[GlitchRow], middle_v: float) -> dict[float, float]:
    """By how much the saving of FINE-VH over ideal-DVFS is greater with the glitches of the maps' own delays, by delta-Vdd.

    A fraction of the power of ideal-DVFS, averaged over the maps that were simulated; the error of ideal-DVFS is interpolated
    over frequency from its two ends and the middle supply, ``middle_v``, where it is none.
    """
    checked = [row for row in rows if row.error is not None and row.scheme == "fine-vh"]
    if not checked:
        return {}
    ideal = sorted(
        (row for row in rows if row.scheme == "ideal-dvfs" and row.variant == checked[0].variant),
        key=lambda row: row.freq_mhz,
    )
    frequency = np.array([row.freq_mhz for row in ideal])
    power = np.array([row.power_with_glitches_mw for row in ideal])
    known = [(row.freq_mhz, row.error) for row in ideal if row.error is not None]
    known += [
        (row.freq_mhz, 0.0)
        for row in ideal
        if row.vdd_v is not None and row.error is None and np.isclose(row.vdd_v, middle_v)
    ]
    at, errors = (np.array(column) for column in zip(*sorted(known), strict=True))
    shifts: dict[float, list[float]] = {}
    for row in checked:
        assert row.error is not None  # chosen for it
        share = row.power_with_glitches_mw / float(np.interp(row.freq_mhz, frequency, power))
        own = share * (1.0 + float(np.interp(row.freq_mhz, at, errors))) / (1.0 + row.error)
        shifts.setdefault(row.delta_vdd_v, []).append(share - own)
    return {delta: float(np.mean(some)) for delta, some in shifts.items()}


def glitches_csv(rows: Sequence[GlitchRow]) -> str:
    """The table as text; rows that were not simulated with their own delays leave those columns empty."""
    columns = (*(field.name for field in fields(GlitchRow)), "error_percent")
    texts = [(*astuple(row), None if row.error is None else 100.0 * row.error) for row in rows]
    return table(columns, texts)
