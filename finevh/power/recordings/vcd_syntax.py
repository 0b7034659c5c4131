"""VCD text in (plain or extended, IEEE 1800-2017 clause 21.7), value changes of nets out, in recorded time.

Recorded time counts from the first time stamp, or from the start of the window, and stands still where dumping is off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from finevh.base.packed import open_text
from finevh.checks import Checks
from finevh.errors import InputError
from finevh.power.recordings.recorded_names import Bits, NetNames, Recorded
from finevh.units import unit_scale

__all__ = ["FLOATING", "SILENT", "UNKNOWN", "Changes", "VcdHeader", "read_changes", "read_lines", "read_vcd_header"]

UNKNOWN, FLOATING = 2, 3
"""Values of a change to X and to Z, above all known ones; 0 and 1 stand for themselves."""
SILENT = 8
"""Added to a value that a net has at the start of a window or after an off period: it is no toggle."""

_CHUNK = 1 << 18
_LONGEST_LINE = 1 << 24  # characters; the longest honest line is one value of the widest bus
_LATEST = 1 << 62  # time units; sums of times must fit 64 bits
_DIGITS = 9  # of a number of bits
_DEEPEST = 100  # scopes within scopes
_SCALE = re.compile(r"(\d{1,9})\s*([a-z]+)")
_NO_NETS = frozenset(("parameter", "real", "realtime", "shortreal", "event", "time", "integer", "string"))
_VALUE = {"0": 0, "1": 1, "z": FLOATING, "Z": FLOATING}
_VALUE |= {"l": 0, "L": 0, "h": 1, "H": 1}  # the weak levels of VHDL
# States of an extended VCD: driven by the bench (D U N Z d u), by the design (L H X T l h), by both (0 1 ? F A a B b C c f).
_PORT_VALUE = dict.fromkeys("DdLl0", 0) | dict.fromkeys("UuHh1", 1) | dict.fromkeys("NX?AaBbCc", UNKNOWN)
_PORT_VALUE |= dict.fromkeys("ZTFf", FLOATING)
_DUMP_OFF, _DUMP_ON = ("$dumpoff", "$dumpportsoff"), ("$dumpon", "$dumpportson")
_WITH_CHANGES = (*_DUMP_OFF, *_DUMP_ON, "$dumpvars", "$dumpall", "$dumpports", "$dumpportsall", "$vcdclose")

Changes = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8]]
"""Recorded time in time units, net (-1 for the mere passing of time), value."""


@dataclass(frozen=True)
class VcdHeader:
    """Where each identifier code of a VCD lands."""

    scale_ps: float
    nets: dict[str, list[Bits]]
    """Per code and variable the bits that are nets."""
    codes: frozenset[str]
    """All codes that are declared."""
    line: int
    rest: tuple[str, ...]
    """Words that follow ``$enddefinitions $end`` on its line."""


def open_recording(path: Path) -> TextIO:
    """Text of a recording, packed by gzip or not."""
    return open_text(path)


def read_lines(stream: TextIO, path: Path) -> Iterator[str]:
    """Lines of a text stream; one without end is refused, not read into memory.

    Raises
    ------
    InputError
        If a line is too long to be one.
    """
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise InputError(f"{path}:{number}: a line of more than {_LONGEST_LINE} characters; is it a text file?")
        yield line


def read_vcd_header(
    lines: Iterator[str], path: Path, names: NetNames, design: str, scope: str | None, checks: Checks
) -> VcdHeader:
    """Read declarations up to ``$enddefinitions``, however they are laid out in lines, and bind them to nets.

    Raises
    ------
    InputError
        If there is no end of the definitions, no time scale, or no scope that shows nets.
    """
    recorded: Recorded[str] = Recorded(names, str(path))
    here: list[str] = []
    codes: set[str] = set()
    scale, number = 0.0, 0
    section: list[str] = []
    for line in lines:
        number += 1
        words = line.split()
        for at, word in enumerate(words):
            if word != "$end":
                section.append(word)
                continue
            where, keyword = f"{path}:{number}", section[0] if section else ""
            if keyword == "$timescale":
                scale = _time_scale(section[1:], where)
            elif keyword == "$scope":
                if len(section) < 3:
                    raise InputError(f"{where}: '{' '.join(section)}' names no scope")
                if len(here) >= _DEEPEST:
                    raise InputError(f"{where}: scopes nested more than {_DEEPEST} deep")
                here.append(section[2])
            elif keyword == "$upscope":
                if here:
                    here.pop()
            elif keyword == "$var":
                _declare(section, tuple(here), recorded, codes, where)
            elif keyword == "$enddefinitions":
                if scale <= 0.0:
                    raise InputError(f"{path}: no $timescale; write one")
                nets: dict[str, list[Bits]] = {}
                owner: dict[int, str] = {}
                for code, bits in recorded.choose(scope, design, checks):
                    # Of two variables for one net the first says what it does.
                    own = [(at, net) for at, net in bits if owner.setdefault(net, code) == code]
                    if len(own) < len(bits):
                        checks.add("activity_not_found", [f"variable '{code}' for a net that another one shows"])
                    nets.setdefault(code, []).append(own)
                return VcdHeader(scale, nets, frozenset(codes), number, tuple(words[at + 1 :]))
            section = []
    raise InputError(f"{path}: no $enddefinitions; is it a VCD file?")


def vcd_scopes(path: Path) -> dict[tuple[str, ...], set[str]]:
    """Scopes that a VCD declares, each with the names of its own variables; nothing is read beyond the declarations.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    found: dict[tuple[str, ...], set[str]] = {(): set()}
    here: list[str] = []
    section: list[str] = []
    try:
        with open_recording(path) as stream:
            for line in read_lines(stream, path):
                for word in line.split():
                    if word != "$end":
                        section.append(word)
                        continue
                    keyword = section[0] if section else ""
                    if keyword == "$enddefinitions":
                        return found
                    if keyword == "$scope" and len(section) > 2 and len(here) < _DEEPEST:
                        here.append(section[2])
                        found.setdefault(tuple(here), set())
                    elif keyword == "$upscope" and here:
                        here.pop()
                    elif keyword == "$var" and len(section) > 4:
                        found[tuple(here)].add(section[4])
                    section = []
    except OSError as error:
        raise InputError(f"{path}: cannot be read as VCD ({error})") from error
    return found


