"""VCD in, switching activity out: toggles per net and joint pin patterns per cell, from any simulator's waveforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity, pattern_offsets
from finevh.power.activity.propagation import propagate_probabilities
from finevh.power.recordings.recorded_names import NetNames
from finevh.power.recordings.vcd_syntax import (
    SILENT,
    UNKNOWN,
    Changes,
    open_recording,
    read_changes,
    read_lines,
    read_vcd_header,
)
from finevh.technology.model import Direction, Kind

__all__ = ["count_cycles", "read_vcd", "require_inputs", "settle_sources", "value_hashes"]

_UNSET = 4  # value of a net before the first change
_HALVES = 2  # toggles are counted in halves: a change to or from X is half a toggle
_SLACK = 1.0  # cycles by which the toggles of a clock may differ from duration / period: windows cut cycles
_RELATIVE = 0.01  # the same for long recordings, as a share: periods are stated with few digits


def read_vcd(
    path: Path,
    netlist: Netlist,
    *,
    clock: str | None = None,
    period_ps: float | None = None,
    scope: str | None = None,
    start_ps: float | None = None,
    end_ps: float | None = None,
    checks: Checks | None = None,
) -> Activity:
    """Read the activity of a netlist from a VCD file (``.vcd`` or ``.vcd.gz``), plain or extended (``$dumpports``).

    The recording begins with its first time stamp; time for which dumping is off is no part of it. Changes at one time stamp
    count as one settled change. As OpenSTA counts: a change to or from X or Z is half a toggle, and a net at X or Z is not at 1;
    unlike there, leaving the X from before a net's first known value is no toggle. Nets that the file does not show, or only at
    X, are propagated from the others (then ``joint`` is False): the patterns of their cells are products of probabilities, all
    other cells keep the recorded ones.

    Parameters
    ----------
    clock
        Clock port; its toggles say how many cycles the recording holds.
    period_ps
        Clock period of the recording, instead of counting the clock; checked against its toggles where the file shows it.
    scope
        Hierarchical name of the instance of the netlist, ``tb.dut``; None finds the shallowest scope that shows most nets.
    start_ps, end_ps
        Window to count, in the time of the file; the whole recording by default.
    checks
        Account to book in; without one, what makes the result meaningless is raised.

    Raises
    ------
    InputError
        If the file is no VCD, is cut off, shows none of the nets, has no time in the window, or neither clock nor period is
        given.
    """
    own = Checks()
    ended: list[float] = []
    try:
        with open_recording(path) as stream:
            lines = read_lines(stream, path)
            header = read_vcd_header(lines, path, NetNames(netlist), netlist.name, scope, own)
            played = _play(read_changes(lines, path, header, start_ps, end_ps, ended), netlist)
    except OSError as error:
        raise InputError(f"{path}: cannot be read as VCD ({error})") from error
    if played.duration <= 0:
        window = "" if start_ps is None and end_ps is None else " in the window"
        raise InputError(f"{path}: no time passes{window}; nothing to count")
    activity = _activity(played, netlist, header.scale_ps, clock, period_ps, str(path), own)
    for last in ended:
        # The clock's last edge comes at most half a cycle before the stated end.
        if end_ps is not None and end_ps - last > 0.501 * played.duration * header.scale_ps / activity.cycles:
            own.add(
                "recording_short", [f"{path}: the last time stamp is {last:g} ps, the window ends at {end_ps:g} ps"]
            )
    if checks is None:
        own.refuse()
    else:
        checks.merge(own)
    return activity


@dataclass(frozen=True)
class _Played:
    """What a recording adds up to; times in its time unit."""

    duration: int
    halves: NDArray[np.int64]
    """(n_net,) half toggles."""
    high: NDArray[np.int64]
    """(n_net,) time at 1."""
    seen: NDArray[np.bool_]
    """(n_net,) True where the recording gives the net a value, or it is constant."""
    slots: NDArray[np.int64]
    dwell: NDArray[np.int64]
    """Time in each pattern of each cell, at ``slots``."""


def _play(changes: Iterator[Changes], netlist: Netlist) -> _Played:
    fan_ptr, fan_cell, fan_bit = _fan_out(netlist)
    slots = pattern_offsets(netlist)
    value = np.full(netlist.n_nets, _UNSET, dtype=np.uint8)
    before = value.copy()
    stamp = np.full(netlist.n_nets, -1, dtype=np.int64)
    counts = np.zeros((netlist.n_nets, 2), dtype=np.int64)
    pattern = np.zeros(netlist.n_cells, dtype=np.int64)
    since = np.zeros(netlist.n_cells, dtype=np.int64)
    dwell = np.zeros(int(slots[-1]), dtype=np.int64)
    for tied in np.flatnonzero(netlist.net_constant >= 0).tolist():
        value[tied] = netlist.net_constant[tied]
        for f in range(fan_ptr[tied], fan_ptr[tied + 1]):
            pattern[fan_cell[f]] |= fan_bit[f] * int(value[tied])
    final = 0
    for time, net, bit in changes:
        final = int(time[-1]) if len(time) else final
        _replay(time, net, bit, value, before, stamp, counts, pattern, since, dwell, fan_ptr, fan_cell, fan_bit, slots)
    counts[value == 1, 1] += final
    dwell[slots[:-1] + pattern] += final - since
    return _Played(final, counts[:, 0], counts[:, 1], value != _UNSET, slots, dwell)


def _activity(
    played: _Played,
    netlist: Netlist,
    scale_ps: float,
    clock: str | None,
    period: float | None,
    where: str,
    checks: Checks,
) -> Activity:
    toggles = np.where(played.seen, played.halves / _HALVES, np.nan)
    cycles = count_cycles(netlist, clock, period, played.duration * scale_ps, toggles, where, checks)
    rate, probability = toggles / cycles, np.where(played.seen, played.high / played.duration, np.nan)
    settle_sources(netlist, played.seen, checks)
    recorded = played.dwell / played.duration
    needed = np.zeros(netlist.n_nets, dtype=bool)
    needed[netlist.pin_net[netlist.pin_net != NO_NET]] = True
    if np.all(played.seen | ~needed):
        return Activity(
            np.nan_to_num(rate),
            np.nan_to_num(probability),
            played.slots,
            recorded,
            cycles,
            True,
            np.nan_to_num(toggles),
        )
    require_inputs(netlist, played.seen, clock, where, checks)
    completed = propagate_probabilities(netlist, probability=probability, toggle_rate=rate, clock=clock)
    partly = cells_with_unseen_states(netlist, played.seen)
    n_state = np.diff(netlist.cells.state_ptr)[netlist.cell_type]
    checks.add("activity_patterns", [netlist.instance_names[i] for i in np.flatnonzero(partly & (n_state > 1))])
    products = np.repeat(partly, np.diff(played.slots))
    patterns = np.where(products, completed.pattern_probability, recorded)
    return Activity(
        toggle_rate=np.where(played.seen, rate, completed.toggle_rate),
        probability=np.where(played.seen, probability, completed.probability),
        pattern_ptr=played.slots,
        pattern_probability=patterns,
        cycles=cycles,
        joint=False,
    )


def cells_with_unseen_states(netlist: Netlist, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n_cell,) True where a pin that decides the leakage of a cell is on a net without recorded values."""
    cells = netlist.cells
    decides = np.zeros(len(cells.pin_name), dtype=bool)
    for kind in range(len(cells.names)):
        decides[cells.pin_ptr[kind] + cells.state_pin[cells.state_ptr[kind] : cells.state_ptr[kind + 1]]] = True
    unseen = decides[netlist.pin_type] & (netlist.pin_net != NO_NET) & ~seen[np.maximum(netlist.pin_net, 0)]
    found = np.zeros(netlist.n_cells, dtype=bool)
    found[netlist.pin_cell[unseen]] = True
    return found


