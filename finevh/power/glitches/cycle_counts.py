"""Toggles of nets in cycles, of which nearly all are zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real

__all__ = ["CycleCounts"]


@dataclass(frozen=True)
class CycleCounts:
    """What is not zero of a table (n_cycle, n_net), cycle by cycle and net by net.

    Attributes
    ----------
    cycle, net, count : (n_entry) row, column and number of each entry.
    n_cycles, n_nets : size of the table.
    """

    cycle: Int
    net: Int
    count: Real
    n_cycles: int
    n_nets: int

    @classmethod
    def of(cls, table: NDArray[np.int32]) -> CycleCounts:
        """The entries of a table."""
        cycle, net = np.nonzero(table)
        return cls(cycle.astype(np.int32), net.astype(np.int32), table[cycle, net].astype(np.float64), *table.shape)

    def followed_by(self, more: CycleCounts) -> CycleCounts:
        """These cycles, then those."""
        return CycleCounts(
            np.append(self.cycle, more.cycle + np.int32(self.n_cycles)),
            np.append(self.net, more.net),
            np.append(self.count, more.count),
            self.n_cycles + more.n_cycles,
            self.n_nets,
        )

    def first(self, last: int) -> CycleCounts:
        """The first cycles alone."""
        end = int(np.searchsorted(self.cycle, last))
        return CycleCounts(self.cycle[:end], self.net[:end], self.count[:end], last, self.n_nets)

    def weighed(self, weight: Real) -> Real:
        """(n_cycle) sums over nets, each net by its weight."""
        return np.asarray(np.bincount(self.cycle, self.count * weight[self.net], self.n_cycles), dtype=np.float64)

    def by_net(self) -> Real:
        """(n_net) sums over cycles."""
        return np.asarray(np.bincount(self.net, self.count, self.n_nets), dtype=np.float64)

    def table(self) -> Real:
        """(n_cycle, n_net) all entries."""
        found = np.zeros((self.n_cycles, self.n_nets))
        found[self.cycle, self.net] = self.count
        return found
