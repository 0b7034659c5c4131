"""Flat mapped Verilog to :class:`Netlist` columns: one compiled pattern per statement, names resolved once."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.builder import Bits, NetlistBuilder
from finevh.netlist.check import book_connections
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction, Technology

_IDENTIFIER = r"(?:\\\S+|[A-Za-z_][\w$]*)"
_OPENING = re.compile(r"//|/\*|\(\*|\\\S++|\"|^[ \t]*`", re.MULTILINE)
# Possessive repeats: time linear in the text, whatever it is.
_STATEMENT = re.compile(r"\s*+(endmodule\b|(?:[^;\\]++|\\\S++(?=\s))*+;)")
_MODULE = re.compile(rf"module\s++({_IDENTIFIER})\s*+(\(.*\))?\s*+$", re.DOTALL)
_DECLARATION = re.compile(
    r"(input|output|inout|wire|tri|supply0|supply1)\b\s*+(?:wire\b)?\s*+(?:signed\b)?\s*+(?:\[\s*+(-?\d+)\s*+:\s*+(-?\d+)\s*+\])?"
    r"\s*+(.*)$",
    re.DOTALL,
)
_ASSIGN = re.compile(r"assign\b([^=]*+)=(.*)$", re.DOTALL)
_INSTANCE = re.compile(
    rf"({_IDENTIFIER})\s*+(\#\s*+\((?:[^()]|\([^()]*\))*\))?\s*+({_IDENTIFIER}(?:\s*+\[[^\]]*\])?)\s*+\((.*)\)\s*+$",
    re.DOTALL,
)
_CONNECTION = re.compile(
    rf"\s*+\.\s*+({_IDENTIFIER})\s*+\(\s*+(?:(\\\S+(?:\s++\[\s*+\d+\s*+\])?|[A-Za-z_][\w$]*(?:\s*+\[\s*+\d+\s*+\])?)\s*+)?\)\s*+(,|$)"
)
_CONNECTION_WIDE = re.compile(rf"\s*+\.\s*+({_IDENTIFIER})\s*+\(((?:[^()\\]++|\\\S++)*+)\)\s*+(,|$)")
_TERM = re.compile(
    rf"\s*+(?:(\{{)|(\}})|(,)|(\d+)?\s*+'\s*+[sS]?([bBhHdDoO])\s*+([0-9a-fA-FxXzZ_?]+)|({_IDENTIFIER})"
    r"(?:\s*+\[\s*+(-?\d+)\s*+(?::\s*+(-?\d+)\s*+)?\])?)\s*+"
)
_BASE = {"b": 2, "o": 8, "d": 10, "h": 16}
KEYWORD = re.compile(
    r"(reg|always\w*|initial|function|task|generate|parameter|localparam|defparam|specify|primitive|integer|genvar|"
    r"event|real|logic|interface|package|import|typedef|and|or|not|nand|nor|xor|xnor|buf|bufif0|bufif1|if|case|for)\b"
)
_MAX_LITERAL = 65536
"""Bits of the widest constant that is expanded: a longer one is no netlist."""


class SourceText:
    """A text with its name, that can say where a position is."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def where(self, position: int) -> str:
        """``file:line`` of a character position."""
        return f"{self.name}:{self.text.count(chr(10), 0, position) + 1}"


