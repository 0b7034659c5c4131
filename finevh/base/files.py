"""Files that are there whole or not at all, and work folders whose names no tool can misread."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from finevh.errors import InputError

_MODE = 0o644  # a temporary file is made for its owner alone
# Under the first name a folder is being made, under the second its lock is held; no run directory is called so.
_UNBORN, _WORK = "finevh-unborn-", "finevh-work-"
_OURS = re.compile(rf"({_UNBORN}|{_WORK})[a-z0-9_]{{8}}")
_LOCK = ".finevh-work-lock"
_BIRTH = 60.0  # s; a folder that is being made is younger
UNFINISHED = r"tmp[a-z0-9_]{8}\.part"
"""Names of files that :func:`replacing` has not put in place yet, as a regular expression."""
_SAFE_PATH = re.compile(r"[A-Za-z0-9_./-]+")


def read_input(path: Path, limit: int = -1) -> bytes:
    """Return the bytes of a file that somebody else made, at most ``limit`` of them where that is not below zero.

    A device may never end, and a pipe that nobody writes to is waited for without end: an archive or a folder from elsewhere
    can hold either in place of a file. A pipe that is being written to, such as a shell's ``<(...)``, is read.

    Raises
    ------
    OSError
        If it cannot be read, or is a device or such a pipe.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(handle, "rb") as stream:
        mode = os.fstat(handle).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise _no_file(path, "a device, not a file")
        os.set_blocking(handle, True)
        data = stream.read(limit)
    if stat.S_ISFIFO(mode) and not data:
        raise _no_file(path, "a pipe that nobody writes to, not a file")
    return data


def read_input_text(path: Path, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of such a file, its lines ended by line feeds.

    Raises
    ------
    OSError
        As :func:`read_input`.
    UnicodeDecodeError
        If it is of another encoding, where ``errors`` does not say what to do then.
    """
    return io.TextIOWrapper(io.BytesIO(read_input(path)), encoding=encoding, errors=errors).read()


def require_regular(path: Path) -> None:
    """Check that a path leads to a file that has an end and can be read again.

    Raises
    ------
    OSError
        If it does not.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise _no_file(path, "a device or a pipe, not a file")


def _no_file(path: Path, what: str) -> OSError:
    return OSError(errno.EINVAL, what, str(path))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends well; its folder is made.

    A killed process leaves the old file or none, never half a file; so does a loss of power: data reach the disk before the
    name does. Several processes may write the same path.

    Raises
    ------
    OSError
        If the folder can't be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_MODE)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of :func:`replacing` in a folder and all below it, which no other process writes to."""
    for place, _, names in os.walk(folder):  # through no link
        for name in names:
            if re.fullmatch(UNFINISHED, name):
                (Path(place) / name).unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that is there whole or not at all, text as UTF-8; see :func:`replacing`."""
    with replacing(path) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk, so that a file renamed there is there after a loss of power."""
    with suppress(OSError):  # some file systems refuse it; the rename itself is done
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def work_folder() -> Iterator[Path]:
    """Make a folder for a foreign tool, gone when the block ends; its absolute path has only letters, digits and ``_./-``.

    Yosys and ABC split paths at blanks and hand them to a shell, so a run directory is never theirs to see. What a killed
    process left behind is removed by the next one.

    Raises
    ------
    InputError
        If no writable temporary folder has such a path.
    """
    base = _safe_base()
    _remove_stale(base)
    unborn = Path(tempfile.mkdtemp(prefix=_UNBORN, dir=base))
    folder = unborn.with_name(unborn.name.replace(_UNBORN, _WORK))
    try:
        with (unborn / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unborn.rename(folder)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(unborn, ignore_errors=True)


def remove_stale_folders() -> None:
    """Remove what killed processes left of :func:`work_folder`."""
    with suppress(InputError):
        _remove_stale(_safe_base())


def _safe_base() -> Path:
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for candidate in candidates:
        base = candidate.resolve()
        if _SAFE_PATH.fullmatch(str(base)) and os.access(base, os.W_OK | os.X_OK):
            return base
    raise InputError(
        f"no writable temporary folder with a plain path ({', '.join(dict.fromkeys(map(str, candidates)))}): set TMPDIR to"
        " one whose name has only letters, digits and _ . / -"
    )


def _remove_stale(base: Path) -> None:
    """Remove this user's work folders whose process has ended: nobody holds their lock."""
    for entry in os.scandir(base):
        match = _OURS.fullmatch(entry.name)
        if match is None:
            continue
        with suppress(OSError):
            status, folder = entry.stat(follow_symlinks=False), Path(entry.path)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            if match[1] == _UNBORN:
                if time.time() - status.st_mtime > _BIRTH:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            with (folder / _LOCK).open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
