"""SDC constraints to :class:`Constraints`; a command or option that is not understood is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from finevh.constraints.model import (
    Clock,
    Constraints,
    DrivingCell,
    Objects,
    PathException,
    PortDelay,
    PortValue,
)
from finevh.constraints.tcl import Call, Word, commands, split_list
from finevh.errors import InputError
from finevh.netlist.verilog import read_text
from finevh.units import Dimension, unit_scale

_GETTERS = {"get_ports": "port", "get_pins": "pin", "get_clocks": "clock", "get_cells": "cell", "get_nets": "net"}
_COMMANDS = (
    "set_units", "create_clock", "set_input_delay", "set_output_delay", "set_input_transition", "set_load", "set_driving_cell",
    "set_clock_uncertainty", "set_false_path", "set_multicycle_path", "set_case_analysis",
)  # fmt: skip
_ALL = {"all_inputs": "inputs", "all_outputs": "outputs", "all_clocks": "clocks"}


class _Arguments:
    """Words of one command split into flags, options with a value and positional words."""

    def __init__(self, where: str, words: list[Word], flags: str, valued: str, repeated: str = "") -> None:
        self.where, self.command = where, str(words[0])
        known_flags, known_valued, known_many = flags.split(), valued.split(), repeated.split()
        self.flags: set[str] = set()
        self.values: dict[str, Word] = {}
        self.many: dict[str, list[Word]] = {}
        self.rest: list[Word] = []
        at = 1
        while at < len(words):
            word = words[at]
            at += 1
            if not isinstance(word, str) or word[:1] != "-" or _is_number(word):
                self.rest.append(word)
                continue
            name = self._expand(word[1:], known_flags + known_valued + known_many)
            if name in known_flags:
                self.flags.add(name)
                continue
            if at == len(words):
                raise self.fail(f"-{name} has no value")
            if name in known_valued:
                self.values[name] = words[at]
            else:
                self.many.setdefault(name, []).append(words[at])
            at += 1

    def _expand(self, name: str, known: list[str]) -> str:
        hits = [k for k in known if k == name] or [k for k in known if k.startswith(name)]
        if len(hits) != 1:
            raise self.fail(f"option '-{name}' is not understood; known: {', '.join('-' + k for k in known)}")
        return hits[0]

    def fail(self, message: str) -> InputError:
        return InputError(f"{self.where}: {self.command}: {message}")

    def number(self, word: Word, what: str) -> float:
        if not isinstance(word, str) or not _is_number(word):
            raise self.fail(f"'{word if isinstance(word, str) else '[...]'}' is no number for the {what}")
        return float(word)

    def positional(self, *names: str) -> list[Word]:
        if len(self.rest) != len(names):
            raise self.fail(f"takes {' and '.join(names) or 'options only'}; {len(self.rest)} words given")
        return self.rest

    def text(self, name: str, default: str = "") -> str:
        word = self.values.get(name, default)
        if isinstance(word, Call):
            items = self.objects(word)
            if len(items) != 1 or len(items[0].patterns) != 1:
                raise self.fail(f"-{name} takes one name")
            return items[0].patterns[0]
        return word

    def objects(self, word: Word, kind: str = "any") -> tuple[Objects, ...]:
        """Objects that a word names: patterns, getter calls, or a list of both."""
        if isinstance(word, str):
            found: list[Objects] = []
            names: list[str] = []
            for item in split_list(word):
                if item.startswith("[") and item.endswith("]"):
                    for where, inner in commands(item, self.where):
                        del where
                        found += [o for w in inner for o in self.objects(w, kind)]
                else:
                    names.append(item)
            return (*found, *([Objects(kind, tuple(names), self.where)] if names else []))
        head = word.words[0] if word.words else ""
        if head == "list" or head == "concat":
            return tuple(o for w in word.words[1:] for o in self.objects(w, kind))
        if isinstance(head, str) and head in _ALL:
            if len(word.words) > 1 and word.words[1] != "-no_clocks":
                raise InputError(f"{word.where}: {head} with arguments is not understood")
            kind = "inputs_no_clocks" if len(word.words) > 1 and head == "all_inputs" else _ALL[head]
            return (Objects(kind, (), word.where),)
        if not isinstance(head, str) or head not in _GETTERS:
            raise InputError(f"{word.where}: '[{head}' is not understood here; use get_ports, get_pins, get_clocks")
        patterns: list[str] = []
        for part in word.words[1:]:
            if isinstance(part, Call):
                raise InputError(f"{word.where}: {head} of a nested command is not understood")
            if part.startswith("-") and part != "-quiet":
                raise InputError(f"{word.where}: {head}: option '{part}' is not understood")
            if not part.startswith("-"):
                patterns += split_list(part)
        if not patterns:
            raise InputError(f"{word.where}: {head} without a name")
        return (Objects(_GETTERS[head], tuple(patterns), word.where),)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _ends(arguments: _Arguments, value: float) -> dict[tuple[str, int], float]:
    """A value for each chosen end and edge; all four where none is chosen."""
    flags = arguments.flags
    ends = [e for e in ("max", "min") if e in flags] or ["max", "min"]
    edges = [k for k, e in enumerate(("rise", "fall")) if e in flags] or [0, 1]
    return {(end, edge): value for end in ends for edge in edges}


class _Sdc:
    """Constraints under construction."""

    def __init__(self, time: float, capacitance: float) -> None:
        self.time, self.capacitance = time, capacitance
        self.made = Constraints()
        self.clock_defaults: list[tuple[_Arguments, tuple[Objects, ...]]] = []

    def add(self, column: str, item: object) -> None:
        changes: dict[str, Any] = {column: (*getattr(self.made, column), item)}
        self.made = replace(self.made, **changes)

    def set_units(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "", "time capacitance resistance voltage current power distance")
        a.positional()
        if "time" in a.values:
            self.time = _scale(a.text("time"), "time")
        if "capacitance" in a.values:
            self.capacitance = _scale(a.text("capacitance"), "capacitance")

    def create_clock(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "add", "name period waveform comment")
        if len(a.rest) > 1:
            raise a.fail("takes one list of ports")
        sources = a.objects(a.rest[0], "port") if a.rest else ()
        name = a.text("name") or (sources[0].patterns[0] if sources and sources[0].patterns else "")
        if not name:
            raise a.fail("a clock without ports needs -name")
        if "period" not in a.values:
            raise a.fail("-period is missing")
        period = a.number(a.values["period"], "period") * self.time
        if not period > 0:
            raise a.fail("the period must be positive")
        edges = [0.0, period / 2]
        if "waveform" in a.values:
            waveform = a.values["waveform"]
            items = split_list(waveform) if isinstance(waveform, str) else []
            if len(items) != 2:
                raise a.fail("-waveform takes a rise and a fall time, as in {0 5}")
            edges = [a.number(x, "waveform") * self.time for x in items]
        if any(c.name == name for c in self.made.clocks):
            raise a.fail(f"clock '{name}' exists already")
        self.add("clocks", Clock(name, period, edges[0], edges[1], sources))

    def _port_delay(self, where: str, words: list[Word], column: str) -> None:
        a = _Arguments(
            where,
            words,
            "clock_fall rise fall max min add_delay network_latency_included source_latency_included",
            "clock",
        )
        delay, ports = a.positional("delay", "ports")
        clock = a.text("clock")
        if not clock:
            raise a.fail("-clock is missing: a delay is relative to a clock")
        if not any(c.name == clock for c in self.made.clocks):
            raise a.fail(f"no clock '{clock}'; create_clock comes first")
        value = a.number(delay, "delay") * self.time
        self.add(column, PortDelay(a.objects(ports, "port"), clock, "clock_fall" in a.flags, _ends(a, value)))

    def set_input_delay(self, where: str, words: list[Word]) -> None:
        self._port_delay(where, words, "input_delays")

    def set_output_delay(self, where: str, words: list[Word]) -> None:
        self._port_delay(where, words, "output_delays")

    def set_input_transition(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "rise fall max min", "")
        value, ports = a.positional("transition", "ports")
        ends = _ends(a, a.number(value, "transition") * self.time)
        self.add("transitions", PortValue(a.objects(ports, "port"), ends))

    def set_load(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "pin_load min max rise fall", "")
        value, ports = a.positional("capacitance", "ports")
        ends = _ends(a, a.number(value, "capacitance") * self.capacitance)
        self.add("loads", PortValue(a.objects(ports, "port"), ends))

    def set_driving_cell(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "", "lib_cell library pin from_pin input_transition_rise input_transition_fall")
        (ports,) = a.positional("ports")
        cell = a.text("lib_cell")
        if not cell:
            raise a.fail("-lib_cell is missing")
        slews = [
            a.number(a.values.get(f"input_transition_{e}", "0"), "transition") * self.time for e in ("rise", "fall")
        ]
        self.add(
            "driving_cells",
            DrivingCell(a.objects(ports, "port"), cell.split("/")[-1], a.text("pin"), a.text("from_pin"), *slews),
        )

    def set_clock_uncertainty(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "setup hold", "")
        value, named = a.positional("uncertainty", "clocks")
        amount = a.number(value, "uncertainty") * self.time
        items = a.objects(named, "clock")
        names = {c.name for c in self.made.clocks}
        chosen: set[str] = set()
        for item in items:
            chosen |= names if item.kind == "clocks" else set(item.patterns)
        if chosen - names:
            raise a.fail(f"no clock '{sorted(chosen - names)[0]}'; create_clock comes first")
        both = not a.flags & {"setup", "hold"}
        changes: dict[str, Any] = {}
        for end in ("setup", "hold"):
            if both or end in a.flags:
                changes[f"{end}_uncertainty"] = amount
        clocks = tuple(replace(c, **changes) if c.name in chosen else c for c in self.made.clocks)
        self.made = replace(self.made, clocks=clocks)

    def _exception(self, a: _Arguments, multiplier: int, false_path: bool) -> None:
        def objects(name: str) -> tuple[Objects, ...]:
            return a.objects(a.values[name]) if name in a.values else ()

        through = tuple(a.objects(w) for w in a.many.get("through", []))
        from_, to = objects("from"), objects("to")
        if not (from_ or to or through):
            raise a.fail("-from, -through or -to is missing")
        both = not a.flags & {"setup", "hold"}
        setup = both or "setup" in a.flags
        # Without -setup and -hold a multicycle path moves the setup edge only.
        hold = "hold" in a.flags or (both and false_path)
        based = True if "start" in a.flags else False if "end" in a.flags else None
        self.add("exceptions", PathException(false_path, multiplier, setup, hold, based, from_, through, to, a.where))

    def set_false_path(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "setup hold", "from to comment", "through")
        a.positional()
        self._exception(a, 1, True)

    def set_multicycle_path(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "setup hold start end", "from to comment", "through")
        (count,) = a.positional("multiplier")
        value = a.number(count, "multiplier")
        if value != int(value) or value < 0:
            raise a.fail(f"'{count}' is no multiplier: a whole number is wanted")
        self._exception(a, int(value), False)

    def set_case_analysis(self, where: str, words: list[Word]) -> None:
        a = _Arguments(where, words, "", "")
        value, objects = a.positional("value", "ports or pins")
        values = {"0": 0, "1": 1, "zero": 0, "one": 1}
        if not isinstance(value, str) or value not in values:
            raise a.fail("the value is 0 or 1")
        self.add("cases", (a.objects(objects), values[value]))


def parse_sdc(text: str, name: str = "<text>", time_unit: str = "1ns", capacitance_unit: str = "1pF") -> Constraints:
    """Parse SDC text; see :func:`read_sdc`."""
    sdc = _Sdc(_scale(time_unit, "time"), _scale(capacitance_unit, "capacitance"))
    handlers: dict[str, Callable[[str, list[Word]], None]] = {k: getattr(sdc, k) for k in _COMMANDS}
    for where, words in commands(text, name):
        head = words[0]
        handler = handlers.get(head) if isinstance(head, str) else None
        if handler is None:
            shown = head if isinstance(head, str) else "[...]"
            raise InputError(f"{where}: the command '{shown}' is not understood; known: {', '.join(sorted(handlers))}")
        handler(where, words)
    return sdc.made


def _scale(unit: str, dimension: Dimension) -> float:
    digits = unit[: len(unit) - len(unit.lstrip("0123456789."))]
    return float(f"{float(digits or 1) * unit_scale(unit[len(digits) :], dimension):.12g}")


def read_sdc(source: Path | str, time_unit: str = "1ns", capacitance_unit: str = "1pF") -> Constraints:
    """Read an SDC file (a path), or SDC text (a string with a line end, or that starts with a command).

    Parameters
    ----------
    time_unit, capacitance_unit : str
        Units of its numbers, which SDC takes from the Liberty: ``"1ns"``, ``"1fF"``.

    Raises
    ------
    InputError
        With file and line: a command or option that is not understood, a wrong number, an unknown clock.
    """
    if isinstance(source, str) and ("\n" in source or source.split(" ")[0] in _COMMANDS):
        return parse_sdc(source, "<sdc>", time_unit, capacitance_unit)
    return parse_sdc(read_text(source), str(source), time_unit, capacitance_unit)
