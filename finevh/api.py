"""The package from Python: a finished run, its tables, and its designs under any voltage map.

>>> import finevh
>>> run = finevh.open_run("runs/quick")  # doctest: +SKIP
>>> run.points.groupby("scheme").power_total_mw.mean()  # doctest: +SKIP
>>> design = run.design("pb0")  # doctest: +SKIP
>>> design.evaluate(finevh.voltage_map("LLLLHLLLL", 0.8, 0.9), "250 MHz").met  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finevh.commands.run import run_flow as run_stages_of
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.designs import PlacedDesign
from finevh.flow.engine.stage import RunDirectory
from finevh.flow.finished import POINTS, load_run, require_results
from finevh.flow.finished_design import load_weighed_design
from finevh.flow.own_glitches import OwnGlitches
from finevh.flow_file import read_flow
from finevh.report.metrics import read_metrics
from finevh.report.tables import read_points, read_table
from finevh.selection import parse_map
from finevh.selection.energy import Power
from finevh.selection.engine import EngineDesign
from finevh.selection.tiles import MappedTiming
from finevh.selection.voltage_map import Interval, VoltageMap
from finevh.units import SLACK_TOLERANCE, frequency_mhz, parse_quantity


def open_run(directory: str | Path) -> Run:
    """Open a finished run.

    Raises
    ------
    InputError
        If the directory holds no finished run, or its files or inputs have changed since.
    """
    path = Path(directory)
    return Run(path, *load_run(path))


def run_flow(flow: str | Path, directory: str | Path, settings: Iterable[str] = (), jobs: int = 1) -> Run:
    """Run a flow file to its report and open the run; stages that stand are reused, as by ``finevh run``.

    Parameters
    ----------
    flow : path of a flow file, or the name of a ready flow.
    settings : keys to override, ``"floorplan.tiles=4"`` each.
    jobs : threads.

    Raises
    ------
    FinevhError
        For everything that the command refuses, with its message.
    """
    run_stages_of(read_flow(flow, tuple(settings)), Path(directory), jobs=jobs)
    return open_run(directory)


def voltage_map(high: str | NDArray[np.bool_], vdd_low: float, vdd_high: float) -> VoltageMap:
    """Make a voltage map.

    Parameters
    ----------
    high : one character per tile, ``L`` or ``H``, row-major from the lower left; or (n_tiles) bool.
    vdd_low, vdd_high : V.

    Raises
    ------
    InputError
        For other characters, or a lower supply that is not lower.
    """
    if not 0.0 < vdd_low <= vdd_high:
        raise InputError(f"voltage map: VddL {vdd_low:g} V must be above zero and not above VddH {vdd_high:g} V")
    bits = parse_map(high) if isinstance(high, str) else np.asarray(high, dtype=np.bool_)
    return VoltageMap(Interval(vdd_low, vdd_high), bits)


@dataclass(frozen=True)
class Timing:
    """Timing of a design under a voltage map at a clock frequency."""

    worst_slack_ps: float
    min_period_ps: float
    path: pd.DataFrame
    """The worst path: instance, cell, tile, vdd_v, delay_ps, from start to end."""

    @property
    def met(self) -> bool:
        """Whether every setup check is met."""
        return self.worst_slack_ps >= -SLACK_TOLERANCE

    @property
    def fmax_mhz(self) -> float:
        """Highest clock frequency of the map, MHz."""
        return frequency_mhz(self.min_period_ps)


class Design:
    """A placed design with one assignment of variants, to be timed and weighed under any voltage map."""

    def __init__(self, placed: PlacedDesign, engine: EngineDesign, own: OwnGlitches | None = None) -> None:
        self._placed, self._engine, self._own = placed, engine, own

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self._engine.n_tiles

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Every instance: instance, cell, tile, area_um2."""
        netlist = self._placed.netlist
        return pd.DataFrame(
            {
                "instance": netlist.instance_names,
                "cell": [netlist.cells.names[kind] for kind in netlist.cell_type],
                "tile": self._engine.tile_of_cell,
                "area_um2": netlist.cells.area[netlist.cell_type],
            }
        )

    def evaluate(self, voltages: VoltageMap, frequency: float | str) -> Timing:
        """Time the design; ``frequency`` is a quantity such as ``"250 MHz"``, or MHz.

        Raises
        ------
        InputError
            A map of another number of tiles, a voltage that the technology does not have, no frequency.
        """
        period = frequency_mhz(_mhz(frequency))
        timing = self._time(voltages)
        cells, delays = self._engine.path_cells(timing, period)
        vdd = self._engine.technology.vdds[self._engine.cell_vdd(voltages.interval, voltages.high)]
        path = self.cells.loc[cells, ["instance", "cell", "tile"]].assign(vdd_v=vdd[cells], delay_ps=delays)
        worst = self._engine.worst_slack(timing, period)
        return Timing(float(worst), timing.min_period, path.reset_index(drop=True))

    def power(self, voltages: VoltageMap, frequency: float | str) -> Power:
        """Weigh the design, mW, whether or not it meets its clock; ``frequency`` as in :meth:`evaluate`.

        Where the run counts glitches, those of the map's own delays are simulated, once for each map.
        """
        self._check(voltages)
        energy = self._engine.weigh(voltages.interval, voltages.high)
        if self._own is not None:
            interval = voltages.interval
            energy = energy.plus(self._own.of_map(interval.low, interval.high, voltages.text).average)
        return energy.at(_mhz(frequency))

    def leakage(self, voltages: VoltageMap) -> pd.DataFrame:
        """Static power of every cell: instance, leakage_nw, interface_nw (the part from inputs of another rail)."""
        self._check(voltages)
        engine = self._engine
        cell_vdd = engine.cell_vdd(voltages.interval, voltages.high)
        found = engine.leakage.evaluate(cell_vdd, engine.cell_variant, engine.vdd_index(voltages.interval.high))
        names = self._placed.netlist.instance_names
        return pd.DataFrame({"instance": names, "leakage_nw": found.cell * 1e6, "interface_nw": found.interface * 1e6})

    def _time(self, voltages: VoltageMap) -> MappedTiming:
        self._check(voltages)
        return self._engine.evaluate(voltages.interval, voltages.high)

    def _check(self, voltages: VoltageMap) -> None:
        if len(voltages.high) != self.n_tiles:
            raise InputError(f"voltage map: {len(voltages.high)} tiles; the design has {self.n_tiles}")


