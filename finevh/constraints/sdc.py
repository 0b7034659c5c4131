"""SDC to :class:`Constraints`: a command is understood, noted as one that does not touch timing, or an error with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from finevh.checks import Checks, Severity
from finevh.constraints.arguments import Arguments, is_number
from finevh.constraints.generated import Recipe, generate
from finevh.constraints.getters import Getters
from finevh.constraints.interpreter import Interpreter
from finevh.constraints.model import (
    Clock,
    ClockGroups,
    Constraints,
    DataCheck,
    Derates,
    Disable,
    DrivingCell,
    Ends,
    GatingCheck,
    Objects,
    PathException,
    PortDelay,
    PortValue,
    Rule,
    TimeBorrow,
    Uncertainty,
)
from finevh.constraints.objects import Names
from finevh.constraints.values import TclError, Value
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.verilog import read_text
from finevh.units import Dimension, unit_scale

_COMMANDS = [
    "create_clock",
    "create_generated_clock",
    "set_input_delay",
    "set_output_delay",
    "set_input_transition",
    "set_load",
    "set_driving_cell",
    "set_drive",
    "set_clock_uncertainty",
    "set_clock_latency",
    "set_clock_transition",
    "set_propagated_clock",
    "set_clock_groups",
    "set_false_path",
    "set_multicycle_path",
    "set_max_delay",
    "set_min_delay",
    "set_case_analysis",
    "set_logic_zero",
    "set_logic_one",
    "set_logic_dc",
    "set_disable_timing",
    "set_timing_derate",
    "set_data_check",
    "set_clock_gating_check",
    "set_max_time_borrow",
    "set_units",
    "set_operating_conditions",
    "set_hierarchy_separator",
]
IGNORED = [
    "set_dont_touch",
    "set_dont_use",
    "set_dont_touch_network",
    "set_max_fanout",
    "set_max_transition",
    "set_max_capacitance",
    "set_min_capacitance",
    "set_min_fanout",
    "set_min_transition",
    "set_max_area",
    "set_fanout_load",
    "set_port_fanout_number",
    "set_min_pulse_width",
    "set_size_only",
    "set_max_dynamic_power",
    "set_max_leakage_power",
    "set_voltage",
    "create_voltage_area",
    "set_level_shifter_strategy",
    "set_level_shifter_threshold",
    "set_min_porosity",
    "set_fix_multiple_port_nets",
    "set_max_net_length",
    "set_critical_range",
    "set_cost_priority",
    "set_fix_hold",
    "set_wire_load_mode",
    "set_wire_load_min_block_size",
    "set_ungroup",
    "set_boundary_optimization",
    "set_structure",
    "set_flatten",
    "set_register_type",
    "set_unconnected",
    "set_equal",
    "set_opposite",
    "set_layer_rc",
    "set_wire_rc",
    "set_propagated_noise",
    "group_path",
    "set_clock_gating_style",
    "set_cell_padding",
    "set_power_activity",
    "set_pin_activity",
    "set_switching_activity",
    "set_units_display",
    "suppress_message",
    "unsuppress_message",
    "set_app_var",
    "set_sdc_version",
    "set_max_delay_margin",
    "set_placement_padding",
    "set_verification_priority",
]
"""Commands that change no delay and no check: they bind tools that change the design, or group reports."""
_REAL = ("set_ideal_network", "set_ideal_net", "set_ideal_latency", "set_ideal_transition")
"""Commands that ask for nets without delay: noted as a warning, and the real delays kept."""


def _ends(a: Arguments, value: float) -> Ends:
    """A value for each chosen end and edge; all four where none is chosen."""
    ends = [e for e in ("max", "min") if e in a.flags] or ["max", "min"]
    edges = [k for k, e in enumerate(("rise", "fall")) if e in a.flags] or [0, 1]
    return {(end, edge): value for end in ends for edge in edges}


def _sides(a: Arguments) -> tuple[bool, bool]:
    """Whether a command is for setup and for hold: both where neither is chosen."""
    both = not a.flags & {"setup", "hold"}
    return both or "setup" in a.flags, both or "hold" in a.flags


class _Sdc:
    """Constraints under construction."""

    def __init__(
        self, time: float, capacitance: float, netlist: Netlist | None, checks: Checks | None, folder: Path | None,
        environment: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.time, self.capacitance, self.resistance, self.checks = time, capacitance, 1.0, checks
        self.made = Constraints()
        self._recipes: dict[str, tuple[str, Recipe]] = {}
        """Master and recipe of each generated clock."""
        self.names = None if netlist is None else Names(netlist, ())
        self.getters = Getters(self.names, lambda: self.made.clocks, self._missing)
        handlers = self.getters.handlers() | {name: getattr(self, name) for name in _COMMANDS}
        handlers |= {name: self._ignored(name) for name in IGNORED}
        handlers |= {name: self._ignored(name, "the real delays are kept") for name in _REAL}
        self.tcl = Interpreter(
            handlers, self.getters.elements, self.getters.names_of, self._unknown, folder, environment,
            lambda period: f"{period / self.time:.12g}",
        )  # fmt: skip
        self.getters.bind(self.tcl)
        self.tcl.caught = lambda message: self._note(f"catch went on after: {message}", Severity.WARNING)

    def _missing(self, message: str) -> None:
        if self.checks is None:
            raise InputError(message)
        self.checks.add("sdc_not_found", [message])

    def _ignored(self, name: str, why: str = "") -> Any:
        def note(words: list[Value]) -> Value:
            self._note(f"{name}: {why}" if why else name, Severity.WARNING if why else None)
            return ""

        return note

    def _note(self, text: str, severity: Severity | None = None) -> None:
        if self.checks is not None:
            self.checks.add("sdc_ignored", [f"{self.tcl.where}: {text}"], severity=severity)

    def _unknown(self, name: str, words: list[Value]) -> Value:
        if not words and re.fullmatch(r"-?\d+|\*|-?\d+:-?\d+", name):
            # A bit of a bus without braces: ``get_ports data[3]``.
            return f"[{name}]"
        raise InputError(
            f"{self.tcl.where}: the command '{name[:60]}' is not understood; docs/sdc.md lists those that are"
        )

    def add(self, column: str, item: object) -> None:
        changes: dict[str, Any] = {column: (*getattr(self.made, column), item)}
        self.made = replace(self.made, **changes)

    def arguments(self, words: list[Value], flags: str, valued: str, repeated: str = "") -> Arguments:
        return Arguments(self.tcl, words, flags, valued, repeated)

    def objects(self, word: Value, kind: str = "any") -> tuple[Objects, ...]:
        found = self.getters.objects(word, kind)
        if self.names is None or kind == "any":
            return found
        # Names that were given without a getter are looked up here, so that one that does not exist is counted.
        resolved: list[Objects] = []
        for item in found:
            if item.kind == kind and not item.exact:
                resolved += self.getters._resolved(item, "", False).objects
            else:
                resolved.append(item)
        return tuple(resolved)

    def _names_of(self, objects: tuple[Objects, ...]) -> frozenset[str]:
        return frozenset(f"{item.kind}:{pattern}" for item in objects for pattern in item.patterns)

    def clock_names(self, word: Value, what: str = "clocks") -> list[str]:
        """Names of clocks; a port or pin stands for the clocks it is the source of."""
        known = [c.name for c in self.made.clocks]
        found: list[str] = []
        for item in self.getters.objects(word, "clock"):
            if item.kind in ("clock", "clocks", "any"):
                if not item.exact:
                    item = (
                        next(iter(self.getters._resolved(replace(item, kind="clock"), "", False).objects), None) or item
                    )
                if set(item.patterns) - set(known):
                    raise TclError(
                        f"no clock '{sorted(set(item.patterns) - set(known))[0][:60]}'; create_clock comes first"
                    )
                found += item.patterns
            elif item.kind in ("port", "pin"):
                wanted = self._names_of((item,))
                hits = [c.name for c in self.made.clocks if self._names_of(c.sources) & wanted]
                if not hits:
                    raise TclError(
                        f"'{item.patterns[0] if item.patterns else ''}' is the source of no clock; name {what}"
                    )
                found += hits
            else:
                raise TclError(f"takes {what}, not {item.kind}s")
        return list(dict.fromkeys(found))

    def _registers_alone(self, word: Value, command: str) -> None:
        """Say that a value of a port or pin, which is for the registers behind it, is taken for the whole clock."""
        if any(item.kind in ("port", "pin") for item in self.getters.objects(word, "clock")):
            self._note(
                f"{command} of a port or pin is taken for its clock, also where ports have delays", Severity.WARNING
            )

    def _change_clocks(self, names: list[str], **changes: Any) -> None:
        clocks = tuple(replace(c, **changes) if c.name in names else c for c in self.made.clocks)
        self.made = replace(self.made, clocks=clocks)

    # ---- units and the design

    def set_units(self, words: list[Value]) -> Value:
        a = self.arguments(words, "", "time capacitance resistance voltage current power distance")
        for name in ("time", "capacitance", "resistance"):
            if name in a.values:
                dimension: Dimension = name
                try:
                    scale = unit_factor(a.text(name), dimension)
                except (InputError, ValueError):
                    raise TclError(
                        f"'{a.text(name)[:40]}' is no unit of {name}; write for example 1ns, 1pF, 1kOhm"
                    ) from None
                setattr(self, name, scale)
        return ""

    def set_operating_conditions(self, words: list[Value]) -> Value:
        a = self.arguments(words, "", "analysis_type library min max max_library min_library object_list", "unused")
        if a.rest or a.values.keys() - {"analysis_type"}:
            self._note("set_operating_conditions: delays are those of the Liberty's own conditions", Severity.WARNING)
        return ""

    def set_hierarchy_separator(self, words: list[Value]) -> Value:
        if [self.tcl.text(w) for w in words] != ["/"]:
            raise TclError("only '/' is understood")
        return ""

    # ---- clocks

    def _new_clock(self, clock: Clock) -> None:
        """Add a clock; without ``-add`` the sources it takes are no longer those of others.

        One made anew keeps what other commands said of it, and what is generated from it follows.
        """
        known = next((other for other in self.made.clocks if other.name == clock.name), None)
        if known is not None:
            clock = replace(
                clock, setup_uncertainty=known.setup_uncertainty, hold_uncertainty=known.hold_uncertainty,
                propagated=known.propagated, latency=known.latency, source_latency=known.source_latency,
                transition=known.transition,
            )  # fmt: skip
        taken = self._names_of(clock.sources) if not clock.add else frozenset()
        kept: list[Clock] = []
        for other in self.made.clocks:
            if other.name == clock.name:
                continue
            if taken & self._names_of(other.sources):
                left = tuple(
                    replace(item, patterns=tuple(p for p in item.patterns if f"{item.kind}:{p}" not in taken))
                    for item in other.sources
                )
                left = tuple(item for item in left if item.patterns)
                if not left:
                    continue
                other = replace(other, sources=left)
            kept.append(other)
        self.made = replace(self.made, clocks=(*kept, clock))
        for name, (master, recipe) in list(self._recipes.items()) if known is not None else ():
            of = next((other for other in self.made.clocks if other.name == name), None)
            if master == clock.name != name and of is not None:
                self._new_clock(generate(name, clock, recipe, of.sources, of.add, of.where))

    def _sources(self, a: Arguments) -> tuple[Objects, ...]:
        if len(a.rest) > 1:
            raise TclError("takes one list of ports or pins")
        found = self.getters.objects(a.rest[0], "any") if a.rest else ()
        if a.rest and a.rest[0] != "" and not found:
            raise TclError("its source does not exist")
        sources: list[Objects] = []
        for item in found:
            if item.kind == "any":
                # A name without a getter is a port, or else a pin.
                kind = (
                    "pin"
                    if "/" in item.patterns[0] and not (self.names and item.patterns[0] in self.names.ports)
                    else "port"
                )
                found_here = self.getters._resolved(replace(item, kind=kind), "", False).objects
                if not found_here:
                    raise TclError(f"its source '{item.patterns[0]}' does not exist")
                sources += found_here
            elif item.kind not in ("port", "pin", "net"):
                raise TclError(f"the source of a clock is a port or pin, not a {item.kind}")
            else:
                sources.append(item)
        return tuple(sources)

    def create_clock(self, words: list[Value]) -> Value:
        a = self.arguments(words, "add", "name period waveform comment")
        sources = self._sources(a)
        name = a.text("name") or (sources[0].patterns[0] if sources and sources[0].patterns else "")
        if not name:
            raise TclError("a clock without ports needs -name")
        if "period" not in a.values:
            raise TclError("-period is missing")
        period = a.number(a.values["period"], "period") * self.time
        if not period > 0:
            raise TclError("the period must be positive")
        edges = [0.0, period / 2]
        if "waveform" in a.values:
            items = self.tcl.items(a.values["waveform"])
            if len(items) != 2:
                raise TclError("-waveform takes a rise and a fall time, as in {0 5}")
            edges = [a.number(x, "waveform") * self.time for x in items]
            if not edges[0] < edges[1] <= edges[0] + period:
                raise TclError("-waveform takes a rise and a later fall within one period")
        self._recipes.pop(name, None)
        self._new_clock(Clock(name, period, edges[0], edges[1], sources, add="add" in a.flags, where=self.tcl.where))
        return ""

    def create_generated_clock(self, words: list[Value]) -> Value:
        a = self.arguments(
            words, "add invert combinational",
            "name source master_clock divide_by multiply_by duty_cycle edges edge_shift comment",
        )  # fmt: skip
        sources = self._sources(a)
        if not sources:
            raise TclError("takes the ports or pins where the clock is made")
        name = a.text("name") or sources[0].patterns[0]
        if "source" not in a.values:
            raise TclError("-source is missing: the pin or port of the clock it is made of")
        master = self._master(a, name)

        def numbers(option: str) -> tuple[float, ...]:
            return tuple(a.number(x, option) for x in self.tcl.items(a.values[option])) if option in a.values else ()

        def whole(option: str) -> int:
            value = a.number(a.values[option], option) if option in a.values else 0.0
            if value != int(value) or value < 0 or (option in a.values and value < 1):
                raise TclError(f"-{option} takes a whole number from 1")
            return int(value)

        recipe = Recipe(
            whole("divide_by") or int("combinational" in a.flags), whole("multiply_by"),
            a.number(a.values["duty_cycle"], "duty cycle") if "duty_cycle" in a.values else 0.0,
            tuple(int(e) for e in numbers("edges")), tuple(x * self.time for x in numbers("edge_shift")), "invert" in a.flags,
        )  # fmt: skip
        self._recipes[name] = master.name, recipe
        self._new_clock(generate(name, master, recipe, sources, "add" in a.flags, self.tcl.where))
        return ""

    def _master(self, a: Arguments, name: str) -> Clock:
        """The clock that a generated clock is made of."""
        clocks = {c.name: c for c in self.made.clocks if c.name != name}
        if "master_clock" in a.values:
            master = self.clock_names(a.values["master_clock"])
            if len(master) != 1:
                raise TclError("-master_clock takes one clock")
            return clocks[master[0]]
        found = self.getters.objects(a.values["source"], "any")
        if not found:
            raise TclError("its -source does not exist")
        wanted = {pattern for item in found for pattern in item.patterns}
        hits = [c for c in clocks.values() if wanted & {p for item in c.sources for p in item.patterns}]
        if not hits and self.names is not None:
            self.names.set_clocks(self.made.clocks)
            hits = [clocks[n] for n in self.names.clocks_behind(found, self.made.clocks) if n in clocks]
        if not hits and self.names is None and len(clocks) == 1:
            hits = list(clocks.values())
        if len(hits) != 1:
            what = "no clock reaches" if not hits else f"{len(hits)} clocks reach"
            raise TclError(f"{what} its source '{sorted(wanted)[0][:60]}'; give -master_clock")
        return hits[0]

    def set_propagated_clock(self, words: list[Value]) -> Value:
        (word,) = self.arguments(words, "", "").positional("clocks")
        self._change_clocks(self.clock_names(word), propagated=True, latency={})
        return ""

    def set_clock_latency(self, words: list[Value]) -> Value:
        a = self.arguments(words, "source early late rise fall min max", "clock")
        value, word = a.positional("latency", "clocks")
        amount = a.number(value, "latency") * self.time
        ends = _ends(a, amount)
        if "source" in a.flags and a.flags & {"early", "late"}:
            chosen = ["max"] * ("late" in a.flags) + ["min"] * ("early" in a.flags)
            ends = {(end, edge): x for (_, edge), x in ends.items() for end in chosen}
        column = "source_latency" if "source" in a.flags else "latency"
        if column == "latency":
            self._registers_alone(word, "set_clock_latency")
        for name in self.clock_names(word):
            clock = next(c for c in self.made.clocks if c.name == name)
            self._change_clocks([name], **{column: getattr(clock, column) | ends})
            if column == "latency":
                self._change_clocks([name], propagated=False)
        return ""

    def set_clock_transition(self, words: list[Value]) -> Value:
        a = self.arguments(words, "rise fall min max", "")
        value, word = a.positional("transition", "clocks")
        ends = _ends(a, a.number(value, "transition") * self.time)
        for name in self.clock_names(word):
            clock = next(c for c in self.made.clocks if c.name == name)
            self._change_clocks([name], transition=clock.transition | ends)
        return ""

    def set_clock_uncertainty(self, words: list[Value]) -> Value:
        a = self.arguments(words, "setup hold rise fall", "from rise_from fall_from to rise_to fall_to")
        froms = [(k, w) for k, w in a.values.items() if k.endswith("from")]
        tos = [(k, w) for k, w in a.values.items() if k.endswith("to")]
        setup, hold = _sides(a)
        if froms or tos:
            (value,) = a.positional("uncertainty")
            if len(froms) != 1 or len(tos) != 1:
                raise TclError("takes both -from and -to")
            amount = a.number(value, "uncertainty") * self.time
            edges = [{"r": 0, "f": 1}[k[0]] if k[0] != option[0] or "_" in k else None for k, option in
                     ((froms[0][0], "from"), (tos[0][0], "to"))]  # fmt: skip
            if edges[1] is None and len(a.flags & {"rise", "fall"}) == 1:
                edges[1] = int("fall" in a.flags)
            for one in self.clock_names(froms[0][1]):
                for other in self.clock_names(tos[0][1]):
                    self.add(
                        "uncertainties",
                        Uncertainty(
                            one, edges[0], other, edges[1], amount if setup else None, amount if hold else None
                        ),
                    )
            return ""
        value, word = a.positional("uncertainty", "clocks")
        if len(a.flags & {"rise", "fall"}) == 1:
            raise TclError("of one edge is not understood without -from and -to")
        amount = a.number(value, "uncertainty") * self.time
        self._registers_alone(word, "set_clock_uncertainty")
        changes: dict[str, Any] = {}
        if setup:
            changes["setup_uncertainty"] = amount
        if hold:
            changes["hold_uncertainty"] = amount
        self._change_clocks(self.clock_names(word), **changes)
        return ""

    def set_clock_groups(self, words: list[Value]) -> Value:
        a = self.arguments(
            words,
            "asynchronous logically_exclusive physically_exclusive exclusive allow_paths",
            "name comment",
            "group",
        )
        a.positional()
        if "allow_paths" in a.flags:
            self._note("set_clock_groups -allow_paths: only noise would be affected")
            return ""
        groups = tuple(frozenset(self.clock_names(word)) for word in a.many.get("group", []))
        if not groups:
            raise TclError("-group is missing")
        self.add("groups", ClockGroups(groups))
        return ""

    # ---- ports

    def _port_delay(self, words: list[Value], column: str) -> Value:
        a = self.arguments(
            words, "clock_fall rise fall max min add_delay network_latency_included source_latency_included level_sensitive",
            "clock reference_pin",
        )  # fmt: skip
        if "reference_pin" in a.values or "level_sensitive" in a.flags:
            raise TclError("-reference_pin and -level_sensitive are not understood")
        delay, ports = a.positional("delay", "ports")
        if not a.values.get("clock"):
            raise TclError("-clock is missing: a delay is relative to a clock")
        clocks = self.clock_names(a.values["clock"])
        if len(clocks) != 1:
            raise TclError("-clock takes one clock")
        value = a.number(delay, "delay") * self.time
        objects = self.objects(ports, "port")
        if objects:
            self.add(
                column,
                PortDelay(
                    objects, clocks[0], "clock_fall" in a.flags, _ends(a, value), "add_delay" in a.flags,
                    "source_latency_included" in a.flags, "network_latency_included" in a.flags, self.tcl.where,
                ),
            )  # fmt: skip
        return ""

    def set_input_delay(self, words: list[Value]) -> Value:
        return self._port_delay(words, "input_delays")

    def set_output_delay(self, words: list[Value]) -> Value:
        return self._port_delay(words, "output_delays")

    def set_input_transition(self, words: list[Value]) -> Value:
        a = self.arguments(words, "rise fall max min", "clock clock_fall")
        value, ports = a.positional("transition", "ports")
        objects = self.objects(ports, "port")
        if objects:
            self.add("transitions", PortValue(objects, _ends(a, a.number(value, "transition") * self.time)))
        return ""

    def set_load(self, words: list[Value]) -> Value:
        a = self.arguments(words, "pin_load wire_load subtract_pin_load min max rise fall", "corner")
        value, ports = a.positional("capacitance", "ports")
        objects = self.objects(ports, "port")
        if any(item.kind == "net" for item in objects):
            raise TclError("of nets is not understood; give parasitics")
        if objects:
            ends = _ends(a, a.number(value, "capacitance") * self.capacitance)
            self.add("loads", PortValue(objects, ends, "wire_load" in a.flags))
        return ""

    def set_driving_cell(self, words: list[Value]) -> Value:
        a = self.arguments(
            words, "dont_scale no_design_rule min max rise fall",
            "lib_cell cell library pin from_pin multiply_by input_transition_rise input_transition_fall clock",
        )  # fmt: skip
        (ports,) = a.positional("ports")
        cell = a.text("lib_cell") or a.text("cell")
        if not cell:
            raise TclError("-lib_cell is missing")
        if "multiply_by" in a.values:
            raise TclError("-multiply_by is not understood")
        slews = [
            a.number(a.values.get(f"input_transition_{e}", "0"), "transition") * self.time for e in ("rise", "fall")
        ]
        ends = tuple(e for e in ("max", "min") if e in a.flags) or ("max", "min")
        edges = tuple(k for k, e in enumerate(("rise", "fall")) if e in a.flags) or (0, 1)
        objects = self.objects(ports, "port")
        if objects:
            library_cell = re.split("[/:]", cell)[-1]
            drive = DrivingCell(
                objects, library_cell, a.text("pin"), a.text("from_pin"), slews[0], slews[1], ends, edges
            )  # fmt: skip
            self.add("driving_cells", drive)
        return ""

    def set_drive(self, words: list[Value]) -> Value:
        a = self.arguments(words, "rise fall max min", "")
        value, _ = a.positional("resistance", "ports")
        if a.number(value, "resistance") != 0:
            raise TclError("a resistance other than 0 is not understood; use set_driving_cell or set_input_transition")
        return ""

    # ---- exceptions

    def _exception(self, a: Arguments, rule: Rule, multiplier: int = 1, delay: float = 0.0) -> None:
        def side(name: str) -> tuple[tuple[Objects, ...], int | None, bool]:
            given = [k for k in (name, f"rise_{name}", f"fall_{name}") if k in a.values]
            if len(given) > 1:
                raise TclError(f"takes one of -{', -'.join(given)}")
            if not given:
                return (), None, True
            found = self.getters.objects(a.values[given[0]])
            return found, {"r": 0, "f": 1}[given[0][0]] if given[0] != name else None, bool(found)

        if a.many.keys() - {"through"}:
            raise TclError("-rise_through and -fall_through are not understood")
        through = tuple(self.getters.objects(w) for w in a.many.get("through", []))
        (from_, from_edge, has_from), (to, to_edge, has_to) = side("from"), side("to")
        data_edge = [k for k, f in enumerate(("rise", "fall")) if f in a.flags]
        if len(data_edge) == 1 and to_edge is None:
            to_edge = data_edge[0]
        if not (has_from and has_to and all(through)):
            return  # A list of objects that do not exist was counted where it was made.
        if not (from_ or to or through) and rule in (Rule.FALSE, Rule.MULTICYCLE):
            raise TclError("-from, -through or -to is missing")
        both = not a.flags & {"setup", "hold"}
        setup = both or "setup" in a.flags
        # Without -setup and -hold a multicycle path moves the setup edge only.
        hold = "hold" in a.flags or (both and rule != Rule.MULTICYCLE)
        if rule.limits_delay:
            setup, hold = rule == Rule.MAX_DELAY, rule == Rule.MIN_DELAY
        based = True if "start" in a.flags else False if "end" in a.flags else None
        by_clock = any(item.kind in ("clock", "clocks") for item in to)
        if len(data_edge) == 1 and by_clock:
            raise TclError(
                "-rise and -fall of the data at registers of a clock are not understood; use -rise_to, -fall_to"
            )
        if to_edge is not None and not by_clock and rule != Rule.FALSE:
            raise TclError(f"an edge of the data is understood in set_false_path alone, not for a {rule}")
        made = PathException(
            rule, multiplier, setup, hold, based, from_, through, to, self.tcl.where, delay,
            "ignore_clock_latency" in a.flags, from_edge, to_edge, both and rule == Rule.MULTICYCLE,
        )  # fmt: skip
        if "reset_path" in a.flags:
            self._reset_path(replace(made, setup=setup, hold=both or hold))
        self._replace_exceptions(made)
        self.add("exceptions", made)

    def _replace_exceptions(self, made: PathException) -> None:
        """Take back what was said before of the same objects by the same rule."""

        def paths(e: PathException) -> tuple[object, ...]:
            sides = (self._names_of(e.from_), tuple(self._names_of(t) for t in e.through), self._names_of(e.to))
            return (*sides, e.from_edge, e.to_edge)

        self._take_back(made, [e for e in self.made.exceptions if paths(e) == paths(made) and e.rule == made.rule])

    def _reset_path(self, made: PathException) -> None:
        """Take back every exception whose paths are all among those of ``made`` (``-reset_path``).

        A side that is not given stands for all: ``-to`` alone takes back what begins anywhere.
        """
        gone = []
        for e in self.made.exceptions:
            whole, some = True, True
            for mine, theirs in ((made.from_, e.from_), (made.to, e.to)):
                if mine:
                    own, other = self._names_of(mine), self._names_of(theirs)
                    whole, some = whole and bool(other) and other <= own, some and bool(own & other)
            if made.through:
                same = [self._names_of(t) for t in made.through] == [self._names_of(t) for t in e.through]
                whole, some = whole and same, some and same
            edges = all(mine in (None, own) for mine, own in
                        ((made.from_edge, e.from_edge), (made.to_edge, e.to_edge)))  # fmt: skip
            if whole and edges:
                gone.append(e)
            elif some:
                raise TclError(f"-reset_path of a part of the paths of {e.where} is not understood; say that one anew")
        self._take_back(made, gone)

    def _take_back(self, made: PathException, gone: list[PathException]) -> None:
        """Take ``gone`` back for the checks that ``made`` is for."""
        kept = []
        for e in self.made.exceptions:
            if any(e is one for one in gone):
                e = replace(e, setup=e.setup and not made.setup, hold=e.hold and not made.hold)
            if e.setup or e.hold:
                kept.append(e)
        self.made = replace(self.made, exceptions=tuple(kept))

    _SIDES = "from rise_from fall_from to rise_to fall_to comment"
    _THROUGH = "through rise_through fall_through"

    def set_false_path(self, words: list[Value]) -> Value:
        a = self.arguments(words, "setup hold rise fall reset_path", self._SIDES, self._THROUGH)
        a.positional()
        self._exception(a, Rule.FALSE)
        return ""

    def set_multicycle_path(self, words: list[Value]) -> Value:
        a = self.arguments(words, "setup hold rise fall start end reset_path", self._SIDES, self._THROUGH)
        (count,) = a.positional("multiplier")
        value = a.number(count, "multiplier")
        if not abs(value) <= 1e6 or value != int(value):
            raise TclError(f"'{self.tcl.text(count)[:40]}' is no multiplier: a whole number is wanted")
        self._exception(a, Rule.MULTICYCLE, int(value))
        return ""

    def _path_delay(self, words: list[Value], rule: Rule) -> Value:
        a = self.arguments(words, "rise fall ignore_clock_latency reset_path probe", self._SIDES, self._THROUGH)
        (value,) = a.positional("delay")
        if "probe" in a.flags:
            raise TclError("-probe is not understood")
        self._exception(a, rule, delay=a.number(value, "delay") * self.time)
        return ""

    def set_max_delay(self, words: list[Value]) -> Value:
        return self._path_delay(words, Rule.MAX_DELAY)

    def set_min_delay(self, words: list[Value]) -> Value:
        return self._path_delay(words, Rule.MIN_DELAY)

    def set_case_analysis(self, words: list[Value]) -> Value:
        a = self.arguments(words, "", "")
        value, word = a.positional("value", "ports or pins")
        values = {"0": 0, "1": 1, "zero": 0, "one": 1}
        text = self.tcl.text(value).lower()
        if text not in values:
            raise TclError("the value is 0 or 1; an edge is not understood")
        self._case(word, values[text])
        return ""

    def _case(self, word: Value, value: int) -> None:
        objects = self.objects(word)
        if objects:
            self.add("cases", (objects, value))

    def set_logic_zero(self, words: list[Value]) -> Value:
        (word,) = self.arguments(words, "", "").positional("ports")
        self._case(word, 0)
        return ""

    def set_logic_one(self, words: list[Value]) -> Value:
        (word,) = self.arguments(words, "", "").positional("ports")
        self._case(word, 1)
        return ""

    def set_logic_dc(self, words: list[Value]) -> Value:
        self.arguments(words, "", "").positional("ports")
        self._note("set_logic_dc: timing takes either value")
        return ""

    def set_disable_timing(self, words: list[Value]) -> Value:
        a = self.arguments(words, "restore", "from to")
        (word,) = a.positional("objects")
        if "restore" in a.flags:
            raise TclError("-restore is not understood")
        objects = self.objects(word)
        if objects:
            self.add("disables", Disable(objects, a.text("from"), a.text("to")))
        return ""

    # ---- margins

    def set_timing_derate(self, words: list[Value]) -> Value:
        a = self.arguments(words, "early late rise fall cell_delay net_delay cell_check data clock", "")
        factor = a.number(a.rest[0], "derate") if a.rest else 0.0
        if not a.rest or len(a.rest) > 1 or "cell_check" in a.flags or a.flags & {"rise", "fall"}:
            raise TclError("takes one factor for all cells or nets: of objects, edges or checks it is not understood")
        if not 0 < factor < 100:
            raise TclError("a derate is a factor such as 0.95")
        if not a.flags & {"early", "late"}:
            raise TclError("-early or -late is missing")
        ends = [end for flag, end in (("early", "min"), ("late", "max")) if flag in a.flags]
        whats = [w for w in ("cell", "net") if f"{w}_delay" in a.flags] or ["cell", "net"]
        paths = [p for p in ("data", "clock") if p in a.flags] or ["data", "clock"]
        factors = {(e, w, p): factor for e in ends for w in whats for p in paths}
        self.made = replace(self.made, derates=Derates(self.made.derates.factors | factors))
        return ""

    def set_data_check(self, words: list[Value]) -> Value:
        a = self.arguments(words, "setup hold", "from to rise_from fall_from rise_to fall_to clock")
        (value,) = a.positional("margin")
        if a.values.keys() - {"from", "to"} or len(a.values) < 2:
            raise TclError("takes -from and -to; edges and -clock are not understood")
        amount = a.number(value, "margin") * self.time
        from_, to = (self.objects(a.values[k]) for k in ("from", "to"))
        setup, hold = _sides(a)
        if from_ and to:
            self.add(
                "data_checks", DataCheck(from_, to, amount if setup else None, amount if hold else None, self.tcl.where)
            )
        return ""

    def set_clock_gating_check(self, words: list[Value]) -> Value:
        a = self.arguments(words, "rise fall high low", "setup hold")
        if len(a.rest) > 1:
            raise TclError("takes one list of objects")
        values = {k: a.number(v, "margin") * self.time for k, v in a.values.items()}
        active = 1 if "high" in a.flags else 0 if "low" in a.flags else None
        if len(a.flags & {"rise", "fall"}) == 1:
            raise TclError("of one edge is not understood")
        whole = not a.rest or a.rest[0] == self.getters.current_design([])
        objects = () if whole else self.objects(a.rest[0])
        if whole or objects:
            self.add("gating_checks", GatingCheck(objects, values.get("setup"), values.get("hold"), active))
        return ""

    def set_max_time_borrow(self, words: list[Value]) -> Value:
        value, word = self.arguments(words, "", "").positional("limit", "objects")
        a = self.arguments([], "", "")
        objects = self.objects(word)
        if objects:
            self.add("borrows", TimeBorrow(objects, a.number(value, "limit") * self.time))
        return ""


def unit_factor(unit: str, dimension: Dimension) -> float:
    """Factor from a unit with or without a number before it to the internal unit."""
    unit = unit.replace(" ", "").replace("_", "")
    digits = unit[: len(unit) - len(unit.lstrip("0123456789.eE+-"))]
    name = unit[len(digits) :]
    if dimension == "resistance":
        name = re.sub("ohms?$", "ohm", name, flags=re.IGNORECASE)
    elif dimension == "time":
        name = name.lower()
    elif dimension == "capacitance":
        name = re.sub("f$", "F", name.lower()) if name else name
    scale = float(f"{float(digits or 1) * unit_scale(name, dimension):.12g}")
    if not 0 < scale < 1e18:
        raise InputError(f"'{unit}' is no unit of {dimension}")
    return scale


def parse_sdc(
    text: str, name: str = "<text>", time_unit: str = "1ns", capacitance_unit: str = "1pF", *, netlist: Netlist | None = None,
    checks: Checks | None = None, folder: Path | None = None, environment: Mapping[str, str] | None = None,
) -> Constraints:  # fmt: skip
    """Parse SDC text; see :func:`read_sdc`. ``folder`` is what ``source`` may read from."""
    sdc = _Sdc(
        unit_factor(time_unit, "time"),
        unit_factor(capacitance_unit, "capacitance"),
        netlist,
        checks,
        folder,
        environment or {},
    )
    try:
        sdc.tcl.run_file(text, name)
    except RecursionError:
        raise InputError(f"{sdc.tcl.where}: scripts or expressions are nested too deep") from None
    return sdc.made


def read_sdc(
    source: Path | str, time_unit: str = "1ns", capacitance_unit: str = "1pF", *, netlist: Netlist | None = None,
    checks: Checks | None = None, environment: Mapping[str, str] | None = None,
) -> Constraints:  # fmt: skip
    """Read an SDC file (a path), or SDC text (a string with a line end, or that starts with a command).

    Parameters
    ----------
    time_unit, capacitance_unit : str
        Units of its numbers, which SDC takes from the first Liberty unless ``set_units`` says otherwise: ``"1ns"``, ``"1fF"``.
    netlist : Netlist, optional
        Where given, names are looked up while the file is read, so that loops over ports and filters work.
    checks : Checks, optional
        Where commands that do not touch timing and names that do not exist are booked; without it the latter are errors.
    environment : mapping, optional
        Values of ``$::env(NAME)``; the process's own are not read.

    Raises
    ------
    InputError
        With file and line: a command or option that is not understood, a wrong number, an unknown clock.
    """
    if isinstance(source, str) and ("\n" in source or source.split(" ")[0] in _COMMANDS):
        return parse_sdc(
            source, "<sdc>", time_unit, capacitance_unit, netlist=netlist, checks=checks, environment=environment
        )
    path = Path(source)
    return parse_sdc(
        read_text(path), str(source), time_unit, capacitance_unit, netlist=netlist, checks=checks, folder=path.parent,
        environment=environment,
    )  # fmt: skip


__all__ = ["IGNORED", "is_number", "parse_sdc", "read_sdc", "unit_factor"]
