"""From DEF to records, and from records back to a placement of a known netlist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.layout.def_model import (
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
from finevh.layout.floorplan import Floorplan
from finevh.layout.placement import ORIENT_NAMES, Placement
from finevh.netlist.model import Netlist

_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_SECTIONS = ("VIAS", "COMPONENTS", "PINS", "BLOCKAGES", "SPECIALNETS", "NETS")


class _Words:
    """Words of a DEF file, statement by statement, with the line each statement starts on."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.line = 0
        self._lines = enumerate(text.splitlines(), start=1)

    def statements(self) -> Iterator[list[str]]:
        """Yield the words up to each ';'; END lines have none and come as they are."""
        words: list[str] = []
        for number, line in self._lines:
            found = _WORD.findall(line)
            for word in found:
                if word.startswith("#"):
                    break
                if not words:
                    self.line = number
                if word == ";":
                    yield words
                    words = []
                    continue
                words.append(word)
            if words[:1] == ["END"] and len(words) == 2:
                yield words
                words = []
        if words:
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


def _terms(words: list[str]) -> tuple[tuple[str, str], ...]:
    """Read ``( instance pin )`` groups."""
    pairs = []
    for i in range(0, len(words), 4):
        if words[i] != "(" or words[i + 3] != ")":
            raise ValueError(f"expected '( instance pin )' at '{words[i]}'")
        instance, pin = words[i + 1], words[i + 2]
        if instance == "PIN":
            pairs.append(("PIN", unquote_name(pin, True)))
        else:
            pairs.append((instance if instance == "*" else unquote_name(instance, False).removeprefix("\\"), pin))
    return tuple(pairs)


def _component(words: list[str]) -> DefComponent:
    head, *rest = _options(words)
    name = unquote_name(head[0], False).removeprefix("\\")
    for option in rest:
        if option[0] in ("PLACED", "FIXED", "COVER"):
            return DefComponent(name, head[1], option[0], int(option[2]), int(option[3]), option[5])
    return DefComponent(name, head[1], "UNPLACED", 0, 0, "N")


def _pin(words: list[str]) -> DefPin:
    head, *rest = _options(words)
    found: dict[str, list[str]] = {option[0]: option[1:] for option in rest}
    place = next((found[k] for k in ("PLACED", "FIXED", "COVER") if k in found), None)
    if place is None or "LAYER" not in found:
        raise ValueError(f"pin '{head[0]}' has no LAYER or no place")
    box = [int(w) for w in found["LAYER"][1:] if w not in ("(", ")")]
    return DefPin(
        unquote_name(head[0], True),
        unquote_name(found["NET"][0], True),
        found.get("DIRECTION", ["INOUT"])[0],
        found.get("USE", ["SIGNAL"])[0],
        found["LAYER"][0],
        (box[0], box[1], box[2], box[3]),
        int(place[1]),
        int(place[2]),
        place[4],
    )


_PIECE = re.compile(
    r"(\S+) (\d+)(?: SHAPE (\S+))? \( (-?\d+) (-?\d+)(?: \d+)? \)(?: MASK \d+)? \( (-?\d+|\*) (-?\d+|\*)(?: \d+)? \)"
)
_VIA = re.compile(r"(\S+) \d+(?: SHAPE \S+)? \( (-?\d+) (-?\d+) \)(?: MASK \d+)? (\S+)")


def _pieces(words: list[str]) -> tuple[list[DefWire], list[DefViaPlace]]:
    """Read the pieces behind ROUTED: ``layer width [+ SHAPE s] ( x y ) ( x y )`` or ``... ( x y ) via``; '*' repeats."""
    wires: list[DefWire] = []
    vias: list[DefViaPlace] = []
    for piece in re.split(r"\bNEW\b", " ".join(words)):
        match = _PIECE.fullmatch(piece.strip())
        if match is None:
            if via := _VIA.fullmatch(piece.strip()):
                vias.append(DefViaPlace(via[4], int(via[2]), int(via[3]), via[1]))
                continue
            raise ValueError(f"'{piece.strip()[:60]}' is no straight piece of wire between two points")
        layer, width, shape, x0, y0, x1, y1 = match.groups()
        start = (int(x0), int(y0))
        end = (start[0] if x1 == "*" else int(x1), start[1] if y1 == "*" else int(y1))
        wires.append(DefWire(layer, int(width), shape or "", start, end))
    return wires, vias


