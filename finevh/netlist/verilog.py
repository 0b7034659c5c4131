"""Mapped Verilog to :class:`Netlist` columns: one compiled pattern per statement, hierarchy flattened, names resolved once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.builder import Bits, NetlistBuilder
from finevh.netlist.connections import book_connections
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.preprocess import SourceText, preprocess, read_text
from finevh.technology.model import Direction, Technology

_IDENTIFIER = r"(?:\\\S+|[A-Za-z_][\w$]*+)"
# Possessive repeats: time linear in the text, whatever it is.
_STATEMENT = re.compile(r"\s*+((?:[^;\\]++|\\\S++(?=\s))*+;)")
_BOUNDARY = re.compile(r'\\\S++|"[^"\n]*"|\b(?:macromodule|module|endmodule|primitive|endprimitive)\b')
_HEADER = re.compile(rf"\s*+({_IDENTIFIER})\s*+")
_RANGE = r"(?:\[([^\[\]:]+):([^\[\]:]+)\])?"
_DECLARATION = re.compile(
    r"(input|output|inout|wire|tri|tri0|tri1|supply0|supply1)\b\s*+(?:wire\b|tri\b)?\s*+(?:signed\b)?\s*+"
    rf"{_RANGE}\s*+(.*)$",
    re.DOTALL,
)
_PARAMETER = re.compile(rf"(?:parameter|localparam)\b\s*+(?:signed\b|integer\b)?\s*+{_RANGE}\s*+(.*)$", re.DOTALL)
_ASSIGN = re.compile(r"assign\b\s*+(?:\#\s*+(?:[\w.]+|\([^()]*\)))?(.*)$", re.DOTALL)
_INSTANCE = re.compile(
    rf"({_IDENTIFIER})\s*+(\#\s*+(?:[\d.]+|\((?:[^()]|\([^()]*\))*\)))?\s*+({_IDENTIFIER}(?:\s*+\[[^\]]*\])?)\s*+\((.*)\)\s*+$",
    re.DOTALL,
)
_CONNECTION = re.compile(
    rf"\s*+\.\s*+({_IDENTIFIER})\s*+\(\s*+(?:(\\\S+(?:\s++\[\s*+\d+\s*+\])?|[A-Za-z_][\w$]*(?:\s*+\[\s*+\d+\s*+\])?)\s*+)?\)\s*+(,|$)"
)
_CONNECTION_WIDE = re.compile(rf"\s*+\.\s*+({_IDENTIFIER})\s*+\(((?:[^()\\]++|\\\S++)*+)\)\s*+(,|$)")
_TERM = re.compile(
    rf"\s*+(?:(\{{)|(\}})|(,)|(\d+)?\s*+'\s*+[sS]?([bBhHdDoO])\s*+([0-9a-fA-FxXzZ_?]+)|(\d+)|({_IDENTIFIER})"
    r"(?:\s*+\[([^\[\]:]+)(?::([^\[\]:]+))?\])?)\s*+"
)
_BEFORE_EQUALS = re.compile(r"(?:\\\S++|[^\\=]++)*+")
_INDEX = re.compile(r"\[\s*(\d+)\s*\]")
_BIT_LIKE = re.compile(r"\[-?\d+\]$")
_BASE = {"b": 2, "o": 8, "d": 10, "h": 16}
KEYWORD = re.compile(
    r"(reg|always\w*|initial|function|task|generate|parameter|localparam|defparam|specify|primitive|integer|genvar|"
    r"event|real|logic|interface|package|import|typedef|and|or|not|nand|nor|xor|xnor|buf|bufif0|bufif1|if|case|for|wand|wor)\b"
)
_SUPPLY = re.compile(r"(?:V(?:DD|SS|CC|EE|PWR|GND|PB|NB|NW|PW|BP|BN)|GND|PWR)\w*!?", re.IGNORECASE)
"""Pins that carry supplies by their names alone, where no library names them."""
_MAX_LITERAL = 65536
"""Bits of the widest constant that is expanded: a longer one is no netlist."""
_MOST_DEPTH = 100
_MOST_MODULES = 200_000
"""Instances of modules that one netlist may have."""
_MOST_NESTED = 50
"""Braces inside braces."""


def _plain(identifier: str) -> str:
    """Name of an identifier: without the backslash unless the name would then read as a bit of a bus."""
    if identifier[0] != "\\":
        return identifier
    name = identifier[1:]
    return identifier if _BIT_LIKE.search(name) else name


def _items(text: str) -> list[str]:
    """Split a list at its commas; those inside escaped identifiers, brackets and braces are not its own."""
    parts: list[str] = []
    start, depth = 0, 0
    for match in re.finditer(r"\\\S+|[,(){}\[\]]", text):
        mark = match.group()
        if mark in "({[":
            depth += 1
        elif mark in ")}]":
            depth -= 1
        elif mark == "," and depth <= 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


_LONGEST_INDEX = 15  # digits


def _split(text: str) -> tuple[str, int | None]:
    r"""Name and bit index of ``a``, ``a[3]``, ``\\a.b`` or ``\\a.b [3]``; white space of any kind ends an escaped name."""
    if text[0] == "\\":
        base, *rest = text.split(None, 1)
        match = _INDEX.fullmatch(rest[0].strip()) if rest else None
        if match:
            return base[1:], _bit(match.group(1))
        return _plain(base), None
    if text[-1] == "]":
        base, _, rest_ = text.partition("[")
        return base.rstrip(), _bit(rest_[:-1])
    return text, None


def _bit(digits: str) -> int:
    """Index of a bit of a bus."""
    if len(digits) > _LONGEST_INDEX:
        raise InputError(
            f"the index '{digits[:_LONGEST_INDEX]}...' of a bit is longer than any bus; correct the netlist"
        )
    return int(digits)


@dataclass
class _Module:
    """A module of the file before it is elaborated: its header, and its statements with their positions."""

    name: str
    header: str
    at: int
    body: tuple[int, int]
    statements: list[tuple[int, str]] | None = None


@dataclass
class _Scope:
    """One instance of a module: how its names read in the flat netlist, its parameters, and its ports."""

    module: _Module
    prefix: str
    parameters: dict[str, int] = field(default_factory=dict)
    nets: dict[str, int] = field(default_factory=dict)
    """Nets by the spelling of a name or a bit."""
    ports: dict[str, str] = field(default_factory=dict)
    """Full name by name of the declared ports."""
    order: list[str] = field(default_factory=list)
    """Ports in the order of the header."""

    def full(self, name: str) -> str:
        """Flat name: instances from the top, ``/`` between them."""
        if not self.prefix:
            return name
        return "\\" + self.prefix + name[1:] if name[0] == "\\" else self.prefix + name


class _Reader:
    """State of reading one file."""

    def __init__(self, source: SourceText, technology: Technology, checks: Checks | None) -> None:
        self.source, self.technology, self.checks = source, technology, checks
        self.build = NetlistBuilder(technology.cells)
        self.owner: dict[str, str] = {}
        """Instance of each net whose name has a ``/``."""
        self.words: set[str] = set()
        """Buses whose names end in an index of their own."""
        cells = technology.cells
        self.types: dict[str, tuple[int, int]] = {}
        for v, variant in reversed(list(enumerate(technology.variants))):
            self.types.update({name + variant.suffix: (row, v) for row, name in enumerate(cells.names)})
        self.pins = [{name: k for k, name in enumerate(cells.pins(row))} for row in range(len(cells.names))]
        self.buses: dict[int, dict[str, list[int]]] = {}
        self.modules: dict[str, _Module] = {}
        self.elaborated = 0

    def fail(self, position: int, message: str) -> InputError:
        return InputError(f"{self.source.where(position)}: {message}")

    # Modules of the file.

    def scan(self) -> None:
        """Find the modules; what stands outside them is no netlist."""
        text, at, opened, outside = self.source.text, 0, "", 0
        for match in _BOUNDARY.finditer(text):
            word = match.group()
            if word.startswith("\\\\"):
                # Here a leading backslash marks a scalar that is called like a bit; taken off, two names could become one.
                raise self.fail(match.start(), f"'{word}': a name that begins with a backslash of its own; rename it")
            if word[0] in '\\"':
                continue
            if word in ("module", "macromodule", "primitive"):
                if opened:
                    raise self.fail(at, f"no 'end{opened}' before the next '{word}': the file is damaged")
                self.outside(outside, match.start())
                opened, at = "module" if word == "macromodule" else word, match.end()
            elif word != f"end{opened}" or not opened:
                raise self.fail(match.start(), f"'{word}' without '{word[3:]}'")
            else:
                if opened == "module":
                    self.add_module(at, match.start())
                opened, outside = "", match.end()
        if opened:
            self.truncated(at, opened)
        self.outside(outside, len(text))

    def outside(self, start: int, stop: int) -> None:
        rest = self.source.text[start:stop].lstrip("; \t\r\n")
        if rest:
            at = stop - len(rest)
            if ";" not in rest:
                raise self.fail(at, "this statement has no ';': the file is truncated or no Verilog")
            raise self.fail(at, "no 'module' before this statement: no Verilog netlist")

    def truncated(self, at: int, opened: str) -> None:
        """Say where a module that does not end stops being one."""
        text = self.source.text
        while match := _STATEMENT.match(text, at):
            at = match.end()
        rest = text[at:].lstrip()
        if rest:
            raise self.fail(len(text) - len(rest), "this statement has no ';': the file is truncated or no Verilog")
        raise self.fail(len(text), f"no 'end{opened}': the file is truncated")

    def add_module(self, start: int, stop: int) -> None:
        text = self.source.text
        match = _HEADER.match(text, start, stop)
        header = _STATEMENT.match(text, start, stop)
        if match is None or header is None:
            raise self.fail(start, "'module' without a name and a ';'")
        name = match.group(1).removeprefix("\\")
        if name in self.modules:
            raise self.fail(start, f"module '{name}' stands twice in this file")
        self.modules[name] = _Module(name, text[match.end() : header.end() - 1], start, (header.end(), stop))

    def statements(self, module: _Module) -> list[tuple[int, str]]:
        """Statements of a module, without their ``;``."""
        if module.statements is None:
            found = []
            at, stop = module.body
            text = self.source.text
            while at < stop:
                match = _STATEMENT.match(text, at, stop)
                if match is None:
                    rest = text[at:stop].lstrip()
                    if rest:
                        raise self.fail(
                            stop - len(rest), "this statement has no ';': the file is truncated or no Verilog"
                        )
                    break
                at = match.end()
                found.append((match.start(1), match.group(1)[:-1].rstrip()))
            module.statements = found
        return module.statements

    def root(self) -> str:
        """The module that no other one uses."""
        if len(self.modules) == 1:
            return next(iter(self.modules))
        used = set()
        for module in self.modules.values():
            for _, statement in self.statements(module):
                match = _INSTANCE.match(statement)
                if match:
                    used.add(match.group(1).removeprefix("\\"))
        roots = [name for name in self.modules if name not in used]
        if len(roots) != 1:
            raise InputError(f"{self.source.name}: {len(self.modules)} modules; say which one is the top")
        return roots[0]

    # Elaboration.

    def elaborate(self, scope: _Scope, given: Callable[[_Scope], None] | None, depth: int) -> None:
        """Read the statements of one instance of a module; ``given`` connects its ports once they are known."""
        module = scope.module
        self.elaborated += 1
        if depth > _MOST_DEPTH or self.elaborated > _MOST_MODULES:
            raise self.fail(module.at, f"module '{module.name}' is in itself, or the hierarchy has no end")
        self.header(scope)
        rest = []
        for position, statement in self.statements(module):
            if match := _DECLARATION.match(statement):
                self.declare(scope, match, position)
            elif match := _PARAMETER.match(statement):
                self.parameter(scope, match.group(3), position)
            else:
                rest.append((position, statement))
        if given is not None:
            given(scope)
        for position, statement in rest:
            if match := _ASSIGN.match(statement):
                for item in _items(match.group(1)):
                    self.assign(scope, item, position)
            elif statement:
                self.instance(scope, statement, position, depth)

    def header(self, scope: _Scope) -> None:
        """Declare the ports of an ANSI header; names alone are declared by later statements."""
        module, text = scope.module, scope.module.header.strip()
        if text.startswith("#"):
            end = _closing(text, text.find("("))
            if end < 0:
                raise self.fail(module.at, "the parameters of this module have no ')'")
            for item in _items(text[text.find("(") + 1 : end]):
                words = re.sub(r"^\s*parameter\b", "", item)
                self.parameter(scope, re.sub(rf"^\s*(?:signed\b|integer\b)?\s*{_RANGE}", "", words), module.at)
            text = text[end + 1 :].strip()
        if not text:
            return
        if text[0] != "(" or text[-1] != ")":
            raise self.fail(module.at, f"'{text[:40]}' is no list of ports")
        keyword, bounds = None, None
        pattern = re.compile(
            rf"\s*+(?:(input|output|inout)\b\s*+(?:wire\b|tri\b)?\s*+(?:signed\b)?\s*+{_RANGE})?\s*+({_IDENTIFIER})\s*+$"
        )
        for item in _items(text[1:-1]) if text[1:-1].strip() else []:
            match = pattern.match(item)
            if match is None:
                raise self.fail(module.at, f"'{item.strip()[:40]}' is no port of a netlist")
            if match.group(1):
                keyword = match.group(1)
                bounds = self.bounds(scope, match.group(2), match.group(3), module.at)
            name = _plain(match.group(4))
            scope.order.append(name)
            if keyword is not None:
                self.declare_one(scope, keyword, name, bounds, module.at)

    def parameter(self, scope: _Scope, text: str, position: int) -> None:
        """Parameters of a module; a value that is given from outside stays."""
        for item in _items(text):
            name, equals, value = item.partition("=")
            if not equals or not re.fullmatch(_IDENTIFIER, name.strip()):
                raise self.fail(position, f"'{item.strip()[:40]}' is no parameter with a value")
            if name.strip() not in scope.parameters:
                try:
                    scope.parameters[name.strip()] = self.number(scope, value, position)
                except InputError:
                    # Text and real parameters mean nothing to a netlist; used in a range they are unknown.
                    continue

    def number(self, scope: _Scope, text: str, position: int) -> int:
        """Value of a constant expression of whole numbers and parameters."""
        return _Constant(text, scope.parameters, lambda what: self.fail(position, what)).value()

    def bounds(self, scope: _Scope, left: str | None, right: str | None, position: int) -> tuple[int, int] | None:
        if left is None or right is None:
            return None
        return self.number(scope, left, position), self.number(scope, right, position)

    def declare(self, scope: _Scope, match: re.Match[str], position: int) -> None:
        keyword, left, right, names = match.groups()
        bounds = self.bounds(scope, left, right, position)
        for item in _items(names):
            name, equals, value = item.partition("=") if "=" in item and "\\" not in item else (item, "", "")
            name = name.strip()
            if not re.fullmatch(_IDENTIFIER, name):
                raise self.fail(position, f"'{name[:40]}' is no name in a declaration of {keyword}")
            self.declare_one(scope, keyword, _plain(name), bounds, position)
            if equals:
                self.assign(scope, f"{name} = {value}", position)

    def declare_one(
        self, scope: _Scope, keyword: str, name: str, bounds: tuple[int, int] | None, position: int
    ) -> None:
        if bounds is not None and name[0] == "\\":
            # A bus whose escaped name reads like a bit, as words of a memory: no bit of its own is meant by it.
            name = name[1:]
            self.words.add(scope.full(name))
        full = self.full(scope, name, position)
        try:
            if keyword not in ("input", "output", "inout"):
                if keyword in ("tri0", "tri1"):
                    raise InputError(f"'{keyword}' pulls its net where nothing drives it, which no cell does here")
                self.build.add_bus(full, bounds)
                if keyword.startswith("supply"):
                    self.build.tie(self.build.net(full), int(keyword[-1]))
            elif name in scope.ports:
                raise InputError(f"port '{name}' is declared twice")
            else:
                scope.ports[name] = full
                if scope.prefix:
                    self.build.add_bus(full, bounds)
                else:
                    self.build.add_port(full, bounds, Direction[keyword.upper()])
        except InputError as error:
            raise self.fail(position, str(error)) from None

    def full(self, scope: _Scope, name: str, position: int) -> str:
        """Flat name of a net; an escaped name may read like one of another level, and would then be joined with it."""
        full = scope.full(name)
        if "/" in full and self.owner.setdefault(full, scope.prefix) != scope.prefix:
            above, below = sorted((self.owner[full], scope.prefix), key=len)
            where = repr(above[:-1]) if above else "the top"
            raise self.fail(
                position,
                f"the net '{full.removeprefix(above)}' of {where} has the name of one in the instance '{below[:-1]}'; rename one",
            )
        return full

    # Expressions.

    def net(self, scope: _Scope, text: str, position: int) -> int:
        """Net of a name or of a bit, memorised by its spelling."""
        number = scope.nets.get(text)
        if number is None:
            name, index = _split(text.strip())
            bits = self.select(scope, name, index, None, position)
            if len(bits) != 1:
                raise self.fail(position, f"bus '{name}' of {len(bits)} bits at a pin of one")
            number = scope.nets[text] = bits[0]
        return number

    def select(self, scope: _Scope, name: str, high: int | None, low: int | None, position: int) -> Bits:
        full = self.full(scope, name, position)
        if full[0] == "\\" and full[1:] in self.words:
            full = full[1:]
        try:
            return self.build.select(full, high, low)
        except InputError as error:
            raise self.fail(position, str(error)) from None

    def expression(self, scope: _Scope, text: str, position: int) -> Bits:
        """Nets of an expression, most significant first; constants are nets tied to their value."""
        bits, at = self.operand(scope, text, 0, position, 0)
        if at < len(text):
            raise self.fail(position, f"'{text[:40].strip()}' is no net: map the logic to cells first")
        return bits

    def operand(self, scope: _Scope, text: str, at: int, position: int, depth: int) -> tuple[Bits, int]:
        match = _TERM.match(text, at)
        if match is None:
            raise self.fail(position, f"'{text[:40].strip()}' is no net: map the logic to cells first")
        opened, closed, comma, size, base, digits, plain, name, high, low = match.groups()
        at = match.end()
        if opened:
            return self.concatenation(scope, text, at, position, depth + 1)
        if base:
            return self.literal(size, base.lower(), digits.lower(), position), at
        if plain:
            return self.literal(None, "d", plain, position), at
        if closed or comma:
            raise self.fail(position, f"a misplaced '{closed or comma}' in '{text[:40].strip()}'")
        left = None if high is None else self.number(scope, high, position)
        right = None if low is None else self.number(scope, low, position)
        return self.select(scope, _plain(name) if left is None else name.removeprefix("\\"), left, right, position), at

    def concatenation(self, scope: _Scope, text: str, at: int, position: int, depth: int) -> tuple[Bits, int]:
        """What stands between braces: a list, or a count and a list that is repeated."""
        if depth > _MOST_NESTED:
            raise self.fail(position, f"more than {_MOST_NESTED} braces one in another")
        count = 1
        repeat = re.compile(r"\s*([A-Za-z_$\w]+)\s*\{").match(text, at)
        if repeat is not None:
            count = self.number(scope, repeat.group(1), position)
            inner, at = self.concatenation(scope, text, repeat.end(), position, depth + 1)
        else:
            inner, at = self.operand(scope, text, at, position, depth)
        bits = list(inner)
        while (match := _TERM.match(text, at)) is not None and match.group(3):
            inner, at = self.operand(scope, text, match.end(), position, depth)
            bits += inner
        if match is None or not match.group(2):
            raise self.fail(position, f"unbalanced braces in '{text[:40].strip()}'")
        if count * len(bits) > _MAX_LITERAL:
            raise self.fail(position, f"a repetition of {count * len(bits)} bits")
        return bits * count, match.end()

    def literal(self, size: str | None, base: str, digits: str, position: int) -> Bits:
        """Bits of a constant; an unknown first digit extends to the left, as Verilog has it."""
        digits = digits.replace("_", "").replace("?", "z")
        if size and len(size) > _LONGEST_INDEX:
            raise self.fail(position, f"a constant of {size[:_LONGEST_INDEX]}... bits")
        width = int(size) if size else 32
        if not 0 < width <= _MAX_LITERAL:
            raise self.fail(position, f"a constant of {width} bits")
        per = {"b": 1, "o": 3, "h": 4}.get(base)
        unknown = digits[:1] in ("x", "z")
        try:
            if base == "d" and digits in ("x", "z"):
                text = digits
            elif per:
                text = "".join(d * per if d in "xz" else format(int(d, _BASE[base]), f"0{per}b") for d in digits)
            else:
                text = format(int(digits, _BASE[base]), "b")
        except ValueError:
            raise self.fail(position, f"'{digits}' is no number of base {_BASE[base]}") from None
        text = text.rjust(width, digits[0] if unknown else "0")[-width:]
        return [self.build.constant(bit) for bit in text]

    def fitted(self, scope: _Scope, text: str, width: int, position: int) -> Bits:
        """Nets of an expression for a place of ``width`` bits: a single constant takes that width."""
        return self.resized(self.expression(scope, text, position), text, width)

    def resized(self, bits: Bits, text: str, width: int) -> Bits:
        """Bits of an expression for a place of ``width`` bits; a constant is extended, a signed one by its sign."""
        if len(bits) == width or (constant := _TERM.fullmatch(text)) is None or not (constant[5] or constant[7]):
            return bits
        if len(bits) > width:
            return bits[-width:]
        signed = re.search(r"'\s*[sS]", text) is not None or (constant[7] and len(bits) == 32)
        fill = bits[0] if bits[0] == NO_NET or signed else self.build.constant("0")
        return [fill] * (width - len(bits)) + bits

    def assign(self, scope: _Scope, text: str, position: int) -> None:
        before = _BEFORE_EQUALS.match(text)
        end = before.end() if before is not None else len(text)
        target, value = text[:end], text[end + 1 :]
        if end >= len(text):
            raise self.fail(position, f"'{text.strip()[:40]}' is no assignment")
        left = self.expression(scope, target, position)
        right = self.fitted(scope, value, len(left), position)
        if len(left) != len(right):
            raise self.fail(position, f"'assign' of {len(right)} bits to {len(left)} bits")
        self.join(left, right, position)

    def join(self, left: Bits, right: Bits, position: int) -> None:
        for a, b in zip(left, right, strict=True):
            try:
                self.build.join(a, b)
            except InputError as error:
                raise self.fail(position, str(error)) from None

    # Instances.

    def connections(self, scope: _Scope, body: str, name: str, position: int) -> list[tuple[str, str, bool]]:
        """(pin, expression, whether it is one name or bit) of each connection by name."""
        found = []
        at, end, last = 0, len(body), ","
        while at < end:
            match = _CONNECTION.match(body, at)
            simple = match is not None
            if match is None:
                match = _CONNECTION_WIDE.match(body, at)
            if match is None:
                if not body[at:].strip() and at == 0:
                    break
                shown = body[at : at + 40].strip()
                raise self.fail(position, f"instance '{name}': '{shown}' is no connection '.pin(net)'")
            pin, text, last = match.groups()
            found.append((pin.removeprefix("\\"), text or "", simple))
            at = match.end()
        if last == "," and body.strip():
            raise self.fail(position, f"instance '{name}': a ',' with no connection behind it")
        return found

    def instance(self, scope: _Scope, text: str, position: int, depth: int) -> None:
        match = _INSTANCE.match(text)
        if match is None:
            keyword = KEYWORD.match(text)
            what = f"'{keyword.group(1)}'" if keyword else f"'{text[:40].strip()}'"
            raise self.fail(position, f"{what} has no place in a flat mapped netlist: synthesise and flatten first")
        type_name, parameters, name, body = match.groups()
        type_name = type_name.removeprefix("\\")
        known = self.types.get(type_name)
        if known is not None:
            self.cell(scope, known, type_name, name, body, position)
        elif type_name in self.technology.skipped:
            raise self.fail(position, f"cell '{type_name}' could not be read: {self.technology.skipped[type_name]}")
        elif type_name in self.modules:
            self.module(scope, type_name, parameters, name, body, position, depth)
        elif KEYWORD.fullmatch(type_name):
            raise self.fail(position, f"'{type_name}' has no place in a flat mapped netlist: synthesise first")
        else:
            self.unknown(scope, type_name, name, body, position)

    def unknown(self, scope: _Scope, type_name: str, name: str, body: str, position: int) -> None:
        """A cell without Liberty: nothing is lost where no pin of it carries a signal, as of taps and fillers."""
        supplies = self.technology.power_pins.get(type_name, ())
        by_name = body.strip() == "" or body.lstrip().startswith(".")
        pins = [pin for pin, _, _ in self.connections(scope, body, name, position)] if by_name else [""]
        if not all(pin in supplies or _SUPPLY.fullmatch(pin) for pin in pins):
            raise self.fail(position, f"no Liberty given holds a cell '{type_name}'")
        if self.checks is not None:
            self.checks.add("cells_without_liberty", [f"{scope.full(_plain(name))} ({type_name})"])

    def cell(self, scope: _Scope, known: tuple[int, int], type_name: str, name: str, body: str, position: int) -> None:
        row, variant = known
        pins = self.pins[row]
        nets = [NO_NET] * len(pins)
        seen = 0
        for pin, text, simple in self.connections(scope, body, name, position):
            column = pins.get(pin)
            if column is None:
                columns = self.bus(row).get(pin)
                if columns is None:
                    if pin in self.technology.power_pins.get(self.technology.cells.names[row], ()) or _SUPPLY.fullmatch(
                        pin
                    ):
                        continue
                    raise self.fail(position, f"instance '{name}': cell '{type_name}' has no pin '{pin}'")
            else:
                columns = [column]
            if any(seen >> k & 1 for k in columns):
                raise self.fail(position, f"instance '{name}': pin '{pin}' is connected twice")
            for k in columns:
                seen |= 1 << k
            if not text.strip():
                continue
            if simple and len(columns) == 1:
                nets[columns[0]] = self.net(scope, text, position)
                continue
            bits = self.fitted(scope, text, len(columns), position)
            if len(bits) != len(columns):
                want = "one net" if len(columns) == 1 else f"{len(columns)} nets"
                raise self.fail(position, f"instance '{name}': pin '{pin}' takes {want}, not {len(bits)}")
            for k, net in zip(columns, bits, strict=True):
                nets[k] = net
        full = (scope.prefix + name.removeprefix("\\")) if scope.prefix else name[1:] if name[0] == "\\" else name
        if not self.build.add_instance(full, row, variant, nets):
            raise self.fail(position, f"instance '{full}' exists already")

    def bus(self, row: int) -> dict[str, list[int]]:
        """Pins of the buses of a cell, in the order of the library."""
        found = self.buses.get(row)
        if found is None:
            found = self.buses[row] = {}
            for name, column in self.pins[row].items():
                if _BIT_LIKE.search(name):
                    found.setdefault(name[: name.rindex("[")], []).append(column)
        return found

    def module(
        self, scope: _Scope, type_name: str, parameters: str | None, name: str, body: str, position: int, depth: int
    ) -> None:
        """An instance of a module of the file: its contents, with names ``instance/name``."""
        inner = _Scope(self.modules[type_name], scope.prefix + name.removeprefix("\\") + "/")
        if _INDEX.search(name) and name[0] != "\\":
            raise self.fail(position, f"'{name}': arrays of instances are not understood; write them one by one")
        for item in _items(parameters.strip("# \t\r\n")[1:-1]) if parameters and "(" in parameters else []:
            given = re.fullmatch(rf"\s*\.\s*({_IDENTIFIER})\s*\((.*)\)\s*", item, re.DOTALL)
            if given is None:
                raise self.fail(position, f"instance '{name}': '{item.strip()[:40]}' is no parameter '.name(value)'")
            inner.parameters[given.group(1)] = self.number(scope, given.group(2), position)
        if not body.strip() or body.lstrip().startswith("."):
            given_nets: list[tuple[str | int, str]] = [
                (pin, text) for pin, text, _ in self.connections(scope, body, name, position)
            ]
        else:
            given_nets = list(enumerate(_items(body)))
        # Nets of this scope come first, so that they give joined nets their names.
        nets = [
            (port, text, self.expression(scope, text, position) if text.strip() else []) for port, text in given_nets
        ]

        def connect(child: _Scope) -> None:
            done = set()
            for port, text, bits in nets:
                if isinstance(port, int):
                    if port >= len(child.order):
                        raise self.fail(position, f"instance '{name}': {len(nets)} nets for {len(child.order)} ports")
                    port = child.order[port]
                spellings = (port, "\\" + port, port.removeprefix("\\"))
                full = next((child.ports[name] for name in spellings if name in child.ports), None)
                if full is None:
                    raise self.fail(position, f"instance '{name}': module '{type_name}' has no port '{port}'")
                if port in done:
                    raise self.fail(position, f"instance '{name}': port '{port}' is connected twice")
                done.add(port)
                if not bits:
                    continue
                try:
                    own = self.build.select(full, None, None)
                except InputError as error:
                    raise self.fail(position, str(error)) from None
                fitted = self.resized(bits, text, len(own))
                if len(fitted) != len(own):
                    raise self.fail(
                        position, f"instance '{name}': port '{port}' takes {len(own)} bits, not {len(bits)}"
                    )
                self.join(fitted, own, position)

        self.elaborate(inner, connect, depth + 1)


def _closing(text: str, at: int) -> int:
    """Place of the ``)`` of the ``(`` at ``at``; -1 if there is none."""
    depth = 0
    for k in range(max(at, 0), len(text)):
        depth += (text[k] == "(") - (text[k] == ")")
        if depth == 0:
            return k
    return -1


class _Constant:
    """A constant expression: whole numbers, parameters, ``+ - * / %``, and brackets."""

    def __init__(self, text: str, names: dict[str, int], fail: Callable[[str], InputError]) -> None:
        self.text, self.names, self.fail = text, names, fail
        self.tokens = re.findall(r"\d+'[sS]?[dD]\d+|\d+|[A-Za-z_][\w$]*|\S", text)
        self.at = 0

    def value(self) -> int:
        """Value of the whole text."""
        if len(self.tokens) > 200:
            raise self.error()
        found = self._sum()
        if self.at < len(self.tokens) or abs(found) > 1 << 40:
            raise self.error()
        return found

    def error(self) -> InputError:
        return self.fail(f"'{self.text.strip()[:40]}' is no whole number")

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _sum(self) -> int:
        found = self._product()
        while self._peek() in ("+", "-"):
            found += self._product() if self._take() == "+" else -self._product()
        return found

    def _product(self) -> int:
        found = self._factor()
        while self._peek() in ("*", "/", "%"):
            sign, other = self._take(), self._factor()
            if sign != "*" and other == 0:
                raise self.error()
            found = found * other if sign == "*" else found // other if sign == "/" else found % other
            if abs(found) > 1 << 40:
                raise self.error()
        return found

    def _factor(self) -> int:
        token = self._take()
        if token == "-":
            return -self._factor()
        if token == "(":
            found = self._sum()
            if self._take() != ")":
                raise self.error()
            return found
        if token in self.names:
            return self.names[token]
        digits = re.split("[dD]", token)[-1]
        if not digits.isdigit() or len(digits) > 15:
            raise self.error()
        return int(digits)


def parse_verilog(
    text: str,
    technology: Technology,
    top: str | None = None,
    name: str = "<text>",
    checks: Checks | None = None,
    folder: Path | None = None,
) -> Netlist:
    """Parse mapped Verilog; see :func:`read_verilog`."""
    source = preprocess(text, name, folder)
    if not source.text.isascii():
        at = next(i for i, c in enumerate(source.text) if not c.isascii())
        raise InputError(f"{source.where(at)}: a character outside ASCII in a name; Verilog has none")
    reader = _Reader(source, technology, checks)
    reader.scan()
    if not reader.modules:
        raise InputError(f"{name}: no module")
    if top is None:
        top = reader.root()
    elif top not in reader.modules:
        raise InputError(f"{name}: no module '{top}'; it has {sorted(reader.modules)}")
    reader.elaborate(_Scope(reader.modules[top], ""), None, 0)
    netlist = reader.build.finish(top)
    if checks is not None:
        book_connections(netlist, checks)
        notes = technology.cell_notes
        used = [technology.cells.names[row] for row in sorted(set(netlist.cell_type.tolist()))] if notes else []
        checks.add("liberty_not_modelled", (f"{notes[name]} of cell {name}" for name in used if name in notes))
    return netlist


def read_verilog(
    path: Path | str, technology: Technology, top: str | None = None, checks: Checks | None = None
) -> Netlist:
    """Read a netlist of library cells (``.v`` or ``.v.gz``), flat or of modules in modules.

    Names lose the backslash of an escaped identifier, except where a scalar is called like a bit of a bus. ``assign``
    between nets and ports merges them; constants become nets with a value. What is inside a module instance is called
    ``instance/name``. Pins that carry supplies, and cells without Liberty that have no others, are left out.

    Parameters
    ----------
    technology : Technology
        Names cells and variants: ``NAND2_X1_PB16`` is cell ``NAND2_X1``, variant ``PB16``.
    top : str, optional
        The module to read; by default the one that no other module of the file uses.
    checks : Checks, optional
        Takes what is odd: inputs that nothing drives, nets with several drivers, cells without Liberty.

    Raises
    ------
    InputError
        With file and line: no mapped netlist, an unknown cell or pin, a truncated file, a damaged gzip.
    """
    return parse_verilog(read_text(path), technology, top, str(path), checks, Path(path).parent)


__all__ = ["KEYWORD", "SourceText", "parse_verilog", "read_text", "read_verilog"]
