"""The last computing stage: Vdd selection and the four schemes on the placed design; tables and bit-streams out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace

import numpy as np

from finevh.base.archive import save_columns
from finevh.base.children import beside, in_turn
from finevh.config import Flow
from finevh.errors import NotReachableError
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.bitstreams import write_bitstreams
from finevh.flow.cheapest_maps import Envelope
from finevh.flow.designs import (
    PlacedDesign,
    SingleVoltages,
    average_activity,
    load_activities,
    load_placed,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.droop.drooped_envelope import cheapest_on_rails
from finevh.flow.droop.drooped_pair import DroopedDesign
from finevh.flow.droop.drooped_points import (
    DroopedPoint,
    book_rails,
    drooped_csv,
    drooped_points,
    settle_on_rails,
    with_nominal_power,
)
from finevh.flow.droop.rails import RAILS, RailModel, droop_table, rail_model, transitions_table
from finevh.flow.droop.tile_loads import loads_of, program_currents
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.stimulus import middle_supply
from finevh.flow.inputs.technology import marked_name, what_if_of
from finevh.flow.kernels import load_kernels
from finevh.flow.own_glitches import OwnGlitches, own_glitches_of, prepare_points, with_own_glitches
from finevh.flow.tables.bias_shares_table import bias_shares_table
from finevh.flow.tables.clock_table import (
    ClockRow,
    book_hold,
    clock_csv,
    clock_rows,
    hold_power,
    proved,
    with_clock_power,
)
from finevh.flow.tables.glitch_table import (
    GlitchRow,
    check_own_delays,
    glitch_rows,
    glitches_csv,
    saving_shifts,
    with_glitch_power,
)
from finevh.flow.tables.programs_table import programs_table
from finevh.flow.tables.selection_table import selection_table
from finevh.flow.tables.tile_points_table import Key, PointTiles, point_tables, tile_points_table
from finevh.flow.tables.tiles_table import tiles_table
from finevh.flow.timing_graph import timed_types, timing_graph
from finevh.flow.vdd_muxes import header_table
from finevh.layout.supply.header_sizing import choose_headers, slots_for
from finevh.layout.supply.vdd_mux import VddMuxes, header_plan_table
from finevh.power import Activity
from finevh.power.tiles.tile_cycles import load_tile_cycles
from finevh.schemes import (
    Answer,
    Curve,
    FineVh,
    FoundMap,
    OperatingPoint,
    Scheme,
    SingleVoltageScheme,
    known_maps,
    points_csv,
    schemes_of,
    single_voltage_curve,
)
from finevh.selection import SELECTORS
from finevh.selection.engine import EngineDesign
from finevh.technology import load_technology
from finevh.technology.model import Technology
from finevh.technology.noise import worst_noise_margin
from finevh.timing import TimingGraph
from finevh.units import period_ps

_SEARCH = 8
"""How much longer than Algorithm 5 a search takes per frequency, about: what is to begin first."""
FREQUENCY_DECIMALS = 6
"""Two frequencies are one point of a curve when they agree to a hertz."""


@dataclass(frozen=True)
class OperatingPoints:
    """All points of a run, the designs they were computed on, and the frequencies that had no answer."""

    points: tuple[OperatingPoint, ...]
    designs: dict[str, EngineDesign]
    refused: tuple[NotReachableError, ...]
    seconds: dict[tuple[str, float, float, str], float] = field(default_factory=dict)
    """What searches with a proof took, by variant, delta-Vdd, frequency and selector."""


def curves_of(flow: Flow, designs: dict[str, EngineDesign]) -> dict[str, Curve]:
    """Ideal-DVFS of each variant set."""
    grid = flow.schemes.grid(flow.schemes.ideal_step)
    return {name: single_voltage_curve(design, marked_name(flow), name, grid) for name, design in designs.items()}


def frequencies_of(curve: Curve, base: Curve, extra: Sequence[float]) -> tuple[float, ...]:
    """Frequencies of a variant's curves, MHz, ascending: its own of ideal-DVFS, those of the unbiased design, the user's."""
    known: dict[float, float] = {}
    for frequency in (*curve.frequencies, *base.frequencies, *extra):
        known.setdefault(round(frequency, FREQUENCY_DECIMALS), frequency)
    return tuple(sorted(known.values()))


def compute_points(flow: Flow, designs: dict[str, EngineDesign], fine: bool, jobs: int = 1) -> OperatingPoints:
    """Run every scheme on every variant.

    Parameters
    ----------
    fine
        Include FINE-VH (the technology has cross-voltage tables).
    jobs
        Processes; the points and their order do not depend on it.
    """
    curves = curves_of(flow, designs)
    base = curves.get("pb0") or next(iter(curves.values()))
    asked: list[tuple[Scheme, Sequence[float]]] = []
    for curve in curves.values():
        frequencies = frequencies_of(curve, base, flow.schemes.frequencies)
        asked.append((SingleVoltageScheme("ideal-dvfs", curve, flow.schemes.ideal_step), curve.frequencies))
        for scheme in schemes_of(curve, flow.schemes.delta_vdd, flow.schemes.selectors):
            if fine or scheme.name != "fine-vh":
                asked.append((scheme, frequencies))
    tasks = [(row, part) for row, (scheme, frequencies) in enumerate(asked) for part in scheme.parts(frequencies)]
    found: list[list[Answer]] = [[] for _ in asked]
    for (row, _), part in zip(tasks, _answers(asked, tasks, jobs), strict=True):
        found[row] += part
    answers = [point for row, (scheme, _) in enumerate(asked) for point in _settle(scheme, found[row], asked, found)]
    points = tuple(answer for answer in answers if isinstance(answer, OperatingPoint))
    seconds = {
        (scheme.curve.variant, scheme.delta_vdd, answer.frequency, scheme.selector): answer.seconds
        for (scheme, _), part in zip(asked, found, strict=True)
        for answer in part
        if isinstance(scheme, FineVh) and isinstance(answer, FoundMap) and answer.seconds is not None
    }
    refused = tuple(answer for answer in answers if isinstance(answer, NotReachableError))
    return OperatingPoints(points, designs, refused, seconds)


def _answers(
    asked: Sequence[tuple[Scheme, Sequence[float]]], tasks: Sequence[tuple[int, list[float]]], jobs: int
) -> list[list[Answer]]:
    """Answers of schemes (by row of ``asked``) to parts of their frequencies, in as many processes as there are jobs."""

    # Searches for maps take nearly all of the time: the longest go first, so that none is left alone at the end.
    def weight(number: int) -> int:
        scheme, part = asked[tasks[number][0]][0], tasks[number][1]
        return len(part) * (1 if SELECTORS[scheme.selector].quick else _SEARCH) if isinstance(scheme, FineVh) else 0

    def task(number: int) -> Callable[[], list[Answer]]:
        return lambda: asked[tasks[number][0]][0].answers(tasks[number][1])

    order = sorted(range(len(tasks)), key=lambda number: -weight(number))
    found = dict(zip(order, in_turn([task(number) for number in order], jobs), strict=True))
    return [found[number] for number in range(len(tasks))]


def _settle(
    scheme: Scheme,
    answers: list[Answer],
    asked: Sequence[tuple[Scheme, Sequence[float]]],
    found: Sequence[list[Answer]],
) -> list[OperatingPoint | NotReachableError]:
    """The curve of a scheme; FINE-VH takes maps that any delta-Vdd and selector found for the same variant."""
    if not isinstance(scheme, FineVh):
        return [answer.result for answer in answers]
    others = [
        known
        for (other, _), part in zip(asked, found, strict=True)
        if isinstance(other, FineVh) and other.curve.variant == scheme.curve.variant
        for known in known_maps(part)
    ]
    return scheme.settle(answers, others)


def without_derates(placed: PlacedDesign, designs: Mapping[str, EngineDesign]) -> dict[str, EngineDesign]:
    """Designs timed as public static timers do: the driver's Vdd is nothing to a cell's delay."""
    graph = timing_graph(placed.flow, placed.technology, placed.netlist, placed.wires, driver_derates=False)
    return {name: replace(design, graph=graph) for name, design in designs.items()}


def mapped_points(flow: Flow, designs: dict[str, EngineDesign], jobs: int = 1) -> list[OperatingPoint]:
    """FINE-VH alone, by the first selector, which tells the effect of derates; in as many processes as there are ``jobs``.

    Single voltages know no dependence on a driver's Vdd, so the other schemes are those of :func:`compute_points`.
    """
    schemes = flow.schemes.model_copy(update={"selectors": flow.schemes.selectors[:1]})
    found = compute_points(flow.model_copy(update={"schemes": schemes}), designs, fine=True, jobs=jobs)
    return [point for point in found.points if point.scheme == "fine-vh"]


def cheapest_of(
    flow: Flow,
    own: OwnGlitches | None,
    designs: Mapping[str, EngineDesign],
    points: Sequence[OperatingPoint],
    jobs: int = 1,
) -> tuple[OperatingPoint, ...]:
    """Points that were weighed with the glitches of the middle supply, with the cheapest maps by their own, where simulated."""
    if own is None:
        return tuple(points)
    prepare_points(own, (), points, jobs)
    return tuple(Envelope(flow, own, designs, points, jobs).settle(points))


def check_noise(placed: PlacedDesign) -> float:
    """Refuse a pair of voltages at which a VddL output is no longer read as 1 (physics of section 4.1).

    Returns
    -------
    float
        The smallest margin over all intervals, V; nan where not characterised.

    Raises
    ------
    NotReachableError
        If a margin is not positive.
    """
    schemes, smallest = placed.flow.schemes, float("inf")
    for delta in schemes.delta_vdd:
        grid = schemes.grid(delta)
        for low, high in itertools.pairwise(grid):
            margin = worst_noise_margin(placed.technology, np.unique(placed.netlist.cell_type), low, high)
            if margin <= 0.0:
                raise NotReachableError(
                    f"VddL = {low:g} V is not read as 1 by every cell at VddH = {high:g} V (noise margin {margin * 1e3:.0f} mV):"
                    " choose a smaller delta_vdd"
                )
            smallest = min(smallest, margin)
    return smallest


def run_stage(context: StageContext) -> Metrics:
    """Every scheme, variant, delta-Vdd and frequency."""
    flow, inputs = context.flow, context.inputs
    what = what_if_of(flow)
    if what is not None:
        context.checks.add("what_if", [what.text])
    placed = load_placed(flow, inputs["floorplan"], inputs["optimize"])
    fine = placed.technology.cross is not None and placed.floorplan.n_tiles > 1
    if placed.technology.cross is None:
        context.note(
            f"technology {placed.technology.name} has no cross-voltage tables: FINE-VH is left out, the other schemes are exact"
        )
    margin = check_noise(placed) if fine else float("nan")
    activities = load_activities(inputs["activity"])
    average = average_activity(activities)
    variants = load_variants(inputs["polybias"])
    context.note(
        f"slews and energies of {len(flow.schemes.variants)} variant sets at {len(placed.technology.vdds)} voltages"
    )

    # The kernels run outside the interpreter's lock, so threads use all cores; results do not depend on their number.
    singles: dict[str, SingleVoltages] = {
        name: time_single_voltages(placed, variants[name], context.jobs) for name in flow.schemes.variants
    }
    sized, rails, muxes = _size_vdd_muxes(context, placed, activities, next(iter(singles.values())))
    bound: dict[str, tuple[SingleVoltages, EngineDesign]] = {
        name: (single, replace(tiled_design(placed, average, single, context.jobs), vdd_muxes=muxes))
        for name, single in singles.items()
    }
    designs: dict[str, EngineDesign] = {name: design for name, (_, design) in bound.items()}
    context.note("schemes")
    if fine:
        load_kernels("selection", "least delays")
    result = compute_points(flow, designs, fine, context.jobs)
    for error in result.refused:
        context.log.write(f"{error}\n")
    compared = fine and flow.schemes.driver_derates
    plain = without_derates(placed, designs) if compared else {}
    # A comparison that nothing waits for until the end: it takes what time others leave, on all cores once they are done.
    with beside(lambda say: mapped_points(flow, plain, context.jobs), context.jobs if compared else 1) as plain_search:
        own = own_glitches_of(placed, activities, average, bound, inputs["activity"])
        found = _on_own_terms(context, _Weighed(placed, average, bound, designs), rails, own, result.points)
        result = replace(result, points=found.points)
        if found.on_rails is not None:
            sized |= _write_rails(context, found.nominal, found.points, found.on_rails)
        context.write("results/operating_points.csv", points_csv(result.points))
        context.note("clock and hold of every supply and map")
        clock = clock_rows(placed, designs, result.points, context.jobs)
        context.write("results/tables/clock.csv", clock_csv(clock))
        context.note(proved(clock))
        book_hold(clock, context.checks)
        metrics = _glitches(context, placed, average, bound, own, result.points)
        context.write("results/tables/tiles.csv", tiles_table(placed))
        context.write("results/tables/bias_shares.csv", bias_shares_table(placed, variants))
        context.note("tables")
        tiles = _map_tables(context, placed, designs, result, own) if fine else {}
        if compared:
            context.note("FINE-VH without the dependence of delay on the driver's Vdd")
            plain_points = cheapest_of(flow, own, plain, plain_search(), context.jobs)
            plain_points = with_own_glitches(own, designs, plain_points, context.jobs, compared=context.checks)
            context.write("results/tables/points_without_derates.csv", points_csv(plain_points))
    reported = "pb" if "pb" in designs else next(iter(designs))
    with ThreadPoolExecutor(context.jobs) as pool:
        weighed = pool.map(lambda activity: tiled_design(placed, activity, singles[reported]), activities.values())
        by_program = {name: replace(one, vdd_muxes=muxes) for name, one in zip(activities, weighed, strict=True)}
    context.write("results/tables/programs.csv", programs_table(reported, by_program, result.points, own))
    metrics |= _metrics(result, placed, margin) | _clock_metrics(clock)
    metrics["hold__buffers__power__mw"] = hold_power(placed, next(iter(designs.values())))
    return metrics | sized | _droop(context, rails, result.points, tiles)


def _map_tables(
    context: StageContext,
    placed: PlacedDesign,
    designs: Mapping[str, EngineDesign],
    result: OperatingPoints,
    own: OwnGlitches | None,
) -> dict[Key, PointTiles]:
    """Paths, searches and bit-streams of the maps, as files; what each tile of each point draws and has to spare."""
    paths, tiles = point_tables(placed, designs, result.points, own)
    context.write("results/tables/critical_paths.csv", paths)
    context.write("results/tables/selection.csv", selection_table(designs, result.points, result.seconds))
    write_bitstreams(context, result.points)
    return tiles


def _droop(
    context: StageContext,
    rails: RailModel | None,
    points: Sequence[OperatingPoint],
    tiles: Mapping[Key, PointTiles],
) -> Metrics:
    """Drops of the tiles of all points, and these tiles, as files."""
    droop = None if rails is None else rails.droop(points, context.jobs)
    if tiles:
        context.write("results/tables/tile_points.csv", tile_points_table(tiles, droop))
    if droop is None:
        return {}
    context.write("results/tables/droop.csv", droop_table(droop))
    return {
        f"power_grid__droop__{column.name}__fraction": float(getattr(droop.drop, column.name).max())
        for column in fields(droop.drop)
    }


def _glitches(
    context: StageContext,
    placed: PlacedDesign,
    activity: Activity,
    bound: Mapping[str, tuple[SingleVoltages, EngineDesign]],
    own: OwnGlitches | None,
    points: Sequence[OperatingPoint],
) -> Metrics:
    """Every point with and without glitches, some of them checked in other cycles; nothing where no glitches are known."""
    if own is None:
        return {}
    context.note("glitches of a few supplies and maps in other cycles")
    designs = {name: design for name, (_, design) in bound.items()}
    rows = glitch_rows(activity, own, designs, points)
    rows = check_own_delays(placed, bound, own, rows, context.checks, context.jobs)
    context.write("results/tables/glitches.csv", glitches_csv(rows))
    middle = float(placed.technology.vdds[middle_supply(context.flow, placed.technology)])
    return _glitch_metrics(rows) | {
        f"glitches__saving_shift__{round(1e3 * delta)}mV__fraction": shift
        for delta, shift in saving_shifts(rows, middle).items()
    }


def _glitch_metrics(rows: Sequence[GlitchRow]) -> Metrics:
    """Toggles and power with glitches over those without, and the worst error of the points that were checked."""
    share = [row.power_with_glitches_mw / row.power_settled_mw - 1.0 for row in rows]
    errors = [abs(row.error) for row in rows if row.error is not None]
    middle = [abs(row.middle_error) for row in rows if row.middle_error is not None]
    simulated = [row.own_cycles for row in rows if row.own_cycles]
    metrics: Metrics = {
        "glitches__toggles__ratio": rows[0].toggles_with_glitches / max(rows[0].toggles_settled, 1),
        "glitches__power__fraction": float(np.mean(share)),
    }
    if errors:
        metrics["glitches__error__worst__fraction"] = max(errors)
        metrics["glitches__error__checked__count"] = len(errors)
        metrics["glitches__middle_supply_error__worst__fraction"] = max(middle)
    if simulated:
        metrics["glitches__own_cycles__average"] = float(np.mean(simulated))
    return metrics


def _clock_metrics(rows: Sequence[ClockRow]) -> Metrics:
    """Worst skew and hold over the run's supplies and maps."""
    hold = min((row.hold_ps for row in rows), default=np.inf)
    bounds = [row.bound_ps for row in rows if row.bound_ps is not None]
    metrics: Metrics = {
        "clock__skew__maps__ps": max((row.skew_ps for row in rows), default=0.0),
        "hold__violated__maps__count": sum(row.violated > 0 for row in rows),
    }
    if np.isfinite(hold):
        metrics["timing__hold__ws__maps__ps"] = hold
    if bounds and np.isfinite(min(bounds)):
        metrics["timing__hold__ws__bound__ps"] = min(bounds)
    return metrics


