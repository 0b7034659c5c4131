"""The activity stage: programs or vectors on the mapped netlist in, toggle rates and pattern probabilities out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts.activity import save_activity
from finevh.flow.artifacts.layout import load_placement, load_wires
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.technology import technology_of
from finevh.netlist.model import Netlist
from finevh.power import Activity, RandomStimulus, Stimulus, read_memory_stimulus, read_saif, read_vcd
from finevh.power.peaks import PEAKS, simulate_with_peaks, switched_capacitance

# Cycles with the reset held before counting starts.
RESET_CYCLES = 5
RANDOM = "random"


def stimulus_of(flow: Flow, program: str) -> Stimulus:
    """Return what drives the design while one program (or random data) runs.

    Raises
    ------
    InputError
        If the stimulus file or the program is missing or wrong.
    """
    source, clock = flow.activity, flow.clock
    if source.stimulus is None:
        reset = None if source.reset is None else (source.reset, 0, RESET_CYCLES)
        return RandomStimulus(flow.seed, clock.port, toggle=source.toggle, hold=dict(clock.constants), reset=reset)
    return read_memory_stimulus(source.stimulus, program_file(source.stimulus, program))


def program_file(stimulus: Path, program: str) -> Path:
    """Hex file of a program: beside the stimulus file, or in its folder ``programs``.

    Raises
    ------
    InputError
        If there is none; names those that exist.
    """
    folders = (stimulus.parent, stimulus.parent / "programs")
    for folder in folders:
        if (folder / f"{program}.hex").is_file():
            return folder / f"{program}.hex"
    known = sorted(path.stem for folder in folders for path in folder.glob("*.hex"))
    raise InputError(
        f"activity.programs: no program '{program}' beside {stimulus}; there are {', '.join(known) or 'none'}"
    )


def program_files(flow: Flow) -> tuple[Path, ...]:
    """Hex files that the activity depends on; none where no program runs."""
    source = flow.activity
    if source.stimulus is None or source.vcd is not None or source.saif is not None:
        return ()
    return tuple(program_file(source.stimulus, program) for program in programs_of(flow))


def programs_of(flow: Flow) -> tuple[str, ...]:
    """Names under which activities are kept: the programs, or ``random``, ``vcd``, ``saif``."""
    source = flow.activity
    if source.vcd is not None:
        return ("vcd",)
    if source.saif is not None:
        return ("saif",)
    if source.stimulus is None:
        return (RANDOM,)
    if not source.programs:
        raise InputError(f"activity.programs: name at least one program to run with {source.stimulus}")
    return source.programs


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


def run_activity_stage(context: StageContext) -> Metrics:
    """Every program on the final netlist; of simulations also the busiest cycle of every tile."""
    flow, source, technology = context.flow, context.inputs["optimize"], technology_of(context.flow)
    netlist, placement = load_netlist(source, technology), load_placement(source)
    capacitance = switched_capacitance(netlist, technology, load_wires(source))
    metrics: Metrics = {}
    checks = Checks()
    for program in programs_of(flow):
        context.note(f"{program}: {flow.activity.cycles} cycles")
        recorded = read_recording(flow, netlist, checks)
        if recorded is None:
            stimulus, cycles = stimulus_of(flow, program), flow.activity.cycles
            activity, peak = simulate_with_peaks(
                netlist, stimulus, cycles, flow.activity.warmup, placement, capacitance
            )
            np.save(context.directory / PEAKS.format(program=program), peak)
        else:
            checks.refuse()
            activity = recorded
        save_activity(context.directory, program, activity)
        metrics[f"activity__{program}__cycles__count"] = activity.cycles
        metrics[f"activity__{program}__toggle_rate__average"] = float(activity.toggle_rate.mean())
    return metrics


def parameters(flow: Flow) -> object:
    """Everything of the flow that decides the activity."""
    return {
        "activity": flow.activity,
        "programs": program_files(flow),
        "clock": (flow.clock.port, flow.clock.constants),
        "seed": flow.seed,
    }


STAGE = Stage("activity", run_activity_stage, ("optimize",), parameters)
