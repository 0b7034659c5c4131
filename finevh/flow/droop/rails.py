"""Rails of a run: the droop of every tile at every operating point under every program, and what turning a tile costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

from finevh.base.children import in_turn
from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign
from finevh.flow.droop.tile_loads import ProgramCurrents
from finevh.layout.supply.header_sizing import HeaderPlan
from finevh.layout.supply.header_table import HeaderTable
from finevh.power import Activity
from finevh.power.tile_droop import DroopSummary, summarise_droop
from finevh.power.tile_hop import transition
from finevh.power.tiles.tile_cycles import switched_capacitance, tile_capacitance
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.technology.model import Real
from finevh.units import VOLTAGE_TOLERANCE, period_ps

RAILS = "rails.npz"
"""Artifact of the operating-points stage: :class:`RailModel`."""


@dataclass(frozen=True)
class Droop:
    """Drop over rail of some operating points, worst program for each tile; (n_point, n_tile) each."""

    points: tuple[OperatingPoint, ...]
    drop: DroopSummary
    program: NDArray[np.intp]
    """Row of the program that is worst at the end of a cycle."""
    programs: tuple[str, ...]

    @property
    def worst(self) -> Real:
        """What timing is checked with: the larger of the average over a cycle and the drop at its end, worst cycle."""
        return self.drop.most_worst

    @property
    def usual(self) -> Real:
        """The same that 99.9 % of the cycles stay within."""
        return self.drop.most_usual


@dataclass(frozen=True)
class RailModel:
    """Vdd-MUXes of a run and what hangs on them.

    Attributes
    ----------
    pairs : (n_pair, 2) V, VddL and VddH.
    resistance : (n_pair, 2, n_tile) kOhm from the supply that is on, VddL or VddH, all Vdd-MUXes of a tile in parallel.
    capacitance : (n_tile) fF behind the rail: of the quiet gates, averaged over the programs.
    programs : those whose cycles were simulated.
    drawn : (n_program, n_cycle, n_tile) fF, charge of each cycle over the supply, which it hardly depends on.
    supplies : (n_supply) V.
    leakage : (n_program, n_supply, n_tile) mA/V.
    """

    pairs: Real
    resistance: Real
    capacitance: Real
    programs: tuple[str, ...]
    drawn: NDArray[np.float32]
    supplies: Real
    leakage: Real

    def of_pair(self, low: float, high: float) -> Real:
        """(2, n_tile) kOhm of a pair of supplies."""
        row = np.flatnonzero((np.abs(self.pairs - (low, high)) < VOLTAGE_TOLERANCE).all(axis=1))
        return np.asarray(self.resistance[row[0]])

    def _steady(self, program: int, supplies: tuple[float, float], high: NDArray[np.bool_]) -> Real:
        """(n_tile) mA/V of leakage between two supplies."""
        low, top = (self.leakage[program, int(np.abs(self.supplies - vdd).argmin())] for vdd in supplies)
        return np.asarray(np.where(high, top, low))

    def droop(self, points: Sequence[OperatingPoint], jobs: int = 1) -> Droop | None:
        """Follow every tile through every simulated cycle at each FINE-VH point; None where no program was simulated.

        Programs are followed side by side; nothing depends on the number of ``jobs``.
        """
        chosen = tuple(point for point in points if point.scheme == "fine-vh" and point.assignment)
        if not self.programs or not chosen:
            return None
        high = np.array([parse_map(point.assignment) for point in chosen])
        period = np.array([period_ps(point.freq_mhz) for point in chosen])
        drops = self.follow([_supplies(point) for point in chosen], high, period, jobs)
        return Droop(chosen, *drops, self.programs)

    def follow(
        self, supplies: Sequence[tuple[float, float]], high: NDArray[np.bool_], period: Real, jobs: int = 1
    ) -> tuple[DroopSummary, NDArray[np.intp]]:
        """Drops of maps (n_map, n_tile) between pairs of supplies, V, at clock periods, ps, and the worst program of each.

        Charge is switching and internal; leakage adds its steady drop.
        """
        resistance = np.array(
            [np.where(bits, *self.of_pair(*pair)[::-1]) for pair, bits in zip(supplies, high, strict=True)]
        )
        total = DroopSummary(*(np.zeros(high.shape) for _ in fields(DroopSummary)))
        program = np.zeros(high.shape, dtype=np.intp)

        def summary(number: int) -> DroopSummary:
            drawn = self.drawn[number].astype(np.float64)
            return summarise_droop(drawn, self.capacitance, resistance * self.capacitance, period)

        numbers = range(len(self.programs))
        for number, found in zip(numbers, in_turn([partial(summary, number) for number in numbers], jobs), strict=True):
            leaks = np.array([self._steady(number, pair, bits) for pair, bits in zip(supplies, high, strict=True)])
            steady = resistance * leaks
            program[found.worst + steady > total.worst] = number
            for column in fields(DroopSummary):
                most = getattr(total, column.name)
                np.maximum(most, getattr(found, column.name) + steady, out=most)
        return total, program


def rail_model(
    placed: PlacedDesign,
    activities: Mapping[str, Activity],
    currents: Mapping[str, ProgramCurrents],
    headers: HeaderTable,
    plan: HeaderPlan,
) -> RailModel:
    """Put together what a run's rails are: its Vdd-MUXes, what the tiles hold, and what they draw."""
    weights = switched_capacitance(placed.netlist, placed.technology, placed.wires)
    tile, n_tiles = placed.placement.tile, placed.floorplan.n_tiles
    held = [tile_capacitance(placed.netlist, one, weights, tile, n_tiles) for one in activities.values()]
    pairs = placed.flow.schemes.pairs
    vdds = placed.technology.vdds
    rows = sorted({placed.technology.vdd_index(vdd) for pair in pairs for vdd in pair})
    observed = {name: one for name, one in currents.items() if one.charge is not None}
    drawn = [one.charge / float(vdds[rows[-1]]) for one in observed.values() if one.charge is not None]
    length = max((len(one) for one in drawn), default=0)
    # A shorter program rests at its end: that adds no drop.
    cycles = np.zeros((len(drawn), length, n_tiles), dtype=np.float32)
    for number, one in enumerate(drawn):
        cycles[number, : len(one)] = one
    return RailModel(
        pairs=np.array(pairs).reshape(-1, 2),
        resistance=np.array([_parallel(headers, plan, *pair) for pair in pairs]).reshape(-1, 2, n_tiles),
        capacitance=np.mean(held, axis=0),
        programs=tuple(observed),
        drawn=cycles,
        supplies=np.array([float(vdds[row]) for row in rows]),
        leakage=np.array(
            [[one.at[row].leakage / float(vdds[row]) for row in rows] for one in observed.values()]
        ).reshape(-1, len(rows), n_tiles),
    )