def _time_scale(words: list[str], where: str) -> float:
    match = _SCALE.fullmatch(" ".join(words))
    if match is None:
        raise InputError(f"{where}: timescale '{' '.join(words)}' is not like '1ps'")
    try:
        return int(match.group(1)) * unit_scale(match.group(2), "time")
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _declare(section: list[str], path: tuple[str, ...], recorded: Recorded[str], codes: set[str], where: str) -> None:
    """One ``$var``: kind, number of bits or range, code, name, range."""
    if len(section) < 5:
        raise InputError(f"{where}: '{' '.join(section)}' lacks a number of bits, a code or a name")
    kind, size, code, name = section[1:5]
    suffix = "".join(section[5:])
    if size.startswith("[") and kind == "port":
        # Extended VCD: the range stands in place of the number of bits.
        ends = [end for end in size.strip("[]").split(":") if end.removeprefix("-").isdecimal() and len(end) <= _DIGITS]
        if len(ends) not in (1, 2):
            raise InputError(f"{where}: '{size}' is no range of bits")
        width, suffix = abs(int(ends[0]) - int(ends[-1])) + 1, suffix or size
    elif size.isdecimal() and len(size) <= _DIGITS:
        width = int(size)
    else:
        raise InputError(f"{where}: '{size}' is no number of bits")
    codes.add(code)
    if kind.lower() not in _NO_NETS:
        recorded.add(path, code, name, width, suffix)


