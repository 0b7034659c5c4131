"""What a DEF file says, as plain immutable records in database units; names are as the netlist has them."""

from __future__ import annotations

import re
from dataclasses import dataclass

Point = tuple[int, int]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1."""

_TRAILING_INDEX = re.compile(r"\[\d+\]$")


@dataclass(frozen=True)
class DefRow:
    """A row of ``count`` sites from ``(x, y)`` to the right; ``step`` is 0 where a row of one site states none."""

    name: str
    site: str
    x: int
    y: int
    orient: str
    count: int
    step: int


@dataclass(frozen=True)
class DefTracks:
    """Tracks across ``axis`` ('X' for vertical tracks)."""

    axis: str
    start: int
    count: int
    step: int
    layer: str


@dataclass(frozen=True)
class DefComponent:
    """A placed instance; ``status`` is PLACED, FIXED or UNPLACED (then ``x = y = 0``, orient N)."""

    name: str
    cell: str
    status: str
    x: int
    y: int
    orient: str


@dataclass(frozen=True)
class DefPin:
    """A port with its shape relative to the place; no layer where it has no rectangle, not ``placed`` where it has no place."""

    name: str
    net: str
    direction: str
    use: str
    layer: str
    box: Box
    x: int
    y: int
    orient: str
    placed: bool = True


@dataclass(frozen=True)
class DefWire:
    """A straight piece of special wiring; ``shape`` is RING, STRIPE or FOLLOWPIN."""

    layer: str
    width: int
    shape: str
    start: Point
    end: Point


@dataclass(frozen=True)
class DefVia:
    """A via of the file: boxes by layer, relative to where it is placed; layers of cuts included."""

    name: str
    shapes: tuple[tuple[str, Box], ...]


@dataclass(frozen=True)
class DefViaPlace:
    """A via of special wiring: a name of :class:`DefVia` or of the LEF, at a place; ``layer`` is one of its own."""

    name: str
    x: int
    y: int
    layer: str


@dataclass(frozen=True)
class DefNet:
    """A net; pins are (instance, pin), ports ('PIN', port). A special net has wiring, an ordinary one none."""

    name: str
    use: str
    pins: tuple[tuple[str, str], ...]
    wires: tuple[DefWire, ...] = ()
    vias: tuple[DefViaPlace, ...] = ()


@dataclass(frozen=True)
class DefLayout:
    """A whole file; ``units`` database units per um, ``blockages`` that keep every cell out."""

    design: str
    units: int
    die: Box
    rows: tuple[DefRow, ...]
    tracks: tuple[DefTracks, ...]
    components: tuple[DefComponent, ...]
    pins: tuple[DefPin, ...]
    blockages: tuple[Box, ...]
    special_nets: tuple[DefNet, ...]
    nets: tuple[DefNet, ...]
    vias: tuple[DefVia, ...] = ()


def quote_name(name: str, is_bus: bool) -> str:
    r"""Spell a name in DEF: brackets and other syntax take a backslash.

    Parameters
    ----------
    is_bus : True for nets and ports, whose trailing ``[k]`` is a bit of a bus unless the name starts with a backslash (an
        escaped Verilog identifier).

    >>> quote_name("data[3]", True), quote_name("\\u.q[3]", True), quote_name("u.q[3]", False)
    ('data[3]', 'u.q\\[3\\]', 'u.q\\[3\\]')
    """
    literal = name[1:] if name.startswith("\\") else name
    tail = ""
    if is_bus and literal is name and (match := _TRAILING_INDEX.search(name)):
        literal, tail = name[: match.start()], match.group()
    quoted = re.sub(r'([\\\[\]/;()+\-*#"%])', r"\\\1", literal[1:])
    # Some readers keep a leading backslash, so the first character takes one only where it would read as syntax.
    first = literal[:1]
    risky = first in '\\[]/;#"%' or len(name) == 1
    return ("\\" if risky and not (first.isalnum() or first == "_") else "") + first + quoted + tail


def unquote_name(text: str, is_bus: bool) -> str:
    """Inverse of :func:`quote_name`: a quoted trailing index gives back the name's leading backslash."""
    plain = re.sub(r"\\(.)", r"\1", text)
    if _TRAILING_INDEX.search(plain) and (not is_bus or text.endswith("\\]")):
        return "\\" + plain
    return plain
