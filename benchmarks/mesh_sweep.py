"""Where a finer mesh stops paying: a sweep over tiles and delta-Vdd by one yardstick, and the limit of free choice per cell.

    python benchmarks/mesh_sweep.py SWEEP [--limit-of 49] [--state FILE] [--picture FILE.svg]

SWEEP is what ``finevh sweep`` wrote. Every mesh is a layout of its own, with its wrappers and Vdd-MUXes in its core area, its
wires and its clock tree. Savings of FINE-VH without bias are over the ideal-DVFS of the same layout, and over that of the layout
with the fewest tiles at that one's frequencies; with maps chosen at the supplies and, where the sweep has them, with maps that
meet their clock on drooped rails. The limit gives every cell of one mesh a supply of its own and raises those on late paths until
the clock is met. It is kept in the state file and not done again. Prints a table as Markdown; with ``--picture`` draws it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from benchmarks.partitions import judge_cells, open_layout
from finevh.flow.finished import load_run
from finevh.report.one_yardstick import measure_runs
from finevh.report.tables import read_points

Savings = dict[tuple[int, float], tuple[float, float]]
"""By tiles and delta-Vdd, V: per cent below the layout's own ideal-DVFS, and below the first layout's."""
CELLS = 0
"""In place of a number of tiles: every cell its own supply."""


@dataclass(frozen=True)
class Mesh:
    """One run of the sweep; overhead and interface are shares of one."""

    folder: Path
    tiles: int
    overhead: float
    interface: float


def read_mesh(folder: Path) -> Mesh:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    points = read_points(folder / "operating_points.csv")
    return Mesh(
        folder,
        int(points["tiles"].max()),
        float(metrics["floorplan__core__area__overhead"]),
        float(metrics["place__interface_cells__fraction"]),
    )


def savings_of(meshes: list[Mesh], table: str) -> Savings:
    """Savings of all meshes by the points of a table; the first mesh is the yardstick."""
    runs = [mesh.folder / table for mesh in meshes]
    there = [k for k, run in enumerate(runs) if run.is_file()]
    if there[:1] != [0]:
        return {}
    found = measure_runs([read_points(runs[k]) for k in there])
    return {
        (meshes[there[one.run]].tiles, round(one.delta, 4)): (one.over_own, one.over_first)
        for one in found
        if one.variant == "pb0"
    }


def limit_of(folder: Path, state: Path | None) -> dict[float, float]:
    """By delta-Vdd, V: per cent below the own ideal-DVFS of a mesh if every cell had its own supply."""
    if state is not None and state.is_file():
        return {float(delta): saving for delta, saving in json.loads(state.read_text(encoding="utf-8")).items()}
    flow, run = load_run(folder)
    layout = open_layout(flow, run, None)
    frequencies = layout.ideal.frequencies
    ideal = {f: layout.ideal.energy[layout.ideal.cheapest(f)].power(f) for f in frequencies}
    found = {}
    for delta in sorted(flow.schemes.delta_vdd):
        points = judge_cells(layout, flow.schemes.grid(delta), delta, frequencies)
        found[round(delta, 4)] = float(100.0 * np.mean([1.0 - point["mw"] / ideal[point["f"]] for point in points]))
    if state is not None:
        state.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def markdown(meshes: list[Mesh], supplies: Savings, drooped: Savings, limit: dict[float, float]) -> str:
    deltas = sorted({delta for _, delta in drooped})
    heads = [f"{1000 * delta:.0f} mV" for delta in deltas]
    lines = [
        "| tiles | core overhead, % | interface cells, % | " + " | ".join(heads) + " |",
        "| --- | --- | --- |" + " --- |" * len(deltas),
    ]
    for mesh in meshes:
        cells = []
        for delta in deltas:
            key = mesh.tiles, delta
            columns = ((supplies, 0), (drooped, 0), (drooped, 1)) if supplies else ((drooped, 0), (drooped, 1))
            parts = [f"{found[key][which]:.1f}" if key in found else "-" for found, which in columns]
            cells.append(" / ".join(parts) if key in drooped else "")
        lines.append(
            f"| {mesh.tiles} | {100 * mesh.overhead:.1f} | {100 * mesh.interface:.1f} | " + " | ".join(cells) + " |"
        )
    if limit:
        cells = [f"{limit[delta]:.1f}" if delta in limit else "" for delta in deltas]
        lines.append("| every cell | | 100 | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(meshes: list[Mesh], supplies: Savings, drooped: Savings, limit: dict[float, float]) -> Figure:
    """Two maps: at the supplies over the layout's own ideal-DVFS; over the first layout's, on drooped rails if there are any."""
    deltas = sorted({delta for _, delta in drooped})
    tiles = [mesh.tiles for mesh in meshes if mesh.tiles > 1] + ([CELLS] if limit else [])
    where = "on drooped rails" if supplies else "at the supplies"
    panels = [
        (
            {key: own for key, (own, _) in (supplies or drooped).items()}
            | {(CELLS, delta): value for delta, value in limit.items()},
            "at the supplies, over the layout's own ideal-DVFS",
        ),
        (
            {key: first for key, (_, first) in drooped.items()},
            f"{where}, over that of the core "
            + ("without tiles" if meshes[0].tiles == 1 else f"in {meshes[0].tiles} tiles"),
        ),
    ]
    figure = Figure(figsize=(2.0 + 0.62 * len(tiles), 1.4 + 1.05 * len(deltas)), layout="constrained")
    widest = max(abs(value) for found, _ in panels for value in found.values())
    axes = figure.subplots(2, 1, sharex=True)
    for axis, (found, title) in zip(axes, panels, strict=True):
        grid = np.full((len(deltas), len(tiles)), np.nan)
        for (count, delta), value in found.items():
            if count in tiles and delta in deltas:
                at = deltas.index(delta), tiles.index(count)
                grid[at] = value
                colour = "white" if abs(value) > 0.6 * widest else "black"
                axis.text(at[1], at[0], f"{value:.1f}", ha="center", va="center", fontsize=8, color=colour)
        # Orange to violet stays readable for colour-blind eyes; zero is white.
        image = axis.imshow(grid, cmap="PuOr", norm=TwoSlopeNorm(0.0, -widest, widest), aspect="auto", origin="lower")
        axis.set_yticks(range(len(deltas)), [f"{1000 * delta:.0f}" for delta in deltas])
        axis.set_ylabel("ΔVdd, mV")
        axis.set_title(title, fontsize=9)
    axes[-1].set_xticks(range(len(tiles)), ["cell" if count == CELLS else str(count) for count in tiles])
    axes[-1].set_xlabel("Tiles (cell: every cell its own supply)" if limit else "Tiles")
    figure.colorbar(image, ax=list(axes), label="FINE-VH below ideal-DVFS, %")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--limit-of", type=int, help="tiles of the mesh whose cells get their own supplies")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    folders = [path.parent for path in options.sweep.glob("*-tiles/operating_points.csv")]
    meshes = sorted((read_mesh(folder) for folder in folders), key=lambda mesh: mesh.tiles)
    drooped, supplies = savings_of(meshes, "operating_points.csv"), savings_of(meshes, "tables/nominal_points.csv")
    limit: dict[float, float] = {}
    if options.limit_of:
        limit = limit_of(next(mesh.folder for mesh in meshes if mesh.tiles == options.limit_of), options.state)
    print(markdown(meshes, supplies, drooped, limit), end="")
    if options.picture:
        draw(meshes, supplies, drooped, limit).savefig(options.picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
