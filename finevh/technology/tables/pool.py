"""Tables of many cells and corners in one flat array that a compiled kernel can read."""

from __future__ import annotations

from dataclasses import dataclass, field

from finevh.technology.library import Table
from finevh.technology.model import Real

__all__ = ["Pool"]


@dataclass
class Pool:
    """Flat storage of tables and axes; equal content is stored once.

    ``tables``: offsets of slew axis, load axis and values, and the shape, one row per table.
    """

    chunks: list[Real] = field(default_factory=list)
    size: int = 0
    seen: dict[bytes, int] = field(default_factory=dict)
    axes: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    tables: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def add(self, values: Real) -> int:
        """Offset of an axis or of a table's values."""
        key = values.tobytes()
        offset = self.seen.get(key)
        if offset is None:
            offset = self.seen[key] = self.size
            self.chunks.append(values.ravel())
            self.size += values.size
        return offset

    def _axis(self, axis: Real) -> int:
        # The corners being merged keep their arrays, so an identity is not used twice.
        offset = self.axes.get(id(axis))
        if offset is None:
            offset = self.axes[id(axis)] = self.add(axis)
        return offset

    def add_table(self, table: Table | None) -> int:
        """Row of a table in ``tables``, -1 for None; one object is stored once."""
        if table is None:
            return -1
        row = self.rows.get(id(table))
        if row is None:
            row = self.rows[id(table)] = len(self.tables)
            nx, ny = table.values.shape
            self.tables.append((self._axis(table.x), self._axis(table.y), self.add(table.values), nx, ny))
        return row
