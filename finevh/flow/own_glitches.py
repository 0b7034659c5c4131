"""What the glitches of a supply's or a map's own delays add to power, beyond those of the middle supply that activities have.

The activity of a run has the glitches of one set of delays. Here sampled cycles of every program are simulated again with the
delays of a map. In each cycle the energy of its glitches is held against that of the glitches that the middle supply's delays
make in the same cycle: the ratio of the two sums, times the energy of the glitches of all cycles, is the estimate (W. G. Cochran,
Sampling Techniques, 3rd ed., ch. 6: the ratio estimator, here program by program). Every map is simulated in the same cycles, so
that a difference between two of them is hardly one between samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.flow.artifacts.activity import load_sample
from finevh.flow.designs import PlacedDesign, SingleVoltages, port_loads
from finevh.flow.inputs.stimulus import middle_supply, tied_netlist
from finevh.power import Activity, DynamicPower
from finevh.power.dynamic import ToggleEnergy
from finevh.power.glitches import (
    CYCLES,
    CycleCounts,
    CycleSample,
    Replayed,
    Replayer,
    ReplayNetwork,
    delay_arcs,
    delays_of,
)
from finevh.schemes import OperatingPoint, shared_power
from finevh.selection import Energy, Interval, Power, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Int, Real
from finevh.units import VOLTAGE_TOLERANCE, frequency_mhz

MOST_TOGGLES = 2e8
"""Toggles, about a minute of work, that maps of tables that only compare may cost before they are interpolated."""
_NEAREST = 4
_APART = 0.01


@dataclass(frozen=True)
class MapKey:
    """A voltage map of a variant set: supplies, V, and a letter per tile; a single supply has two equal ones and no letters."""

    variant: str
    low: float
    high: float
    assignment: str

    @property
    def single(self) -> bool:
        """Whether all cells are at one supply."""
        return not self.assignment

    @staticmethod
    def at(variant: str, vdd: float) -> MapKey:
        """All cells at one supply, V."""
        return MapKey(variant, round(vdd, 6), round(vdd, 6), "")

    @staticmethod
    def of(variant: str, low: float, high: float, assignment: str) -> MapKey:
        """A map between two supplies, V; all tiles at VddH are the single supply."""
        if "L" not in assignment:
            return MapKey.at(variant, high)
        return MapKey(variant, round(low, 6), round(high, 6), assignment)


@dataclass(frozen=True)
class GlitchShift:
    """Energy that a map's own glitches draw beyond those of the middle supply, fJ per cycle; negative where they draw less.

    Attributes
    ----------
    programs : of each program.
    average : of all programs.
    cells : (n_cell) the average, switching and internal together.
    toggles : by program, (n_net) per cycle beyond those of the middle supply.
    error : standard error of the average.
    cycles : simulated; 0 where the toggles are interpolated.
    """

    programs: Mapping[str, Energy]
    average: Energy
    cells: NDArray[np.float32]
    toggles: Mapping[str, NDArray[np.float32]]
    error: float
    cycles: int


@dataclass(frozen=True)
class Middle:
    """Glitches of the middle supply: (n_sample, n_net) in each cycle of a sample, and their sums (n_net)."""

    cycles: CycleCounts
    total: Real


class _Program:
    """One program: its sampled cycles, and what the middle supply's delays make of them."""

    def __init__(self, activity: Activity, sample: CycleSample, middle: Replayer) -> None:
        assert activity.glitch_rate is not None  # cycles were sampled beside it
        self.rate, self.cycles, self.sample = activity.glitch_rate, activity.cycles, sample
        self._middle, self._lock = middle, Lock()
        self._counts = CycleCounts.of(np.zeros((0, sample.n_nets), dtype=np.int32))

    @cached_property
    def middle(self) -> Middle:
        """Of the cycles that estimates use."""
        counts = self.counts(estimated_cycles(self.sample))
        return Middle(counts, counts.by_net())

    @cached_property
    def _ordered(self) -> tuple[CycleSample, Int]:
        return self.sample.by_toggles(estimated_cycles(self.sample))

    def replayed(self, replayer: Replayer, weight: Real) -> Replayed:
        """The cycles that estimates use with any delays, in the order of the sample."""
        ordered, rows = self._ordered
        own = replayer.run(ordered, 0, len(rows), weight)
        energy = np.empty(len(rows))
        energy[rows] = own.energy
        return replace(own, energy=energy)

    def counts(self, last: int) -> CycleCounts:
        """(last, n_net) toggles beyond the settled ones with the middle supply's delays, of the first cycles of the sample."""
        with self._lock:
            while self._counts.n_cycles < last:
                first = self._counts.n_cycles
                more = self._middle.count(self.sample, first, min(first + CYCLES, len(self.sample.cycle)))
                self._counts = self._counts.followed_by(CycleCounts.of(more))
            return self._counts.first(last)


