"""Corners at which a flow checks hold, and what its voltage maps make of the clock."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from finevh.config import Flow
from finevh.optimize.hold import Corner, same_cells
from finevh.technology import load_technology, with_vdds
from finevh.technology.model import Technology


@lru_cache(maxsize=1)
def _fast(path: Path, vdds: tuple[float, ...]) -> Technology:
    return with_vdds(load_technology(path), vdds)


def coarse_voltages(flow: Flow) -> tuple[float, ...]:
    """Supplies between which tiles hop, of all delta-Vdd, ascending."""
    return tuple(sorted({vdd for delta in flow.schemes.delta_vdd for vdd in flow.schemes.grid(delta)}))


def hold_corners(flow: Flow, technology: Technology) -> tuple[Corner, ...]:
    """The flow's own corner, and the fast one where the flow names it, at every supply between which tiles hop, and every pair.

    Raises
    ------
    InputError
        If the fast technology has other cells, or not all of the supplies.
    """
    vdds = coarse_voltages(flow)
    tiled = technology.cross is not None and flow.floorplan.tiles > 1 and flow.optimize.hold_maps
    pairs = flow.schemes.pairs if tiled else ()

    def corner(name: str, library: Technology) -> Corner:
        rows = {vdd: library.vdd_index(vdd) for vdd in vdds}
        supplies = tuple((rows[low], rows[high]) for low, high in pairs)
        return Corner(name, library, tuple(rows.values()), name == "slow", supplies)

    corners = [corner("slow", technology)]
    if flow.technology.fast is not None:
        fast = _fast(flow.technology.fast, vdds)
        same_cells(technology, fast)
        corners.append(corner("fast", fast))
    return tuple(corners)
