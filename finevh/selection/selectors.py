"""The selectors by name: what chooses the voltage map of a frequency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from finevh.errors import NotReachableError
from finevh.selection.descent import select_best
from finevh.selection.energy import Energy
from finevh.selection.exact import EXACT_SECONDS, select_exact
from finevh.selection.greedy import Score, select_greedy
from finevh.selection.search import Choice, select_improved
from finevh.selection.tiles import TiledDesign
from finevh.selection.voltage_map import Interval, map_text

Choices = list[Choice | NotReachableError]
Choose = Callable[[TiledDesign, Interval, Sequence[float], float | None], Choices]


@dataclass(frozen=True)
class Selector:
    """A way to choose maps for several clock periods, ps, of one interval."""

    name: str
    summary: str
    choose: Choose
    """Called with the design, the interval, the periods, and a time limit per period, s (None: the selector's own)."""
    envelope: bool = True
    """Its curve takes the cheapest of all maps known; False for curves as the thesis draws them."""
    quick: bool = False
    """A frequency takes a fraction of what the searches take."""


def _by_score(
    score: Score, design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float | None
) -> Choices:
    """Algorithm 5; its answers are weighed once per distinct map."""
    weighed: dict[str, Energy] = {}
    answers: Choices = []
    for period, answer in zip(periods, select_greedy(design, interval, periods, score), strict=True):
        if isinstance(answer, NotReachableError):
            answers.append(answer)
            continue
        timing = answer.timing
        text = map_text(timing.high)
        if text not in weighed:
            weighed[text] = design.energy(timing)
        note = "" if answer.pure else ":continued"
        slack = design.worst_slack(timing, period)
        answers.append(Choice(timing.high, timing.min_period, slack, weighed[text], note))
    return answers


def _best(design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float | None) -> Choices:
    return select_best(design, interval, periods)


def _improved(design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float | None) -> Choices:
    return select_improved(design, interval, periods)


def _exact(design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float | None) -> Choices:
    return select_exact(design, interval, periods, EXACT_SECONDS if seconds is None else seconds)


SELECTORS = {
    selector.name: selector
    for selector in (
        Selector("greedy", "Algorithm 5 of the thesis", partial(_by_score, "delay"), envelope=False, quick=True),
        Selector(
            "count",
            "Algorithm 5 with tiles scored by critical cells",
            partial(_by_score, "count"),
            envelope=False,
            quick=True,
        ),
        Selector("best", "descent by one or two tiles from several maps", _best),
        Selector("improved", "lowering and exchanging tiles around Algorithm 5's maps", _improved),
        Selector("exact", "mixed-integer program with path cuts, and a proven bound", _exact),
    )
}
