"""Hold repair: buffers in front of registers that new data reach too early, as many as the worst condition asks for.

A condition is a process corner with everything at one supply, or with tiles at two: then the hardest maps of each endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from finevh.constraints import Constraints
from finevh.errors import InputError
from finevh.layout import Floorplan, Placement, estimate_wires, pin_positions
from finevh.layout.legalize import replace_incremental
from finevh.netlist.edit import BufferPlan, insert_buffers
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.optimize.hold_maps import HardestMaps, violated_endpoints
from finevh.technology.model import ArcType, Int, Real, Technology
from finevh.technology.tables.reference import lookup
from finevh.timing import TimingGraph, TimingState
from finevh.timing.state import Path

Report = Callable[[str], None]
PREFIX = "hold"
"""Buffers of hold repair are ``hold_0``, ``hold_1``, ..."""
_MOST_IN_A_ROW = 12
"""Buffers in front of one pin at most; more means that a clock is wrong, not a path."""
_ROUNDS = 4
_SETUP_TOLERANCE = 0.005
"""Share of the period that a round's new loads and moved cells may cost at any supply; a round that costs more is left out."""
# What a wire of a few um beside the pin it leads to weighs, in units of a buffer's input.
_WIRE_OF_INPUT = 0.5
_OTHER_MAPS = 5.0
"""ps of slack under the hardest maps: of all maps none takes more than half of it beyond them (brute force over 512 of them)."""


@dataclass(frozen=True)
class Corner:
    """A process corner at which hold must be met, at each of its supplies: all cells and ports at that supply.

    ``technology`` has the cells of the netlist in the same order; ``vdds`` are rows of its supplies, ``pairs`` those (VddL,
    VddH) between which tiles hop: hold is met there under the maps that are hardest on it. Setup is guarded at corners that are
    ``slow``.
    """

    name: str
    technology: Technology
    vdds: tuple[int, ...]
    slow: bool
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class HoldCheck:
    """Hold at one corner and supply, or pair of supplies: worst slack ps, endpoints (rows of sinks) below zero."""

    corner: str
    vdd: float
    worst: float
    violated: int
    vdd_low: float | None = None
    """VddL where tiles are at two supplies, ``vdd`` is VddH; ``maps`` is how many were tried."""
    maps: int = 1

    @property
    def where(self) -> str:
        """Corner and supplies, for people."""
        supplies = f"{self.vdd:g} V" if self.vdd_low is None else f"{self.vdd_low:g}/{self.vdd:g} V"
        return f"{self.corner} corner, {supplies}"


@dataclass(frozen=True)
class HoldRepair:
    """A design after repair, what it took, and what is left; areas um2."""

    netlist: Netlist
    placement: Placement
    wires: Wires
    buffers: int
    area: float
    before: tuple[HoldCheck, ...]
    after: tuple[HoldCheck, ...]


def same_cells(one: Technology, other: Technology) -> None:
    """Refuse a corner whose library is not that of the design.

    Raises
    ------
    InputError
        If cells, pins or arcs differ.
    """
    a, b = one.cells, other.cells
    columns = ("names", "pin_name", "pin_direction", "arc_from", "arc_to", "arc_type", "arc_sense")
    for column in columns:
        x, y = getattr(a, column), getattr(b, column)
        if len(x) != len(y) or not all(np.asarray(x) == np.asarray(y)):
            raise InputError(
                f"technology '{other.name}' has other cells than '{one.name}' ({column}): characterise the same cells"
            )


@dataclass(frozen=True)
class Timing:
    """How repair times a design: constraints, whether a cell's delay depends on its driver's supply, the clock's supplies."""

    constraints: Constraints
    cross_voltage: bool = False
    clock_supply: str = "tile"

    def graph(self, netlist: Netlist, technology: Technology, wires: Wires) -> TimingGraph:
        """The graph of a netlist with hold checks."""
        return TimingGraph(
            netlist,
            technology,
            self.constraints,
            wires,
            hold=True,
            cross_voltage=self.cross_voltage,
            clock_supply=self.clock_supply,
        )


