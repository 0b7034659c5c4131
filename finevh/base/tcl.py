"""Tcl source in; commands with their words and what is substituted in them out. Nothing is executed here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from finevh.errors import InputError

_BLANK = " \t\r"
_END = "\n;"
_LIST_SPACE = " \t\n\r\f\v"
"""What parts the elements of a list; other spaces of Unicode are characters of an element, as in Tcl."""
_LIST_WORD = re.compile(r"[^ \t\n\r\f\v\"\\{}]+")
"""A stretch of an element that stands for itself."""
_BRACE = re.compile(r"[{}\\]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "a": "\a"}
_HEX = "0123456789abcdefABCDEF"
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:"
_PLAIN = re.compile(r"[A-Za-z0-9_./:+*%@=,^~!?<>|&'-]+")
_CONTINUED = re.compile(r"\\\n[ \t]*")
_MAX_DEPTH = 64


@dataclass(frozen=True)
class Variable:
    """``$name``, ``${name}`` or ``$name(index)``; ``index`` is what stands between the parentheses, to be substituted."""

    name: str
    index: tuple[Part, ...] | None = None


@dataclass(frozen=True)
class Script:
    """``[...]``: the script between the brackets and the line it starts at."""

    text: str
    line: int


Part = str | Variable | Script
"""A piece of a word: text as it is, or what takes the place of a substitution."""


@dataclass(frozen=True)
class Word:
    """One word: ``parts`` in their order; ``expanded`` where ``{*}`` stands before it."""

    kind: Literal["bare", "braced", "quoted"]
    raw: str
    line: int
    parts: tuple[Part, ...]
    expanded: bool = False

    @property
    def value(self) -> str | None:
        """Its text where nothing in it is substituted, else None."""
        return "".join(p for p in self.parts if isinstance(p, str)) if self.is_constant else None

    @property
    def is_constant(self) -> bool:
        """Whether nothing in it is substituted."""
        return all(isinstance(p, str) for p in self.parts)

    @property
    def nested(self) -> tuple[tuple[str, int], ...]:
        """Its ``[...]`` scripts with their lines, those of array indices included."""
        return tuple(_scripts(self.parts))


@dataclass(frozen=True)
class Command:
    """One command at ``line`` of its file."""

    line: int
    words: tuple[Word, ...]


def _scripts(parts: tuple[Part, ...]) -> Iterator[tuple[str, int]]:
    for part in parts:
        if isinstance(part, Script):
            yield part.text, part.line
        elif isinstance(part, Variable) and part.index is not None:
            yield from _scripts(part.index)


class TclSyntaxError(InputError):
    """The text is not a Tcl script; ``line`` says where it stops making sense."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.reason = message


def parse_script(text: str, line: int = 1) -> Iterator[Command]:
    """Yield the commands of a script whose first line has the number ``line``.

    Raises
    ------
    TclSyntaxError
        For unbalanced braces, brackets or quotes, and for text that follows a closing brace or quote.
    """
    reader = _Reader(text.replace("\r\n", "\n"), line)
    try:
        while reader.skip_to_command():
            yield reader.command()
    except RecursionError:
        raise TclSyntaxError(reader.line, "nested too deeply") from None


def word_parts(text: str, line: int = 1) -> tuple[Part, ...]:
    """Return the parts of a text in which everything is substituted, as inside double quotes.

    Raises
    ------
    TclSyntaxError
        For unbalanced brackets.
    """
    return _Reader(text, line).substituted("\0")


def operand_end(text: str, start: int, line: int) -> int:
    """Where the variable, command, quoted or braced text at ``start`` of an expression ends.

    Raises
    ------
    TclSyntaxError
        If it does not end, or nothing of that kind is there.
    """
    reader = _Reader(text, line)
    reader.at = start
    character = reader.peek()
    if character == "[":
        reader.bracketed()
    elif character == "{":
        reader.braced()
    elif character == '"':
        reader.quoted()
    elif character != "$" or reader.variable() is None:
        raise TclSyntaxError(line, f"'{character}' is out of place in an expression")
    return reader.at


