"""``finevh platform add``: a technology from a platform folder."""

from __future__ import annotations

from pathlib import Path

from finevh.commands.quantities import voltage_of
from finevh.technology.platform import add_platform


def add_platform_folder(path: Path, output: Path | None, name: str | None, leakage_slope: str | None) -> list[str]:
    """Make a technology from a platform folder; returns where it is and what a user must know."""
    slope = None if leakage_slope is None else voltage_of(leakage_slope, "--leakage-slope")
    result = add_platform(path, output, name, leakage_slope=slope)
    return [*(f"note: {note}" for note in result.notes), f"written to {result.folder}"]
