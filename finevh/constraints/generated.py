"""Waveforms of generated clocks from those of their masters, as OpenSTA makes them."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.constraints.model import Clock, Objects
from finevh.constraints.values import TclError


@dataclass(frozen=True)
class Recipe:
    """How a clock is made of another: exactly one of ``divide_by``, ``multiply_by`` and ``edges``."""

    divide_by: int = 0
    multiply_by: int = 0
    duty_cycle: float = 0.0
    """Percent of the period that the clock is high; 0: as the master."""
    edges: tuple[int, ...] = ()
    edge_shift: tuple[float, ...] = ()
    """ps."""
    invert: bool = False


def _scaled(master: Clock, scale: float, duty_cycle: float) -> tuple[float, float, float]:
    """Period, rise and fall of a master with its times multiplied."""
    period, rise = master.period * scale, master.rise * scale
    return period, rise, rise + period * duty_cycle / 100 if duty_cycle else master.fall * scale


def _by_edges(master: Clock, recipe: Recipe) -> tuple[float, float, float]:
    if len(recipe.edges) != 3 or sorted(set(recipe.edges)) != list(recipe.edges) or recipe.edges[0] < 1:
        raise TclError("-edges takes three edges of the master in rising order, as in {1 3 5}")
    if recipe.edge_shift and len(recipe.edge_shift) != 3:
        raise TclError("-edge_shift takes three times")
    shifts = recipe.edge_shift or (0.0, 0.0, 0.0)
    times = [
        (master.fall if (e - 1) % 2 else master.rise) + (e - 1) // 2 * master.period + shift
        for e, shift in zip(recipe.edges, shifts, strict=True)
    ]
    period = times[2] - times[0]
    if not (times[0] < times[1] < times[2]):
        raise TclError("-edges and -edge_shift leave no clock")
    return period, times[0], times[1]


def generate(name: str, master: Clock, recipe: Recipe, sources: tuple[Objects, ...], add: bool, where: str) -> Clock:
    """Make a generated clock.

    Division by a power of two starts at a rising edge of the master and has equal halves; by another number, as
    multiplication, it scales the master's waveform.

    Raises
    ------
    TclError
        If the recipe is none.
    """
    chosen = [bool(recipe.divide_by), bool(recipe.multiply_by), bool(recipe.edges)]
    if sum(chosen) > 1:
        raise TclError("takes one of -divide_by, -multiply_by and -edges")
    if not any(chosen) and not recipe.invert:
        raise TclError("takes one of -divide_by, -multiply_by, -edges, -combinational and -invert")
    divide = recipe.divide_by or (0 if any(chosen) else 1)
    if recipe.duty_cycle and not 0 < recipe.duty_cycle < 100:
        raise TclError("-duty_cycle is a percentage")
    if recipe.duty_cycle and recipe.edges:
        raise TclError("-edges says when the clock falls; -duty_cycle does not go with it")
    if recipe.edges:
        period, rise, fall = _by_edges(master, recipe)
    elif recipe.multiply_by:
        period, rise, fall = _scaled(master, 1.0 / recipe.multiply_by, recipe.duty_cycle)
    elif divide == 1 and not recipe.duty_cycle:
        period, rise, fall = master.period, master.rise, master.fall
    elif divide & (divide - 1) == 0:
        period, rise = master.period * divide, master.rise
        fall = rise + period * (recipe.duty_cycle or 50) / 100
    else:
        period, rise, fall = _scaled(master, divide, recipe.duty_cycle)
    if recipe.invert:
        rise, fall = fall, rise + period
        if rise >= period:
            rise, fall = rise - period, fall - period
    return Clock(
        name, period, rise, fall, sources, propagated=master.propagated, master=master.name, inverted=recipe.invert, add=add,
        where=where,
    )  # fmt: skip
