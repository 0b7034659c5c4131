"""The syntax of Liberty: text in, a tree of groups out; every error knows its line.

Yosys's parser (libparse) reads the same language as fast, but ends the whole process at a syntax error. A library of
somebody else deserves a message, so files are scanned here; libparse is the oracle of the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from finevh.base.files import read_input
from finevh.base.packed import unpack
from finevh.errors import InputError

__all__ = ["Group", "parse_liberty", "read_liberty_text"]

# One statement: `name : value ;`, `name (arguments) ;` or `name (arguments) {`, or the end of a group.
_STATEMENT = re.compile(
    r"""[\s;\\]*+(?:
        (?P<name>"[^"]*"|[A-Za-z_][\w\[\].:-]*?)[^\S\n]*+
        (?: :(?:[^\S\n]|\\[ \t\r]*+\n)*+(?P<value>"[^"]*"|[^;{}\n"]*+)[^\S\n]*+(?=[;}\n]|$)
          | [\s\\]*+\((?P<args>(?:"[^"]*"|[^()"]++)*+)\)[\s\\]*+(?P<open>\{)?
        )
      | (?P<close>\})
    )""",
    re.VERBOSE,
)
_SIMPLE = r'[A-Za-z_]\w*+[^\S\n]*+:[^\S\n]*+(?:"[^"]*"|[^;{}\n"]++);'
# The start of a group with the simple attributes that stand first in it, and its end where nothing else follows.
_OPEN = re.compile(
    r"""[\s;\\]*+([A-Za-z_]\w*+)\s*+\(((?:"[^"]*"|[^()"]++)*+)\)[\s\\]*+\{((?:[\s;\\]*+SIMPLE)*+)([\s;\\]*+\})?""".replace(
        "SIMPLE", _SIMPLE
    )
)
_ATTRIBUTE = re.compile(r'(\w++)[^\S\n]*+:[^\S\n]*+("[^"]*"|[^;{}\n"]++);')
# A whole table in its usual form: nine tenths of a library are such groups, so they are matched at once.
_TABLE = re.compile(
    r"""[\s;\\]*+([a-z_]+)\s*+\(([^()]*+)\)\s*+\{\s*+
    (?:index_1\s*+\(([^()]*+)\)\s*+;\s*+)?(?:index_2\s*+\(([^()]*+)\)\s*+;\s*+)?values\s*+\(([^()]*+)\)\s*+;\s*+\}([\s;\\]*+\})?""",
    re.VERBOSE,
)
_HOLDS_TABLES = frozenset({"timing", "internal_power"})
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(r'("[^"]*")|//[^\n]*')
_CONTINUED = re.compile(r"[ \t]*\\?[ \t\r]*\n[ \t]*")
_ERASE = str.maketrans('",\\', "   ")
_REST = re.compile(r"[\s;\\]*\Z")


@dataclass(slots=True)
class Group:
    """A Liberty group, for example ``pin (A) {...}``.

    Attributes
    ----------
    name, args : ``pin`` and the raw text between the parentheses.
    attributes : simple attributes, quotes removed; the last of equal names wins.
    complex : complex attributes in file order, raw arguments.
    groups : inner groups in file order.
    text, start : the file and the place of ``args`` in it.
    """

    name: str
    args: str
    text: str = field(repr=False, compare=False)
    start: int = field(compare=False)
    attributes: dict[str, str] = field(default_factory=dict)
    complex: list[tuple[str, str]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def line(self) -> int:
        """Line of the arguments; counted when asked for, which errors do."""
        return self.text.count("\n", 0, self.start) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """Arguments split at commas and blanks, quotes removed."""
        return (self.args,) if self.args.isidentifier() else tuple(self.args.translate(_ERASE).split())

    @property
    def title(self) -> str:
        """The first name.

        Raises
        ------
        InputError
            If the group has none.
        """
        if not self.names:
            raise InputError(f"a group '{self.name}' (line {self.line}) has no name")
        return self.names[0]

    def all(self, name: str) -> list[Group]:
        """Inner groups of one kind."""
        return [group for group in self.groups if group.name == name]

    def arguments(self, name: str) -> str | None:
        """Raw arguments of the first complex attribute of that name."""
        for key, args in self.complex:
            if key == name:
                return args
        return None


def read_liberty_text(path: Path) -> str:
    """Read a ``.lib`` or ``.lib.gz`` file.

    Raises
    ------
    InputError
        If the file is missing or its gzip stream is damaged or cut short.
    """
    try:
        data = unpack(read_input(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); fetch or generate the file again") from error
    return data.decode("utf-8", errors="replace")


@lru_cache(maxsize=1 << 15)
def _attributes(text: str) -> dict[str, str]:
    return {name: _bare(value) for name, value in _ATTRIBUTE.findall(text)}


def _bare(value: str) -> str:
    """A value without its quotes; a string that goes on behind a line's end is one line."""
    value = value.strip().strip('"').strip()
    return _CONTINUED.sub(" ", value) if "\n" in value else value


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


