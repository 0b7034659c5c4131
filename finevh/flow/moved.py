"""An operating point with another voltage map of the run: what it draws follows from a point that has the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from finevh.layout.supply.vdd_mux import VddMuxes
from finevh.schemes import OperatingPoint
from finevh.schemes.operating_point import power_columns
from finevh.selection import Interval, area_low_fraction, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import VOLTAGE_TOLERANCE


def with_map(
    points: Sequence[OperatingPoint],
    point: OperatingPoint,
    supplies: tuple[float, float],
    assignment: str,
    why: str,
    vdd_muxes: VddMuxes | None = None,
) -> OperatingPoint | None:
    """A FINE-VH point with another map between two supplies, V; None where no point of the run shows what that draws.

    Of one map at two frequencies energy per cycle is the same, and so is leakage. ``why`` is what the selector's note says. The
    slack is left out: it is the caller's, who timed the map. All tiles at VddH draw what ideal-DVFS does, and what their
    ``vdd_muxes`` do, where that is known.
    """
    for other in points:
        if other.variant != point.variant:
            continue
        same = other.assignment == assignment and _alike((other.vdd_l_v, other.vdd_h_v), supplies)
        alone = "L" not in assignment and other.scheme == "ideal-dvfs" and _alike((other.vdd_v,), supplies[1:])
        if not same and not alone:
            continue
        scale = point.freq_mhz / other.freq_mhz
        switching, internal = other.power_switching_mw * scale, other.power_internal_mw * scale
        muxes, behind = other.power_vdd_mux_leakage_mw, 0.0
        if alone and vdd_muxes is not None:
            muxes = behind = float(vdd_muxes.of_map(*supplies, parse_map(assignment)).sum())
        total = switching + internal + other.power_leakage_mw + behind
        return replace(
            point,
            vdd_l_v=supplies[0],
            vdd_h_v=supplies[1],
            tiles_high=assignment.count("H"),
            area_low_fraction=0.0 if alone else other.area_low_fraction,
            worst_slack_ps=None,
            power_total_mw=total,
            power_switching_mw=switching,
            power_internal_mw=internal,
            power_leakage_mw=other.power_leakage_mw + behind,
            power_interface_leakage_mw=other.power_interface_leakage_mw,
            power_vdd_mux_leakage_mw=muxes,
            selector=f"{point.selector.split(':')[0]}:{why}",
            assignment=assignment,
            power_clock_mw=None if other.power_clock_mw is None else other.power_clock_mw * scale,
            power_glitch_mw=None if other.power_glitch_mw is None else other.power_glitch_mw * scale,
            energy_per_cycle_pj=total / point.freq_mhz * 1e3,  # mW / MHz = nJ
            bound_mw=None if point.bound_mw is None else min(point.bound_mw, total),
            weighed_power_mw=_weighed_power(other, scale, behind),
        )
    return None


def weighed_anew(
    point: OperatingPoint, supplies: tuple[float, float], assignment: str, engine: EngineDesign, why: str
) -> OperatingPoint:
    """A FINE-VH point with another map between two supplies, V, weighed by a design; ``why`` is what the selector's note says.

    Its shares of the clock and of glitches are left out, and its slack is that of the map before: they are the caller's.
    """
    interval, high = Interval(*supplies), parse_map(assignment)
    columns = power_columns(engine.weigh(interval, high).at(point.freq_mhz), point.freq_mhz)
    return replace(
        point,
        vdd_l_v=supplies[0],
        vdd_h_v=supplies[1],
        tiles_high=int(high.sum()),
        area_low_fraction=area_low_fraction(engine, high),
        selector=f"{point.selector.split(':')[0]}:{why}",
        assignment=assignment,
        power_clock_mw=None,
        power_glitch_mw=None,
        bound_mw=None if point.bound_mw is None else min(point.bound_mw, columns["power_total_mw"]),
        power_vdd_mux_leakage_mw=engine.vdd_mux_leakage(interval, high),
        **columns,
    )


def _weighed_power(point: OperatingPoint, scale: float, behind: float) -> float | None:
    if point.weighed_power_mw is None:
        return None
    return (point.weighed_power_mw - point.power_leakage_mw) * scale + point.power_leakage_mw + behind


def _alike(some: tuple[float | None, ...], others: tuple[float, ...]) -> bool:
    return all(
        one is not None and abs(one - other) < VOLTAGE_TOLERANCE for one, other in zip(some, others, strict=True)
    )
