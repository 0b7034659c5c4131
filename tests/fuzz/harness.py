"""Feeds mutants to readers: an answer or an InputError, within five seconds and bounded memory; everything else is a find."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import tempfile
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from finevh.errors import DefectError, FinevhError
from tests.fuzz.mutate import mutant
from tests.fuzz.readers import Reader

PATIENCE = 5.0  # s of processor time for one file: a busy machine makes no hang
MEMORY = 1 << 30  # bytes that a reader may add to what the process has
RESERVED = (
    1 << 30
)  # bytes that the late and the early tables of a timing graph reserve; a small design touches few of them


class Hang(BaseException):
    """A reader that does not end."""


@dataclass
class Finds:
    """What came out: counts by outcome, and one example for each place where a foreign exception came from."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, bytes] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, data: bytes, trace: str) -> None:
        """Book a find; the shortest example of a place is kept."""
        self.counts["foreign"] += 1
        if place not in self.places or len(data) < len(self.places[place]):
            self.places[place], self.traces[place] = data, trace

    def save(self, folder: Path) -> None:
        """Write the examples, each with its trace beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        for place, data in self.places.items():
            stem = hashlib.sha256(place.encode()).hexdigest()[:12]
            (folder / f"{stem}.input").write_bytes(data)
            (folder / f"{stem}.txt").write_text(f"{place}\n{self.traces[place]}", encoding="utf-8")


def attempt(reader: Reader, data: bytes, folder: Path, finds: Finds) -> None:
    """Give one file to a reader and book what happens."""

    def late(number: int, frame: FrameType | None) -> None:
        raise Hang

    path = folder / reader.name
    path.write_bytes(data)
    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        reader.read(path)
        finds.counts["taken"] += 1
    except DefectError as error:
        finds.add(f"{reader.name}: {error}", data, traceback.format_exc())
    except FinevhError:
        finds.counts["refused"] += 1
    except (Exception, Hang) as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "finevh" in frame.filename]
        last = frames[-1] if frames else None
        where = f"{Path(last.filename).name}:{last.lineno}" if last else "?"
        finds.add(f"{reader.name}: {type(error).__name__} at {where}", data, traceback.format_exc(limit=-12))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(reader: Reader, count: int, seed: int) -> Finds:
    """Feed ``count`` mutants, the same for the same seed, to a reader."""
    rng = random.Random(f"{seed} {reader.name}")
    finds = Finds()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    here = os.getcwd()
    try:
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.chdir(name)
            # The first call may compile or load kernels, which is no hang and no memory of the reader.
            with suppress(Exception):
                (Path(name) / reader.name).write_bytes(reader.seeds[0])
                reader.read(Path(name) / reader.name)
            grown = _data() + MEMORY + RESERVED
            resource.setrlimit(
                resource.RLIMIT_DATA, (grown if hard == resource.RLIM_INFINITY else min(grown, hard), hard)
            )
            for data in reader.seeds:
                attempt(reader, data, Path(name), finds)
            for _ in range(count):
                attempt(reader, mutant(rng, reader.seeds), Path(name), finds)
            if Path(name, "pwned").exists():
                finds.add(f"{reader.name}: executed", b"", "a file 'pwned' was made")
    finally:
        os.chdir(here)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return finds


def _data() -> int:
    """Bytes of data that this process holds; address space that threads only reserve, 64 MB each, is no memory."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return next(
        1024 * int(line.split()[1]) for line in status.read_text(encoding="ascii").splitlines() if "VmData" in line
    )
