"""``finevh metrics``: the metrics of a run, or how those of two runs differ."""

from __future__ import annotations

from pathlib import Path

from finevh.report.metrics import change_text, differing, number_text, read_metrics


def metric_lines(run: Path) -> list[str]:
    """Every metric of a run, one a line."""
    found = read_metrics(run)
    width = max(map(len, found), default=0)
    return [f"{name:{width}s} {number_text(value)}" for name, value in sorted(found.items())]


def compared_lines(first: Path, second: Path) -> list[str]:
    """Metrics that differ between two runs: name, both values, change."""
    rows = differing([read_metrics(first), read_metrics(second)])
    if not rows:
        return ["no metric differs"]
    width = max(len(name) for name, _ in rows)
    return [
        f"{name:{width}s} {number_text(a):>14s} {number_text(b):>14s} {change_text(a, b):>11s}" for name, (a, b) in rows
    ]


def compared_data(first: Path, second: Path) -> dict[str, dict[str, float | None]]:
    """The same as plain data: name to first and second value, None where absent."""
    rows = differing([read_metrics(first), read_metrics(second)])
    return {name: {"first": a, "second": b} for name, (a, b) in rows}
