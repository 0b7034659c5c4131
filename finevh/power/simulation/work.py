"""How much work a program does in one pass, as the program itself and the core's own counter say on the memory port."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.power.simulation.memory import MemoryStimulus
from finevh.power.simulation.simulator import Simulator

_CHUNK = 50  # cycles between two looks at the memory port


@dataclass(frozen=True)
class Work:
    """One pass of a program, from the end of one to the end of the next."""

    units: int
    """Units of work done, counted by the program where it does them."""
    retired: int | None
    """Instructions retired, of the core's counter; None where the program does not tell."""
    cycles: int
    """Clock cycles."""


def finish_passes(simulator: Simulator, stimulus: MemoryStimulus, most: int) -> Work | None:
    """Run a simulation on until its program has ended two passes, and return the second.

    The first pass holds the start after reset; all later ones are alike, because the program starts over on the same data.

    Parameters
    ----------
    most
        Cycles to run at most.

    Returns
    -------
    Work or None
        None where the program does not say how much it does, or does not end two passes in that time.
    """
    if stimulus.exit_address is None or stimulus.work_address is None:
        return None
    for _ in range(0, most, _CHUNK):
        if len(stimulus.passes) > 1:
            break
        simulator.run(stimulus, _CHUNK)
    if len(stimulus.passes) < 2:
        return None
    first, second = stimulus.passes[:2]
    return None if second.units is None else Work(second.units, second.retired, second.cycle - first.cycle)