def _parallel(headers: HeaderTable, plan: HeaderPlan, low: float, high: float) -> Real:
    """(2, n_tile) kOhm of all Vdd-MUXes of each tile in parallel, on VddL and on VddH."""
    rows = []
    for on_high in (False, True):
        kinds = {cell: headers.resistance(cell, low, high, on_high) for cell in set(plan.cell)}
        rows.append(np.array([kinds[cell] for cell in plan.cell]) / np.maximum(plan.count, 1))
    return np.array(rows)


def _supplies(point: OperatingPoint) -> tuple[float, float]:
    assert point.vdd_l_v is not None  # a FINE-VH point has both
    assert point.vdd_h_v is not None
    return point.vdd_l_v, point.vdd_h_v


def droop_table(droop: Droop) -> str:
    """Worst tile and program of each point as CSV."""
    rows: list[Row] = []
    drop = droop.drop
    for k, point in enumerate(droop.points):
        tile = int(drop.worst[k].argmax())
        rows.append(
            (
                point.variant,
                point.delta_vdd_v,
                point.freq_mhz,
                point.selector,
                tile,
                droop.programs[int(droop.program[k, tile])],
                float(drop.worst[k, tile]),
                *(float(column[k].max()) for column in (drop.usual, drop.dip, drop.mean_worst, drop.mean_usual)),
            )
        )
    fractions = ("worst_fraction", "usual_fraction", "dip_fraction", "mean_worst_fraction", "mean_usual_fraction")
    return table(("variant", "delta_vdd_v", "freq_mhz", "selector", "tile", "program", *fractions), rows)


def transitions_table(rails: RailModel, budget: float) -> str:
    """Energy, settling time and rush current of turning each tile to VddH, for each pair, as CSV.

    ``budget`` is the share of VddH within which a tile counts as settled.
    """
    rows: list[Row] = []
    for low, high in rails.pairs.tolist():
        cost = transition(rails.capacitance, rails.of_pair(low, high)[1], low, high, budget * high)
        rows += [
            (tile, low, high, float(cost.energy[tile]), float(cost.settling[tile]) / 1e3, float(cost.rush[tile]))
            for tile in range(len(rails.capacitance))
        ]
    return table(("tile", "vdd_l_v", "vdd_h_v", "energy_fj", "settling_ns", "rush_ma"), rows)
