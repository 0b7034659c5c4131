"""Static power of a netlist whose cells sit on different rails: Eq. 4.3 of the thesis with the cross-voltage look-up table.

Per cell, the sum over input patterns of probability, nominal leakage and derate k. The derate depends on the pattern and on
which of its ones come from another rail, so a pattern is looked up in base three: 0, 1 from the cell's own rail, 1 from the
driver's rail. What the derates add over k = 1 is the interface leakage.

A cell between two supplies can only leak in 2 * 2**n ways, n its state pins: its own supply, and which inputs come from the
other one. Each is summed over the patterns once and kept, so further maps of the same two supplies are a gather.
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

_TWO_RAILS, _NO_STATE = 2, 3  # 1: no derate; 4: not for the kept pairs
_KEPT_PAIRS = 6  # pairs of supplies remembered: the intervals of a 100 mV and a 200 mV grid over 0.6 to 1.0 V


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


@dataclass(frozen=True)
class _Pair:
    """What is known about the cells between two supplies, under one assignment of variants."""

    variant: NDArray[np.int8]
    corner: Int
    """(2, n_cell) of a cell at the lower and at the higher supply, -1 where the variant has none."""
    derated: Real
    """Leakage, mW, by cell, own supply and mask of inputs from the other; nan where not asked for yet."""
    nominal: Real
    """(2 n_cell) the same with k = 1."""


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
        # A pin that nothing drives, or a constant, is taken from the cell's own rail: as if the cell drove it.
        driver = np.where(self._state_net == NO_NET, netlist.n_cells + 1, self._driver[self._state_net])
        own = np.repeat(np.arange(netlist.n_cells), n_state)
        self._state_source = np.where(driver > netlist.n_cells, own, driver).astype(np.int32)
        self._memo_ptr = 2 * activity.pattern_ptr
        self._pairs: dict[tuple[int, int], _Pair] = {}

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
        port = port_rail(self.technology, cell_vdd, port_vdd)
        kept = self._gather(cell_vdd, self.netlist.cell_variant if cell_variant is None else cell_variant, port)
        return self._sum_patterns(cell_vdd, cell_variant, port) if kept is None else kept

    def _sum_patterns(self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None, port: int) -> LeakageResult:
        """Any number of supplies; says what is wrong with a map."""
        technology = self.technology
        corner = check_map(self.netlist, technology, cell_vdd, cell_variant)
        rail = net_rails(self._driver, cell_vdd, port)
        offset, derate = self._derates()
        total, nominal = np.empty(self.netlist.n_cells), np.empty(self.netlist.n_cells)
        status = np.zeros(2, dtype=np.int64)
        _leakage(
            self._ptr, self._pattern, self._probability, self._state_ptr, self._state_net, self._leak_row,
            self._ternary_row, self._ternary, np.asarray(cell_vdd, dtype=np.int32), corner, rail,
            technology.corners.leakage, offset, derate, self._joint, total, nominal, status,
        )  # fmt: skip
        if status[0]:
            self._refuse(int(status[0]), int(status[1]), cell_vdd, rail)
        return LeakageResult(total, nominal)

    def _gather(self, cell_vdd: Int, variant: NDArray[np.int8], port: int) -> LeakageResult | None:
        """Two supplies, from what is kept; None where the map has one or several, or anything is wrong with it."""
        n = self.netlist.n_cells
        if len(cell_vdd) != n or len(variant) != n or n == 0:
            return None
        low, high = min(port, int(cell_vdd.min())), max(port, int(cell_vdd.max()))
        if low == high or low < 0 or high >= len(self.technology.vdds):
            return None
        pair = self._pair(low, high, variant)
        offset, derate = self._derates()
        total, nominal = np.empty(n), np.empty(n)
        status = np.zeros(2, dtype=np.int64)
        _leakage_of_pair(
            self._ptr, self._pattern, self._probability, self._state_ptr, self._state_source, self._memo_ptr,
            self._leak_row, self._ternary_row, self._ternary, np.asarray(cell_vdd, dtype=np.int32), low, high, port,
            pair.corner, self.technology.corners.leakage, offset, derate, self._joint, pair.derated, pair.nominal,
            total, nominal, status,
        )  # fmt: skip
        return None if status[0] else LeakageResult(total, nominal)

    def _pair(self, low: int, high: int, variant: NDArray[np.int8]) -> _Pair:
        found = self._pairs.get((low, high))
        if found is None or not np.array_equal(found.variant, variant):
            technology, n = self.technology, self.netlist.n_cells
            known = (variant >= 0) & (variant < len(technology.variants))
            corner = np.where(known, technology.corner_of[np.where(known, variant, 0)][:, [low, high]].T, -1)
            empty = np.full(int(self._memo_ptr[-1]), np.nan)
            found = _Pair(variant.copy(), corner.astype(np.int32), empty, np.full(2 * n, np.nan))
            # The dictionary is replaced, not changed: other threads may be reading it.
            others = [item for item in self._pairs.items() if item[0] != (low, high)]
            self._pairs = dict([*others[1 - _KEPT_PAIRS :], ((low, high), found)])
        return found

    def of_pair(
        self, low: int, high: int, cell_variant: NDArray[np.int8]
    ) -> tuple[Real, Real, NDArray[np.int64], NDArray[np.int64], Int]:
        """Leakage of every cell in each way that it can leak between two supplies, for :mod:`finevh.power.tile_terms`.

        Returns
        -------
        derated, nominal, memo_ptr, state_ptr, source
            mW by ``memo_ptr[cell] + (own << n) + mask``, own supply 0 or 1 and the mask of the ``n`` inputs from the other one;
            mW by ``2 cell + own`` with full-swing inputs; (n_state) driving cell of each state pin, ``n_cell`` for a port.

        Raises
        ------
        InputError
            If a cell has no leakage in one of these ways.
        """
        pair = self._pair(low, high, cell_variant)
        offset, derate = self._derates()
        wrong = _fill_pair(
            self._ptr, self._pattern, self._probability, self._state_ptr, self._memo_ptr, self._leak_row,
            self._ternary_row, self._ternary, low, high, pair.corner, self.technology.corners.leakage, offset, derate,
            self._joint, pair.derated, pair.nominal,
        )  # fmt: skip
        if wrong >= 0:
            name = self.netlist.instance_names[wrong]
            supplies = " and ".join(f"{self.technology.vdds[i]:g} V" for i in (low, high))
            raise InputError(f"{name}: technology {self.technology.name} has no leakage between {supplies}")
        return pair.derated, pair.nominal, self._memo_ptr, self._state_ptr, self._state_source

    def _derates(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cross = self.technology.cross
        if cross is None:
            shape = (len(self.technology.corners.vdd), len(self.technology.vdds))
            return np.full(shape, -1, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return cross.leakage_offset, cross.leakage_k

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


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def _sum(
    begin: int,
    end: int,
    pattern: Int,
    probability: Real,
    leakage: Real,
    row: int,
    ternary: NDArray[np.int64],
    foreign: int | np.int64,
    derate: NDArray[np.float32],
    block: int,
    joint: bool,
) -> tuple[int, float, float]:
    """Status, derated and nominal leakage of one cell; ``leakage`` of its corner, ``foreign`` the inputs from the other rail."""
    plain, derated, unstated = 0.0, 0.0, 0.0
    for p in range(begin, end):
        code = pattern[p]
        base = probability[p] * leakage[row + code]
        if base != base:
            unstated += probability[p]
            continue
        plain += base
        if code & foreign == 0:
            derated += base
        else:
            k = derate[block + ternary[code] + ternary[code & foreign]]
            if k != k:
                return 1, 0.0, 0.0
            derated += base * k  # Eq. 4.3
    if unstated > 0.0:
        if joint or unstated > 1.0 - 1e-12:
            return 3, 0.0, 0.0
        plain /= 1.0 - unstated
        derated /= 1.0 - unstated
    return 0, derated, plain


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def _leakage(
    ptr: NDArray[np.int64],
    pattern: Int,
    probability: Real,
    state_ptr: NDArray[np.int64],
    state_net: Int,
    leak_row: NDArray[np.int64],
    ternary_row: NDArray[np.int64],
    ternary: NDArray[np.int64],
    vdd: Int,
    corner: Int,
    rail: Int,
    leakage: Real,
    offset: NDArray[np.int64],
    derate: NDArray[np.float32],
    joint: bool,
    total: Real,
    nominal: Real,
    status: NDArray[np.int64],
) -> None:
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
        block = -1
        if foreign != 0:
            if offset[c, other] < 0:
                status[0] = 1
                status[1] = cell
                return
            block = offset[c, other] + ternary_row[cell]
        wrong, total[cell], nominal[cell] = _sum(
            ptr[cell],
            ptr[cell + 1],
            pattern,
            probability,
            leakage[c],
            leak_row[cell],
            ternary,
            foreign,
            derate,
            block,
            joint,
        )
        if wrong:
            status[0] = wrong
            status[1] = cell
            return


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def _leakage_of_pair(
    ptr: NDArray[np.int64],
    pattern: Int,
    probability: Real,
    state_ptr: NDArray[np.int64],
    state_source: Int,
    memo_ptr: NDArray[np.int64],
    leak_row: NDArray[np.int64],
    ternary_row: NDArray[np.int64],
    ternary: NDArray[np.int64],
    vdd: Int,
    low: int,
    high: int,
    port: int,
    corner: Int,
    leakage: Real,
    offset: NDArray[np.int64],
    derate: NDArray[np.float32],
    joint: bool,
    memo: Real,
    plain_memo: Real,
    total: Real,
    nominal: Real,
    status: NDArray[np.int64],
) -> None:
    n = len(vdd)
    supply = (low, high)
    level = np.empty(n + 1, dtype=np.int8)
    level[n] = port == high
    for cell in range(n):
        level[cell] = vdd[cell] == high
        if vdd[cell] != low and vdd[cell] != high:
            status[0] = 4
            return
    for cell in range(n):
        own = np.int64(level[cell])
        foreign = np.int64(0)
        first, end = state_ptr[cell], state_ptr[cell + 1]
        for s in range(first, end):
            foreign |= (level[state_source[s]] ^ own) << (s - first)
        slot = memo_ptr[cell] + (own << (end - first)) + foreign
        if np.isnan(memo[slot]):
            c = corner[own, cell]
            block = 0
            if c < 0 or (foreign != 0 and offset[c, supply[1 - own]] < 0):
                status[0] = 4
                return
            if foreign != 0:
                block = offset[c, supply[1 - own]] + ternary_row[cell]
            wrong, derated, plain = _sum(
                ptr[cell],
                ptr[cell + 1],
                pattern,
                probability,
                leakage[c],
                leak_row[cell],
                ternary,
                foreign,
                derate,
                block,
                joint,
            )
            if wrong:
                status[0] = 4
                return
            # Before the value that others test: threads may share the memory.
            plain_memo[2 * cell + own] = plain
            memo[slot] = derated
        total[cell] = memo[slot]
        nominal[cell] = plain_memo[2 * cell + own]


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True)
def _fill_pair(
    ptr: NDArray[np.int64],
    pattern: Int,
    probability: Real,
    state_ptr: NDArray[np.int64],
    memo_ptr: NDArray[np.int64],
    leak_row: NDArray[np.int64],
    ternary_row: NDArray[np.int64],
    ternary: NDArray[np.int64],
    low: int,
    high: int,
    corner: Int,
    leakage: Real,
    offset: NDArray[np.int64],
    derate: NDArray[np.float32],
    joint: bool,
    memo: Real,
    plain_memo: Real,
) -> int:
    """Leakage of all cells in all ways between two supplies; returns a cell that has none, or -1."""
    supply = (low, high)
    for cell in range(len(leak_row)):
        n = state_ptr[cell + 1] - state_ptr[cell]
        for own in range(2):
            c = corner[own, cell]
            if c < 0:
                return cell
            for foreign in range(1 << n):
                slot = memo_ptr[cell] + (own << n) + foreign
                if not np.isnan(memo[slot]):
                    continue
                block = 0
                if foreign != 0:
                    if offset[c, supply[1 - own]] < 0:
                        return cell
                    block = offset[c, supply[1 - own]] + ternary_row[cell]
                wrong, derated, plain = _sum(
                    ptr[cell], ptr[cell + 1], pattern, probability, leakage[c], leak_row[cell], ternary, foreign, derate,
                    block, joint,
                )  # fmt: skip
                if wrong:
                    return cell
                # Before the value that others test: threads may share the memory.
                plain_memo[2 * cell + own] = plain
                memo[slot] = derated
    return -1
