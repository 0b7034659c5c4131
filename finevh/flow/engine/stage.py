"""A stage is (inputs, parameters) -> outputs: keyed by content, written aside, renamed when whole."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

from finevh.base.files import read_input, replacing
from finevh.checks import Checks
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.fingerprint import file_digest
from finevh.flow.engine.key import StageKey

Metrics = dict[str, float]
RECORD = "stage.json"
LOG = "log.txt"
METRICS = "metrics.json"
CHECKS = "checks.json"
KEY = "key.txt"
_TOOK = re.compile(rb"^done in ([0-9]+\.[0-9]+) s\n\Z", re.MULTILINE)
_TAIL = 100  # bytes of a log that hold its last line
# What the log and the record say differs from run to run (times); results never do.
_NOT_OUTPUT = (RECORD, LOG)


@dataclass(frozen=True)
class StageContext:
    """What a stage gets: the flow, a fresh directory to write to, the directories of the stages it needs."""

    flow: Flow
    directory: Path
    inputs: Mapping[str, Path]
    jobs: int
    log: TextIO
    say: Callable[[str], None]
    """Progress: what is being done, in a few words."""
    checks: Checks = field(default_factory=Checks)
    """Account of what the stage could not use or had to assume."""
    allow: Collection[str] = ()
    """Kinds of findings that the run goes on with."""
    kept: Callable[[], Path] | None = None
    """Gives a folder whose files are still there when the same stage begins again after an interruption; gone once it is done."""

    def write(self, name: str, text: str) -> None:
        """Write a text file of the stage."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def require_sound(self) -> None:
        """Stop here where what was found so far makes the result meaningless, before anything long starts.

        Raises
        ------
        InputError
            See :meth:`finevh.checks.Checks.refuse`.
        """
        # A copy: what a stage leaves behind does not depend on what was allowed.
        Checks.from_dict(self.checks.as_dict()).refuse(self.allow)

    def note(self, text: str) -> None:
        """Add a line to the stage's log and show it as progress."""
        self.log.write(text + "\n")
        self.log.flush()
        self.say(text)


@dataclass(frozen=True)
class Stage:
    """One station of the flow."""

    name: str
    run: Callable[[StageContext], Metrics]
    """Does the work and returns the stage's metrics."""
    needs: tuple[str, ...]
    """Stages whose outputs it reads."""
    parameters: Callable[[Flow], object]
    """Everything of the flow file that decides its outputs; paths stand for their content."""
    kernels: Literal["none", "layout", "all"] = "all"
    """Compiled kernels that it calls: those of timing, layout and sizing alone, or any."""


@dataclass(frozen=True)
class StageRecord:
    """What a finished stage directory says of itself."""

    key: str
    outputs: dict[str, str]
    """File name to SHA-256."""
    parts: dict[str, str] | None = None
    """What the key was made of; None in the record of a version that did not write it."""


