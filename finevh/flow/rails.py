"""Rails of a run: the droop of every tile at every operating point under every program, and what turning a tile costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign, SingleVoltages
from finevh.layout.supply.droop import summarise_droop, transition
from finevh.layout.supply.headers import HeaderTable
from finevh.layout.supply.vdd_mux import HeaderPlan
from finevh.power import Activity, DynamicPower, LeakageModel
from finevh.power.tile_currents import TileCurrents, currents_at
from finevh.power.tile_cycles import switched_capacitance, tile_capacitance
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.technology.model import Real
from finevh.units import period_ps

_FC_PER_MA_PER_MHZ = 1e6
"""1 mA at 1 MHz is 1e6 fC in each cycle."""


@dataclass(frozen=True)
class Droop:
    """Drop over rail at the ends of cycles of some operating points, worst program for each tile; (n_point, n_tile)."""

    points: tuple[OperatingPoint, ...]
    worst: Real
    usual: Real
    """What 99.9 % of the cycles stay within."""
    dip: Real
    """Inside a cycle, if it drew its charge at once."""
    program: NDArray[np.intp]
    """(n_point, n_tile) row of the worst program."""
    programs: tuple[str, ...]


@dataclass(frozen=True)
class RailModel:
    """Vdd-MUXes of a run and what hangs on them."""

    headers: HeaderTable
    plan: HeaderPlan
    capacitance: Real
    """(n_tile) fF behind the rail: of the quiet gates, averaged over the programs."""

    def resistance(self, low: float, high: float, on_high: bool) -> Real:
        """(n_tile) kOhm from the supply that is on, all Vdd-MUXes of a tile in parallel."""
        kinds = {cell: self.headers.resistance(cell, low, high, on_high) for cell in set(self.plan.cell)}
        return np.array([kinds[cell] for cell in self.plan.cell]) / np.maximum(self.plan.count, 1)


def rail_model(
    placed: PlacedDesign, activities: Mapping[str, Activity], headers: HeaderTable, plan: HeaderPlan
) -> RailModel:
    """Find the capacitance that each tile's own gates hold."""
    weights = switched_capacitance(placed.netlist, placed.technology, placed.wires)
    tile, n_tiles = placed.placement.tile, placed.floorplan.n_tiles
    held = [tile_capacitance(placed.netlist, one, weights, tile, n_tiles) for one in activities.values()]
    return RailModel(headers, plan, np.mean(held, axis=0))


def droop_of(
    placed: PlacedDesign,
    rails: RailModel,
    activities: Mapping[str, Activity],
    cycles: Mapping[str, NDArray[np.float32]],
    single: SingleVoltages,
    points: Sequence[OperatingPoint],
) -> Droop | None:
    """Follow every tile through every simulated cycle at each FINE-VH point; None where no program was simulated here.

    The charge of a cycle is the tile's average charge, switching and internal, times what it switches in that cycle over its
    average; leakage adds its steady drop.
    """
    simulated = tuple(name for name in activities if name in cycles)
    chosen = tuple(point for point in points if point.scheme == "fine-vh" and point.assignment)
    if not simulated or not chosen:
        return None
    n_tiles, technology = placed.floorplan.n_tiles, placed.technology
    high = np.array([parse_map(point.assignment) for point in chosen])
    resistance = np.array([_resistance(rails, point, bits) for point, bits in zip(chosen, high, strict=True)])
    period = np.array([period_ps(point.freq_mhz) for point in chosen])
    worst, usual, dip = (np.zeros(high.shape) for _ in range(3))
    program = np.zeros(high.shape, dtype=np.intp)
    supplies = np.array(sorted({technology.vdd_index(v) for p in chosen for v in _supplies(p)}), dtype=np.int32)
    for number, name in enumerate(simulated):
        dynamic = DynamicPower(placed.netlist, technology, placed.wires, activities[name], slew=single.slew)
        leakage = LeakageModel(placed.netlist, technology, activities[name])
        at = currents_at(dynamic, leakage, technology.vdds, single.variant, placed.placement.tile, n_tiles, supplies)
        moved = np.zeros((len(cycles[name]), n_tiles))
        moved[:, : cycles[name].shape[1]] = cycles[name]
        found = summarise_droop(
            _charge_over_supply(moved, at, technology.vdds),
            rails.capacitance,
            resistance * rails.capacitance,
            period,
        )
        steady = resistance * _leakage_over_supply(chosen, high, at, placed)
        better = found.worst + steady > worst
        program[better] = number
        worst, usual = np.maximum(worst, found.worst + steady), np.maximum(usual, found.usual + steady)
        dip = np.maximum(dip, found.dip + steady)
    return Droop(chosen, worst, usual, dip, program, simulated)


def _supplies(point: OperatingPoint) -> tuple[float, float]:
    assert point.vdd_l_v is not None  # a FINE-VH point has both
    assert point.vdd_h_v is not None
    return point.vdd_l_v, point.vdd_h_v


def _resistance(rails: RailModel, point: OperatingPoint, bits: NDArray[np.bool_]) -> Real:
    low, high = _supplies(point)
    return np.where(bits, rails.resistance(low, high, True), rails.resistance(low, high, False))


def _charge_over_supply(moved: Real, at: Mapping[int, TileCurrents], vdds: Real) -> Real:
    """(n_cycle, n_tile) fF: charge of each cycle over the supply, at the highest supply; it hardly depends on which."""
    top = max(at)
    average = moved.mean(axis=0)
    charge = at[top].switching * _FC_PER_MA_PER_MHZ / float(vdds[top])
    return np.asarray(moved * np.where(average > 0, charge / np.where(average > 0, average, 1.0), 0.0))


def _leakage_over_supply(
    points: Sequence[OperatingPoint], high: NDArray[np.bool_], at: Mapping[int, TileCurrents], placed: PlacedDesign
) -> Real:
    """(n_point, n_tile) mA/V."""
    rows = []
    for point, bits in zip(points, high, strict=True):
        low_v, high_v = _supplies(point)
        low, top = (at[placed.technology.vdd_index(vdd)].leakage / vdd for vdd in (low_v, high_v))
        rows.append(np.where(bits, top, low))
    return np.array(rows)


def droop_table(droop: Droop) -> str:
    """Worst tile and program of each point as CSV."""
    rows: list[Row] = []
    for k, point in enumerate(droop.points):
        tile = int(droop.worst[k].argmax())
        rows.append(
            (
                point.variant,
                point.delta_vdd_v,
                point.freq_mhz,
                point.selector,
                tile,
                droop.programs[int(droop.program[k, tile])],
                float(droop.worst[k, tile]),
                float(droop.usual[k].max()),
                float(droop.dip[k].max()),
            )
        )
    fractions = ("worst_fraction", "usual_fraction", "dip_fraction")
    return table(("variant", "delta_vdd_v", "freq_mhz", "selector", "tile", "program", *fractions), rows)


def transitions_table(rails: RailModel, pairs: Sequence[tuple[float, float]], budget: float) -> str:
    """Energy, settling time and rush current of turning each tile to VddH, for each pair, as CSV.

    ``budget`` is the share of VddH within which a tile counts as settled.
    """
    rows: list[Row] = []
    for low, high in pairs:
        cost = transition(rails.capacitance, rails.resistance(low, high, True), low, high, budget * high)
        rows += [
            (tile, low, high, float(cost.energy[tile]), float(cost.settling[tile]) / 1e3, float(cost.rush[tile]))
            for tile in range(len(rails.capacitance))
        ]
    return table(("tile", "vdd_l_v", "vdd_h_v", "energy_fj", "settling_ns", "rush_ma"), rows)
