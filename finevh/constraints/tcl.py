"""The part of Tcl's syntax that constraint files use: words, braces, quotes, nested brackets. Nothing is executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from finevh.errors import InputError

_MAX_DEPTH = 64


@dataclass(frozen=True)
class Call:
    """``[command word ...]`` inside a word."""

    words: tuple[Word, ...]
    where: str


Word = str | Call


class _Text:
    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.at = text, name, 0

    def where(self, position: int | None = None) -> str:
        at = self.at if position is None else position
        return f"{self.name}:{self.text.count(chr(10), 0, at) + 1}"

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def fail(self, position: int, message: str) -> InputError:
        return InputError(f"{self.where(position)}: {message}")

    def braced(self) -> str:
        """Contents of a braced word; the position is at its opening brace."""
        start = self.at
        depth = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                self.at += 1
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    self.at += 1
                    return self.text[start + 1 : self.at - 1].replace("\\\n", " ")
            self.at += 1
        raise self.fail(start, "this '{' has no '}'")

    def quoted(self) -> str:
        """Contents of a quoted word."""
        start = self.at
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                self.at += 1
            elif char == '"':
                self.at += 1
                return self.text[start + 1 : self.at - 1]
            elif char in "$[":
                raise self.fail(self.at, f"'{char}' in a quoted word is not understood; write the value itself")
            self.at += 1
        raise self.fail(start, "this '\"' has no second one")

    def bare(self, nested: bool) -> str:
        """A word without quotes; brackets inside, as in ``data[3]``, belong to it."""
        start = self.at
        depth = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                if self.text[self.at + 1 : self.at + 2] == "\n":
                    break
                self.at += 2
                continue
            if char == "$":
                raise self.fail(self.at, "variables are not understood; write the value itself")
            if char == "[":
                depth += 1
            elif char == "]":
                if depth == 0 and nested:
                    break
                depth -= 1
            elif char in " \t\n;\r":
                break
            self.at += 1
        return self.text[start : self.at].replace("\\", "")

    def words(self, nested: bool, depth: int) -> list[Word]:
        """Words up to the end of the command."""
        if depth > _MAX_DEPTH:
            raise self.fail(self.at, f"brackets are nested more than {_MAX_DEPTH} deep")
        found: list[Word] = []
        start = self.at
        while True:
            char = self.peek()
            if char == "":
                if nested:
                    raise self.fail(start, "this '[' has no ']'")
                return found
            if char in " \t\r" or (nested and char == "\n"):
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char in "\n;" or (char == "]" and nested):
                self.at += 1
                return found
            elif char == "{":
                found.append(self.braced())
            elif char == '"':
                found.append(self.quoted())
            elif char == "[":
                at = self.at
                self.at += 1
                found.append(Call(tuple(self.words(True, depth + 1)), self.where(at)))
            else:
                before = self.at
                found.append(self.bare(nested))
                if self.at == before:
                    raise self.fail(self.at, f"'{char}' is out of place")


def commands(text: str, name: str) -> Iterator[tuple[str, list[Word]]]:
    """Split a Tcl text into commands: ``(file:line, words)``.

    Raises
    ------
    InputError
        If a brace, quote or bracket is open at the end, or a variable is used.
    """
    reader = _Text(text, name)
    while reader.at < len(text):
        char = reader.peek()
        if char in " \t\r\n;":
            reader.at += 1
        elif char == "#":
            while reader.at < len(text) and text[reader.at] != "\n":
                reader.at += 2 if text[reader.at] == "\\" else 1
        else:
            where = reader.where()
            words = reader.words(False, 0)
            if words:
                yield where, words


def split_list(text: str) -> list[str]:
    """Elements of a Tcl list, braces removed."""
    found: list[str] = []
    for _, words in commands(text.replace("\n", " ").replace(";", r"\;"), "list"):
        found += [w for w in words if isinstance(w, str)]
    return found
