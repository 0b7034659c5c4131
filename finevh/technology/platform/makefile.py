"""The part of GNU make that platform files use: variables, conditions and text functions; no rules, no shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from finevh.base.files import require_regular
from finevh.base.numbers import whole
from finevh.errors import InputError

__all__ = ["Makefile", "read_makefile"]

_ASSIGNMENT = re.compile(r"^(?:export\s+|override\s+)*([A-Za-z_][\w.-]*)\s*(\?\?=|\?=|\+=|::?=|=)\s*(.*)$", re.DOTALL)
_CONDITION = re.compile(r"^(ifeq|ifneq|ifdef|ifndef)\b\s*(.*)$")
_DEPTH = 60
"""Nested expansions; more is a variable that names itself."""
_LARGEST = 4 << 20
"""Characters that a value may grow to, and steps that reading a file may take: platform files need thousands."""


@dataclass
class Makefile:
    """Variables of a file that was read. ``ignored`` lists what was passed over: includes, shell calls."""

    path: Path
    variables: dict[str, str]
    ignored: list[str] = field(default_factory=list)
    _simple: set[str] = field(default_factory=set)
    _locals: list[dict[str, str]] = field(default_factory=list)
    _spent: int = 0

    def value(self, name: str, depth: int = 0) -> str:
        """Return the expanded value of a variable, empty if it is not set."""
        for scope in reversed(self._locals):
            if name in scope:
                return scope[name]
        if name not in self.variables:
            return ""
        raw = self.variables[name]
        return raw if name in self._simple else self.expand(raw, depth)

    def words(self, name: str) -> list[str]:
        """Return the words of a variable."""
        return self.value(name).split()

    def expand(self, text: str, depth: int = 0) -> str:
        """Return text with its references and functions replaced.

        Raises
        ------
        InputError
            If a variable refers to itself or a bracket is not closed.
        """
        if depth > _DEPTH or len(self._locals) > _DEPTH:
            raise InputError(f"{self.path}: a variable refers to itself near '{text[:60]}'")
        self._spend(len(text) + 1, text)
        pieces: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            pieces.append(text[at:dollar])
            following = text[dollar + 1 : dollar + 2]
            if following in ("(", "{"):
                inside, at = self._bracketed(text, dollar + 1)
                pieces.append(self._reference(inside, depth + 1))
            elif following == "$":
                pieces.append("$")
                at = dollar + 2
            else:
                pieces.append(self.value(following, depth + 1))
                at = dollar + 2
        pieces.append(text[at:])
        self._spend(sum(map(len, pieces)), text)
        return "".join(pieces)

    def _spend(self, steps: int, text: str) -> None:
        """Book work; a file whose values double again and again ends here and not in all memory."""
        self._spent += steps
        if self._spent > _LARGEST:
            raise InputError(f"{self.path}: its variables grow beyond {_LARGEST} characters near '{text[:60]}'")

    def _bracketed(self, text: str, start: int) -> tuple[str, int]:
        opening = text[start]
        closing = ")" if opening == "(" else "}"
        depth = 0
        for position in range(start, len(text)):
            depth += (text[position] == opening) - (text[position] == closing)
            if depth == 0:
                return text[start + 1 : position], position + 1
        raise InputError(f"{self.path}: '{text[start - 1 : start + 40]}' is not closed")

    def _reference(self, inside: str, depth: int) -> str:
        match = re.match(r"([a-z-]+)[ \t]+(.*)$", inside, re.DOTALL)
        if match and match[1] in _LAZY:
            return _LAZY[match[1]](self, match[2], depth)
        if match and match[1] in _FUNCTIONS:
            arguments = [self.expand(part, depth) for part in _arguments(match[2])]
            try:
                return _FUNCTIONS[match[1]](self, arguments)
            except (IndexError, ValueError, OSError) as error:
                raise InputError(f"{self.path}: '$({inside[:60]})' does not work: {error}") from None
        if match and match[1] == "shell":
            self.ignored.append(f"$(shell {match[2][:40]})")
            return ""
        name = self.expand(inside, depth)
        replaced = re.match(r"([^:]+):([^=]*)=(.*)$", name)
        if replaced:
            return _patsubst(f"%{replaced[2]}", f"%{replaced[3]}", self.value(replaced[1], depth))
        return self.value(name.strip(), depth)

    def assign(self, line: str) -> bool:
        """Take one assignment; False if the line is none."""
        match = _ASSIGNMENT.match(line)
        if match is None:
            return False
        name, operator, raw = match[1], match[2], match[3].strip()
        if operator in ("?=", "??="):
            if name not in self.variables:
                self.variables[name] = raw
        elif operator == "+=":
            before = self.variables.get(name, "")
            added = self.expand(raw) if name in self._simple else raw
            self.variables[name] = f"{before} {added}".strip()
        elif operator == "=":
            self.variables[name] = raw
            self._simple.discard(name)
        else:
            self.variables[name] = self.expand(raw)
            self._simple.add(name)
        return True


def read_makefile(path: Path, given: Mapping[str, str]) -> Makefile:
    """Read a file of variables.

    Parameters
    ----------
    path
        For example ``config.mk`` of a platform.
    given
        Variables set before it is read, such as ``PLATFORM_DIR``; ``?=`` does not change them.

    Raises
    ------
    InputError
        If the file cannot be read, a condition is not closed, or a reference is broken.
    """
    try:
        require_regular(path)
        with path.open("rb") as stream:
            data = stream.read(_LARGEST)
        text = data.decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); give a platform folder with its config.mk"
        ) from None
    make = Makefile(path, dict(given))
    _read_lines(make, _logical_lines(text))
    return make


def _logical_lines(text: str) -> list[str]:
    """Lines with continuations joined and comments removed."""
    joined = re.sub(r"\\[ \t]*\n", " ", text)
    return [re.sub(r"(^|[^\\])#.*$", r"\1", line).strip() for line in joined.split("\n")]


def _read_lines(make: Makefile, lines: Iterable[str]) -> None:
    # One entry per open condition: (this branch is read, some branch was read already).
    stack: list[tuple[bool, bool]] = []
    for line in lines:
        active = all(taken for taken, _ in stack)
        condition = _CONDITION.match(line)
        if condition:
            taken = active and _holds(make, condition[1], condition[2])
            stack.append((taken, taken))
        elif line.startswith("else"):
            if not stack:
                raise InputError(f"{make.path}: 'else' without a condition")
            done = stack.pop()[1]
            rest = _CONDITION.match(line[4:].strip())
            outer = all(taken for taken, _ in stack)
            taken = outer and not done and (rest is None or _holds(make, rest[1], rest[2]))
            stack.append((taken, done or taken))
        elif line.startswith("endif"):
            if not stack:
                raise InputError(f"{make.path}: 'endif' without a condition")
            stack.pop()
        elif active and line:
            _read_line(make, line)
    if stack:
        raise InputError(f"{make.path}: a condition is not closed with 'endif'")


def _read_line(make: Makefile, line: str) -> None:
    if re.match(r"-?include\b", line):
        make.ignored.append(line)
    elif not make.assign(line):
        make.expand(line)  # $(foreach ...$(eval ...)) works by its side effects


def _holds(make: Makefile, kind: str, text: str) -> bool:
    if kind in ("ifdef", "ifndef"):
        return bool(make.variables.get(make.expand(text).strip())) == (kind == "ifdef")
    text = text.strip()
    if text.startswith("("):
        inside, _ = make._bracketed(text, 0)
        parts = _arguments(inside)
    else:
        parts = [match[1] or match[2] or "" for match in re.finditer(r"\"([^\"]*)\"|'([^']*)'", text)]
    first, second = ([make.expand(part).strip() for part in parts] + ["", ""])[:2]
    return (first == second) == (kind == "ifeq")


def _arguments(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "({") - (character in ")}")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _matches(pattern: str, word: str) -> str | None:
    """Return the stem of a word under a pattern with one ``%``, None if it does not match."""
    if "%" not in pattern:
        return "" if pattern == word else None
    head, tail = pattern.split("%", 1)
    fits = word.startswith(head) and word.endswith(tail) and len(word) >= len(head) + len(tail)
    return word[len(head) : len(word) - len(tail)] if fits else None


def _patsubst(pattern: str, replacement: str, text: str) -> str:
    found = []
    for word in text.split():
        stem = _matches(pattern, word)
        found.append(word if stem is None else replacement.replace("%", stem))
    return " ".join(found)


def _filter(arguments: list[str], keep: bool) -> str:
    patterns = arguments[0].split()
    return " ".join(
        word for word in arguments[1].split() if any(_matches(p, word) is not None for p in patterns) == keep
    )


def _wildcard(make: Makefile, arguments: list[str]) -> str:
    found: list[str] = []
    for pattern in arguments[0].split():
        path = Path(pattern)
        if path.parent.is_dir():
            found += sorted(str(each) for each in path.parent.iterdir() if fnmatchcase(each.name, path.name))
    return " ".join(found)


def _word(text: str, index: str) -> str:
    words = text.split()
    position = whole(index)
    return words[position - 1] if 0 < position <= len(words) else ""


def _paths(arguments: list[str]) -> str:
    return " ".join(str(Path(word).absolute()) for word in arguments[0].split())


_FUNCTIONS: dict[str, Callable[[Makefile, list[str]], str]] = {
    "subst": lambda m, a: a[2].replace(a[0], a[1]) if a[0] else a[2],
    "patsubst": lambda m, a: _patsubst(a[0].strip(), a[1].strip(), a[2]),
    "strip": lambda m, a: " ".join(a[0].split()),
    "findstring": lambda m, a: a[0] if a[0] in a[1] else "",
    "filter": lambda m, a: _filter(a, True),
    "filter-out": lambda m, a: _filter(a, False),
    "sort": lambda m, a: " ".join(sorted(set(a[0].split()))),
    "word": lambda m, a: _word(a[1], a[0]),
    "words": lambda m, a: str(len(a[0].split())),
    "wordlist": lambda m, a: " ".join(a[2].split()[whole(a[0]) - 1 : whole(a[1])]),
    "firstword": lambda m, a: _word(a[0], "1"),
    "lastword": lambda m, a: (a[0].split() or [""])[-1],
    "addsuffix": lambda m, a: " ".join(word + a[0].strip() for word in a[1].split()),
    "addprefix": lambda m, a: " ".join(a[0].strip() + word for word in a[1].split()),
    "notdir": lambda m, a: " ".join(Path(word).name for word in a[0].split()),
    "dir": lambda m, a: " ".join(f"{Path(word).parent}/" for word in a[0].split()),
    "basename": lambda m, a: " ".join(str(Path(word).with_suffix("")) for word in a[0].split()),
    "abspath": lambda m, a: _paths(a),
    "realpath": lambda m, a: _paths(a),
    "wildcard": _wildcard,
    "origin": lambda m, a: "file" if a[0].strip() in m.variables else "undefined",
}


def _if(make: Makefile, text: str, depth: int) -> str:
    parts = [*_arguments(text), "", ""]
    return make.expand(parts[1] if make.expand(parts[0], depth).strip() else parts[2], depth)


def _foreach(make: Makefile, text: str, depth: int) -> str:
    name, words, *body = [*_arguments(text), "", ""][: max(3, len(_arguments(text)))]
    found = []
    for word in make.expand(words, depth).split():
        make._locals.append({make.expand(name, depth).strip(): word})
        found.append(make.expand(",".join(body), depth))
        make._locals.pop()
    return " ".join(found)


def _eval(make: Makefile, text: str, depth: int) -> str:
    make.assign(make.expand(text, depth).strip())
    return ""


_LAZY: dict[str, Callable[[Makefile, str, int], str]] = {"if": _if, "foreach": _foreach, "eval": _eval}
