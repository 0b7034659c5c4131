"""The command table that ships with the package, and the judgement of one call against it."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from finevh.base.tcl import TclSyntaxError, split_list

Argument = str | None
"""The value of a word, or None where only a run of the tool would tell."""

_KEYWORD = re.compile(r"-[A-Za-z]\w*\Z")
_TOKEN = re.compile(r"\[|\]|\(|\)|\||\.\.\.|\{[^{}]*\}|<[^<>]*>|[^\s\[\]()|]+")


@dataclass(frozen=True)
class CommandSpec:
    """What one command takes.

    ``keys``: options with a value; ``flags``: options without. ``arguments``: least and greatest number of the others,
    None where nothing is known or no limit holds. The other fields are those of ``flow_commands.toml``.
    """

    name: str
    keys: frozenset[str]
    flags: frozenset[str]
    arguments: tuple[int, int | None] | None
    known_options: bool = True
    rules: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CommandTable:
    """All commands, the methods of the database's classes, and the versions that they were read from."""

    version: Mapping[str, str]
    commands: Mapping[str, CommandSpec]
    methods: Mapping[str, Mapping[str, tuple[int, int, str]]]
    """Class -> method -> (least, greatest number of arguments, class of what it returns)."""

    def nearest(self, name: str, extra: Iterable[str] = ()) -> str:
        """Return " (nearest known: ...)", or nothing where no name resembles."""
        return _nearest(name, [*self.commands, *extra])


@dataclass(frozen=True)
class Call:
    """A call split by its specification: option -> value (None for flags), and the remaining arguments."""

    options: Mapping[str, Argument]
    arguments: tuple[Argument, ...]
    counts: Mapping[str, int]


@lru_cache(maxsize=1)
def load_table() -> CommandTable:
    """Return the shipped table: OpenROAD's and OpenSTA's commands with the flow's own rules, and odb's methods."""
    folder = resources.files("finevh.openroad.script_check")
    raw = json.loads((folder / "commands.json").read_text(encoding="utf-8"))
    odb = json.loads((folder / "odb_methods.json").read_text(encoding="utf-8"))
    rules: dict[str, dict[str, Any]] = tomllib.loads((folder / "flow_commands.toml").read_text(encoding="utf-8"))
    commands = {name: _spec(name, entry, rules.get(name, {})) for name, entry in raw["commands"].items()}
    for name, rule in rules.items():
        commands.setdefault(name, _spec(name, {"usage": "", "keys": [], "flags": []}, rule))
    for name, (least, most, returns) in odb["static"].items():
        commands[name] = CommandSpec(name, frozenset(), frozenset(), (least, most), rules={"returns": returns})
    methods = {
        owner: {name: (least, most, returns) for name, (least, most, returns) in entries.items()}
        for owner, entries in odb["classes"].items()
    }
    methods["staInstance"] = {"cell": (0, 0, "staCell"), "liberty_cell": (0, 0, "staLibertyCell")}
    methods["staCell"] = {"find_port": (1, 1, "staPort")}
    methods["staPort"] = {}
    methods["staLibertyCell"] = {}
    return CommandTable(raw["version"], commands, methods)


def judge_call(spec: CommandSpec, words: Sequence[Argument], complete: bool = True) -> list[str]:
    """Return what is wrong with a call, in words without a place.

    Parameters
    ----------
    spec
        The command.
    words
        The arguments; None for a word whose value only a run would tell.
    complete
        False if a list expansion may add words that are not seen: then nothing is said about what is missing.
    """
    problems: list[str] = []
    call = _split(spec, words, problems)
    if complete:
        problems += _count_problems(spec, call)
        problems += _missing_options(spec, call)
    problems += _value_problems(spec, call)
    return [f"{spec.name}: {problem}" for problem in problems]


def split_call(spec: CommandSpec, words: Sequence[Argument]) -> Call:
    """Return the options and arguments of a call, whatever is wrong with it."""
    return _split(spec, words, [])


