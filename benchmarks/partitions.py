"""Where the critical cells are, compared on one netlist.

    python benchmarks/partitions.py RUN -o DIR [--only NAMES] [--steps N] [--seed S]

RUN is a finished run of a flow that is placed by wirelength alone. Its sized netlist is placed again driven by timing and by a
map, and laid out as the flow does it. On the layouts other partitions are drawn on paper, at as many domains as there are tiles
(unless said otherwise) and with the wires left as they are:

- ``gathered``: the most critical cells up to 2 % of the area change to the tile that has most of them;
- ``rows``: bands over the core's whole width, of equal cell area;
- ``moved borders``: the mesh's lines moved to where fewest critical nets cross them;
- ``blocks``: functional units, by the registers that a cell is nearest to in the netlist;
- ``island``: two domains, the most critical part of the core and all that is left;
- ``cells``: every cell a domain of its own, raised until the clock is met: about what can be had at most.

All are judged at the frequencies of RUN's own ideal-DVFS, without bias, by selector ``best``: power, averaged, below that of the
same layout's ideal-DVFS and below that of RUN's. Every step (a round of placement, a layout, a row of the table) is kept in DIR
and not done again; ``--steps`` ends after so many. With ``--seed`` the placer's seed is another one, in the blind layout as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.config import Flow
from finevh.errors import NotReachableError
from finevh.flow.artifacts.layout import load_floorplan, load_placement, save_placement, save_wires
from finevh.flow.artifacts.netlist import FROZEN, load_netlist, save_netlist
from finevh.flow.designs import (
    PlacedDesign,
    average_activity,
    load_activities,
    load_placed,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.driven import DrivenPlacement, best_round
from finevh.flow.engine.stage import RunDirectory
from finevh.flow.finished import load_run
from finevh.flow.inputs.sizing import sizing_options, sizing_target
from finevh.flow.inputs.technology import technology_of
from finevh.layout import interface_cells, total_wirelength
from finevh.netlist.model import NO_NET, Netlist
from finevh.optimize.criticality import net_criticality, net_slacks
from finevh.optimize.physical import optimise_placed
from finevh.power.activity import Activity, pattern_offsets
from finevh.schemes import Curve, FineVh, single_voltage_curve
from finevh.selection import Interval
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Direction, Int, Kind, Real

GATHERED = 0.02
"""Share of the cell area that ``gathered`` moves."""
LINES = 60
"""Places that a border of the mesh may move to, per tile and direction."""
LAYOUTS = ("blind", "timing", "map")
PAPER = ("gathered", "rows", "moved borders", "blocks", "island", "cells")
RAISED = 40
"""Most rounds in which ``cells`` are raised."""


def carry_activity(old: Netlist, activity: Activity, new: Netlist, both: Netlist) -> Activity:
    """Activity of a netlist that differs from another in drives and in its clock tree, by the names of nets and instances.

    ``both`` is the netlist that the two were made of: what it does not name belongs to a tree, where equal names mean nothing.
    Buffers of the tree repeat their input; copies of a clock gate do what a gate with the same enable does.

    Raises
    ------
    ValueError
        If a net can be had by neither.
    """
    cells, own_nets, own_cells = new.cells, set(both.net_names), set(both.instance_names)
    known = {name: i for i, name in enumerate(old.net_names) if name in own_nets}
    source = np.array([known.get(name, -1) for name in new.net_names])
    toggle = np.where(source >= 0, activity.toggle_rate[source], np.nan)
    high = np.where(source >= 0, activity.probability[source], np.nan)
    instance = {name: i for i, name in enumerate(old.instance_names) if name in own_cells}
    same = np.array([instance.get(name, -1) for name in new.instance_names])
    is_in = cells.pin_direction[new.pin_type] == Direction.INPUT
    gates: dict[frozenset[int], int] = {}

    def enables(cell: int) -> frozenset[int]:
        pins = range(int(new.pin_ptr[cell]), int(new.pin_ptr[cell + 1]))
        return frozenset(int(new.pin_net[p]) for p in pins if is_in[p] and not cells.pin_is_clock[new.pin_type[p]])

    for cell in np.flatnonzero((same >= 0) & (cells.kind[new.cell_type] == Kind.CLOCK_GATE)).tolist():
        gates[enables(cell)] = cell
    like = same.copy()
    left = set(np.flatnonzero(same < 0).tolist())
    while left:
        before = len(left)
        for cell in sorted(left):
            pins = np.arange(new.pin_ptr[cell], new.pin_ptr[cell + 1])
            ins = new.pin_net[pins[is_in[pins]]]
            out = new.pin_net[pins[~is_in[pins]]][0]
            if len(ins) == 1 and np.isfinite(toggle[ins[0]]):
                toggle[out], high[out] = toggle[ins[0]], high[ins[0]]
            elif len(ins) > 1 and enables(cell) in gates:
                twin = gates[enables(cell)]
                twin_pins = np.arange(new.pin_ptr[twin], new.pin_ptr[twin + 1])
                its = new.pin_net[twin_pins[~is_in[twin_pins]]][0]
                if not np.isfinite(toggle[its]):
                    continue
                toggle[out], high[out], like[cell] = toggle[its], high[its], same[twin]
            else:
                continue
            left.discard(cell)
        if len(left) == before:
            raise ValueError(f"no activity for {new.instance_names[min(left)]}")
    offsets = pattern_offsets(new)
    patterns = np.empty(offsets[-1])
    for cell in range(new.n_cells):
        rows = slice(offsets[cell], offsets[cell + 1])
        if like[cell] >= 0:
            patterns[rows] = activity.pattern_probability[activity.pattern_ptr[like[cell]] :][: rows.stop - rows.start]
            continue
        net = new.pin_net[np.arange(new.pin_ptr[cell], new.pin_ptr[cell + 1])]
        p = high[net[is_in[new.pin_ptr[cell] : new.pin_ptr[cell + 1]]][0]]
        patterns[rows] = (1.0 - p, p)
    return replace(
        activity, toggle_rate=toggle, probability=high, pattern_ptr=offsets, pattern_probability=patterns, toggles=None
    )


def lay_out(flow: Flow, run: RunDirectory, name: str, folder: Path, note: Callable[[str], None]) -> bool:
    """Place and size the run's presized netlist as the flow does; False where a round of placement was done and more are left."""
    driven = "wirelength" if name == "blind" else name
    flow = flow.model_copy(update={"placement": flow.placement.model_copy(update={"driven": driven})})
    technology = technology_of(flow)
    netlist = load_netlist(run.stage_path("presize"), technology)
    floorplan = load_floorplan(run.stage_path("floorplan"))
    folder.mkdir(parents=True, exist_ok=True)
    placed = folder / "placed"
    if not placed.is_dir():
        rounds = []
        known = len(list(folder.glob("round-*.npz")))
        for found in DrivenPlacement(flow, technology, netlist, floorplan, folder, note).rounds():
            rounds.append(found)
            if name == "blind":
                break
            if len(rounds) > known and len(rounds) <= flow.placement.rounds:
                return False
        half = folder / "placed.half"
        half.mkdir(exist_ok=True)
        save_placement(half, rounds[best_round(rounds, flow.placement.longer)].placement)
        half.rename(placed)
        return False
    result = optimise_placed(
        netlist,
        technology,
        floorplan,
        load_placement(placed),
        sizing_target(flow, technology, netlist),
        np.load(run.stage_path("presize") / FROZEN),
        sizing_options(flow),
        note,
    )
    half = folder / "layout.half"
    half.mkdir(exist_ok=True)
    save_netlist(half, result.netlist)
    save_placement(half, result.placement)
    save_wires(half, result.wires)
    half.rename(folder / "layout")
    return True


