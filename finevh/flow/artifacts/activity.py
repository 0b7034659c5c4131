"""Activities of the programs between stages."""

from __future__ import annotations

from pathlib import Path

from finevh.base.archive import load_columns, save_columns
from finevh.power.activity import Activity
from finevh.power.glitches import CycleSample


def activity_file(program: str) -> str:
    """Name of the activity of one program."""
    return f"activity-{program}.npz"


def save_activity(directory: Path, program: str, activity: Activity) -> None:
    """Write the activity of one program."""
    save_columns(directory / activity_file(program), activity)


def load_activity(directory: Path, program: str) -> Activity:
    """Read the activity of one program."""
    return load_columns(directory / activity_file(program), Activity)


def sample_file(program: str) -> str:
    """Name of the sampled cycles of one program."""
    return f"sample-{program}.npz"


def save_sample(directory: Path, program: str, sample: CycleSample) -> None:
    """Write the sampled cycles of one program."""
    save_columns(directory / sample_file(program), sample)


def load_sample(directory: Path, program: str) -> CycleSample:
    """Read the sampled cycles of one program."""
    return load_columns(directory / sample_file(program), CycleSample)


def programs_in(directory: Path) -> tuple[str, ...]:
    """Programs whose activity a stage directory holds, in the order of their names."""
    return tuple(sorted(path.name[len("activity-") : -len(".npz")] for path in directory.glob("activity-*.npz")))
