"""Damages each file of a finished run in turn and judges what every verb makes of it.

An outcome is one of ``same`` (status 0 and the answer of the whole run), ``mended`` (the same, and the damaged file is as it
was), ``refused`` (status 2, one message). Everything else is a fault: another answer, another exception.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from finevh.base.quoting import visible
from oracles.tiny_design import FREQUENCY, command

DAMAGES = ("flipped", "cut", "folder", "link", "deleted", "empty")
VERBS = ("emulate", "report", "run", "metrics", "compare", "signoff")
GOOD = ("same", "mended", "refused")
_OWN = ("log.txt", "times.js", ".lock")
"""Files that say when and how long, and no result."""


def files_of(run: Path) -> list[str]:
    """Every file of a run."""
    return sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())


def flipped(data: bytes) -> bytes:
    """One bit another: in a text that of a digit near the middle, so that another valid number stands there."""
    middle = len(data) // 2
    text = b"\0" not in data[:4096]
    digits = [k for k in range(len(data)) if data[k : k + 1].isdigit()] if text and len(data) < 1 << 20 else []
    at = min(digits, key=lambda k: abs(k - middle)) if digits else middle
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def spoil(path: Path, how: str, elsewhere: Path) -> None:
    """Damage a file; ``elsewhere`` is what a link points at. The file may be a hard link: it is never written in place."""
    data = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "flipped":
        path.write_bytes(flipped(data) if data else b"x")
    elif how == "folder":
        path.mkdir()
    elif how == "link":
        elsewhere.write_bytes(flipped(data) if data else b"x")
        path.symlink_to(elsewhere)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run but its logs, lock and records, which say what it took and why."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in files_of(folder)
        if Path(name).name not in _OWN
    }


@dataclass(frozen=True)
class Bench:
    """A finished run, a folder to work in, and what each verb says of the whole run.

    The run is copied by hard links, which finevh never writes through: it replaces files. :meth:`untouched` proves it.
    """

    whole: Path
    flow: Path
    folder: Path
    _answers: dict[str, object] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        """The run that is damaged; the same path in every case, since some answers name it."""
        return self.folder / "run"

    def fresh(self) -> None:
        """Put a whole run in place."""
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self.whole, self.run, copy_function=os.link)
        (self.run / ".lock").unlink()
        (self.run / ".lock").touch()

    def ask(self, verb: str) -> tuple[int, str, object]:
        """Give a verb the run: status, what stderr says, and the answer."""
        page = self.folder / "page.html"
        words = {
            "emulate": ["emulate", str(self.run), "--freq", FREQUENCY, "--json"],
            "report": ["report", str(self.run)],
            "run": ["run", str(self.flow), "-o", str(self.run), "-j", "1"],
            "metrics": ["metrics", str(self.run), "--json"],
            "compare": ["report", str(self.run), str(self.whole), "-o", str(page)],
            "signoff": ["signoff", str(self.run), "-j", "1", "--json"],
        }[verb]
        page.unlink(missing_ok=True)
        status, out, said = command(*words)
        if visible(out + said) != out + said:
            said += "\nTraceback: raw escape sequence"
        if status != 0:
            return status, said, None
        return status, said, self._answer(verb, out, page)

    def _answer(self, verb: str, out: str, page: Path) -> object:
        if verb == "compare":
            return hashlib.sha256(page.read_bytes()).hexdigest()
        if verb == "run":
            found = digests(self.run)
            return {name: digest for name, digest in found.items() if not name.endswith("stage.json")}
        if verb == "report":
            found = digests(self.run)
            made = ("tables/", "plots/", "out/", "report.html", "operating_points.csv", "about.json")
            return {name: digest for name, digest in found.items() if name.startswith(made)}
        return out

    def expected(self, verb: str) -> object:
        """What a verb answers on the whole run."""
        if verb not in self._answers:
            self.fresh()
            status, said, answer = self.ask(verb)
            if status not in (0, 1):
                raise RuntimeError(f"{verb} of the whole run ends with {status}: {said}")
            self._answers[verb] = (status, answer)
        return self._answers[verb]

    def outcome(self, name: str, how: str, verb: str) -> str:
        """What a verb makes of a run with one damaged file: an outcome, or a sentence that says what is wrong."""
        expected = self.expected(verb)
        self.fresh()
        path = self.run / name
        before = path.read_bytes()
        spoil(path, how, self.folder / "elsewhere")
        linked = (self.folder / "elsewhere").read_bytes() if how == "link" else b""
        status, said, answer = self.ask(verb)
        if "Traceback" in said or "a defect of finevh" in said or status not in (0, 1, 2):
            return f"FOREIGN: status {status}: {said.strip()[-300:]}"
        if how == "link" and (self.folder / "elsewhere").read_bytes() != linked:
            return "WROTE THROUGH THE LINK"
        if status == 2:
            messages = said.count("finevh: ")
            return "refused" if messages == 1 else f"{messages} MESSAGES: {said.strip()[-300:]}"
        if (status, answer) != expected:
            return f"ANOTHER ANSWER: {_difference(expected, (status, answer))}"
        whole = path.is_file() and not path.is_symlink() and path.read_bytes() == before
        return "mended" if whole else "same"

    def untouched(self) -> bool:
        """Whether the whole run is as it was made."""
        return digests(self.whole) == _made(self.whole)


@lru_cache(maxsize=4)
def _made(run: Path) -> dict[str, str]:
    return digests(run)


def bench(whole: Path, flow: Path, folder: Path) -> Bench:
    """Set up a bench for a finished run."""
    _made(whole)
    return Bench(whole, flow, folder)


def _difference(expected: object, found: object) -> str:
    def flat(value: object) -> list[str]:
        text = str(value[1]) if isinstance(value, tuple) and not isinstance(value[1], dict) else ""
        return (
            text.splitlines() if text else [f"{k}={v}" for k, v in value[1].items()] if isinstance(value, tuple) else []
        )

    a, b = flat(expected), flat(found)
    return "; ".join([line.strip()[:80] for line in b if line not in a][:3] or ["less: " + str(len(a) - len(b))])


def cases(
    run: Path, verbs: tuple[str, ...] = VERBS, damages: tuple[str, ...] = DAMAGES
) -> Iterator[tuple[str, str, str]]:
    """Every file, damage and verb."""
    for how in damages:
        for verb in verbs:
            for name in files_of(run):
                yield name, how, verb
