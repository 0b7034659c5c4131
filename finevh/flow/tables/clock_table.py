"""What supplies and voltage maps make of the clock: insertion, skew, hold and power, as ``tables/clock.csv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.flow.designs import PlacedDesign
from finevh.flow.inputs.constraints import timed_constraints
from finevh.flow.inputs.hold import coarse_voltages, hold_corners
from finevh.flow.point_power import power_of_points
from finevh.optimize.hold import PREFIX, Corner
from finevh.optimize.hold_maps import HardestMaps, violated_endpoints
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Int
from finevh.timing import TimingGraph, TimingState
from finevh.timing.skew import insertion_of
from finevh.units import frequency_mhz


@dataclass(frozen=True)
class ClockRow:
    """The clock at one supply (VddL equal to VddH) or over the run's maps of one interval.

    Attributes
    ----------
    insertion_ps : mean arrival at the registers, the greatest of the maps; ``skew_ps`` likewise.
    hold_ps : worst hold slack over maps and corners; ``violated`` endpoints (the most of a map) are below zero.
    power_mw : dynamic, of clock nets and the cells that drive them, at the highest frequency of the row.
    maps : distinct maps of the run.
    bound_ps : worst hold slack, registers only, with data as early as all of VddH makes them and the clock as late as VddL makes
        it: below zero only the run's own maps are proved.
    bound_violated : endpoints below zero in that bound.
    hardest_ps, hardest_violated : worst hold slack and endpoints below zero under the maps that are hardest on each endpoint;
        where the bound closes, the bound.
    """

    policy: str
    vdd_l_v: float
    vdd_h_v: float
    insertion_ps: float
    skew_ps: float
    hold_ps: float
    power_mw: float
    maps: int
    violated: int
    bound_ps: float | None
    bound_violated: int | None
    corners: str
    hardest_ps: float | None = None
    hardest_violated: int | None = None


@dataclass(frozen=True)
class _Bound:
    """Hold over all maps of an interval, worst corner: slacks, ps, and endpoints below zero."""

    bound: float = np.inf
    violated: int = 0
    hardest: float = np.inf
    hardest_violated: int = 0


@dataclass(frozen=True)
class _Map:
    """One voltage map to look at."""

    low: float
    high: float
    bits: bytes
    variant: str


class _Timed:
    """A corner with its hold graph; cells without a bias where the corner has no biased libraries."""

    def __init__(self, placed: PlacedDesign, corner: Corner) -> None:
        flow = placed.flow
        self.corner = corner
        self.graph = TimingGraph(
            placed.netlist,
            corner.technology,
            timed_constraints(flow, placed.technology, placed.netlist),
            placed.wires,
            cross_voltage=flow.schemes.driver_derates,
            clock_supply=flow.clock.supply_policy,
            hold=True,
        ).for_hold()
        self._graphs: dict[int, TimingGraph] = {}

    def at(self, vdd: float) -> TimingGraph:
        """The graph with ports at a supply."""
        index = self.corner.technology.vdd_index(vdd)
        if index not in self._graphs:
            self._graphs[index] = self.graph.with_port_vdd(index)
        return self._graphs[index]

    def variant(self, column: NDArray[np.int8]) -> NDArray[np.int8]:
        """Bias as far as the corner's libraries have it; without it data are earlier, which hold must stand."""
        return column if column.max(initial=0) < len(self.corner.technology.variants) else np.zeros_like(column)


