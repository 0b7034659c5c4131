"""What a command line names has to be there: answered before anything that computes is loaded."""

from __future__ import annotations

from pathlib import Path

from finevh.errors import InputError


def require_files(*paths: Path | None) -> None:
    """Check that files lie where a command line says; those that were not given are passed over.

    Raises
    ------
    OSError
        If one does not.
    """
    for path in paths:
        if path is not None:
            path.stat()


def require_run(directory: Path) -> None:
    """Check that something of a run lies in a directory.

    Raises
    ------
    InputError
        If there are neither operating points nor stages.
    """
    if not (directory / "operating_points.csv").exists() and not any(directory.glob("[0-9][0-9]-*")):
        raise InputError(f"{directory}/operating_points.csv: no operating points; run 'finevh run' on the flow first")
