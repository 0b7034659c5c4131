"""SAIF in, switching activity out: durations and toggle counts of nets, as written by simulators and power tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from finevh.base.numbers import decimal
from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity, activity_from_probabilities
from finevh.power.activity.propagation import propagate_probabilities
from finevh.power.recordings.recorded_names import NetNames, Recorded
from finevh.power.recordings.vcd import count_cycles, require_inputs, settle_sources
from finevh.power.recordings.vcd_syntax import open_recording, read_lines
from finevh.units import unit_scale

__all__ = ["read_saif", "saif_scopes"]

_LARGEST = 1e18
_DEEPEST = 100  # instances within instances
_SUM = 0.01  # share by which the times at 0, 1, X and Z of a net may exceed the duration: roundings of converters
_TOKEN = re.compile(r'\(|\)|"(?:\\.|[^"\\])*"|(?:\\.|[^\s()"])+|"')
_SCALE = re.compile(r"(\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?)\s*([A-Za-z]+)")
_COUNTS = ("T0", "T1", "TX", "TZ", "TB", "TC", "IG", "IK")
_STATES = ("COND", "COND_DEFAULT", "RISE", "FALL", "IOPATH")  # rows by state and path inside that of a net
_WORDS = frozenset((*_STATES, "INSTANCE", "NET", "PORT", "DURATION", "TIMESCALE", "DIVIDER", "DIRECTION", *_COUNTS))


def read_saif(
    path: Path,
    netlist: Netlist,
    *,
    clock: str | None = None,
    period_ps: float | None = None,
    instance: str | None = None,
    checks: Checks | None = None,
) -> Activity:
    """Read the backward SAIF of a netlist (``.saif`` or ``.saif.gz``).

    A SAIF holds no joint probabilities: cell patterns are products of net probabilities (``joint`` is False). Nets that the
    file does not name are propagated from those that it does. Time at X and Z is left out of the probability.

    Parameters
    ----------
    clock
        Clock port; its toggle count says how many cycles the recording holds.
    period_ps
        Clock period of the recording, instead of counting the clock; checked against its toggles where the file has it.
    instance
        Hierarchical name of the netlist's instance, ``tb/dut``; None takes the one that names most of the nets.
    checks
        Account to book in; without one, what makes the result meaningless is raised.

    Raises
    ------
    InputError
        If the file is no SAIF, is cut off, names none of the nets, or neither clock nor period is given.
    """
    own = Checks()
    try:
        with open_recording(path) as stream:
            recorded: Recorded[dict[str, float]] = Recorded(NetNames(netlist), str(path))
            saif = _Saif(recorded, path)
            saif.read(_tokens(read_lines(stream, path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read as SAIF ({error})") from error
    activity = _bind(saif, recorded, netlist, clock, period_ps, instance, own)
    if checks is None:
        own.refuse()
    else:
        checks.merge(own)
    return activity


def _tokens(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """(Token, line); ``//`` and ``/* */`` comments are left out."""
    inside = False
    for number, line in enumerate(lines, 1):
        text = line
        if inside:
            _, closed, text = text.partition("*/")
            inside = not closed
            if inside:
                continue
        for token in _TOKEN.findall(text):
            if token.startswith("//"):
                break
            if token.startswith("/*"):
                inside = "*/" not in text.partition("/*")[2]
                break
            yield token, number


def saif_scopes(path: Path) -> dict[tuple[str, ...], set[str]]:
    """Instances that a SAIF names, each with the names of its own nets and ports.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    found = _Scopes()
    try:
        with open_recording(path) as stream:
            _Saif(found, path).read(_tokens(read_lines(stream, path)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read as SAIF ({error})") from error
    return found.names


class _Scopes:
    """Takes the rows of a SAIF for their places alone."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], set[str]] = {(): set()}

    def add(self, path: tuple[str, ...], handle: dict[str, float], name: str) -> None:
        """Take one net of an instance; what encloses it is a scope, too."""
        for end in range(1, len(path) + 1):
            self.names.setdefault(path[:end], set())
        self.names[path].add(name)


@dataclass
class _Frame:
    """A list that is open."""

    key: str = ""
    values: list[str] = field(default_factory=list)
    row: dict[str, float] = field(default_factory=dict)
    """Counts of the net that the list is."""


