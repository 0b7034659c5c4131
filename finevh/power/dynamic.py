"""Dynamic power of a netlist whose cells sit on different rails: net switching and internal energy, clock tree included.

Switching: half of C V^2 per toggle, C the wire and its sinks' pins, V the swing of the driver. Internal: the library's
energy per transition at the cell's own supply, looked up at the slew of the causing pin and the load of the net. The energy
that a low-swing input adds inside a cell (a longer short-circuit current) is not in a single-supply library and not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.power.activity import Activity
from finevh.power.internal_energy import internal_energy, internal_terms
from finevh.power.swing import check_map, net_driver_cells, net_rails, port_rail
from finevh.technology.model import Direction, Int, Real, Technology

__all__ = ["DynamicPower", "DynamicResult", "PreparedPower"]


@dataclass(frozen=True)
class DynamicResult:
    """Dynamic power of every cell, mW."""

    switching: Real
    """(n_cell,) charging the nets that the cell drives."""
    internal: Real
    """(n_cell,)"""
    port_switching: float
    """Charging the nets behind the input ports: drawn from outside, in no total (as in OpenSTA)."""

    @property
    def total_switching(self) -> float:
        """Of the design, mW."""
        return float(self.switching.sum())

    @property
    def total_internal(self) -> float:
        """Of the design, mW."""
        return float(self.internal.sum())


@dataclass(frozen=True)
class ToggleEnergy:
    """Energy that toggles draw under one voltage map, linear in their numbers, and the cells that draw it.

    Attributes
    ----------
    switching : (n_net) fJ of a toggle; 0 for nets that ports drive.
    driver : (n_net) cell that draws it, ``n_cells`` or more for other drivers.
    term_cell, term_net, term_energy : (n_term) fJ inside a cell for each toggle of a net. An output's toggles are shared out
        among its inputs as in the activity that the power was bound to.
    n_cells : of the netlist.
    """

    switching: Real
    driver: Int
    term_cell: Int
    term_net: Int
    term_energy: Real
    n_cells: int

    @property
    def of_nets(self) -> Real:
        """(n_net) fJ of a toggle, inside cells too."""
        inside = np.bincount(self.term_net, weights=self.term_energy, minlength=len(self.switching))
        return np.asarray(self.switching + inside)

    def of_cells(self, toggles: Real) -> tuple[Real, Real]:
        """(n_cell) fJ of switching and inside cells for toggles (n_net)."""
        onto = np.bincount(self.driver, weights=self.switching * toggles, minlength=self.n_cells)[: self.n_cells]
        inside = self.term_energy * toggles[self.term_net]
        return onto.astype(np.float64), np.bincount(self.term_cell, weights=inside, minlength=self.n_cells).astype(
            np.float64
        )


class DynamicPower:
    """Dynamic power of one netlist under one activity, for any voltage map, variants and frequency."""

    def __init__(
        self,
        netlist: Netlist,
        technology: Technology,
        wires: Wires | None,
        activity: Activity,
        *,
        slew: Real | Mapping[int, Real] | None = None,
        port_load: Real | None = None,
    ) -> None:
        """Bind netlist, wires and activity.

        Parameters
        ----------
        wires
            None for nets without wire capacitance.
        slew
            (n_pin, 2) ps, rise and fall at each netlist pin, as in a timing state; or one such array per supply index, from
            timing runs with all cells at that supply: each cell then takes the slews of its own supply's run.
        port_load
            (n_port,) fF outside each output port.

        Raises
        ------
        InputError
            If a column has the wrong length.
        """
        if len(activity.toggle_rate) != netlist.n_nets:
            raise InputError(f"the activity has {len(activity.toggle_rate)} nets, {netlist.name} has {netlist.n_nets}")
        self.netlist, self.technology, self.activity = netlist, technology, activity
        self._slew = slew
        self._terms = internal_terms(netlist, activity)
        self._driver = net_driver_cells(netlist)
        self._wire = _wire_capacitance(netlist, wires)
        if port_load is not None:
            outputs = (netlist.port_direction == Direction.OUTPUT) & (netlist.port_net != NO_NET)
            np.add.at(self._wire, netlist.port_net[outputs], port_load[outputs])
        corners = technology.corners
        # As OpenSTA: the larger of the capacitances of a rise and a fall.
        self._pin_cap = np.maximum(corners.pin_cap_rise, corners.pin_cap_fall)
        # An output that has a capacitance loads its own net.
        loads = (netlist.cells.pin_direction == Direction.INPUT) | (self._pin_cap > 0.0).any(axis=0)
        self._sinks = np.flatnonzero((netlist.pin_net != NO_NET) & loads[netlist.pin_type])
        self._sink_net, self._sink_cell = netlist.pin_net[self._sinks], netlist.pin_cell[self._sinks]
        self._sink_type = netlist.pin_type[self._sinks]

    def loads(self, corner: Int) -> Real:
        """(n_net,) capacitance of wires, pins and ports, fF; ``corner`` as from the voltage map and the variants."""
        load = self._wire.copy()
        np.add.at(load, self._sink_net, self._pin_cap[corner[self._sink_cell], self._sink_type])
        return load

    def evaluate(
        self,
        cell_vdd: Int,
        cell_variant: NDArray[np.int8] | None,
        freq_mhz: float,
        *,
        slew: Real | None = None,
        port_vdd: int | None = None,
    ) -> DynamicResult:
        """Dynamic power under one voltage map.

        Parameters
        ----------
        cell_vdd
            (n_cell,) index of each cell's supply in ``technology.vdds``.
        slew
            (n_pin, 2) ps for this map; None takes the one of the constructor.

        Raises
        ------
        InputError
            If the map does not fit the technology, or no slews were given here or before.
        """
        corner = check_map(self.netlist, self.technology, cell_vdd, cell_variant)
        load = self.loads(corner)
        switching, port = self._switching(cell_vdd, load, port_vdd)
        internal = self._internal(corner, load, self._slews_of(cell_vdd, slew))
        scale = freq_mhz * 1e-6  # fJ per cycle times MHz is nW
        return DynamicResult(switching * scale, internal * scale, port * scale)

    def _slews_of(self, cell_vdd: Int, slew: Real | None) -> Real:
        given = self._slew if slew is None else slew
        if given is None:
            raise InputError("internal energy needs pin slews: give those of a timing state (slew=...)")
        if not isinstance(given, Mapping):
            return given
        missing = sorted({int(v) for v in np.unique(cell_vdd)} - set(given))
        if missing:
            raise InputError(
                f"no slews for {self.technology.vdds[missing[0]]:g} V; run the timing with all cells at it"
            )
        pin_vdd = cell_vdd[self.netlist.pin_cell]
        result = np.empty((len(pin_vdd), 2))
        for vdd in np.unique(cell_vdd):
            result[pin_vdd == vdd] = given[int(vdd)][pin_vdd == vdd]
        return result

    def _switching(self, cell_vdd: Int, load: Real, port_vdd: int | None) -> tuple[Real, float]:
        """(n_cell,) fJ per cycle at the driver's swing, and the same for nets of input ports."""
        energy = 0.5 * load * self._swing(cell_vdd, port_vdd) ** 2 * self.activity.toggle_rate
        counted = np.bincount(self._driver, weights=energy, minlength=self.netlist.n_cells + 2)
        by_driver = np.asarray(counted, dtype=np.float64)
        return by_driver[: self.netlist.n_cells], float(by_driver[self.netlist.n_cells])

    def _swing(self, cell_vdd: Int, port_vdd: int | None) -> Real:
        """(n_net,) V, the supply of the driver; 0 where there is none."""
        rail = net_rails(self._driver, cell_vdd, port_rail(self.technology, cell_vdd, port_vdd))
        return np.where(rail >= 0, self.technology.vdds[rail], 0.0)

    def _internal(self, corner: Int, load: Real, slew: Real) -> Real:
        """(n_cell,) fJ per cycle."""
        energy = self._term_energy(corner, load, slew)
        return np.asarray(
            np.bincount(self._terms.cell, weights=energy, minlength=self.netlist.n_cells), dtype=np.float64
        )

    def _term_energy(self, corner: Int, load: Real, slew: Real) -> Real:
        """(n_term,) fJ per cycle."""
        t, c = self._terms, self.technology.corners
        return np.asarray(
            internal_energy(
                t.cell, t.slew_pin, t.load_net, t.opposite, t.table, t.weight, corner, load, slew,
                c.table_x, c.table_nx, c.table_y, c.table_ny, c.table_v, c.pool,
            )
        )  # fmt: skip

    def toggle_energy(
        self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None, *, port_vdd: int | None = None
    ) -> ToggleEnergy:
        """Energy of single toggles under one voltage map; nets that the activity knows no toggle of cost nothing inside cells.

        Raises
        ------
        InputError
            As :meth:`evaluate`.
        """
        corner = check_map(self.netlist, self.technology, cell_vdd, cell_variant)
        load, rate = self.loads(corner), self.activity.toggle_rate
        swing = self._swing(cell_vdd, port_vdd)
        inside = self._term_energy(corner, load, self._slews_of(cell_vdd, None))
        # Hidden power counts toggles of the pin itself.
        net = np.where(self._terms.load_net >= 0, self._terms.load_net, self.netlist.pin_net[self._terms.slew_pin])
        known = np.flatnonzero((net != NO_NET) & (rate[net] > 0.0))
        return ToggleEnergy(
            np.where(self._driver < self.netlist.n_cells, 0.5 * load * swing**2, 0.0),
            self._driver,
            self._terms.cell[known],
            net[known],
            inside[known] / rate[net[known]],
            self.netlist.n_cells,
        )

    def prepare(self, cell_variant: NDArray[np.int8] | None = None, jobs: int = 1) -> PreparedPower:
        """Tabulate the energy of each cell at each supply, for sweeps over voltage maps of the same variants.

        Runs on ``jobs`` threads. Uses the per-supply slews of the constructor; internal energies take loads with all pins at
        the cell's own supply.

        Raises
        ------
        InputError
            If the constructor was not given slews per supply.
        """
        if not isinstance(self._slew, Mapping):
            raise InputError(
                "a sweep needs slews per supply: give DynamicPower a mapping from supply index to pin slews"
            )
        internal = np.full((len(self.technology.vdds), self.netlist.n_cells), np.nan)

        def tabulate(vdd: int, slew: Real) -> None:
            uniform = np.full(self.netlist.n_cells, vdd, dtype=np.int32)
            corner = check_map(self.netlist, self.technology, uniform, cell_variant)
            internal[vdd] = self._internal(corner, self.loads(corner), slew)

        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(tabulate, self._slew.keys(), self._slew.values()))
        variant = self.netlist.cell_variant if cell_variant is None else cell_variant
        return PreparedPower(self, internal, variant)


