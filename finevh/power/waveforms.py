"""VCD in, switching activity out: toggles per net and joint pin patterns per cell, from any simulator's waveforms."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity, pattern_offsets
from finevh.power.propagation import propagate_probabilities
from finevh.technology.model import Kind
from finevh.units import unit_scale

__all__ = ["count_cycles", "net_of_name", "plain_name", "read_lines", "read_vcd", "value_hashes"]

_CHUNK = 1 << 18
_LONGEST_LINE = 1 << 24  # characters; the longest honest line is one value of the widest bus
_LATEST = 1 << 62  # time units; sums of times must fit 64 bits
_RANGE = re.compile(r"^\[(\d{1,9})(?::(\d{1,9}))?\]$")
_DIGITS = 9  # of a number of bits
_DEEPEST = 100  # scopes within scopes
_INDEX = re.compile(r"^(.*)\[(\d{1,9})\]$", re.DOTALL)


def plain_name(name: str) -> str:
    """Name without the backslash and the blank of an escaped Verilog identifier."""
    return name.strip().removeprefix("\\").strip()


@dataclass
class _Header:
    """Where each identifier code of a VCD lands."""

    scale_ps: float
    nets: dict[str, list[list[tuple[int, int]]]]
    """Per code and variable: (position from the right in a value, net) of the bits that are nets."""
    line: int


def read_vcd(
    path: Path,
    netlist: Netlist,
    *,
    clock: str | None = None,
    period_ps: float | None = None,
    scope: str | None = None,
    start_ps: float = 0.0,
    end_ps: float | None = None,
) -> Activity:
    """Read the activity of a netlist from a VCD file (``.vcd`` or ``.vcd.gz``).

    Changes at one time stamp count as one settled change. X and Z keep the last known value (0 before the first one) and
    make no toggle. Nets that the file does not show are propagated from those that it does (then ``joint`` is False).

    Parameters
    ----------
    clock
        Clock port; its toggles say how many cycles the recording holds.
    period_ps
        Clock period of the recording, instead of counting the clock.
    scope
        Hierarchical name of the instance of the netlist, ``tb.dut``; None finds the shallowest scope that shows most nets.
    start_ps, end_ps
        Window to count.

    Raises
    ------
    InputError
        If the file is no VCD, shows none of the nets, has no time in the window, or neither clock nor period is given.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="ascii", errors="replace") as stream:
            return _read(stream, path, netlist, clock, period_ps, scope, start_ps, end_ps)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as VCD ({error})") from error


def _read(
    stream: TextIO,
    path: Path,
    netlist: Netlist,
    clock: str | None,
    period: float | None,
    scope: str | None,
    start: float,
    end: float | None,
) -> Activity:
    lines = read_lines(stream, path)
    header = _read_header(lines, path, netlist, scope)
    seen = np.zeros(netlist.n_nets, dtype=bool)
    for targets in header.nets.values():
        for bits in targets:
            seen[[net for _, net in bits]] = True
    fan_ptr, fan_cell, fan_bit = _fan_out(netlist)
    slots = pattern_offsets(netlist)
    value = np.zeros(netlist.n_nets, dtype=np.uint8)
    known = np.zeros(netlist.n_nets, dtype=np.bool_)
    pattern = np.zeros(netlist.n_cells, dtype=np.int64)
    counts = np.zeros((netlist.n_nets, 3), dtype=np.int64)
    counts[:, 1] = -1
    first = int(np.ceil(start / header.scale_ps))
    for tied in np.flatnonzero(netlist.net_constant >= 0).tolist():
        value[tied], known[tied], seen[tied] = netlist.net_constant[tied], True, True
        counts[tied, 2] = -first * int(value[tied])
        for f in range(fan_ptr[tied], fan_ptr[tied + 1]):
            pattern[fan_cell[f]] |= fan_bit[f] * int(value[tied])
    since = np.full(netlist.n_cells, -1, dtype=np.int64)
    dwell = np.zeros(int(slots[-1]), dtype=np.int64)
    last = np.iinfo(np.int64).max if end is None else int(end / header.scale_ps)
    final = first
    state = (value, known, counts, pattern, since, dwell)
    for time, net, bit in _changes(lines, path, header):
        final = max(final, min(int(time[-1]), last))
        _replay(time, net, bit, first, last, *state, fan_ptr, fan_cell, fan_bit, slots)
    if end is not None:
        final = max(final, min(last, int(end / header.scale_ps)))
    duration = final - first
    if duration <= 0:
        raise InputError(f"{path}: no time passes between {start:g} ps and the end of the window")
    _close(final, first, value, counts, pattern, since, dwell, slots)
    cycles = count_cycles(netlist, clock, period, duration * header.scale_ps, counts[:, 0], str(path))
    rate, probability = counts[:, 0] / cycles, counts[:, 2] / duration
    needed = np.zeros(netlist.n_nets, dtype=bool)
    needed[netlist.pin_net[netlist.pin_net != NO_NET]] = True
    if np.all(seen | ~needed):
        return Activity(rate, probability, slots, dwell / duration, cycles, True, counts[:, 0].copy())
    return propagate_probabilities(
        netlist, probability=np.where(seen, probability, np.nan), toggle_rate=np.where(seen, rate, np.nan), clock=clock
    )


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


