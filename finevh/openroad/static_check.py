"""Every command of every script, on every branch, against the command table; nothing is executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from finevh.openroad.findings import Finding
from finevh.openroad.table import CommandTable, judge_call, judge_method
from finevh.openroad.tcl_parser import Command, TclSyntaxError, Word, expression_scripts, parse_script

# Tcl's own commands that a generated script may use, with the least and greatest number of arguments.
_TCL: Mapping[str, tuple[int, int | None]] = {
    "append": (1, None), "break": (0, 0), "catch": (1, 3), "close": (1, 1), "concat": (0, None), "continue": (0, 0),
    "dict": (1, None), "error": (1, 3), "exec": (1, None), "expr": (1, None), "fconfigure": (1, None), "file": (1, None),
    "for": (4, 4), "foreach": (3, None), "format": (1, None), "global": (1, None), "if": (2, None), "incr": (1, 2),
    "info": (1, None), "join": (1, 2), "lappend": (1, None), "lassign": (1, None), "lindex": (1, None), "list": (0, None),
    "llength": (1, 1), "lmap": (3, None), "lrange": (3, 3), "lsearch": (2, None), "lsort": (1, None), "open": (1, 3),
    "proc": (3, 3), "puts": (1, 3), "read": (1, 2), "regexp": (2, None), "regsub": (3, None), "return": (0, None),
    "set": (1, 2), "source": (1, 1), "split": (1, 2), "string": (2, None), "switch": (2, None), "unset": (1, None),
    "upvar": (2, None), "variable": (1, None), "while": (2, 2),
}  # fmt: skip
# Commands whose effect cannot be read off the script; none has a place in a generated one.
_UNCHECKABLE = frozenset(
    {"after", "apply", "cd", "coroutine", "eval", "exit", "interp", "load", "namespace", "package", "rename", "socket",
     "subst", "tailcall", "thread", "trace", "uplevel", "vwait"}
)  # fmt: skip
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
        walker = _Walker(name, table, known)
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


class _Walker:
    """Goes through one script and keeps what it finds."""

    def __init__(self, file: str, table: CommandTable, procedures: Mapping[str, Procedure]) -> None:
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
            least, most = _TCL[name]
            self._check_count(command, name, least, most, complete)
            self._check_tcl(name, command)
        else:
            self.report(command.line, f"unknown command '{name}'{self.table.nearest(name, [*_TCL, *self.procedures])}")

    def _check_count(self, command: Command, name: str, least: int, most: int | None, complete: bool) -> None:
        count = len(command.words) - 1
        if complete and (count < least or (most is not None and count > most)):
            takes = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
            self.report(command.line, f"{name}: {count} arguments, takes {takes}")

    def _check_object_call(self, command: Command) -> None:
        """``$object method ...`` or ``[...] method ...``."""
        line = command.line
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
            for word in (words[2:] if name == "while" else (words[1], words[3], words[4])):
                self._body(word)
        elif name in ("foreach", "lmap"):
            self._body(words[-1])
        elif name == "proc":
            self._body(words[3])
        elif name == "catch":
            self._body(words[1])
        elif name == "switch":
            self.report(command.line, "'switch': its arms are not checked here; write if and elseif")
        elif name == "dict" and len(words) > 2 and words[1].value in ("for", "map", "with", "update", "filter"):
            self.report(command.line, f"'dict {words[1].value}': its body is not checked here; write foreach")

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
                    self.report(words[index].line, f"if: '{words[index].raw[:20]}' follows a body; expected else or elseif")
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