def _size_vdd_muxes(
    context: StageContext,
    placed: PlacedDesign,
    activities: Mapping[str, Activity],
    single: SingleVoltages,
) -> tuple[Metrics, RailModel | None, VddMuxes | None]:
    """Choose the Vdd-MUX of each tile from the drop budget and put the rails together; nothing without Vdd-MUXes.

    The third is what they leak, where that is known.
    """
    found, budget = header_table(context.flow), context.flow.floorplan.drop_budget
    if not placed.floorplan.header_cell or found is None:
        if placed.floorplan.n_tiles > 1:
            context.checks.add("rails_ideal", [placed.technology.name])
            if placed.technology.cross is not None:
                context.checks.add("vdd_mux_leakage_missing", [placed.technology.name])
        return {}, None, None
    context.checks.add("decap_missing", [placed.technology.name])
    cycles = load_tile_cycles(context.inputs["activity"], activities)
    currents = program_currents(placed, activities, cycles, single)
    loads = loads_of(placed, currents, single)
    place, technology, of = placed.floorplan, placed.technology, context.flow.floorplan.drop_of
    widest = context.flow.floorplan.header_drive == "slot"
    plan = choose_headers(place, technology, found, loads, budget, of, widest)
    context.write("results/tables/vdd_mux.csv", header_plan_table(plan, loads))
    for warning in plan.warnings:
        context.log.write(f"warning: {warning}\n")
    if plan.warnings:
        context.note(
            f"warning: the Vdd-MUXes of {len(plan.warnings)} tiles drop more than {budget:.0%} of the supply, at most "
            f"{plan.fraction.max():.1%}; {slots_for(place, technology, found, loads, budget, of)}"
        )
    metrics: Metrics = {
        f"power_grid__vdd_mux__{cell}__count": int(plan.count[[name == cell for name in plan.cell]].sum())
        for cell in sorted(set(plan.cell))
    }
    metrics |= {
        "power_grid__vdd_mux__worst_drop__fraction": float(plan.fraction.max()),
        "power_grid__vdd_mux__worst_cycle_drop__fraction": float(plan.peak_fraction.max()),
    }
    context.note("rails, cycle by cycle")
    rails = rail_model(placed, activities, currents, found, plan)
    save_columns(context.directory / RAILS, rails)
    context.write("results/tables/transitions.csv", transitions_table(rails, budget))
    muxes = None if found.leakage_low is None else VddMuxes(found, plan.cell, plan.count)
    if muxes is None:
        context.checks.add("vdd_mux_leakage_missing", [found.source])
    return metrics | {"power_grid__tile_capacitance__pF": float(rails.capacitance.sum()) / 1e3}, rails, muxes


