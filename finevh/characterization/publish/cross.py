"""Records of all corners in, the columns of the cross-voltage file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.cells.topology import Topology
from finevh.characterization.publish.liberty import stored_output
from finevh.characterization.record import CellRecord, CrossDelay
from finevh.errors import InputError
from finevh.technology.cross import CrossFile
from finevh.technology.model import Sense
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["cross_from_records"]

FloatArray = NDArray[np.float64]
Records = Mapping[tuple[str, float, str], CellRecord]
"""Records by (variant, Vdd, cell)."""

_SENSE = {"positive_unate": Sense.POSITIVE, "negative_unate": Sense.NEGATIVE, "non_unate": Sense.NON_UNATE}
_DIGITS = 10
"""Mantissa bits kept in the file: a rounding of at most 0.05 %, below the accuracy of a simulation, compresses well."""


def cross_from_records(
    records: Records, supplies: Mapping[str, Sequence[float]], topologies: Mapping[str, Topology], span: float
) -> CrossFile:
    """Collect the cross-voltage columns.

    ``supplies``: per variant, where it was characterised; the first variant has them all, others stay nan where they have not.

    Every pair of different supplies up to ``span`` apart is stored. Crossed delays are simulated at some of them; between,
    the shift (and the log of the slew factor) is the polynomial in the driver's Vdd through the simulated rails of the
    same cell Vdd, of which the own rail (shift 0) is one.

    Raises
    ------
    InputError
        If a record is missing.
    """
    cells = tuple(dict.fromkeys(cell for _, _, cell in records))
    _check_complete(records, supplies, cells)
    columns = _Columns(records, supplies, topologies, cells, span)
    for v, variant in enumerate(supplies):
        for c, vdd in enumerate(columns.rails.tolist()):
            if vdd in supplies[variant]:
                for f, cell in enumerate(cells):
                    columns.take(v, c, f, records[variant, vdd, cell])
    return columns.file(tuple(supplies))


def _check_complete(records: Records, supplies: Mapping[str, Sequence[float]], cells: Sequence[str]) -> None:
    for variant, vdds in supplies.items():
        for vdd in vdds:
            for cell in cells:
                if (variant, vdd, cell) not in records:
                    raise InputError(f"no record of {cell} ({variant}, {vdd:g} V); characterise it first")


_Key = tuple[int, str, str, Sense, int]
"""A crossed edge: family, related pin, pin, sense, and 0 for a rising output."""


def _keyed(family: int, record: CellRecord) -> dict[_Key, CrossDelay]:
    return {
        (family, item.related_pin, item.pin, _SENSE[item.sense], 0 if item.edge == "rise" else 1): item
        for item in record.cross_delay
    }


class _Columns:
    """The values of the file as they are filled record by record; nan where nothing was characterised."""

    def __init__(
        self,
        records: Records,
        supplies: Mapping[str, Sequence[float]],
        topologies: Mapping[str, Topology],
        cells: tuple[str, ...],
        span: float,
    ) -> None:
        variants = list(supplies)
        self.cells, self.topologies = cells, topologies
        self.rails = rails = np.array(sorted(supplies[variants[0]]))
        self.pairs = [
            (c, d)
            for c in range(rails.size)
            for d in range(rails.size)
            if c != d and abs(rails[c] - rails[d]) <= span + VOLTAGE_TOLERANCE
        ]
        first = {cell: records[variants[0], float(rails[-1]), cell] for cell in cells}
        self.pins = tuple(_state_pins(first[cell], topologies[cell]) for cell in cells)
        self.pointer = np.concatenate([[0], np.cumsum([3 ** len(names) for names in self.pins])]).astype(np.int64)
        self.arcs = [key for f, cell in enumerate(cells) for key in _keyed(f, first[cell])]
        shape, n, m = first_shape(first), len(variants), len(self.pairs)
        self.leakage = np.full((n, m, int(self.pointer[-1])), np.nan)
        self.shift, self.factor = (np.full((n, m, len(self.arcs), *shape), np.nan) for _ in range(2))
        self.slew = np.full((n, rails.size, len(self.arcs), shape[0]), np.nan)
        self.load = np.full((n, rails.size, len(self.arcs), shape[1]), np.nan)
        self.low, self.high = (np.full((n, rails.size, len(cells)), np.nan) for _ in range(2))

    def take(self, v: int, c: int, f: int, record: CellRecord) -> None:
        """Fill what one record says: variant, supply and family by position."""
        drivers = [(p, float(self.rails[driver])) for p, (own, driver) in enumerate(self.pairs) if own == c]
        derates = _leakage_derates(record, self.topologies[self.cells[f]], self.pins[f])
        for p, rail in drivers:
            row = _rail(record.cross_leakage[0].driver_vdd, rail, record)
            self.leakage[v, p, self.pointer[f] : self.pointer[f + 1]] = derates[row]
        if record.noise:
            self.low[v, c, f] = min(item.v_il for item in record.noise)
            self.high[v, c, f] = max(item.v_ih for item in record.noise)
        crossed = _keyed(f, record)
        for a, key in enumerate(self.arcs):
            if key[0] != f:
                continue
            item, n_slew, n_load = crossed[key], self.slew.shape[-1], self.load.shape[-1]
            self.slew[v, c, a], self.load[v, c, a] = _widen(item.slew_ps, n_slew), _widen(item.load_ff, n_load)
            for p, rail in drivers:
                self.shift[v, p, a], self.factor[v, p, a] = (
                    _bilinear(item, table, self.slew[v, c, a], self.load[v, c, a])
                    for table in _delay_derates(item, float(self.rails[c]), rail)
                )

    def file(self, variants: tuple[str, ...]) -> CrossFile:
        """Return the columns, rounded as the file holds them."""
        return CrossFile(
            variants=variants,
            vdds=self.rails,
            pair_cell=np.array([c for c, _ in self.pairs], dtype=np.int32),
            pair_driver=np.array([d for _, d in self.pairs], dtype=np.int32),
            families=self.cells,
            state_pins=self.pins,
            leakage_ptr=self.pointer,
            leakage_k=_round(self.leakage),
            arc_family=np.array([a[0] for a in self.arcs], dtype=np.int32),
            arc_related=tuple(a[1] for a in self.arcs),
            arc_pin=tuple(a[2] for a in self.arcs),
            arc_sense=np.array([a[3] for a in self.arcs], dtype=np.int8),
            arc_edge=np.array([a[4] for a in self.arcs], dtype=np.int8),
            slew_ps=self.slew.astype(np.float32),
            load_ff=self.load.astype(np.float32),
            delay_shift_ps=_round(self.shift),
            slew_factor=_round(self.factor),
            v_il=self.low,
            v_ih=self.high,
        )


def first_shape(first: Mapping[str, CellRecord]) -> tuple[int, int]:
    """Shape of the largest small table, (n_slew, n_load)."""
    items = [item for record in first.values() for item in record.cross_delay]
    return max((i.slew_ps.size for i in items), default=1), max((i.load_ff.size for i in items), default=1)


def _widen(axis: FloatArray, size: int) -> FloatArray:
    """Return an axis with points added in the middle of its widest gaps: tables of all arcs have one shape in the file."""
    while axis.size < size:
        if axis.size == 1:
            axis = np.append(axis, 2 * axis)
            continue
        i = int(np.argmax(np.diff(axis)))
        axis = np.insert(axis, i + 1, 0.5 * (axis[i] + axis[i + 1]))
    return axis


def _bilinear(item: CrossDelay, table: FloatArray, slew: FloatArray, load: FloatArray) -> FloatArray:
    """Read a table of an item at a wider table's points, which stand on its bilinear surface."""
    across = np.array([np.interp(slew, item.slew_ps, unit) for unit in np.eye(item.slew_ps.size)])
    along = np.array([np.interp(load, item.load_ff, unit) for unit in np.eye(item.load_ff.size)])
    found: FloatArray = across.T @ table @ along
    return found


