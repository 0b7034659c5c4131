"""What a flow asks of sizing: corner, constraints and options of both passes, before and after placement."""

from __future__ import annotations

from finevh.config import Flow
from finevh.flow.inputs.constraints import timed_constraints
from finevh.flow.inputs.technology import synthesis_vdd
from finevh.netlist.model import Netlist
from finevh.optimize.physical import PhysicalOptions
from finevh.optimize.target import Target
from finevh.technology.model import Technology


def sizing_target(flow: Flow, technology: Technology, netlist: Netlist) -> Target:
    """Return what sizing aims at: the flow's constraints at the Vdd of synthesis, unbiased cells."""
    vdd = technology.vdd_index(synthesis_vdd(flow))
    return Target(
        timed_constraints(flow, technology, netlist), int(technology.corner_of[0, vdd]), vdd, flow.clock.period
    )


def sizing_options(flow: Flow) -> PhysicalOptions:
    """Return the passes that a flow asks for."""
    choice = flow.optimize
    # OpenROAD makes its own clock tree; a second one inside would only add delay.
    trees = flow.clock.tree if choice.clock_tree and flow.engine == "builtin" else "none"
    return PhysicalOptions(
        buffering=choice.buffering,
        sizing=choice.sizing,
        clock_tree=trees,
        passes=choice.passes,
        own_period=flow.sized_for_own_period,
    )