def count_cycles(
    netlist: Netlist, clock: str | None, period: float | None, duration: float, toggles: NDArray[np.int64], where: str
) -> float:
    """Clock cycles in a recording of some duration, ps: by the period, else by the toggles of the clock port.

    Raises
    ------
    InputError
        If there is neither, or the clock stands still.
    """
    if period is not None:
        return duration / period
    if clock is None or clock not in netlist.port_names:
        raise InputError(f"{where}: name the clock port of {netlist.name} or give the clock period of the recording")
    cycles = 0.5 * float(toggles[netlist.port_net[netlist.port_names.index(clock)]])
    if cycles <= 0.0:
        raise InputError(
            f"{where}: clock '{clock}' does not toggle in the recording; give another window or the period"
        )
    return cycles


def net_of_name(netlist: Netlist) -> dict[str, int]:
    """Net by unescaped name, ports included."""
    index = {plain_name(name): i for i, name in enumerate(netlist.net_names)}
    for name, net in zip(netlist.port_names, netlist.port_net, strict=True):
        if net != NO_NET:
            index.setdefault(plain_name(name), int(net))
    return index


def _read_header(lines: Iterator[str], path: Path, netlist: Netlist, scope: str | None) -> _Header:
    """Read declarations up to ``$enddefinitions`` and bind them to nets."""
    index = net_of_name(netlist)
    buses: dict[str, list[tuple[int, int]]] = {}
    for name, net in index.items():
        if match := _INDEX.match(name):
            buses.setdefault(match.group(1), []).append((int(match.group(2)), net))
    here: list[str] = []
    scale = 0.0
    found: dict[str, dict[str, list[list[tuple[int, int]]]]] = {}
    line_number = 0
    words: list[str] = []
    for line in lines:
        line_number += 1
        words += line.split()
        if not words or words[-1] != "$end":
            continue
        keyword = words[0]
        if keyword == "$timescale":
            match = re.fullmatch(r"(\d{1,9})\s*([a-z]+)", "".join(words[1:-1]))
            if match is None:
                raise InputError(f"{path}:{line_number}: timescale '{' '.join(words[1:-1])}' is not like '1ps'")
            scale = int(match.group(1)) * unit_scale(match.group(2), "time")
        elif keyword == "$scope" and len(words) >= 4:
            here.append(words[2])
            if len(here) > _DEEPEST:
                raise InputError(f"{path}:{line_number}: scopes nested more than {_DEEPEST} deep")
        elif keyword == "$upscope" and here:
            here.pop()
        elif keyword == "$var" and len(words) >= 6:
            if not words[2].isdecimal() or len(words[2]) > _DIGITS:
                raise InputError(f"{path}:{line_number}: '{words[2]}' is no number of bits")
            bits = _bind(words[4], "".join(words[5:-1]), int(words[2]), index, buses)
            if bits:
                found.setdefault(".".join(here), {}).setdefault(words[3], []).append(bits)
        elif keyword == "$enddefinitions":
            break
        words = []
    else:
        raise InputError(f"{path}: no $enddefinitions; is it a VCD file?")
    if scale <= 0.0:
        raise InputError(f"{path}: no $timescale; write one")
    if scope is None and found:
        scope = max(found, key=lambda s: (sum(len(b) for v in found[s].values() for b in v), -s.count(".")))
    if scope is None or scope not in found:
        raise InputError(
            f"{path}: scope '{scope}' shows no net of {netlist.name}; scopes: {', '.join(list(found)[:10])}"
        )
    return _Header(scale, found[scope], line_number)


def _bind(
    name: str, suffix: str, width: int, index: dict[str, int], buses: dict[str, list[tuple[int, int]]]
) -> list[tuple[int, int]]:
    """(Position from the right, net) of the bits of one variable that are nets."""
    plain = plain_name(name)
    match = _RANGE.match(suffix)
    if width == 1 and match is None:
        return [(0, index[plain])] if plain in index else []
    high, low = (width - 1, 0) if match is None else (int(match.group(1)), int(match.group(2) or match.group(1)))
    return [
        (bit - low if high >= low else low - bit, net)
        for bit, net in buses.get(plain, ())
        if min(high, low) <= bit <= max(high, low)
    ]


