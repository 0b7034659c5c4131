"""How far selection is from the best: python benchmarks/selection_gap.py DIR [--seconds S] [--variants pb0,vt] [--state FILE].

For a finished run: Algorithm 5, ``best`` and ``exact`` at the frequencies of the unbiased ideal-DVFS, per delta-Vdd and variant
set, with the proven bound, the gap and the times. Meshes too large for ``exact`` show Algorithm 5 and ``best`` alone.
With a state file every interval is kept when it is done and not searched again; ``--budget`` starts no second one after so many
seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from finevh.config import EXACT_TILES
from finevh.errors import NotReachableError
from finevh.flow.finished import load_run
from finevh.flow.finished_design import load_design
from finevh.schemes import FineVh, single_voltage_curve
from finevh.selection import SELECTORS, Choice, select_lowered
from finevh.selection.engine import EngineDesign
from finevh.selection.exact import ExactSearch


@dataclass(frozen=True)
class Line:
    """One frequency, MHz: powers, mW, bound, mW, and seconds of processor time of ``best`` and seconds of ``exact``."""

    frequency: float
    greedy: float
    best: float
    exact: float
    bound: float
    best_seconds: float
    exact_seconds: float

    @property
    def gap(self) -> float:
        """How far the bound lies below the cheapest map, per cent."""
        return 100.0 * (1.0 - self.bound / self.exact)


class OutOfTimeError(Exception):
    """The budget is spent; what is done is in the state file."""


@dataclass
class State:
    """Lines of the intervals that are done, by name of the table and frequency."""

    path: Path | None
    budget: float
    start: float = field(default_factory=time.perf_counter)
    fresh: int = 0
    """Intervals searched in this run."""
    known: dict[str, list[Line]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is there."""
        if self.path is not None and self.path.exists():
            found = json.loads(self.path.read_text(encoding="utf-8"))
            self.known = {key: [Line(**line) for line in rows] for key, rows in found.items()}

    def keep(self, key: str, rows: list[Line]) -> None:
        """Write an interval."""
        self.known[key], self.fresh = rows, self.fresh + 1
        if self.path is not None:
            text = json.dumps({name: [asdict(line) for line in kept] for name, kept in self.known.items()}, indent=1)
            self.path.write_text(text + "\n", encoding="utf-8")


def kept_lines(
    state: State,
    name: str,
    design: EngineDesign,
    grid: Sequence[float],
    delta: float,
    frequencies: Sequence[float],
    seconds: float,
) -> Iterator[Line]:
    """Every frequency of one variant set and delta-Vdd; intervals that the state holds are not searched again.

    Raises
    ------
    OutOfTimeError
        Before an interval that would start after the budget.
    """
    for part in FineVh(single_voltage_curve(design, "", "", grid), delta).parts(frequencies):
        key = f"{name}, {seconds:g} s, {part[0]:.6f} to {part[-1]:.6f} MHz"
        if key not in state.known:
            if state.fresh and time.perf_counter() - state.start > state.budget:
                raise OutOfTimeError
            state.keep(key, list(lines(design, grid, delta, part, seconds)))
        yield from state.known[key]


def lines(
    design: EngineDesign, grid: Sequence[float], delta: float, frequencies: Sequence[float], seconds: float
) -> Iterator[Line]:
    """Every frequency of one variant set and delta-Vdd."""
    fine = FineVh(single_voltage_curve(design, "", "", grid), delta)
    for part in fine.parts(frequencies):
        interval, periods = fine.interval_of(part[0]), [1e6 / f for f in part]
        greedy = SELECTORS["greedy"].choose(design, interval, periods, None)
        start = time.process_time()
        best = SELECTORS["best"].choose(design, interval, periods, None)
        spent = (time.process_time() - start) / len(part)
        search = ExactSearch(design, interval, periods, seconds) if design.n_tiles <= EXACT_TILES else None
        if search is not None:
            search.descent.run()
        for index, frequency in enumerate(part):
            other, found = greedy[index], best[index]
            if isinstance(other, NotReachableError):
                other = select_lowered(design, interval, periods[index])
            assert isinstance(found, Choice)
            powers = other.energy.power(frequency), found.energy.power(frequency)
            exact, bound, took = min(powers), float("nan"), 0.0
            if search is not None:
                begin = time.perf_counter()
                bound = search.solve(index, begin + seconds)
                took = time.perf_counter() - begin
                known = search.archive.best(index)
                assert known is not None
                exact = min(exact, search.archive.power(known, index))
            yield Line(frequency, *powers, exact, bound, spent, took)


def show(name: str, found: Iterator[Line]) -> bool:
    """Print a table; False where a selector breaks the order."""
    print(
        f"{name}\n   f, MHz  Algorithm 5        best       exact       bound    gap  best above  Alg. 5 above  s best  s exact"
    )
    rows = []
    for line in found:
        rows.append(line)
        above = [100 * (power / line.exact - 1) for power in (line.best, line.greedy)]
        powers = f"{line.greedy:12.6f} {line.best:11.6f} {line.exact:11.6f} {line.bound:11.6f}"
        print(
            f"{line.frequency:9.3f} {powers} {line.gap:5.2f} %"
            f" {above[0]:9.2f} % {above[1]:11.2f} % {line.best_seconds:7.2f}"
            f" {line.exact_seconds:8.1f}",
            flush=True,
        )
    closed, widest = sum(line.gap <= 1.0 for line in rows), max(line.gap for line in rows)
    best, greedy = (max(100 * (getattr(line, name) / line.exact - 1) for line in rows) for name in ("best", "greedy"))
    known = math.isfinite(widest)
    print(f"  gap at most 1 % at {closed} of {len(rows)}, most {widest:.2f} %" if known else "  too many tiles for a bound")
    print(f"  above the best map known: best at most {best:.2f} %, Algorithm 5 at most {greedy:.2f} %", flush=True)
    return all(line.best <= line.greedy * (1 + 1e-9) and not line.bound > line.exact * (1 + 1e-9) for line in rows)


def main() -> int:
    """Print all tables; 1 if a selector breaks the order or the budget ended first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=Path("runs/ri5cy"))
    parser.add_argument("--seconds", type=float, default=30.0, help="time limit of exact per point")
    parser.add_argument("--variants", default="pb0,vt")
    parser.add_argument("--state", type=Path, help="file that keeps what is done")
    parser.add_argument(
        "--budget", type=float, default=float("inf"), help="seconds after which no second interval is begun"
    )
    options = parser.parse_args()
    state = State(options.state, options.budget)
    flow, run = load_run(options.directory)
    base = single_voltage_curve(load_design(flow, run, "pb0")[1], "", "", flow.schemes.grid(flow.schemes.ideal_step))
    right = True
    for variant in options.variants.split(","):
        _, design = load_design(flow, run, variant)
        for delta in flow.schemes.delta_vdd:
            grid = flow.schemes.grid(delta)
            top = max(1e6 / design.single_voltage(vdd)[0] for vdd in grid)
            frequencies = [f for f in base.frequencies if f <= top * (1 + 1e-9)]
            name = f"{variant}, {design.n_tiles} tiles, delta-Vdd {1000 * delta:.0f} mV"
            try:
                right &= show(name, kept_lines(state, name, design, grid, delta, frequencies, options.seconds))
            except OutOfTimeError:
                print("the budget is spent; run again to go on")
                return 1
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