class PreparedPower:
    """Per-cell energies at each supply: a voltage map costs a gather and a sum."""

    def __init__(self, model: DynamicPower, internal: Real, variant: NDArray[np.int8]) -> None:
        """Keep (n_vdd, n_cell) internal energies, fJ per cycle, of one (n_cell,) assignment of variants."""
        self._model, self._internal, self._variant = model, internal, variant
        rate = model.activity.toggle_rate
        nets = np.flatnonzero((rate > 0.0) & (model._driver < model.netlist.n_cells))
        self._driver = model._driver[nets]
        self._wire_charge = 0.5 * rate[nets] * model._wire[nets]
        row = np.full(model.netlist.n_nets, -1, dtype=np.int64)
        row[nets] = np.arange(len(nets))
        sinks = np.flatnonzero(row[model._sink_net] >= 0)
        self._sinks = sinks[np.argsort(row[model._sink_net[sinks]], kind="stable")]
        self._sink_cell = model._sink_cell[self._sinks]
        self._half_rate = 0.5 * rate[model._sink_net[self._sinks]]
        count = np.bincount(row[model._sink_net[self._sinks]], minlength=len(nets))
        self._sink_ptr = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        # Half the toggles per cycle times the pin's capacitance, fF, by supply and sink; a supply is filled when first used.
        self._charge = np.empty((len(model.technology.vdds), len(self._sinks)))
        self._filled: set[int] = set()

    def evaluate(self, cell_vdd: Int, freq_mhz: float, *, port_vdd: int | None = None) -> tuple[float, float]:
        """Switching and internal power of the design, mW.

        Raises
        ------
        InputError
            If the map does not fit the technology or holds a supply that was not prepared.
        """
        model = self._model
        port = port_rail(model.technology, cell_vdd, port_vdd)
        low, high = (int(cell_vdd.min()), int(cell_vdd.max())) if len(cell_vdd) else (port, port)
        several = True
        if low >= 0 and high < len(model.technology.vdds) and len(cell_vdd) == model.netlist.n_cells:
            self._fill(low)
            self._fill(high)
            switching, internal, several = _gather(
                cell_vdd, low, high, self._internal, self._charge, model.technology.vdds, self._driver,
                self._wire_charge, self._sink_ptr, self._sink_cell,
            )  # fmt: skip
        if several:
            corner = check_map(model.netlist, model.technology, cell_vdd, self._variant)
            switching = model._switching(cell_vdd, model.loads(corner), port)[0].sum()
            internal = self._internal[cell_vdd, np.arange(len(cell_vdd))].sum()
        if not np.isfinite(switching + internal):
            raise InputError("the voltage map holds a supply without prepared slews")
        return float(switching) * freq_mhz * 1e-6, float(internal) * freq_mhz * 1e-6

    @property
    def technology(self) -> Technology:
        """The technology whose supplies are meant."""
        return self._model.technology

    def of_pair(self, low: int, high: int) -> tuple[Real, Real, Int, Real, Int, Int]:
        """What a map of two supplies adds up, for :mod:`finevh.power.tiles.tile_terms`.

        Returns
        -------
        internal, charge, driver, wire_charge, sink_row, sink_cell
            (2, n_cell) internal energy, fJ per cycle; (2, n_sink) half the toggles per cycle times the pin's capacitance, fF;
            (n_net) driving cell and the same charge of the wires; (n_sink) net and cell of each sink.
        """
        self._fill(low)
        self._fill(high)
        sink_row = np.repeat(np.arange(len(self._driver), dtype=np.int32), np.diff(self._sink_ptr))
        rows = [low, high]
        return self._internal[rows], self._charge[rows], self._driver, self._wire_charge, sink_row, self._sink_cell

    def of_cells(self, cell_vdd: Int, freq_mhz: float, *, port_vdd: int | None = None) -> DynamicResult:
        """The same, cell by cell."""
        model = self._model
        corner = check_map(model.netlist, model.technology, cell_vdd, self._variant)
        switching, port = model._switching(cell_vdd, model.loads(corner), port_vdd)
        internal = self._internal[cell_vdd, np.arange(len(cell_vdd))]
        scale = freq_mhz * 1e-6
        return DynamicResult(switching * scale, internal * scale, port * scale)

    def _fill(self, vdd: int) -> None:
        if vdd not in self._filled:
            model = self._model
            # A supply that the variant lacks was not prepared: its internal energy is nan and is refused.
            corner = model.technology.corner_of[self._variant[self._sink_cell], vdd]
            self._charge[vdd] = self._half_rate * model._pin_cap[corner, model._sink_type[self._sinks]]
            self._filled.add(vdd)