def expression_scripts(text: str, line: int) -> list[tuple[str, int]]:
    """Return the ``[...]`` scripts inside the text of an expression, with their lines.

    Raises
    ------
    TclSyntaxError
        For unbalanced quotes, braces, brackets or parentheses.
    """
    reader = _Reader(text, line)
    found: list[tuple[str, int]] = []
    depth = 0
    while reader.at < len(text):
        character = reader.peek()
        if character == "[":
            script = reader.bracketed()
            found.append((script.text, script.line))
        elif character == "{":
            reader.braced()
        elif character == '"':
            found += _scripts(reader.quoted())
        elif character == "$" and (variable := reader.variable()) is not None:
            found += _scripts((variable,))
        else:
            depth += (character == "(") - (character == ")")
            if depth < 0:
                break
            reader.skip(2 if character == "\\" else 1)
    if depth != 0:
        raise TclSyntaxError(reader.line, "unbalanced parentheses in an expression")
    return found


def split_list(text: str) -> list[str]:
    """Return the elements of a Tcl list.

    Raises
    ------
    TclSyntaxError
        If the text is not a list.
    """
    reader = _Reader(text, 1)
    elements: list[str] = []
    while True:
        while reader.peek() and reader.peek() in _LIST_SPACE:
            reader.skip(1)
        if not reader.peek():
            return elements
        elements.append(reader.list_element())


