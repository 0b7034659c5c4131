"""CSV text whose bytes depend on the rows alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Return CSV text; floats in 9 digits, None as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if v is None else f"{v:.9g}" if isinstance(v, float) else v for v in row])
    return text.getvalue()