@dataclass(frozen=True)
class Layout:
    """A layout with its activity and its timing at single supplies; partitions are drawn on it."""

    placed: PlacedDesign
    design: EngineDesign
    ideal: Curve

    def slacks(self) -> tuple[Real, Real]:
        """(n_cell) and (n_net) setup slack with all cells at the highest supply, at its own period, ps."""
        graph, top = self.placed.graph, len(self.placed.technology.vdds) - 1
        state = graph.with_port_vdd(top).evaluate(np.full(self.placed.netlist.n_cells, top, dtype=np.int32))
        period = state.min_period()
        return graph.cell_slacks(state, period), net_slacks(graph, state, period)


def open_layout(flow: Flow, run: RunDirectory, folder: Path | None) -> Layout:
    """The run's own layout, or that of a folder with the run's activity."""
    own = load_placed(flow, run.stage_path("floorplan"), run.stage_path("optimize"))
    activity = average_activity(load_activities(run.stage_path("activity")))
    placed = own
    if folder is not None:
        placed = load_placed(flow, run.stage_path("floorplan"), folder / "layout")
        sized = load_netlist(run.stage_path("presize"), placed.technology)
        activity = carry_activity(own.netlist, activity, placed.netlist, sized)
    unbiased = np.zeros(placed.netlist.n_cells, dtype=np.int8)
    design = tiled_design(placed, activity, time_single_voltages(placed, unbiased))
    grid = flow.schemes.grid(flow.schemes.ideal_step)
    return Layout(placed, design, single_voltage_curve(design, "", "", grid))


