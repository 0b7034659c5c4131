"""Tables of a technology are packed once, and as long as it is there."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np

from finevh.technology import Technology
from finevh.timing.delay.packed_tables import PackedTables, pack_tables


def test_tables_are_packed_once_and_go_with_their_technology(two_supplies: Technology) -> None:
    own = replace(two_supplies)
    packed = weakref.ref(pack_tables(own))
    gc.collect()
    # Nobody but the technology keeps them.
    assert packed() is not None
    assert pack_tables(own) is packed()
    assert pack_tables(two_supplies) is not packed()
    del own
    gc.collect()
    assert packed() is None


def record(tables: PackedTables, row: int) -> list[list[float]]:
    """Axes and values of a record."""
    x, nx, y, ny, v = tables.record[row].tolist()
    return [
        tables.axes[x : x + nx].tolist(),
        tables.axes[y : y + ny].tolist(),
        tables.values[v : v + 2 * nx * ny].tolist(),
    ]


def test_tables_of_the_cell_types_that_are_asked_for_are_packed_whatever_was_asked_before(
    two_supplies: Technology,
) -> None:
    cells = two_supplies.cells
    types, corner = np.flatnonzero(np.diff(cells.arc_ptr) > 0)[:3], 1
    at_once, bit_by_bit = PackedTables(two_supplies), PackedTables(two_supplies)
    at_once.need(corner, types)
    bit_by_bit.need(0, types)
    for kind in types[::-1]:
        bit_by_bit.need(corner, np.array([kind]))
    first = corner * at_once.n_arc * 2
    arcs = np.concatenate([np.arange(2 * cells.arc_ptr[k], 2 * cells.arc_ptr[k + 1]) for k in types.tolist()])
    asked = np.zeros(at_once.n_arc * 2, dtype=bool)
    asked[arcs] = True
    assert (at_once.record[first : first + len(asked)][~asked] == 0).all()
    assert (at_once.record[first + arcs, 1] > 0).any()
    assert [record(at_once, first + k) for k in arcs] == [record(bit_by_bit, first + k) for k in arcs]
