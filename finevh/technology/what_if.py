"""A technology as it might be, its leakage scaled: what a result would be in another leakage regime, never a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from finevh.errors import InputError
from finevh.technology.model import Real, Technology

_SAME = 1e-6  # V, between two differences of supplies


@dataclass(frozen=True)
class WhatIf:
    """What is changed.

    Attributes
    ----------
    leakage : leakage of every cell over the library's.
    bias_leaves : share of its leakage that a cell keeps under the strongest variant of a set; None: as characterised.
    interface : (difference of supplies, V; leakage of an inverter driven from that much below its own supply over that with
        full-swing inputs, mean over the supplies), ascending; none: as characterised.
    """

    leakage: float = 1.0
    bias_leaves: float | None = None
    interface: tuple[tuple[float, float], ...] = ()

    @property
    def text(self) -> str:
        """What is changed, in a few words: the mark of everything that depends on it."""
        parts = [] if self.leakage == 1.0 else [f"leakage x {self.leakage:g}"]
        if self.bias_leaves is not None:
            parts.append(f"the strongest bias leaves {self.bias_leaves:g} of it")
        parts += [f"interface factor {k:g} at {1000 * delta:g} mV" for delta, k in self.interface]
        return "what if: " + ", ".join(parts or ["nothing changed"])


def with_what_if(technology: Technology, what: WhatIf, sets: Sequence[Sequence[str]]) -> Technology:
    """Return the technology with its leakage changed; delays and energies stay.

    Parameters
    ----------
    sets
        Names of the variants of each set, without the unbiased one. The strongest of a set is the one with the least leakage;
        a weaker one keeps the same power of what it is left as it has of the strongest's by characterisation.

    Raises
    ------
    InputError
        If the technology has no cross-voltage tables, or no inverter, for interface factors that are asked for.
    """
    leakage = technology.corners.leakage * what.leakage
    if what.bias_leaves is not None:
        leakage = _with_bias(technology, leakage, what.bias_leaves, sets)
    changed = replace(technology, corners=replace(technology.corners, leakage=leakage))
    return _with_interface(changed, what.interface) if what.interface else changed


def _with_bias(technology: Technology, leakage: Real, leaves: float, sets: Sequence[Sequence[str]]) -> Real:
    found, of = leakage.copy(), technology.corner_of
    names = [variant.name for variant in technology.variants]
    total = np.nansum(leakage, axis=1)
    for members in sets:
        rows = [names.index(name) for name in members if name in names]
        for vdd in range(len(technology.vdds)):
            corners = {row: int(of[row, vdd]) for row in rows if of[row, vdd] >= 0}
            base = int(of[0, vdd])
            if base < 0 or not corners:
                continue
            strength = {row: np.log(total[corner] / total[base]) for row, corner in corners.items()}
            strongest = min(strength.values())
            if strongest >= 0.0:
                continue
            for row, corner in corners.items():
                found[corner] = leakage[base] * leaves ** (strength[row] / strongest)
    return found


def inverter_factor(technology: Technology, delta: float) -> float:
    """Geometric mean, over the supplies, of an inverter's leakage with its input at 1 from ``delta`` V below over full swing.

    Raises
    ------
    InputError
        If the technology has no inverter or no such pair of supplies.
    """
    cross, cells = technology.cross, technology.cells
    inverter = next((cells.index[n] for n in technology.roles.get("inverter", ()) if n in cells.index), None)
    if cross is None or inverter is None:
        raise InputError(
            f"technology '{technology.name}': interface factors need cross-voltage tables and a cell of role 'inverter'"
        )
    code = int(cells.ternary_ptr[inverter]) + 2
    vdds, logs = technology.vdds, []
    for own, vdd in enumerate(vdds):
        for driver in np.flatnonzero(np.abs(vdd - vdds - delta) < _SAME).tolist():
            row = int(technology.corner_of[0, own])
            if row >= 0 and cross.leakage_offset[row, driver] >= 0:
                logs.append(np.log(float(cross.leakage_k[int(cross.leakage_offset[row, driver]) + code])))
    if not logs:
        raise InputError(f"technology '{technology.name}' has no pair of supplies {1000 * delta:g} mV apart")
    return float(np.exp(np.mean(logs)))


def _with_interface(technology: Technology, wanted: tuple[tuple[float, float], ...]) -> Technology:
    """Raise every factor above one to the power that takes the inverter's to the wanted one; between differences it is linear."""
    cross = technology.cross
    power = [np.log(k) / np.log(inverter_factor(technology, delta)) for delta, k in wanted]
    assert cross is not None
    factors, count = cross.leakage_k.copy(), int(technology.cells.ternary_ptr[-1])
    done: set[int] = set()
    for row, vdd in enumerate(technology.corners.vdd.tolist()):
        for driver, other in enumerate(technology.vdds.tolist()):
            start = int(cross.leakage_offset[row, driver])
            if start < 0 or vdd - other < _SAME or start in done:
                continue
            done.add(start)
            exponent = float(np.interp(vdd - other, [delta for delta, _ in wanted], power))
            block = factors[start : start + count]
            factors[start : start + count] = np.where(block > 1.0, block**exponent, block)
    return replace(technology, cross=replace(cross, leakage_k=factors))