def settle_sources(netlist: Netlist, seen: NDArray[np.bool_], checks: Checks) -> None:
    """Book how many of the nets that cells use are recorded, and which are propagated from others."""
    used = np.zeros(netlist.n_nets, dtype=bool)
    used[netlist.pin_net[netlist.pin_net != NO_NET]] = True
    used &= netlist.net_constant < 0
    checks.add("activity_recorded", count=int((used & seen).sum()))
    checks.add("activity_propagated", [netlist.net_names[i] for i in np.flatnonzero(used & ~seen)])


def require_inputs(netlist: Netlist, seen: NDArray[np.bool_], clock: str | None, where: str, checks: Checks) -> None:
    """Refuse a recording that lacks inputs of the design: nothing else tells their activity.

    Raises
    ------
    InputError
        With their names and what the recording shows instead.
    """
    lacking = [
        name
        for name, direction, net in zip(netlist.port_names, netlist.port_direction, netlist.port_net, strict=True)
        if direction == Direction.INPUT and net != NO_NET and name != clock and not seen[net]
    ]
    if lacking:
        some = ", ".join(lacking[:10]) + (", ..." if len(lacking) > 10 else "")
        strange = ""
        if "activity_not_found" in checks:
            found = checks["activity_not_found"]
            strange = f"; {found.count} of its names are not in the design: {', '.join(found.examples)}"
        raise InputError(
            f"{where}: shows no value of input {some} of {netlist.name}; record the ports as well{strange}"
        )


