"""Slew behind a wire from its Elmore delay: Kashyap's PERI."""

from __future__ import annotations

from finevh.base.callee import callee
from finevh.timing.sweep.lanes import Number, root


@callee(forceinline=True, error_model="numpy")
def step_slew(slew: Number, elmore: Number, spread: float) -> Number:
    """Slew, ps, at a sink: the wire's step response adds to the driver's transition in squares (Kashyap et al., TAU 2002).

    ``elmore`` ps from the driver to the sink, ``spread`` the time between the slew thresholds of an exponential of unit time
    constant.
    """
    step = spread * elmore
    return root(slew * slew + step * step)
