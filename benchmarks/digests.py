"""Digests of a run's results, kept from one change of the code to the next, and what differs: nothing may be lost by a rebuild.

    python benchmarks/digests.py RUN                       print the digests of a finished run, and the lines of the package
    python benchmarks/digests.py RUN --keep FILE.json      ... and keep them, with the tables themselves
    python benchmarks/digests.py RUN --against FILE.json   ... and compare: exit status 1 where anything differs
    python benchmarks/digests.py RUN --against OTHER_RUN   the same between two run directories

A table that differs is compared number by number: the largest relative difference of each column, and columns or rows that came
or went. Files that tell of the machine or the hour (times, logs, provenance) are left out.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ("tables", "out")
"""Folders of a run whose files its inputs and the code decide alone."""
TOP = ("operating_points.csv", "checks.json")
TIMES = ("seconds",)
"""Columns that differ from run to run."""


@dataclass(frozen=True)
class Kept:
    """What is known of a run: digest of each file, text of each table, lines of the package that made it."""

    digests: dict[str, str]
    tables: dict[str, str]
    lines: dict[str, int]


def files_of(run: Path) -> Iterator[Path]:
    """The files of a run that are compared, each with its path below the run."""
    for name in TOP:
        if (run / name).is_file():
            yield run / name
    for folder in FOLDERS:
        yield from (path for path in sorted((run / folder).rglob("*")) if path.is_file())


def code_lines() -> dict[str, int]:
    """Lines of the Python files of the package that git tracks, by room."""
    listed = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "finevh/*.py"], capture_output=True, text=True, check=True
    ).stdout.split()
    lines: dict[str, int] = {}
    for name in listed:
        parts = Path(name).parts
        room = parts[1] if len(parts) > 2 else "(top)"
        if (REPOSITORY / name).is_file():
            lines[room] = lines.get(room, 0) + (REPOSITORY / name).read_bytes().count(b"\n")
    return lines


def without_times(text: str) -> str:
    """A table without the columns that say how long something took."""
    rows = list(csv.reader(io.StringIO(text)))
    kept = [k for k, name in enumerate(rows[0]) if name not in TIMES] if rows else []
    if not rows or len(kept) == len(rows[0]):
        return text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([row[k] for k in kept] for row in rows)
    return out.getvalue()


def read_run(run: Path) -> Kept:
    """Digests and tables of a finished run."""
    digests, tables = {}, {}
    for path in files_of(run):
        name, data = path.relative_to(run).as_posix(), path.read_bytes()
        if path.suffix == ".csv":
            tables[name] = without_times(data.decode("utf-8"))
            data = tables[name].encode()
        digests[name] = sha256(data).hexdigest()
    return Kept(digests, tables, code_lines())


def read(source: Path) -> Kept:
    """A run directory, or what was kept of one."""
    if source.is_dir():
        return read_run(source)
    return Kept(**json.loads(source.read_text(encoding="utf-8")))


def differences(before: str, after: str) -> list[str]:
    """How two texts of one table differ, in words."""
    old, new = (pd.read_csv(io.StringIO(text)) for text in (before, after))
    words = [f"column {name} is gone" for name in old.columns if name not in new.columns]
    words += [f"column {name} is new" for name in new.columns if name not in old.columns]
    if len(old) != len(new):
        return [*words, f"{len(old)} rows before, {len(new)} now"]
    for name in (name for name in old.columns if name in new.columns):
        if is_numeric_dtype(old[name]) and is_numeric_dtype(new[name]):
            was, now = old[name].to_numpy(dtype=float), new[name].to_numpy(dtype=float)
            unequal = ~((was == now) | (np.isnan(was) & np.isnan(now)))
            if unequal.any():
                scale = np.maximum(np.maximum(np.abs(was), np.abs(now)), 1e-300)
                most = np.nanmax(np.abs(was - now)[unequal] / scale[unequal])
                words.append(f"{name}: {unequal.sum()} of {len(old)} numbers, by at most {most:.1e} of them")
        else:
            changed = int((old[name].astype(str) != new[name].astype(str)).sum())
            if changed:
                words.append(f"{name}: {changed} of {len(old)} entries")
    return words or ["the same numbers, written otherwise"]


def compare(before: Kept, after: Kept) -> int:
    """Print what differs; returns the number of files that do."""
    names = sorted(before.digests.keys() | after.digests.keys())
    unequal = [name for name in names if before.digests.get(name) != after.digests.get(name)]
    for name in unequal:
        if name not in after.digests or name not in before.digests:
            print(f"{name}: {'missing now' if name in before.digests else 'not there before'}")
            continue
        print(f"{name}: differs")
        if name in before.tables and name in after.tables:
            for line in differences(before.tables[name], after.tables[name]):
                print(f"    {line}")
    print(f"{len(names) - len(unequal)} of {len(names)} files are byte-identical")
    return len(unequal)


def main() -> int:
    """Exit status 1 where a file differs, 2 where there is no run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--keep", type=Path, help="file to keep the digests in")
    parser.add_argument("--against", type=Path, help="a file that was kept, or another run")
    arguments = parser.parse_args()
    if not (arguments.run / "operating_points.csv").is_file():
        print(f"{arguments.run}: no operating points; make them with 'finevh run'", file=sys.stderr)
        return 2
    found = read_run(arguments.run)
    before = read(arguments.against) if arguments.against else None
    if before is None:
        for name, digest in found.digests.items():
            print(f"{digest}  {name}")
    total = sum(found.lines.values())
    print(f"{total} lines of package code: " + ", ".join(f"{room} {n}" for room, n in sorted(found.lines.items())))
    if before is not None:
        apart = {room: found.lines.get(room, 0) - before.lines.get(room, 0) for room in found.lines | before.lines}
        moved = ", ".join(f"{room} {n:+d}" for room, n in sorted(apart.items()) if n)
        print(f"lines since: {total - sum(before.lines.values()):+d} ({moved or 'nothing'})")
    if arguments.keep:
        arguments.keep.parent.mkdir(parents=True, exist_ok=True)
        arguments.keep.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    return 1 if before is not None and compare(before, found) else 0


if __name__ == "__main__":
    sys.exit(main())
