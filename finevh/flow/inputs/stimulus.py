"""What drives a design in simulation, as a flow file says: programs or random data, held inputs, one clock."""

from __future__ import annotations

import fnmatch

import numpy as np

from finevh.checks import Checks
from finevh.config import Flow
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.flow.inputs.constraints import constraints_of
from finevh.flow.inputs.programs import program_file
from finevh.netlist.model import Netlist
from finevh.power import RandomStimulus, Stimulus, read_memory_stimulus
from finevh.power.simulation.resets import book_resets_at_random, reset_level, watch_reset
from finevh.power.simulation.stimulus import word_and_bit
from finevh.power.simulation.tied_clocks import TiedClocks, tie_clocks
from finevh.technology.model import Direction, Technology
from finevh.timing import bind_cases


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


def middle_supply(flow: Flow, technology: Technology) -> int:
    """Row of the technology's supply nearest to the middle of the flow's."""
    middle = (flow.schemes.vdd_min + flow.schemes.vdd_max) / 2.0
    return int(np.argmin(np.abs(technology.vdds - middle)))