@dataclass(frozen=True)
class _Estimate:
    """Of one program: toggles (n_net) per cycle beyond the middle supply's, and the standard error of their energy, fJ."""

    toggles: Real
    error: float


def estimate(rate: Real, weight: Real, middle: Middle, own: Replayed, cycles: float) -> _Estimate:
    """Ratio estimator of what own glitches add in an average cycle.

    Parameters
    ----------
    rate : (n_net) glitches of the middle supply in an average cycle of all.
    weight : (n_net) fJ of a toggle.
    middle : glitches of the middle supply in the cycles of the sample; ``own`` those of the map in the same.
    cycles : of which the sample was drawn, without replacement.
    """
    count, energy = len(own.energy), middle.cycles.weighed(weight)
    # Summed, not a dot product, which BLAS would share among cores: the last bit would depend on how many there are.
    average, total = float((rate * weight).sum()), float(energy.sum())
    scale = average / total if total > 0.0 else 1.0 / count
    ratio = float(own.energy.sum()) / total if total > 0.0 else 0.0
    scatter = float(np.std(own.energy - ratio * energy, ddof=1)) if count > 1 else np.inf
    left = max(1.0 - count / cycles, 0.0)
    error = scatter * float(np.sqrt(left / count)) if left > 0.0 else 0.0
    return _Estimate((own.glitches - middle.total) * scale, error)