def _round(values: FloatArray) -> NDArray[np.float32]:
    """Round to a few mantissa bits."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2.0**_DIGITS) / 2.0**_DIGITS, exponent).astype(np.float32)


def _rail(rails: FloatArray, vdd: float, record: CellRecord) -> int:
    i = int(np.argmin(np.abs(rails - vdd)))
    if abs(float(rails[i]) - vdd) > VOLTAGE_TOLERANCE:
        raise InputError(
            f"record of {record.cell} ({record.variant}, {record.vdd:g} V) has no leakage with a driver at "
            f"{vdd:g} V; characterise it again"
        )
    return i


def _state_pins(record: CellRecord, topology: Topology) -> tuple[str, ...]:
    """Pins of the leakage state: the inputs, then the output that shows a stored bit."""
    stored = (stored_output(topology),) if topology.sequential is not None else ()
    return record.inputs + stored


def _leakage_derates(record: CellRecord, topology: Topology, pins: tuple[str, ...]) -> FloatArray:
    """Derates k by (driver rail, ternary code over ``pins``).

    The stored bit's digit is 0 or 1 (2 means the same as 1: an output stands on the own rail). A state that the inputs
    exclude (a latch while it is transparent) takes the value of the one they force.
    """
    by_bit = {item.internal: item.derate() for item in record.cross_leakage}
    if topology.sequential is None:
        return by_bit[-1]
    some = next(iter(by_bit.values()))
    empty = np.full(some.shape, np.nan)
    zero, one = by_bit.get(0, empty), by_bit.get(1, empty)
    zero, one = np.where(np.isnan(zero), one, zero), np.where(np.isnan(one), zero, one)
    return np.concatenate([zero, one, one], axis=1)


def _delay_derates(item: CrossDelay, vdd: float, driver: float) -> tuple[FloatArray, FloatArray]:
    """Shift, ps, and slew factor at a driver's rail, (n_slew, n_load): simulated, or the polynomial through those."""
    shift, ratio = item.shift_ps(vdd), np.log(item.slew_ratio(vdd))
    i = int(np.argmin(np.abs(item.driver_vdd - driver)))
    if abs(float(item.driver_vdd[i]) - driver) <= VOLTAGE_TOLERANCE:
        return shift[i], np.exp(ratio[i])
    weights = np.array(
        [
            np.prod([(driver - other) / (rail - other) for other in item.driver_vdd if other != rail])
            for rail in item.driver_vdd
        ]
    )
    return np.tensordot(weights, shift, axes=1), np.exp(np.tensordot(weights, ratio, axes=1))
