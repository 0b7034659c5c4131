"""Global placement by electrostatics: cells are charges that repel each other while their nets pull them together.

Source: J. Lu et al., "ePlace: Electrostatics-Based Placement Using Fast Fourier Transform and Nesterov's Method", ACM TODAES
20(2), 2015. Wirelength is smoothed by weighted averages (M.-K. Hsu et al., "TSV-aware analytical placement for 3D IC designs",
DAC 2011). Poisson's equation is solved by cosine transforms, so nothing leaves the core. Lengths are in bins throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.fft

from finevh.base.kernel import kernel
from finevh.technology.model import Int, Real

STOP = 0.10
"""Share of the charge above its bin's target at which cells are spread: detailed placement then changes no wire by a per cent."""
_GROWTH = 1.05
"""Of the repulsion from step to step while wires do not grow. 1.08 and 1.1 take a third fewer steps for 1 to 4 % more wire."""
_SHRINK = 0.95
_CHANGE = 0.01
"""Growth of the wires in one step that leaves the repulsion as it is."""
_FIRST = 0.1
"""Repulsion at first, as a share of what balances the wires. At 1 cells leave the middle before nets have sorted them, for a
tenth more wire; at 0.01 a hundred steps pass before anything moves."""
_STUCK = 60
"""Steps without less overlap after which it is taken as it is: short rows cannot be filled to the target everywhere."""
_LIMIT = 1500  # steps
_TRIALS = 4  # step sizes tried per step
_SPARE = 0.02
"""Share of the room that is left free; what else cells leave free is filled by charges without nets, that keep cells together."""


@kernel(nogil=True, error_model="numpy")
def wire_slope(ptr: Int, node: Int, weight: Real, x: Real, gamma: float, scratch: Real, slope: Real) -> float:
    """Slope (n_node) of the wirelength along one axis, smoothed over ``gamma`` bins; returns the weighed length itself."""
    slope[:] = 0.0
    total = 0.0
    inverse = 1.0 / gamma
    for net in range(len(ptr) - 1):
        start, stop = ptr[net], ptr[net + 1]
        low = high = x[node[start]]
        for p in range(start + 1, stop):
            low = min(low, x[node[p]])
            high = max(high, x[node[p]])
        total += weight[net] * (high - low)
        up = up_x = down = down_x = 0.0
        # What a pin counts for at both ends has one product: one exponential per inner pin, where that does not vanish.
        span = math.exp((low - high) * inverse)
        for p in range(start, stop):
            v = x[node[p]]
            to_high = 1.0 if v == high else span if v == low else math.exp((v - high) * inverse)
            to_low = span / to_high if span > 1e-200 else math.exp((low - v) * inverse)
            scratch[0, p - start] = to_high
            scratch[1, p - start] = to_low
            up += to_high
            up_x += to_high * v
            down += to_low
            down_x += to_low * v
        high, low = up_x / up, down_x / down
        for p in range(start, stop):
            v = x[node[p]]
            rise = scratch[0, p - start] / up * (1.0 + (v - high) * inverse)
            fall = scratch[1, p - start] / down * (1.0 - (v - low) * inverse)
            slope[node[p]] += weight[net] * (rise - fall)
    return total


@kernel(nogil=True, error_model="numpy")
def add_charge(x: Real, y: Real, half_w: Real, half_h: Real, scale: Real, charge: Real) -> None:
    """Add rectangles around centres, of ``scale`` per area, to the bins (n_x, n_y) that they lie on."""
    for i in range(len(half_w)):
        x0, x1, y0, y1 = x[i] - half_w[i], x[i] + half_w[i], y[i] - half_h[i], y[i] + half_h[i]
        for a in range(max(int(x0), 0), min(int(x1), charge.shape[0] - 1) + 1):
            across = (min(x1, a + 1.0) - max(x0, float(a))) * scale[i]
            for b in range(max(int(y0), 0), min(int(y1), charge.shape[1] - 1) + 1):
                charge[a, b] += across * (min(y1, b + 1.0) - max(y0, float(b)))