# Long: one loop over a text of megabytes, without a call for each statement.
def parse_liberty(text: str, source: str) -> Group:
    """Parse a Liberty text into its ``library`` group.

    Tables of equal text are one group, that of the first: more than half of a library's tables repeat.

    Parameters
    ----------
    text : the file's content.
    source : name of the file for messages.

    Raises
    ------
    InputError
        At a syntax error, with file and line; if the text ends inside a group; if it holds no library.
    """
    if '\\"' in text:
        # Quotes inside a string surround names that would not be words; without them the string is what it says.
        text = text.replace('\\"', "  ")
    if "/" in text:
        text = _COMMENT.sub(_blank, text)
    if "//" in text:
        text = _LINE_COMMENT.sub(lambda m: m.group(1) or "", text)
    root = Group("", "", text, 0)
    stack = [root]
    top = root
    position = 0
    match_statement = _STATEMENT.match
    match_table = _TABLE.match
    match_open = _OPEN.match
    known: dict[tuple[str, ...], Group] = {}
    while True:
        if (match := match_open(text, position)) is not None:
            name, args, simple, close = match.groups()
            group = Group(name, args, text, match.start(2), _attributes(simple).copy(), [], [])
            top.groups.append(group)
            position = match.end()
            if close:
                continue
            stack.append(group)
            top = group
            if name in _HOLDS_TABLES:
                inner = top.groups
                while not close and (match := match_table(text, position)) is not None:
                    name, args, index_1, index_2, values, close = match.groups()
                    key = (name, args, index_1, index_2, values)
                    found = known.get(key)
                    if found is None:
                        raw = [("index_1", index_1), ("index_2", index_2), ("values", values)]
                        if not (index_1 and index_2):
                            raw = [entry for entry in raw if entry[1]]
                        found = known[key] = Group(name, args, text, match.start(2), {}, raw, [])
                    inner.append(found)
                    position = match.end()
                if close:
                    stack.pop()
                    top = stack[-1]
            continue
        match = match_statement(text, position)
        if match is None:
            break
        name, value, args, opens, _ = match.groups()
        position = match.end()
        if name is None:
            if len(stack) == 1:
                break
            stack.pop()
            top = stack[-1]
        elif value is not None:
            top.attributes[name] = _bare(value)
        elif opens:
            group = Group(name, args, text, match.start("args"))
            top.groups.append(group)
            stack.append(group)
            top = group
        else:
            top.complex.append((name, args))
    if len(stack) > 1 and _REST.match(text, position):
        raise InputError(
            f"{source}: the file ends inside {top.name}({top.args}) of line {top.line}: it is cut short "
            "or a '}' is missing"
        )
    if not _REST.match(text, position):
        where = text.count("\n", 0, position + len(text[position:]) - len(text[position:].lstrip(" \t\n;\\"))) + 1
        excerpt = text[position:].strip(" \t\n;\\").split("\n", 1)[0][:40]
        raise InputError(f"{source}:{where}: Liberty syntax error at '{excerpt}'")
    libraries = root.all("library")
    if len(libraries) != 1:
        raise InputError(f"{source}: holds {len(libraries)} library groups; one is expected: is it a Liberty file?")
    return libraries[0]