class _Reader:
    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.at = 0
        self.line = line
        self.depth = 0

    def peek(self, ahead: int = 0) -> str:
        position = self.at + ahead
        return self.text[position] if position < len(self.text) else ""

    def skip(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def fail(self, line: int, message: str) -> TclSyntaxError:
        return TclSyntaxError(line, message)

    def skip_to_command(self) -> bool:
        """Stand at the first character of the next command; False at the end."""
        while True:
            while self.peek() and self.peek() in _BLANK + _END + "\r":
                self.skip(1)
            if self.text.startswith("\\\n", self.at):
                self.skip(2)
            elif self.peek() == "#":
                self._skip_comment()
            else:
                return bool(self.peek())

    def _skip_comment(self) -> None:
        while self.peek() and self.peek() != "\n":
            self.skip(2 if self.peek() == "\\" else 1)

    def _skip_blanks(self) -> None:
        while True:
            if self.text.startswith("\\\n", self.at):
                self.skip(2)
            elif self.peek() and self.peek() in _BLANK:
                self.skip(1)
            else:
                return

    def command(self) -> Command:
        line = self.line
        words: list[Word] = []
        while True:
            self._skip_blanks()
            if not self.peek() or self.peek() in _END:
                return Command(line, tuple(words))
            words.append(self._word())

    def _word(self) -> Word:
        expanded = self.text.startswith("{*}", self.at) and self.peek(3) not in ("", *_BLANK, *_END)
        if expanded:
            self.skip(3)
        line, start = self.line, self.at
        if self.peek() == "{":
            raw = self.braced()
            self._word_ends(line, "brace")
            return Word("braced", raw, line, (_CONTINUED.sub(" ", raw),), expanded)
        if self.peek() == '"':
            parts = self.quoted()
            self._word_ends(line, "quote")
            return Word("quoted", self.text[start : self.at], line, parts, expanded)
        return Word("bare", self.text[start : self.at], line, self.substituted(""), expanded)

    def quoted(self) -> tuple[Part, ...]:
        """Read ``"..."`` and return its parts."""
        line = self.line
        self.skip(1)
        parts = self.substituted('"')
        if self.peek() != '"':
            raise self.fail(line, "missing closing quote")
        self.skip(1)
        return parts

    def _word_ends(self, line: int, what: str) -> None:
        following = self.peek()
        if following and following not in _BLANK + _END + "\r" and not self.text.startswith("\\\n", self.at):
            raise self.fail(line, f"extra characters after the closing {what}")

    def braced(self) -> str:
        """Read ``{...}`` and return what is between."""
        line = self.line
        depth, start = 0, self.at + 1
        while found := _BRACE.search(self.text, self.at):
            character = found.group()
            self.skip(found.end() - self.at)
            if character == "\\":
                self.skip(1)
                continue
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return self.text[start : self.at - 1]
        raise self.fail(line, "missing closing brace")

    def bracketed(self) -> Script:
        """Read ``[...]`` and return the script between."""
        line, start = self.line, self.at + 1
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.fail(line, f"brackets are nested more than {_MAX_DEPTH} deep")
        self.skip(1)
        while True:
            while self.peek() and self.peek() in _BLANK + _END + "\r":
                self.skip(1)
            if self.peek() == "]":
                self.skip(1)
                self.depth -= 1
                return Script(self.text[start : self.at - 1], line)
            if not self.peek():
                raise self.fail(line, "missing closing bracket")
            self._nested_word()

    def _nested_word(self) -> None:
        """Pass over one word of a script inside brackets."""
        if self.text.startswith("\\\n", self.at):
            self.skip(2)
        elif self.peek() == "{":
            self.braced()
        elif self.peek() == '"':
            self.quoted()
        else:
            before = self.at
            self.substituted("", inside_brackets=True)
            if self.at == before:
                self.skip(1)

    def substituted(self, stop: str, inside_brackets: bool = False) -> tuple[Part, ...]:
        """Read up to ``stop``, or where that is empty to the end of a bare word, and return the parts."""
        parts: list[Part] = []
        pieces: list[str] = []

        def add(part: Part) -> None:
            if pieces:
                parts.append("".join(pieces))
                pieces.clear()
            parts.append(part)

        while self.peek():
            character = self.peek()
            plain = _PLAIN.match(self.text, self.at)
            if plain is not None:
                pieces.append(plain.group())
                self.at = plain.end()
                continue
            if character == stop and stop:
                break
            if not stop and character in _BLANK + _END:
                break
            if inside_brackets and character == "]":
                break
            if character == "[":
                add(self.bracketed())
            elif character == "$" and (variable := self.variable()) is not None:
                add(variable)
            elif character == "\\":
                if not stop and self.peek(1) == "\n":
                    break
                pieces.append(self.escape())
            else:
                pieces.append(character)
                self.skip(1)
        if pieces:
            parts.append("".join(pieces))
        return tuple(parts)

    def variable(self) -> Variable | None:
        """Read ``$name``, ``${name}`` or ``$name(index)``; None if the dollar stands for itself."""
        if self.peek(1) == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise self.fail(self.line, "missing closing brace of a variable name")
            name = self.text[self.at + 2 : end]
            self.skip(end + 1 - self.at)
            base, parenthesis, index = name.partition("(")
            return Variable(base, (index[:-1],)) if parenthesis and name.endswith(")") else Variable(name)
        length = 1
        # A single colon ends a name, two of them are part of it.
        while (
            self.peek(length)
            and self.peek(length) in _NAME
            and (self.peek(length) != ":" or ":" in (self.peek(length + 1), self.peek(length - 1)))
        ):
            length += 1
        if length == 1:
            return None
        name = self.text[self.at + 1 : self.at + length]
        self.skip(length)
        if self.peek() != "(":
            return Variable(name)
        end = self.text.find(")", self.at)
        if end < 0:
            raise self.fail(self.line, "missing closing parenthesis of an array index")
        parts = word_parts(self.text[self.at + 1 : end], self.line)
        self.skip(end + 1 - self.at)
        return Variable(name, parts)

    def escape(self) -> str:
        """Read one backslash sequence and return the character it stands for."""
        following = self.peek(1)
        if following == "\n":
            self.skip(2)
            while self.peek() and self.peek() in _BLANK:
                self.skip(1)
            return " "
        if following in ("x", "u"):
            limit = 2 if following == "x" else 4
            length = 0
            while length < limit and self.peek(2 + length) and self.peek(2 + length) in _HEX:
                length += 1
            if length:
                code = int(self.text[self.at + 2 : self.at + 2 + length], 16)
                self.skip(2 + length)
                return chr(code)
        self.skip(2)
        return _ESCAPES.get(following, following or "\\")

    def list_element(self) -> str:
        """Read one element of a list."""
        line = self.line
        if self.peek() == "{":
            raw = self.braced()
            if self.peek() and self.peek() not in _LIST_SPACE:
                raise self.fail(line, "list element in braces followed by other text")
            return raw
        quoted = self.peek() == '"'
        if quoted:
            self.skip(1)
        pieces: list[str] = []
        while self.peek() and (self.peek() != '"' if quoted else self.peek() not in _LIST_SPACE):
            if self.peek() == "\\":
                pieces.append(self.escape())
            else:
                plain = _LIST_WORD.match(self.text, self.at)
                pieces.append(plain.group() if plain else self.peek())
                self.skip(len(pieces[-1]))
        if quoted:
            if not self.peek():
                raise self.fail(line, "missing closing quote in a list")
            self.skip(1)
        return "".join(pieces)