class RunDirectory:
    """A run directory: finished stages, and never half of one."""

    def __init__(self, path: Path, stages: Sequence[Stage]) -> None:
        self.path = path
        self._number = {stage.name: index for index, stage in enumerate(stages, 1)}

    def stage_path(self, name: str) -> Path:
        """Directory of a stage, ``NN-name``."""
        return self.path / f"{self._number[name]:02d}-{name}"

    def record(self, name: str) -> StageRecord | None:
        """Return the record of a finished stage, None unless every file that it names is there unchanged.

        A run directory may come from anywhere: names that lead out of the stage, by ``..`` or by a link, are none of its files.
        """
        path = self.stage_path(name)
        try:
            data = json.loads(read_input(path / RECORD))
            record = StageRecord(str(data["key"]), _texts(data["outputs"]), _texts(data.get("parts")) or None)
            whole = METRICS in record.outputs and all(
                _lies_inside(path, file) and file_digest(path / file) == digest
                for file, digest in record.outputs.items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return record if whole else None

    def metrics(self, name: str) -> Metrics:
        """Metrics of a finished stage."""
        data: Metrics = json.loads((self.stage_path(name) / METRICS).read_text(encoding="utf-8"))
        return data

    def seconds(self, name: str) -> float | None:
        """What a stage took when it ran last, as its log says; None where it does not."""
        try:
            with (self.stage_path(name) / LOG).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
                found = _TOOK.search(log.read())
        except OSError:
            return None
        return None if found is None else float(found[1])

    def checks(self, name: str) -> Checks:
        """Account of a finished stage."""
        return read_checks(self.stage_path(name))

    def kept(self, name: str, key: StageKey) -> Path:
        """Folder for what a stage of this key had finished when it was interrupted; what another key left there is removed."""
        final = self.stage_path(name)
        folder = final.with_name(f".{final.name}.kept")
        mark = folder / KEY
        if not (_holds_files_only(folder) and mark.is_file() and mark.read_bytes() == key.digest.encode()):
            _remove(folder)
            folder.mkdir(parents=True)
            mark.write_text(key.digest, encoding="utf-8")
        return folder

    def remove_beside(self, name: str) -> None:
        """Remove what a killed run left beside a finished stage that stands."""
        final = self.stage_path(name)
        for ending in ("partial", "old", "kept"):
            _remove(final.with_name(f".{final.name}.{ending}"))

    def run_stage(
        self, stage: Stage, key: StageKey, context: Callable[[Path, TextIO], StageContext], command: str
    ) -> StageRecord:
        """Run a stage in a directory of its own and put it in place with one rename."""
        final = self.stage_path(stage.name)
        partial = final.with_name(f".{final.name}.partial")
        _remove(partial)
        partial.mkdir(parents=True)
        start = time.monotonic()
        with (partial / LOG).open("w", encoding="utf-8") as log:
            log.write(f"$ {command}\n")
            given = context(partial, log)
            metrics = stage.run(given)
            log.write(f"done in {time.monotonic() - start:.2f} s\n")
        (partial / METRICS).write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        if found := given.checks.as_dict():
            (partial / CHECKS).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        outputs = {
            str(path.relative_to(partial)): file_digest(path)
            for path in sorted(partial.rglob("*"))
            if path.is_file() and path.name not in _NOT_OUTPUT
        }
        record = {
            "stage": stage.name,
            "key": key.digest,
            "command": command,
            "outputs": outputs,
            "parts": key.parts,
        }
        (partial / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        old = final.with_name(f".{final.name}.old")
        _remove(old)
        if os.path.lexists(final):
            final.rename(old)
        partial.rename(final)
        _remove(old)
        _remove(final.with_name(f".{final.name}.kept"))
        return StageRecord(key.digest, outputs, key.parts)

    def publish(self, source: Path, name: str) -> None:
        """Copy a result to the top of the run directory; a reader sees the old file or the new one, never half."""
        with source.open("rb") as content, replacing(self._target(name)) as target:
            shutil.copyfileobj(content, target)

    def write(self, name: str, text: str) -> None:
        """Write a file at the top of the run directory, atomically."""
        with replacing(self._target(name)) as target:
            target.write(text.encode("utf-8"))

    def remove(self, name: str) -> None:
        """Remove a file of the run's top, or what stands in its place; never outside of it, nor behind a link."""
        if not _is_inner(name):
            raise InputError(f"{self.path}: a stage names the file {name!r}, which lies outside of the run directory")
        target = self.path / name
        behind = target.relative_to(self.path).parents
        if not any((self.path / folder).is_symlink() for folder in behind if folder.parts):
            _remove(target)

    def _target(self, name: str) -> Path:
        """Where a file of the run goes: never through a link, nor into the place of a folder."""
        if not _is_inner(name):
            raise InputError(f"{self.path}: a stage names the file {name!r}, which lies outside of the run directory")
        target = self.path / name
        folder = self.path
        for part in target.relative_to(self.path).parts[:-1]:
            folder /= part
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                folder.unlink()
            folder.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            _remove(target)
        return target


def _is_inner(name: str) -> bool:
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts and "\0" not in name


def _lies_inside(folder: Path, name: str) -> bool:
    """Tell whether a file of a stage is one: below its folder, through no link."""
    return _is_inner(name) and (folder / name).resolve() == folder.parent.resolve() / folder.name / name


def _holds_files_only(folder: Path) -> bool:
    """Tell whether a folder is one, of files alone: what is written there is written through no link."""
    return (
        folder.is_dir()
        and not folder.is_symlink()
        and all(entry.is_file(follow_symlinks=False) for entry in os.scandir(folder))
    )


def _texts(data: Mapping[object, object] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (data or {}).items()}


def _remove(path: Path) -> None:
    """Remove a folder, a file or a link; nothing is no fault."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def read_checks(directory: Path) -> Checks:
    """Account in a stage directory or a run directory; empty where there is none.

    Raises
    ------
    InputError
        If the file is no account.
    """
    path = directory / CHECKS
    if not path.is_file():
        return Checks()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: {error}; run again") from error
    return Checks.from_dict(data)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a run directory for one process; the lock dies with it.

    Raises
    ------
    InputError
        If another process holds it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:
        # A file system without directories to be made, such as /proc.
        raise InputError(f"{path}: cannot be made; choose a writable directory with -o") from None
    try:
        handle = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR):
            raise
        raise InputError(f"{path / '.lock'}: a link or a folder, where a run keeps its lock; remove it") from None
    with open(handle, "w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"{path}: another finevh process is writing there; wait for it or choose another -o"
            ) from None
        yield


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full or read-only disk into an error that names the directory and the mend.

    Raises
    ------
    InputError
        In place of the OSError.
    """
    mends = {
        errno.ENOSPC: "free space there or choose another directory with -o",
        errno.EDQUOT: "free space there or choose another directory with -o",
        errno.EROFS: "choose a writable directory with -o",
        errno.EACCES: "choose a writable directory with -o",
        errno.EPERM: "choose a writable directory with -o",
        errno.ENOTDIR: "choose a directory with -o",
        errno.EEXIST: "choose a directory with -o",
    }
    try:
        yield
    except OSError as error:
        if error.errno not in mends:
            raise
        where = error.filename or path
        raise InputError(f"{where}: cannot write: {os.strerror(error.errno)}; {mends[error.errno]}") from None