class _Condition:
    """A corner at one supply, or under the hardest maps of a pair, timed.

    Attributes
    ----------
    slack : (n_row) worst hold slack, ps.
    """

    def __init__(self, corner: Corner, graph: TimingGraph, vdd: int) -> None:
        self.corner, self.vdd = corner, vdd
        self.graph = graph.with_port_vdd(vdd)
        self.state: TimingState = self.graph.evaluate(np.full(graph.netlist.n_cells, vdd, dtype=np.int32))
        # A slow corner keeps the clock it can have; of a fast one setup is not asked.
        self.period = self.state.min_period()
        self.slack: Real = self.state.hold_slacks(self.period)

    @property
    def guards_setup(self) -> bool:
        """Whether repair may not cost this condition its clock."""
        return self.corner.slow

    def supply_at(self, rows: Int) -> Int:
        """(n) rows of the supplies at the endpoints of hold rows, where these are worst."""
        return np.full(len(rows), self.vdd, dtype=np.int32)

    @property
    def missing(self) -> Real:
        """(n_row) ps by which slack misses what is asked; not positive where it does not."""
        return -self.slack

    def path(self, row: int) -> Path:
        """The early path into a hold row."""
        return self.graph.path(self.state, row, early=True)

    def check(self) -> HoldCheck:
        """What the condition finds."""
        worst = float(self.slack[np.isfinite(self.slack)].min(initial=np.inf))
        vdd = float(self.corner.technology.vdds[self.vdd])
        return HoldCheck(self.corner.name, vdd, worst, violated_endpoints(self.graph, self.slack))


class _Pair(_Condition):
    """A corner with tiles at two supplies."""

    def __init__(self, high: _Condition, low: TimingState, low_vdd: int, tile: Int) -> None:
        self.corner, self.vdd, self.low_vdd = high.corner, high.vdd, low_vdd
        self.graph, self.period = high.graph, high.period
        self._tile = tile
        self.maps = HardestMaps(self.graph, tile, low_vdd, self.vdd, self.period, (low, high.state))
        self.slack = self.maps.slack

    @property
    def guards_setup(self) -> bool:
        """Selection chooses maps by setup after repair."""
        return False

    def supply_at(self, rows: Int) -> Int:
        cell = self.graph.netlist.pin_cell[self.graph.structure.sink_pin[self.graph.hold.rows.sink[rows]]]
        number = self.maps.worst_map[rows]
        found = np.full(len(rows), self.vdd, dtype=np.int32)
        for k in np.unique(number[number >= 0]).tolist():
            mine = number == k
            found[mine] = np.where(self.maps.is_low(k)[cell[mine]], self.low_vdd, self.vdd)
        return found

    @property
    def missing(self) -> Real:
        return np.where(self.maps.worst_map >= 0, _OTHER_MAPS, 0.0) - self.slack

    def path(self, row: int) -> Path:
        return self.graph.path(self.maps.state(int(self.maps.worst_map[row])), row, early=True)

    def check(self) -> HoldCheck:
        return replace(
            super().check(), vdd_low=float(self.corner.technology.vdds[self.low_vdd]), maps=len(self.maps.maps)
        )


def buffer_delay(technology: Technology, corner: int, cell: int) -> float:
    """Smaller of the two delays, ps, of a buffer that drives one like itself, slews of its own."""
    t, k = technology.cells, technology.corners
    arc = next(a for a in range(t.arc_ptr[cell], t.arc_ptr[cell + 1]) if t.arc_type[a] == ArcType.COMBINATIONAL)
    pins = slice(t.pin_ptr[cell], t.pin_ptr[cell + 1])
    load = (1.0 + _WIRE_OF_INPUT) * float(k.pin_cap[corner, pins].max())
    delays = []
    for edge in (0, 1):
        slew = 10.0
        for _ in range(8):  # a slew settles within a few buffers
            table = t.arc_table[arc, 2 + edge]
            slew = lookup(k, corner, int(table), slew, load)
        delays.append(lookup(k, corner, int(t.arc_table[arc, edge]), slew, load))
    return min(delays)


def hold_buffer(technology: Technology) -> int | None:
    """The cell that repair puts in: the smallest delay cell or, without one, the smallest buffer; None where there is neither."""
    cells = technology.cells
    for role in ("delay", "buffer"):
        named = [cells.index[name] for name in technology.roles.get(role, ()) if name in cells.index]
        if named:
            return min(named, key=lambda c: (cells.area[c], cells.names[c]))
    return None


