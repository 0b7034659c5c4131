"""Verilog's preprocessor: directives followed, comments and attributes blanked, every character's file and line known."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from finevh.base.files import read_input
from finevh.base.packed import PackedError, unpack
from finevh.errors import InputError

__all__ = ["SourceText", "preprocess", "read_text"]

_MARK = re.compile(r"//|/\*|\(\*|\\\S++|\"|`")
_WORD = re.compile(r"[A-Za-z_][\w$]*")
_PRAGMA = re.compile(
    r"\s*(?:synopsys|synthesis|pragma|cadence|ambit\s+synthesis)\s+(?:rtl_synthesis\s+)?translate_(on|off)\b"
)
_IGNORED = frozenset(
    ("timescale", "default_nettype", "celldefine", "endcelldefine", "resetall", "line", "pragma", "unconnected_drive",
     "nounconnected_drive", "default_decay_time", "default_trireg_strength", "delay_mode_path", "delay_mode_unit",
     "delay_mode_zero", "delay_mode_distributed", "suppress_faults", "enable_portfaults", "disable_portfaults",
     "nosuppress_faults", "begin_keywords", "end_keywords")
)  # fmt: skip
"""Directives that a mapped netlist's meaning does not depend on; they end with their line."""
_MOST_DEPTH = 32
_MOST_CONDITIONS = 1000
"""Of `ifdef, one in another."""
_MOST_EXPANDED = 1 << 26
"""Characters that macros and included files may make of a text."""


def read_text(path: Path | str) -> str:
    """Read a text file, gzip-compressed when its name ends in ``.gz``.

    Raises
    ------
    InputError
        If the file is missing, or its compression is damaged or truncated.
    """
    path = Path(path)
    try:
        data = unpack(read_input(path))
    except PackedError as error:
        raise InputError(f"{path}: {error}; copy the file again") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    return data.decode("latin-1")