@dataclass(frozen=True)
class _Weighed:
    """A placed design with what weighs its points."""

    placed: PlacedDesign
    activity: Activity
    bound: Mapping[str, tuple[SingleVoltages, EngineDesign]]
    designs: Mapping[str, EngineDesign]

    def with_shares(self, points: Sequence[OperatingPoint], jobs: int) -> tuple[OperatingPoint, ...]:
        """Points with the shares of the clock and of glitches where they have none yet."""
        left = [k for k, point in enumerate(points) if point.power_clock_mw is None]
        again = with_clock_power(self.placed, self.designs, [points[k] for k in left], jobs)
        again = with_glitch_power(self.placed, self.activity, self.bound, again, jobs)
        anew = dict(zip(left, again, strict=True))
        return tuple(anew.get(k, point) for k, point in enumerate(points))


@dataclass(frozen=True)
class _Found:
    """Points of a run, the same before their rails were followed, and what became of each there; None where they were not."""

    points: tuple[OperatingPoint, ...]
    nominal: tuple[OperatingPoint, ...]
    on_rails: list[DroopedPoint] | None


def _on_own_terms(
    context: StageContext,
    weighed: _Weighed,
    rails: RailModel | None,
    own: OwnGlitches | None,
    chosen: Sequence[OperatingPoint],
) -> _Found:
    """Points on their rails and with the glitches of their own delays, each with the cheapest of all maps that were simulated."""
    flow, designs, jobs = context.flow, weighed.designs, context.jobs
    nominal = weighed.with_shares(chosen, jobs)
    drooped = None if rails is None else _drooped_design(context, weighed, rails)
    on_rails = None
    if drooped is not None and rails is not None:
        on_rails = drooped_points(drooped, rails, nominal, jobs, context.note)
    points = nominal if on_rails is None else weighed.with_shares(settle_on_rails(nominal, on_rails, designs), jobs)
    if own is not None:
        context.note("glitches of every supply and map with their own delays")
        prepare_points(own, points, nominal, jobs)
        envelope = Envelope(flow, own, designs, [*points, *nominal], jobs)
        before, nominal = nominal, weighed.with_shares(envelope.settle(nominal), jobs)
        points = nominal
        if on_rails is not None and drooped is not None and rails is not None:
            on_rails = cheapest_on_rails(drooped, rails, envelope, before, nominal, on_rails, jobs)
            points = weighed.with_shares(settle_on_rails(nominal, on_rails, designs), jobs)
    points = with_own_glitches(own, designs, points, jobs)
    if on_rails is not None:
        nominal = with_own_glitches(own, designs, nominal, jobs, compared=context.checks)
        points = with_nominal_power(points, nominal)
    return _Found(points, nominal, on_rails)