def cell_areas(placed: PlacedDesign) -> Real:
    """(n_cell) um2."""
    return np.asarray(placed.netlist.cells.area[placed.netlist.cell_type], dtype=np.float64)


def centres(placed: PlacedDesign) -> tuple[Real, Real]:
    """(n_cell) um."""
    width = placed.technology.cell_width[placed.netlist.cell_type]
    return placed.placement.x + width / 2, placed.placement.y + placed.technology.row_height / 2


def gathered(layout: Layout) -> Int:
    """The most critical cells, by slack, in the tile that has most of their area."""
    area, tile = cell_areas(layout.placed), layout.placed.placement.tile.copy()
    order = np.argsort(layout.slacks()[0], kind="stable")
    chosen = order[np.cumsum(area[order]) <= GATHERED * area.sum()]
    tile[chosen] = int(np.argmax(np.bincount(tile[chosen], weights=area[chosen])))
    return tile


def rows(layout: Layout) -> Int:
    """Bands of equal cell area, whole rows each where that fits."""
    area, (_, y) = cell_areas(layout.placed), centres(layout.placed)
    count = layout.placed.floorplan.n_tiles
    order = np.argsort(y, kind="stable")
    band = np.empty(len(area), dtype=np.int32)
    share = np.cumsum(area[order]) / area.sum()
    _, first = np.unique(y[order], return_index=True)
    # A row belongs to one band: that of its first cell.
    row = np.searchsorted(first, np.arange(len(order)), side="right") - 1
    band[order] = np.minimum((share[first] * count).astype(np.int32), count - 1)[row]
    return band


def moved_borders(layout: Layout) -> Int:
    """The mesh with lines moved, one after the other and twice, to where the least criticality of nets crosses them."""
    placed = layout.placed
    netlist, side = placed.netlist, placed.floorplan.tiles_per_side
    state_slack = layout.slacks()[1]
    period = layout.design.single_voltage(placed.technology.vdds[-1])[0]
    weight = net_criticality(state_slack, period)
    pins = np.flatnonzero(netlist.pin_net != NO_NET)
    net, box = netlist.pin_net[pins], placed.floorplan.core
    index = []
    for axis, at in enumerate(centres(placed)):
        least, most = np.full(netlist.n_nets, np.inf), np.full(netlist.n_nets, -np.inf)
        np.minimum.at(least, net, at[netlist.pin_cell[pins]])
        np.maximum.at(most, net, at[netlist.pin_cell[pins]])
        pitch = (box[axis + 2] - box[axis]) / side
        lines = []
        for k in range(1, side):
            middle = box[axis] + k * pitch
            tries = middle + np.linspace(-0.4, 0.4, LINES) * pitch
            cost = [float(weight[(least < line) & (most > line)].sum()) for line in tries]
            lines.append(float(tries[int(np.argmin(cost))]))
        index.append(np.searchsorted(np.array(lines), at))
    return (index[1] * side + index[0]).astype(np.int32)


