"""Three-stage poly-bias assignment: interface cells with slack to spare become low-leakage variants.

A timed netlist comes in, the variant of each instance goes out. Thesis section 4.1.2, Fig. 4.6: stages in the order of
decreasing bias; a stage considers the cells whose slack exceeds S_th = d_avg * alpha_sd (Eq. 4.2) and keeps the largest set
of them that leaves every path in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Real, Technology

Bits = NDArray[np.bool_]
Variants = NDArray[np.int8]

# Share of the violating cells given back per round: the first rounds find the size of the set, the last ones its rim.
_RETREAT = 0.3
_LEAST_RETREAT = 0.001
"""Share of the cells of a stage that are given back at least."""
_CONFIRMED = 16
"""Successful trials before all conditions are timed again; twice as many each time that they are met."""


class SlackOracle(Protocol):
    """Times the netlist under a variant vector; the bias assignment knows nothing else of timing."""

    def cell_slack(self, variant: Variants, only_violated: bool = False) -> Real:
        """(n_cell) worst slack through each instance over all checked conditions, ps; inf where no path runs.

        ``only_violated``: only over the conditions that the last variants violated, as the others stand after cells were
        given back; what is at or above the floor may then be any number that is.
        """
        ...

    def beside(self, slack: Real) -> Real:
        """(n_cell) least of each instance's slack and those of the instances that its nets join, ps."""
        ...

    def worst_slack(self) -> float:
        """Worst slack of the variants last committed or tried, ps."""
        ...

    def time(self, variant: Variants) -> float:
        """Time variants in every condition; returns the worst slack, ps."""
        ...

    def try_cells(self, cells: NDArray[np.intp], stage: int) -> bool:
        """Give instances a variant on top of what was kept, and keep it if no slack falls below the floor.

        The floor is the smaller of zero and the worst slack at the start. Conditions in which the instances' slack is ample may
        be left to :meth:`confirm`.
        """
        ...

    def in_doubt(self) -> bool:
        """Whether the last trial failed where :meth:`confirm` was still to ask for trials before it: they may be at fault."""
        ...

    def confirm(self) -> int:
        """How many of the trials kept since the last confirmation, the first ones, meet the floor everywhere.

        The first one that does not and all after it are given back.
        """
        ...


@dataclass(frozen=True)
class BiasStage:
    """What one stage did: its variant, S_th in ps, and cells considered, kept."""

    variant: str
    threshold: float
    considered: int
    kept: int


@dataclass(frozen=True)
class BiasResult:
    """Variant of each instance (n_cell) int8 and the account of the stages; worst slacks in ps."""

    cell_variant: Variants
    stages: tuple[BiasStage, ...]
    worst_slack_before: float
    worst_slack_after: float


def slack_threshold(average_delay: float, slowdown: float) -> float:
    """Slack that a cell must have to enter a stage, ps: S_th = d_avg * alpha_sd (Eq. 4.2).

    Parameters
    ----------
    average_delay : ps, average propagation delay of a cell on the critical path.
    slowdown : alpha_sd of the variant, a fraction.
    """
    return average_delay * slowdown


def stage_order(technology: Technology, variant_set: tuple[str, ...]) -> list[int]:
    """Rows of ``technology.variants`` of a set, strongest slow-down first."""
    rows = [i for i, v in enumerate(technology.variants) if v.name in variant_set]
    return sorted(rows, key=lambda i: -technology.variants[i].slowdown)