def _drooped_design(context: StageContext, weighed: _Weighed, rails: RailModel) -> DroopedDesign | None:
    """What points are timed with that have every tile at its drop; None where rails are not to be followed."""
    flow, placed = context.flow, weighed.placed
    if not flow.rails.drooped:
        context.checks.add("rails_not_judged", ["[rails] drooped = false"])
        return None
    if not rails.programs:
        context.note("no program was simulated: rails do not droop here")
        return None

    def graph(technology: Technology) -> TimingGraph:
        derates = flow.schemes.driver_derates
        return timing_graph(flow, technology, placed.netlist, placed.wires, derates, tables_as_read=True)

    variants = {name: one.cell_variant for name, one in weighed.designs.items()}
    technology = load_technology(flow.technology.path)
    timed = timed_types(placed.netlist, placed.graph.constraints)
    return DroopedDesign(technology, placed.placement.tile, variants, graph, weighed.designs, timed)


def _write_rails(
    context: StageContext,
    nominal: Sequence[OperatingPoint],
    settled: Sequence[OperatingPoint],
    found: Sequence[DroopedPoint],
) -> Metrics:
    """Write the points before and after tiles were raised, both with the glitches of their own delays."""
    found = [
        one if one.raised_power is None else replace(one, raised_power=settled[one.number].power_total_mw)
        for one in found
    ]
    context.write("results/tables/drooped.csv", drooped_csv(nominal, found))
    context.write("results/tables/nominal_points.csv", points_csv(nominal))
    book_rails(context.checks, nominal, found)
    return {
        "rails__points__count": len(found),
        "rails__met__count": sum(one.met for one in found),
        "rails__raised__count": sum(bool(one.raised) and not one.met for one in found),
        "rails__drop__fraction": max((one.drop_worst for one in found), default=0.0),
    }


def _metrics(result: OperatingPoints, placed: PlacedDesign, margin: float) -> Metrics:
    metrics: Metrics = {
        "operating_points__count": len(result.points),
        "operating_points__not_reachable__count": len(result.refused),
        "timing__single_trajectory": float(next(iter(result.designs.values())).single_trajectory),
    }
    if np.isfinite(margin):
        metrics["operating_points__noise_margin__V"] = margin
    for point in result.points:
        if point.scheme == "ideal-dvfs" and point.vdd_v == placed.flow.schemes.vdd_max:
            metrics[f"timing__fmax__{point.variant}__mhz"] = point.freq_mhz
            if point.variant == "pb0":
                metrics["timing__fmax__mhz"] = point.freq_mhz
                metrics["timing__setup__ws__ps"] = placed.flow.clock.period - period_ps(point.freq_mhz)
    return metrics
