"""Programs that a flow runs, and their files; apart from what drives a design, so that asking for them loads no simulator."""

from __future__ import annotations

from pathlib import Path

from finevh.config import Flow
from finevh.errors import InputError

RANDOM = "random"


def program_file(stimulus: Path, program: str) -> Path:
    """Hex file of a program: beside the stimulus file, or in its folder ``programs``.

    Raises
    ------
    InputError
        If there is none; names those that exist.
    """
    folders = (stimulus.parent, stimulus.parent / "programs")
    for folder in folders:
        if (folder / f"{program}.hex").is_file():
            return folder / f"{program}.hex"
    known = sorted(path.stem for folder in folders for path in folder.glob("*.hex"))
    raise InputError(
        f"activity.programs: no program '{program}' beside {stimulus}; there are {', '.join(known) or 'none'}"
    )


def program_files(flow: Flow) -> tuple[Path, ...]:
    """Hex files that the activity depends on; none where no program runs."""
    source = flow.activity
    if source.stimulus is None or source.vcd is not None or source.saif is not None:
        return ()
    return tuple(program_file(source.stimulus, program) for program in programs_of(flow))


def programs_of(flow: Flow) -> tuple[str, ...]:
    """Names under which activities are kept: the programs, or ``random``, ``vcd``, ``saif``."""
    source = flow.activity
    if source.vcd is not None:
        return ("vcd",)
    if source.saif is not None:
        return ("saif",)
    if source.stimulus is None:
        return (RANDOM,)
    if not source.programs:
        raise InputError(f"activity.programs: name at least one program to run with {source.stimulus}")
    return source.programs
