"""What of a flow decides each stage, beside the outputs of the stages it needs and its code; paths stand for their content.

Apart from what the stages do: a run in which nothing changed is recognised without loading any of it.
"""

from __future__ import annotations

from finevh.config import Flow
from finevh.flow.inputs.programs import program_files
from finevh.flow.inputs.rtl import packaged_rtl
from finevh.flow.inputs.technology import what_if_parameters

Parameters = dict[str, object]


def synthesis(flow: Flow) -> Parameters:
    """What synthesis gives."""
    return {
        "design": flow.design,
        "packaged": packaged_rtl(flow),
        "technology": flow.technology,
        "synthesis": flow.synthesis,
        "period": flow.clock.period,
        "vdd_max": flow.schemes.vdd_max,
        "seed": flow.seed,
    }


def presize(flow: Flow) -> Parameters:
    """The first drives."""
    return {
        **_sizing(flow),
        "utilisation": flow.floorplan.utilisation,
        "placed": flow.design.placed is not None,
    }


def floorplan(flow: Flow) -> Parameters:
    """The floorplan."""
    return {
        "technology": flow.technology,
        "floorplan": flow.floorplan,
        "placed": flow.design.placed,
        "policy": flow.clock.supply_policy,
    }


def place(flow: Flow) -> Parameters:
    """Where cells go."""
    driven = flow.engine == "builtin" and flow.design.placed is None and flow.placement.driven != "wirelength"
    return {
        "technology": flow.technology,
        "seed": flow.seed,
        "placed": flow.design.placed is not None,
        **({"placer_seed": flow.placement.seed} if flow.placement.seed >= 0 else {}),
        **({"placement": flow.placement, "clock": flow.clock, "supplies": flow.schemes} if driven else {}),
        **_engine(flow),
    }


def optimize(flow: Flow) -> Parameters:
    """Drives and wires."""
    placed = flow.design.placed
    return {
        **_sizing(flow),
        "policy": flow.clock.supply_policy,  # decides which clock cells sit on rows at VddH
        "placed": None if placed is None else (placed.spef, True),
        "hold maps": (flow.clock.supply_policy, flow.schemes.driver_derates, flow.floorplan.tiles)
        if flow.optimize.hold and flow.optimize.hold_maps
        else None,
        **({"own_period": True} if flow.sized_for_own_period else {}),
    }


def activity(flow: Flow) -> Parameters:
    """The activity."""
    return {
        "activity": flow.activity,
        "programs": program_files(flow),
        "clock": (flow.clock.port, flow.clock.constants, flow.clock.sdc),
        "seed": flow.seed,
        "glitches": _glitch_delays(flow),
    }


def polybias(flow: Flow) -> Parameters:
    """The bias."""
    return {
        "technology": flow.technology,
        "clock": flow.clock,
        "polybias": flow.polybias,
        "variants": flow.schemes.variants,
        "derates": flow.schemes.driver_derates,
        "vdds": (flow.schemes.vdd_min, flow.schemes.vdd_max, flow.schemes.delta_vdd),
        "maps": (flow.schemes.ideal_step, flow.schemes.frequencies) if flow.polybias.keeps == "maps" else None,
        **what_if_parameters(flow),
    }


def operating_points(flow: Flow) -> Parameters:
    """The operating points."""
    return {
        "name": flow.design.name,
        "technology": flow.technology,
        "clock": flow.clock,
        "schemes": flow.schemes,
        "drop": (flow.floorplan.drop_budget, flow.floorplan.drop_of, flow.floorplan.header_drive),
        **what_if_parameters(flow),
        "glitches": (flow.activity, flow.seed) if flow.activity.glitches else None,
        **({} if flow.rails.drooped else {"rails": flow.rails}),
    }


def export(flow: Flow) -> Parameters:
    """What is exported."""
    own: Parameters = {
        "name": flow.design.name,
        "technology": flow.technology,
        "clock": flow.clock,
        "schemes": flow.schemes,
    }
    return own | ({"openroad_points": flow.openroad.points} if flow.engine == "openroad" else {})


def signoff(flow: Flow) -> Parameters:
    """Sign-off."""
    return {
        "name": flow.design.name,
        "technology": flow.technology,
        "clock": flow.clock,
        "schemes": flow.schemes,
        "tiles": flow.floorplan.tiles,
        **what_if_parameters(flow),
    }


def report(flow: Flow) -> Parameters:
    """The report."""
    return {
        "name": flow.design.name,
        "technology": flow.technology,
        "engine": flow.engine,
        "published": flow.published,
        **what_if_parameters(flow),
    }


def _engine(flow: Flow) -> Parameters:
    """What OpenROAD is told counts only where it runs; where it comes from, and which version, does not."""
    if flow.engine != "openroad":
        return {"engine": flow.engine}
    return {"engine": flow.engine, "density": flow.openroad.density, "rcx_rules": flow.openroad.rcx_rules}


def _sizing(flow: Flow) -> Parameters:
    """A pass of sizing."""
    return {
        "technology": flow.technology,
        **_engine(flow),
        "seed": flow.seed,
        # Which cells of the tree are high in a map is nothing to what is made at single supplies; hold repair has maps.
        "clock": flow.clock.model_copy(update={"policy": "tile", "tree_vdd": None}),
        "optimize": flow.optimize,
        "vdd_max": flow.schemes.vdd_max,
        "hold": (flow.schemes.vdd_min, flow.schemes.vdd_max, flow.schemes.delta_vdd) if flow.optimize.hold else None,
    }


def _glitch_delays(flow: Flow) -> object:
    """The delays that glitches are simulated with."""
    if not flow.activity.glitches or flow.activity.vcd is not None or flow.activity.saif is not None:
        return None
    schemes = flow.schemes
    return flow.technology, flow.clock, schemes.vdd_min, schemes.vdd_max, schemes.driver_derates
