"""The poly-bias stage: the variant of every cell for each set that the flow names."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts import save_variants
from finevh.flow.conditions import Condition, selected_conditions, single_voltage_conditions
from finevh.flow.csv_text import table
from finevh.flow.designs import PlacedDesign, load_placed
from finevh.flow.inputs import technology_of
from finevh.flow.stage import Metrics, StageContext
from finevh.layout import interface_cells
from finevh.polybias import BiasResult, assign_variants, variant_shares
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology
from finevh.timing import TimingGraph, TimingState

UNBIASED = "pb0"


@dataclass
class _Timed:
    """A condition with its timing under ``variant`` (n_cell)."""

    graph: TimingGraph
    condition: Condition
    state: TimingState
    variant: NDArray[np.int8]

    def restart(self, variant: NDArray[np.int8]) -> NDArray[np.float64]:
        """Time everything; (n_cell) worst slack through each instance, ps."""
        self.variant = variant.copy()
        self.state = self.graph.evaluate(self.condition.cell_vdd, self.variant)
        return self.graph.cell_slacks(self.state, self.condition.period)

    def follow(self, variant: NDArray[np.int8], behind: NDArray[np.bool_]) -> float:
        """Bring the cells that are ``behind`` up to date and return the worst slack, ps."""
        changed = np.flatnonzero(behind).astype(np.int32)
        if len(changed):
            self.variant[changed] = variant[changed]
            self.state = self.graph.update(self.state, changed, self.condition.cell_vdd, self.variant, inplace=True)
        return self.worst_slack()

    def worst_slack(self) -> float:
        """Worst slack, ps."""
        return self.state.worst_slack(self.condition.period)


class TimingOracle:
    """Slacks of a placed design under a variant vector, the worst over several conditions."""

    def __init__(self, placed: PlacedDesign, conditions: Sequence[Condition]) -> None:
        """Time the unbiased design in each condition."""
        self._variant = np.zeros(placed.netlist.n_cells, dtype=np.int8)
        graphs = {port: placed.graph.with_port_vdd(port) for port in {condition.port_vdd for condition in conditions}}
        self._timed = []
        for condition in conditions:
            graph = graphs[condition.port_vdd]
            state = graph.evaluate(condition.cell_vdd, self._variant)
            self._timed.append(_Timed(graph, condition, state, self._variant.copy()))
        self._first = self._timed[0]
        self._floor = min(0.0, self.worst_slack())

    def cell_slack(self, variant: NDArray[np.int8], only_violated: bool = False) -> NDArray[np.float64]:
        """(n_cell) worst slack through each instance, ps, over all conditions or those that were violated."""
        self._variant = variant.copy()
        worst = np.full(len(variant), np.inf)
        for timed in self._timed:
            if not only_violated or timed.worst_slack() < self._floor:
                np.minimum(worst, timed.restart(variant), out=worst)
        return worst

    def worst_slack(self) -> float:
        """Worst slack of the variants last tried, ps."""
        return min(timed.worst_slack() for timed in self._timed)

    def try_cells(self, cells: NDArray[np.intp], variants: NDArray[np.int8]) -> float:
        """Change some instances and return the worst slack, ps; after a violated condition the others are not timed.

        A condition that failed is asked first the next time.
        """
        self._variant[cells] = variants
        worst = np.inf
        for place, timed in enumerate(self._timed):
            worst = min(worst, timed.follow(self._variant, timed.variant != self._variant))
            if worst < self._floor:
                self._timed.insert(0, self._timed.pop(place))
                break
        return float(worst)

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition."""
        timed = self._first
        path = timed.graph.critical_path(timed.state, timed.condition.period)
        return float(path.delay[path.cell >= 0].mean())


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

    The requirement is that of the unbiased design at every voltage of the coarse grids, so that no scheme loses frequency; with
    ``keeps = "maps"`` also under every voltage map that FINE-VH chooses for it, so that bias costs no tile its VddL.
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

    conditions = single_voltage_conditions(placed)
    if flow.polybias.keeps == "maps" and placed.floorplan.n_tiles > 1 and technology.cross is not None:
        selected = selected_conditions(placed)
        context.note(f"{len(selected)} voltage maps of the unbiased design stay valid")
        conditions += selected

    def assign(name: str) -> BiasResult:
        oracle = TimingOracle(placed, conditions)
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
            context.note(
                f"{name}: {stage.variant} S_th {stage.threshold:.2f} ps, {stage.kept} of {stage.considered} cells"
            )
            rows.append((name, stage.variant, stage.threshold, stage.considered, stage.kept))
        shares = variant_shares(technology, result.cell_variant, candidates)
        metrics |= {
            f"polybias__{variant}__fraction": share for variant, share in shares.items() if variant in sets[name]
        }
        metrics[f"polybias__{name}__ws__before__ps"] = result.worst_slack_before
        metrics[f"polybias__{name}__ws__after__ps"] = result.worst_slack_after
    save_variants(context.directory, assigned)
    context.write(
        "results/tables/bias_stages.csv", table(("set", "variant", "threshold_ps", "considered", "kept"), rows)
    )
    return metrics