def count_cycles(
    netlist: Netlist,
    clock: str | None,
    period: float | None,
    duration: float,
    toggles: NDArray[np.float64],
    where: str,
    checks: Checks,
) -> float:
    """Clock cycles in a recording of some duration, ps: by the period, else by the toggles of the clock port.

    Parameters
    ----------
    toggles
        (n_net,) nan where the recording does not show the net.
    checks
        Where both are there, a contradiction is booked as ``period_mismatch``.

    Raises
    ------
    InputError
        If there is neither, or the clock stands still.
    """
    ports = dict(zip(netlist.port_names, netlist.port_net.tolist(), strict=True))
    counted = None if clock not in ports or ports[clock] == NO_NET else 0.5 * float(toggles[ports[clock]])
    counted = None if counted is None or np.isnan(counted) else counted
    if period is not None:
        stated = duration / period
        if counted is not None and abs(counted - stated) > max(_SLACK, _RELATIVE * stated):
            real = f"{duration / counted:g} ps" if counted else "none"
            checks.add("period_mismatch", [f"{where}: {period:g} ps are stated, the toggles of '{clock}' say {real}"])
        return stated
    if clock is None or clock not in ports:
        raise InputError(f"{where}: name the clock port of {netlist.name} or give the clock period of the recording")
    if not counted:
        why = "is not shown" if counted is None else "does not toggle"
        raise InputError(f"{where}: clock '{clock}' {why} in the recording; give another window or the period")
    return counted


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


@callee()
def _cost(old: int, new: int) -> int:
    """Half toggles of a change; none from a net's first value."""
    if old == _UNSET:
        return 0
    if old >= UNKNOWN or new >= UNKNOWN:
        return int(old != new)
    return _HALVES * int(old != new)


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _replay(
    time: NDArray[np.int64],
    net: NDArray[np.int32],
    bit: NDArray[np.int8],
    value: NDArray[np.uint8],
    before: NDArray[np.uint8],
    stamp: NDArray[np.int64],
    counts: NDArray[np.int64],
    pattern: NDArray[np.int64],
    since: NDArray[np.int64],
    dwell: NDArray[np.int64],
    fan_ptr: NDArray[np.int64],
    fan_cell: NDArray[np.int32],
    fan_bit: NDArray[np.int64],
    slots: NDArray[np.int64],
) -> None:
    """Play changes; ``counts`` holds half toggles and time at 1, ``before`` the value ahead of a net's last time stamp."""
    for i in range(len(time)):
        n, now = net[i], time[i]
        if n < 0:
            continue
        silent = bit[i] >= SILENT
        new = bit[i] - SILENT if silent else bit[i]
        old = value[n]
        if silent:
            stamp[n] = -1
        if old == new or (old == _UNSET and new >= UNKNOWN):
            continue
        value[n] = new
        if not silent:
            if stamp[n] == now:
                counts[n, 0] += _cost(before[n], new) - _cost(before[n], old)
            else:
                before[n], stamp[n] = old, now
                counts[n, 0] += _cost(old, new)
        if (old == 1) == (new == 1):
            continue
        counts[n, 1] += now if old == 1 else -now
        for f in range(fan_ptr[n], fan_ptr[n + 1]):
            cell = fan_cell[f]
            dwell[slots[cell] + pattern[cell]] += now - since[cell]
            since[cell] = now
            pattern[cell] ^= fan_bit[f]


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
        header = read_vcd_header(lines, path, NetNames(netlist), netlist.name, scope, Checks())
        value = np.zeros(netlist.n_nets, dtype=np.int8)
        result: list[int] = []
        state = 0
        for time, net, bit in read_changes(lines, path, header, 0.0):
            for t, n, b in zip((time * header.scale_ps).tolist(), net.tolist(), (bit % SILENT).tolist(), strict=True):
                while len(result) < len(times_ps) and t > times_ps[len(result)]:
                    result.append(state)
                if n >= 0 and (value[n] == 1) != (b == 1):
                    state ^= int(keys[n])
                if n >= 0:
                    value[n] = b
        return result + [state] * (len(times_ps) - len(result))
