"""Memory that sinks share in a sweep from the first node to the last: a row is free once the last node that reads it is done."""

from __future__ import annotations

import numpy as np

from finevh.base.kernel import kernel
from finevh.technology.model import Int


@kernel(nogil=True)
def _assign(sink_ptr: Int, reader_ptr: Int, reader_sink: Int, last: Int, slot: Int) -> int:
    """Fill ``slot``; ``last`` is -1 where nobody reads, the number of nodes where the row stays. Returns the number of rows."""
    n_node = sink_ptr.shape[0] - 1
    free = np.empty(slot.shape[0] + 1, np.int32)
    n_free, n_row = 0, 1
    for v in range(n_node):
        # A node reads what arrives before it writes what leaves.
        for k in range(reader_ptr[v], reader_ptr[v + 1]):
            free[n_free] = slot[reader_sink[k]]
            n_free += 1
        for s in range(sink_ptr[v], sink_ptr[v + 1]):
            if last[s] < 0:
                slot[s] = 0
            elif n_free:
                n_free -= 1
                slot[s] = free[n_free]
            else:
                slot[s] = n_row
                n_row += 1
    return n_row


def shared_slots(sink_ptr: Int, entry_node: Int, entry_sink: Int, stays: Int) -> tuple[Int, int]:
    """(n_sink) row of each sink, and how many rows there are; sinks that nobody reads have row 0.

    Parameters
    ----------
    sink_ptr : (n_node + 1) sinks of each node
    entry_node, entry_sink : (n_entry) node that reads, sink it reads
    stays : sinks that are read after the sweep
    """
    n_node, n_sink = len(sink_ptr) - 1, int(sink_ptr[-1])
    last = np.full(n_sink, -1, dtype=np.int32)
    np.maximum.at(last, entry_sink, entry_node.astype(np.int32))
    last[stays] = n_node
    read = np.flatnonzero((last >= 0) & (last < n_node))
    order = read[np.argsort(last[read], kind="stable")].astype(np.int32)
    ptr = np.searchsorted(last[order], np.arange(n_node + 1)).astype(np.int32)
    slot = np.zeros(n_sink, dtype=np.int32)
    n_row = _assign(np.ascontiguousarray(sink_ptr, dtype=np.int32), ptr, order, last, slot)
    return slot, int(n_row)
