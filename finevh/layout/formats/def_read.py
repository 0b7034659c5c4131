"""From DEF to records, and from records back to a placement of a known netlist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from finevh.base.files import read_input
from finevh.base.packed import unpack
from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.formats.def_model import (
    Box,
    DefComponent,
    DefLayout,
    DefNet,
    DefPin,
    DefRow,
    DefTracks,
    DefVia,
    DefViaPlace,
    DefWire,
    unquote_name,
)
from finevh.layout.placement import ORIENT_NAMES, Placement
from finevh.netlist.model import Netlist

_WORD = re.compile(r'"[^"]*"(?!\S)|(?:\\.|[^\s\\])+')
_PASSED = frozenset(
    ("STYLES", "NONDEFAULTRULES", "REGIONS", "PINPROPERTIES", "SLOTS", "FILLS", "SCANCHAINS", "GROUPS",
     "COMPONENTMASKSHIFT", "ASSERTIONS", "CONSTRAINTS", "IOTIMINGS", "PARTITIONS", "FLOORPLAN")
)  # fmt: skip
"""Sections that a placement does not depend on."""
_STATEMENTS = frozenset(
    ("VERSION", "NAMESCASESENSITIVE", "DIVIDERCHAR", "BUSBITCHARS", "TECHNOLOGY", "HISTORY", "GCELLGRID", "ARRAY",
     "DEFAULTCAP", "COMPONENTMASKSHIFT", "CANPLACE", "CANNOTOCCUPY", "SITE")
)  # fmt: skip
"""Statements outside any section that nothing here depends on."""
_PLACED = ("PLACED", "FIXED", "COVER")


class _OddError(ValueError):
    """What is wrong with a statement, in words for people."""


class _Words:
    """Words of a DEF file, statement by statement, with the line each statement starts on."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.line = 0
        self._lines = enumerate(text.splitlines(), start=1)

    def statements(self) -> Iterator[list[str]]:
        """Yield the words up to each ';'; END lines have none and come as they are, extensions not at all."""
        words: list[str] = []
        extension = False
        for number, line in self._lines:
            for word in _WORD.findall(line):
                if word.startswith("#"):
                    break
                if not words:
                    self.line = number
                if extension:
                    extension = word != "ENDEXT"
                elif word == "BEGINEXT" and not words:
                    extension = True
                elif word == ";":
                    yield words
                    words = []
                else:
                    words.append(word)
                    if len(words) == 2 and words[0] == "END":
                        yield words
                        words = []
        if words or extension:
            raise self.error("the file ends inside a statement; it is cut short")

    def error(self, what: str) -> InputError:
        return InputError(f"{self.source}:{self.line}: {what}")


