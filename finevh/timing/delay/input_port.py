"""Delay and slew of an input port: given, or those of a driving cell."""

from __future__ import annotations

from finevh.base.callee import callee
from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import pair
from finevh.timing.sweep.lanes import Number, Width, lane, spread, with_lane


@callee(error_model="numpy")
def driven_port(
    record: Int, axes: Real, table: Real, rec: Index, slew_in: float, slew: Number, load: Number, width: Width
) -> tuple[Number, Number]:
    """Delay and slew, ps, that the net of an input port adds.

    ``rec`` is the record of a driving cell's arc, -1 where the slew is given: ``slew``. A driving cell adds what its delay at
    ``load``, fF, exceeds that without load, as set_driving_cell asks; ``slew_in`` is the slew, ps, at its input.
    """
    delay, out = spread(0.0, width), spread(slew, width)
    if rec >= 0:
        for k in range(len(width)):
            loaded, transition = pair(record, axes, table, rec, slew_in, lane(load, k), False)
            unloaded, _ = pair(record, axes, table, rec, slew_in, 0.0, False)
            delay = with_lane(delay, k, loaded - unloaded)
            out = with_lane(out, k, max(transition, 0.0))
    return delay, out


@callee(forceinline=True, error_model="numpy")
def behind_port(elmore: Number, slew: Number, ln2: float, spread: float) -> tuple[Number, Number]:
    """Delay and slew, ps, at a sink behind a port: the net's time constant shapes an exponential, as in OpenSTA."""
    return ln2 * elmore, slew + spread * elmore