class Run:
    """A finished run: its flow, tables and designs."""

    def __init__(self, directory: Path, flow: Flow, stages: RunDirectory) -> None:
        self.directory, self.flow, self._stages = directory, flow, stages
        self._designs: dict[str, Design] = {}

    @cached_property
    def points(self) -> pd.DataFrame:
        """All operating points, the columns of ``operating_points.csv``."""
        require_results(self.directory, POINTS)
        return read_points(self.directory / POINTS)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Metrics of all stages."""
        require_results(self.directory)
        return read_metrics(self.directory)

    def table(self, name: str) -> pd.DataFrame:
        """One of the run's tables by name, such as ``"tiles"``.

        Raises
        ------
        InputError
            If the run has no such table; names those it has.
        """
        known = {path.stem: path for path in sorted((self.directory / "tables").glob("*.csv"))}
        if name not in known:
            raise InputError(f"{self.directory}: no table '{name}'; it has {', '.join(known)}")
        require_results(self.directory, f"tables/{name}.csv")
        return read_table(known[name])

    def design(self, variant: str = "pb0") -> Design:
        """The placed design with one variant set of the run; loaded once.

        Raises
        ------
        InputError
            If the run has no such variant set.
        """
        if variant not in self._designs:
            self._designs[variant] = Design(*load_weighed_design(self.flow, self._stages, variant))
        return self._designs[variant]


def _mhz(frequency: float | str) -> float:
    value = parse_quantity(frequency, "frequency") if isinstance(frequency, str) else float(frequency)
    if not 0.0 < value < float("inf"):
        raise InputError(f"frequency {frequency}: must be above zero and finite, such as '250 MHz'")
    return value