@kernel(nogil=True, error_model="numpy")
def take_force(
    x: Real, y: Real, half_w: Real, half_h: Real, scale: Real, rise_x: Real, rise_y: Real, force: Real
) -> None:
    """Slope of the potential times charge at every rectangle, along x then y (2 n); as :func:`add_charge` laid them."""
    n = len(half_w)
    for i in range(n):
        x0, x1, y0, y1 = x[i] - half_w[i], x[i] + half_w[i], y[i] - half_h[i], y[i] + half_h[i]
        along_x = along_y = 0.0
        for a in range(max(int(x0), 0), min(int(x1), rise_x.shape[0] - 1) + 1):
            across = (min(x1, a + 1.0) - max(x0, float(a))) * scale[i]
            for b in range(max(int(y0), 0), min(int(y1), rise_x.shape[1] - 1) + 1):
                area = across * (min(y1, b + 1.0) - max(y0, float(b)))
                along_x += area * rise_x[a, b]
                along_y += area * rise_y[a, b]
        force[i] = along_x
        force[n + i] = along_y


@kernel(nogil=True, error_model="numpy")
def _move(
    u: Real, v: Real, slope: Real, step: float, push: float, low: Real, high: Real, to: tuple[Real, Real]
) -> float:
    """One step of Nesterov's method inside the core: from (u, v) to the pair ``to``; the squared way from v to its second."""
    to_u, to_v = to
    total = 0.0
    for i in range(len(v)):
        to_u[i] = min(max(v[i] - step * slope[i], low[i]), high[i])
        to_v[i] = min(max(to_u[i] + push * (to_u[i] - u[i]), low[i]), high[i])
        total += (to_v[i] - v[i]) ** 2
    return total


@kernel(nogil=True, error_model="numpy")
def _combine(wire: Real, force: Real, pins: Real, charge: Real, strength: float, before: Real, slope: Real) -> float:
    """Slope of wirelength and repulsion by what resists in a node, its nets and its charge; squared change from ``before``."""
    total = 0.0
    for i in range(len(slope)):
        slope[i] = (wire[i] + strength * force[i]) / max(pins[i] + strength * charge[i], 1e-3)
        total += (slope[i] - before[i]) ** 2
    return total


@dataclass(frozen=True)
class Problem:
    """Cells, nets over cells and then ports in CSR form, and the room of each bin. Lengths in bins from the core's corner."""

    ptr: Int
    """(n_net + 1) rows of ``node``; each net has two nodes or more."""
    node: Int
    weight: Real
    """(n_net) what a net's length counts for."""
    width: Real
    """(n_cell) as they shall be packed, and so ``height``."""
    height: Real
    room: Real
    """(n_x, n_y) share of each bin that cells may take."""
    port_x: Real
    """(n_port) where the ports are, and so ``port_y``."""
    port_y: Real


@dataclass(frozen=True)
class Moment:
    """After a step: centres of the cells (n_cell) in bins, and the share of charge that is still above its bin's target."""

    x: Real
    y: Real
    overlap: float


Watch = Callable[[Moment], bool]
"""Called after each step; whether it gave the nets other weights."""