def _fill_back(oracle: SlackOracle, variant: Variants, cells: NDArray[np.intp], stage: int) -> None:
    """Try the given cells in order and keep each that leaves the worst slack at or above the floor.

    They are tried in groups, twice as many after a success and half as many after a failure, and confirmed now and then:
    where a slower cell never makes a path faster, the outcome is that of one at a time, each timed everywhere. A group that
    failed has a cell that does not fit; what was kept of it leads to it without another trial of all that is left of the group.
    """
    before = variant.copy()
    position, size, patience, doubt = 0, 1, _CONFIRMED, False
    kept: list[tuple[int, int]] = []
    """Position and size of the trials that were kept since the last confirmation."""
    held = 0
    """Trials that the last confirmation, had it not failed, would leave to confirm."""
    end = 0
    """Behind the last group that failed: what was kept and all cells up to here do not fit."""
    while True:
        if position < end:
            size = (end - position) // 2
            if not size:
                position, size = position + 1, 1
                continue
        if not doubt and position < len(cells) and held + len(kept) < patience:
            group = cells[position : position + size]
            if oracle.try_cells(group, stage):
                variant[group] = stage
                kept.append((position, len(group)))
                position += len(group)
                size = 2 * len(group)
                continue
            doubt = oracle.in_doubt()
            if doubt:
                continue
            failed = len(group)
        else:
            good, doubt = oracle.confirm(), False
            if good == len(kept):
                if position >= len(cells):
                    return
                kept, held, patience = [], 0, 2 * patience
                continue
            tried = cells[kept[good][0] : position]
            variant[tried] = before[tried]
            position, failed = kept[good]
            kept, held, patience = [], held + good, max(_CONFIRMED, patience // 2)
        end, size = position + failed, 1


def _late(oracle: SlackOracle, chosen: Bits, slack: Real, floor: float) -> tuple[NDArray[np.intp], Real]:
    """Chosen cells that late paths run through, and the slacks that say so, ps (n_cell).

    A biased cell may also slow a path beside it, through the load on their driver or a slower slew: where none is late itself,
    those nearest to what is late are.
    """
    while True:
        late = np.flatnonzero(chosen & (slack < floor))
        if late.size:
            return late, slack
        wider = oracle.beside(slack)
        if np.array_equal(wider, slack):
            return np.flatnonzero(chosen), slack
        slack = wider


def _give_back(
    oracle: SlackOracle,
    variant: Variants,
    chosen: Bits,
    stage: int,
    floor: float,
    tell: Callable[[int, int], None] | None,
) -> Bits:
    """Give all chosen cells a variant and take it from the violating ones, the worst first, until no slack is below the floor.

    Returns those that keep it; ``tell`` is called after each round with how many do and how many were chosen.
    """
    total = int(chosen.sum())
    chosen = chosen.copy()
    trial = np.where(chosen, np.int8(stage), variant)
    slack = oracle.cell_slack(trial)
    while chosen.any():
        if oracle.worst_slack() >= floor:
            if oracle.time(trial) >= floor:
                break
            slack = oracle.cell_slack(trial, only_violated=True)
        late, slack = _late(oracle, chosen, slack, floor)
        retreat = max(1, int(_RETREAT * late.size), int(_LEAST_RETREAT * total))
        chosen[late[np.argsort(slack[late], kind="stable")[:retreat]]] = False
        trial = np.where(chosen, np.int8(stage), variant)
        slack = oracle.cell_slack(trial, only_violated=True)
        if tell is not None:
            tell(int(chosen.sum()), total)
    return chosen


def assign_variants(
    technology: Technology,
    variant_set: tuple[str, ...],
    start: Variants,
    candidates: Bits,
    average_delay: float,
    oracle: SlackOracle,
    progress: Callable[[str, int, int], None] | None = None,
) -> BiasResult:
    """Assign the variants of ``variant_set`` to candidate cells in stages of decreasing slow-down.

    Each stage biases every candidate with slack above S_th at once, then gives back the violating cells, the worst first,
    until no path is worse than the requirement; the given-back cells are then retried one at a time. A path that met its
    requirement still meets it, and the worst slack never falls below the smaller of zero and its value at the start.

    Parameters
    ----------
    start : (n_cell) variants to begin with; only cells of the first variant are biased.
    candidates : (n_cell) the interface cells, or every cell for the all-cells option.
    average_delay : ps, d_avg of Eq. 4.2.
    oracle : timing of the netlist; slacks over all conditions that must hold.
    progress : called with the variant's name, cells kept so far and cells considered.
    """
    variant = start.copy()
    slack = oracle.cell_slack(variant)
    before = oracle.worst_slack()
    floor = min(0.0, before)
    stages: list[BiasStage] = []
    for stage in stage_order(technology, variant_set):
        name = technology.variants[stage].name
        threshold = slack_threshold(average_delay, technology.variants[stage].slowdown)
        considered = candidates & (variant == 0) & (slack > threshold)
        slack_before = slack
        tell = None if progress is None else partial(progress, name)
        kept = _give_back(oracle, variant, considered, stage, floor, tell)
        variant = np.where(kept, np.int8(stage), variant)
        oracle.time(variant)
        # Cells with the most slack at the start of the stage are the likeliest to fit.
        given_back = np.flatnonzero(considered & ~kept)
        given_back = given_back[np.argsort(-slack_before[given_back], kind="stable")]
        _fill_back(oracle, variant, given_back, stage)
        slack = oracle.cell_slack(variant)
        if oracle.worst_slack() < floor:
            # A slower cell made a path faster after all.
            unbiased = np.where(considered, start, variant)
            kept = _give_back(oracle, unbiased, considered & (variant == stage), stage, floor, tell)
            variant = np.where(kept, np.int8(stage), unbiased)
            slack = oracle.cell_slack(variant)
        stages.append(BiasStage(name, threshold, int(considered.sum()), int((considered & (variant == stage)).sum())))
    return BiasResult(variant, tuple(stages), before, oracle.worst_slack())


def variant_shares(technology: Technology, variant: Variants, cells: Bits) -> dict[str, float]:
    """Fraction of ``cells`` in each variant of the technology that occurs, in the technology's order."""
    total = int(cells.sum())
    if total == 0:
        return {}
    counts = np.bincount(variant[cells], minlength=len(technology.variants))
    return {v.name: float(counts[i]) / total for i, v in enumerate(technology.variants) if counts[i]}