def _rectangle(words: list[str]) -> DefWire:
    """Read ``RECT layer ( x y ) ( x y )`` of special wiring as a wire along the middle of the longer side."""
    x0, y0, x1, y1 = (int(w) for w in words[2:] if w not in ("(", ")"))
    x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    if x1 - x0 <= y1 - y0:
        return DefWire(words[1], x1 - x0, "", ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1))
    return DefWire(words[1], y1 - y0, "", (x0, (y0 + y1) // 2), (x1, (y0 + y1) // 2))


def _via(words: list[str]) -> DefVia:
    """Read a via: its rectangles as they stand, or those of a generated array (one box for all cuts)."""
    head, *rest = _options(words)
    found = {option[0]: option[1:] for option in rest}
    if "VIARULE" not in found:
        shapes = [
            (option[1], tuple(int(w) for w in option[2:] if re.fullmatch(r"-?\d+", w)))
            for option in rest
            if option[0] == "RECT"
        ]
        return DefVia(head[0], tuple((layer, (b[0], b[1], b[2], b[3])) for layer, b in shapes))
    (cut_x, cut_y), (space_x, space_y) = map(int, found["CUTSIZE"]), map(int, found["CUTSPACING"])
    rows, columns = map(int, found.get("ROWCOL", ["1", "1"]))
    at_x, at_y = map(int, found.get("ORIGIN", ["0", "0"]))
    bottom, cut, top = found["LAYERS"]
    low_x, low_y, high_x, high_y = map(int, found["ENCLOSURE"])
    shift = [int(w) for w in found.get("OFFSET", ["0"] * 4)]
    x1 = (columns * cut_x + (columns - 1) * space_x) // 2
    y1 = (rows * cut_y + (rows - 1) * space_y) // 2

    def box(more_x: int, more_y: int, dx: int, dy: int) -> Box:
        x, y = at_x + dx, at_y + dy
        return (x - x1 - more_x, y - y1 - more_y, x + x1 + more_x, y + y1 + more_y)

    layers = ((bottom, box(low_x, low_y, *shift[:2])), (cut, box(0, 0, 0, 0)), (top, box(high_x, high_y, *shift[2:])))
    return DefVia(head[0], layers)


def _special(words: list[str]) -> DefNet:
    head, *rest = _options(words)
    use = "SIGNAL"
    routes: list[list[str]] = []
    wires: list[DefWire] = []
    for option in rest:
        if option[0] == "USE":
            use = option[1]
        elif option[0] == "RECT":
            wires.append(_rectangle(option))
        elif option[0] in ("ROUTED", "FIXED", "COVER"):
            routes.append(option[1:])
        elif option[0] == "SHAPE" and routes:
            routes[-1] += option  # '+ SHAPE' inside a route splits it: join again
    pieces = [_pieces(route) for route in routes]
    wires += [wire for found, _ in pieces for wire in found]
    vias = tuple(via for _, found in pieces for via in found)
    return DefNet(unquote_name(head[0], True), use, _terms(head[1:]), tuple(wires), vias)


def _net(words: list[str]) -> DefNet:
    head, *rest = _options(words)
    use = next((option[1] for option in rest if option[0] == "USE"), "SIGNAL")
    return DefNet(unquote_name(head[0], True), use, _terms(head[1:]))


def _boxes(words: list[str]) -> list[Box]:
    numbers = [int(w) for w in words if re.fullmatch(r"-?\d+", w)]
    if words[0] != "PLACEMENT":
        return []
    return [(a, b, c, d) for a, b, c, d in zip(*[iter(numbers)] * 4, strict=True)]


def parse_def(text: str, source: str = "<text>") -> DefLayout:
    """Parse DEF 5.x: everything :func:`~finevh.layout.def_write.format_def` writes; routing of ordinary nets is left out.

    Raises
    ------
    InputError
        Naming file and line.
    """
    words = _Words(text, source)
    design, units, die = "", 0, (0, 0, 0, 0)
    rows: list[DefRow] = []
    tracks: list[DefTracks] = []
    items: dict[str, list[object]] = {section: [] for section in _SECTIONS}
    readers: dict[str, Callable[[list[str]], object]] = {
        "VIAS": _via,
        "COMPONENTS": _component,
        "PINS": _pin,
        "BLOCKAGES": _boxes,
        "SPECIALNETS": _special,
        "NETS": _net,
    }
    section = skipped = ""
    for s in words.statements():
        try:
            if s[0] == "END":
                section = skipped = ""
            elif skipped:
                continue
            elif s[0] == "-":
                items[section].append(readers[section](s[1:]))
            elif s[0] in _SECTIONS:
                section = s[0]
            elif s[0] == "DESIGN":
                design = unquote_name(s[1], False).removeprefix("\\")
            elif s[0] == "UNITS":
                units = int(s[3])
            elif s[0] == "DIEAREA":
                corners = [int(w) for w in s if w not in ("DIEAREA", "(", ")")]
                die = (min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2]))
            elif s[0] == "ROW":
                rows.append(DefRow(unquote_name(s[1], False), s[2], int(s[3]), int(s[4]), s[5], int(s[7]), int(s[11])))
            elif s[0] == "TRACKS":
                tracks += [DefTracks(s[1], int(s[2]), int(s[4]), int(s[6]), layer) for layer in s[8:]]
            elif len(s) == 2 and s[1].isdigit():
                skipped = s[0]  # a section that placement does not need: groups, regions, rules
        except (ValueError, IndexError, KeyError) as error:
            raise words.error(f"cannot read the DEF statement '{' '.join(s)[:80]}' ({error})") from error
    if units <= 0:
        raise InputError(f"{source}: no UNITS DISTANCE MICRONS; it is not a DEF file")
    return DefLayout(
        design=design,
        units=units,
        die=die,
        rows=tuple(rows),
        tracks=tuple(tracks),
        components=tuple(items["COMPONENTS"]),  # type: ignore[arg-type]
        pins=tuple(items["PINS"]),  # type: ignore[arg-type]
        blockages=tuple(box for boxes in items["BLOCKAGES"] for box in boxes),  # type: ignore[attr-defined]
        special_nets=tuple(items["SPECIALNETS"]),  # type: ignore[arg-type]
        nets=tuple(items["NETS"]),  # type: ignore[arg-type]
        vias=tuple(items["VIAS"]),  # type: ignore[arg-type]
    )


def read_def(path: Path | str) -> DefLayout:
    """Read a DEF file; see :func:`parse_def`.

    Raises
    ------
    InputError
        If the file is missing or not DEF.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); give a DEF file") from error
    return parse_def(text, str(path))


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
    return Placement(
        x=x,
        y=y,
        orient=np.array([ORIENT_NAMES.index(c.orient) for c in cells], dtype=np.int8),
        tile=tile,
        port_x=np.array([p.x for p in where], dtype=np.float64) / layout.units,
        port_y=np.array([p.y for p in where], dtype=np.float64) / layout.units,
    )