class Spreading:
    """Cells from the core's middle to where they are spread evenly over the room.

    Parameters
    ----------
    problem
        What is placed.
    seed
        Of the places at first, scattered about the middle: another one gives another layout, as good on average.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        n, (n_x, n_y) = len(problem.width), problem.room.shape
        room = float(problem.room.sum())
        area = problem.width * problem.height
        spare = (1.0 - _SPARE) * room - float(area.sum())
        fillers = int(spare / area.mean()) if n and spare > _SPARE * room else 0
        width, height = (
            np.concatenate([v, np.full(fillers, v.mean() if n else 1.0)]) for v in (problem.width, problem.height)
        )
        self.n, self.m = n, n + fillers
        charge = width * height
        self._target = float(charge.sum()) / room
        # A cell narrower than a bin is smeared over it: its force would jump from bin to bin.
        wide, tall = np.maximum(width, math.sqrt(2.0)), np.maximum(height, math.sqrt(2.0))
        self._half_w, self._half_h, self._scale = wide / 2, tall / 2, charge / (wide * tall)
        self._charge = np.tile(charge, 2)
        self._blocked = (1.0 - problem.room) * self._target
        self._low = np.concatenate([self._half_w, self._half_h])
        self._high = np.maximum(np.concatenate([n_x - self._half_w, n_y - self._half_h]), self._low)
        rng = np.random.default_rng(seed)
        first = [
            np.concatenate([size / 2 + rng.normal(0.0, 0.01 * size, n), rng.uniform(0.0, size, fillers)])
            for size in (n_x, n_y)
        ]
        self._at = np.clip(np.concatenate(first), self._low, self._high)
        self._node = np.where(problem.node >= n, problem.node + fillers, problem.node).astype(np.int32)
        self._scratch = np.empty((2, int(np.diff(problem.ptr).max(initial=1))))
        wave = [np.pi * np.arange(size) / size for size in (n_x, n_y)]
        square = wave[0][:, None] ** 2 + wave[1] ** 2
        square[0, 0] = np.inf  # the mean of the charge pushes nowhere
        self._inverse = 1.0 / square
        self.weigh(problem.weight)

    def weigh(self, weight: Real) -> None:
        """Give the nets other weights, (n_net)."""
        self._weight = weight
        pins = np.bincount(self._node, np.repeat(weight, np.diff(self.problem.ptr)), self.m + len(self.problem.port_x))
        self._pins = np.tile(pins[: self.m].astype(np.float64), 2)

    def _wires(self, at: Real, gamma: float) -> tuple[float, Real]:
        """Weighed wirelength and its slope (2 m)."""
        total, slopes = 0.0, []
        for v, port in ((at[: self.m], self.problem.port_x), (at[self.m :], self.problem.port_y)):
            slope = np.empty(self.m + len(port))
            x = np.concatenate([v, port])
            total += wire_slope(self.problem.ptr, self._node, self._weight, x, gamma, self._scratch, slope)
            slopes.append(slope[: self.m])
        return total, np.concatenate(slopes)

    def _repulsion(self, at: Real) -> tuple[float, Real]:
        """Share of the charge above its bin's target, and the slope of the energy (2 m)."""
        x, y = at[: self.m], at[self.m :]
        density = self._blocked.copy()
        add_charge(x, y, self._half_w, self._half_h, self._scale, density)
        over = float(np.maximum(density - self._target, 0.0).sum() / max(self._charge.sum() / 2, 1e-30))
        waves = scipy.fft.dctn(density, type=2, norm="ortho") * self._inverse
        potential = scipy.fft.idctn(waves, type=2, norm="ortho")
        rise_x, rise_y = np.gradient(potential)
        force = np.empty(2 * self.m)
        take_force(x, y, self._half_w, self._half_h, self._scale, rise_x, rise_y, force)
        return over, force

    def run(self, stop: float = STOP, watch: Watch = lambda moment: False) -> tuple[Real, Real]:
        """Return the centres of the cells, (n_cell) each, in bins."""
        if not self.n:
            return np.zeros(0), np.zeros(0)
        u, v = self._at, self._at.copy()
        slope, next_slope, next_u, next_v = (np.zeros(2 * self.m) for _ in range(4))
        over, force = self._repulsion(v)
        length, wire = self._wires(v, _smoothing(over))
        strength = _FIRST * _ratio(wire, force)
        _combine(wire, force, self._pins, self._charge, strength, slope, slope)
        step = 0.1 * _smoothing(over) / max(float(abs(slope).max()), 1e-30)
        best, best_at, momentum = over, 0, 1.0
        for number in range(1, _LIMIT + 1):
            gamma = _smoothing(over)
            next_momentum = (1.0 + math.sqrt(4.0 * momentum**2 + 1.0)) / 2.0
            push, before = (momentum - 1.0) / next_momentum, length
            for _ in range(_TRIALS):
                way = _move(u, v, slope, step, push, self._low, self._high, (next_u, next_v))
                length, wire = self._wires(next_v, gamma)
                over, force = self._repulsion(next_v)
                turn = _combine(wire, force, self._pins, self._charge, strength, slope, next_slope)
                # The inverse Lipschitz constant as found; a step much longer than that is taken again.
                found, step = step, math.sqrt(way / max(turn, 1e-30))
                if step >= 0.95 * found:
                    break
            u, next_u, v, next_v, momentum = next_u, u, next_v, v, next_momentum
            if over < 0.998 * best:
                best, best_at = over, number
            if over < stop or (number - best_at > _STUCK and best < 0.5):
                break
            if watch(Moment(v[: self.n], v[self.m : self.m + self.n], over)):
                length, wire = self._wires(v, gamma)
                before = length
            strength *= min(max(_GROWTH ** (1.0 - (length / max(before, 1e-30) - 1.0) / _CHANGE), _SHRINK), _GROWTH)
            _combine(wire, force, self._pins, self._charge, strength, next_slope, slope)
        return v[: self.n].copy(), v[self.m : self.m + self.n].copy()


def _smoothing(over: float) -> float:
    """Bins over which wirelength is smoothed: 25 while all cells are in the middle, 0.4 when they are spread."""
    return float(4.0 * 10.0 ** ((over - 0.1) * 20.0 / 9.0 - 1.0))


def _ratio(wire: Real, force: Real) -> float:
    """Pull of the wires over repulsion; one where either is nothing."""
    pull, push = float(abs(wire).sum()), float(abs(force).sum())
    return pull / push if pull > 0.0 and push > 0.0 else 1.0
