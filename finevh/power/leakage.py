"""Static power of a netlist whose cells sit on different rails: Eq. 4.3 of the thesis with the cross-voltage look-up table.

Per cell, the sum over input patterns of probability, nominal leakage and derate k. The derate depends on the pattern and on
which of its ones come from another rail, so a pattern is looked up in base three: 0, 1 from the cell's own rail, 1 from the
driver's rail. What the derates add over k = 1 is the interface leakage.

A cell between two supplies can only leak in 2 * 2**n ways, n its state pins: its own supply, and which inputs come from the
other one. Each is summed over the patterns once and kept, so further maps of the same two supplies are a gather.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.power.swing import check_map, net_driver_cells, net_rails, port_rail
from finevh.technology.model import Direction, Index, Int, Real, Technology

__all__ = ["LeakageModel", "LeakageResult"]

_NO_DERATE, _TWO_RAILS, _NO_STATE = 1, 2, 3
"""Why a cell has no leakage."""
_OTHER_SUPPLY, _NOT_SUMMED = 1, 2
"""Why a map is not read from what is kept of a pair of supplies."""
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


class _Cells(NamedTuple):
    """What the kernels read of cells, patterns and the library."""

    ptr: NDArray[np.int64]
    """Patterns by cell, those that occur."""
    pattern: Int
    probability: Real
    state_ptr: NDArray[np.int64]
    """State pins by cell."""
    leak_row: NDArray[np.int64]
    ternary_row: NDArray[np.int64]
    ternary: NDArray[np.int64]
    """Ternary code of each pattern."""
    leakage: Real
    """mW by corner and row of leakage."""
    offset: NDArray[np.int64]
    """First derate by corner and foreign supply, -1 where the pair has none."""
    derate: NDArray[np.float32]
    joint: bool
    """Whether patterns were seen: one without stated leakage is an error then."""


class _Memo(NamedTuple):
    """What is known about the cells between two supplies."""

    ptr: NDArray[np.int64]
    """First slot by cell."""
    corner: Int
    """(2, n_cell) of a cell at the lower and at the higher supply, -1 where the variant has none."""
    supplies: tuple[int, int]
    derated: Real
    """Leakage, mW, by cell, own supply and mask of inputs from the other; nan where not asked for yet."""
    nominal: Real
    """(2 n_cell) the same with k = 1."""


@dataclass(frozen=True)
class _Pair:
    """The cells between two supplies, under one assignment of variants."""

    variant: NDArray[np.int8]
    memo: _Memo


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
        n_state = np.diff(cells.state_ptr)[netlist.cell_type]
        self._state_ptr = np.concatenate(([0], np.cumsum(n_state))).astype(np.int64)
        within = np.arange(self._state_ptr[-1]) - np.repeat(self._state_ptr[:-1], n_state)
        local = cells.state_pin[np.repeat(cells.state_ptr[netlist.cell_type], n_state) + within]
        pin = np.repeat(netlist.pin_ptr[:-1], n_state) + local
        inputs = cells.pin_direction[netlist.pin_type[pin]] == Direction.INPUT
        net = np.where(inputs, netlist.pin_net[pin], NO_NET)
        # A literal constant in the Verilog is tied inside the cell's own tile: full swing.
        self._state_net = np.where((net != NO_NET) & (netlist.net_constant[net] >= 0), NO_NET, net).astype(np.int32)
        self._driver = net_driver_cells(netlist)
        # A pin that nothing drives, or a constant, is taken from the cell's own rail: as if the cell drove it.
        driver = np.where(self._state_net == NO_NET, netlist.n_cells + 1, self._driver[self._state_net])
        own = np.repeat(np.arange(netlist.n_cells), n_state)
        self._state_source = np.where(driver > netlist.n_cells, own, driver).astype(np.int32)
        self._memo_ptr = 2 * activity.pattern_ptr
        offset, derate = self._derates()
        self._cells = _Cells(
            *_occurring(activity.pattern_ptr, activity.pattern_probability),
            self._state_ptr,
            cells.leak_ptr[netlist.cell_type],
            cells.ternary_ptr[netlist.cell_type],
            _ternary_code(int(n_state.max(initial=0))),
            technology.corners.leakage,
            offset,
            derate,
            activity.joint,
        )
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
        corner = check_map(self.netlist, self.technology, cell_vdd, cell_variant)
        rail = net_rails(self._driver, cell_vdd, port)
        total, nominal = np.empty(self.netlist.n_cells), np.empty(self.netlist.n_cells)
        status = np.zeros(2, dtype=np.int64)
        _leakage(
            self._cells, self._state_net, np.asarray(cell_vdd, dtype=np.int32), corner, rail, total, nominal, status
        )
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
        memo = self._pair(low, high, variant).memo
        total, nominal = np.empty(n), np.empty(n)
        supplies = np.asarray(cell_vdd, dtype=np.int32)
        columns = self._state_ptr, memo, self._state_source, supplies, port, total, nominal
        reason = _leakage_of_pair(*columns)
        if reason == _NOT_SUMMED:
            _fill_pair(self._cells, memo)
            reason = _leakage_of_pair(*columns)
        return LeakageResult(total, nominal) if reason == 0 else None

    def _pair(self, low: int, high: int, variant: NDArray[np.int8]) -> _Pair:
        found = self._pairs.get((low, high))
        if found is None or not np.array_equal(found.variant, variant):
            technology, n = self.technology, self.netlist.n_cells
            known = (variant >= 0) & (variant < len(technology.variants))
            corner = np.where(known, technology.corner_of[np.where(known, variant, 0)][:, [low, high]].T, -1)
            empty = np.full(int(self._memo_ptr[-1]), np.nan)
            memo = _Memo(self._memo_ptr, corner.astype(np.int32), (low, high), empty, np.full(2 * n, np.nan))
            found = _Pair(variant.copy(), memo)
            # The dictionary is replaced, not changed: other threads may be reading it.
            others = [item for item in self._pairs.items() if item[0] != (low, high)]
            self._pairs = dict([*others[1 - _KEPT_PAIRS :], ((low, high), found)])
        return found

    def of_pair(
        self, low: int, high: int, cell_variant: NDArray[np.int8]
    ) -> tuple[Real, Real, NDArray[np.int64], NDArray[np.int64], Int]:
        """Leakage of every cell in each way that it can leak between two supplies, for :mod:`finevh.power.tiles.tile_terms`.

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
        memo = self._pair(low, high, cell_variant).memo
        wrong = _fill_pair(self._cells, memo)
        if wrong >= 0:
            name = self.netlist.instance_names[wrong]
            supplies = " and ".join(f"{self.technology.vdds[i]:g} V" for i in (low, high))
            raise InputError(f"{name}: technology {self.technology.name} has no leakage between {supplies}")
        return memo.derated, memo.nominal, self._memo_ptr, self._state_ptr, self._state_source

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


