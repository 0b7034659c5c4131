"""ngspice as a function: a deck's text in, the vectors of its plots out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.children import end_with_parent
from finevh.base.files import work_folder
from finevh.base.tools import NGSPICE, require
from finevh.errors import FinevhError

__all__ = ["Plot", "SimulationError", "find_ngspice", "read_raw", "simulate"]

FloatArray = NDArray[np.float64]


class SimulationError(FinevhError):
    """ngspice stopped or produced fewer plots than asked for; the message names the deck."""


@dataclass(frozen=True)
class Plot:
    """One analysis: `vectors[name]` has one value per point; names in lower case as ngspice writes them."""

    name: str
    vectors: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.vectors[name]


def find_ngspice() -> str:
    """Return the ngspice program: `$NGSPICE`, else the first on PATH.

    Raises
    ------
    ToolMissingError
        If there is none.
    """
    return require(NGSPICE)


def simulate(deck: str, plots: int, keep: Path, timeout_s: float = 600.0) -> list[Plot]:
    """Run one deck and return its plots.

    Parameters
    ----------
    deck : text whose control block writes each plot to `out.raw` (binary, appended).
    plots : how many plots the deck must produce.
    keep : folder that receives the deck and the log if the simulation fails.

    Raises
    ------
    SimulationError
        If ngspice fails, hangs, or a plot is missing; the message holds the path of the kept deck.
    """
    program = find_ngspice()
    with work_folder() as work:
        (work / "deck.cir").write_text(deck, encoding="utf-8")
        # ngspice splits the device evaluation of BSIM4 over two threads unless told; two threads that wait for each other
        # on a busy machine cost many times the work. A .spiceinit beside the deck is the only place read early enough.
        (work / ".spiceinit").write_text("set num_threads=1\n", encoding="utf-8")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
        # ngspice reports progress at every time point: into a file, a pipe would wake this process each time.
        with (work / "log").open("w") as log_file:
            try:
                subprocess.run(
                    [program, "-b", "deck.cir"],
                    cwd=work,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log_file,
                    stderr=subprocess.STDOUT,
                    timeout=timeout_s,
                    check=False,
                    preexec_fn=end_with_parent,
                )
            except subprocess.TimeoutExpired:
                raise _failure(deck, f"no end after {timeout_s:g} s", keep) from None
        log = (work / "log").read_text(encoding="utf-8", errors="replace")
        raw = work / "out.raw"
        found = read_raw(raw.read_bytes()) if raw.exists() else []
        if len(found) != plots:
            raise _failure(deck, log, keep)
        return found


def _failure(deck: str, log: str, keep: Path) -> SimulationError:
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / "failed.cir"
    path.write_text(deck, encoding="utf-8")
    (keep / "failed.log").write_text(log, encoding="utf-8")
    tail = [line for line in log.splitlines() if "rror" in line or "singular" in line or "too small" in line]
    return SimulationError(f"ngspice did not finish {path} ({tail[-1].strip() if tail else 'see failed.log there'})")


def read_raw(data: bytes) -> list[Plot]:
    """Parse ngspice's binary raw format; a file may hold several plots."""
    plots: list[Plot] = []
    position = 0
    while True:
        start = data.find(b"Title:", position)
        if start < 0:
            return plots
        mark = data.index(b"Binary:\n", start)
        header = data[start:mark].decode("ascii", errors="replace").splitlines()
        fields = dict(line.split(":", 1) for line in header if ":" in line and not line.startswith("\t"))
        n_variable, n_point = int(fields["No. Variables"]), int(fields["No. Points"])
        first = next(i for i, line in enumerate(header) if line.startswith("Variables:")) + 1
        names = [line.split()[1].lower() for line in header[first : first + n_variable]]
        begin = mark + len(b"Binary:\n")
        size = 8 * n_variable * n_point
        table = np.frombuffer(data[begin : begin + size], dtype="<f8").reshape(n_point, n_variable)
        plots.append(Plot(fields["Plotname"].strip(), {name: table[:, i] for i, name in enumerate(names)}))
        position = begin + size
