"""Delay of an arc whose input swings to another rail than its cell's: the characterised shift and slew factor.

A shift, ps, is added to the delay and goes on linearly beyond its axes, as delays do; a factor multiplies the output slew and
holds its ends (:class:`finevh.technology.model.CrossVoltage`).
"""

from __future__ import annotations

from finevh.base.callee import callee
from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import pair


@callee(forceinline=True, error_model="numpy")
def cross_derate(
    cross_record: Int, axes: Real, table: Real, cross: Index, slew: float, load: float
) -> tuple[float, float]:
    """Shift of the delay, ps, and factor on the output slew, of a record of the derates."""
    return pair(cross_record, axes, table, cross, slew, load, True)


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def derated(
    record: Int, cross_record: Int, axes: Real, table: Real, rec: Index, cross: Index, slew: float, load: float
) -> tuple[float, float]:
    """Delay and output slew, ps, of a record of an arc; derated by record ``cross`` unless that is negative: one rail."""
    delay, out = pair(record, axes, table, rec, slew, load, False)
    if cross >= 0:
        shift, factor = cross_derate(cross_record, axes, table, cross, slew, load)
        delay += shift
        out *= factor
    return delay, out
