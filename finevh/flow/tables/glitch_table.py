"""What glitches add to the power of every operating point, and how far a few of them are off, told by other cycles.

Every point has the glitches of its own delays, as :mod:`finevh.flow.own_glitches` estimates them from a sample of cycles. Here
some are simulated once more, in cycles that the estimate did not see, and weighed by the whole model of dynamic power.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, replace

import numpy as np

from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.config import Flow
from finevh.flow.designs import PlacedDesign, SingleVoltages, port_loads
from finevh.flow.own_glitches import MapKey, OwnGlitches, added_power, keys_of
from finevh.flow.point_power import power_of_points
from finevh.power import Activity, DynamicPower, PreparedPower
from finevh.schemes import OperatingPoint
from finevh.selection import Energy
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Int

CHECKED_MAPS = 6
"""Maps of each delta-Vdd of the first variant set that are checked; of each other set two."""
TOLERANCE = 0.01
"""Share of total power by which a point may miss its own glitches."""


@dataclass(frozen=True)
class GlitchRow:
    """One operating point with and without glitches.

    Attributes
    ----------
    cycles : of all programs; ``toggles_*`` are those of all nets in them, the clock's included; with glitches by the delays of
        the middle supply.
    power_own_delays_mw : with the glitches that the point's own delays make in cycles that the table does not use, for a few
        points; ``toggles_own_delays`` likewise.
    power_middle_delays_mw : with the glitches of the middle supply's delays.
    own_cycles : that were simulated with the point's own delays, 0 where it lies between supplies that were.
    standard_error : of the power with glitches, relative.
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
    power_middle_delays_mw: float | None = None
    own_cycles: int | None = None
    standard_error: float | None = None

    @property
    def error(self) -> float | None:
        """By how much the power misses that of the point's own glitches, relative; None where that was not checked."""
        if self.power_own_delays_mw is None:
            return None
        return self.power_with_glitches_mw / self.power_own_delays_mw - 1.0

    @property
    def middle_error(self) -> float | None:
        """By how much the power with the glitches of the middle supply would miss it."""
        if self.power_own_delays_mw is None or self.power_middle_delays_mw is None:
            return None
        return self.power_middle_delays_mw / self.power_own_delays_mw - 1.0


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


def glitch_rows(
    activity: Activity, own: OwnGlitches, designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint]
) -> list[GlitchRow]:
    """A row for each point that has a share of glitches."""

    def error(point: OperatingPoint) -> float:
        """Standard error, mW; the two supplies of dithering share cycles, so their errors add up."""
        return added_power(point, designs[point.variant], lambda key: Energy(own.shift(key).error, 0.0, 0.0, 0.0)).total

    total, glitches = activity.toggle_rate.sum(), 0.0 if activity.glitch_rate is None else activity.glitch_rate.sum()
    counts = round(float(total - glitches) * activity.cycles), round(float(total) * activity.cycles)
    rows = []
    for point in points:
        if point.power_glitch_mw is None:
            continue
        rows.append(
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
                power_middle_delays_mw=point.weighed_power_mw,
                own_cycles=min(own.shift(key).cycles for key in keys_of(point)),
                standard_error=error(point) / point.power_total_mw,
            )
        )
    return rows


def checked_rows(flow: Flow, rows: Sequence[GlitchRow]) -> list[int]:
    """Rows to check: both ends of ideal-DVFS, a supply between those that are simulated, and maps of frequencies far and near.

    Maps of each delta-Vdd, of the first selector; most of the first variant set, the first and last of the others.
    """
    selector = flow.schemes.selectors[0]
    found: set[int] = set()
    for variant in flow.schemes.variants:
        mine = sorted((k for k, row in enumerate(rows) if row.variant == variant), key=lambda k: rows[k].freq_mhz)
        first = variant == flow.schemes.variants[0]
        if first:
            single = [k for k in mine if rows[k].scheme == "ideal-dvfs"]
            between = [k for k in single if rows[k].own_cycles == 0]
            found |= set(single[:1] + single[-1:] + between[:1])
        for delta in flow.schemes.delta_vdd:
            mixed: dict[tuple[float | None, str], int] = {}
            for k in mine:
                row = rows[k]
                wanted = row.scheme == "fine-vh" and row.selector.split(":")[0] == selector
                if wanted and row.delta_vdd_v == delta and len(set(row.assignment)) == 2:
                    mixed.setdefault((row.vdd_l_v, row.assignment), k)
            among = list(mixed.values())
            steps = np.linspace(0, len(among) - 1, min(CHECKED_MAPS if first else 2, len(among)))
            found |= {among[round(step)] for step in steps}
    return sorted(found)


