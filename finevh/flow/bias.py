"""The poly-bias stage: the variant of every cell for each set that the flow names."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.config import VOLTAGE_TOLERANCE, Flow
from finevh.errors import InputError
from finevh.flow.artifacts import save_variants
from finevh.flow.csv_text import table
from finevh.flow.designs import PlacedDesign, load_placed
from finevh.flow.inputs import synthesis_vdd, technology_of
from finevh.flow.stage import Metrics, StageContext
from finevh.layout import interface_cells
from finevh.polybias import BiasResult, assign_variants, variant_shares
from finevh.schemes import voltage_grid
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology
from finevh.timing import TimingGraph, TimingState

UNBIASED = "pb0"


@dataclass
class _Condition:
    """One single-voltage situation that must hold: all cells and ports at ``vdd``, a clock period in ps."""

    graph: TimingGraph
    vdd: NDArray[np.int32]
    period: float
    state: TimingState
    variant: NDArray[np.int8]
    """(n_cell) what ``state`` was timed with."""

    def follow(self, variant: NDArray[np.int8], cell: int) -> float:
        """Bring one cell up to date and return the worst slack, ps."""
        if self.variant[cell] != variant[cell]:
            self.variant[cell] = variant[cell]
            changed = np.array([cell], dtype=np.int32)
            self.state = self.graph.update(self.state, changed, self.vdd, self.variant, inplace=True)
        return self.state.worst_slack(self.period)


class TimingOracle:
    """Slacks of a placed design under a variant vector, the worst over several supply voltages."""

    def __init__(self, placed: PlacedDesign, vdds: Sequence[float], relax: float) -> None:
        """Time the unbiased design at each Vdd, V; its minimum period there, times 1 + ``relax``, is the requirement."""
        self._conditions = []
        n = placed.netlist.n_cells
        self._variant = np.zeros(n, dtype=np.int8)
        for value in vdds:
            index = int(np.argmin(np.abs(placed.technology.vdds - value)))
            graph = placed.graph.with_port_vdd(index)
            cell_vdd = np.full(n, index, dtype=np.int32)
            state = graph.evaluate(cell_vdd, self._variant)
            period = state.min_period() * (1.0 + relax)
            self._conditions.append(_Condition(graph, cell_vdd, period, state, self._variant.copy()))
        self._floor = min(0.0, self.worst_slack())

    def cell_slack(self, variant: NDArray[np.int8]) -> NDArray[np.float64]:
        """(n_cell) worst slack through each instance, ps."""
        self._variant = variant.copy()
        worst = np.full(len(variant), np.inf)
        for condition in self._conditions:
            condition.variant = variant.copy()
            condition.state = condition.graph.evaluate(condition.vdd, condition.variant)
            np.minimum(worst, condition.graph.cell_slacks(condition.state, condition.period), out=worst)
        return worst

    def worst_slack(self) -> float:
        """Worst slack of the variants last tried, ps."""
        return min(condition.state.worst_slack(condition.period) for condition in self._conditions)

    def try_cell(self, cell: int, variant: int) -> float:
        """Change one instance and return the worst slack, ps; after a violated condition the others are not timed."""
        self._variant[cell] = variant
        worst = np.inf
        for condition in self._conditions:
            worst = min(worst, condition.follow(self._variant, cell))
            if worst < self._floor:
                break
        return float(worst)

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition."""
        condition = self._conditions[0]
        path = condition.graph.critical_path(condition.state, condition.period)
        return float(path.delay[path.cell >= 0].mean())


def checked_voltages(flow: Flow) -> tuple[float, ...]:
    """Voltages at which the bias may cost no frequency: that of synthesis first, then all of the coarse grids, descending."""
    schemes, first = flow.schemes, synthesis_vdd(flow)
    grid = {vdd for delta in schemes.delta_vdd for vdd in voltage_grid(schemes.vdd_min, schemes.vdd_max, delta)}
    return (first, *(vdd for vdd in sorted(grid, reverse=True) if abs(vdd - first) > VOLTAGE_TOLERANCE))


def variants_of_set(flow: Flow, technology: Technology, name: str) -> tuple[str, ...]:
    """Names of the variants of a set, the unbiased first one left out.

    Raises
    ------
    InputError
        If the technology has no such set.
    """
    manifest = read_manifest(flow.technology.path)
    loaded = {variant.name for variant in technology.variants[1:]}
    members = tuple(variant.name for variant in manifest.variants if variant.name in loaded and name in variant.group)
    if not members:
        known = sorted({group for variant in manifest.variants if variant.name in loaded for group in variant.group})
        raise InputError(
            f"schemes.variants: technology {manifest.name} has no variant set '{name}'; it has "
            f"{', '.join([UNBIASED, *known])}: name only those"
        )
    return members


def run_polybias_stage(context: StageContext) -> Metrics:
    """No bias (``pb0``) and the three-stage assignment of each further set.

    The requirement is that of the unbiased design at every voltage of the coarse grids, so that no scheme loses frequency.
    """
    flow, technology = context.flow, technology_of(context.flow)
    asked: tuple[str, ...] = tuple(name for name in flow.schemes.variants if name != UNBIASED)
    sets = {name: variants_of_set(flow, technology, name) for name in asked}
    placed = load_placed(flow, context.inputs["floorplan"], context.inputs["optimize"])
    n = placed.netlist.n_cells
    start = np.zeros(n, dtype=np.int8)
    interface = interface_cells(placed.netlist, placed.placement)
    everything = flow.polybias.scope == "all-cells" or placed.floorplan.n_tiles == 1
    candidates = np.ones(n, dtype=bool) if everything else interface

    def assign(name: str) -> BiasResult:
        oracle = TimingOracle(placed, checked_voltages(flow), flow.polybias.relax)
        average = oracle.average_path_delay()

        def report(variant: str, kept: int, considered: int) -> None:
            context.say(f"{name}: {variant} {kept} of {considered}")

        return assign_variants(technology, sets[name], start, candidates, average, oracle, report)

    # Timing runs outside the interpreter's lock; each set has an oracle of its own, so results do not depend on the threads.
    with ThreadPoolExecutor(context.jobs) as pool:
        results = dict(zip(sets, pool.map(assign, sets), strict=True))
    assigned, metrics = {UNBIASED: start}, Metrics()
    rows = []
    for name, result in results.items():
        assigned[name] = result.cell_variant
        for stage in result.stages:
            context.note(f"{name}: {stage.variant} S_th {stage.threshold:.2f} ps, {stage.kept} of {stage.considered} cells")
            rows.append((name, stage.variant, stage.threshold, stage.considered, stage.kept))
        shares = variant_shares(technology, result.cell_variant, candidates)
        metrics |= {f"polybias__{variant}__fraction": share for variant, share in shares.items() if variant in sets[name]}
        metrics[f"polybias__{name}__ws__before__ps"] = result.worst_slack_before
        metrics[f"polybias__{name}__ws__after__ps"] = result.worst_slack_after
    save_variants(context.directory, assigned)
    context.write("results/tables/bias_stages.csv", table(("set", "variant", "threshold_ps", "considered", "kept"), rows))
    return metrics