def judge_method(table: CommandTable, owner: str | None, method: str, count: int) -> str | None:
    """Return what is wrong with a method call of an odb or sta object, None if nothing is.

    ``owner`` is its class, or None where it is not known: then the method of any class will do.
    """
    owners = [owner] if owner else list(table.methods)
    found = [table.methods[name][method] for name in owners if method in table.methods[name]]
    if not found:
        known = [name for each in owners for name in table.methods[each]]
        return f"no method '{method}'{f' of {owner}' if owner else ''}{_nearest(method, known)}"
    if not any(least <= count <= most for least, most, _ in found):
        least, most = min(entry[0] for entry in found), max(entry[1] for entry in found)
        return f"method {method}: {count} arguments, takes {_range(least, most)}"
    return None


def _spec(name: str, entry: Mapping[str, Any], rules: Mapping[str, Any]) -> CommandSpec:
    usage = entry["usage"]
    keys, flags, least, most = _read_usage(usage or "")
    # The lists in the source know best which options take a value; the usage line names options that they lack.
    known_keys = frozenset(entry["keys"]) | (keys - frozenset(entry["flags"])) | frozenset(rules.get("keys", ()))
    known_flags = (frozenset(entry["flags"]) | flags) - known_keys
    arguments: tuple[int, int | None] | None = (least, most) if usage is not None else None
    if "arguments" in rules:
        arguments = (rules["arguments"][0], rules["arguments"][1])
    known_options = usage is not None or bool(entry["keys"] or entry["flags"])
    return CommandSpec(name, known_keys, known_flags, arguments, known_options, rules)


def _read_usage(usage: str) -> tuple[frozenset[str], frozenset[str], int, int | None]:
    """Options with and without a value, and how many arguments, of a usage line such as ``[-a x] [-b] file``."""
    keys: set[str] = set()
    flags: set[str] = set()
    least, most, depth, endless, after_bar = 0, 0, 0, False, False
    tokens = _TOKEN.findall(usage)
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token in "[(":
            depth += token == "["
            after_bar = False
        elif token in "])":
            depth -= token == "]"
            after_bar = False
        elif token == "|":
            after_bar = True
        elif token == "..." or token.endswith("..."):
            endless = True
        elif token in (">", ">>"):
            index += 1
        elif _KEYWORD.match(token):
            following = tokens[index + 1] if index + 1 < len(tokens) else "]"
            if following in "[](|)" or _KEYWORD.match(following):
                flags.add(token)
            else:
                keys.add(token)
                index += 1
            after_bar = False
        elif not after_bar:
            most += 1
            least += depth == 0
        index += 1
    return frozenset(keys), frozenset(flags - keys), least, None if endless else most


def _split(spec: CommandSpec, words: Sequence[Argument], problems: list[str]) -> Call:
    if "::" in spec.name:
        return Call({}, tuple(words), {})  # functions of the C++ side know no options: a name may begin with a dash
    options: dict[str, Argument] = {}
    counts: dict[str, int] = {}
    arguments: list[Argument] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word in (">", ">>") and spec.rules.get("redirects"):
            if index + 1 == len(words):
                problems.append("the redirection names no file")
            else:
                options[">"] = words[index + 1]
            index += 2
            continue
        if word is None or not _KEYWORD.match(word):
            arguments.append(word)
        elif word in spec.keys:
            if index + 1 == len(words):
                problems.append(f"option {word} has no value")
                options[word] = None
            else:
                options[word] = words[index + 1]
                _suspect_value(word, words[index + 1], spec, problems)
            counts[word] = counts.get(word, 0) + 1
            index += 1
        elif word in spec.flags or not spec.known_options:
            options[word] = None
            counts[word] = counts.get(word, 0) + 1
        else:
            problems.append(f"unknown option {word}{_nearest(word, spec.keys | spec.flags)}")
        index += 1
    return Call(options, tuple(arguments), counts)


def _suspect_value(option: str, value: Argument, spec: CommandSpec, problems: list[str]) -> None:
    if value in spec.keys or value in spec.flags:
        problems.append(f"option {option} has no value: {value} follows")


