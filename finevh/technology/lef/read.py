"""LEF reader: site, routing layers and cell sizes of technology and cell LEF files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from finevh.base.files import read_input_text
from finevh.base.numbers import decimal
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


_WORD = re.compile(r'"[^"]*"|(?<!\S)#[^\n]*|\n|;|[^\s;]+')
"""Texts, which may go on over lines, comments, line ends, words."""
_TOP = frozenset(
    ("VERSION", "NAMESCASESENSITIVE", "BUSBITCHARS", "DIVIDERCHAR", "USEMINSPACING", "CLEARANCEMEASURE", "FIXEDMASK",
     "NOWIREEXTENSIONATPIN", "MAXVIASTACK", "MINFEATURE", "DIELECTRIC", "UNIVERSALNOISEMARGIN", "EDGERATETHRESHOLD1",
     "EDGERATETHRESHOLD2", "EDGERATESCALEFACTOR", "INPUTPINANTENNASIZE", "OUTPUTPINANTENNASIZE", "INOUTPINANTENNASIZE",
     "ANTENNAINPUTGATEAREA", "ANTENNAINOUTDIFFAREA", "ANTENNAOUTPUTDIFFAREA")
)  # fmt: skip
"""Statements outside any block that nothing here depends on."""
_BLOCKS = frozenset(
    ("VIARULE", "NONDEFAULTRULE", "PROPERTYDEFINITIONS", "UNITS", "SPACING", "ARRAY", "IRDROP", "NOISETABLE",
     "CORRECTIONTABLE")
)  # fmt: skip
_NAMED_BLOCKS = frozenset(("VIARULE", "NONDEFAULTRULE", "ARRAY"))
_VIA = frozenset(
    ("LAYER", "RECT", "POLYGON", "RESISTANCE", "PROPERTY", "FOREIGN", "VIARULE", "CUTSIZE", "LAYERS", "CUTSPACING", "ENCLOSURE",
     "ROWCOL", "ORIGIN", "OFFSET", "PATTERN")
)  # fmt: skip
_LAYER = re.compile(
    r"TYPE|DIRECTION|PITCH|DIAGPITCH|OFFSET|WIDTH|DIAGWIDTH|AREA|SPACING|SPACINGTABLE|DIAGSPACING|DIAGMINEDGELENGTH|ARRAYSPACING|"
    r"RESISTANCE|CAPACITANCE|EDGECAPACITANCE|CAPMULTIPLIER|THICKNESS|HEIGHT|SHRINKAGE|MINIMUMCUT|MINSTEP|MINENCLOSEDAREA|"
    r"MIN\w*|MAX\w*|DENSITYCHECK\w*|FILLACTIVESPACING|PROTRUSIONWIDTH|WIREEXTENSION|ANTENNA\w*|ACCURRENTDENSITY|"
    r"DCCURRENTDENSITY|PROPERTY|MASK|ENCLOSURE|PREFERENCLOSURE|SLOT\w*|SPLIT\w*|TWOWIDTHS|SURFACE\w*|BACKSIDE|REGION|LEF58\w*"
)
_MACRO = frozenset(
    ("CLASS", "FIXEDMASK", "FOREIGN", "ORIGIN", "EEQ", "LEQ", "SIZE", "SYMMETRY", "SITE", "PROPERTY", "SOURCE", "POWER",
     "CLOCKTYPE", "GENERATE", "GENERATED", "GENERATOR", "FUNCTION")
)  # fmt: skip
_PIN = re.compile(
    r"TAPERRULE|DIRECTION|USE|NETEXPR|SUPPLYSENSITIVITY|GROUNDSENSITIVITY|SHAPE|MUSTJOIN|PROPERTY|ANTENNA\w*|CAPACITANCE|RESISTANCE|"
    r"POWER|LEQ|FOREIGN|PULLDOWNRES|TIEOFFR|VHI|VLO|RISE\w*|FALL\w*|CURRENTSOURCE|IV_TABLES|OUTPUTNOISEMARGIN|INPUTNOISEMARGIN|"
    r"OUTPUTRESISTANCE|MAXLOAD|MAXDELAY|SCANUSE|FUNCTION"
)
_SHAPE = frozenset(("CLASS", "LAYER", "WIDTH", "PATH", "RECT", "POLYGON", "VIA", "PROPERTY", "SPACING"))
_MOST_SHAPES = 1_000_000
"""Rectangles of one ITERATE."""


class _Tokens:
    """Words of a LEF file with their lines."""

    def __init__(self, path: Path) -> None:
        try:
            text = read_input_text(path, errors="replace")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error}); give a LEF file") from error
        self.path = path
        self.words: list[tuple[str, int]] = []
        number = 1
        for word in _WORD.findall(text):
            if word == "\n":
                number += 1
            elif word[0] != "#":
                self.words.append((word, number))
                if word[0] == '"':
                    number += word.count("\n")
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
            return decimal(word)
        except ValueError as error:
            raise self.error(f"'{word[:40]}' is not a number") from error

    def word_of(self, words: list[str], k: int, keyword: str) -> str:
        """Word ``k`` of a statement that needs it."""
        if k >= len(words):
            raise self.error(f"{keyword} has only {len(words)} words: '{' '.join(words)}'")
        return words[k]

    def end(self, kind: str, name: str) -> None:
        """The name behind END."""
        if self.take() != name:
            raise self.error(f"{kind} {name} is not closed by END {name}")

    def unknown(self, word: str, where: str) -> InputError:
        return self.error(f"'{word}' is no statement of {where} that LEF 5.8 knows")


def read_lef(paths: Iterable[Path]) -> Lef:
    """Read technology and cell LEF files, in that order.

    Statements of LEF 5.8 that need no understanding are passed over, one by one; polygons and paths of pins have no shapes
    here. Files that were joined (END LIBRARY in the middle) are read to their end.

    Raises
    ------
    InputError
        If a file is missing, cut short (it does not end in END LIBRARY), or holds a malformed number or a statement that LEF
        does not have; the message names file and line.
    """
    lef = Lef()
    for path in paths:
        tokens = _Tokens(path)
        ended = False
        while tokens.at < len(tokens.words):
            word = tokens.take().upper()
            if word == ";":
                continue
            ended = False
            if word == "LAYER":
                _layer(tokens, lef)
            elif word == "SITE":
                _site(tokens, lef)
            elif word == "MACRO":
                _macro(tokens, lef)
            elif word == "MANUFACTURINGGRID":
                lef.grid = tokens.number(tokens.word_of(tokens.statement(), 0, word))
            elif word == "VIA":
                _via(tokens, lef)
            elif word in _BLOCKS:
                _skip_block(tokens, word)
            elif word == "BEGINEXT":
                _skip_extension(tokens)
            elif word == "END":
                tokens.end("the library", "LIBRARY")
                ended = True
            elif word in _TOP:
                tokens.statement()
            else:
                raise tokens.unknown(tokens.words[tokens.at - 1][0], "a library")
        if not ended:
            raise tokens.error("the LEF file has no END LIBRARY: it is cut short, or add the line")
    return lef


def _skip_block(tokens: _Tokens, word: str) -> None:
    name = tokens.take() if word in _NAMED_BLOCKS else word
    while True:
        if tokens.take().upper() == "END" and tokens.take() == name:
            return


def _skip_extension(tokens: _Tokens) -> None:
    while tokens.take().upper() != "ENDEXT":
        pass


def _via(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    layer = ""
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        if word in ("DEFAULT", "GENERATED", "TOPOFSTACKONLY"):
            continue
        if word not in _VIA:
            raise tokens.unknown(tokens.words[tokens.at - 1][0], f"VIA {name}")
        words = tokens.statement()
        if word == "LAYER":
            layer = tokens.word_of(words, 0, word)
        elif word == "RECT":
            shapes += ((layer, *box) for box in _rectangles(tokens, words))
    tokens.end("VIA", name)
    if shapes:
        lef.vias[name] = tuple(shapes)


def _layer(tokens: _Tokens, lef: Lef) -> None:
    """Routing layers only. R and C come per square and per area in LEF; here per um of minimum-width wire."""
    name = tokens.take()
    values: dict[str, list[str]] = {}
    spacings: list[list[str]] = []
    in_table = False
    while (word := tokens.take().upper()) != "END":
        if in_table and word in ("WIDTH", "FREQUENCY", "CUTAREA", "TABLEENTRIES"):
            # Of a current density, not of the layer.
            tokens.statement()
            in_table = word != "TABLEENTRIES"
            continue
        in_table = False
        if word in ("FREQUENCY", "CUTAREA", "TABLEENTRIES") or not _LAYER.fullmatch(word):
            raise tokens.unknown(tokens.words[tokens.at - 1][0], f"LAYER {name}")
        words = tokens.statement() if word not in ("ACCURRENTDENSITY", "DCCURRENTDENSITY") else _density(tokens)
        in_table = word in ("ACCURRENTDENSITY", "DCCURRENTDENSITY") and len(words) == 1
        values.setdefault(word, words)
        if word == "SPACING":
            spacings.append(words)
    tokens.end("LAYER", name)
    if not (words := values.get("TYPE", [])) or words[0].upper() != "ROUTING":
        return

    def first(key: str, default: float) -> float:
        if "PWL" in (word.upper() for word in values.get(key, [])):
            raise tokens.error(
                f"LAYER {name}: {key} by width (PWL) is not understood; give the value of the layer's own width"
            )
        words = [word for word in values.get(key, []) if re.fullmatch(r"[-+.\deE]+", word)]
        return tokens.number(words[0]) if words else default

    width = first("WIDTH", float("nan"))
    table = [word.upper() for word in values.get("SPACINGTABLE", [])]
    spacing = float("nan")
    if "WIDTH" in table:
        spacing = tokens.number(tokens.word_of(table, table.index("WIDTH") + 2, "SPACINGTABLE"))
    if spacings:
        # The spacing of all wires; others are for some.
        plain = next((words for words in spacings if len(words) == 1), spacings[0])
        spacing = tokens.number(tokens.word_of(plain, 0, "SPACING"))
    direction = values.get("DIRECTION", [""])[:1] or [""]
    pitches = [tokens.number(word) for word in values.get("PITCH", [])]
    # Two distances are across vertical and across horizontal wires.
    pitch = pitches[-1 if direction[0].upper() == "HORIZONTAL" else 0] if pitches else float("nan")
    area_cap, edge_cap = first("CAPACITANCE", float("nan")), first("EDGECAPACITANCE", 0.0)
    lef.layers[name] = Layer(
        name=name,
        direction=direction[0].lower(),
        pitch=pitch,
        width=width,
        spacing=spacing,
        resistance=first("RESISTANCE", float("nan")) / width * _KOHM_PER_OHM if width else float("nan"),
        capacitance=(area_cap * width + 2 * edge_cap) * _FF_PER_PF,
    )


def _density(tokens: _Tokens) -> list[str]:
    """``AVERAGE 5.0 ;`` or ``AVERAGE`` with a table in the statements behind it."""
    found = [tokens.take()]
    if tokens.at < len(tokens.words) and tokens.words[tokens.at][0].upper() in ("WIDTH", "FREQUENCY", "CUTAREA"):
        return found
    return found + tokens.statement()


def _size(tokens: _Tokens, words: list[str]) -> tuple[float, float]:
    """``w BY h``."""
    return tokens.number(tokens.word_of(words, 0, "SIZE")), tokens.number(tokens.word_of(words, 2, "SIZE"))


def _site(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    kind, width, height = "", float("nan"), float("nan")
    while (word := tokens.take().upper()) != "END":
        if word not in ("CLASS", "SYMMETRY", "SIZE", "ROWPATTERN"):
            raise tokens.unknown(tokens.words[tokens.at - 1][0], f"SITE {name}")
        words = tokens.statement()
        if word == "SIZE":
            width, height = _size(tokens, words)
        elif word == "CLASS":
            kind = tokens.word_of(words, 0, word)
    tokens.end("SITE", name)
    lef.sites[name] = (kind, width, height)


def _macro(tokens: _Tokens, lef: Lef) -> None:
    name = tokens.take()
    kind, site, width, height = "", "", float("nan"), float("nan")
    origin = (0.0, 0.0)
    pins: dict[str, tuple[str, str, tuple[tuple[str, float, float, float, float], ...]]] = {}
    while (word := tokens.take().upper()) != "END":
        if word == "PIN":
            pin = tokens.take()
            pins[pin] = _macro_pin(tokens, pin)
        elif word == "OBS":
            _shapes(tokens)
        elif word == "DENSITY":
            while tokens.take().upper() != "END":
                tokens.statement()
        elif word == "TIMING":
            _skip_block(tokens, word)
        elif word == "BEGINEXT":
            _skip_extension(tokens)
        elif word not in _MACRO:
            raise tokens.unknown(tokens.words[tokens.at - 1][0], f"MACRO {name}")
        else:
            words = tokens.statement()
            if word == "SIZE":
                width, height = _size(tokens, words)
            elif word == "ORIGIN":
                origin = tokens.number(tokens.word_of(words, 0, word)), tokens.number(tokens.word_of(words, 1, word))
            elif word == "CLASS":
                kind = " ".join(words)
            elif word == "SITE":
                site = tokens.word_of(words, 0, word)
    tokens.end("MACRO", name)
    if origin != (0.0, 0.0):
        # Shapes count from the macro's own zero, which lies at its origin from the lower left corner.
        dx, dy = origin
        pins = {
            pin: (way, use, tuple((layer, x1 + dx, y1 + dy, x2 + dx, y2 + dy) for layer, x1, y1, x2, y2 in shapes))
            for pin, (way, use, shapes) in pins.items()
        }
    lef.macros[name] = LefMacro(name, kind, width, height, site, pins)


def _macro_pin(tokens: _Tokens, pin: str) -> tuple[str, str, tuple[tuple[str, float, float, float, float], ...]]:
    direction, use = "", "SIGNAL"
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        if word == "PORT":
            shapes += _shapes(tokens)
            continue
        if not _PIN.fullmatch(word):
            raise tokens.unknown(tokens.words[tokens.at - 1][0], f"PIN {pin}")
        words = tokens.statement()
        if word == "DIRECTION":
            direction = tokens.word_of(words, 0, word)
        elif word == "USE":
            use = tokens.word_of(words, 0, word)
    tokens.end("PIN", pin)
    return direction, use, tuple(shapes)


def _shapes(tokens: _Tokens) -> list[tuple[str, float, float, float, float]]:
    layer = ""
    shapes: list[tuple[str, float, float, float, float]] = []
    while (word := tokens.take().upper()) != "END":
        if word not in _SHAPE:
            raise tokens.unknown(tokens.words[tokens.at - 1][0], "a PORT or OBS")
        words = tokens.statement()
        if word == "LAYER":
            layer = tokens.word_of(words, 0, word)
        elif word == "RECT":
            shapes += ((layer, *box) for box in _rectangles(tokens, words))
    return shapes


def _rectangles(tokens: _Tokens, words: list[str]) -> list[tuple[float, float, float, float]]:
    """``[MASK n] x1 y1 x2 y2``, or ``[MASK n] ITERATE x1 y1 x2 y2 DO nx BY ny STEP sx sy``."""
    words = [word for word in words if word not in ("(", ")")]
    if words[:1] == ["MASK"]:
        words = words[2:]
    iterated = words[:1] == ["ITERATE"]
    if iterated:
        words = words[1:]
    if len(words) != (11 if iterated else 4) or (iterated and (words[4], words[6], words[8]) != ("DO", "BY", "STEP")):
        raise tokens.error(
            f"RECT is not 'x1 y1 x2 y2' or 'ITERATE x1 y1 x2 y2 DO nx BY ny STEP sx sy': '{' '.join(words)}'"
        )
    xs, ys = (sorted(tokens.number(words[k]) for k in pair) for pair in ((0, 2), (1, 3)))
    x1, y1, x2, y2 = xs[0], ys[0], xs[1], ys[1]
    if not iterated:
        return [(x1, y1, x2, y2)]
    nx, ny, sx, sy = (tokens.number(words[k]) for k in (5, 7, 9, 10))
    if nx < 1 or ny < 1 or nx * ny > _MOST_SHAPES:
        raise tokens.error(f"RECT ITERATE makes {nx * ny:g} rectangles")
    return [(x1 + i * sx, y1 + j * sy, x2 + i * sx, y2 + j * sy) for j in range(int(ny)) for i in range(int(nx))]
