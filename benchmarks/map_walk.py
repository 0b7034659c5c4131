"""The walk of one voltage map through the package, from the flow file to the report: python benchmarks/map_walk.py RUN [--text]

A finished run's operating points, exports and report are made again in a copy, for one variant, one delta-Vdd and one selector,
first as they are and then with every call watched. A function is passed where it receives or returns the map: a ``VoltageMap``
of its tiles, their bits or letters, the supplies of all cells under it, or an operating point, a list or a table that holds it.
Each function counts once, where the map first meets it. A stay is a stretch of the walk inside one room (a package of
``finevh``; one file where it is no package); coming back to a room that was left is a return: stays = rooms + returns.

The map is that of the run's FINE-VH points with as many tiles at either supply as there are.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
from dataclasses import is_dataclass
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pandas as pd

import finevh
from finevh.commands.run import run_flow
from finevh.flow_file import read_flow
from finevh.report.tables import read_points

PACKAGE = str(Path(finevh.__file__).parent)
FIRST = "operating-points"
SETTINGS = ('schemes.variants=["pb0"]', 'schemes.delta_vdd=["200 mV"]', 'schemes.selectors=["best"]')
_DEEP = 3
"""Lists in tuples in dictionaries: how far a value is looked into."""
_MANY = 64
"""Members of a list that are looked at."""


class Walk:
    """Watches calls; ``functions`` are those that the map passed, in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bits = np.array([letter == "H" for letter in text])
        self.supplies: set[bytes] = set()
        """The supplies of all cells under the map, as a function that received it gave them away."""
        self.functions: list[tuple[str, str]] = []
        self._done: set[CodeType] = set()
        self._ours: dict[CodeType, str | None] = {}
        self._entered: dict[int, bool] = {}

    def watch(self, frame: FrameType, event: str, result: Any) -> None:
        """The hook of :func:`sys.setprofile`."""
        if event not in ("call", "return"):
            return
        code = frame.f_code
        room = self._room(code)
        if room is None or (code in self._done and code.co_name != "cell_vdd"):
            return
        if event == "call":
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            holds = any(self.holds(frame.f_locals[name], 0) for name in names if name in frame.f_locals)
            if holds and code.co_name == "cell_vdd":
                self._entered[id(frame)] = True
        else:
            if self._entered.pop(id(frame), False) and isinstance(result, np.ndarray):
                self.supplies.add(result.tobytes())
            holds = self.holds(result, 0)
        if holds and code not in self._done:
            self._done.add(code)
            self.functions.append((room, code.co_qualname))

    def _room(self, code: CodeType) -> str | None:
        if code not in self._ours:
            file = code.co_filename
            inside = file.startswith(PACKAGE) and not code.co_name.startswith("<")
            self._ours[code] = Path(file).relative_to(PACKAGE).parts[0].removesuffix(".py") if inside else None
        return self._ours[code]

    def holds(self, value: Any, depth: int) -> bool:
        """Whether a value is the map or holds it."""
        if isinstance(value, str):
            return value == self.text
        if isinstance(value, np.ndarray):
            if value.dtype == bool and value.shape == self.bits.shape:
                return bool((value == self.bits).all())
            return (
                value.dtype == np.int32 and value.ndim == 1 and bool(self.supplies) and value.tobytes() in self.supplies
            )
        if isinstance(value, pd.DataFrame):
            return any(name in value.columns and self.text in value[name].to_numpy() for name in ("assignment", "map"))
        if depth == _DEEP:
            return False
        if isinstance(value, dict):
            return any(self.holds(item, depth + 1) for item in list(value.values())[:_MANY])
        if isinstance(value, (list, tuple)):
            return any(self.holds(item, depth + 1) for item in value[:_MANY])
        if (
            is_dataclass(value)
            and not isinstance(value, type)
            and type(value).__name__ in ("VoltageMap", "OperatingPoint")
        ):
            return any(self.holds(item, depth + 1) for item in vars(value).values())
        return False


def chosen_map(run: Path) -> str:
    """The most mixed map among the FINE-VH points of a run, the first of several."""
    points = read_points(run / "operating_points.csv")
    maps = points.loc[points["scheme"] == "fine-vh", "assignment"].dropna().drop_duplicates().tolist()
    return max(maps, key=lambda text: min(text.count("L"), text.count("H")))


def main() -> int:
    """Exit status 2 where there is no run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--text", action="store_true", help="list the functions, stay by stay")
    arguments = parser.parse_args()
    if not (arguments.run / "operating_points.csv").is_file():
        print(f"{arguments.run}: no operating points; make them with 'finevh run'", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "run"
        shutil.copytree(arguments.run, copy)
        flow = read_flow(copy / "flow.toml", SETTINGS)
        run_flow(flow, copy)
        walk = Walk(chosen_map(copy))
        threading.setprofile(walk.watch)
        sys.setprofile(walk.watch)
        try:
            run_flow(flow, copy, first=FIRST)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    stays = [(room, [function for _, function in part]) for room, part in groupby(walk.functions, key=lambda f: f[0])]
    rooms = sorted({room for room, _ in stays})
    if arguments.text:
        for room, functions in stays:
            print(f"{room:12} {', '.join(functions)}")
    print(f"map {walk.text}: {len(walk.functions)} functions, {len(stays)} stays in {len(rooms)} rooms, "
          f"{len(stays) - len(rooms)} returns")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
