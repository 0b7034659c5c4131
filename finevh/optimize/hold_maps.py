"""Voltage maps that are hard on hold: the clock of one register late, everything else early.

Between two supplies a register misses hold when its own clock comes through cells at VddL while the data, and the clock that
launches them, come through cells at VddH. Tiles tie cells together, so the hardest maps are few: the tiles of the last cells of
one clock path low, all others high; how many last cells depends on where the path of the launching register leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int
from finevh.timing import TimingGraph, TimingState


def clock_path(netlist: Netlist, clock_cell: NDArray[np.bool_], cell: int) -> list[int]:
    """Cells between a register and its clock's source, the nearest first; all inputs that a clock reaches are followed.

    Parameters
    ----------
    clock_cell : (n_cell) cells that drive clock nets.
    """
    is_clock = netlist.cells.pin_is_clock
    found: list[int] = []
    seen = {cell}
    waiting = [cell]
    while waiting:
        at = waiting.pop(0)
        for pin in range(int(netlist.pin_ptr[at]), int(netlist.pin_ptr[at + 1])):
            kind, net = int(netlist.pin_type[pin]), int(netlist.pin_net[pin])
            if net == NO_NET or netlist.cells.pin_direction[kind] != Direction.INPUT:
                continue
            driver = int(netlist.net_driver[net])
            # A register's data may come from a clock cell too; its clock pin alone counts.
            if driver < 0 or not clock_cell[driver] or (at == cell and not is_clock[kind]) or driver in seen:
                continue
            seen.add(driver)
            found.append(driver)
            waiting.append(driver)
    return found


def hard_maps(
    netlist: Netlist, clock_cell: NDArray[np.bool_], always_high: NDArray[np.bool_], tile: Int, pins: Int
) -> list[tuple[int, ...]]:
    """Sets of tiles at VddL that are hardest on hold at some endpoints; distinct, sorted.

    Parameters
    ----------
    clock_cell, always_high : (n_cell) cells that drive clock nets; cells that are at VddH in every map.
    tile : (n_cell) -1 outside all tiles, which is VddH.
    pins : data pins of registers.

    Returns
    -------
    list of tuple
        For each endpoint: the tiles of its clock path's last cells, one more cell at a time, without and with its own tile.
    """
    found: set[tuple[int, ...]] = set()
    paths: dict[int, list[int]] = {}
    for cell in np.unique(netlist.pin_cell[pins]).tolist():
        path = paths.setdefault(cell, clock_path(netlist, clock_cell, cell))
        for own in ((), (int(tile[cell]),)):
            low = {t for t in own if t >= 0}
            found.add(tuple(sorted(low)))
            for one in path:
                if tile[one] >= 0 and not always_high[one]:
                    low.add(int(tile[one]))
                    found.add(tuple(sorted(low)))
    return sorted(found - {()})


class HardestMaps:
    """Hold of a design under the hardest maps of one pair of supplies.

    Attributes
    ----------
    maps : sets of tiles at VddL.
    slack : (n_row) ps, of each hold row the worst over the maps; where no map can violate it, its bound over all maps.
    worst_map : (n_row) the map of that, -1 where it is the bound.
    """

    def __init__(
        self,
        graph: TimingGraph,
        tile: Int,
        low: int,
        high: int,
        period: float,
        states: tuple[TimingState, TimingState],
    ) -> None:
        """Evaluate the maps of every endpoint whose bound is below zero.

        Parameters
        ----------
        graph : with its ports at ``high``.
        low, high : rows of the technology's supplies.
        period : ps.
        states : all cells at ``low``, and at ``high``; not changed.
        """
        self._graph, self._tile, self._low, self._high = graph, tile, low, high
        self._state: TimingState | None = None
        self._vdd: Int = np.empty(0, dtype=np.int32)
        self.slack = graph.hold_slacks_between(states[1], states[0], period)
        self.worst_map = np.full(len(self.slack), -1, dtype=np.int32)
        sinks = graph.structure.sink_pin[graph.hold.rows.sink]
        suspect = np.isfinite(self.slack) & (self.slack < 0.0) & (sinks >= 0)
        clock_cell, always = (np.zeros(graph.netlist.n_cells, dtype=bool) for _ in range(2))
        clock_cell[graph.clock_cells], always[graph.high_cells] = True, True
        pins = np.unique(sinks[suspect]).astype(np.int32)
        self.maps = hard_maps(graph.netlist, clock_cell, always, tile, pins)
        self.slack[suspect] = np.inf
        for number in range(len(self.maps)):
            found = self.state(number).hold_slacks(period)
            worse = suspect & (found < self.slack)
            self.slack[worse], self.worst_map[worse] = found[worse], number

    def is_low(self, number: int) -> NDArray[np.bool_]:
        """(n_cell) whether a cell's tile is at VddL in a map."""
        return np.isin(self._tile, self.maps[number])

    def state(self, number: int) -> TimingState:
        """A map timed; valid until the next is asked for."""
        vdd: Int = np.where(self.is_low(number), self._low, self._high).astype(np.int32)
        if self._state is None:
            self._state = self._graph.evaluate(vdd)
        else:
            changed = np.flatnonzero(vdd != self._vdd).astype(np.int32)
            self._state = self._graph.update(self._state, changed, vdd, inplace=True)
        self._vdd = vdd
        return self._state


def violated_endpoints(graph: TimingGraph, slack: Sequence[float] | NDArray[np.float64]) -> int:
    """Endpoints of hold rows (n_row) whose slack, ps, is below zero."""
    values = np.asarray(slack)
    return len(np.unique(graph.hold.rows.sink[np.isfinite(values) & (values < 0.0)]))
