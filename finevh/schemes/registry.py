"""The schemes of the thesis by design."""

from __future__ import annotations

from collections.abc import Sequence

from finevh.schemes.dithering import VddDithering
from finevh.schemes.dvfs_and_hopping import SingleVoltageScheme
from finevh.schemes.fine_vh import FineVh
from finevh.schemes.scheme import Scheme
from finevh.schemes.voltage_curve import Curve


def schemes_of(curve: Curve, delta_vdd: Sequence[float], selectors: Sequence[str]) -> list[Scheme]:
    """Return the schemes of the thesis on one design: hopping, dithering and FINE-VH at each delta-Vdd, V.

    Ideal-DVFS is :class:`finevh.schemes.SingleVoltageScheme` on ``curve`` itself, at the curve's own frequencies.
    """
    result: list[Scheme] = []
    widest = max(delta_vdd, default=0.0)
    for delta in delta_vdd:
        coarse = curve.coarser(delta)
        result += [SingleVoltageScheme("vdd-hopping", coarse, delta), VddDithering(coarse, delta, widest)]
        result += [FineVh(coarse, delta, selector, widest) for selector in selectors]
    return result