def _conditions(
    netlist: Netlist, wires: Wires, timing: Timing, corners: Sequence[Corner], tile: Int, workers: int
) -> list[_Condition]:
    """Every condition of every corner, timed on at most ``workers`` threads: corners side by side, then all their pairs."""

    def at(corner: Corner) -> dict[int, _Condition]:
        graph = timing.graph(netlist, corner.technology, wires)
        return {vdd: _Condition(corner, graph, vdd) for vdd in corner.vdds}

    def between(corner: Corner, single: dict[int, _Condition]) -> list[Future[_Condition]]:
        # Generated clocks start where the last evaluation of their graph left them: one at a time.
        clocks = any(condition.graph.follows_masters for condition in single.values())
        own = one if clocks else pool
        return [own.submit(_Pair, single[high], single[low].state, low, tile) for low, high in corner.pairs]

    with ThreadPoolExecutor(max(1, workers)) as pool, ThreadPoolExecutor(1) as one:
        singles = list(pool.map(at, corners))
        pairs = [between(corner, single) for corner, single in zip(corners, singles, strict=True)]
        found: list[_Condition] = []
        for single, futures in zip(singles, pairs, strict=True):
            found += [*single.values(), *(future.result() for future in futures)]
    return found


def _delays(corners: Sequence[Corner], buffer: int) -> dict[str, Real]:
    """(n_vdd) delay, ps, of a buffer at the supplies of each corner."""
    return {
        corner.name: np.array(
            [
                buffer_delay(corner.technology, int(corner.technology.corner_of[0, vdd]), buffer)
                for vdd in range(len(corner.technology.vdds))
            ]
        )
        for corner in corners
    }


def _wanted(conditions: Sequence[_Condition], delays: dict[str, Real], n_pin: int) -> tuple[Int, Int]:
    """(n_pin) buffers that hold asks for in front of each pin, and buffers that setup leaves room for."""
    wanted, room = np.zeros(n_pin, dtype=np.int32), np.full(n_pin, np.iinfo(np.int32).max, dtype=np.int64)
    for c in conditions:
        pins, delay = c.graph.structure.sink_pin, delays[c.corner.name]
        sinks = c.graph.hold.rows.sink
        missing = c.missing
        bad = np.flatnonzero(np.isfinite(missing) & (missing > 0.0) & (pins[sinks] >= 0)).astype(np.int32)
        count = np.ceil(missing[bad] / delay[c.supply_at(bad)]).astype(np.int32)
        np.maximum.at(wanted, pins[sinks[bad]], count)
        if c.guards_setup:
            rows, slack = c.state.setup.rows.sink, c.state.slacks(c.period)
            good = np.isfinite(slack) & (pins[rows] >= 0)
            # A buffer in a row may be slower than one behind another: a tenth and a slew's worth are kept.
            fits = np.floor(np.maximum(slack[good], 0.0) / (1.5 * delay[c.vdd])).astype(np.int64)
            np.minimum.at(room, pins[rows[good]], fits)
    return np.minimum(wanted, _MOST_IN_A_ROW), np.minimum(room, _MOST_IN_A_ROW).astype(np.int32)


def _upstream(conditions: Sequence[_Condition], delays: dict[str, Real], pins: Int, left: Int) -> list[tuple[int, int]]:
    """Places farther ahead for buffers that do not fit in front of their endpoint: (pin, count).

    The early path into the endpoint is followed back to the first pin all of whose paths have the slack.
    """
    found: dict[int, int] = {}
    slow = [c for c in conditions if c.guards_setup]
    slacks = [c.graph.sink_slacks(c.state, c.period) for c in slow]
    for pin, count in zip(pins.tolist(), left.tolist(), strict=True):
        worst = min(conditions, key=lambda c: _row_slack(c, pin)[1])
        row, _ = _row_slack(worst, pin)
        if row < 0:
            continue
        path = worst.path(row)
        structure = worst.graph.structure
        for step in range(len(path.node) - 1, 0, -1):
            arc = int(path.arc[step])
            if arc < 0 or structure.launches(arc):
                break
            sink = int(structure.arc_sink[arc])
            source = int(structure.sink_pin[sink])
            need = [1.5 * count * delays[c.corner.name][c.vdd] for c in slow]
            if all(s[sink] >= n for s, n in zip(slacks, need, strict=True)):
                found[source] = max(found.get(source, 0), count)
                break
    return sorted(found.items())


