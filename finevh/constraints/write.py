"""Constraints of one netlist as SDC that other timers read: every object by its name, units stated, nothing left to a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from finevh.base.quoting import sdc_exact_names, tcl_word
from finevh.constraints.model import Clock, Constraints, Ends, Objects, PathException, Rule
from finevh.constraints.objects import Names
from finevh.constraints.sdc import unit_factor
from finevh.errors import InputError
from finevh.netlist.model import Netlist

_EDGES = ("rise", "fall")
_LINE = 40
"""Names in one command; more get commands of their own where that means the same."""


class _Writer:
    def __init__(self, constraints: Constraints, netlist: Netlist, units: tuple[str, str]) -> None:
        self.constraints, self.names = constraints, Names(netlist, constraints.clocks)
        self.time, self.capacitance = unit_factor(units[0], "time"), unit_factor(units[1], "capacitance")
        self.lines = [f"set_units -time {_plain(units[0])} -capacitance {_plain(units[1])}"]

    def ps(self, value: float) -> str:
        return f"{value / self.time:.9g}"

    def ff(self, value: float) -> str:
        return f"{value / self.capacitance:.9g}"

    def kinds(self, objects: tuple[Objects, ...]) -> dict[str, list[str]]:
        """Names by kind of object."""
        found: dict[str, list[str]] = {}
        for item in objects:
            kind = self.names.kind_of(item)
            exact = Objects(kind, item.patterns, item.where, item.exact, item.regexp, item.nocase, item.hierarchical)
            named = self.names.named(kind, self.names.rows(exact), item.where)
            found.setdefault(named.kind, []).extend(self._escaped(named.kind, name) for name in named.patterns)
        return {kind: list(dict.fromkeys(names)) for kind, names in found.items()}

    @staticmethod
    def _escaped(kind: str, name: str) -> str:
        r"""A divider inside an instance's own name, as other tools keep it: ``a\/b``."""
        if kind == "cell":
            return name.replace("/", "\\/")
        if kind == "pin":
            instance, _, pin = name.rpartition("/")
            return instance.replace("/", "\\/") + "/" + pin
        return name

    def get(self, objects: tuple[Objects, ...]) -> str:
        """Getters of objects of any kinds."""
        calls = [_get(kind, names) for kind, names in self.kinds(objects).items()]
        return calls[0] if len(calls) == 1 else f"[list {' '.join(calls)}]"

    def ends(self, command: str, values: Ends, text: str, number: str = "ps", more: str = "") -> None:
        """One command, or one for each end and edge that has a value of its own."""
        write = self.ps if number == "ps" else self.ff
        if len(values) == 4 and len(set(values.values())) == 1:
            self.lines.append(f"{command}{more} {write(next(iter(values.values())))} {text}")
            return
        for (end, edge), value in sorted(values.items()):
            self.lines.append(f"{command} -{end} -{_EDGES[edge]}{more} {write(value)} {text}")

    def clock(self, clock: Clock, insertion: float) -> None:
        name = tcl_word(clock.name)
        source = f" {self.get(clock.sources)}" if clock.sources else ""
        add = " -add" if clock.add else ""
        # Generated clocks are written with the waveform that they have: their edges follow from it.
        wave = f" -waveform {{{self.ps(clock.rise)} {self.ps(clock.fall)}}}"
        if clock.master:
            raise InputError(f"clock '{clock.name}' is made of another: the file it comes from is exported as it is")
        self.lines.append(f"create_clock{add} -name {name} -period {self.ps(clock.period)}{wave}{source}")
        get = _get("clock", [clock.name])
        for end, value in (("setup", clock.setup_uncertainty), ("hold", clock.hold_uncertainty)):
            if value:
                self.lines.append(f"set_clock_uncertainty -{end} {self.ps(value)} {get}")
        if clock.follows_tree:
            if insertion:
                self.lines.append(f"set_clock_latency {self.ps(insertion)} {get}")
            return
        if self.constraints.is_propagated(clock):
            if clock.sources:
                self.lines.append(f"set_propagated_clock {get}")
        elif clock.latency:
            self.ends("set_clock_latency", clock.latency, get)
        if clock.source_latency:
            for (end, edge), value in sorted(clock.source_latency.items()):
                side = "late" if end == "max" else "early"
                self.lines.append(f"set_clock_latency -source -{side} -{_EDGES[edge]} {self.ps(value)} {get}")
        if clock.transition:
            self.ends("set_clock_transition", clock.transition, get)

    def ports(self) -> None:
        c = self.constraints
        for command, delays in (("set_input_delay", c.input_delays), ("set_output_delay", c.output_delays)):
            for delay in delays:
                flags = (
                    (" -clock_fall" if delay.clock_fall else "") + (" -add_delay" if delay.add else "")
                    + (" -source_latency_included" if delay.source_included else "")
                    + (" -network_latency_included" if delay.network_included else "")
                )  # fmt: skip
                ports = [n for n in self.kinds(delay.ports).get("port", []) if not self._is_clock(n, command)]
                for group in _groups(ports):
                    self.ends(command, delay.values, _get("port", group),
                              more=f" -clock {_get('clock', [delay.clock])}{flags}")  # fmt: skip
        for item in c.transitions:
            self.ends("set_input_transition", item.values, self.get(item.ports))
        for item in c.loads:
            self.ends("set_load", item.values, self.get(item.ports), "ff", " -wire_load" if item.wire else "")
        for drive in c.driving_cells:
            pins = "".join(
                f" -{option} {tcl_word(pin)}"
                for option, pin in (("pin", drive.pin), ("from_pin", drive.from_pin))
                if pin
            )
            slews = f" -input_transition_rise {self.ps(drive.input_rise)} -input_transition_fall {self.ps(drive.input_fall)}"
            sides = "".join(f" -{end}" for end in drive.ends if len(drive.ends) == 1)
            sides += "".join(f" -{_EDGES[edge]}" for edge in drive.edges if len(drive.edges) == 1)
            self.lines.append(
                f"set_driving_cell -lib_cell {tcl_word(drive.cell)}{pins}{slews}{sides} {self.get(drive.ports)}"
            )
        for objects, value in c.cases:
            self.lines.append(f"set_case_analysis {value} {self.get(objects)}")

    def _is_clock(self, name: str, command: str) -> bool:
        return command == "set_input_delay" and self.names.ports.get(name, -1) in self.names.clock_ports

    def exception(self, e: PathException) -> None:
        delay = self.ps(e.delay)
        commands = {Rule.FALSE: "set_false_path", Rule.MULTICYCLE: f"set_multicycle_path {e.multiplier}"}
        command = commands.get(e.rule, f"set_{'max' if e.rule == Rule.MAX_DELAY else 'min'}_delay {delay}")
        if e.rule in (Rule.FALSE, Rule.MULTICYCLE) and not e.clears_hold:
            command += "".join(
                f" -{side}" for side, on in (("setup", e.setup), ("hold", e.hold)) if on and e.setup != e.hold
            )
            if e.rule == Rule.MULTICYCLE and e.setup and e.hold:
                command += " -setup -hold"
        if e.launch_based is not None:
            command += " -start" if e.launch_based else " -end"
        if e.ignore_latency:
            command += " -ignore_clock_latency"
        for side, objects, edge in (("from", e.from_, e.from_edge), ("to", e.to, e.to_edge)):
            if side == "to":
                command += "".join(f" -through {self.get(stage)}" for stage in e.through)
            if objects:
                command += f" -{f'{_EDGES[edge]}_' if edge is not None else ''}{side} {self.get(objects)}"
        self.lines.append(command)

    def rest(self) -> None:
        c = self.constraints
        for command in c.groups:
            groups = " ".join(f"-group {_get('clock', sorted(group))}" for group in command.groups)
            self.lines.append(f"set_clock_groups -asynchronous {groups}")
        for item in c.uncertainties:
            edges = [f"{_EDGES[e]}_" if e is not None else "" for e in (item.from_edge, item.to_edge)]
            from_, to = _get("clock", [item.from_]), _get("clock", [item.to])
            pair = f"-{edges[0]}from {from_} -{edges[1]}to {to}"
            for side, value in (("setup", item.setup), ("hold", item.hold)):
                if value is not None:
                    self.lines.append(f"set_clock_uncertainty {pair} -{side} {self.ps(value)}")
        for (end, what, path), factor in sorted(c.derates.factors.items()):
            self.lines.append(
                f"set_timing_derate -{'late' if end == 'max' else 'early'} -{what}_delay -{path} {factor:.9g}"
            )
        others = [*c.disables, *c.gating_checks, *c.data_checks, *c.borrows]
        if others:
            raise InputError(
                "disabled arcs and own checks are not written: the file they come from is exported as it is"
            )


def _get(kind: str, names: Sequence[str]) -> str:
    """The getter of objects by their names."""
    return f"[get_{kind}s {sdc_exact_names(names)}]"


def _plain(unit: str) -> str:
    """A unit as OpenSTA takes it: without a 1 before."""
    return unit.removeprefix("1")


def _groups(names: list[str]) -> Iterable[list[str]]:
    return (names[k : k + _LINE] for k in range(0, len(names), _LINE))


def write_sdc(constraints: Constraints, netlist: Netlist, units: tuple[str, str], insertion: float = 0.0) -> str:
    """SDC text of constraints for one netlist.

    Parameters
    ----------
    units
        Time and capacitance unit of the numbers, as of the first Liberty: ``("1ns", "1pF")``; the text states them.
    insertion
        ps that the clocks of the surroundings are late which follow the clock tree.

    Raises
    ------
    InputError
        For what has no place in it: generated clocks, disabled arcs, own checks.
    """
    writer = _Writer(constraints, netlist, units)
    for clock in constraints.clocks:
        writer.clock(clock, insertion)
    writer.ports()
    for exception in constraints.exceptions:
        writer.exception(exception)
    writer.rest()
    return "\n".join(writer.lines) + "\n"


__all__ = ["write_sdc"]
