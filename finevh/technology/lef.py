"""LEF reader: site, routing layers and cell sizes of technology and cell LEF files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from finevh.errors import InputError
from finevh.technology.model import Layer

__all__ = ["Lef", "LefMacro", "read_lef"]

# pF to fF and ohm to kOhm.
_FF_PER_PF = 1e3
_KOHM_PER_OHM = 1e-3


@dataclass(frozen=True)
class LefMacro:
    """A cell: class, size in um, site, and per pin its direction, use and rectangles (layer, x1, y1, x2, y2)."""

    name: str
    kind: str
    width: float
    height: float
    site: str
    pins: dict[str, tuple[str, str, tuple[tuple[str, float, float, float, float], ...]]]


@dataclass
class Lef:
    """What LEF files say, in reading order: ``sites`` name to (class, width, height) in um."""

    layers: dict[str, Layer] = field(default_factory=dict)
    sites: dict[str, tuple[str, float, float]] = field(default_factory=dict)
    macros: dict[str, LefMacro] = field(default_factory=dict)
    vias: dict[str, tuple[tuple[str, float, float, float, float], ...]] = field(default_factory=dict)
    """Fixed vias: rectangles (layer, x1, y1, x2, y2) about their origin, um; a via without rectangles is left out."""
    grid: float = 0.0
    """Manufacturing grid, um; 0 where the files state none."""


_WORD = re.compile(r'"[^"]*"|;|[^\s;]+')


class _Tokens:
    """Words of a LEF file with their lines."""

    def __init__(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error}); give a LEF file") from error
        self.path = path
        self.words: list[tuple[str, int]] = [
            (word, number)
            for number, line in enumerate(text.splitlines(), start=1)
            for word in _WORD.findall(line.split("#", 1)[0] if "#" in line else line)
        ]
        self.at = 0

    def error(self, what: str) -> InputError:
        line = self.words[min(self.at, len(self.words)) - 1][1] if self.words else 1
        return InputError(f"{self.path}:{line}: {what}")

    def take(self) -> str:
        if self.at >= len(self.words):
            raise self.error("the LEF file ends inside a statement; it is cut short")
        self.at += 1
        return self.words[self.at - 1][0]

    def statement(self) -> list[str]:
        """Words up to the next ';'."""
        found: list[str] = []
        words, at = self.words, self.at
        while at < len(words):
            word = words[at][0]
            at += 1
            if word == ";":
                self.at = at
                return found
            found.append(word)
        self.at = at
        raise self.error("the LEF file ends inside a statement; it is cut short")

    def number(self, word: str) -> float:
        try:
            return float(word)
        except ValueError as error:
            raise self.error(f"'{word}' is not a number") from error


def read_lef(paths: Iterable[Path]) -> Lef:
    """Read technology and cell LEF files, in that order.

    Raises
    ------
    InputError
        If a file is missing, cut short or holds a malformed number; the message names file and line.
    """
    lef = Lef()
    for path in paths:
        tokens = _Tokens(path)
        while tokens.at < len(tokens.words):
            word = tokens.take().upper()
            if word == "LAYER":
                _layer(tokens, lef)
            elif word == "SITE":
                _site(tokens, lef)
            elif word == "MACRO":
                _macro(tokens, lef)
            elif word == "MANUFACTURINGGRID":
                lef.grid = tokens.number(tokens.statement()[0])
            elif word == "VIA":
                _via(tokens, lef)
            elif word in ("VIARULE", "NONDEFAULTRULE", "PROPERTYDEFINITIONS", "UNITS", "SPACING"):
                _skip_block(tokens, word)
            elif word == "END":
                tokens.take()
                if tokens.words[tokens.at - 1][0] == "LIBRARY":
                    break
            elif word != ";":
                tokens.statement()
    return lef


def _skip_block(tokens: _Tokens, word: str) -> None:
    name = tokens.take() if word.startswith(("VIA", "NON")) else word
    while True:
        if tokens.take().upper() == "END" and tokens.take() == name:
            return


def _via(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    layer = ""
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        if word in ("DEFAULT", "GENERATED", "TOPOFSTACKONLY"):
            continue
        words = tokens.statement()
        if word == "LAYER":
            layer = words[0]
        elif word == "RECT":
            x1, y1, x2, y2 = (tokens.number(w) for w in words[-4:])
            shapes.append((layer, x1, y1, x2, y2))
    if tokens.take() != name:
        raise tokens.error(f"VIA {name} is not closed by END {name}")
    if shapes:
        lef.vias[name] = tuple(shapes)


def _layer(tokens: _Tokens, lef: Lef) -> None:
    """Routing layers only. R and C come per square and per area in LEF; here per um of minimum-width wire."""
    name = tokens.take()
    values: dict[str, list[str]] = {}
    while (word := tokens.take().upper()) != "END":
        values.setdefault(word, tokens.statement())
    if tokens.take() != name:
        raise tokens.error(f"LAYER {name} is not closed by END {name}")
    if values.get("TYPE", [""])[0] != "ROUTING":
        return

    def first(key: str, default: float) -> float:
        words = [word for word in values.get(key, []) if re.fullmatch(r"[-+.\deE]+", word)]
        return tokens.number(words[0]) if words else default

    width = first("WIDTH", float("nan"))
    table = values.get("SPACINGTABLE", [])
    spacing = tokens.number(table[table.index("WIDTH") + 2]) if "WIDTH" in table else float("nan")
    area_cap, edge_cap = first("CAPACITANCE", float("nan")), first("EDGECAPACITANCE", 0.0)
    lef.layers[name] = Layer(
        name=name,
        direction=values.get("DIRECTION", [""])[0].lower(),
        pitch=first("PITCH", float("nan")),
        width=width,
        spacing=first("SPACING", spacing),
        resistance=first("RESISTANCE", float("nan")) / width * _KOHM_PER_OHM,
        capacitance=(area_cap * width + 2 * edge_cap) * _FF_PER_PF,
    )


def _site(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    kind, width, height = "", float("nan"), float("nan")
    while (word := tokens.take().upper()) != "END":
        words = tokens.statement()
        if word == "SIZE":
            width, height = tokens.number(words[0]), tokens.number(words[2])
        elif word == "CLASS":
            kind = words[0]
    tokens.take()
    lef.sites[name] = (kind, width, height)


def _macro(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    kind, site, width, height = "", "", float("nan"), float("nan")
    pins: dict[str, tuple[str, str, tuple[tuple[str, float, float, float, float], ...]]] = {}
    while True:
        word = tokens.take().upper()
        if word == "END":
            if tokens.take() != name:
                raise tokens.error(f"MACRO {name} is not closed by END {name}")
            break
        if word == "PIN":
            pin = tokens.take()
            pins[pin] = _macro_pin(tokens, pin)
        elif word == "OBS":
            _shapes(tokens)
        else:
            words = tokens.statement()
            if word == "SIZE":
                width, height = tokens.number(words[0]), tokens.number(words[2])
            elif word == "CLASS":
                kind = " ".join(words)
            elif word == "SITE":
                site = words[0]
    lef.macros[name] = LefMacro(name, kind, width, height, site, pins)


def _macro_pin(tokens: _Tokens, pin: str) -> tuple[str, str, tuple[tuple[str, float, float, float, float], ...]]:
    direction, use = "", "SIGNAL"
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        if word == "PORT":
            shapes += _shapes(tokens)
            continue
        words = tokens.statement()
        if word == "DIRECTION":
            direction = words[0]
        elif word == "USE":
            use = words[0]
    if tokens.take() != pin:
        raise tokens.error(f"PIN {pin} is not closed by END {pin}")
    return direction, use, tuple(shapes)


def _shapes(tokens: _Tokens) -> list[tuple[str, float, float, float, float]]:
    layer = ""
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        words = tokens.statement()
        if word == "LAYER":
            layer = words[0]
        elif word == "RECT":
            x1, y1, x2, y2 = (tokens.number(w) for w in words if w not in ("(", ")", "MASK"))
            shapes.append((layer, x1, y1, x2, y2))
    return shapes