def _options(words: list[str]) -> list[list[str]]:
    """Split a statement at its '+' signs; the first part is what stands before them."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _number(word: str) -> int:
    try:
        # Some writers give whole numbers a decimal point.
        value = float(word)
    except ValueError:
        raise _OddError(f"'{word}' is no number") from None
    if not value.is_integer():
        raise _OddError(f"'{word}' is no whole number of database units")
    return int(value)


def _at(words: list[str], k: int) -> str:
    if k >= len(words):
        raise _OddError("words are missing")
    return words[k]


def _closing(words: list[str], at: int) -> int:
    """Where the parenthesis from there on closes, -1 if none does."""
    try:
        return words.index(")", at)
    except ValueError:
        return -1


def _points(words: list[str]) -> list[tuple[int, int]]:
    """Every ``( x y [extension] )``; '*' repeats the coordinate before."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        if words[at] == "(":
            end = _closing(words, at)
            inside = words[at + 1 : end] if end > 0 else []
            if len(inside) not in (2, 3):
                raise _OddError("'(' without 'x y )'")
            if "*" in inside[:2] and not found:
                raise _OddError("'*' without a point before it")
            x = found[-1][0] if inside[0] == "*" else _number(inside[0])
            y = found[-1][1] if inside[1] == "*" else _number(inside[1])
            found.append((x, y))
            at = end
        at += 1
    return found


def _terms(words: list[str]) -> tuple[tuple[str, str], ...]:
    """Read ``( instance pin [+ SYNTHESIZED] )`` and ``MUSTJOIN ( ... )`` groups."""
    pairs = []
    at = 0
    while at < len(words):
        if words[at] == "MUSTJOIN":
            at += 1
        end = _closing(words, at)
        if _at(words, at) != "(" or end < 0:
            raise _OddError(f"expected '( instance pin )' at '{words[at]}'")
        inside = [word for word in words[at + 1 : end] if word not in ("+", "SYNTHESIZED")]
        if len(inside) != 2:
            raise _OddError(f"expected '( instance pin )' at '{' '.join(words[at : end + 1])}'")
        instance, pin = inside
        if instance == "PIN":
            pairs.append(("PIN", unquote_name(pin, True)))
        else:
            name = instance if instance == "*" else unquote_name(instance, False).removeprefix("\\")
            pairs.append((name, unquote_name(pin, True)))
        at = end + 1
    return tuple(pairs)


def _split_terms(words: list[str]) -> tuple[list[str], list[list[str]]]:
    """What stands before the options of a net, whose own '+ SYNTHESIZED' are inside brackets, and the options."""
    depth = 0
    for k, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if word == "+" and depth == 0:
            return words[:k], _options(words[k:])[1:]
    return words, []


def _component(words: list[str]) -> DefComponent:
    head, *rest = _options(words)
    name = unquote_name(_at(head, 0), False).removeprefix("\\")
    for option in rest:
        if option and option[0] in _PLACED:
            x, y = _place(option)
            return DefComponent(name, _at(head, 1), option[0], x, y, _at(option, 5))
    return DefComponent(name, _at(head, 1), "UNPLACED", 0, 0, "N")


def _place(option: list[str]) -> tuple[int, int]:
    """Point of ``PLACED ( x y ) orient``."""
    points = _points(option)
    if len(points) != 1:
        raise _OddError(f"{option[0]} without '( x y ) orient'")
    return points[0]


def _pin(words: list[str]) -> DefPin:
    head, *rest = _options(words)
    found: dict[str, list[str]] = {}
    for option in rest:
        if option and option[0] == "PORT" and ("LAYER" in found or "POLYGON" in found):
            break  # the first port has the pin's place
        if option:
            found.setdefault(option[0], option)
    name = unquote_name(_at(head, 0), True)
    place = next((found[k] for k in _PLACED if k in found), None)
    corners = _points(found["LAYER"]) if "LAYER" in found else []
    if "LAYER" in found and len(corners) != 2:
        raise _OddError(f"pin '{name}' has no rectangle on its LAYER")
    x, y = _place(place) if place else (0, 0)
    return DefPin(
        name=name,
        net=unquote_name(_at(found.get("NET", ["NET", head[0]]), 1), True),
        direction=_at(found.get("DIRECTION", ["DIRECTION", "INOUT"]), 1),
        use=_at(found.get("USE", ["USE", "SIGNAL"]), 1),
        layer=_at(found["LAYER"], 1) if corners else "",
        box=(*corners[0], *corners[1]) if corners else (0, 0, 0, 0),
        x=x,
        y=y,
        orient=_at(place, 5) if place else "N",
        placed=place is not None,
    )


_ORIENTS = frozenset(("N", "S", "E", "W", "FN", "FS", "FE", "FW"))
_MOST_VIAS = 1_000_000
_SHAPE_OPTIONS = ("SHAPE", "STYLE", "SHIELD")


def _pieces(words: list[str]) -> tuple[list[DefWire], list[DefViaPlace]]:
    """Read the pieces behind ROUTED: ``layer width [+ SHAPE s] ( x y ) ( x y ) via ... NEW ...``; '*' repeats."""
    wires: list[DefWire] = []
    vias: list[DefViaPlace] = []
    pieces: list[list[str]] = [[]]
    for word in words:
        if word == "NEW":
            pieces.append([])
        else:
            pieces[-1].append(word)
    for piece in pieces:
        layer, width, rest = _at(piece, 0), _number(_at(piece, 1)), piece[2:]
        shape = ""
        while rest and rest[0] in ("+", *_SHAPE_OPTIONS):
            if rest[0] == "+":
                rest = rest[1:]
                continue
            shape = _at(rest, 1) if rest[0] == "SHAPE" else shape
            rest = rest[2:]
        before: tuple[int, int] | None = None
        virtual = False
        at = 0
        while at < len(rest):
            word = rest[at]
            if word == "MASK":
                at += 2
            elif word == "VIRTUAL":
                virtual = True
                at += 1
            elif word == "RECT":
                # A patch of metal at the point, by its corners' distances.
                at = _past_bracket(rest, at + 1)
            elif word == "(":
                end = _past_bracket(rest, at)
                point = _point(rest[at + 1 : end - 1], before)
                if before is not None and not virtual and point != before:
                    wires.append(DefWire(layer, width, shape, before, point))
                before, virtual, at = point, False, end
            elif before is None:
                raise _OddError(f"'{' '.join(piece)[:60]}' does not begin with a point")
            elif word == "DO":
                # An array of the via before: ``DO nx BY ny STEP sx sy``.
                nx, ny, sx, sy = (_number(_at(rest, at + k)) for k in (1, 3, 5, 6))
                if not vias or not 0 < nx * ny <= _MOST_VIAS:
                    raise _OddError("DO without a via before it, or of too many")
                one = vias.pop()
                vias += (replace(one, x=one.x + i * sx, y=one.y + j * sy) for j in range(ny) for i in range(nx))
                at += 7
            elif word in _ORIENTS:
                at += 1
            else:
                vias.append(DefViaPlace(word, *before, layer))
                at += 1
    return wires, vias


def _past_bracket(words: list[str], at: int) -> int:
    """Place behind the ')' of the '(' at ``at``."""
    if _at(words, at) != "(" or ")" not in words[at:]:
        raise _OddError("a '(' or ')' is missing")
    return words.index(")", at) + 1


def _point(inside: list[str], before: tuple[int, int] | None) -> tuple[int, int]:
    if len(inside) not in (2, 3) or ("*" in inside[:2] and before is None):
        raise _OddError(f"'( {' '.join(inside)} )' is no point")
    x, y = before or (0, 0)
    return (x if inside[0] == "*" else _number(inside[0]), y if inside[1] == "*" else _number(inside[1]))


def _rectangle(words: list[str]) -> DefWire:
    """Read ``RECT layer ( x y ) ( x y )`` of special wiring as a wire along the middle of the longer side."""
    points = _points(words)
    if len(points) != 2:
        raise _OddError("RECT without two points")
    (x0, y0), (x1, y1) = points
    x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if x1 - x0 <= y1 - y0:
        return DefWire(_at(words, 1), x1 - x0, "", ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1))
    return DefWire(_at(words, 1), y1 - y0, "", (x0, (y0 + y1) // 2), (x1, (y0 + y1) // 2))


def _unmasked(words: list[str]) -> list[str]:
    """A statement without its ``+ MASK n``, which stand inside other options."""
    found: list[str] = []
    k = 0
    while k < len(words):
        if words[k : k + 2] == ["+", "MASK"]:
            k += 3
        else:
            found.append(words[k])
            k += 1
    return found


def _via(words: list[str]) -> DefVia:
    """Read a via: its rectangles as they stand, or those of a generated array (one box for all cuts)."""
    head, *rest = _options(_unmasked(words))
    found = {option[0]: option[1:] for option in rest if option}
    if "VIARULE" not in found:
        shapes = []
        for option in rest:
            if option and option[0] == "RECT":
                points = _points(option)
                if len(points) != 2:
                    raise _OddError("RECT without two points")
                shapes.append((_at(option, 1), (*points[0], *points[1])))
        return DefVia(_at(head, 0), tuple(shapes))

    def numbers(key: str, default: tuple[str, ...]) -> list[int]:
        values = [_number(word) for word in found.get(key, default)]
        if len(values) != len(default):
            raise _OddError(f"{key} takes {len(default)} numbers")
        return values

    for key in ("CUTSIZE", "CUTSPACING", "LAYERS", "ENCLOSURE"):
        if key not in found:
            raise _OddError(f"a via of a VIARULE without {key}")
    (cut_x, cut_y), (space_x, space_y) = numbers("CUTSIZE", ("0", "0")), numbers("CUTSPACING", ("0", "0"))
    rows, columns = numbers("ROWCOL", ("1", "1"))
    at_x, at_y = numbers("ORIGIN", ("0", "0"))
    bottom, cut, top = (_at(found["LAYERS"], k) for k in range(3))
    low_x, low_y, high_x, high_y = numbers("ENCLOSURE", ("0",) * 4)
    shift = numbers("OFFSET", ("0",) * 4)
    x1 = (columns * cut_x + (columns - 1) * space_x) // 2
    y1 = (rows * cut_y + (rows - 1) * space_y) // 2

    def box(more_x: int, more_y: int, dx: int, dy: int) -> Box:
        x, y = at_x + dx, at_y + dy
        return (x - x1 - more_x, y - y1 - more_y, x + x1 + more_x, y + y1 + more_y)

    layers = ((bottom, box(low_x, low_y, *shift[:2])), (cut, box(0, 0, 0, 0)), (top, box(high_x, high_y, *shift[2:])))
    return DefVia(_at(head, 0), layers)


def _special(words: list[str]) -> DefNet:
    head, rest = _split_terms(_unmasked(words))
    use = "SIGNAL"
    wires: list[DefWire] = []
    vias: list[DefViaPlace] = []
    routes: list[list[str]] = []
    for option in rest:
        kind = _at(option, 0)
        if kind in ("ROUTED", "FIXED", "COVER", "SHIELD"):
            # Of a shield the net that it shields comes first.
            routes.append(option[2:] if kind == "SHIELD" else option[1:])
        elif kind in _SHAPE_OPTIONS and routes and routes[-1]:
            routes[-1] += option  # '+ SHAPE' inside a route splits it: join again
        elif kind == "RECT":
            wires.append(_rectangle(option))
        elif kind == "VIA" and len(points := _points(option)) > 0:
            vias += (DefViaPlace(_at(option, 1), x, y, "") for x, y in points)
        elif kind == "USE":
            use = _at(option, 1)
    for route in routes:
        if route:
            more, more_vias = _pieces(route)
            wires += more
            vias += more_vias
    return DefNet(unquote_name(_at(head, 0), True), use, _terms(head[1:]), tuple(wires), tuple(vias))


def _net(words: list[str]) -> DefNet:
    head, rest = _split_terms(words)
    use = next((_at(option, 1) for option in rest if option and option[0] == "USE"), "SIGNAL")
    if _at(head, 0) == "MUSTJOIN":
        return DefNet("MUSTJOIN", use, _terms(head[1:]))
    return DefNet(unquote_name(head[0], True), use, _terms(head[1:]))


def _boxes(words: list[str]) -> list[Box]:
    """Boxes of a placement blockage that keeps every cell out; SOFT and PARTIAL ones let cells in."""
    if _at(words, 0) != "PLACEMENT":
        return []
    boxes: list[Box] = []
    k = 1
    soft = "SOFT" in words or "PARTIAL" in words
    while k < len(words):
        word = words[k]
        if word in ("RECT", "POLYGON"):
            end = k + 1
            while end < len(words) and words[end] not in ("RECT", "POLYGON"):
                end += 1
            points = _points(words[k + 1 : end])
            if word == "RECT":
                if len(points) != 2:
                    raise _OddError("RECT without two points")
                (x0, y0), (x1, y1) = points
                boxes.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
            else:
                boxes += _slabs(points)
            k = end
        elif word in ("+", "SOFT", "PUSHDOWN", "EXCEPTPGNET", "FILLS", "SLOTS"):
            k += 1
        elif word in ("PARTIAL", "COMPONENT", "MASK", "SPACING", "DESIGNRULEWIDTH"):
            k += 2
        else:
            raise _OddError(f"'{word}' is no part of a blockage")
    return [] if soft else boxes


def _slabs(points: list[tuple[int, int]]) -> list[Box]:
    """Boxes that a rectilinear polygon is made of, between neighbouring y of its corners."""
    edges = list(zip(points, [*points[1:], *points[:1]], strict=True))
    if len(points) < 4 or any(a[0] != b[0] and a[1] != b[1] for a, b in edges):
        raise _OddError("POLYGON with a side that is neither horizontal nor vertical")
    boxes: list[Box] = []
    levels = sorted({y for _, y in points})
    for low, high in pairwise(levels):
        sides = sorted(a[0] for a, b in edges if a[0] == b[0] and min(a[1], b[1]) <= low and max(a[1], b[1]) >= high)
        boxes += [(left, low, right, high) for left, right in zip(sides[::2], sides[1::2], strict=False)]
    return boxes


def _row(s: list[str]) -> DefRow:
    """``ROW name site x y orient [DO nx BY ny [STEP sx sy]] [+ PROPERTY ...]``; without DO it is one site."""
    s = _options(s)[0]
    name, site, orient = unquote_name(_at(s, 1), False), _at(s, 2), _at(s, 5)
    x, y = _number(s[3]), _number(s[4])
    if len(s) == 6:
        return DefRow(name, site, x, y, orient, 1, 0)
    if _at(s, 6) != "DO" or _at(s, 8) != "BY":
        raise _OddError("a row is 'name site x y orient DO count BY 1 STEP x y'")
    across, up = _number(s[7]), _number(_at(s, 9))
    if up != 1:
        raise _OddError("rows of sites one above the other are not understood")
    if len(s) == 10 and across > 1:
        raise _OddError("a row of several sites without STEP; add the site's width")
    return DefRow(name, site, x, y, orient, across, _number(_at(s, 11)) if len(s) > 10 else 0)


@dataclass
class _Section:
    """The section that is being read: how many entries it announces, and how many came."""

    name: str
    announced: int
    line: int
    count: int = 0


class _Reader:
    """State of reading one file."""

    def __init__(self, text: str, source: str) -> None:
        self.words = _Words(text, source)
        self.source = source
        self.design, self.units, self.die = "", 0, (0, 0, 0, 0)
        self.rows: list[DefRow] = []
        self.tracks: list[DefTracks] = []
        self.components: list[DefComponent] = []
        self.pins: list[DefPin] = []
        self.blockages: list[Box] = []
        self.special_nets: list[DefNet] = []
        self.nets: list[DefNet] = []
        self.vias: list[DefVia] = []
        self.take: dict[str, Callable[[list[str]], None]] = {
            "VIAS": lambda s: self.vias.append(_via(s)),
            "COMPONENTS": lambda s: self.components.append(_component(s)),
            "PINS": lambda s: self.pins.append(_pin(s)),
            "BLOCKAGES": lambda s: self.blockages.extend(_boxes(s)),
            "SPECIALNETS": lambda s: self.special_nets.append(_special(s)),
            "NETS": lambda s: self.nets.append(_net(s)),
        }
        """What an entry of each section that is read adds."""
        self.section: _Section | None = None
        self.definitions = False
        """Inside PROPERTYDEFINITIONS."""
        self.ended = False

    def read(self) -> DefLayout:
        for s in self.words.statements():
            if not s:
                continue
            try:
                self.statement(s)
            except _OddError as odd:
                raise self.words.error(f"cannot read the DEF statement '{' '.join(s)[:80]}': {odd}") from None
            except (ValueError, IndexError):
                raise self.words.error(f"cannot read the DEF statement '{' '.join(s)[:80]}'") from None
        if self.units <= 0:
            raise InputError(f"{self.source}: no UNITS DISTANCE MICRONS; it is not a DEF file")
        if self.section is not None or not self.ended:
            missing = f"END {self.section.name}" if self.section else "END DESIGN"
            raise self.words.error(f"the file has no {missing}: it is cut short")
        return DefLayout(
            design=self.design,
            units=self.units,
            die=self.die,
            rows=tuple(self.rows),
            tracks=tuple(self.tracks),
            components=tuple(self.components),
            pins=tuple(self.pins),
            blockages=tuple(self.blockages),
            special_nets=tuple(self.special_nets),
            nets=tuple(self.nets),
            vias=tuple(self.vias),
        )

    def statement(self, s: list[str]) -> None:
        head = s[0]
        if head == "END":
            self.end(s[1])
        elif self.definitions:
            return
        elif self.section is not None:
            self.entry(self.section, s)
        elif head == "PROPERTYDEFINITIONS":
            # It has no ';' of its own: its first definition came along.
            self.definitions = True
        elif head in self.take or (head in _PASSED and len(s) == 2 and s[1].isdigit()):
            self.section = _Section(head, _number(_at(s, 1)), self.words.line)
        else:
            self.header(s)

    def end(self, name: str) -> None:
        if self.definitions and name == "PROPERTYDEFINITIONS":
            self.definitions = False
        elif self.section is not None:
            section = self.section
            if name != section.name:
                raise _OddError(f"{section.name} of line {section.line} is not closed by END {section.name}")
            if section.count != section.announced:
                raise _OddError(
                    f"{section.name} of line {section.line} announces {section.announced} entries and has {section.count}"
                )
            self.section = None
        elif name == "DESIGN":
            self.ended = True
        else:
            raise _OddError("nothing of that name is open")

    def entry(self, section: _Section, s: list[str]) -> None:
        """One ``- ...`` of a section."""
        if s[0] != "-":
            if section.name in self.take:
                raise _OddError(f"an entry of {section.name} begins with '-'")
            return
        section.count += 1
        if section.name in self.take:
            self.take[section.name](s[1:])

    def header(self, s: list[str]) -> None:
        """A statement outside any section."""
        head = s[0]
        if head == "DESIGN":
            self.design = unquote_name(_at(s, 1), False).removeprefix("\\")
        elif head == "UNITS":
            self.units = _number(_at(s, 3))
        elif head == "DIEAREA":
            points = _points(s)
            if len(points) < 2:
                raise _OddError("the die has no two corners")
            xs, ys = [x for x, _ in points], [y for _, y in points]
            self.die = (min(xs), min(ys), max(xs), max(ys))
        elif head == "ROW":
            self.rows.append(_row(s))
        elif head == "TRACKS":
            self.tracks += _tracks(s)
        elif head not in _STATEMENTS:
            raise _OddError(f"'{head}' is no statement that DEF 5.8 knows")


def _tracks(s: list[str]) -> list[DefTracks]:
    """``TRACKS X start DO count STEP step [MASK n [SAMEMASK]] [LAYER name ...]``."""
    start, count, step = (_number(_at(s, k)) for k in (2, 4, 6))
    layers = s[s.index("LAYER") + 1 :] if "LAYER" in s else []
    return [DefTracks(s[1], start, count, step, layer) for layer in layers]


def parse_def(text: str, source: str = "<text>") -> DefLayout:
    """Parse DEF 5.x: design, die, rows, tracks, components, pins, placement blockages, special wiring, connections.

    Routing of ordinary nets, patches of special nets, and sections that a placement does not depend on are passed
    over, entry by entry.

    Raises
    ------
    InputError
        Naming file and line: a statement that DEF does not have, a section with fewer or more entries than it announces, a
        file that does not end in END DESIGN.
    """
    return _Reader(text, source).read()


def read_def(path: Path | str) -> DefLayout:
    """Read a DEF file, compressed or not; see :func:`parse_def`.

    Raises
    ------
    InputError
        If the file is missing or not DEF.
    """
    try:
        data = unpack(read_input(Path(path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); give a DEF file") from error
    return parse_def(data.decode("utf-8", errors="replace"), str(path))


def placement_from_def(layout: DefLayout, netlist: Netlist, floorplan: Floorplan) -> Placement:
    """Return the placement of ``netlist`` that a DEF holds, for example another placer's.

    Raises
    ------
    InputError
        If an instance or port is missing, unplaced, turned, or outside every tile.
    """
    by_name = {c.name: c for c in layout.components}
    ports = {p.name: p for p in layout.pins}
    missing = [n for n in netlist.instance_names if n.removeprefix("\\") not in by_name]
    missing += [n for n in netlist.port_names if n not in ports]
    if missing:
        raise InputError(f"DEF of '{layout.design}': no place for '{missing[0]}' of the netlist ({len(missing)} such)")
    cells = [by_name[n.removeprefix("\\")] for n in netlist.instance_names]
    for c in cells:
        if c.status == "UNPLACED" or c.orient not in ORIENT_NAMES:
            raise InputError(
                f"DEF of '{layout.design}': cell '{c.name}' is {c.status} {c.orient}; it needs a place, N or FS"
            )
    x = np.array([c.x for c in cells], dtype=np.float64) / layout.units
    y = np.array([c.y for c in cells], dtype=np.float64) / layout.units
    box = floorplan.tile_box
    tile = np.full(len(cells), -1, dtype=np.int32)
    for t in range(floorplan.n_tiles):
        inside = (x >= box[t, 0] - 1e-6) & (x < box[t, 2] - 1e-6) & (y >= box[t, 1] - 1e-6) & (y < box[t, 3] - 1e-6)
        tile[inside] = t
    lost = np.flatnonzero(tile < 0)
    if len(lost):
        raise InputError(
            f"DEF of '{layout.design}': cell '{cells[lost[0]].name}' lies in no tile ({len(lost)} such cells)"
        )
    where = [ports[n] for n in netlist.port_names]
    loose = [p.name for p in where if not p.placed]
    if loose:
        raise InputError(f"DEF of '{layout.design}': port '{loose[0]}' has no place ({len(loose)} such)")
    return Placement(
        x=x,
        y=y,
        orient=np.array([ORIENT_NAMES.index(c.orient) for c in cells], dtype=np.int8),
        tile=tile,
        port_x=np.array([p.x for p in where], dtype=np.float64) / layout.units,
        port_y=np.array([p.y for p in where], dtype=np.float64) / layout.units,
    )
