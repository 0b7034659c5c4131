"""Static power of a netlist whose cells sit on different rails: Eq. 4.3 of the thesis with the cross-voltage look-up table.

Per cell, the sum over input patterns of probability, nominal leakage and derate k. The derate depends on the pattern and on
which of its ones come from another rail, so a pattern is looked up in base three: 0, 1 from the cell's own rail, 1 from the
driver's rail. What the derates add over k = 1 is the interface leakage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.power.rails import check_map, net_driver_cells, net_rails, port_rail
from finevh.technology.model import Direction, Int, Real, Technology

__all__ = ["LeakageModel", "LeakageResult"]

_ABSENT, _TWO_RAILS, _NO_STATE = 1, 2, 3


@dataclass(frozen=True)
class LeakageResult:
    """Leakage of every cell under one voltage map, mW."""

    cell: Real
    """(n_cell,) sum over patterns of P * L * k."""
    nominal: Real
    """(n_cell,) the same with k = 1: all inputs at full swing."""

    @property
    def total(self) -> float:
        """Leakage of the design, mW."""
        return float(self.cell.sum())

    @property
    def interface(self) -> Real:
        """(n_cell,) leakage above (below, where negative) the same cell with full-swing inputs."""
        return self.cell - self.nominal

    @property
    def total_interface(self) -> float:
        """Interface leakage of the design, mW; contained in ``total``."""
        return float(self.cell.sum() - self.nominal.sum())


class LeakageModel:
    """Leakage of one netlist under one activity, for any voltage map and variant assignment.

    Exact in the look-up table for any number of voltages in the map, as long as the low- or high-swing inputs of one cell all
    come from one other rail. A cell with inputs from two foreign rails has no entry in the table: that is an error, because a
    product of two derates is no bound (derates below one exist).

    A pattern for which the library states no leakage cannot be reached in the cell. Where an observed activity holds one, that
    is an error; where patterns are products of net probabilities, they are taken given that the pattern exists.
    """

    def __init__(self, netlist: Netlist, technology: Technology, activity: Activity) -> None:
        """Keep the patterns that occur and the pins that make them.

        Raises
        ------
        InputError
            If the activity belongs to another netlist.
        """
        if len(activity.pattern_ptr) != netlist.n_cells + 1:
            raise InputError(
                f"the activity has {len(activity.pattern_ptr) - 1} cells, {netlist.name} {netlist.n_cells}"
            )
        self.netlist = netlist
        self.technology = technology
        cells = netlist.cells
        self._ptr, self._pattern, self._probability = _occurring(activity.pattern_ptr, activity.pattern_probability)
        self._leak_row = cells.leak_ptr[netlist.cell_type]
        self._ternary_row = cells.ternary_ptr[netlist.cell_type]
        n_state = np.diff(cells.state_ptr)[netlist.cell_type]
        self._state_ptr = np.concatenate(([0], np.cumsum(n_state))).astype(np.int64)
        within = np.arange(self._state_ptr[-1]) - np.repeat(self._state_ptr[:-1], n_state)
        local = cells.state_pin[np.repeat(cells.state_ptr[netlist.cell_type], n_state) + within]
        pin = np.repeat(netlist.pin_ptr[:-1], n_state) + local
        inputs = cells.pin_direction[netlist.pin_type[pin]] == Direction.INPUT
        net = np.where(inputs, netlist.pin_net[pin], NO_NET)
        # A literal constant in the Verilog is tied inside the cell's own tile: full swing.
        self._state_net = np.where((net != NO_NET) & (netlist.net_constant[net] >= 0), NO_NET, net).astype(np.int32)
        self._joint = activity.joint
        self._driver = net_driver_cells(netlist)
        self._ternary = _ternary_code(int(n_state.max(initial=0)))

    def evaluate(
        self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None = None, port_vdd: int | None = None
    ) -> LeakageResult:
        """Leakage under one voltage map (Eq. 4.3).

        Parameters
        ----------
        cell_vdd
            (n_cell,) index of each cell's supply in ``technology.vdds``.
        cell_variant
            (n_cell,) variant of each cell, the netlist's own if None.
        port_vdd
            Index of the supply behind the input ports; None takes the highest of the map.

        Raises
        ------
        InputError
            If the map has the wrong length or an unknown index, if the table lacks a pair of voltages that a cell meets, or
            if the inputs of one cell come from two foreign rails.
        """
        technology = self.technology
        corner = check_map(self.netlist, technology, cell_vdd, cell_variant)
        rail = net_rails(self._driver, cell_vdd, port_rail(technology, cell_vdd, port_vdd))
        cross = technology.cross
        offset = np.full((1, 1), -1, dtype=np.int64) if cross is None else cross.leakage_offset
        derate = np.zeros(0, dtype=np.float32) if cross is None else cross.leakage_k
        total, nominal = np.empty(self.netlist.n_cells), np.empty(self.netlist.n_cells)
        status = np.zeros(2, dtype=np.int64)
        _leakage(
            self._ptr, self._pattern, self._probability, self._state_ptr, self._state_net, self._leak_row, self._ternary_row,
            self._ternary, np.asarray(cell_vdd, dtype=np.int32), corner, rail, technology.corners.leakage, offset, derate,
            cross is not None, self._joint, total, nominal, status,
        )  # fmt: skip
        if status[0]:
            self._refuse(int(status[0]), int(status[1]), cell_vdd, rail)
        return LeakageResult(total, nominal)

    def evaluate_batch(
        self, maps: Int, cell_variant: NDArray[np.int8] | None = None, port_vdd: int | None = None
    ) -> tuple[Real, Real]:
        """Total and interface leakage, mW, of many maps.

        Parameters
        ----------
        maps
            (n_map, n_cell) supply indices.

        Returns
        -------
        total, interface
            (n_map,) each.
        """
        results = [self.evaluate(row, cell_variant, port_vdd) for row in maps]
        return np.array([r.total for r in results]), np.array([r.total_interface for r in results])

    def _refuse(self, reason: int, cell: int, cell_vdd: Int, rail: Int) -> None:
        netlist, vdds = self.netlist, self.technology.vdds
        nets = self._state_net[self._state_ptr[cell] : self._state_ptr[cell + 1]]
        rails = sorted({float(vdds[rail[n]]) for n in nets if n >= 0 and rail[n] >= 0})
        name, cell_name = netlist.instance_names[cell], netlist.cells.names[netlist.cell_type[cell]]
        own = f"{name} ({cell_name}) at {vdds[cell_vdd[cell]]:g} V with inputs from {', '.join(f'{v:g} V' for v in rails)}"
        if reason == _TWO_RAILS:
            raise InputError(f"{own}: two foreign rails at one cell have no leakage derate; use two voltages per map")
        if reason == _NO_STATE:
            raise InputError(
                f"{name} ({cell_name}): the library states no leakage for a pattern that occurs; complete it"
            )
        raise InputError(
            f"{own}: technology {self.technology.name} has no leakage derates for this pair; characterize it"
        )


def _occurring(ptr: NDArray[np.int64], probability: Real) -> tuple[NDArray[np.int64], Int, Real]:
    """Drop patterns of probability zero: CSR pointer, pattern numbers, probabilities."""
    keep = np.flatnonzero(probability > 0.0)
    cell = np.searchsorted(ptr, keep, side="right") - 1
    count = np.bincount(cell, minlength=len(ptr) - 1)
    return (
        np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        (keep - ptr[cell]).astype(np.int32),
        probability[keep],
    )


def _ternary_code(n: int) -> NDArray[np.int64]:
    """(2**n,) sum of 3**j over the set bits j of a pattern: adding the code of the foreign ones makes digit 2 of digit 1."""
    code = np.zeros(1, dtype=np.int64)
    for j in range(n):
        code = np.concatenate((code, code + 3**j))
    return code


@numba.njit(cache=True)
def _leakage(  # type: ignore[no-untyped-def]
    ptr, pattern, probability, state_ptr, state_net, leak_row, ternary_row, ternary, vdd, corner, rail, leakage, offset, derate,
    has_cross, joint, total, nominal, status,
):  # fmt: skip
    for cell in range(len(vdd)):
        own = vdd[cell]
        foreign = 0
        other = -1
        bit = 1
        for s in range(state_ptr[cell], state_ptr[cell + 1]):
            net = state_net[s]
            if net >= 0:
                r = rail[net]
                if r >= 0 and r != own:
                    if other >= 0 and r != other:
                        status[0] = 2
                        status[1] = cell
                        return
                    other = r
                    foreign |= bit
            bit <<= 1
        c = corner[cell]
        row = leak_row[cell]
        block = -1
        if foreign != 0:
            if not has_cross or offset[c, other] < 0:
                status[0] = 1
                status[1] = cell
                return
            block = offset[c, other] + ternary_row[cell]
        plain, derated, unstated = 0.0, 0.0, 0.0
        for p in range(ptr[cell], ptr[cell + 1]):
            code = pattern[p]
            base = probability[p] * leakage[c, row + code]
            if base != base:
                unstated += probability[p]
                continue
            plain += base
            if code & foreign == 0:
                derated += base
            else:
                k = derate[block + ternary[code] + ternary[code & foreign]]
                if k != k:
                    status[0] = 1
                    status[1] = cell
                    return
                derated += base * k  # Eq. 4.3
        if unstated > 0.0:
            if joint or unstated > 1.0 - 1e-12:
                status[0] = 3
                status[1] = cell
                return
            plain /= 1.0 - unstated
            derated /= 1.0 - unstated
        total[cell] = derated
        nominal[cell] = plain
