"""Growth with the number of tiles: the cells of a finished run dealt to 9, 49, 100, 400 and 1600 tiles by where they lie.

    python benchmarks/growth_tiles.py RUN [--tiles 9,49,100,400,1600] [--variant pb0]

Nothing is placed again, and no core pays for its tiles: what is measured is the engine and the search. CPU time, one thread: the
flip of a tile, median; a map of a batch of 32; Algorithm 5 and the selector "best" for one frequency in the middle of the widest
interval; the largest memory so far. The last line is the slope of logarithms over the tiles.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.errors import NotReachableError
from finevh.flow.finished import load_run
from finevh.flow.finished_design import load_design
from finevh.layout.placement import Placement
from finevh.selection import Interval, select_best, select_greedy
from finevh.selection.engine import EngineDesign

FLIPS, MAPS = 40, 32
HEAD = f"{'tiles':>6}{'flip, ms':>11}{'map of a batch, ms':>20}{'Algorithm 5, s':>16}{'best, s':>10}{'at VddL':>9}{'GiB':>7}"


def dealt(placement: Placement, tiles: int) -> NDArray[np.int32]:
    """(n_cell) tile of each cell: a mesh of about as many columns as rows, of equal numbers of cells."""
    rows = int(np.sqrt(tiles))
    row = np.argsort(np.argsort(placement.y, kind="stable")) * rows // len(placement.y)
    tile = np.empty(len(placement.x), dtype=np.int32)
    first = 0
    for k in range(rows):
        inside = np.flatnonzero(row == k)
        columns = tiles // rows + (k < tiles % rows)
        tile[inside] = first + np.argsort(np.argsort(placement.x[inside], kind="stable")) * columns // len(inside)
        first += columns
    return tile


def seconds(run: Callable[[], object]) -> float:
    """CPU time, s, of a call."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def measure(design: EngineDesign, interval: Interval) -> tuple[float, float, float, float, float]:
    """Flip and map of a batch, ms; Algorithm 5 and "best", s; share of tiles at VddL that "best" found."""
    rng = np.random.default_rng(1)
    high = rng.integers(0, 2, design.n_tiles).astype(bool)
    graph = design.graph.with_port_vdd(design.vdd_index(interval.high))
    vdd = design.cell_vdd(interval, high)
    state = graph.evaluate(vdd, design.cell_variant)
    flips = []
    for tile in rng.integers(0, design.n_tiles, FLIPS):
        high[tile] = ~high[tile]
        new = design.cell_vdd(interval, high)
        changed = np.flatnonzero(new != vdd).astype(np.int32)
        begun = time.process_time()
        state = graph.update(state, changed, new, design.cell_variant, inplace=True)
        flips.append(time.process_time() - begun)
        vdd = new
    maps = [design.cell_vdd(interval, bits) for bits in rng.integers(0, 2, (MAPS, design.n_tiles)).astype(bool)]
    graph.evaluate_batch(maps, design.cell_variant, workers=1)
    batch = seconds(lambda: graph.evaluate_batch(maps, design.cell_variant, workers=1)) / MAPS
    fast, slow = (design.single_period[design.vdd_index(v)] for v in (interval.high, interval.low))
    period = [float(np.sqrt(fast * slow))]
    greedy = seconds(lambda: select_greedy(design, interval, period))
    begun = time.process_time()
    (choice,) = select_best(design, interval, period)
    best = time.process_time() - begun
    assert not isinstance(choice, NotReachableError)
    return float(np.median(flips)) * 1e3, batch * 1e3, greedy, best, float((~choice.high).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--tiles", default="9,49,100,400,1600")
    parser.add_argument("--variant", default="pb0")
    arguments = parser.parse_args()
    flow, run = load_run(arguments.run)
    placed, design = load_design(flow, run, arguments.variant)
    design = replace(design, vdd_muxes=None)  # those of the run's own tiles
    grid = flow.schemes.grid(max(flow.schemes.delta_vdd))
    interval = Interval(float(grid[-2]), float(grid[-1]))
    measure(design, interval)  # kernels
    print(f"{flow.design.name}: {placed.netlist.n_cells} cells, {interval.low:g} and {interval.high:g} V")
    print(HEAD)
    counts = [int(text) for text in arguments.tiles.split(",")]
    rows = []
    for tiles in counts:
        rows.append(measure(replace(design, tile_of_cell=dealt(placed.placement, tiles), n_tiles=tiles), interval))
        flip, batch, greedy, best, low = rows[-1]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{tiles:6}{flip:11.2f}{batch:20.3f}{greedy:16.2f}{best:10.2f}{low:9.0%}{memory:7.2f}", flush=True)
    slopes = np.polyfit(np.log(counts), np.log([row[:4] for row in rows]), 1)[0]
    print(f"{'power':>6}{slopes[0]:11.2f}{slopes[1]:20.2f}{slopes[2]:16.2f}{slopes[3]:10.2f}")


if __name__ == "__main__":
    main()
