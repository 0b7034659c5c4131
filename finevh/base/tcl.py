"""Tcl source in; commands with their lines, words and nested scripts out. A reader for the checker, not an interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from finevh.errors import InputError

_BLANK = " \t"
_END = "\n;"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "a": "\a"}
_HEX = "0123456789abcdefABCDEF"
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:"


@dataclass(frozen=True)
class Word:
    """One word: ``value`` is its text where nothing in it is substituted, else None; ``nested`` its ``[...]`` scripts."""

    kind: Literal["bare", "braced", "quoted"]
    raw: str
    value: str | None
    line: int
    nested: tuple[tuple[str, int], ...]
    expanded: bool = False


@dataclass(frozen=True)
class Command:
    """One command at ``line`` of its file."""

    line: int
    words: tuple[Word, ...]


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
    reader = _Reader(text, line)
    while reader.skip_to_command():
        yield reader.command()


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
            found.append(reader.bracketed())
        elif character == "{":
            reader.braced()
        elif character == '"':
            found += reader.quoted()
        elif character == "$" and reader.variable():
            pass
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
        while reader.peek() and reader.peek() in " \t\n\r\f\v":
            reader.skip(1)
        if not reader.peek():
            return elements
        elements.append(reader.list_element())


class _Reader:
    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.at = 0
        self.line = line

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
            return Word("braced", raw, raw.replace("\\\n", " "), line, (), expanded)
        if self.peek() == '"':
            value, nested = self._quoted()
            self._word_ends(line, "quote")
            return Word("quoted", self.text[start : self.at], value, line, nested, expanded)
        value, nested = self._substituted("")
        return Word("bare", self.text[start : self.at], value, line, nested, expanded)

    def quoted(self) -> tuple[tuple[str, int], ...]:
        """Read ``"..."`` and return the scripts in it."""
        return self._quoted()[1]

    def _quoted(self) -> tuple[str | None, tuple[tuple[str, int], ...]]:
        line = self.line
        self.skip(1)
        value, nested = self._substituted('"')
        if self.peek() != '"':
            raise self.fail(line, "missing closing quote")
        self.skip(1)
        return value, nested

    def _word_ends(self, line: int, what: str) -> None:
        following = self.peek()
        if following and following not in _BLANK + _END + "\r" and not self.text.startswith("\\\n", self.at):
            raise self.fail(line, f"extra characters after the closing {what}")

    def braced(self) -> str:
        """Read ``{...}`` and return what is between."""
        line = self.line
        depth, start = 0, self.at + 1
        while self.peek():
            character = self.peek()
            if character == "\\":
                self.skip(2)
                continue
            depth += (character == "{") - (character == "}")
            self.skip(1)
            if depth == 0:
                return self.text[start : self.at - 1]
        raise self.fail(line, "missing closing brace")

    def bracketed(self) -> tuple[str, int]:
        """Read ``[...]`` and return the script between, with its line."""
        line, start = self.line, self.at + 1
        self.skip(1)
        while True:
            while self.peek() and self.peek() in _BLANK + _END + "\r":
                self.skip(1)
            if self.peek() == "]":
                self.skip(1)
                return self.text[start : self.at - 1], line
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
            self._quoted()
        else:
            before = self.at
            self._substituted("", inside_brackets=True)
            if self.at == before:
                self.skip(1)

    def _substituted(self, stop: str, inside_brackets: bool = False) -> tuple[str | None, tuple[tuple[str, int], ...]]:
        pieces: list[str] = []
        nested: list[tuple[str, int]] = []
        constant = True
        while self.peek():
            character = self.peek()
            if character == stop and stop:
                break
            if not stop and character in _BLANK + _END:
                break
            if inside_brackets and character == "]":
                break
            if character == "[":
                nested.append(self.bracketed())
                constant = False
            elif character == "$" and self.variable():
                constant = False
            elif character == "\\":
                if not stop and self.peek(1) == "\n":
                    break
                pieces.append(self.escape())
            else:
                pieces.append(character)
                self.skip(1)
        return ("".join(pieces) if constant else None), tuple(nested)

    def variable(self) -> bool:
        """Pass over ``$name``, ``${name}`` or ``$name(index)``; False if the dollar stands for itself."""
        if self.peek(1) == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise self.fail(self.line, "missing closing brace of a variable name")
            self.skip(end + 1 - self.at)
            return True
        length = 1
        while self.peek(length) and self.peek(length) in _NAME:
            length += 1
        if length == 1:
            return False
        self.skip(length)
        if self.peek() == "(":
            end = self.text.find(")", self.at)
            if end < 0:
                raise self.fail(self.line, "missing closing parenthesis of an array index")
            self.skip(end + 1 - self.at)
        return True

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
            if self.peek() and not self.peek().isspace():
                raise self.fail(line, "list element in braces followed by other text")
            return raw
        quoted = self.peek() == '"'
        if quoted:
            self.skip(1)
        pieces: list[str] = []
        while self.peek() and (self.peek() != '"' if quoted else not self.peek().isspace()):
            if self.peek() == "\\":
                pieces.append(self.escape())
            else:
                pieces.append(self.peek())
                self.skip(1)
        if quoted:
            if not self.peek():
                raise self.fail(line, "missing closing quote in a list")
            self.skip(1)
        return "".join(pieces)
