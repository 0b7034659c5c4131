"""The part of Tcl that constraint files use, run within bounds: no processes, no files but ``source`` inside the folder.

Values are texts, lists and collections of design objects, which commands of SDC make and take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finevh.base.quoting import tcl_list
from finevh.base.tcl import (
    Command,
    Part,
    TclSyntaxError,
    Variable,
    Word,
    parse_script,
    split_list,
    word_parts,
)
from finevh.constraints.expression import Expression, is_true
from finevh.constraints.tcl_commands import language
from finevh.constraints.values import Collection, Handler, TclError, Value
from finevh.errors import InputError

_MAX_STEPS = 100_000
"""Commands that loops and procedures may run; those of the file itself are not counted."""
_MAX_DEPTH = 60
_MAX_TEXT = 4_000_000


class _Return(Exception):  # noqa: N818
    def __init__(self, value: Value) -> None:
        self.value = value


class _Break(Exception):  # noqa: N818
    pass


class _Continue(Exception):  # noqa: N818
    pass


@dataclass
class _Procedure:
    parameters: list[tuple[str, str | None]]
    body: str
    file: str
    line: int


@dataclass
class _Frame:
    values: dict[str, Value] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    """Names that are those of the outermost frame."""


class Interpreter:
    """Runs scripts.

    Parameters
    ----------
    commands : mapping
        Commands beside the language's own: each takes its arguments and returns a value; it may raise :class:`TclError`.
    elements : callable
        The single objects of a collection, for loops and lists.
    unknown : callable
        Called with the name and arguments of a command that does not exist; raises, or returns a value.
    folder : Path, optional
        What ``source`` may read from.
    environment : mapping
        Values of ``env(NAME)``.
    """

    def __init__(
        self,
        commands: Mapping[str, Handler],
        elements: Callable[[Collection], list[Collection]],
        name_of: Callable[[Collection], list[str]],
        unknown: Callable[[str, list[Value]], Value],
        folder: Path | None,
        environment: Mapping[str, str],
        period_text: Callable[[float], str],
    ) -> None:
        self.commands: dict[str, Handler] = {**language(self), **commands}
        self.elements_of, self.names_of, self.unknown, self.folder = elements, name_of, unknown, folder
        self.period_text = period_text
        self.caught: Callable[[str], None] = lambda message: None
        """Told of the error that ``catch`` went on after."""
        self.procedures: dict[str, _Procedure] = {}
        self.frames = [_Frame({f"env({k})": v for k, v in environment.items()})]
        self.file, self.line = "<sdc>", 1
        self.steps, self.depth, self.nesting = 0, 0, 0
        self._parsed: dict[tuple[str, int], list[Command]] = {}

    @property
    def where(self) -> str:
        """``file:line`` of the running command."""
        return f"{self.file}:{self.line}"

    # ---- values

    def text(self, value: Value) -> str:
        """Text of a value: a list quoted as Tcl does it, a collection as its names."""
        if isinstance(value, str):
            return value
        if isinstance(value, Collection):
            names = self.names_of(value)
            return tcl_list(names) if len(names) != 1 else names[0]
        return self._bounded(tcl_list(self.text(item) for item in value))

    def items(self, value: Value) -> list[Value]:
        """Elements of a value taken as a list."""
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, Collection):
            return list(self.elements_of(value))
        try:
            return list(split_list(value))
        except TclSyntaxError as error:
            raise TclError(f"'{value[:60]}' is no list: {error.reason}") from None

    def _bounded(self, text: str) -> str:
        if len(text) > _MAX_TEXT:
            raise TclError(f"a value of more than {_MAX_TEXT} characters")
        return text

    def listed(self, items: Sequence[Value]) -> Value:
        """A list as a value, a text where all its elements are."""
        if all(isinstance(item, str) for item in items):
            return self._bounded(tcl_list([item for item in items if isinstance(item, str)]))
        return tuple(items)

    # ---- variables

    def _home(self, name: str) -> tuple[dict[str, Value], str]:
        if name.startswith("::"):
            return self.frames[0].values, name[2:]
        base = name.partition("(")[0]
        frame = self.frames[-1]
        return (self.frames[0].values if base in frame.shared else frame.values), name

    def get(self, name: str) -> Value:
        """Value of a variable.

        Raises
        ------
        TclError
            If it has none.
        """
        values, key = self._home(name)
        if key not in values:
            if key.startswith("env("):
                raise TclError(f"the environment variable '{key[4:-1]}' has no value here; give it with --env")
            raise TclError(f"no variable '{name}'")
        return values[key]

    def exists(self, name: str) -> bool:
        """Whether a variable, or an array of that name, has a value."""
        values, key = self._home(name)
        return key in values or any(k.startswith(key + "(") for k in values)

    def set(self, name: str, value: Value) -> Value:
        """Give a variable a value."""
        values, key = self._home(name)
        if isinstance(value, str):
            self._bounded(value)
        values[key] = value
        return value

    def unset(self, name: str) -> None:
        """Forget a variable or an array."""
        values, key = self._home(name)
        for known in [k for k in values if k == key or k.startswith(key + "(")]:
            del values[known]

    def array(self, name: str) -> dict[str, Value]:
        """Entries of an array by index."""
        values, key = self._home(name)
        return {k[len(key) + 1 : -1]: v for k, v in values.items() if k.startswith(key + "(") and k.endswith(")")}

    # ---- substitution

    def _part(self, part: Part) -> Value:
        if isinstance(part, str):
            return part
        if isinstance(part, Variable):
            if part.index is None:
                return self.get(part.name)
            return self.get(f"{part.name}({self._joined(part.index)})")
        return self.run(part.text, part.line)

    def _joined(self, parts: Iterable[Part]) -> str:
        return self._bounded("".join(self.text(self._part(part)) for part in parts))

    def substitute(self, text: str, line: int) -> str:
        """Text with variables and commands in it replaced."""
        return self._joined(word_parts(text, line))

    def _words(self, words: Iterable[Word]) -> list[Value]:
        found: list[Value] = []
        for word in words:
            value = self._part(word.parts[0]) if len(word.parts) == 1 else self._joined(word.parts)
            if word.expanded:
                found += self.items(value)
            else:
                found.append(value)
        return found

    def expression(self, words: Sequence[Value]) -> int | float | str:
        """Value of ``expr`` of the words."""
        text = " ".join(self.text(word) for word in words)
        return Expression(text, self.line, self.substitute).value()

    def condition(self, value: Value) -> bool:
        """Truth of an expression."""
        try:
            return is_true(self.expression([value]))
        except TclSyntaxError:
            raise
        except InputError as error:
            raise TclError(str(error)) from None

    # ---- commands

    def run(self, text: str, line: int = 1) -> Value:
        """Run a script whose first line has the number ``line``; returns the value of its last command.

        Raises
        ------
        InputError
            With file and line of the command.
        """
        key = (text, line)
        self.nesting += 1
        if self.nesting > _MAX_DEPTH:
            raise TclSyntaxError(line, f"scripts are nested more than {_MAX_DEPTH} deep")
        result: Value = ""
        before = self.line
        try:
            commands: Iterable[Command]
            if self.depth:
                if key not in self._parsed:
                    self._parsed[key] = list(parse_script(text, line))
                commands = self._parsed[key]
            else:
                commands = parse_script(text, line)
            for command in commands:
                result = self._run(command)
        finally:
            self.nesting -= 1
        self.line = before
        return result

    def _run(self, command: Command) -> Value:
        self.line = command.line
        if self.depth:
            self.steps += 1
            if self.steps > _MAX_STEPS:
                raise TclSyntaxError(command.line, f"loops and procedures ran more than {_MAX_STEPS} commands")
        words = self._words(command.words) if command.words else []
        self.line = command.line
        if not words:
            return ""
        name = self.text(words[0]).removeprefix("::")
        try:
            if name in self.procedures:
                return self._call(self.procedures[name], name, words[1:])
            handler = self.commands.get(name)
            if handler is None:
                return self.unknown(name, words[1:])
            return handler(words[1:])
        except TclError as error:
            raise InputError(f"{self.where}: {name}: {error}") from None

    def loop(self, body: str, line: int, results: list[Value] | None = None) -> bool:
        """Run the body of a loop once; False where it breaks off. Its value is added to ``results``."""
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise TclSyntaxError(line, f"loops and procedures ran more than {_MAX_STEPS} commands")
        self.depth += 1
        try:
            value = self.run(body, line)
            if results is not None:
                results.append(value)
        except _Break:
            return False
        except _Continue:
            pass
        finally:
            self.depth -= 1
        return True

    def leave(self, how: str, value: Value = "") -> None:
        """End a procedure or a pass of a loop."""
        raise {"return": _Return(value), "break": _Break(), "continue": _Continue()}[how]

    def define(self, name: str, parameters: Value, body: str) -> None:
        """Make a procedure."""
        known: list[tuple[str, str | None]] = []
        for item in self.items(parameters):
            pair = [self.text(x) for x in self.items(item)]
            known.append((pair[0] if pair else "", pair[1] if len(pair) > 1 else None))
        self.procedures[name.removeprefix("::")] = _Procedure(known, body, self.file, self.line)

    def _call(self, procedure: _Procedure, name: str, arguments: list[Value]) -> Value:
        frame = _Frame()
        at = 0
        for k, (parameter, default) in enumerate(procedure.parameters):
            if parameter == "args" and k == len(procedure.parameters) - 1:
                frame.values["args"] = self.listed(arguments[at:])
                at = len(arguments)
            elif at < len(arguments):
                frame.values[parameter] = arguments[at]
                at += 1
            elif default is not None:
                frame.values[parameter] = default
            else:
                raise TclError(f"takes {len(procedure.parameters)} arguments; {len(arguments)} given")
        if at < len(arguments):
            raise TclError(f"takes {len(procedure.parameters)} arguments; {len(arguments)} given")
        file, line = self.file, self.line
        self.frames.append(frame)
        self.depth += 1
        try:
            self.file = procedure.file
            return self.run(procedure.body, procedure.line)
        except _Return as left:
            return left.value
        except (_Break, _Continue):
            raise TclError("'break' or 'continue' outside a loop") from None
        finally:
            self.frames.pop()
            self.depth -= 1
            self.file, self.line = file, line

    def run_file(self, text: str, file: str) -> Value:
        """Run the text of a file; see :meth:`run`."""
        before = self.file, self.line
        self.file = file
        try:
            return self.run(text)
        except _Return as left:
            return left.value
        except (_Break, _Continue):
            raise InputError(f"{self.where}: 'break' or 'continue' outside a loop") from None
        except TclSyntaxError as error:
            raise InputError(f"{self.file}:{error.line}: {error.reason}") from None
        except TclError as error:
            raise InputError(f"{self.where}: {error}") from None
        finally:
            self.file, self.line = before
