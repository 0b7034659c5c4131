"""The activity stage: programs or vectors on the mapped netlist in, toggle rates and pattern probabilities out."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.children import Say, in_children
from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.config import Flow
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.flow.artifacts.activity import save_activity
from finevh.flow.artifacts.layout import load_placement, load_wires
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.constraints import constraints_of
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.technology import technology_of
from finevh.layout import Placement
from finevh.netlist.model import Netlist
from finevh.power import (
    Activity,
    MemoryStimulus,
    RandomStimulus,
    Simulator,
    Stimulus,
    read_memory_stimulus,
    read_saif,
    read_vcd,
)
from finevh.power.memory import read_units
from finevh.power.resets import book_resets_at_random, reset_level, watch_reset
from finevh.power.stimulus import word_and_bit
from finevh.power.tied_clocks import TiedClocks, tie_clocks
from finevh.power.tile_cycles import TILE_CYCLES, simulate_tile_cycles, switched_capacitance
from finevh.power.work import Work, finish_passes
from finevh.technology.model import Direction
from finevh.timing.graph_arrays import bind_cases

RANDOM = "random"
WORK = "results/tables/work.csv"
GOOD = 1
"""What a program that counts its work writes to its exit address when its results are right."""
_LONGEST_PASSES = 8  # times the counted cycles: after that a program is taken not to end


def held_inputs(flow: Flow, netlist: Netlist) -> dict[str, int]:
    """Inputs that stand still in the mode that is timed, by word: ``clock.constants``, or what a file's case analysis sets.

    Raises
    ------
    InputError
        If a case sets some bits of a bus and leaves others: random data are drawn for whole words.
    """
    if flow.clock.sdc is None:
        return dict(flow.clock.constants)
    constraints = constraints_of(flow, netlist)
    of_net, _ = bind_cases(Names(netlist, constraints.clocks), constraints)
    words: dict[str, dict[int, int | None]] = {}
    for name, direction, net in zip(
        netlist.port_names, netlist.port_direction.tolist(), netlist.port_net.tolist(), strict=True
    ):
        if direction == Direction.INPUT:
            word, bit = word_and_bit(name)
            words.setdefault(word, {})[bit] = of_net.get(net)
    held: dict[str, int] = dict(flow.clock.constants)
    for word, values in words.items():
        known = {bit: value for bit, value in values.items() if value is not None}
        if known and len(known) < len(values):
            raise InputError(
                f"{flow.clock.sdc}: set_case_analysis on {len(known)} of the {len(values)} bits of '{word}': random data hold"
                " whole ports; record the netlist in a simulator and give activity.vcd or activity.saif"
            )
        if known:
            held[word] = sum(value << bit for bit, value in known.items())
    return held


def stimulus_of(flow: Flow, program: str, netlist: Netlist, hold: dict[str, int], checks: Checks) -> Stimulus:
    """Return what drives the design while one program (or random data) runs; resets are watched at work.

    Raises
    ------
    InputError
        If the stimulus file or the program is missing or wrong, or the registers are held at the other level than stated.
    """
    source, clock = flow.activity, flow.clock
    if source.stimulus is None:
        asked = source.reset_port
        reset = None
        if asked is not None:
            effect = watch_reset(netlist, clock.port, asked.port, hold, flow.seed)
            reset = (asked.port, reset_level(asked.port, asked.active, effect, checks), asked.cycles)
        book_resets_at_random(netlist, {*hold, *(() if asked is None else (asked.port,))}, checks)
        return RandomStimulus(flow.seed, clock.port, toggle=source.toggle, hold=hold, reset=reset)
    stimulus = read_memory_stimulus(source.stimulus, program_file(source.stimulus, program))
    if stimulus.reset is not None and stimulus.clock is not None:
        port, active, _ = stimulus.reset
        reset_level(port, active, watch_reset(netlist, stimulus.clock, port, stimulus.hold, flow.seed), checks)
    return stimulus


def tied_netlist(flow: Flow, netlist: Netlist) -> TiedClocks:
    """The netlist with all clock ports of the constraints as one, for a simulator of one clock.

    Raises
    ------
    InputError
        If clocks have different periods or edges: one cycle for all would not be theirs.
    """
    if flow.clock.sdc is None:
        return tie_clocks(netlist, flow.clock.port, ())
    names = [n for n, d in zip(netlist.port_names, netlist.port_direction, strict=True) if d == Direction.INPUT]
    edges: dict[str, tuple[float, float, float]] = {}
    for clock in constraints_of(flow, netlist).clocks:
        for source in clock.sources:
            if source.kind in ("port", "any"):
                for pattern in source.patterns:
                    at = (clock.period, clock.rise, clock.fall)
                    edges |= dict.fromkeys(fnmatch.filter(names, pattern.replace("[", "[[]")), at)
    main = edges.get(flow.clock.port)
    if main is None:
        raise InputError(f"{flow.clock.sdc}: no create_clock on port '{flow.clock.port}', which clock.port names")
    other = {name: at for name, at in edges.items() if name != flow.clock.port}
    unlike = [f"{name} ({at[0]:g} ps, edges {at[1]:g} and {at[2]:g})" for name, at in other.items() if at != main]
    if unlike:
        raise InputError(
            f"{flow.clock.sdc}: clocks {flow.clock.port} ({main[0]:g} ps, edges {main[1]:g} and {main[2]:g}) and"
            f" {', '.join(unlike)} are not simulated together; record the netlist in a simulator and give activity.vcd or"
            " activity.saif"
        )
    return tie_clocks(netlist, flow.clock.port, tuple(other))


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


@dataclass(frozen=True)
class _Ran:
    """What came of one program, beside the files that it left."""

    metrics: Metrics
    work: Work | None
    checks: Checks
    notes: tuple[str, ...]


def run_activity_stage(context: StageContext) -> Metrics:
    """Every program on the final netlist, side by side; of simulations also what each tile switches in each cycle."""
    flow, source, technology = context.flow, context.inputs["optimize"], technology_of(context.flow)
    netlist, placement = load_netlist(source, technology), load_placement(source)
    capacitance = switched_capacitance(netlist, technology, load_wires(source))

    def task(program: str) -> Callable[[Say], _Ran]:
        def run(say: Say) -> _Ran:
            say(f"{program}: {flow.activity.cycles} cycles")
            return _run_program(context, program, netlist, placement, capacitance)

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
    context: StageContext, program: str, netlist: Netlist, placement: Placement, capacitance: NDArray[np.float64]
) -> _Ran:
    """Activity of one program, kept in the stage's directory."""
    flow, checks, work = context.flow, Checks(), None
    notes: list[str] = []
    recorded = read_recording(flow, netlist, checks)
    if recorded is None:
        tied, held = tied_netlist(flow, netlist), held_inputs(flow, netlist)
        stimulus, cycles = stimulus_of(flow, program, tied.netlist, held, checks), flow.activity.cycles
        counted, moved, simulator = simulate_tile_cycles(
            tied.netlist, stimulus, cycles, flow.activity.warmup, placement, capacitance
        )
        activity = tied.untie(counted)
        if isinstance(stimulus, MemoryStimulus):
            work, notes = _work_of(cycles, program, simulator, stimulus, checks)
        checks.add("activity_simulated", count=netlist.n_nets)
        np.save(context.directory / TILE_CYCLES.format(program=program), moved)
    else:
        activity = recorded
    save_activity(context.directory, program, activity)
    metrics: Metrics = {
        f"activity__{program}__cycles__count": activity.cycles,
        f"activity__{program}__toggle_rate__average": float(activity.toggle_rate.mean()),
    }
    return _Ran(metrics, work, checks, tuple(notes))


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


def parameters(flow: Flow) -> object:
    """Everything of the flow that decides the activity."""
    return {
        "activity": flow.activity,
        "programs": program_files(flow),
        "clock": (flow.clock.port, flow.clock.constants, flow.clock.sdc),
        "seed": flow.seed,
    }


STAGE = Stage("activity", run_activity_stage, ("optimize",), parameters)