def _wire_capacitance(netlist: Netlist, wires: Wires | None) -> Real:
    """(n_net,) fF of the RC trees."""
    if wires is None:
        return np.zeros(netlist.n_nets)
    if len(wires.node_ptr) != netlist.n_nets + 1:
        raise InputError(f"the wires have {len(wires.node_ptr) - 1} nets, {netlist.name} has {netlist.n_nets}")
    running = np.concatenate(([0.0], np.cumsum(wires.node_cap)))
    return running[wires.node_ptr[1:]] - running[wires.node_ptr[:-1]]


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _gather(
    cell_vdd: Int,
    low: int,
    high: int,
    internal: Real,
    charge: Real,
    vdds: Real,
    driver: Int,
    wire_charge: Real,
    sink_ptr: NDArray[np.int64],
    sink_cell: Int,
) -> tuple[float, float, bool]:
    """Switching and internal energy, fJ per cycle; and whether the map holds a third supply."""
    level = np.empty(len(cell_vdd), dtype=np.int8)
    # Rows are reckoned, not chosen: a branch on the map would be mispredicted every other time.
    rise = high - low
    total = 0.0
    for cell in range(len(cell_vdd)):
        level[cell] = cell_vdd[cell] == high
        if cell_vdd[cell] != low and cell_vdd[cell] != high:
            return 0.0, 0.0, True
        total += internal[low + rise * level[cell], cell]
    switching = 0.0
    for net in range(len(driver)):
        moved = wire_charge[net]
        for s in range(sink_ptr[net], sink_ptr[net + 1]):
            moved += charge[low + rise * level[sink_cell[s]], s]
        switching += moved * vdds[low + rise * level[driver[net]]] ** 2
    return switching, total, False
