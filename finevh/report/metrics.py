"""Metrics of several runs side by side: which differ, and by how much."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from finevh.base.files import read_input
from finevh.errors import InputError

_SAME = 1e-9  # relative; below it two numbers differ by their text alone


def read_metrics(run: Path) -> dict[str, float]:
    """Read ``metrics.json`` of a run.

    Raises
    ------
    InputError
        If there is none, or it holds something else than names and numbers.
    """
    path = run / "metrics.json"
    try:
        found = json.loads(read_input(path))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the directory of a finished run") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); run 'finevh run' again") from None
    if not isinstance(found, dict) or not all(isinstance(value, int | float) for value in found.values()):
        raise InputError(f"{path}: not a file of metrics; run 'finevh run' again")
    return {str(name): float(value) for name, value in found.items()}


def differing(runs: Sequence[dict[str, float]]) -> list[tuple[str, tuple[float | None, ...]]]:
    """Metrics that are not the same in all runs, by name; None where a run has no such metric."""
    rows = []
    for name in sorted({name for run in runs for name in run}):
        values = tuple(run.get(name) for run in runs)
        known = [value for value in values if value is not None]
        spread = max(known) - min(known)
        if len(known) < len(values) or spread > _SAME * max(abs(value) for value in known):
            rows.append((name, values))
    return rows


def change_text(first: float | None, last: float | None) -> str:
    """How the last value stands to the first: per cent where that means something, else empty."""
    if first is None or last is None or first == 0:
        return ""
    return f"{100.0 * (last / first - 1.0):+.2f} %"


def number_text(value: float | None) -> str:
    """Five digits, whole numbers whole, an absent one absent."""
    if value is None:
        return "absent"
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e12 else f"{value:.5g}"