# Columns by name: out of their tuple once a kernel, for each reach into it counts a reference.
@callee()
def _sum(
    begin: Index,
    end: Index,
    pattern: Int,
    probability: Real,
    leakage: Real,
    row: Index,
    ternary: NDArray[np.int64],
    foreign: Index,
    derate: NDArray[np.float32],
    block: Index,
    joint: bool,
) -> tuple[int, float, float]:
    """Status, derated and nominal leakage, mW, of one cell; ``leakage`` of its corner, ``foreign`` the inputs from the other
    rail.
    """
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
                return _NO_DERATE, 0.0, 0.0
            derated += base * k  # Eq. 4.3
    if unstated > 0.0:
        if joint or unstated > 1.0 - 1e-12:
            return _NO_STATE, 0.0, 0.0
        plain /= 1.0 - unstated
        derated /= 1.0 - unstated
    return 0, derated, plain


@kernel(nogil=True)
def _leakage(
    cells: _Cells,
    state_net: Int,
    vdd: Int,
    corner: Int,
    rail: Int,
    total: Real,
    nominal: Real,
    status: NDArray[np.int64],
) -> None:
    """Leakage of all cells of a map of any number of supplies; ``status`` is the reason and the cell where there is none."""
    ptr, pattern, probability, state_ptr, leak_row, ternary_row, ternary, leakage, offset, derate, joint = cells
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
                        status[0] = _TWO_RAILS
                        status[1] = cell
                        return
                    other = r
                    foreign |= bit
            bit <<= 1
        c = corner[cell]
        block = -1
        if foreign != 0:
            if offset[c, other] < 0:
                status[0] = _NO_DERATE
                status[1] = cell
                return
            block = offset[c, other] + ternary_row[cell]
        wrong, total[cell], nominal[cell] = _sum(
            ptr[cell], ptr[cell + 1], pattern, probability, leakage[c], leak_row[cell], ternary, foreign, derate, block, joint
        )  # fmt: skip
        if wrong:
            status[0] = wrong
            status[1] = cell
            return


@kernel(nogil=True)
def _leakage_of_pair(
    state_ptr: NDArray[np.int64], memo: _Memo, state_source: Int, vdd: Int, port: int, total: Real, nominal: Real
) -> int:
    """Leakage of all cells of a map of two supplies from what is known; returns 0 or why that does not suffice."""
    slots, _, (low, high), derated, plain = memo
    n = len(vdd)
    level = np.empty(n + 1, dtype=np.int8)
    level[n] = port == high
    for cell in range(n):
        level[cell] = vdd[cell] == high
        if vdd[cell] != low and vdd[cell] != high:
            return _OTHER_SUPPLY
    for cell in range(n):
        own = np.int64(level[cell])
        foreign = np.int64(0)
        first, end = state_ptr[cell], state_ptr[cell + 1]
        for s in range(first, end):
            foreign |= (level[state_source[s]] ^ own) << (s - first)
        slot = slots[cell] + (own << (end - first)) + foreign
        if np.isnan(derated[slot]):
            return _NOT_SUMMED
        total[cell] = derated[slot]
        nominal[cell] = plain[2 * cell + own]
    return 0


@kernel(nogil=True)
def _fill_pair(cells: _Cells, memo: _Memo) -> int:
    """Leakage of all cells in all ways between two supplies; returns a cell that lacks one, or -1."""
    ptr, pattern, probability, state_ptr, leak_row, ternary_row, ternary, leakage, offset, derate, joint = cells
    slots, corner, supplies, derated, nominal = memo
    lacking = -1
    for cell in range(len(leak_row)):
        n = state_ptr[cell + 1] - state_ptr[cell]
        for own in range(2):
            c = corner[own, cell]
            if c < 0:
                lacking = cell
                continue
            first = offset[c, supplies[1 - own]]
            for foreign in range(1 << n):
                slot = slots[cell] + (own << n) + foreign
                if not np.isnan(derated[slot]):
                    continue
                if foreign != 0 and first < 0:
                    lacking = cell
                    continue
                block = first + ternary_row[cell] if foreign != 0 else 0
                wrong, with_derates, plain = _sum(
                    ptr[cell], ptr[cell + 1], pattern, probability, leakage[c], leak_row[cell], ternary, foreign, derate,
                    block, joint,
                )  # fmt: skip
                if wrong:
                    lacking = cell
                    continue
                # Before the value that others test: threads may share the memory.
                nominal[2 * cell + own] = plain
                derated[slot] = with_derates
    return lacking
