"""From the flow file to its constraints: the SDC it names, or what its clock section says."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

from finevh.base.files import read_input_text
from finevh.base.quoting import sdc_exact_names, sdc_names, tcl_word
from finevh.checks import Checks
from finevh.config import Clock, Flow
from finevh.constraints import Constraints, read_sdc, with_ideal_clocks, with_propagated_clocks
from finevh.constraints.surroundings import OUTSIDE, fixed_outside
from finevh.errors import InputError
from finevh.flow.inputs.technology import structure_of
from finevh.layout.clock_tree import tree_buffers
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction, Technology
from finevh.units import parse_quantity

_STATES_UNITS = re.compile(r"^[ \t]*set_units\b.*$", re.MULTILINE)


def sdc_text(
    clock: Clock,
    time: float = 1000.0,
    capacitance: float = 1000.0,
    inputs: Sequence[str] | None = None,
    insertion: float | None = None,
) -> str:
    """Return the constraints of a clock section as SDC.

    Parameters
    ----------
    time, capacitance
        Units of the numbers, ps and fF: ns and pF unless said otherwise.
    inputs
        The input ports without the clock, where they are known: timers before 2023 do not know ``all_inputs -no_clocks``.
    insertion
        Mean delay of the clock tree, ps: the clock is propagated, and ports refer to a virtual one that is as late. None: ideal.
    """
    name = tcl_word(clock.port)
    data = "[all_inputs -no_clocks]" if inputs is None else f"[get_ports {sdc_exact_names(inputs)}]"

    def number(value: float, unit: float) -> str:
        return f"{value / unit:.9g}"

    outside = clock.port if insertion is None else clock.port + OUTSIDE
    around = tcl_word(outside)
    lines = [
        f"# time unit {time:g} ps, capacitance unit {capacitance:g} fF",
        f"create_clock -name {name} -period {number(clock.period, time)} [get_ports {sdc_exact_names([clock.port])}]",
        *([] if insertion is None else [f"create_clock -name {around} -period {number(clock.period, time)}"]),
        f"set_clock_uncertainty {number(clock.uncertainty, time)} [all_clocks]",
        f"set_input_delay {number(clock.input_delay, time)} -clock {around} {data}",
        f"set_output_delay {number(clock.output_delay, time)} -clock {around} [all_outputs]",
        f"set_input_transition {number(clock.input_slew, time)} [all_inputs]",
        f"set_load {number(clock.output_load, capacitance)} [all_outputs]",
    ]
    if insertion is not None:
        lines += [
            f"set_propagated_clock [get_clocks {sdc_exact_names([clock.port])}]",
            f"set_clock_latency {number(insertion, time)} [get_clocks {sdc_exact_names([outside])}]",
        ]
    lines += [
        f"set_case_analysis {value} [get_ports {sdc_names([port])}]" for port, value in sorted(clock.constants.items())
    ]
    lines += [f"set_false_path -from [get_ports {sdc_names([port])}]" for port in clock.false_from]
    return "\n".join(lines) + "\n"


def sdc_of(flow: Flow, netlist: Netlist, units: tuple[str, str], insertion: float | None = None) -> str:
    """SDC text of a flow for other tools: the file it names, or what its clock section says of the netlist's ports.

    Parameters
    ----------
    units
        Time and capacitance unit of the first Liberty: those of SDC numbers where nothing else is stated; the text states them.
    insertion
        Mean delay, ps, of the tree that the clock takes its way through; None: ideal clocks. A file stays as it is written.
    """
    # OpenSTA takes a unit without a 1 before.
    stated = "set_units -time {} -capacitance {}\n".format(*(unit.removeprefix("1") for unit in units))
    if flow.clock.sdc is not None:
        text = read_input_text(flow.clock.sdc)
        return text if _STATES_UNITS.search(text) else stated + text
    ports = zip(netlist.port_names, netlist.port_direction, strict=True)
    words = dict.fromkeys(name.partition("[")[0] for name, direction in ports if direction == Direction.INPUT)
    time, capacitance = parse_quantity(units[0], "time"), parse_quantity(units[1], "capacitance")
    inputs = [word for word in words if word != flow.clock.port]
    return stated + sdc_text(flow.clock, time, capacitance, inputs, insertion)


@dataclass(frozen=True)
class EngineConstraints:
    """Constraints for another tool: SDC text, the name of the working clock in it, units of its numbers."""

    text: str
    clock: str
    units: tuple[str, str]


def engine_constraints(flow: Flow, netlist: Netlist | None = None) -> EngineConstraints:
    """Return what another tool is given: the user's file as it is, or what the clock section says, in ps and fF.

    Raises
    ------
    InputError
        If the file is wrong, or makes no clock on ``clock.port``.
    """
    if flow.clock.sdc is None:
        return EngineConstraints(sdc_text(flow.clock, time=1.0, capacitance=1.0), flow.clock.port, ("ps", "fF"))
    text = read_input_text(flow.clock.sdc)
    port = flow.clock.port
    names = [
        clock.name
        for clock in constraints_of(flow, netlist).clocks
        if any(fnmatch.fnmatchcase(port, pattern) for source in clock.sources for pattern in source.patterns)
    ]
    if not names:
        raise InputError(f"{flow.clock.sdc}: no create_clock on port '{port}', which clock.port names")
    units = list(structure_of(flow).units)
    for line in _STATES_UNITS.findall(text):
        for row, option in enumerate(("time", "capacitance")):
            if match := re.search(rf"-{option}\s+(\S+)", line):
                units[row] = match.group(1).strip('{}"')
    time, capacitance = (re.sub(r"^1(?=[A-Za-z])", "", unit) for unit in units)
    return EngineConstraints(text, names[0], (time, capacitance))


def constraints_of(flow: Flow, netlist: Netlist | None = None) -> Constraints:
    """Constraints of a flow, its clocks as their SDC has them: ideal, unless it says otherwise.

    A file's numbers are in the units it states, or else in those of the technology's first Liberty. With a netlist its names are
    looked up while it is read, which loops over ports and filters need.
    """
    if flow.clock.sdc is None:
        return read_sdc(sdc_text(flow.clock))
    return read_sdc(flow.clock.sdc, *structure_of(flow).units, netlist=netlist)


def clock_tree_of(flow: Flow, technology: Technology) -> bool:
    """Whether the layout has a clock tree that can be timed."""
    if flow.engine == "openroad":
        return True
    buffers = tree_buffers(technology) if flow.clock.tree == "balanced" else technology.roles.get("clock_buffer", ())
    return flow.optimize.clock_tree and bool(buffers)


def book_clocks(flow: Flow, technology: Technology, netlist: Netlist, checks: Checks) -> None:
    """Say which clocks are timed otherwise than through a tree that is as late as the supplies make it."""
    if not flow.clock.propagated:
        checks.add("clock_ideal", [flow.clock.port])
    elif not clock_tree_of(flow, technology):
        checks.add("clock_tree_missing", [flow.clock.port])
    elif not flow.clock.ports_follow_tree:
        checks.add("ports_clock_fixed", fixed_outside(constraints_of(flow, netlist)))


def timed_constraints(flow: Flow, technology: Technology, netlist: Netlist | None = None) -> Constraints:
    """Constraints that the layout is timed with: clocks take their way through the tree, and the surroundings follow it.

    Where the flow asks for ideal clocks, or there is no tree, they are everywhere at once.
    """
    read = constraints_of(flow, netlist)
    if flow.clock.propagated and clock_tree_of(flow, technology):
        return with_propagated_clocks(read, flow.clock.ports_follow_tree)
    return with_ideal_clocks(read)