class _Clock:
    """Recorded time: the time since the start of the window that was dumped."""

    def __init__(self, start: int | None, last: int | None) -> None:
        self.start, self.last = start, last
        self.now: int | None = None
        """Time of the last stamp."""
        self.off_since: int | None = None
        self._off = 0

    def advance(self, time: int) -> None:
        if self.now is None:
            self.start = time if self.start is None else max(time, self.start)
        self.now = time

    @property
    def recorded(self) -> int:
        """Recorded time at the last stamp."""
        if self.off_since is not None:
            return self.off_since - (self.start or 0) - self._off
        return self._clipped() - (self.start or 0) - self._off

    @property
    def before(self) -> bool:
        """True up to and at the start of the window: values are those that the window starts with."""
        return self.now is None or self.now <= (self.start or 0)

    @property
    def after(self) -> bool:
        return self.now is not None and self.last is not None and self.now > self.last

    def _clipped(self) -> int:
        time = self.start or 0 if self.now is None else max(self.now, self.start or 0)
        return time if self.last is None else min(time, max(self.last, self.start or 0))

    def stop(self) -> None:
        if self.off_since is None:
            self.off_since = self._clipped()

    def go_on(self) -> None:
        if self.off_since is not None:
            self._off += self._clipped() - self.off_since
            self.off_since = None


class _ChangeReader:
    """The body of a VCD, word by word."""

    def __init__(self, path: Path, header: VcdHeader, start: int | None, last: int | None) -> None:
        self.path, self.header = path, header
        self.clock = _Clock(start, last)
        self.times: list[int] = []
        self.nets: list[int] = []
        self.values: list[int] = []
        self._single = {
            code: [net for bits in found for at, net in bits if at == 0] for code, found in header.nets.items()
        }
        self._block = ""  # the $-keyword whose $end has not come
        self._vector, self._pending = "", 0  # a value whose code has not come; strengths of ports still to come
        self._now, self._flag = 0, SILENT  # of the changes that follow: recorded time, and SILENT or 0

    def read_line(self, words: Iterable[str], number: int, whole: bool = True) -> None:
        """Take the words of one line; ``whole`` is False where the file ends within it."""
        words = list(words)
        for position, word in enumerate(words):
            if not whole and position == len(words) - 1:
                self._refuse_cut(word, number)
            if self._pending:
                self._pending -= 1
            elif self._vector:
                self._set_vector(word)
            else:
                self._take(word, number)
            if self.clock.after:
                return

    def _refuse_cut(self, word: str, number: int) -> None:
        """Refuse a last word that more characters might follow: a stamp, or a code that begins another."""
        code = "" if self._pending or word[0] in "#bBrRp" else word if self._vector else word[1:]
        complete = code in self.header.codes and not any(
            other != code and other.startswith(code) for other in self.header.codes
        )
        if word != "$end" and not complete:
            raise InputError(
                f"{self.path}:{number}: the file ends within '{word}', without a line end: it is truncated;"
                " record it again, or cut it after a whole line"
            )

    def _take(self, word: str, number: int) -> None:
        lead = word[0]
        if self._block and self._block not in _WITH_CHANGES:
            if word == "$end":
                self._block = ""
        elif lead in "01xXzZuUwWhHlL-" and len(word) > 1:
            self._emit(self._single.get(word[1:], ()), _VALUE.get(lead, UNKNOWN))
        elif lead == "#":
            self._stamp(word, number)
        elif (lead in "bBrR" and len(word) > 1) or lead in "sS":  # an empty text is a lone s
            self._vector = word[1:].lower() if lead in "bB" else "x"
        elif lead == "p" and len(word) > 1:
            self._vector, self._pending = word, 2
        elif lead == "$":
            self._keyword(word)
        else:
            raise InputError(f"{self.path}:{number}: '{word[:40]}' is no value change and no time stamp")

    def _stamp(self, word: str, number: int) -> None:
        later = int(word[1:]) if word[1:].isdecimal() and len(word) < 20 else -1
        now = self.clock.now or 0
        if not now <= later <= _LATEST:
            raise InputError(f"{self.path}:{number}: '{word}' is no time after #{now}")
        self.clock.advance(later)
        self._set_time()

    def _set_time(self) -> None:
        self._now = self.clock.recorded
        self._flag = SILENT if self.clock.before or self._block in _DUMP_ON else 0

    def _keyword(self, word: str) -> None:
        if word == "$end":
            self._block = ""
        else:
            self._block = word
            if word in _DUMP_OFF:
                self.clock.stop()
            elif word in _DUMP_ON:
                self.clock.go_on()
        self._set_time()

    def _emit(self, nets: Iterable[int], value: int) -> None:
        # While dumping is off all values are X: what is written then says nothing of the design.
        if self.clock.off_since is not None:
            return
        for net in nets:
            self.times.append(self._now)
            self.nets.append(net)
            self.values.append(value + self._flag)

    def _set_vector(self, code: str) -> None:
        vector, self._vector = self._vector, ""
        port = vector[0] == "p"
        values = vector[1:] if port else vector
        of = _PORT_VALUE if port else _VALUE
        # A value shorter than its variable is continued to the left: by 0 after 0 or 1, by itself after x or z.
        left = 0 if not port and values[0] in "01" else of.get(values[0], UNKNOWN) if not port else UNKNOWN
        for bits in self.header.nets.get(code, ()):
            for at, net in bits:
                self._emit((net,), of.get(values[-1 - at], UNKNOWN) if at < len(values) else left)

    def flush(self) -> Changes:
        """What was read since the last call."""
        columns = (
            np.array(self.times, dtype=np.int64),
            np.array(self.nets, dtype=np.int32),
            np.array(self.values, dtype=np.int8),
        )
        self.times, self.nets, self.values = [], [], []
        return columns

    def close(self, number: int) -> None:
        """End the recording: the last stamp ends it even where nothing changes at it."""
        if self._vector or self._pending or self._block in (*_DUMP_OFF, *_DUMP_ON):
            raise InputError(f"{self.path}:{number}: the file ends within a value or a block: it is truncated")
        self.end()

    def end(self) -> None:
        """Let the time pass up to the last stamp, even where nothing changes at it."""
        self.times.append(self.clock.recorded)
        self.nets.append(-1)
        self.values.append(0)


