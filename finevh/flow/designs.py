"""Puts a finished physical run together again as a tiled design that can be timed and weighed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts.activity import load_activity, programs_in
from finevh.flow.artifacts.layout import load_floorplan, load_placement, load_wires
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.inputs.constraints import constraints_of
from finevh.flow.inputs.technology import structure_of, technology_of
from finevh.flow.timing_graph import timed_types, timing_graph
from finevh.layout import Floorplan, Placement
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.power import Activity, DynamicPower, LeakageModel, merge_activities
from finevh.selection.engine import EngineDesign, TiledTiming
from finevh.technology.model import Technology
from finevh.technology.part import Part
from finevh.timing import TimingGraph


@dataclass(frozen=True)
class PlacedDesign:
    """Everything of a placed design but its activity."""

    flow: Flow
    technology: Technology
    netlist: Netlist
    floorplan: Floorplan
    placement: Placement
    wires: Wires
    graph: TimingGraph

    @property
    def clock_cells(self) -> NDArray[np.bool_]:
        """(n_cell) cells that stay at VddH because the flow keeps the clock tree, or its trunk, there."""
        mask = np.zeros(self.netlist.n_cells, dtype=bool)
        mask[self.graph.high_cells] = True
        return mask


def load_placed(
    flow: Flow, floorplan: Path, placed: Path, variant: NDArray[np.int8] | None = None, few_maps: bool = False
) -> PlacedDesign:
    """Load a placed design from its stage directories and build its timing graph.

    Where it serves one assignment of variants (n_cell) alone, its technology may lack what is of other variants and cell types;
    where ``few_maps`` are timed, delay tables are made as they are read.
    """
    technology = technology_of(flow, None if variant is None else _part(flow, placed, variant))
    netlist = load_netlist(placed, technology)
    wires = load_wires(placed)
    graph = timing_graph(flow, technology, netlist, wires, flow.schemes.driver_derates, few_maps)
    return PlacedDesign(flow, technology, netlist, load_floorplan(floorplan), load_placement(placed), wires, graph)


def _part(flow: Flow, placed: Path, variant: NDArray[np.int8]) -> Part | None:
    """What a design with one assignment of variants takes of its technology; None where a what-if compares all variants."""
    if flow.what_if is not None:
        return None
    netlist = load_netlist(placed, structure_of(flow))
    types = timed_types(netlist, constraints_of(flow, netlist))
    # Glitches are counted with the delays of the unbiased design.
    return Part(tuple(types.tolist()), tuple(np.unique(np.append(variant, 0)).tolist()))


def load_activities(directory: Path) -> dict[str, Activity]:
    """Activity of each program of a finished run."""
    return {program: load_activity(directory, program) for program in programs_in(directory)}


def average_activity(activities: Mapping[str, Activity]) -> Activity:
    """Activity of all programs one after the other; a single one, observed or propagated, as it is."""
    found = list(activities.values())
    return found[0] if len(found) == 1 else merge_activities(found)


def load_variant(directory: Path, name: str) -> NDArray[np.int8]:
    """Variant of each cell (n_cell,) in one set.

    Raises
    ------
    InputError
        If the run has no such set.
    """
    variants = load_variants(directory)
    if name not in variants:
        raise InputError(
            f"{directory}: no variant set '{name}'; it has {', '.join(variants)}: add it to schemes.variants"
        )
    return variants[name]


def port_loads(flow: Flow, netlist: Netlist) -> NDArray[np.float64]:
    """(n_port) fF outside each output port."""
    return np.full(len(netlist.port_names), flow.clock.output_load)


@dataclass(frozen=True)
class SingleVoltages:
    """One assignment of variants at every supply of the technology, all cells and ports at that supply; by supply index."""

    variant: NDArray[np.int8]
    min_period: dict[int, float]
    """ps."""
    slew: dict[int, NDArray[np.float64]]
    """(n_pin, 2) ps."""


def time_single_voltages(placed: PlacedDesign, variant: NDArray[np.int8], jobs: int = 1) -> SingleVoltages:
    """Time a design at every supply, on ``jobs`` threads."""
    count = len(placed.technology.vdds)

    def some(first: int) -> dict[int, tuple[float, NDArray[np.float64]]]:
        found, state = {}, None
        for index in range(first, count, jobs):
            graph = placed.graph.with_port_vdd(index)
            cell_vdd = np.full(placed.netlist.n_cells, index, dtype=np.int32)
            state = graph.evaluate(cell_vdd, variant, reuse=state)
            found[index] = state.min_period(), graph.pin_slews(state)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        found = {index: one for part in pool.map(some, range(jobs)) for index, one in part.items()}
    supplies = range(count)
    return SingleVoltages(variant, {i: found[i][0] for i in supplies}, {i: found[i][1] for i in supplies})


def tiled_timing(placed: PlacedDesign, variant: NDArray[np.int8]) -> TiledTiming:
    """Bind a placed design and one assignment of variants to what Algorithm 5 asks for."""
    return TiledTiming(
        technology=placed.technology,
        graph=placed.graph,
        cell_variant=variant,
        tile_of_cell=placed.placement.tile,
        n_tiles=placed.floorplan.n_tiles,
        always_high=placed.clock_cells,
    )


def tiled_design(placed: PlacedDesign, activity: Activity, single: SingleVoltages, jobs: int = 1) -> EngineDesign:
    """Bind a placed design, one activity and one assignment of variants to the selectors' interface."""
    dynamic = DynamicPower(
        placed.netlist,
        placed.technology,
        placed.wires,
        activity,
        slew=single.slew,
        port_load=port_loads(placed.flow, placed.netlist),
    )
    return EngineDesign(
        technology=placed.technology,
        graph=placed.graph,
        power=dynamic.prepare(single.variant, jobs),
        leakage=LeakageModel(placed.netlist, placed.technology, activity),
        cell_variant=single.variant,
        tile_of_cell=placed.placement.tile,
        n_tiles=placed.floorplan.n_tiles,
        always_high=placed.clock_cells,
        single_period=single.min_period,
    )
