"""Timing of many voltage maps one after the other, each from the nearest of the last few that were timed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int
from finevh.timing.engine import TimingGraph
from finevh.timing.state import TimingState

_MOST = 5
"""States that are kept: 14 MB each on a core of 40 000 cells."""
_FAR = 0.1
"""Share of the cells beyond which a map has a state of its own as long as there is room."""
_ANEW = 0.5
"""Share of the cells beyond which timing all is as quick as timing what changed."""


class NearStates:
    """Times supplies of one graph; each result has the bits of an evaluation of its own.

    Parameters
    ----------
    most
        States that are kept.
    """

    def __init__(self, graph: TimingGraph, most: int = _MOST) -> None:
        self.graph, self._most = graph, most
        self._states: list[TimingState] = []
        """The last one used at the end."""

    def time(self, vdd: Int, variant: NDArray[np.int8]) -> TimingState:
        """State of cells (n_cell) at rows of the library's supplies.

        Its slacks stay valid, the rest until the next call.
        """
        moved = [
            int(np.count_nonzero(state.cell_vdd != vdd)) if np.array_equal(state.cell_variant, variant) else len(vdd)
            for state in self._states
        ]
        at = int(np.argmin(moved)) if moved else -1
        share = moved[at] / max(len(vdd), 1) if moved else 1.0
        if share > _FAR and len(self._states) < self._most:
            state = self.graph.evaluate(vdd, variant)
        elif share > _ANEW:
            state = self.graph.evaluate(vdd, variant, reuse=self._states.pop(0))
        else:
            state = self._states.pop(at)
            if moved[at]:
                changed = np.flatnonzero(state.cell_vdd != vdd).astype(np.int32)
                state = self.graph.update(state, changed, vdd, variant, inplace=True)
        self._states.append(state)
        return state
