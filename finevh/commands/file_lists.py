"""The RTL of a command line: files and file lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from finevh.synthesis.sources import Rtl
from finevh.synthesis.sources import read_manifest as read_file_list


def rtl_of(files: Sequence[Path], lists: Sequence[Path], include_dirs: Sequence[Path], top: str | None) -> Rtl:
    """The RTL that a command line names: files, and what file lists name before them.

    Raises
    ------
    InputError
        A missing file, folder or list; see :func:`finevh.synthesis.read_manifest`.
    """
    found = [read_file_list(path, os.environ) for path in lists]
    return Rtl(
        (*(path for one in found for path in one.files), *files),
        (*(path for one in found for path in one.include_dirs), *include_dirs),
        {name: value for one in found for name, value in one.defines.items()},
        top=top,
    )
