"""The four power-management schemes as power-against-frequency curves over one interface."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Protocol, TypedDict

import numpy as np

from finevh.config import voltage_grid
from finevh.errors import NotReachableError
from finevh.selection import (
    SLACK_TOLERANCE,
    Choice,
    Energy,
    Interval,
    TiledDesign,
    area_low_fraction,
    map_text,
    select_exhaustive,
    select_greedy,
    select_improved,
    select_lowered,
)

SchemeName = Literal["ideal-dvfs", "vdd-hopping", "vdd-dithering", "fine-vh"]
Selection = list[Choice | NotReachableError]
# Decimals of a column in operating_points.csv; a column without an entry is printed as it is.
_DECIMALS = {
    "delta_vdd_v": 4,
    "vdd_l_v": 4,
    "vdd_h_v": 4,
    "vdd_v": 4,
    "area_low_fraction": 6,
    "worst_slack_ps": 6,  # slacks are multiples of 2^-10 ps: rounding must not turn one that is met into one that is not
    "freq_mhz": 6,
}
_POWER_DECIMALS = 9


@dataclass(frozen=True)
class OperatingPoint:
    """One row of ``operating_points.csv``; None where a scheme has no such quantity."""

    design: str
    tiles: int
    scheme: SchemeName
    variant: str
    delta_vdd_v: float
    freq_mhz: float
    vdd_l_v: float | None
    vdd_h_v: float | None
    vdd_v: float | None
    tiles_high: int | None
    area_low_fraction: float | None
    worst_slack_ps: float | None
    power_total_mw: float
    power_switching_mw: float
    power_internal_mw: float
    power_leakage_mw: float
    power_interface_leakage_mw: float
    selector: str = ""
    assignment: str = ""


class _Power(TypedDict):
    power_total_mw: float
    power_switching_mw: float
    power_internal_mw: float
    power_leakage_mw: float
    power_interface_leakage_mw: float


class Scheme(Protocol):
    """A way to run a design at a clock frequency."""

    @property
    def name(self) -> SchemeName:
        """Name in ``operating_points.csv``."""

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """Split ascending frequencies, MHz, into runs that share no work; a part's points are those of the whole."""

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """Return the operating point at each frequency, MHz, or why there is none."""