def _count_problems(spec: CommandSpec, call: Call) -> list[str]:
    if spec.arguments is None:
        return []
    least, most = spec.arguments
    count = len(call.arguments)
    if count < least or (most is not None and count > most):
        return [f"{count} arguments beside the options, takes {_range(least, most)}"]
    return []


def _missing_options(spec: CommandSpec, call: Call) -> list[str]:
    rules, problems = spec.rules, []

    def absent(option: str | int) -> bool:
        return len(call.arguments) <= option if isinstance(option, int) else option not in call.options

    def name(option: str | int) -> str:
        return f"argument {option + 1}" if isinstance(option, int) else str(option)

    problems += [f"needs {name(option)}" for option in rules.get("needs", ()) if absent(option)]
    problems += [f"this flow always states {name(option)}" for option in rules.get("states", ()) if absent(option)]
    for group in rules.get("any_of", ()):
        if all(absent(option) for option in group):
            problems.append("needs one of " + ", ".join(group))
    for present, group in rules.get("any_of_with", {}).items():
        if not absent(present) and all(absent(option) for option in group):
            problems.append(f"{present} needs " + " or ".join(group))
    for present, group in rules.get("states_with", {}).items():
        problems += [f"this flow always states {o} with {present}" for o in group if not absent(present) and absent(o)]
    for lacking, group in rules.get("states_without", {}).items():
        problems += [f"this flow always states {o} without {lacking}" for o in group if absent(lacking) and absent(o)]
    for present, group in rules.get("forbids_with", {}).items():
        problems += [f"{present} excludes {o}" for o in group if not absent(present) and not absent(o)]
    problems += _missing_by_value(rules.get("states_unless", {}), call)
    for option, times in rules.get("repeats", {}).items():
        if 0 < call.counts.get(option, 0) < times:
            problems.append(f"needs {option} at least {times} times")
    return problems


def _missing_by_value(rule: Mapping[str, Any], call: Call) -> list[str]:
    """``states_unless = {"-name" = "Core", options = [...]}``: options demanded unless the named option has that value."""
    problems: list[str] = []
    for option, value in rule.items():
        if option != "options" and call.options.get(option) not in (None, value):
            absent = [each for each in rule["options"] if each not in call.options]
            problems += [f"needs {each} for {option} {call.options[option]}" for each in absent]
    return problems


def _value_problems(spec: CommandSpec, call: Call) -> list[str]:
    problems: list[str] = []
    for where, kind in spec.rules.get("values", {}).items():
        if where.isdigit():
            value = call.arguments[int(where)] if int(where) < len(call.arguments) else None
            label = f"argument {int(where) + 1}"
        else:
            value, label = call.options.get(where), where
        if value is not None and not _is_of_kind(value, kind):
            problems.append(f"{label} is '{value}', not {_KIND_WORDS.get(kind, 'one of ' + kind)}")
    return problems


_KIND_WORDS = {
    "number": "a number",
    "positive": "a positive number",
    "count": "a whole number from 0",
    "percent": "a percentage",
    "pair": "two numbers",
    "box": "four numbers, lower left before upper right",
    "layers": "a list of two layers",
}


def _is_of_kind(value: str, kind: str) -> bool:
    if kind in ("number", "positive", "count", "percent"):
        number = _as_number(value)
        if number is None:
            return False
        whole = number >= 0 and number == int(number)
        return {"number": True, "positive": number > 0, "count": whole, "percent": 0 <= number <= 100}[kind]
    if kind in ("pair", "box", "layers"):
        try:
            items = split_list(value)
        except TclSyntaxError:
            return False
        if kind == "layers":
            return len(items) == 2
        numbers = [number for item in items if (number := _as_number(item)) is not None]
        if len(numbers) != len(items) or len(numbers) != (2 if kind == "pair" else 4):
            return False
        return kind == "pair" or (numbers[0] < numbers[2] and numbers[1] < numbers[3])
    return value in kind.split("|")


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _range(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (nearest known: {close[0]})" if close else ""
