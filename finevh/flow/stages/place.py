"""The place stage: cells on the cut rows, ports on the boundary."""

from __future__ import annotations

from pathlib import Path

from finevh.base.csv_text import table
from finevh.flow.artifacts.layout import load_floorplan, save_placement
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.driven import DrivenPlacement, best_round
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.technology import technology_of
from finevh.flow.openroad.layout import require_openroad
from finevh.flow.placed import keep_places
from finevh.layout import PlacerOptions, place, total_wirelength


def run_stage(context: StageContext) -> Metrics:
    """Cells on the cut rows, ports on the boundary."""
    if context.flow.engine == "openroad":
        return require_openroad(context)
    if context.flow.design.placed is not None:
        return keep_places(context)
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    floorplan = load_floorplan(context.inputs["floorplan"])
    if context.flow.placement.driven != "wirelength":
        return _driven(
            context,
            DrivenPlacement(context.flow, technology, netlist, floorplan, _kept(context), context.note, context.jobs),
        )
    placement = place(
        netlist,
        technology,
        floorplan,
        PlacerOptions(seed=context.flow.placement.seed),
        progress=lambda step, count: context.note(f"{step} {count}"),
    )
    save_placement(context.directory, placement)
    return {"place__wirelength__um": total_wirelength(netlist, technology, placement)}


def _kept(context: StageContext) -> Path | None:
    return None if context.kept is None else context.kept()


def _driven(context: StageContext, driven: DrivenPlacement) -> Metrics:
    """Every round, the best of them kept; ``tables/placement.csv`` has what each came to."""
    choice = context.flow.placement
    rounds = driven.rounds()
    taken = best_round(rounds, choice.longer)
    save_placement(context.directory, rounds[taken].placement)
    rows = [
        (
            number,
            found.wirelength,
            found.periods[0],
            found.periods[1] if len(found.periods) > 1 else None,
            int(number == taken),
        )
        for number, found in enumerate(rounds)
    ]
    columns = ("round", "wirelength_um", "period_high_ps", "period_map_ps", "taken")
    context.write("results/tables/placement.csv", table(columns, rows))
    if taken == 0:
        context.checks.add("placement_not_driven", [context.flow.design.name])
    context.note(f"round {taken} taken")
    return {
        "place__wirelength__um": rounds[taken].wirelength,
        "place__wirelength__undriven__um": rounds[0].wirelength,
        "place__round": taken,
        "timing__setup__min_period__placed__ps": rounds[taken].periods[0],
        "timing__setup__min_period__undriven__ps": rounds[0].periods[0],
    }
