"""Selectors that weigh real power: every map of a small mesh, or a search from several starts that never loses to Algorithm 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError, NotReachableError
from finevh.selection.energy import Energy
from finevh.selection.greedy import trace
from finevh.selection.tiles import MappedTiming, TiledDesign
from finevh.selection.voltage_map import Bits, Interval
from finevh.units import SLACK_TOLERANCE, frequency_mhz

EXHAUSTIVE_TILES = 12
"""2**12 maps take some ten seconds on a core of 36 k cells."""


@dataclass(frozen=True)
class Choice:
    """An answer of a selector: the map, its minimum period, ps, what it costs."""

    high: Bits
    min_period: float
    slack: float
    """Worst slack at the period asked for, ps."""
    energy: Energy
    note: str = ""
    """How the selector came to it, where that is not its plain way."""
    bound: float | None = None
    """Power, mW, that no map of the interval undercuts; None where nothing was proved."""
    seconds: float | None = None
    """What the search for it took."""


@dataclass(frozen=True)
class _Known:
    high: Bits
    min_period: float
    slack: NDArray[np.float64]
    """(n_period) ps."""
    energy: Energy | None
    """None where no period is met: such a map is never weighed."""


class Archive:
    """All maps of one interval that were timed, so that no frequency pays twice; engine states are not kept."""

    def __init__(self, design: TiledDesign, interval: Interval, periods: Sequence[float]) -> None:
        self.design, self.interval, self.periods = design, interval, tuple(periods)
        self._known: dict[bytes, _Known] = {}

    def add(self, timing: MappedTiming) -> _Known:
        """Remember a map; weigh it if it meets any period."""
        key = timing.high.tobytes()
        if key not in self._known:
            slack = np.array([self.design.worst_slack(timing, period) for period in self.periods])
            energy = self.design.energy(timing) if (slack >= -SLACK_TOLERANCE).any() else None
            self._known[key] = _Known(timing.high, timing.min_period, slack, energy)
        return self._known[key]

    def trial(self, start: MappedTiming, tile: int) -> _Known:
        """Return the map that differs from ``start`` in one tile, timed at most once."""
        high = start.high.copy()
        high[tile] ^= True
        return self._known.get(high.tobytes()) or self.add(self.design.flip(start, [tile]))

    def power(self, known: _Known, index: int) -> float:
        """Power at the period of a number, mW; infinite where the period is not met."""
        if known.energy is None or known.slack[index] < -SLACK_TOLERANCE:
            return float("inf")
        return known.energy.power(frequency_mhz(self.periods[index]))

    def best(self, index: int) -> _Known | None:
        """Cheapest known map that meets a period; ties go to fewer high tiles, then to the lower tiles."""
        known = list(self._known.values())
        powers = [self.power(one, index) for one in known]
        least = min(powers, default=float("inf"))
        if least == float("inf"):
            return None
        alike = [one for one, power in zip(known, powers, strict=True) if power == least]
        return min(alike, key=lambda one: (int(one.high.sum()), (~one.high).tobytes()))

    def able(self, index: int) -> list[tuple[Bits, float]]:
        """Known maps that meet a period, and their power, mW, cheapest first."""
        powers = [(one.high, self.power(one, index)) for one in self._known.values()]
        return sorted(
            (pair for pair in powers if pair[1] < float("inf")), key=lambda pair: (pair[1], pair[0].tobytes())
        )

    def answers(self) -> list[Choice | NotReachableError]:
        """Cheapest map per period, or the error that says there is none."""
        answers: list[Choice | NotReachableError] = []
        for index, period in enumerate(self.periods):
            best = self.best(index)
            if best is None or best.energy is None:
                answers.append(
                    NotReachableError(
                        f"{frequency_mhz(period):.3f} MHz is not reached by any map tried between VddL = "
                        f"{self.interval.low:.3f} V and VddH = {self.interval.high:.3f} V; choose a lower "
                        "frequency or a higher VddH"
                    )
                )
            else:
                answers.append(Choice(best.high, best.min_period, float(best.slack[index]), best.energy))
        return answers


def select_exhaustive(
    design: TiledDesign, interval: Interval, periods: Sequence[float]
) -> list[Choice | NotReachableError]:
    """Choose the cheapest of all 2**n_tiles maps for each period, ps.

    Raises
    ------
    InputError
        For more than ``EXHAUSTIVE_TILES`` tiles.
    """
    if design.n_tiles > EXHAUSTIVE_TILES:
        raise InputError(
            f"all 2^{design.n_tiles} maps are too many to weigh, at most 2^{EXHAUSTIVE_TILES}: use select_exact"
        )
    archive = Archive(design, interval, periods)
    state = design.evaluate(interval, np.zeros(design.n_tiles, dtype=bool))
    archive.add(state)
    # Gray code: successive maps differ in one tile, so each costs one incremental step.
    for count in range(1, 2**design.n_tiles):
        state = design.flip(state, [(count & -count).bit_length() - 1], consume=True)
        archive.add(state)
    return archive.answers()


def select_improved(
    design: TiledDesign, interval: Interval, periods: Sequence[float], rounds: int = 3
) -> list[Choice | NotReachableError]:
    """Search around Algorithm 5's maps for cheaper ones; never worse than Algorithm 5 or than all tiles at VddH.

    Starts are Algorithm 5's trajectory and all tiles at VddH. From the cheapest fitting map of each frequency, tiles are
    lowered while the clock is met, then a high tile is exchanged for cheaper low ones on the path that lowering it makes
    critical. All maps of an interval are shared between its frequencies.

    Parameters
    ----------
    design
        The placed design.
    interval
        VddL and VddH, V.
    periods
        Clock periods, ps.
    rounds
        Most rounds of lowering and exchanging per frequency.
    """
    archive = Archive(design, interval, periods)
    archive.add(design.evaluate(interval, np.ones(design.n_tiles, dtype=bool)))
    # Where one trajectory serves all frequencies only the shortest period is traced; its states hold every other answer.
    for period in [min(periods)] if design.single_trajectory and periods else periods:
        for state in trace(design, interval, period).states:
            archive.add(state)
    price = _tile_price(design, interval, frequency_mhz(float(np.median(periods)))) if len(periods) else np.zeros(0)
    for index in sorted(range(len(periods)), key=lambda index: -periods[index]):
        best = archive.best(index)
        if best is None:
            continue
        state = design.evaluate(interval, best.high)
        for _ in range(rounds):
            before = state
            state = _exchange(archive, _lower(archive, state, index, price), index, price)
            if np.array_equal(state.high, before.high):
                break
    return archive.answers()


def select_lowered(design: TiledDesign, interval: Interval, period: float) -> Choice:
    """Start from all tiles at VddH, which is Vdd-hopping, and lower the largest tiles while the clock is met.

    The way out where Algorithm 5 ends without an answer; ``period`` in ps.

    Raises
    ------
    NotReachableError
        If all tiles at VddH miss the period.
    """
    archive = Archive(design, interval, [period])
    state = design.evaluate(interval, np.ones(design.n_tiles, dtype=bool))
    power = archive.power(archive.add(state), 0)
    trials = design.trials(state, period)
    for tile in np.argsort(-design.tile_area, kind="stable").tolist():
        lowered = trials.flip(tile)
        if lowered is None:
            continue
        found = archive.power(archive.add(lowered), 0)
        if found < power:
            power = found
        else:
            trials.flip(tile)
    (answer,) = archive.answers()
    if isinstance(answer, NotReachableError):
        raise answer
    return replace(answer, note=":lowered")


def _tile_price(design: TiledDesign, interval: Interval, frequency: float) -> NDArray[np.float64]:
    """Power that raising each tile alone costs, mW: what orders the tries of the search."""
    base = design.evaluate(interval, np.zeros(design.n_tiles, dtype=bool))
    power = design.energy(base).power(frequency)
    return np.array(
        [design.energy(design.flip(base, [tile])).power(frequency) - power for tile in range(design.n_tiles)]
    )


def _lower(archive: Archive, state: MappedTiming, index: int, price: NDArray[np.float64]) -> MappedTiming:
    """Lower tiles, dearest first, while the clock is met and power falls."""
    for tile in sorted(np.flatnonzero(state.high).tolist(), key=lambda tile: -price[tile]):
        if archive.power(archive.trial(state, tile), index) < archive.power(archive.add(state), index):
            state = archive.design.flip(state, [tile])
    return state


def _exchange(archive: Archive, state: MappedTiming, index: int, price: NDArray[np.float64]) -> MappedTiming:
    """Exchange a high tile for cheaper low ones on the path that lowering it makes critical."""
    design, period = archive.design, archive.periods[index]
    for tile in sorted(np.flatnonzero(state.high).tolist(), key=lambda tile: -price[tile]):
        power = archive.power(archive.add(state), index)
        trial, spent = design.flip(state, [tile]), 0.0
        while archive.add(trial).slack[index] < -SLACK_TOLERANCE:
            tiles, delays = design.critical_path(trial, period)
            gain = np.bincount(tiles[tiles >= 0], weights=delays[tiles >= 0], minlength=design.n_tiles)
            affordable = (gain > 0) & ~trial.high & (spent + price < price[tile])
            affordable[tile] = False
            if not affordable.any():
                break
            # A tile that costs nothing is worth most.
            worth = np.where(affordable, gain / np.maximum(price, np.finfo(float).tiny), -1.0)
            chosen = int(np.argmax(worth))
            spent += float(price[chosen])
            trial = design.flip(trial, [chosen])
        if archive.power(archive.add(trial), index) < power:
            state = trial
    return state


def lower_bound(design: TiledDesign, interval: Interval, frequency_mhz: float) -> float:
    """Power, mW, with all tiles at VddL, no crossing leakage and no regard to timing (physics of section 4.1).

    A map may draw a hundredth of a per cent less: cells at VddL behind a driver at VddH leak a little less.
    """
    vdd_muxes = design.vdd_mux_leakage(interval, np.zeros(design.n_tiles, dtype=bool)) or 0.0
    return design.single_voltage(interval.low)[1].power(frequency_mhz) + vdd_muxes
