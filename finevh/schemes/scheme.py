"""What all schemes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from finevh.errors import NotReachableError
from finevh.schemes.operating_point import OperatingPoint, SchemeName


@dataclass(frozen=True)
class Answer:
    """What a scheme says to one frequency, MHz: an operating point, or why there is none."""

    frequency: float
    result: OperatingPoint | NotReachableError


class Scheme(Protocol):
    """A way to run a design at a clock frequency."""

    @property
    def name(self) -> SchemeName:
        """Name in ``operating_points.csv``."""

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """Split ascending frequencies, MHz, into runs that share no work; a part's answers are those of the whole."""

    def answers(self, frequencies: Sequence[float]) -> list[Answer]:
        """Return what the scheme finds at each frequency, MHz, by itself."""

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """Return the curve at frequencies, MHz: the cheapest of all that was found for these or higher ones."""


class FrequencyByFrequency(ABC):
    """A scheme whose frequencies have nothing to do with each other."""

    @abstractmethod
    def point(self, frequency: float) -> OperatingPoint | NotReachableError:
        """Return what the scheme does at one frequency, MHz."""

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """See :class:`Scheme`."""
        return [list(frequencies)]

    def answers(self, frequencies: Sequence[float]) -> list[Answer]:
        """See :class:`Scheme`."""
        return [Answer(frequency, self.point(frequency)) for frequency in frequencies]

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """See :class:`Scheme`."""
        return [answer.result for answer in self.answers(frequencies)]