def clock_rows(
    placed: PlacedDesign,
    designs: Mapping[str, EngineDesign],
    points: Sequence[OperatingPoint],
    jobs: int = 1,
) -> list[ClockRow]:
    """Rows of the coarse supplies, then of the intervals of every delta-Vdd that the run's points use."""
    timed = [_Timed(placed, corner) for corner in hold_corners(placed.flow, placed.technology)]
    first = next(iter(designs))
    count = placed.floorplan.n_tiles
    everywhere = np.ones(count, dtype=bool).tobytes()
    groups: dict[tuple[float, float], dict[_Map, float]] = {
        (vdd, vdd): {_Map(vdd, vdd, everywhere, first): frequency_mhz(designs[first].single_voltage(vdd)[0])}
        for vdd in coarse_voltages(placed.flow)
    }
    for point in points:
        if point.scheme == "fine-vh" and point.vdd_l_v is not None and point.vdd_h_v is not None:
            bits = parse_map(point.assignment).tobytes()
            found = groups.setdefault((point.vdd_l_v, point.vdd_h_v), {})
            key = _Map(point.vdd_l_v, point.vdd_h_v, bits, point.variant)
            found[key] = max(found.get(key, 0.0), point.freq_mhz)
    with ThreadPoolExecutor(jobs) as pool:
        tasks = [pool.submit(_row, placed, designs, timed, pair, maps) for pair, maps in sorted(groups.items())]
        return [task.result() for task in tasks]


def _row(
    placed: PlacedDesign,
    designs: Mapping[str, EngineDesign],
    timed: Sequence[_Timed],
    pair: tuple[float, float],
    maps: Mapping[_Map, float],
) -> ClockRow:
    low, high = pair
    insertion = skew = 0.0
    hold, violated = np.inf, 0
    for number, corner in enumerate(timed):
        graph = corner.at(high)
        seen: set[tuple[bytes, bytes]] = set()
        state: TimingState | None = None
        for entry in maps:
            design = designs[entry.variant]
            variant = corner.variant(design.cell_variant)
            if (entry.bits, variant.tobytes()) in seen:
                continue
            seen.add((entry.bits, variant.tobytes()))
            # Each takes the memory of the one before.
            state = graph.evaluate(_cell_vdd(corner, design, entry), variant, reuse=state)
            slack = state.hold_slacks(placed.flow.clock.period)
            hold = min(hold, float(slack.min(initial=np.inf)))
            violated = max(violated, len(np.unique(state.hold.rows.sink[slack < 0.0])))
            if number == 0:
                when = insertion_of(graph, state)
                insertion, skew = max(insertion, when.mean), max(skew, when.skew)
    best = max(maps, key=lambda entry: (maps[entry], entry.variant))
    bound = _bound(placed, timed, low, high) if low < high else None
    design, map_of = designs[best.variant], _cell_vdd(timed[0], designs[best.variant], best)
    return ClockRow(
        policy=placed.flow.clock.supply_policy,
        vdd_l_v=low,
        vdd_h_v=high,
        insertion_ps=insertion,
        skew_ps=skew,
        hold_ps=hold,
        power_mw=clock_power(placed, design, map_of, high, maps[best]),
        maps=len(maps),
        violated=violated,
        bound_ps=None if bound is None else bound.bound,
        bound_violated=None if bound is None else bound.violated,
        corners=" ".join(corner.corner.name for corner in timed),
        hardest_ps=None if bound is None else bound.hardest,
        hardest_violated=None if bound is None else bound.hardest_violated,
    )


def _cell_vdd(timed: _Timed, design: EngineDesign, entry: _Map) -> Int:
    """(n_cell) rows of the corner's supplies under a map."""
    technology = timed.corner.technology
    high = design.always_high | (design.tile_of_cell < 0)
    high = high | np.frombuffer(entry.bits, dtype=bool)[np.maximum(design.tile_of_cell, 0)]
    return np.where(high, technology.vdd_index(entry.high), technology.vdd_index(entry.low)).astype(np.int32)


def _bound(placed: PlacedDesign, timed: Sequence[_Timed], low: float, high: float) -> _Bound:
    """Hold over all maps of an interval: the bound, and the maps that are hardest on each endpoint; without bias."""
    found = _Bound()
    n, period = placed.netlist.n_cells, placed.flow.clock.period
    for corner in timed:
        technology, graph = corner.corner.technology, corner.at(high)
        rows = technology.vdd_index(low), technology.vdd_index(high)
        unbiased = np.zeros(n, dtype=np.int8)
        late, early = (graph.evaluate(np.full(n, row, dtype=np.int32), unbiased) for row in rows)
        slack = graph.hold_slacks_between(early, late, period)
        hardest = HardestMaps(graph, placed.placement.tile, *rows, period, (late, early)).slack
        found = _Bound(
            min(found.bound, float(slack.min(initial=np.inf))),
            max(found.violated, violated_endpoints(graph, slack)),
            min(found.hardest, float(hardest[np.isfinite(hardest)].min(initial=np.inf))),
            max(found.hardest_violated, violated_endpoints(graph, hardest)),
        )
    return found


