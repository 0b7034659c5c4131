"""Switching activity of a netlist: toggles per net and joint pin-pattern probabilities per cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Real

__all__ = ["Activity", "activity_from_patterns", "activity_from_probabilities", "merge_activities", "pattern_offsets"]

_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Activity:
    """What a workload does to the nets and cells of one netlist.

    A toggle is a change between the settled values before and after a clock edge, or, where ``glitch_rate`` is there, any change.
    """

    toggle_rate: Real
    """(n_net,) toggles per clock cycle; a running clock net has 2."""
    probability: Real
    """(n_net,) fraction of time at logic 1."""
    pattern_ptr: NDArray[np.int64]
    """(n_cell + 1,) CSR into ``pattern_probability``: 2**n values per cell, n its number of leakage state pins."""
    pattern_probability: Real
    """Fraction of time in each pattern; bit j of a pattern is ``CellTable.state_pin[j]``. Sums to 1 per cell."""
    cycles: float
    """Clock cycles observed; 0 where the activity is propagated, not observed."""
    joint: bool
    """True where the patterns were observed, False where they are products of net probabilities."""
    toggles: NDArray[np.int64] | None = None
    """(n_net,) exact counts where the activity was simulated."""
    glitch_rate: Real | None = None
    """(n_net,) toggles per clock cycle beyond the settled ones, contained in ``toggle_rate``; None where not simulated."""

    def without_glitches(self) -> Activity:
        """The settled toggles alone."""
        if self.glitch_rate is None:
            return self
        rate = self.toggle_rate - self.glitch_rate
        toggles = None if self.toggles is None else np.rint(rate * self.cycles).astype(np.int64)
        return replace(self, toggle_rate=rate, toggles=toggles, glitch_rate=None)


def pattern_offsets(netlist: Netlist) -> NDArray[np.int64]:
    """Return the (n_cell + 1,) CSR pointer of leakage patterns per instance."""
    n_state = np.diff(netlist.cells.state_ptr)[netlist.cell_type]
    return np.concatenate(([0], np.cumsum(np.int64(1) << n_state.astype(np.int64)))).astype(np.int64)


def activity_from_probabilities(
    netlist: Netlist, probability: Real, toggle_rate: Real, *, cycles: float = 0.0
) -> Activity:
    """Make an activity whose cell patterns are products of net probabilities (pins taken as independent).

    Parameters
    ----------
    probability
        (n_net,) fraction of time at logic 1.
    toggle_rate
        (n_net,) toggles per clock cycle.
    """
    offsets = pattern_offsets(netlist)
    cells = netlist.cells
    patterns = np.empty(offsets[-1])
    pin_probability = np.where(netlist.pin_net == NO_NET, 0.0, probability[np.maximum(netlist.pin_net, 0)])
    for kind in np.unique(netlist.cell_type):
        rows = np.flatnonzero(netlist.cell_type == kind)
        pins = cells.state_pin[cells.state_ptr[kind] : cells.state_ptr[kind + 1]]
        product = np.ones((len(rows), 1))
        for local in pins:
            p = pin_probability[netlist.pin_ptr[rows] + local][:, None]
            # Later pins have the higher bits: the block with the new bit set follows the block with it clear.
            product = np.concatenate((product * (1.0 - p), product * p), axis=1)
        patterns[offsets[rows][:, None] + np.arange(product.shape[1])] = product
    return Activity(
        np.asarray(toggle_rate, dtype=float), np.asarray(probability, dtype=float), offsets, patterns, cycles, False
    )


def merge_activities(activities: Sequence[Activity]) -> Activity:
    """Average activities of one netlist over time: several programs run one after the other, weighted with their cycles.

    Raises
    ------
    InputError
        If there is none, one was not observed, they belong to different netlists, or some have glitches and some have not.
    """
    if not activities:
        raise InputError("no activity to merge; give at least one")
    first = activities[0]
    for other in activities:
        if other.cycles <= 0.0:
            raise InputError("an activity without cycles (propagated, not observed) cannot be averaged over time")
        if not np.array_equal(other.pattern_ptr, first.pattern_ptr) or len(other.toggle_rate) != len(first.toggle_rate):
            raise InputError("activities of different netlists cannot be merged")
    cycles = sum(a.cycles for a in activities)
    counted = [a.toggles for a in activities if a.toggles is not None]
    glitches = [a.glitch_rate * a.cycles for a in activities if a.glitch_rate is not None]
    if 0 < len(glitches) < len(activities):
        raise InputError("activities with glitches and without cannot be merged")
    return Activity(
        toggle_rate=np.sum([a.toggle_rate * a.cycles for a in activities], axis=0) / cycles,
        probability=np.sum([a.probability * a.cycles for a in activities], axis=0) / cycles,
        pattern_ptr=first.pattern_ptr,
        pattern_probability=np.sum([a.pattern_probability * a.cycles for a in activities], axis=0) / cycles,
        cycles=cycles,
        joint=all(a.joint for a in activities),
        toggles=np.sum(counted, axis=0) if len(counted) == len(activities) else None,
        glitch_rate=np.sum(glitches, axis=0) / cycles if glitches else None,
    )


def activity_from_patterns(netlist: Netlist, patterns: Mapping[str, Mapping[str, float]]) -> Activity:
    """Make an activity from known pattern probabilities, for leakage.

    Parameters
    ----------
    patterns
        Per instance, per pattern (one 0 or 1 per leakage state pin, in the order of the library) its probability.

    Returns
    -------
    Activity
        Without toggles; net probabilities are nan where no pattern names the net.

    Raises
    ------
    InputError
        If an instance with state pins is missing or unknown, a pattern has the wrong length, or probabilities do not sum to 1.
    """
    cells = netlist.cells
    offsets = pattern_offsets(netlist)
    probability = np.zeros(offsets[-1])
    net_probability = np.full(netlist.n_nets, np.nan)
    unknown = sorted(set(patterns) - set(netlist.instance_names))
    if unknown:
        raise InputError(f"'{unknown[0]}' is no instance of {netlist.name}")
    for cell, name in enumerate(netlist.instance_names):
        kind = int(netlist.cell_type[cell])
        pins = cells.state_pin[cells.state_ptr[kind] : cells.state_ptr[kind + 1]]
        given = patterns.get(name, {"": 1.0} if len(pins) == 0 else None)
        if given is None:
            raise InputError(f"instance {name} has no pattern probabilities; give one for each pattern that occurs")
        for pattern, value in given.items():
            if len(pattern) != len(pins) or set(pattern) - {"0", "1"}:
                names = ", ".join(cells.pins(kind)[p] for p in pins)
                raise InputError(f"instance {name}: pattern '{pattern}' is not one 0 or 1 for each of {names}")
            probability[offsets[cell] + sum(int(bit) << j for j, bit in enumerate(pattern))] += value
        if abs(sum(given.values()) - 1.0) > _SUM_TOLERANCE:
            raise InputError(f"instance {name}: probabilities sum to {sum(given.values()):g}, not 1")
        for j, pin in enumerate(pins):
            net = int(netlist.pin_net[netlist.pin_ptr[cell] + pin])
            if net != NO_NET:
                net_probability[net] = sum(value for pattern, value in given.items() if pattern[j] == "1")
    return Activity(np.zeros(netlist.n_nets), net_probability, offsets, probability, 0.0, True)
