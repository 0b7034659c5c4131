"""What a design is optimised for."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.constraints import Constraints


@dataclass(frozen=True)
class Target:
    """What the design is optimised for: a period in ps at one row of ``technology.corners`` (index ``vdd`` of its Vdds)."""

    constraints: Constraints
    corner: int
    vdd: int
    period: float