def read_text(path: Path | str) -> str:
    """Read a text file, gzip-compressed when its name ends in ``.gz``.

    Raises
    ------
    InputError
        If the file is missing, or its compression is damaged or truncated.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: damaged or truncated gzip ({error}); copy the file again") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    return data.decode("latin-1")


def _blank(text: str, name: str) -> str:
    """Replace comments, attributes and directives by their line ends; escaped identifiers and strings stay."""
    parts: list[str] = []
    at = 0
    while match := _OPENING.search(text, at):
        opening = match.group().strip()
        if opening[0] == "\\":
            parts.append(text[at : match.end()])
            at = match.end()
            continue
        closing = {"//": "\n", "`": "\n", "/*": "*/", "(*": "*)", '"': '"'}[opening]
        end = text.find(closing, match.end())
        if end < 0:
            if closing != "\n":
                raise InputError(f"{SourceText(name, text).where(match.start())}: '{opening}' without '{closing}'")
            end = len(text)
        stop = end if closing == "\n" else end + len(closing)
        if opening == '"':
            parts.append(text[at:stop])
        else:
            parts.append(text[at : match.start()] + " " + "\n" * text.count("\n", match.start(), stop))
        at = stop
    parts.append(text[at:])
    return "".join(parts)


def _plain(identifier: str) -> str:
    """Name of an identifier: without the backslash unless the name would then read as a bit of a bus."""
    if identifier[0] != "\\":
        return identifier
    name = identifier[1:]
    return identifier if re.search(r"\[-?\d+\]$", name) else name


def _items(text: str) -> list[str]:
    """Split a list at its commas; those inside escaped identifiers are characters of names."""
    parts: list[str] = []
    start = 0
    for match in re.finditer(r"\\\S+|,", text):
        if match.group() == ",":
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


class _Reader:
    """State of reading one module."""

    def __init__(self, source: SourceText, technology: Technology) -> None:
        self.source = source
        self.build = NetlistBuilder(technology.cells)
        cells = technology.cells
        self.types: dict[str, tuple[int, int]] = {}
        for v, variant in reversed(list(enumerate(technology.variants))):
            self.types.update({name + variant.suffix: (row, v) for row, name in enumerate(cells.names)})
        self.pins = [{name: k for k, name in enumerate(cells.pins(row))} for row in range(len(cells.names))]
        self.modules: set[str] = set()

    def fail(self, position: int, message: str) -> InputError:
        return InputError(f"{self.source.where(position)}: {message}")

    def declare(self, match: re.Match[str], position: int) -> None:
        keyword, left, right, names = match.groups()
        bounds = None if left is None else (int(left), int(right))
        for item in _items(names):
            name = item.strip()
            if not re.fullmatch(_IDENTIFIER, name):
                if keyword == "wire" and "=" in name:
                    raise self.fail(position, "a wire with an initial value: write 'assign' instead")
                raise self.fail(position, f"'{name[:40]}' is no name in a declaration of {keyword}")
            self.declare_one(keyword, _plain(name), bounds, position)

    def declare_one(self, keyword: str, name: str, bounds: tuple[int, int] | None, position: int) -> None:
        try:
            if keyword in ("input", "output", "inout"):
                self.build.add_port(name, bounds, Direction[keyword.upper()])
            else:
                self.build.add_bus(name, bounds)
                if keyword.startswith("supply"):
                    self.build.tie(self.build.net(name), int(keyword[-1]))
        except InputError as error:
            raise self.fail(position, str(error)) from None

    def header(self, text: str | None, position: int) -> None:
        """Declare the ports of an ANSI header; names alone are declared by later statements."""
        if text is None:
            return
        keyword, bounds = None, None
        pattern = re.compile(
            rf"\s*+(?:(input|output|inout)\b\s*+(?:wire\b|tri\b)?\s*+(?:\[\s*+(-?\d+)\s*+:\s*+(-?\d+)\s*+\])?)?\s*+({_IDENTIFIER})\s*+$"
        )
        for item in _items(text[1:-1]) if text[1:-1].strip() else []:
            match = pattern.match(item)
            if match is None:
                raise self.fail(position, f"'{item.strip()[:40]}' is no port of a flat netlist")
            if match.group(1):
                keyword = match.group(1)
                bounds = None if match.group(2) is None else (int(match.group(2)), int(match.group(3)))
            if keyword is not None:
                self.declare_one(keyword, _plain(match.group(4)), bounds, position)

    def expression(self, text: str, position: int) -> Bits:
        """Nets of an expression, most significant first; constants are nets tied to their value."""
        bits: list[int] = []
        at, depth, ready = 0, 0, True
        while at < len(text):
            match = _TERM.match(text, at)
            if match is None:
                raise self.fail(position, f"'{text[:40].strip()}' is no net: map the logic to cells first")
            at = match.end()
            opened, closed, comma, size, base, digits, name, high, low = match.groups()
            if opened:
                depth += 1
            elif closed:
                depth -= 1
            elif comma:
                if ready or depth == 0:
                    raise self.fail(position, f"a misplaced ',' in '{text[:40].strip()}'")
            elif not ready:
                raise self.fail(position, f"'{text[:40].strip()}' is no net: map the logic to cells first")
            elif base:
                bits += self.literal(size, base.lower(), digits.lower(), position)
            else:
                try:
                    bits += self.build.select(
                        _plain(name), None if high is None else int(high), None if low is None else int(low)
                    )
                except InputError as error:
                    raise self.fail(position, str(error)) from None
            ready = bool(opened or comma)
            if depth < 0:
                break
        if depth:
            raise self.fail(position, f"unbalanced braces in '{text[:40].strip()}'")
        return bits

    def literal(self, size: str | None, base: str, digits: str, position: int) -> Bits:
        digits = digits.replace("_", "").replace("?", "z")
        width = int(size) if size else 32
        if not 0 < width <= _MAX_LITERAL:
            raise self.fail(position, f"a constant of {width} bits")
        per = {"b": 1, "o": 3, "h": 4}.get(base)
        if per and set(digits) & set("xz"):
            text = "".join(d * per if d in "xz" else format(int(d, _BASE[base]), f"0{per}b") for d in digits)
            text = text.rjust(width, "0")[-width:]
        else:
            try:
                text = format(int(digits, _BASE[base]), "b").rjust(width, "0")[-width:]
            except ValueError:
                raise self.fail(position, f"'{digits}' is no number of base {_BASE[base]}") from None
        return [self.build.constant(bit) for bit in text]

    def instance(self, text: str, position: int) -> None:
        match = _INSTANCE.match(text)
        if match is None:
            keyword = KEYWORD.match(text)
            what = f"'{keyword.group(1)}'" if keyword else f"'{text[:40].strip()}'"
            raise self.fail(position, f"{what} has no place in a flat mapped netlist: synthesise and flatten first")
        type_name, parameters, name, body = match.groups()
        type_name = type_name.lstrip("\\")
        known = self.types.get(type_name)
        if known is None:
            if type_name in self.modules:
                raise self.fail(position, f"'{type_name}' is a module of this file: flatten the netlist first")
            if KEYWORD.fullmatch(type_name):
                raise self.fail(position, f"'{type_name}' has no place in a flat mapped netlist: synthesise first")
            raise self.fail(position, f"no Liberty given holds a cell '{type_name}'")
        if parameters:
            raise self.fail(position, f"instance '{name}' has parameters: a library cell has none")
        row, variant = known
        pins = self.pins[row]
        nets = [-1] * len(pins)
        seen = 0
        at, end = 0, len(body)
        last = ","
        while at < end:
            simple = _CONNECTION.match(body, at)
            if simple is not None:
                pin, net_text, last = simple.groups()
                try:
                    net = -1 if net_text is None else self.build.scalar(net_text)
                except InputError as error:
                    raise self.fail(position, str(error)) from None
                at = simple.end()
            else:
                wide = _CONNECTION_WIDE.match(body, at)
                if wide is None:
                    if not body[at:].strip() and at == 0:
                        break
                    shown = body[at : at + 40].strip()
                    raise self.fail(position, f"instance '{name}': '{shown}' is no connection '.pin(net)'")
                pin, inner, last = wide.groups()
                bits = self.expression(inner, position)
                if len(bits) != 1:
                    raise self.fail(position, f"instance '{name}': pin '{pin}' takes one net, not {len(bits)}")
                net = bits[0]
                at = wide.end()
            column = pins.get(pin if pin[0] != "\\" else pin[1:])
            if column is None:
                raise self.fail(position, f"instance '{name}': cell '{type_name}' has no pin '{pin}'")
            if seen >> column & 1:
                raise self.fail(position, f"instance '{name}': pin '{pin}' is connected twice")
            seen |= 1 << column
            nets[column] = net
        if last == "," and body.strip():
            raise self.fail(position, f"instance '{name}': a ',' with no connection behind it")
        if not self.build.add_instance(name[1:] if name[0] == "\\" else name, row, variant, nets):
            raise self.fail(position, f"instance '{name}' exists already")

    def assign(self, match: re.Match[str], position: int) -> None:
        left = self.expression(match.group(1), position)
        right = self.expression(match.group(2), position)
        if len(left) != len(right):
            raise self.fail(position, f"'assign' of {len(right)} bits to {len(left)} bits")
        for a, b in zip(left, right, strict=True):
            try:
                self.build.join(a, b)
            except InputError as error:
                raise self.fail(position, str(error)) from None


def parse_verilog(
    text: str, technology: Technology, top: str | None = None, name: str = "<text>", checks: Checks | None = None
) -> Netlist:
    """Parse flat mapped Verilog; see :func:`read_verilog`."""
    source = SourceText(name, text)
    text = _blank(text, name)
    if not text.isascii():
        at = next(i for i, c in enumerate(text) if not c.isascii())
        raise InputError(f"{SourceText(name, text).where(at)}: a character outside ASCII in a name; Verilog has none")
    source.text = text
    reader = _Reader(source, technology)
    reader.modules = {m.lstrip("\\") for m in re.findall(rf"\bmodule\s+({_IDENTIFIER})", text)}
    if top is None and len(reader.modules) > 1:
        raise InputError(f"{name}: {len(reader.modules)} modules; say which one is the top")
    at, inside, found = 0, False, None
    length = len(text)
    while at < length:
        match = _STATEMENT.match(text, at)
        start = at
        if match is None:
            rest = text[at:].lstrip()
            if not rest:
                break
            raise reader.fail(length - len(rest), "this statement has no ';': the file is truncated or no Verilog")
        at = match.end()
        statement = match.group(1)
        start = match.start(1)
        if statement == "endmodule":
            if found is None and not reader.modules:
                raise reader.fail(start, "'endmodule' without 'module'")
            if inside:
                break
            continue
        statement = statement[:-1]
        if statement.startswith("module") and (header := _MODULE.match(statement)):
            module = header.group(1).lstrip("\\")
            inside = top is None or module == top
            if inside:
                found = module
                reader.header(header.group(2), start)
            continue
        if not inside:
            if found is None and not reader.modules:
                raise reader.fail(start, "no 'module' before this statement: no Verilog netlist")
            continue
        if match := _DECLARATION.match(statement):
            reader.declare(match, start)
        elif match := _ASSIGN.match(statement):
            reader.assign(match, start)
        elif statement.strip():
            reader.instance(statement, start)
    else:
        if inside:
            raise reader.fail(length, "no 'endmodule': the file is truncated")
    if found is None:
        raise InputError(f"{name}: no module '{top}'; it has {sorted(reader.modules)}" if top else f"{name}: no module")
    if inside and match is None:
        raise reader.fail(length, "no 'endmodule': the file is truncated")
    netlist = reader.build.finish(found)
    if checks is not None:
        book_connections(netlist, checks)
    return netlist


def read_verilog(
    path: Path | str, technology: Technology, top: str | None = None, checks: Checks | None = None
) -> Netlist:
    """Read a flat netlist of library cells (``.v`` or ``.v.gz``).

    Names lose the backslash of an escaped identifier, except where a scalar is called like a bit of a bus. ``assign``
    between nets and ports merges them; constants become nets with a value.

    Parameters
    ----------
    technology : Technology
        Names cells and variants: ``NAND2_X1_PB16`` is cell ``NAND2_X1``, variant ``PB16``.
    top : str, optional
        The module to read; may be absent in a file of one module.
    checks : Checks, optional
        Takes what is odd: inputs that nothing drives, nets with several drivers.

    Raises
    ------
    InputError
        With file and line: not a flat mapped netlist, an unknown cell or pin, a truncated file, a damaged gzip.
    """
    return parse_verilog(read_text(path), technology, top, str(path), checks)


__all__ = ["KEYWORD", "parse_verilog", "read_text", "read_verilog"]
