"""The activity stage: programs or vectors on the mapped netlist in, toggle rates and pattern probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.children import Say, in_children
from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.config import Flow
from finevh.flow.artifacts.activity import save_activity, save_sample
from finevh.flow.artifacts.layout import load_placement, load_wires
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.programs import programs_of
from finevh.flow.inputs.stimulus import (
    held_inputs,
    middle_supply,
    stimulus_of,
    tied_netlist,
)
from finevh.flow.inputs.technology import technology_of
from finevh.flow.timing_graph import timing_graph
from finevh.layout import Placement
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.power import (
    Activity,
    MemoryStimulus,
    Simulator,
    read_saif,
    read_vcd,
)
from finevh.power.glitches import GlitchDelays, GlitchSimulator, delays_of
from finevh.power.simulation.memory import read_units
from finevh.power.simulation.work import Work, finish_passes
from finevh.power.tiles.tile_cycles import SAMPLED_CYCLES, TILE_CYCLES, simulate_tile_cycles, switched_capacitance

WORK = "results/tables/work.csv"
GOOD = 1
"""What a program that counts its work writes to its exit address when its results are right."""
_LONGEST_PASSES = 8  # times the counted cycles: after that a program is taken not to end


def read_recording(flow: Flow, netlist: Netlist, checks: Checks) -> Activity | None:
    """Activity of a recording; None where the flow names none and the design is to be simulated."""
    source, clock = flow.activity, flow.clock.port
    period = source.recording_period
    if source.vcd is not None:
        window = {"start_ps": source.start, "end_ps": source.stop}
        return read_vcd(source.vcd, netlist, clock=clock, period_ps=period, scope=source.scope, checks=checks, **window)
    if source.saif is not None:
        return read_saif(source.saif, netlist, clock=clock, period_ps=period, instance=source.scope, checks=checks)
    return None


@dataclass(frozen=True)
class _Ran:
    """What came of one program, beside the files that it left."""

    metrics: Metrics
    work: Work | None
    checks: Checks
    notes: tuple[str, ...]


def run_stage(context: StageContext) -> Metrics:
    """Every program on the final netlist, side by side; of simulations also what each tile switches in each cycle."""
    flow, source, technology = context.flow, context.inputs["optimize"], technology_of(context.flow)
    netlist, placement, wires = load_netlist(source, technology), load_placement(source), load_wires(source)
    capacitance = switched_capacitance(netlist, technology, wires)
    delays = glitch_delays(context, netlist, wires)

    def task(program: str) -> Callable[[Say], _Ran]:
        def run(say: Say) -> _Ran:
            say(f"{program}: {flow.activity.cycles} cycles")
            return _run_program(context, program, netlist, placement, capacitance, delays)

        return run

    metrics: Metrics = {}
    worked: dict[str, Work | None] = {}
    ran = in_children({program: task(program) for program in programs_of(flow)}, context.say, context.jobs)
    for program, one in ran.items():
        context.note(f"{program}: {flow.activity.cycles} cycles")
        for text in one.notes:
            context.note(text)
        context.checks.merge(one.checks)
        metrics |= one.metrics
        worked[program] = one.work
    if any(worked.values()):
        assert flow.activity.stimulus is not None
        context.write(WORK, work_table(worked, read_units(flow.activity.stimulus)))
    return metrics


def _run_program(
    context: StageContext,
    program: str,
    netlist: Netlist,
    placement: Placement,
    capacitance: NDArray[np.float64],
    delays: GlitchDelays | None,
) -> _Ran:
    """Activity of one program, kept in the stage's directory."""
    flow, checks, work = context.flow, Checks(), None
    notes: list[str] = []
    recorded = read_recording(flow, netlist, checks)
    if recorded is None:
        tied, held = tied_netlist(flow, netlist), held_inputs(flow, netlist)
        stimulus, cycles = stimulus_of(flow, program, tied.netlist, held, checks), flow.activity.cycles
        counted, moved, simulator = simulate_tile_cycles(
            tied.netlist, stimulus, cycles, flow.activity.warmup, placement, capacitance, delays,
            checks if program == programs_of(flow)[0] else None, -(-SAMPLED_CYCLES // len(programs_of(flow))),
        )  # fmt: skip
        activity = tied.untie(counted)
        if isinstance(stimulus, MemoryStimulus):
            work, notes = _work_of(cycles, program, simulator, stimulus, checks)
        checks.add("activity_simulated", count=netlist.n_nets)
        np.save(context.directory / TILE_CYCLES.format(program=program), moved)
        if isinstance(simulator, GlitchSimulator):
            save_sample(context.directory, program, simulator.sample())
    else:
        activity = recorded
    _book_glitches(checks, program, activity, recorded is not None)
    save_activity(context.directory, program, activity)
    metrics: Metrics = {
        f"activity__{program}__cycles__count": activity.cycles,
        f"activity__{program}__toggle_rate__average": float(activity.toggle_rate.mean()),
    }
    if activity.glitch_rate is not None:
        metrics[f"activity__{program}__glitch_rate__average"] = float(activity.glitch_rate.mean())
    return _Ran(metrics, work, checks, tuple(notes))


def glitch_delays(context: StageContext, netlist: Netlist, wires: Wires) -> GlitchDelays | None:
    """Delays at the middle supply, without bias, that glitches are simulated with; None where the flow counts none."""
    flow, technology = context.flow, technology_of(context.flow)
    if not flow.activity.glitches or flow.activity.vcd is not None or flow.activity.saif is not None:
        return None
    index = middle_supply(flow, technology)
    graph = timing_graph(flow, technology, netlist, wires, flow.schemes.driver_derates).with_port_vdd(index)
    state = graph.evaluate(np.full(netlist.n_cells, index, dtype=np.int32))
    context.note(f"glitches with the delays at {technology.vdds[index]:g} V")
    return delays_of(graph, state)


def _book_glitches(checks: Checks, program: str, activity: Activity, recorded: bool) -> None:
    if recorded:
        checks.add("glitches_as_recorded", [program])
    elif activity.glitch_rate is None:
        checks.add("glitches_left_out", [program])


def _work_of(
    cycles: int, program: str, simulator: Simulator, stimulus: MemoryStimulus, checks: Checks
) -> tuple[Work | None, list[str]]:
    """Work of a pass of a program and what is to be said of it; results that the program itself finds wrong are booked."""
    work = finish_passes(simulator, stimulus, _LONGEST_PASSES * cycles)
    notes: list[str] = []
    if work is None and stimulus.work_address is not None:
        notes.append(f"{program}: no two passes in {simulator.cycle} cycles, so no energy per work")
    wrong = [end for end in stimulus.passes if end.value != GOOD]
    if work is not None and wrong:
        checks.add("program_failed", [f"{program} (exit {wrong[0].value:#x} in cycle {wrong[0].cycle})"])
    return work, notes


def work_table(worked: Mapping[str, Work | None], units: Mapping[str, str]) -> str:
    """Work of one pass of each program: ``tables/work.csv``."""
    rows = [
        (program, units.get(program, "unit"), work.units, "" if work.retired is None else work.retired, work.cycles)
        for program, work in worked.items()
        if work is not None
    ]
    return table(("program", "unit", "units", "instructions", "cycles"), rows)