def read_changes(
    lines: Iterator[str], path: Path, header: VcdHeader, start_ps: float | None = None, end_ps: float | None = None,
    ended: list[float] | None = None,
) -> Iterator[Changes]:  # fmt: skip
    """Yield value changes in chunks; the last row is the end of the recording or of the window.

    Parameters
    ----------
    start_ps, end_ps
        Window, in the time of the file; changes at its start belong to what was before, those at its end to it.
    ended
        Takes the last stamp, ps, where the file ends before the window does.

    Raises
    ------
    InputError
        With the line: a word that is no change, a time that goes back, a file that is cut off.
    """
    start = None if start_ps is None else int(np.ceil(start_ps / header.scale_ps - 1e-9))
    last = None if end_ps is None else int(end_ps / header.scale_ps + 1e-9)
    reader = _ChangeReader(path, header, start, last)
    number = header.line
    reader.read_line(header.rest, number)
    for line in lines:
        number += 1
        reader.read_line(line.split(), number, line.endswith("\n"))
        if reader.clock.after:
            break
        if len(reader.times) >= _CHUNK:
            yield reader.flush()
    if reader.clock.after:
        reader.end()
    else:
        reader.close(number)
        if ended is not None and last is not None and (reader.clock.now or 0) < last:
            ended.append((reader.clock.now or 0) * header.scale_ps)
    yield reader.flush()
