"""Algorithm 5 of the thesis: raise the most critical tile until the clock is met; one trajectory serves all frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finevh.errors import NotReachableError
from finevh.selection.tiles import MappedTiming, TimedTiles
from finevh.selection.voltage_map import Interval, map_text
from finevh.units import SLACK_TOLERANCE, frequency_mhz

Score = Literal["delay", "count"]


@dataclass(frozen=True)
class Trajectory:
    """The maps that Algorithm 5 passes through in one interval, from all tiles at VddL.

    ``states[i]`` is the map after ``order[:i]`` were raised; only the last can be flipped further. ``stuck_at`` is the first
    state whose worst path has no tile at VddL, None if there is none; later states come from the continuation of
    :func:`trace`. ``blocked``: even that found no tile.
    """

    interval: Interval
    order: tuple[int, ...]
    states: tuple[MappedTiming, ...]
    stuck_at: int | None
    blocked: bool

    def at(self, design: TimedTiles, period: float) -> tuple[MappedTiming, bool]:
        """Return the first state that meets a period, ps, and whether Algorithm 5 alone reaches it.

        Raises
        ------
        NotReachableError
            If the trajectory ends with negative slack.
        """
        for index, state in enumerate(self.states):
            if design.worst_slack(state, period) >= -SLACK_TOLERANCE:
                return state, self.stuck_at is None or index <= self.stuck_at
        last = self.states[-1]
        raise NotReachableError(
            f"{frequency_mhz(period):.3f} MHz is not reached between VddL = {self.interval.low:.3f} V and "
            f"VddH = {self.interval.high:.3f} V: with tiles {map_text(last.high)} the worst slack is "
            f"{design.worst_slack(last, period):.2f} ps and no tile of the worst path is left at VddL; "
            "choose a lower frequency or a higher VddH"
        )


def tile_scores(design: TimedTiles, timing: MappedTiming, period: float, score: Score) -> NDArray[np.float64]:
    """Criticality score of each tile (n_tiles): lines 3 to 9 of Algorithm 5.

    ``delay`` sums the delays, ps, of the worst path's cells; ``count`` counts cells with negative slack, as the prose of
    section 4.1.3 has it.
    """
    if score == "count":
        return design.critical_cells(timing, period).astype(np.float64)
    tiles, delays = design.critical_path(timing, period)
    inside = tiles >= 0
    scores = np.zeros(design.n_tiles)
    np.add.at(scores, tiles[inside], delays[inside])  # line 8
    return scores


def trace(design: TimedTiles, interval: Interval, period: float, score: Score = "delay") -> Trajectory:
    """Run Algorithm 5 at one clock period and keep every map on the way.

    Ties go to the lowest tile number. When the worst path has no tile at VddL, Algorithm 5 has no answer: all scores are
    zero. What is left then is a picosecond or so from cells beside the path, whose slow edges or input capacitances are
    those of VddL. The trajectory is ``stuck``, and continues with the tile that has most connections to the path; if there
    is none it is ``blocked``.

    Parameters
    ----------
    design
        The placed design.
    interval
        VddL and VddH, V.
    period
        Clock period, ps.
    score
        See :func:`tile_scores`.
    """
    state = design.evaluate(interval, np.zeros(design.n_tiles, dtype=bool))  # line 1
    states, order, stuck_at = [state], list[int](), None
    while design.worst_slack(state, period) < -SLACK_TOLERANCE:  # line 2
        scores = np.where(state.high, 0.0, tile_scores(design, state, period, score))  # line 10
        if scores.max() <= 0.0:
            stuck_at = len(order) if stuck_at is None else stuck_at
            scores = np.where(state.high, 0.0, design.path_neighbours(state, period))
            if scores.max() <= 0.0:
                return Trajectory(interval, tuple(order), tuple(states), stuck_at, blocked=True)
        tile = int(np.argmax(scores))  # lines 11 and 12
        state = design.flip(state, [tile], consume=True)  # line 13
        order.append(tile)
        states.append(state)
    return Trajectory(interval, tuple(order), tuple(states), stuck_at, blocked=False)


@dataclass(frozen=True)
class GreedyAnswer:
    """A map of Algorithm 5; ``pure`` is False where it needed the continuation of :func:`trace`."""

    timing: MappedTiming
    pure: bool


def select_greedy(
    design: TimedTiles, interval: Interval, periods: Sequence[float], score: Score = "delay"
) -> list[GreedyAnswer | NotReachableError]:
    """Run Algorithm 5 for several clock periods of one interval.

    Where all paths last one period, the worst path of a map is the same at every frequency; then the run at the shortest
    period passes through the answer of every longer one.

    Returns
    -------
    list
        Per period the chosen map, or the error that says why there is none.
    """
    shared = design.single_trajectory and score == "delay" and len(periods) > 0
    trajectory = trace(design, interval, min(periods), score) if shared else None
    answers: list[GreedyAnswer | NotReachableError] = []
    for period in periods:
        try:
            answers.append(GreedyAnswer(*(trajectory or trace(design, interval, period, score)).at(design, period)))
        except NotReachableError as error:
            answers.append(error)
    return answers