def clock_power(placed: PlacedDesign, design: EngineDesign, cell_vdd: Int, high: float, freq_mhz: float) -> float:
    """Power, mW, of the clock: charging its nets, clock pins included, and internal power of the cells that drive them."""
    dynamic = design.power.of_cells(cell_vdd, freq_mhz, port_vdd=placed.technology.vdd_index(high))
    return float((dynamic.switching + dynamic.internal)[placed.graph.clock_cells].sum())


def with_clock_power(
    placed: PlacedDesign, designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint], jobs: int = 1
) -> tuple[OperatingPoint, ...]:
    """Points with the share of the clock in their power."""
    found = power_of_points(designs, points, lambda *at: clock_power(placed, *at), jobs)
    return tuple(replace(point, power_clock_mw=value) for point, value in zip(points, found, strict=True))


def hold_power(placed: PlacedDesign, design: EngineDesign) -> float:
    """Power, mW, of the buffers of hold repair and the nets behind them, at the highest supply and its highest frequency."""
    vdd = max(coarse_voltages(placed.flow))
    index = placed.technology.vdd_index(vdd)
    mine = np.array([name.startswith(f"{PREFIX}_") for name in placed.netlist.instance_names], dtype=bool)
    cell_vdd = np.full(placed.netlist.n_cells, index, dtype=np.int32)
    dynamic = design.power.of_cells(cell_vdd, frequency_mhz(design.single_voltage(vdd)[0]), port_vdd=index)
    leakage = design.leakage.evaluate(cell_vdd, design.cell_variant, index)
    return float((dynamic.switching + dynamic.internal + leakage.cell)[mine].sum())


def clock_csv(rows: Sequence[ClockRow]) -> str:
    """The table as text; an interval without a bound leaves it empty."""
    columns = tuple(field.name for field in fields(ClockRow))
    return table(columns, [astuple(row) for row in rows])


def proved(rows: Sequence[ClockRow]) -> str:
    """One line on what is proved of hold, for logs and reports."""
    bounded = [row for row in rows if row.bound_violated is not None]
    open_pairs = [f"{row.vdd_l_v:g}/{row.vdd_h_v:g} V" for row in bounded if row.bound_violated]
    broken = sum(row.violated > 0 for row in rows)
    maps = sum(row.maps for row in rows)
    text = f"hold: {maps} supplies and maps checked, {broken} of {len(rows)} supplies and intervals with a violation"
    if open_pairs:
        left = [row for row in bounded if row.hardest_violated]
        hardest = f"{len(left)} of these intervals miss it" if left else "they meet it"
        return (
            f"{text}; at {', '.join(open_pairs)} the bound over all maps does not close: there the maps that are hardest on each "
            f"register stand for all, and {hardest}"
        )
    return f"{text}; the bound over all maps holds at every interval" if bounded else text


def book_hold(rows: Sequence[ClockRow], checks: Checks) -> None:
    """Book intervals with a map that violates hold, and those whose bound over all maps is below zero."""

    def name(row: ClockRow) -> str:
        return f"{row.vdd_l_v:g}/{row.vdd_h_v:g} V"

    checks.add(
        "hold_violated",
        [f"{name(row)}: up to {row.violated} endpoints, worst {row.hold_ps:.1f} ps" for row in rows if row.violated],
    )
    checks.add(
        "hold_unproved",
        [
            f"{name(row)}: hardest maps {'met' if not row.hardest_violated else f'missed by {-(row.hardest_ps or 0.0):.1f} ps'}"
            for row in rows
            if row.bound_violated
        ],
    )


__all__ = [
    "ClockRow",
    "book_hold",
    "clock_csv",
    "clock_power",
    "clock_rows",
    "hold_power",
    "proved",
    "with_clock_power",
]
