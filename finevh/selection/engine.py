"""A placed netlist as tiles: binds the timing and power engines to what the selectors ask for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from finevh.layout.supply.vdd_mux import VddMuxes
from finevh.netlist.model import NO_NET
from finevh.power import LeakageModel, LeakageResult, PreparedPower
from finevh.power.tiles.tile_terms import collect, dynamic_terms, leakage_terms
from finevh.selection.energy import Energy
from finevh.selection.tiles import MappedTiming, NoPathBounds, PathBounds, TilePower
from finevh.selection.voltage_map import Bits, Interval
from finevh.technology.model import Int, Technology
from finevh.timing import TimingGraph, TimingState, Trials
from finevh.timing.bounds import BoundPath, DelayBounds
from finevh.units import SLACK_TOLERANCE, VOLTAGE_TOLERANCE

_NO_TILE = -1
# Energy per cycle is power at a frequency over that frequency: 1 mW at 1 MHz is 1e6 fJ.
_FJ_PER_MW_AT_1_MHZ = 1e6


@dataclass(frozen=True)
class TiledTiming:
    """The timing half of a :class:`finevh.selection.TiledDesign`: all that Algorithm 5 asks for.

    Cells outside all tiles (tile -1) and those of ``always_high`` are at VddH, as are the input ports.
    """

    technology: Technology
    graph: TimingGraph
    cell_variant: NDArray[np.int8]
    tile_of_cell: Int
    n_tiles: int
    always_high: NDArray[np.bool_]
    """(n_cell) for example the clock tree, where the flow says so."""

    @cached_property
    def tile_area(self) -> NDArray[np.float64]:
        """(n_tiles) cell area, um2."""
        netlist = self.graph.netlist
        inside = self.tile_of_cell != _NO_TILE
        area = netlist.cells.area[netlist.cell_type[inside]]
        return np.bincount(self.tile_of_cell[inside], weights=area, minlength=self.n_tiles).astype(np.float64)

    @cached_property
    def single_trajectory(self) -> bool:
        """True where every constrained path has the same number of clock periods."""
        coefficient = self.graph.setup.coefficient
        return bool(len(coefficient) == 0 or (coefficient == coefficient[0]).all())

    @cached_property
    def movable(self) -> Int:
        """(n_cell) tile whose voltage a cell follows, -1 for those that are always at VddH."""
        return np.where(self.always_high, _NO_TILE, self.tile_of_cell).astype(np.int32)

    @cached_property
    def _cells_of_tile(self) -> list[NDArray[np.intp]]:
        order = np.argsort(self.movable, kind="stable")
        bounds = np.searchsorted(self.movable[order], np.arange(self.n_tiles + 1))
        return [order[a:b] for a, b in itertools.pairwise(bounds)]

    @cached_property
    def _graphs(self) -> dict[int, TimingGraph]:
        return {}

    def _graph(self, port_vdd: int) -> TimingGraph:
        """The timing graph whose ports swing to a voltage."""
        if port_vdd == self.graph.port_vdd:
            return self.graph
        if port_vdd not in self._graphs:
            self._graphs[port_vdd] = self.graph.with_port_vdd(port_vdd)
        return self._graphs[port_vdd]

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        """See :class:`finevh.selection.TiledDesign`."""
        return None

    def vdd_index(self, vdd: float) -> int:
        """Row of ``technology.vdds``.

        Raises
        ------
        InputError
            If the technology has no such voltage.
        """
        return self.technology.vdd_index(vdd)

    def tile_vdd(self, interval: Interval) -> Int:
        """(2, n_tiles) row of ``technology.vdds`` of each tile, at VddL and at VddH."""
        ends = np.array([self.vdd_index(interval.low), self.vdd_index(interval.high)], dtype=np.int32)
        return np.repeat(ends[:, None], self.n_tiles, axis=1)

    def cell_vdd(self, interval: Interval, high: Bits) -> Int:
        """(n_cell) row of ``technology.vdds`` of each cell under a tile map."""
        rows = self.tile_vdd(interval)
        row = np.append(np.where(high, rows[1], rows[0]), self.vdd_index(interval.high))
        return row[self.movable].astype(np.int32)  # tile -1 is the last

    def evaluate(self, interval: Interval, high: Bits) -> MappedTiming:
        """See :class:`finevh.selection.TiledDesign`."""
        graph = self._graph(self.vdd_index(interval.high))
        state = graph.evaluate(self.cell_vdd(interval, high), self.cell_variant)
        return MappedTiming(high.copy(), interval, state.min_period(), state)

    def flip(self, timing: MappedTiming, tiles: Sequence[int], consume: bool = False) -> MappedTiming:
        """See :class:`finevh.selection.TiledDesign`."""
        high = timing.high.copy()
        high[list(tiles)] ^= True
        graph = self._graph(self.vdd_index(timing.interval.high))
        changed = np.concatenate([self._cells_of_tile[tile] for tile in tiles])
        cell_vdd, row = _state(timing).cell_vdd.copy(), self.tile_vdd(timing.interval)
        for tile in tiles:
            cell_vdd[self._cells_of_tile[tile]] = row[int(high[tile]), tile]
        state = graph.update(_state(timing), changed, cell_vdd, self.cell_variant, inplace=consume)
        return MappedTiming(high, timing.interval, state.min_period(), state)

    def trials(self, timing: MappedTiming, period: float) -> EngineTrials:
        """See :class:`finevh.selection.TiledDesign`."""
        graph = self._graph(self.vdd_index(timing.interval.high))
        return EngineTrials(self, timing, Trials(graph, _state(timing), period, -SLACK_TOLERANCE))

    def worst_slack(self, timing: MappedTiming, period: float) -> float:
        """Worst setup slack, ps."""
        return _state(timing).worst_slack(period)

    def path_cells(self, timing: MappedTiming, period: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Cells of the path of the worst slack, from start to end, and their delays, ps."""
        path = self._graph(self.vdd_index(timing.interval.high)).critical_path(_state(timing), period)
        inside = path.cell >= 0  # a path may start at a port
        return path.cell[inside].astype(np.intp), np.asarray(path.delay[inside], dtype=np.float64)

    def cell_slacks(self, timing: MappedTiming, period: float) -> NDArray[np.float64]:
        """(n_cell) worst setup slack, ps, of the paths through each cell; inf where none is constrained."""
        return self._graph(self.vdd_index(timing.interval.high)).cell_slacks(_state(timing), period)

    def critical_path(self, timing: MappedTiming, period: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """See :class:`finevh.selection.TiledDesign`."""
        cells, delays = self.path_cells(timing, period)
        return self.movable[cells].astype(np.intp), delays

    def path_neighbours(self, timing: MappedTiming, period: float) -> NDArray[np.float64]:
        """See :class:`finevh.selection.TiledDesign`."""
        cells, _ = self.path_cells(timing, period)
        on_path = np.zeros(self.graph.netlist.n_cells, dtype=bool)
        on_path[cells] = True
        netlist = self.graph.netlist
        known = netlist.pin_net != NO_NET
        touched = np.zeros(netlist.n_nets, dtype=bool)
        touched[netlist.pin_net[known & on_path[netlist.pin_cell]]] = True
        beside = known & ~on_path[netlist.pin_cell] & touched[np.maximum(netlist.pin_net, 0)]
        tiles = self.movable[netlist.pin_cell[beside]]
        return np.bincount(tiles[tiles != _NO_TILE], minlength=self.n_tiles).astype(np.float64)

    def critical_cells(self, timing: MappedTiming, period: float) -> NDArray[np.intp]:
        """See :class:`finevh.selection.TiledDesign`."""
        slack = self.cell_slacks(timing, period)
        late = (slack < 0) & (self.tile_of_cell != _NO_TILE) & ~self.always_high
        return np.bincount(self.tile_of_cell[late], minlength=self.n_tiles).astype(np.intp)


class EngineTrials:
    """A :class:`finevh.selection.TileTrials` on the project's own engine."""

    def __init__(self, design: TiledTiming, timing: MappedTiming, trials: Trials) -> None:
        self._design, self._interval, self._trials = design, timing.interval, trials
        self._high = timing.high

    def flip(self, tile: int) -> MappedTiming | None:
        """See :class:`finevh.selection.TileTrials`."""
        high = self._high.copy()
        high[tile] ^= True
        state = self._trials.attempt(self._design.cell_vdd(self._interval, high))
        if state is None:
            return None
        self._high = high
        return MappedTiming(high, self._interval, state.min_period(), state)


@dataclass(frozen=True)
class EngineBounds:
    """A :class:`finevh.selection.PathBounds` on the project's own engine."""

    bounds: DelayBounds

    def min_period(self, high: Bits) -> float:
        """See :class:`finevh.selection.PathBounds`."""
        return self.bounds.min_period(high)

    def paths(self, high: Bits, period: float, count: int) -> list[BoundPath]:
        """See :class:`finevh.selection.PathBounds`."""
        return self.bounds.paths(high, period, count)

    def paths_of(self, timing: MappedTiming, period: float, count: int) -> list[BoundPath]:
        """See :class:`finevh.selection.PathBounds`."""
        return self.bounds.paths_of(_state(timing), timing.high, period, count)

    def late_paths(self, timing: MappedTiming, period: float, count: int) -> list[tuple[BoundPath, float]]:
        """See :class:`finevh.selection.PathBounds`."""
        return self.bounds.late_paths(_state(timing), timing.high, period, count)


@dataclass(frozen=True)
class EngineDesign(TiledTiming):
    """A :class:`finevh.selection.TiledDesign` on the project's own engines."""

    power: PreparedPower
    leakage: LeakageModel
    single_period: Mapping[int, float]
    """Minimum period, ps, with all cells at each supply of the technology."""
    vdd_muxes: VddMuxes | None = None
    """Those of the tiles, where their leakage is known."""

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        """See :class:`finevh.selection.TiledDesign`."""
        if self.vdd_muxes is None or interval.high - interval.low < VOLTAGE_TOLERANCE:
            return None
        return float(self.vdd_muxes.of_map(interval.low, interval.high, high).sum())

    def energy(self, timing: MappedTiming) -> Energy:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.weigh(timing.interval, timing.high)

    def weigh(self, interval: Interval, high: Bits) -> Energy:
        """Weigh a map without timing it."""
        cells = self._energy(self.cell_vdd(interval, high), self.vdd_index(interval.high))
        return cells.plus(Energy(0.0, 0.0, self.vdd_mux_leakage(interval, high) or 0.0, 0.0))

    def cell_power(self, interval: Interval, high: Bits, freq_mhz: float) -> tuple[NDArray[np.float64], LeakageResult]:
        """(n_cell) switching and internal power, mW, at a clock frequency, and the leakage of every cell."""
        cell_vdd, port = self.cell_vdd(interval, high), self.vdd_index(interval.high)
        dynamic = self.power.of_cells(cell_vdd, freq_mhz, port_vdd=port)
        return dynamic.switching + dynamic.internal, self.leakage.evaluate(cell_vdd, self.cell_variant, port)

    def _energy(self, cell_vdd: Int, port_vdd: int) -> Energy:
        switching, internal = self.power.evaluate(cell_vdd, 1.0, port_vdd=port_vdd)
        leakage = self.leakage.evaluate(cell_vdd, self.cell_variant, port_vdd)
        return Energy(
            switching * _FJ_PER_MW_AT_1_MHZ, internal * _FJ_PER_MW_AT_1_MHZ, leakage.total, leakage.total_interface
        )

    def tile_power(self, interval: Interval) -> TilePower:
        """See :class:`finevh.selection.TiledDesign`."""
        low, high = self.vdd_index(interval.low), self.vdd_index(interval.high)
        switching, internal = dynamic_terms(self.power, low, high, self.movable, self.n_tiles)
        leakage, _ = leakage_terms(self.leakage, low, high, self.cell_variant, self.movable, self.n_tiles)
        if self.vdd_muxes is not None and low != high:
            tiles = np.arange(self.n_tiles, dtype=np.int32)[:, None]
            drawn = np.ascontiguousarray(self.vdd_muxes.leakage(interval.low, interval.high).T)
            leakage += collect(self.n_tiles, [(tiles, drawn)])
        return TilePower(switching + internal, leakage)

    def path_bounds(self, interval: Interval) -> PathBounds:
        """See :class:`finevh.selection.TiledDesign`; nothing is known where the timing graph has other wires or clocks."""
        if not DelayBounds.fits(self.graph):
            return NoPathBounds()
        low, high = self.vdd_index(interval.low), self.vdd_index(interval.high)
        return EngineBounds(DelayBounds(self._graph(high), self.cell_variant, low, high, self.movable))

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        """See :class:`finevh.selection.TiledDesign`."""
        index = self.vdd_index(vdd)
        cell_vdd = np.full(self.graph.netlist.n_cells, index, dtype=np.int32)
        return self.single_period[index], self._energy(cell_vdd, index)


def _state(timing: MappedTiming) -> TimingState:
    assert isinstance(timing.handle, TimingState)
    return timing.handle