class _Saif:
    """The lists of a SAIF, as they are read."""

    def __init__(self, recorded: Recorded[dict[str, float]] | _Scopes, path: Path) -> None:
        self.recorded, self.path = recorded, path
        self.duration: float | None = None
        self.scale: float | None = None
        """ps."""

    def read(self, tokens: Iterator[tuple[str, int]]) -> None:
        """Read the whole file."""
        if next(tokens, ("", 0))[0] != "(" or next(tokens, ("", 0))[0].upper() != "SAIFILE":
            raise InputError(f"{self.path}: does not begin with (SAIFILE; is it a SAIF file?")
        frames = [_Frame("SAIFILE")]
        instances: list[str] = []
        for token, line in tokens:
            where = f"{self.path}:{line}"
            if not frames:
                raise InputError(f"{where}: '{token}' follows the end of the SAIFILE")
            if token == "(":
                frames.append(_Frame())
            elif token == ")":
                self._close(frames, instances, where)
            else:
                _take(frames[-1], token, instances, where)
        if frames:
            raise InputError(f"{self.path}: a ')' is missing; the file is truncated")

    def _close(self, frames: list[_Frame], instances: list[str], where: str) -> None:
        frame = frames.pop()
        if frame.key == "INSTANCE":
            if frame.values:
                instances.pop()
        elif frame.key in _COUNTS:
            if len(frame.values) != 1:
                raise InputError(f"{where}: {frame.key} has {len(frame.values)} values, not one")
            if frames:
                frames[-1].row[frame.key] = _number(frame.values[0], where)
        elif frame.key == "DURATION":
            self.duration = _number(" ".join(frame.values), where)
        elif frame.key == "TIMESCALE":
            match = _SCALE.fullmatch(" ".join(frame.values))
            if match is None:
                raise InputError(f"{where}: time scale '{' '.join(frame.values)}' is not like '1 ps'")
            try:
                self.scale = float(match.group(1)) * unit_scale(match.group(2).lower(), "time")
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        elif frame.row and frame.key not in _WORDS:
            self.recorded.add(tuple(instances), frame.row, _unescape(frame.key))


def _take(frame: _Frame, token: str, instances: list[str], where: str) -> None:
    """Take one word of an open list: its key, or a value."""
    if not frame.key:
        frame.key = token.upper() if token.upper() in _WORDS else token
        return
    frame.values.append(token)
    if frame.key != "INSTANCE":
        return
    # (INSTANCE "module" name ...): the last name before the first list is the instance's.
    if len(frame.values) > 1:
        instances[-1] = _unescape(token)
        return
    instances.append(_unescape(token))
    if len(instances) > _DEEPEST:
        raise InputError(f"{where}: instances nested more than {_DEEPEST} deep")


def _number(text: str, where: str) -> float:
    try:
        value = decimal(text)
    except ValueError:
        raise InputError(f"{where}: '{text}' is not a number") from None
    if not 0.0 <= value <= _LARGEST:
        raise InputError(f"{where}: {text} is no duration and no count")
    return value


def _unescape(name: str) -> str:
    """A name without quotes and without the backslash before each special character, of the file and of Verilog."""
    plain = name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name
    return re.sub(r"\\(.)", r"\1", plain).removeprefix("\\").strip()


def _bind(
    saif: _Saif,
    recorded: Recorded[dict[str, float]],
    netlist: Netlist,
    clock: str | None,
    period: float | None,
    instance: str | None,
    checks: Checks,
) -> Activity:
    where = str(saif.path)
    if not saif.duration:
        raise InputError(f"{where}: no DURATION")
    if period is not None and saif.scale is None:
        raise InputError(f"{where}: no TIMESCALE, so the stated period cannot be told from its DURATION; write one")
    duration = saif.duration
    probability, toggles = np.full(netlist.n_nets, np.nan), np.full(netlist.n_nets, np.nan)
    for row, bits in recorded.choose(instance, netlist.name, checks):
        known = row.get("T0", 0.0) + row.get("T1", 0.0)
        if known <= 0.0:
            continue  # nothing is known of its value: as of a net that the file does not name
        spent = known + row.get("TX", 0.0) + row.get("TZ", 0.0) + row.get("TB", 0.0)
        lacks = [
            key for key in ("T0", "T1") if key not in row and row.get("TC") and spent < (1.0 - _SUM) * duration - 1.0
        ]
        for _, net in bits:
            if lacks:
                raise InputError(
                    f"{where}: net {netlist.net_names[net]} toggles {row['TC']:g} times and has no {lacks[0]};"
                    " the file is damaged, or its writer leaves times out"
                )
            if spent > (1.0 + _SUM) * duration + 1.0:
                raise InputError(
                    f"{where}: the times of net {netlist.net_names[net]} sum to {spent:g}, the DURATION is {duration:g};"
                    " the file is damaged, or its DURATION is of another recording"
                )
            high, count = row.get("T1", 0.0) / known, row.get("TC", 0.0)
            if not np.isnan(toggles[net]) and (abs(probability[net] - high) > _SUM or toggles[net] != count):
                raise InputError(
                    f"{where}: net {netlist.net_names[net]} stands twice, with {toggles[net]:g} and {count:g} toggles;"
                    " keep the row that is right"
                )
            probability[net], toggles[net] = high, count
    constant = netlist.net_constant >= 0
    probability[constant], toggles[constant] = netlist.net_constant[constant], 0.0
    cycles = count_cycles(netlist, clock, period, duration * (saif.scale or 1.0), toggles, where, checks)
    seen = ~np.isnan(toggles)
    settle_sources(netlist, seen, checks)
    n_state = np.diff(netlist.cells.state_ptr)[netlist.cell_type]
    checks.add("activity_patterns", [netlist.instance_names[i] for i in np.flatnonzero(n_state > 1)])
    rate = toggles / cycles
    used = np.unique(netlist.pin_net[netlist.pin_net != NO_NET])
    if np.isnan(probability[used]).any():
        require_inputs(netlist, seen, clock, where, checks)
        found = propagate_probabilities(netlist, probability=probability, toggle_rate=rate, clock=clock)
        probability = np.where(seen, probability, found.probability)
        rate = np.where(seen, rate, found.toggle_rate)
    return activity_from_probabilities(netlist, np.nan_to_num(probability), np.nan_to_num(rate), cycles=cycles)