class OwnGlitches:
    """Finds and keeps what the own glitches of supplies and maps add; what it finds does not depend on what was asked before."""

    def __init__(
        self,
        placed: PlacedDesign,
        activities: Mapping[str, Activity],
        average: Activity,
        samples: Mapping[str, CycleSample],
        bound: Mapping[str, tuple[SingleVoltages, EngineDesign]],
    ) -> None:
        """Wire the netlist.

        Parameters
        ----------
        activities : of each program, with glitches; ``average`` of all of them.
        samples : cycles of each program.
        bound : variant sets, timed at single supplies and weighed with ``average``.
        """
        self.placed, self.average = placed, average
        self._activities, self._samples = activities, samples
        self._bound = bound
        self._known: dict[MapKey, GlitchShift] = {}
        tied = tied_netlist(placed.flow, placed.netlist)
        self._network, self._arcs = ReplayNetwork(tied.netlist, placed.flow.clock.port), delay_arcs(placed.graph)
        middle = middle_supply(placed.flow, placed.technology)
        everywhere = np.full(placed.netlist.n_cells, middle, dtype=np.int32)
        unbiased = np.zeros(placed.netlist.n_cells, dtype=np.int8)
        self._programs = {
            name: _Program(activities[name], sample, self._replayer(everywhere, unbiased, middle))
            for name, sample in samples.items()
        }
        self._all_cycles = sum(program.cycles for program in self._programs.values())
        loads = port_loads(placed.flow, placed.netlist)
        self._power = {
            name: DynamicPower(
                placed.netlist, placed.technology, placed.wires, average, slew=single.slew, port_load=loads
            )
            for name, (single, _) in bound.items()
        }
        schemes = placed.flow.schemes
        self._supplies = sorted({round(v, 6) for delta in schemes.delta_vdd for v in schemes.grid(delta)})

    def _replayer(self, cell_vdd: Int, variant: NDArray[np.int8], port: int) -> Replayer:
        graph = self.placed.graph.with_port_vdd(port)
        return self._network.plan(delays_of(graph, graph.evaluate(cell_vdd, variant), self._arcs))

    def of_other_cycles(self) -> OwnGlitches:
        """The same from the cycles that these estimates do not use, or from all cycles where all were kept."""
        other = {name: sample.reversed() for name, sample in self._samples.items()}
        return OwnGlitches(self.placed, self._activities, self.average, other, self._bound)

    def average_toggles(self, key: MapKey) -> Real:
        """(n_net) toggles per cycle of all programs beyond those of the middle supply."""
        toggles = self.shift(key).toggles
        return np.asarray(
            np.sum([self._share(name) * more.astype(np.float64) for name, more in toggles.items()], axis=0)
        )

    def glitches(self, key: MapKey, program: str) -> NDArray[np.float64]:
        """(n_sample, n_net) toggles in each kept cycle of a program beyond those of the middle supply."""
        one, (cell_vdd, port) = self._programs[program], self.map_of(key)
        count = len(one.sample.cycle)
        own = self._replayer(cell_vdd, self._bound[key.variant][0].variant, port).count(one.sample, 0, count)
        return np.asarray(own - one.counts(count).table())

    def map_of(self, key: MapKey) -> tuple[Int, int]:
        """Rows of the technology's supplies of the cells (n_cell) and of the ports."""
        design = self._bound[key.variant][1]
        port = design.vdd_index(key.high)
        if key.single:
            return np.full(len(design.cell_variant), port, dtype=np.int32), port
        return design.cell_vdd(Interval(key.low, key.high), parse_map(key.assignment)), port

    def _neighbours(self, key: MapKey) -> tuple[MapKey, MapKey] | None:
        """Supplies that are simulated on both sides of one that is not; None for those that are, and for maps."""
        if not key.single or any(abs(v - key.high) < VOLTAGE_TOLERANCE for v in self._supplies):
            return None
        for low, high in itertools.pairwise(self._supplies):
            if low < key.high < high:
                return MapKey.at(key.variant, low), MapKey.at(key.variant, high)
        return None

    def prepare(self, keys: Iterable[MapKey], jobs: int = 1) -> None:
        """Find shifts, several at once; nothing depends on their number."""
        wanted = {near for key in keys for near in (self._neighbours(key) or (key,))} - self._known.keys()
        ordered = sorted(wanted, key=lambda key: (key.variant, key.low, key.high, key.assignment))
        with ThreadPoolExecutor(jobs) as pool:
            self._known.update(zip(ordered, pool.map(self._simulated, ordered), strict=True))

    def left(self, keys: Iterable[MapKey]) -> list[MapKey]:
        """Maps that were not simulated."""
        return [key for key in keys if key not in self._known and self._neighbours(key) is None]

    def affordable(self, keys: Iterable[MapKey]) -> bool:
        """Whether simulating what is left of some maps takes no more work than a design of any size should spend on tables."""
        cycles = sum(estimated_cycles(sample) for sample in self._samples.values())
        return len(self.left(keys)) * cycles * float(self.average.toggle_rate.sum()) <= MOST_TOGGLES

    def of_map(self, low: float, high: float, assignment: str) -> GlitchShift:
        """The same for a map of the only variant set, or the first, between two supplies, V."""
        variant = next(iter(self._bound))
        return self.shift(MapKey.at(variant, low) if low == high else MapKey.of(variant, low, high, assignment))

    def shift(self, key: MapKey) -> GlitchShift:
        """What the own glitches of a map add; between simulated supplies toggles are interpolated over voltage."""
        near = self._neighbours(key)
        self.prepare([key])
        if near is None:
            return self._known[key]
        if key not in self._known:
            low, high = (self._known[one] for one in near)
            share = (key.high - near[0].high) / (near[1].high - near[0].high)
            toggles = {
                name: ((1.0 - share) * low.toggles[name] + share * high.toggles[name]).astype(np.float32)
                for name in self._programs
            }
            self._known[key] = self._interpolated(key, toggles, (1.0 - share) * low.error + share * high.error)
        return self._known[key]

    def interpolated(self, key: MapKey) -> GlitchShift:
        """The shift of a map by those of the nearest maps that were simulated between the same supplies; its own where it was.

        How near two maps are is told by the energy of the glitches of the tiles that differ. All tiles at either supply count as
        maps. Nothing that is found here is kept: the answer depends on what was simulated, not on the order of questions.
        """
        if key in self._known or key.single:
            return self.shift(key)
        ends = MapKey.at(key.variant, key.low), MapKey.at(key.variant, key.high)
        self.prepare(ends)
        count = len(key.assignment)
        bits = {ends[0]: np.zeros(count, dtype=bool), ends[1]: np.ones(count, dtype=bool)}
        for other in self._known:
            if not other.single and (other.variant, other.low, other.high) == (key.variant, key.low, key.high):
                bits[other] = parse_map(other.assignment)
        mine = parse_map(key.assignment)
        distance = {other: float(self._tile_glitches[high != mine].sum()) for other, high in bits.items()}
        near = sorted(distance, key=lambda other: (distance[other], other.assignment, other.high))[:_NEAREST]
        weight = np.array([1.0 / (distance[other] + _APART) ** 2 for other in near])
        weight /= weight.sum()

        def mixed(name: str) -> NDArray[np.float32]:
            parts = [w * self._known[other].toggles[name] for w, other in zip(weight, near, strict=True)]
            return np.asarray(np.sum(parts, axis=0), dtype=np.float32)

        toggles = {name: mixed(name) for name in self._programs}
        return self._interpolated(key, toggles, float("nan"))

    @cached_property
    def _tile_glitches(self) -> Real:
        """(n_tile) share of the energy of the middle supply's glitches that each tile draws."""
        name, (single, _) = next(iter(self._bound.items()))
        top = len(self.placed.technology.vdds) - 1
        everywhere = np.full(self.placed.netlist.n_cells, top, dtype=np.int32)
        energy = self._power[name].toggle_energy(everywhere, single.variant, port_vdd=top)
        rate = sum(
            (self._share(one) * program.rate for one, program in self._programs.items()),
            np.zeros(len(energy.switching)),
        )
        tile = self.placed.placement.tile
        inside = tile >= 0
        switching, internal = energy.of_cells(rate)
        drawn = np.bincount(
            tile[inside], weights=(switching + internal)[inside], minlength=self.placed.floorplan.n_tiles
        )
        return np.asarray(drawn / max(float(drawn.sum()), 1e-30))

    def _simulated(self, key: MapKey) -> GlitchShift:
        cell_vdd, port = self.map_of(key)
        single, _ = self._bound[key.variant]
        replayer = self._replayer(cell_vdd, single.variant, port)
        energy = self._power[key.variant].toggle_energy(cell_vdd, single.variant, port_vdd=port)
        weight, variance, cycles = energy.of_nets, 0.0, 0
        toggles: dict[str, NDArray[np.float32]] = {}
        for name, program in self._programs.items():
            own = program.replayed(replayer, weight)
            found = estimate(program.rate, weight, program.middle, own, program.cycles)
            toggles[name] = found.toggles.astype(np.float32)
            variance += (self._share(name) * found.error) ** 2
            cycles += len(own.energy)
        return self._weighed(energy, toggles, float(np.sqrt(variance)), cycles)

    def _share(self, name: str) -> float:
        return float(self._programs[name].cycles / self._all_cycles)

    def _interpolated(self, key: MapKey, toggles: Mapping[str, NDArray[np.float32]], error: float) -> GlitchShift:
        cell_vdd, port = self.map_of(key)
        energy = self._power[key.variant].toggle_energy(cell_vdd, self._bound[key.variant][0].variant, port_vdd=port)
        return self._weighed(energy, toggles, error, 0)

    def _weighed(
        self, energy: ToggleEnergy, toggles: Mapping[str, NDArray[np.float32]], error: float, cycles: int
    ) -> GlitchShift:
        programs: dict[str, Energy] = {}
        cells = np.zeros(energy.n_cells)
        for name, more in toggles.items():
            switching, internal = energy.of_cells(more.astype(np.float64))
            programs[name] = Energy(float(switching.sum()), float(internal.sum()), 0.0, 0.0)
            cells += self._share(name) * (switching + internal)
        average = Energy(
            sum(self._share(name) * one.switching for name, one in programs.items()),
            sum(self._share(name) * one.internal for name, one in programs.items()),
            0.0,
            0.0,
        )
        return GlitchShift(programs, average, cells.astype(np.float32), toggles, error, cycles)


