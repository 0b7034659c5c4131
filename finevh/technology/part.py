"""The part of a library that one design takes: tables of its cell types, corners of its variants, numbers of the whole."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Corners, CrossVoltage, Int, Technology

__all__ = ["Part", "cut_part", "table_slots", "without_numbers"]

_Number = TypeVar("_Number", np.float32, np.float64)


@dataclass(frozen=True)
class Part:
    """The part of a library that one design takes: rows of its cell types and of its variants."""

    types: tuple[int, ...]
    variants: tuple[int, ...]


def table_slots(technology: Technology, only: Part) -> NDArray[np.bool_]:
    """(n_table) slots of the tables of a part's cell types: delays, constraints and energies."""
    cells, types = technology.cells, np.array(only.types, dtype=np.int32)
    found = np.zeros(technology.corners.table_x.shape[1], dtype=np.bool_)
    for slots in (cells.arc_table[rows_of(cells.arc_ptr, types)], cells.power_table[rows_of(cells.power_ptr, types)]):
        found[slots[slots >= 0]] = True
    return found


def rows_of(ptr: Int, types: Int) -> NDArray[np.bool_]:
    """Rows of cell types in a column that ``ptr`` divides by type."""
    return np.isin(np.repeat(np.arange(len(ptr) - 1), np.diff(ptr)), types)


def cut_part(technology: Technology, only: Part, unit_delay: NDArray[np.float64]) -> Technology:
    """A library without the tables of other cell types than a part's and the corners of other variants.

    Cell types and variants keep their numbers, tables the order in which they lie.

    Parameters
    ----------
    unit_delay : (n_corner) of the whole library; see :func:`finevh.technology.vdd_interpolation.time_units`.
    """
    slots = table_slots(technology, only)
    rows = technology.corner_of[list(only.variants)].ravel()
    rows = np.sort(rows[rows >= 0])
    number = np.full(technology.corners.vdd.size + 1, -1, dtype=np.int32)  # the last row stands for no corner
    number[rows] = np.arange(rows.size)
    corners = _cut_corners(technology.corners, rows, slots)
    cross = (
        None if technology.cross is None else _cut_cross(technology.cross, rows, slots, technology.cells.ternary_ptr)
    )
    return replace(
        technology, corner_of=number[technology.corner_of], corners=corners, cross=cross, unit_delay=unit_delay[rows]
    )


def without_numbers(technology: Technology) -> Technology:
    """The structure of a library, with no corner: enough to read a netlist and its constraints."""
    old = technology.corners
    none = {field.name: getattr(old, field.name)[:0] for field in fields(old)}
    corner_of = np.full_like(technology.corner_of, -1)
    return replace(technology, corner_of=corner_of, corners=Corners(**none), cross=None)


def _cut_corners(old: Corners, rows: Int, slots: NDArray[np.bool_]) -> Corners:
    """Rows of corners, with the tables in some slots alone."""
    found = {field.name: getattr(old, field.name)[rows] for field in fields(old) if field.name != "pool"}
    offsets = ("table_x", "table_y", "table_v")
    found |= {name: np.where(slots, found[name], -1) for name in offsets}
    sizes = found["table_nx"].astype(np.int64), found["table_ny"].astype(np.int64)
    lengths = dict(zip(offsets, (*sizes, sizes[0] * sizes[1]), strict=True))
    pool, moved = _kept([(found[name], lengths[name]) for name in offsets], old.pool)
    return Corners(**found | dict(zip(offsets, moved, strict=True)), pool=pool)


def _cut_cross(old: CrossVoltage, rows: Int, slots: NDArray[np.bool_], ternary_ptr: NDArray[np.int64]) -> CrossVoltage:
    """Derates of rows of corners, with the tables in some slots alone."""
    nx, ny = old.delay_nx[rows], old.delay_ny[rows]
    offsets = [np.where(slots, column[rows], -1) for column in (old.delay_x, old.delay_y, old.delay_v)]
    lengths = nx.astype(np.int64), ny.astype(np.int64), nx.astype(np.int64) * ny
    pool, (x, y, v) = _kept(list(zip(offsets, lengths, strict=True)), old.pool)
    leakage = old.leakage_offset[rows]
    factors, (block,) = _kept([(leakage, np.full(leakage.shape, int(ternary_ptr[-1])))], old.leakage_k)
    return CrossVoltage(block, factors, x, nx, y, ny, v, pool, old.noise_margin[rows])


def _kept(
    blocks: list[tuple[NDArray[np.int64], NDArray[np.int64]]], pool: NDArray[_Number]
) -> tuple[NDArray[_Number], list[NDArray[np.int64]]]:
    """What is left of a pool if some blocks of it (offsets, lengths) are kept, in its order, and where they then begin."""
    edges = np.zeros(pool.size + 1, dtype=np.int32)
    for offset, length in blocks:
        there = offset >= 0
        np.add.at(edges, offset[there], 1)
        np.subtract.at(edges, offset[there] + length[there], 1)
    kept = np.cumsum(edges[:-1]) > 0
    place = np.append(0, np.cumsum(kept))
    return pool[kept], [np.where(offset >= 0, place[offset], -1) for offset, _ in blocks]