def _changes(
    lines: Iterator[str], path: Path, header: _Header
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8]]]:
    """Yield value changes in chunks: time, net, value (-1 unknown)."""
    times: list[int] = []
    nets: list[int] = []
    bits: list[int] = []
    now = 0
    targets = header.nets
    single = {code: [net for wires in found for at, net in wires if at == 0] for code, found in targets.items()}
    of = {"0": 0, "1": 1}
    vector = ""
    number = header.line
    for line in lines:
        number += 1
        for word in line.split():
            lead = word[0]
            if vector:
                # A value shorter than its variable is continued to the left: by 0 after 0 or 1, by itself after x or z.
                left = of.get("0" if vector[0] in "01" else vector[0], -1)
                for wires in targets.get(word, ()):
                    for at, net in wires:
                        times.append(now)
                        nets.append(net)
                        bits.append(of.get(vector[-1 - at], -1) if at < len(vector) else left)
                vector = ""
            elif lead in "01xXzZ":
                for net in single.get(word[1:], ()):
                    times.append(now)
                    nets.append(net)
                    bits.append(of.get(lead, -1))
            elif lead == "#":
                later = int(word[1:]) if word[1:].isdecimal() and len(word) < 20 else -1
                if not now <= later <= _LATEST:
                    raise InputError(f"{path}:{number}: '{word}' is no time after #{now}")
                now = later
            elif lead in "bB":
                vector = word[1:]
            elif lead in "rR":
                vector = "x"
        if len(times) >= _CHUNK:
            yield _columns(times, nets, bits)
            times, nets, bits = [], [], []
    # The last time stamp ends the recording even where nothing changes at it.
    times.append(now)
    nets.append(-1)
    bits.append(-1)
    yield _columns(times, nets, bits)


def _columns(
    times: list[int], nets: list[int], bits: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8]]:
    return np.array(times, dtype=np.int64), np.array(nets, dtype=np.int32), np.array(bits, dtype=np.int8)


def _fan_out(netlist: Netlist) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """CSR from net to (cell, bit mask) of the leakage state pins."""
    cells = netlist.cells
    state_bit = np.full(len(cells.pin_name), -1, dtype=np.int64)
    for kind in range(len(cells.names)):
        if cells.kind[kind] != Kind.PHYSICAL:
            pins = cells.state_pin[cells.state_ptr[kind] : cells.state_ptr[kind + 1]]
            state_bit[cells.pin_ptr[kind] + pins] = np.arange(len(pins))
    bit = state_bit[netlist.pin_type]
    rows = np.flatnonzero((bit >= 0) & (netlist.pin_net != NO_NET))
    order = rows[np.argsort(netlist.pin_net[rows], kind="stable")]
    ptr = np.concatenate(([0], np.cumsum(np.bincount(netlist.pin_net[order], minlength=netlist.n_nets))))
    return ptr.astype(np.int64), netlist.pin_cell[order], np.int64(1) << bit[order]


@numba.njit(cache=True, nogil=True)
def _replay(  # type: ignore[no-untyped-def]
    time, net, bit, first, last, value, known, counts, pattern, since, dwell, fan_ptr, fan_cell, fan_bit, slots
):
    """Play changes; ``counts`` holds toggles, step of the last odd change, time at 1. ``since`` is -1 before the window."""
    for i in range(len(time)):
        n = net[i]
        if n < 0 or bit[i] < 0 or time[i] > last:
            continue
        first_value = not known[n]
        known[n] = True
        if value[n] == bit[i]:
            continue
        now = max(time[i], first)
        inside = time[i] > first
        value[n] = bit[i]
        counts[n, 2] += -now if bit[i] else now
        if inside and not first_value:
            if counts[n, 1] == time[i]:
                counts[n, 0] -= 1
                counts[n, 1] = -1
            else:
                counts[n, 0] += 1
                counts[n, 1] = time[i]
        for f in range(fan_ptr[n], fan_ptr[n + 1]):
            cell = fan_cell[f]
            start = max(since[cell], first)
            dwell[slots[cell] + pattern[cell]] += now - start
            since[cell] = now
            pattern[cell] ^= fan_bit[f]


@numba.njit(cache=True, nogil=True)
def _close(final, first, value, counts, pattern, since, dwell, slots):  # type: ignore[no-untyped-def]
    """End the open intervals."""
    for n in range(len(value)):
        if value[n]:
            counts[n, 2] += final
    for cell in range(len(pattern)):
        dwell[slots[cell] + pattern[cell]] += final - max(since[cell], first)


def value_hashes(
    path: Path, netlist: Netlist, keys: NDArray[np.uint64], times_ps: Sequence[float], *, scope: str | None = None
) -> list[int]:
    """Exclusive-or of the keys of all nets at 1, at given times (after the changes of that time): compares two simulators.

    Parameters
    ----------
    keys
        (n_net,) random key of each net, 0 for one to ignore.
    times_ps
        Ascending.
    """
    with path.open(encoding="ascii", errors="replace") as stream:
        lines = read_lines(stream, path)
        header = _read_header(lines, path, netlist, scope)
        value = np.zeros(netlist.n_nets, dtype=np.int8)
        result: list[int] = []
        state = 0
        for time, net, bit in _changes(lines, path, header):
            for t, n, b in zip((time * header.scale_ps).tolist(), net.tolist(), bit.tolist(), strict=True):
                while len(result) < len(times_ps) and t > times_ps[len(result)]:
                    result.append(state)
                if n >= 0 and b >= 0 and value[n] != b:
                    value[n] = b
                    state ^= int(keys[n])
        return result + [state] * (len(times_ps) - len(result))