def estimated_cycles(sample: CycleSample) -> int:
    """Of a sample, the first cycles, which estimates use: half, so that the others can check, or all where all were kept."""
    count = len(sample.cycle)
    return count if count == sample.cycles else count // 2


def load_samples(directory: Path, programs: Iterable[str]) -> dict[str, CycleSample]:
    """Sampled cycles of the programs of a run.

    Raises
    ------
    InputError
        If one is missing: an earlier version ran the activity stage.
    """
    return {program: load_sample(directory, program) for program in programs}


def own_glitches_of(
    placed: PlacedDesign,
    activities: Mapping[str, Activity],
    average: Activity,
    bound: Mapping[str, tuple[SingleVoltages, EngineDesign]],
    directory: Path,
) -> OwnGlitches | None:
    """Own glitches of the maps of a run; None where its activities have none. ``directory`` is that of the activity stage."""
    if average.glitch_rate is None:
        return None
    return OwnGlitches(placed, activities, average, load_samples(directory, activities), bound)


def keys_of(point: OperatingPoint) -> tuple[MapKey, ...]:
    """Maps of a point: one, or the two supplies that share its time."""
    if point.vdd_v is not None:
        return (MapKey.at(point.variant, point.vdd_v),)
    if point.vdd_l_v is None or point.vdd_h_v is None:
        return ()
    if point.assignment:
        return (MapKey.of(point.variant, point.vdd_l_v, point.vdd_h_v, point.assignment),)
    return MapKey.at(point.variant, point.vdd_l_v), MapKey.at(point.variant, point.vdd_h_v)