@dataclass(frozen=True)
class Curve:
    """A design at single voltages: what every scheme starts from. All arrays (n_vdd,), ascending in Vdd."""

    design: TiledDesign
    name: str
    variant: str
    vdds: tuple[float, ...]
    min_period: tuple[float, ...]
    """ps."""
    energy: tuple[Energy, ...]

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Maximum frequency at each Vdd, MHz."""
        return tuple(1e6 / period for period in self.min_period)

    def meets(self, index: int, frequency: float) -> bool:
        """Tell whether the Vdd of a number meets a frequency, MHz."""
        return self.min_period[index] <= 1e6 / frequency + SLACK_TOLERANCE

    def lowest(self, frequency: float) -> int:
        """Return the lowest Vdd that meets a frequency.

        Raises
        ------
        NotReachableError
            If none does.
        """
        for index in range(len(self.vdds)):
            if self.meets(index, frequency):
                return index
        raise NotReachableError(
            f"{frequency:.3f} MHz is not reached ({self.name}, variant {self.variant}): the highest frequency is "
            f"{max(self.frequencies):.3f} MHz at {self.vdds[-1]:.3f} V; ask for a lower one"
        )

    def coarser(self, step: float) -> Curve:
        """Keep every voltage that lies on a coarser grid from the lowest one."""
        grid = voltage_grid(self.vdds[0], self.vdds[-1], step)
        keep = [int(np.argmin(np.abs(np.array(self.vdds) - vdd))) for vdd in grid]
        return Curve(
            self.design,
            self.name,
            self.variant,
            tuple(self.vdds[i] for i in keep),
            tuple(self.min_period[i] for i in keep),
            tuple(self.energy[i] for i in keep),
        )


def single_voltage_curve(design: TiledDesign, name: str, variant: str, vdds: Sequence[float]) -> Curve:
    """Time and weigh a design at each Vdd."""
    results = [design.single_voltage(vdd) for vdd in vdds]
    return Curve(
        design, name, variant, tuple(vdds), tuple(period for period, _ in results), tuple(e for _, e in results)
    )


def _split(energy: Energy, frequency: float) -> _Power:
    return _Power(
        power_total_mw=energy.power(frequency),
        power_switching_mw=energy.switching * frequency * 1e-6,
        power_internal_mw=energy.internal * frequency * 1e-6,
        power_leakage_mw=energy.leakage,
        power_interface_leakage_mw=energy.interface_leakage,
    )


def _mix(low: _Power, high: _Power, share: float) -> _Power:
    """Time average: ``share`` of the time at ``high``."""
    return _Power(
        power_total_mw=(1.0 - share) * low["power_total_mw"] + share * high["power_total_mw"],
        power_switching_mw=(1.0 - share) * low["power_switching_mw"] + share * high["power_switching_mw"],
        power_internal_mw=(1.0 - share) * low["power_internal_mw"] + share * high["power_internal_mw"],
        power_leakage_mw=(1.0 - share) * low["power_leakage_mw"] + share * high["power_leakage_mw"],
        power_interface_leakage_mw=(1.0 - share) * low["power_interface_leakage_mw"]
        + share * high["power_interface_leakage_mw"],
    )


def _collect(
    point: Callable[[float], OperatingPoint], frequencies: Sequence[float]
) -> list[OperatingPoint | NotReachableError]:
    results: list[OperatingPoint | NotReachableError] = []
    for frequency in frequencies:
        try:
            results.append(point(frequency))
        except NotReachableError as error:
            results.append(error)
    return results


@dataclass(frozen=True)
class SingleVoltageScheme:
    """The lowest Vdd of a grid that meets the clock: ideal-DVFS on a fine grid, Vdd-hopping on a coarse one."""

    name: SchemeName
    curve: Curve
    delta_vdd: float

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """See :class:`Scheme`."""
        return [list(frequencies)]

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """See :class:`Scheme`."""
        return _collect(self._point, frequencies)

    def _point(self, frequency: float) -> OperatingPoint:
        index = self.curve.lowest(frequency)
        return OperatingPoint(
            self.curve.name,
            self.curve.design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            frequency,
            vdd_l_v=None,
            vdd_h_v=None,
            vdd_v=self.curve.vdds[index],
            tiles_high=None,
            area_low_fraction=None,
            worst_slack_ps=1e6 / frequency - self.curve.min_period[index],
            **_split(self.curve.energy[index], frequency),
        )


@dataclass(frozen=True)
class VddDithering:
    """Time-sharing between the two neighbouring voltages of a grid, each at its own maximum frequency (Eq. 4.1)."""

    curve: Curve
    delta_vdd: float
    name: SchemeName = "vdd-dithering"

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """See :class:`Scheme`."""
        return [list(frequencies)]

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """See :class:`Scheme`."""
        return _collect(self._point, frequencies)

    def _point(self, frequency: float) -> OperatingPoint:
        high = max(self.curve.lowest(frequency), 1)
        low = high - 1
        f_low, f_high = self.curve.frequencies[low], self.curve.frequencies[high]
        # Eq. 4.1: the share of time at VddH that gives the average frequency; below the lowest voltage's own maximum
        # frequency there is nothing to share and the clock slows down at VddL.
        share = min(max((frequency - f_low) / (f_high - f_low), 0.0), 1.0)
        at_low = _split(self.curve.energy[low], min(frequency, f_low))
        at_high = _split(self.curve.energy[high], f_high)
        power = _mix(at_low, at_high, share)
        return OperatingPoint(
            self.curve.name,
            self.curve.design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            frequency,
            vdd_l_v=self.curve.vdds[low],
            vdd_h_v=self.curve.vdds[high],
            vdd_v=None,
            tiles_high=None,
            area_low_fraction=None,
            worst_slack_ps=None,
            **power,
        )


@dataclass(frozen=True)
class FineVh:
    """A voltage per tile inside each interval of a grid."""

    curve: Curve
    delta_vdd: float
    selector: str = "greedy"
    name: SchemeName = "fine-vh"

    def interval_of(self, frequency: float) -> Interval:
        """Return the interval whose VddH is the lowest that meets the frequency, MHz."""
        high = max(self.curve.lowest(frequency), 1)
        return Interval(self.curve.vdds[high - 1], self.curve.vdds[high])

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """See :class:`Scheme`: a part per interval."""
        return [list(part) for _, part in itertools.groupby(frequencies, self._interval_if_reached)]

    def _interval_if_reached(self, frequency: float) -> Interval | None:
        try:
            return self.interval_of(frequency)
        except NotReachableError:
            return None

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """See :class:`Scheme`; the frequencies of one interval share one run of the selector."""
        results: dict[float, OperatingPoint | NotReachableError] = {}
        by_interval: dict[Interval, list[float]] = {}
        for frequency in frequencies:
            try:
                by_interval.setdefault(self.interval_of(frequency), []).append(frequency)
            except NotReachableError as error:
                results[frequency] = error
        for interval, inside in by_interval.items():
            answers = select(self.curve.design, interval, [1e6 / frequency for frequency in inside], self.selector)
            for frequency, answer in zip(inside, answers, strict=True):
                if isinstance(answer, NotReachableError):
                    # Algorithm 5 may end without an answer; all tiles at VddH is Vdd-hopping and always meets the clock.
                    lowered = select_lowered(self.curve.design, interval, 1e6 / frequency)
                    answer = replace(lowered, note=":lowered")
                results[frequency] = self._point(interval, frequency, answer)
        return [results[frequency] for frequency in frequencies]

    def _point(self, interval: Interval, frequency: float, choice: Choice) -> OperatingPoint:
        design = self.curve.design
        return OperatingPoint(
            self.curve.name,
            design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            frequency,
            vdd_l_v=interval.low,
            vdd_h_v=interval.high,
            vdd_v=None,
            tiles_high=int(choice.high.sum()),
            area_low_fraction=area_low_fraction(design, choice.high),
            worst_slack_ps=choice.slack,
            selector=self.selector + choice.note,
            assignment=map_text(choice.high),
            **_split(choice.energy, frequency),
        )


def select(design: TiledDesign, interval: Interval, periods: Sequence[float], selector: str) -> Selection:
    """Run a selector by name; greedy answers are weighed once per distinct map."""
    if selector == "exact":
        return select_exhaustive(design, interval, periods)
    if selector == "improved":
        return select_improved(design, interval, periods)
    weighed: dict[str, Energy] = {}
    answers: Selection = []
    for period, answer in zip(
        periods, select_greedy(design, interval, periods, "count" if selector == "count" else "delay"), strict=True
    ):
        if isinstance(answer, NotReachableError):
            answers.append(answer)
            continue
        timing = answer.timing
        text = map_text(timing.high)
        if text not in weighed:
            weighed[text] = design.energy(timing)
        note = "" if answer.pure else ":continued"
        answers.append(Choice(timing.high, timing.min_period, design.worst_slack(timing, period), weighed[text], note))
    return answers


def schemes_of(curve: Curve, delta_vdd: Sequence[float], selectors: Sequence[str]) -> list[Scheme]:
    """Return the schemes of the thesis on one design: hopping, dithering and FINE-VH at each delta-Vdd, V.

    Ideal-DVFS is :class:`SingleVoltageScheme` on ``curve`` itself, at the curve's own frequencies.
    """
    result: list[Scheme] = []
    for delta in delta_vdd:
        coarse = curve.coarser(delta)
        result += [SingleVoltageScheme("vdd-hopping", coarse, delta), VddDithering(coarse, delta)]
        result += [FineVh(coarse, delta, selector) for selector in selectors]
    return result


def points_csv(points: Sequence[OperatingPoint]) -> str:
    """Return ``operating_points.csv``: one header line, one row per point, empty where a quantity does not exist."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(OperatingPoint)]
    writer.writerow(names)
    for point in points:
        writer.writerow([_cell(name, getattr(point, name)) for name in names])
    return text.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        decimals = _DECIMALS.get(name, _POWER_DECIMALS)
        return f"{round(value, decimals) + 0.0:.{decimals}f}"  # no minus sign before a zero
    return str(value)
