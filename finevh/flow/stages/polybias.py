"""The poly-bias stage: the variant of every cell for each set that the flow names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from finevh.base.children import Cores, Say, in_children
from finevh.base.csv_text import table
from finevh.config import Flow
from finevh.flow.artifacts.variants import save_variants
from finevh.flow.designs import load_placed, tiled_timing
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.technology import UNBIASED, members_of_set, synthesis_vdd, technology_of
from finevh.layout import interface_cells
from finevh.polybias import BiasResult, assign_variants, variant_shares
from finevh.polybias.conditions import selected_conditions, single_voltage_conditions
from finevh.polybias.oracle import TimingOracle
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology
from finevh.units import VOLTAGE_TOLERANCE


def checked_voltages(flow: Flow) -> tuple[float, ...]:
    """Voltages at which the bias may cost no frequency: that of synthesis first, then all of the coarse grids, descending."""
    schemes, first = flow.schemes, synthesis_vdd(flow)
    grid = {vdd for delta in schemes.delta_vdd for vdd in schemes.grid(delta)}
    return (first, *(vdd for vdd in sorted(grid, reverse=True) if abs(vdd - first) > VOLTAGE_TOLERANCE))


def variants_of_set(flow: Flow, technology: Technology, name: str) -> tuple[str, ...]:
    """Names of the loaded variants of a set; see :func:`finevh.flow.inputs.technology.members_of_set`."""
    return members_of_set(read_manifest(flow.technology.path), name, {v.name for v in technology.variants[1:]})


def run_stage(context: StageContext) -> Metrics:
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
    # A slower clock costs every path its setup or its hold: the tree stays as it was balanced.
    candidates[placed.graph.clock_cells] = False

    conditions = single_voltage_conditions(placed.graph, checked_voltages(flow), flow.polybias.relax)
    if flow.polybias.keeps == "maps" and placed.floorplan.n_tiles > 1 and technology.cross is not None:
        selected = selected_conditions(tiled_timing(placed, start), flow.schemes)
        context.note(f"{len(selected)} voltage maps of the unbiased design stay valid")
        conditions += selected

    cores = Cores()

    def task(name: str) -> Callable[[Say], BiasResult]:
        def assign(say: Say) -> BiasResult:
            oracle = TimingOracle(placed.graph, conditions, cores)
            average = oracle.average_path_delay()

            def report(variant: str, kept: int, considered: int) -> None:
                say(f"{name}: {variant} {kept} of {considered}")

            return assign_variants(technology, sets[name], start, candidates, average, oracle, report)

        return assign

    results = in_children({name: task(name) for name in sets}, context.say, context.jobs, cores)
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