def added_power(point: OperatingPoint, design: EngineDesign, of: Callable[[MapKey], Energy]) -> Power:
    """Power of a point, mW, that energies of its maps make; dithering shares the time of its two supplies."""
    keys = keys_of(point)
    if len(keys) == 1:
        return of(keys[0]).at(point.freq_mhz)
    low, high = ((frequency_mhz(design.single_period[design.vdd_index(key.high)]), of(key)) for key in keys)
    return shared_power(*low, *high, point.freq_mhz)


def prepare_points(
    own: OwnGlitches, points: Sequence[OperatingPoint], compared: Sequence[OperatingPoint] = (), jobs: int = 1
) -> None:
    """Simulate the maps of points, and those of a table that only compares where that is not too much work."""
    own.prepare(dict.fromkeys(key for point in points for key in keys_of(point)), jobs)
    others = dict.fromkeys(key for point in compared for key in keys_of(point))
    if own.affordable(others):
        own.prepare(others, jobs)


def with_own_glitches(
    own: OwnGlitches | None,
    designs: Mapping[str, EngineDesign],
    points: Sequence[OperatingPoint],
    jobs: int = 1,
    compared: Checks | None = None,
) -> tuple[OperatingPoint, ...]:
    """Points with the power of the glitches of their own delays; as they are where none are known.

    Bounds that were proved with the glitches of the middle supply keep their distance, in per cent.

    Parameters
    ----------
    compared
        For tables that compare maps with each other: where simulating theirs too is too much work, they are interpolated between
        those that were simulated, and counted here.
    """
    if own is None:
        return tuple(points)
    keys = dict.fromkeys(key for point in points for key in keys_of(point))
    if compared is None or own.affordable(keys):
        own.prepare(keys, jobs)
        energy = {key: own.shift(key).average for key in keys}
    else:
        between = own.left(keys)
        energy = {key: own.interpolated(key).average for key in keys}
        texts = [f"{key.variant} {key.low:g}/{key.high:g} V {key.assignment}" for key in between]
        compared.add("glitches_of_near_maps", texts)

    def moved(point: OperatingPoint) -> OperatingPoint:
        if not keys_of(point):
            return point
        added = added_power(point, designs[point.variant], energy.__getitem__)
        total = point.power_total_mw + added.total
        glitch = None if point.power_glitch_mw is None else point.power_glitch_mw + added.total
        return replace(
            point,
            power_total_mw=total,
            power_switching_mw=point.power_switching_mw + added.switching,
            power_internal_mw=point.power_internal_mw + added.internal,
            power_glitch_mw=glitch,
            energy_per_cycle_pj=total / point.freq_mhz * 1e3,  # mW / MHz = nJ
            bound_mw=None if point.bound_mw is None else point.bound_mw * total / point.power_total_mw,
            weighed_power_mw=point.power_total_mw,
        )

    return tuple(moved(point) for point in points)
