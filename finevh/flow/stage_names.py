"""Names of the stages, in order: a slip on a command line is answered before anything that runs them is loaded."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from finevh.errors import InputError

STAGE_NAMES = (
    "synthesis", "presize", "floorplan", "place", "optimize", "activity", "polybias", "operating-points", "export", "signoff",
    "report",
)  # fmt: skip
"""As :data:`finevh.flow.stages.STAGES` has them."""


def stage_number(name: str, names: Sequence[str] = STAGE_NAMES) -> int:
    """Which of the stages bears a name.

    Raises
    ------
    InputError
        If none does.
    """
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"stages are {', '.join(names)}"
        raise InputError(f"unknown stage '{name}'; {hint}")
    return names.index(name)