class SourceText:
    """A text put together from files, that can say where a position is."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.starts = [0]
        self.places = [(name, 1)]
        """File and line of the text from each of ``starts`` on."""
        self._counted = (0, 0, 0)
        """Of the last question: part, position, line ends before it in the part; questions mostly come in order."""

    def where(self, position: int) -> str:
        """``file:line`` of a character position."""
        k = bisect_right(self.starts, position) - 1
        name, line = self.places[k]
        part, last, ends = self._counted
        if part != k or last > position:
            last, ends = self.starts[k], 0
        ends += self.text.count("\n", last, position)
        self._counted = (k, position, ends)
        return f"{name}:{line + ends}"


@dataclass
class _Condition:
    """One ```ifdef``: whether its text is kept now, and whether any of its branches was."""

    kept: bool
    taken: bool
    at: str


@dataclass(frozen=True)
class _Macro:
    """A ```define``: names of its arguments (None for one without parentheses) and its text."""

    arguments: tuple[str, ...] | None
    text: str


class _Preprocessor:
    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        self.parts: list[str] = []
        self.size = 0
        self.result = SourceText(name, "")
        self.macros: dict[str, _Macro] = {}
        self.conditions: list[_Condition] = []
        self.off = False
        """Between translate_off and translate_on."""

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)
        if self.size > self.limit:
            raise InputError(f"{self.name}: macros and included files make more than {self.limit} characters of it")

    def kept(self) -> bool:
        return not self.off and all(condition.kept for condition in self.conditions)

    def place(self, name: str, line: int) -> None:
        """What follows is from that file and line."""
        self.result.starts.append(self.size)
        self.result.places.append((name, line))

    def skip(self, text: str, start: int, stop: int) -> None:
        """Leave text out, but for its line ends."""
        self.put(" " + "\n" * text.count("\n", start, stop))

    def run(self, text: str, name: str, folder: Path | None, depth: int, line: int = 1) -> None:
        """Go through one file, or one macro's expansion at a line of it."""
        at = 0
        source = SourceText(name, text)
        source.places = [(name, line)]
        while match := _MARK.search(text, at):
            mark = match.group()
            if match.start() > at:
                self.piece(text, at, match.start())
            if mark[0] == "\\":
                self.piece(text, match.start(), match.end())
                at = match.end()
            elif mark == "`":
                at = self.directive(text, match.end(), source, folder, depth)
            else:
                at = self.enclosed(text, match, source)
        self.piece(text, at, len(text))

    def piece(self, text: str, start: int, stop: int) -> None:
        if not self.off and (not self.conditions or self.kept()):
            self.put(text[start:stop])
        else:
            self.skip(text, start, stop)

    def enclosed(self, text: str, match: re.Match[str], source: SourceText) -> int:
        """Pass a comment, an attribute or a string; returns where it ends."""
        opening, start = match.group(), match.start()
        if opening == "//":
            end = text.find("\n", match.end())
            end = len(text) if end < 0 else end
            self.pragma(text[match.end() : end])
            self.put(" ")
            return end
        closing = {"/*": "*/", "(*": "*)", '"': '"'}[opening]
        end = _attribute_end(text, match.end()) if opening == "(*" else text.find(closing, match.end())
        if end < 0:
            raise InputError(f"{source.where(start)}: '{opening}' without '{closing}'")
        stop = end + len(closing)
        if opening == "/*":
            self.pragma(text[match.end() : end])
        if opening == '"':
            self.piece(text, start, stop)
        else:
            self.skip(text, start, stop)
        return stop

    def pragma(self, comment: str) -> None:
        match = _PRAGMA.match(comment)
        if match:
            self.off = match.group(1) == "off"

    def directive(self, text: str, at: int, source: SourceText, folder: Path | None, depth: int) -> int:
        """Follow the directive whose name starts at ``at``; returns where the text goes on."""
        match = _WORD.match(text, at)
        if match is None:
            raise InputError(f"{source.where(at)}: '`' without the name of a directive or macro")
        word, at = match.group(), match.end()
        if word in ("ifdef", "ifndef", "elsif", "else", "endif"):
            return self.condition(word, text, at, source)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if word == "define":
            while text[at:end].rstrip("\r").endswith("\\") and end < len(text):
                following = text.find("\n", end + 1)
                end = len(text) if following < 0 else following
        if not self.kept():
            if word == "define":
                self.skip(text, at, end)
                return end
            return at
        if word == "define":
            self.define(text[at:end], source.where(at))
            self.skip(text, at, end)
            return end
        if word == "undef":
            self.macros.pop(text[at:end].strip(), None)
            return end
        if word == "include":
            found = re.match(r'\s*(?:"([^"\n]*)"|<([^>\n]*)>)', text[at:end])
            if found is None:
                raise InputError(f"{source.where(at)}: `include takes a file name in quotes")
            self.include(found.group(1) or found.group(2), source, at, folder, depth)
            return at + found.end()
        if word in _IGNORED:
            return at if word in ("celldefine", "endcelldefine", "resetall") else end
        if word not in self.macros:
            raise InputError(f"{source.where(at)}: macro '`{word}' is not defined")
        return self.expand(word, text, at, source, folder, depth)

    def condition(self, word: str, text: str, at: int, source: SourceText) -> int:
        name = ""
        if word in ("ifdef", "ifndef", "elsif"):
            match = re.compile(r"\s*([A-Za-z_][\w$]*)").match(text, at)
            if match is None:
                raise InputError(f"{source.where(at)}: `{word} takes a name")
            name, at = match.group(1), match.end()
        if word in ("ifdef", "ifndef"):
            if len(self.conditions) >= _MOST_CONDITIONS:
                raise InputError(f"{source.where(at)}: more than {_MOST_CONDITIONS} `ifdef one in another")
            holds = (name in self.macros) == (word == "ifdef")
            self.conditions.append(_Condition(holds, holds, source.where(at)))
            return at
        if not self.conditions:
            raise InputError(f"{source.where(at)}: `{word} without `ifdef")
        last = self.conditions[-1]
        if word == "endif":
            self.conditions.pop()
        else:
            last.kept = not last.taken and (word == "else" or name in self.macros)
            last.taken |= last.kept
        return at

    def define(self, text: str, where: str) -> None:
        match = re.match(r"\s*([A-Za-z_][\w$]*)(\(([^()]*)\))?", text)
        if match is None:
            raise InputError(f"{where}: `define takes a name")
        arguments = None if match.group(2) is None else tuple(a.strip() for a in match.group(3).split(","))
        body = re.sub(r"\\\r?\n", "\n", text[match.end() :])
        self.macros[match.group(1)] = _Macro(arguments, re.sub(r"//[^\n]*", "", body).strip())

    def include(self, file: str, source: SourceText, at: int, folder: Path | None, depth: int) -> None:
        if folder is None or depth >= _MOST_DEPTH:
            why = "a text without a file" if folder is None else f"{_MOST_DEPTH} files one in another"
            raise InputError(f'{source.where(at)}: `include "{file}" from {why} can\'t be followed')
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise InputError(
                f'{source.where(at)}: `include "{file}" leaves the folder of the netlist; copy the file there'
            )
        if not path.is_file():
            raise InputError(f'{source.where(at)}: `include "{file}": there is no such file beside the netlist')
        self.place(str(path), 1)
        self.run(read_text(path), str(path), folder, depth + 1)
        self.resume(source, at)

    def expand(self, word: str, text: str, at: int, source: SourceText, folder: Path | None, depth: int) -> int:
        macro = self.macros[word]
        if depth >= _MOST_DEPTH:
            raise InputError(f"{source.where(at)}: macro '`{word}' expands into itself")
        body = macro.text
        if macro.arguments is not None:
            given, end = _arguments(text, at)
            if len(given) != len(macro.arguments):
                raise InputError(f"{source.where(at)}: macro '`{word}' takes {len(macro.arguments)} arguments")
            at = end
            values = dict(zip(macro.arguments, given, strict=True))
            body = _WORD.sub(lambda m: values.get(m.group(), m.group()), body)
        name, _, line = source.where(at).rpartition(":")
        self.place(name, int(line))
        # A macro's own line ends are not lines of the file.
        self.run(body.replace("\n", " "), name, folder, depth + 1, int(line))
        self.resume(source, at)
        return at

    def resume(self, source: SourceText, at: int) -> None:
        name, _, line = source.where(at).rpartition(":")
        self.place(name, int(line))