def blocks(layout: Layout) -> Int:
    """Functional units: registers by common parts of their names, other cells with the registers they are nearest to."""
    placed = layout.placed
    netlist, area, count = placed.netlist, cell_areas(placed), placed.floorplan.n_tiles
    flop = np.isin(netlist.cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    group = np.full(netlist.n_cells, -1, dtype=np.int64)
    words = {int(i): netlist.instance_names[i].split("_") for i in np.flatnonzero(flop)}
    members = [sorted(words)]
    depth = {0: 0}
    while len(members) < count:
        # The largest group is split by the next word of its names, or in half where they do not differ.
        big = max(range(len(members)), key=lambda k: len(members[k]))
        level = depth[big]
        by_word: dict[str, list[int]] = {}
        for cell in members[big]:
            by_word.setdefault("_".join(words[cell][: level + 1]), []).append(cell)
        parts = sorted(by_word.values(), key=len, reverse=True)
        if len(parts) == 1:
            if level > 12:
                half = len(parts[0]) // 2
                parts = [parts[0][:half], parts[0][half:]]
            else:
                depth[big] = level + 1
                continue
        members[big], depth[big] = parts[0], level + 1
        members.append([cell for part in parts[1:] for cell in part])
        depth[len(members) - 1] = level
    for number, cells in enumerate(members):
        group[cells] = number
    return _spread_labels(netlist, group, area, count)


def _spread_labels(netlist: Netlist, group: Int, area: Real, count: int) -> Int:
    """Give cells without a label that of most of their neighbours, ring by ring."""
    driver = netlist.net_driver
    pins = np.flatnonzero(netlist.pin_net != NO_NET)
    source = driver[netlist.pin_net[pins]]
    sinks = netlist.pin_cell[pins]
    fan = np.bincount(netlist.pin_net[pins], minlength=netlist.n_nets)[netlist.pin_net[pins]]
    edge = (source >= 0) & (source != sinks) & (fan <= 16)
    a, b = source[edge], sinks[edge]
    label = group.copy()
    while (label < 0).any():
        votes = np.zeros((netlist.n_cells, count), dtype=np.float32)
        for one, other in ((a, b), (b, a)):
            known = (label[one] >= 0) & (label[other] < 0)
            np.add.at(votes, (other[known], label[one[known]]), 1.0)
        fresh = (votes.max(axis=1) > 0) & (label < 0)
        if not fresh.any():
            label[label < 0] = int(np.argmax(np.bincount(label[label >= 0], weights=area[label >= 0])))
            break
        label[fresh] = votes[fresh].argmax(axis=1)
    return label.astype(np.int32)


def island(layout: Layout, share: float = 0.15) -> Int:
    """Two domains: squares of a fine grid with the most criticality per area, up to a share of the cell area, and the rest."""
    placed, area = layout.placed, cell_areas(layout.placed)
    x, y = centres(placed)
    box, cuts = placed.floorplan.core, 24
    column = np.minimum(((x - box[0]) / (box[2] - box[0]) * cuts).astype(int), cuts - 1)
    row = np.minimum(((y - box[1]) / (box[3] - box[1]) * cuts).astype(int), cuts - 1)
    square = row * cuts + column
    period = layout.design.single_voltage(placed.technology.vdds[-1])[0]
    weight = net_criticality(layout.slacks()[0], period)
    total = np.bincount(square, weights=area, minlength=cuts**2)
    worth = np.bincount(square, weights=weight * area, minlength=cuts**2) / np.maximum(total, 1e-9)
    order = np.argsort(-worth, kind="stable")
    chosen = order[np.cumsum(total[order]) <= share * area.sum()]
    return np.isin(square, chosen).astype(np.int32)


PARTITIONS: dict[str, Callable[[Layout], Int]] = {
    "gathered": gathered,
    "rows": rows,
    "moved borders": moved_borders,
    "blocks": blocks,
    "island": island,
}


def judge(
    design: EngineDesign, grid: Sequence[float], delta: float, frequencies: Sequence[float]
) -> list[dict[str, float]]:
    """Power, mW, and share of the cell area at VddL at each frequency, MHz; frequencies out of reach are left out."""
    fine = FineVh(single_voltage_curve(design, "", "", grid), delta, "best")
    return [
        {"f": f, "mw": point.power_total_mw, "low": float(point.area_low_fraction or 0.0)}
        for f, point in zip(frequencies, fine.points(frequencies), strict=True)
        if not isinstance(point, NotReachableError)
    ]


def judge_cells(
    layout: Layout, grid: Sequence[float], delta: float, frequencies: Sequence[float]
) -> list[dict[str, float]]:
    """The same with a supply for every cell: those on late paths are raised, latest first, until the clock is met."""
    design, area = layout.design, cell_areas(layout.placed)
    fine = FineVh(single_voltage_curve(design, "", "", grid), delta)
    each = replace(design, tile_of_cell=np.arange(len(area), dtype=np.int32), n_tiles=len(area))
    found = []
    for f in frequencies:
        try:
            interval = fine.interval_of(f)
        except NotReachableError:
            continue
        high = _raised(each, interval, 1e6 / f)
        found.append({"f": f, "mw": each.weigh(interval, high).power(f), "low": float(area[~high].sum() / area.sum())})
    return found


def _raised(each: EngineDesign, interval: Interval, period: float) -> NDArray[np.bool_]:
    high = each.always_high.copy()
    graph = each.graph.with_port_vdd(each.vdd_index(interval.high))
    for number in range(RAISED):
        state = graph.evaluate(each.cell_vdd(interval, high), each.cell_variant)
        worst = state.worst_slack(period)
        if worst >= -1e-3:
            return high
        # Few cells at first: those that are raised may save the others; all that are late in the end.
        slack = np.where(high, np.inf, graph.cell_slacks(state, period))
        late = slack < (worst * 0.6 if number < RAISED // 2 else 0.0)
        if not late.any():
            late = ~high & (graph.cell_slacks(state, period) < 0.1 * period)
        high = high | late
    return np.ones_like(high)


def row_of(layout: Layout, partition: str | None, frequencies: Sequence[float], flow: Flow) -> dict[str, Any]:
    """Everything of one row of the table."""
    placed, design = layout.placed, layout.design
    powers: dict[str, Any] = {}
    crossing = placed.placement
    if partition == "cells":
        for delta in flow.schemes.delta_vdd:
            powers[f"{delta:g}"] = judge_cells(layout, flow.schemes.grid(delta), delta, frequencies)
    else:
        if partition is not None:
            tile = PARTITIONS[partition](layout)
            crossing = replace(placed.placement, tile=tile)
            design = replace(design, tile_of_cell=tile, n_tiles=int(tile.max()) + 1)
        for delta in flow.schemes.delta_vdd:
            powers[f"{delta:g}"] = judge(design, flow.schemes.grid(delta), delta, frequencies)
    ideal = []
    for f in frequencies:
        try:
            ideal.append(layout.ideal.energy[layout.ideal.cheapest(f)].power(f))
        except NotReachableError:
            ideal.append(float("nan"))
    return {
        "wire_um": float(np.nansum(placed.wires.length)),
        "half_um": total_wirelength(placed.netlist, placed.technology, placed.placement),
        "period_ps": 1e6 / max(layout.ideal.frequencies),
        "area_um2": placed.netlist.area,
        "interface": 1.0 if partition == "cells" else float(interface_cells(placed.netlist, crossing).mean()),
        "frequencies": list(frequencies),
        "ideal": ideal,
        "fine": powers,
    }


def show(found: dict[str, dict[str, Any]], deltas: Sequence[float]) -> None:
    """Print the table as Markdown; savings are averages of the saving at each frequency, per cent."""
    base = found.get("blind")
    if base is None:
        return
    heads = "".join(f" {1000 * d:.0f} mV own / blind | at VddL |" for d in deltas)
    print(f"| partition | wire | period, ps | interface cells | ideal-DVFS over blind |{heads}")
    print("| --- | --- | --- | --- | --- |" + " --- | --- |" * len(deltas))
    blind = np.array(base["ideal"])
    for name, row in found.items():
        ideal = np.array(row["ideal"])
        cells = [
            name,
            f"{100 * (row['wire_um'] / base['wire_um'] - 1):+.1f} %",
            f"{row['period_ps']:.0f}",
            f"{100 * row['interface']:.0f} %",
            f"{100 * np.mean(1 - ideal / blind):.1f}",
        ]
        for delta in deltas:
            points = row["fine"][f"{delta:g}"]
            at = [row["frequencies"].index(p["f"]) for p in points]
            power = np.array([p["mw"] for p in points])
            cells.append(f"{100 * np.mean(1 - power / ideal[at]):.1f} / {100 * np.mean(1 - power / blind[at]):.1f}")
            cells.append(f"{100 * np.mean([p['low'] for p in points]):.0f} %")
        print("| " + " | ".join(cells) + " |")


def main() -> int:
    """Do what is left, print the table; 1 while something is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only", default="", help="rows of the table, by comma: LAYOUT or 'LAYOUT, PARTITION'")
    parser.add_argument("--steps", type=int, default=10**6)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    flow, run = load_run(options.run)
    if options.seed is not None:
        flow = flow.model_copy(update={"placement": flow.placement.model_copy(update={"seed": options.seed})})
    names = [*LAYOUTS, *(f"{layout}+{paper}" for layout in ("blind", "map") for paper in PAPER)]
    if options.only:
        names = options.only.split(",")
    options.output.mkdir(parents=True, exist_ok=True)
    state = options.output / "partitions.json"
    found: dict[str, dict[str, Any]] = json.loads(state.read_text()) if state.is_file() else {}
    steps, opened = options.steps, dict[str, Layout]()
    for name in names:
        if name in found:
            continue
        layout, _, paper = name.partition("+")
        folder = None if layout == "blind" and options.seed is None else options.output / layout
        while folder is not None and not (folder / "layout").is_dir():
            if steps <= 0:
                show(found, flow.schemes.delta_vdd)
                return 1
            lay_out(flow, run, layout, folder, lambda line: print(line, file=sys.stderr))
            steps -= 1
        if steps <= 0:
            show(found, flow.schemes.delta_vdd)
            return 1
        if layout not in opened:
            opened[layout] = open_layout(flow, run, folder)
        frequencies = found["blind"]["frequencies"] if "blind" in found else opened[layout].ideal.frequencies
        assert isinstance(frequencies, (list, tuple))
        found[name] = row_of(opened[layout], paper or None, frequencies, flow)
        state.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        steps -= 1
    show(found, flow.schemes.delta_vdd)
    return 0


if __name__ == "__main__":
    sys.exit(main())
