"""CSV text whose bytes depend on the rows alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from finevh.base.quoting import csv_cell

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Return CSV text; floats in 9 digits, None as an empty cell, no text that a spreadsheet takes for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return csv_cell(value)
    return "" if value is None else f"{value:.9g}" if isinstance(value, float) else value