def _arguments(text: str, at: int) -> tuple[list[str], int]:
    """Arguments of a macro between brackets, commas inside brackets of their own left alone, and where they end."""
    opening = re.compile(r"\s*\(").match(text, at)
    found: list[str] = []
    depth, start = 1, opening.end() if opening else 0
    for match in re.compile(r'"[^"\n]*"|[(){}\[\],]').finditer(text, start) if opening else ():
        mark = match.group()
        depth += (mark in "({[") - (mark in ")}]")
        if depth == 0 or (mark == "," and depth == 1):
            found.append(text[start : match.start()].strip())
            start = match.end()
        if depth == 0:
            return found, start
    return [], at


def _attribute_end(text: str, at: int) -> int:
    """Where an attribute's ``*)`` is, outside its strings; -1 if it has none."""
    for match in re.compile(r'"[^"\n]*"|\*\)').finditer(text, at):
        if match.group() == "*)":
            return match.start()
    return -1


def preprocess(text: str, name: str, folder: Path | None = None) -> SourceText:
    """Text of a file without directives, comments and attributes.

    ```define``, ```ifdef`` and their kin, ```include`` of files below ``folder``, macros with and without arguments, and
    ``translate_off`` comments are followed; directives that concern simulation are passed over.

    Raises
    ------
    InputError
        With file and line: a comment, attribute, string or condition that does not end, an unknown macro, a file that is not
        there.
    """
    run = _Preprocessor(name, max(_MOST_EXPANDED, 2 * len(text)))
    run.run(text, name, folder, 0)
    if run.conditions:
        raise InputError(f"{run.conditions[-1].at}: `ifdef without `endif: the file is truncated")
    run.result.text = "".join(run.parts)
    return run.result