def _key_of(row: GlitchRow) -> MapKey:
    if row.vdd_v is not None:
        return MapKey.at(row.variant, row.vdd_v)
    assert row.vdd_l_v is not None  # a row of FINE-VH has both
    assert row.vdd_h_v is not None
    return MapKey.of(row.variant, row.vdd_l_v, row.vdd_h_v, row.assignment)


def check_own_delays(
    placed: PlacedDesign,
    bound: Mapping[str, tuple[SingleVoltages, EngineDesign]],
    own: OwnGlitches,
    rows: Sequence[GlitchRow],
    checks: Checks,
    jobs: int = 1,
) -> list[GlitchRow]:
    """Simulate some rows with their own delays in cycles that ``own`` does not use, and say how far their power is off.

    Their power is that of the row with the middle supply's glitches, times what the full model of dynamic power makes of the two
    activities.
    """
    chosen = checked_rows(placed.flow, rows)
    other = own.of_other_cycles()

    def power(row: GlitchRow, activity: Activity) -> float:
        single, design = bound[row.variant]
        cell_vdd, port = own.map_of(_key_of(row))
        dynamic = _dynamic(placed, activity, single).evaluate(cell_vdd, single.variant, row.freq_mhz, port_vdd=port)
        leakage = float(design.leakage.evaluate(cell_vdd, design.cell_variant, port).cell.sum())
        return dynamic.total_switching + dynamic.total_internal + leakage

    def checked(row: GlitchRow) -> GlitchRow:
        more = other.average_toggles(_key_of(row))
        changed = replace(own.average, toggle_rate=np.maximum(own.average.toggle_rate + more, 0.0))
        assert row.power_middle_delays_mw is not None  # of rows with glitches
        return replace(
            row,
            toggles_own_delays=row.toggles_with_glitches + round(float(more.sum()) * row.cycles),
            power_own_delays_mw=row.power_middle_delays_mw * power(row, changed) / power(row, own.average),
        )

    found = list(rows)
    with ThreadPoolExecutor(jobs) as pool:
        for k, row in zip(chosen, pool.map(checked, [rows[k] for k in chosen]), strict=True):
            found[k] = row
    _book(found, checks)
    return found


def _book(rows: Sequence[GlitchRow], checks: Checks) -> None:
    """Say of the points that were checked which are within the tolerance; nothing is left to say of the others where all are."""
    known = sorted(((abs(row.error), row) for row in rows if row.error is not None), key=lambda pair: -pair[0])
    texts = [
        f"{row.scheme} {row.freq_mhz:.0f} MHz at {_supplies(row)} V: {100 * (row.error or 0.0):+.2f} % of power"
        for _, row in known
    ]
    beyond = sum(error > TOLERANCE for error, _ in known)
    checks.add("glitches_interpolated", texts[:beyond])
    if not beyond:
        checks.add("glitches_checked", texts)


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
    known = [field.name for field in fields(GlitchRow)]
    before = known.index("power_middle_delays_mw")  # columns are only added at the end
    columns = (*known[:before], "error_percent", *known[before:-1], "standard_error_percent", "middle_error_percent")
    return table(columns, [_texts(row, before) for row in rows])


def _texts(row: GlitchRow, before: int) -> tuple[object, ...]:
    values = astuple(row)
    error, middle, scatter = (
        None if one is None else 100.0 * one for one in (row.error, row.middle_error, row.standard_error)
    )
    return (*values[:before], error, *values[before:-1], scatter, middle)