def _row_slack(c: _Condition, pin: int) -> tuple[int, float]:
    """The hold row with the least slack that ends at a pin, and its slack; (-1, inf) where none does."""
    rows = np.flatnonzero(c.graph.structure.sink_pin[c.graph.hold.rows.sink] == pin)
    if not len(rows):
        return -1, float("inf")
    slack = c.slack[rows]
    return int(rows[np.argmin(slack)]), float(slack.min())


def repair_hold(
    netlist: Netlist,
    placement: Placement,
    floorplan: Floorplan,
    timing: Timing,
    corners: Sequence[Corner],
    report: Report = lambda line: None,
    workers: int = 1,
) -> HoldRepair:
    """Delay data that reach a register before it has taken the old ones, at every supply and pair of supplies of every corner.

    Buffers go in front of the violated pin; where setup has no room for them there, in front of a gate farther ahead on the
    early path. Setup is left alone: at each supply of a slow corner the clock period stays possible.

    Parameters
    ----------
    corners : the first is the design's own.
    workers : threads at most.
    """
    technology = corners[0].technology
    for corner in corners[1:]:
        same_cells(technology, corner.technology)
    buffer = hold_buffer(technology)
    wires = estimate_wires(netlist, technology, placement)
    conditions = _conditions(netlist, wires, timing, corners, placement.tile, workers)
    delays = {} if buffer is None else _delays(corners, buffer)
    before = after = tuple(c.check() for c in conditions)
    periods = [c.period for c in conditions]
    start = netlist.n_cells
    for _ in range(_ROUNDS):
        if buffer is None:
            break
        pins, count = _places(conditions, delays, len(netlist.pin_net))
        if not len(pins):
            break
        pin_x, pin_y = pin_positions(netlist, technology, placement)
        plan = _chains(netlist, buffer, pins, count)
        edited = insert_buffers(netlist, plan, PREFIX)
        wish = np.repeat(pin_x[pins], count), np.repeat(pin_y[pins], count)
        moved = replace_incremental(edited, technology, floorplan, placement, *wish)
        wires_then = estimate_wires(edited, technology, moved)
        tried = _conditions(edited, wires_then, timing, corners, moved.tile, workers)
        slower = max(
            (c.period / period for c, period in zip(tried, periods, strict=True) if c.guards_setup), default=1.0
        )
        if slower > 1.0 + _SETUP_TOLERANCE:
            report(f"hold: a round of {len(plan.net)} buffers would cost setup {slower - 1.0:.2%}; left out")
            break
        netlist, placement, wires, conditions = edited, moved, wires_then, tried
        after = tuple(c.check() for c in conditions)
    added = netlist.n_cells - start
    area = 0.0 if buffer is None else float(netlist.cells.area[buffer]) * added
    worst = min(after, key=lambda c: c.worst, default=None)
    if worst is not None:
        report(
            f"hold: {max(c.violated for c in before)} endpoints violated before, {max(c.violated for c in after)} after "
            f"{added} buffers; worst {worst.worst:.1f} ps at the {worst.where}"
        )
    return HoldRepair(netlist, placement, wires, added, area, before, after)


def _places(conditions: Sequence[_Condition], delays: dict[str, Real], n_pin: int) -> tuple[Int, Int]:
    """Pins that get buffers in front of them, and how many."""
    wanted, room = _wanted(conditions, delays, n_pin)
    count = np.minimum(wanted, room)
    short = np.flatnonzero(wanted > count).astype(np.int32)
    for pin, number in _upstream(conditions, delays, short, (wanted - count)[short]):
        count[pin] = max(int(count[pin]), number)
    pins = np.flatnonzero(count > 0).astype(np.int32)
    return pins, count[pins].astype(np.int32)


def _chains(netlist: Netlist, buffer: int, pins: Int, count: Int) -> BufferPlan:
    """Rows of buffers, each in front of one pin."""
    first = np.concatenate([[0], np.cumsum(count)])
    total = int(first[-1])
    parent = np.arange(-1, total - 1, dtype=np.int32)
    parent[first[:-1]] = -1
    return BufferPlan(
        cell_type=np.full(total, buffer, dtype=np.int32),
        net=np.repeat(netlist.pin_net[pins], count).astype(np.int32),
        parent=parent,
        moved_pin=pins,
        moved_to=(first[1:] - 1).astype(np.int32),
    )
