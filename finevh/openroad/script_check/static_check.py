"""Every command of every script, on every branch, against the command table; nothing is executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from finevh.base.tcl import Command, TclSyntaxError, Word, expression_scripts, parse_script
from finevh.openroad.script_check.findings import Finding
from finevh.openroad.script_check.table import CommandTable, judge_call, judge_method

# Tcl's own commands that a generated script may use, with the least and greatest number of arguments.
_TCL: Mapping[str, tuple[int, int | None]] = {
    "append": (1, None), "break": (0, 0), "catch": (1, 3), "close": (1, 1), "concat": (0, None), "continue": (0, 0),
    "dict": (1, None), "error": (1, 3), "exec": (1, None), "expr": (1, None), "fconfigure": (1, None), "file": (1, None),
    "for": (4, 4), "foreach": (3, None), "format": (1, None), "global": (1, None), "if": (2, None), "incr": (1, 2),
    "info": (1, None), "join": (1, 2), "lappend": (1, None), "lassign": (1, None), "lindex": (1, None), "list": (0, None),
    "llength": (1, 1), "lmap": (3, None), "lrange": (3, 3), "lreplace": (3, None),
    "lsearch": (2, None), "lsort": (1, None), "open": (1, 3),
    "proc": (3, 3), "puts": (1, 3), "read": (1, 2), "regexp": (2, None), "regsub": (3, None), "return": (0, None),
    "set": (1, 2), "source": (1, 1), "split": (1, 2), "string": (2, None), "switch": (2, None), "unset": (1, None),
    "upvar": (2, None), "variable": (1, None), "while": (2, 2),
}  # fmt: skip
# Commands whose effect cannot be read off the script; none has a place in a generated one.
_UNCHECKABLE = frozenset(
    {"after", "apply", "cd", "coroutine", "eval", "exit", "interp", "load", "namespace", "package", "rename", "socket",
     "subst", "tailcall", "thread", "trace", "uplevel", "vwait"}
)  # fmt: skip
# Tcl commands that take values: position of the first one, and where they end if names of variables follow.
_FIRST_VALUE: Mapping[str, int] = {"foreach": 2, "lassign": 1, "set": 2, "puts": 1, "dict": 3}
_END_VALUE: Mapping[str, int] = {"lassign": 2, "foreach": 3, "regsub": 0}
_TAKES_VALUES = frozenset(
    {"concat", "foreach", "lassign", "lindex", "list", "llength", "lrange", "puts", "return", "set", "split"}
)
_EXEC_ALLOWED = "flow.tcl"


@dataclass(frozen=True)
class Procedure:
    """A procedure of the scripts: least and greatest number of arguments."""

    least: int
    most: int | None


def check_statically(scripts: Mapping[str, str], table: CommandTable) -> list[Finding]:
    """Check the Tcl scripts among the files (``*.tcl``), each branch of each, and return what is wrong.

    Parameters
    ----------
    scripts
        File name -> text. Procedures of a script are known in every script that sources it, and in the script itself.
    table
        The command table.
    """
    findings: list[Finding] = []
    parsed: dict[str, list[Command]] = {}
    for name, text in scripts.items():
        if name.endswith(".tcl"):
            try:
                parsed[name] = list(parse_script(text))
            except TclSyntaxError as error:
                findings.append(Finding(name, error.line, error.reason))
    own = {name: _procedures(commands) for name, commands in parsed.items()}
    for name, commands in parsed.items():
        known = dict(own[name])
        for source in _sourced(commands):
            known |= own.get(source, {})
        variables = _variables(commands) | {
            v for source in _sourced(commands) for v in _variables(parsed.get(source, []))
        }
        walker = _Walker(name, table, known, variables)
        walker.walk_commands(commands)
        findings += walker.findings
    return findings


def _procedures(commands: list[Command]) -> dict[str, Procedure]:
    found: dict[str, Procedure] = {}
    for command in commands:
        if len(command.words) == 4 and command.words[0].value == "proc" and command.words[1].value:
            parameters = (command.words[2].value or "").split()
            endless = bool(parameters) and parameters[-1] == "args"
            count = len(parameters) - endless
            found[command.words[1].value] = Procedure(count, None if endless else count)
    return found


def _sourced(commands: list[Command]) -> Iterator[str]:
    for command in commands:
        if len(command.words) == 2 and command.words[0].value == "source" and command.words[1].value:
            yield command.words[1].value


def _variables(commands: list[Command]) -> set[str]:
    """Names that a script gives to variables by ``set``, ``lassign`` and ``foreach`` outside procedures."""
    found: set[str] = set()
    for command in commands:
        words = [word.value for word in command.words]
        if words[0] == "set" and len(words) > 1 and words[1]:
            found.add(words[1])
        elif words[0] == "lassign":
            found.update(word for word in words[2:] if word)
        elif words[0] == "foreach" and len(words) == 4:
            found.update((words[1] or "").split())
        if words[0] in ("foreach", "if", "for", "while"):
            for word in command.words[1:]:
                if word.kind == "braced" and "\n" in word.raw:
                    found |= _variables(_commands_of(word))
    return found


def _commands_of(body: Word) -> list[Command]:
    try:
        return list(parse_script(body.raw, body.line))
    except TclSyntaxError:
        return []  # the walk reports it


class _Walker:
    """Goes through one script and keeps what it finds."""

    def __init__(
        self, file: str, table: CommandTable, procedures: Mapping[str, Procedure], variables: set[str]
    ) -> None:
        self.variables = variables
        self.file = file
        self.table = table
        self.procedures = procedures
        self.findings: list[Finding] = []

    def report(self, line: int, message: str) -> None:
        self.findings.append(Finding(self.file, line, message))

    def walk(self, text: str, line: int) -> None:
        try:
            self.walk_commands(list(parse_script(text, line)))
        except TclSyntaxError as error:
            self.report(error.line, error.reason)

    def walk_commands(self, commands: list[Command]) -> None:
        for command in commands:
            for word in command.words:
                for text, line in word.nested:
                    self.walk(text, line)
            self.check(command)

    def check(self, command: Command) -> None:
        first, arguments = command.words[0], command.words[1:]
        complete = not any(word.expanded for word in command.words)
        if first.value is None:
            self._check_object_call(command)
            return
        name = first.value.removeprefix("::")
        if name in self.procedures or name in self.table.commands:
            self._suspect_names(command)
        if name in self.procedures:
            self._check_count(command, name, self.procedures[name].least, self.procedures[name].most, complete)
        elif name in self.table.commands:
            # A word of several pieces is never an option: its value is for a run to tell.
            values = [None if word.value is None else word.value for word in arguments]
            for problem in judge_call(self.table.commands[name], values, complete):
                self.report(command.line, problem)
        elif name in _UNCHECKABLE:
            self.report(command.line, f"'{name}': what it runs cannot be checked; write the commands out")
        elif name in _TCL:
            if name in _TAKES_VALUES or (name == "dict" and len(arguments) > 1):
                self._suspect_names(command)
            least, most = _TCL[name]
            if self._check_count(command, name, least, most, complete):
                self._check_tcl(name, command)
        else:
            self.report(command.line, f"unknown command '{name}'{self.table.nearest(name, [*_TCL, *self.procedures])}")

    def _check_count(self, command: Command, name: str, least: int, most: int | None, complete: bool) -> bool:
        count = len(command.words) - 1
        wrong = count < least or (most is not None and count > most)
        if wrong and complete:
            takes = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
            self.report(command.line, f"{name}: {count} arguments, takes {takes}")
        return not wrong

    def _suspect_names(self, command: Command) -> None:
        """A bare word that is also a variable is a forgotten dollar."""
        words = command.words
        for word in words[_FIRST_VALUE.get(words[0].value or "", 1) : _END_VALUE.get(words[0].value or "")]:
            if word.kind == "bare" and word.value in self.variables:
                self.report(word.line, f"'{word.value}' is the name of a variable: ${word.value} meant?")

    def _check_object_call(self, command: Command) -> None:
        """``$object method ...`` or ``[...] method ...``."""
        line = command.line
        self._suspect_names(command)
        if len(command.words) < 2 or command.words[1].value is None:
            self.report(line, f"the command '{command.words[0].raw}' is not a constant: it cannot be checked")
            return
        if not any(word.expanded for word in command.words):
            problem = judge_method(self.table, None, command.words[1].value, len(command.words) - 2)
            if problem:
                self.report(line, problem)

    def _check_tcl(self, name: str, command: Command) -> None:
        words = command.words
        if name == "exec" and self.file != _EXEC_ALLOWED:
            self.report(command.line, f"'exec' outside {_EXEC_ALLOWED}: a stage runs nothing but OpenROAD")
        if name == "if":
            self._check_if(command)
        elif name == "expr":
            for word in words[1:]:
                self._expression(word)
        elif name in ("while", "for"):
            test = words[1] if name == "while" else words[2]
            self._expression(test)
            for word in words[2:] if name == "while" else (words[1], words[3], words[4]):
                self._body(word)
        elif name in ("foreach", "lmap"):
            self._body(words[-1])
        elif name == "proc":
            self._procedure(words[2], words[3])
        elif name == "catch":
            self._body(words[1])
        elif name == "switch":
            self.report(command.line, "'switch': its arms are not checked here; write if and elseif")
        elif name == "dict" and len(words) > 2 and words[1].value in ("for", "map", "with", "update", "filter"):
            self.report(command.line, f"'dict {words[1].value}': its body is not checked here; write foreach")

    def _procedure(self, parameters: Word, body: Word) -> None:
        outside = self.variables
        self.variables = set((parameters.value or "").split()) | _variables(_commands_of(body))
        self._body(body)
        self.variables = outside

    def _check_if(self, command: Command) -> None:
        words, index = command.words, 1
        while index < len(words):
            if words[index - 1].value != "else":
                self._expression(words[index])
                index += 1
            if index < len(words) and words[index].value == "then":
                index += 1
            if index >= len(words):
                self.report(command.line, "if: a condition without a body")
                return
            self._body(words[index])
            index += 1
            if index < len(words):
                if words[index].value not in ("else", "elseif"):
                    self.report(
                        words[index].line, f"if: '{words[index].raw[:20]}' follows a body; expected else or elseif"
                    )
                    return
                index += 1
                if index >= len(words):
                    self.report(command.line, "if: else without a body")

    def _body(self, word: Word) -> None:
        if word.value is None:
            self.report(word.line, "a body that is not a constant cannot be checked")
        else:
            self.walk(word.raw if word.kind == "braced" else word.value, word.line)

    def _expression(self, word: Word) -> None:
        if word.kind != "braced":
            return
        try:
            for text, line in expression_scripts(word.raw, word.line):
                self.walk(text, line)
        except TclSyntaxError as error:
            self.report(error.line, error.reason)
