"""The cross-voltage file: what a single-supply Liberty cannot say, one numpy archive per technology.

Stored per family (topology), because drives of a family are parallel copies and share every derate; expanded here to all
drives. The columns are described in ``libs/finevh45/README.md``.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.packed import check_archive
from finevh.errors import InputError
from finevh.technology.model import CellTable, CrossVoltage, Int, Real, Sense, Technology

__all__ = ["CrossFile", "expand", "read_cross_file", "read_cross_voltage", "read_pairs", "write_cross_file"]

FORMAT = 1
_MATCH = 1e-6
"""Two supplies are one if they differ by less, V."""


@dataclass(frozen=True)
class CrossFile:
    """Columns of the file.

    Leading axes of values: variant, then pair. A pair is (supply of the cell, supply of the driver), both indices into
    ``vdds``; the pair of equal supplies is not stored: its factors are 1 and its shift 0. nan: not characterised.
    """

    variants: tuple[str, ...]
    vdds: Real
    pair_cell: Int
    pair_driver: Int
    families: tuple[str, ...]
    state_pins: tuple[tuple[str, ...], ...]
    """Per family, digit 0 first; ternary code = sum(digit_j * 3**j): 0 at 0, 1 at 1, 2 at 1 of the driver's rail."""
    leakage_ptr: NDArray[np.int64]
    """(n_family + 1) into the last axis of ``leakage_k``."""
    leakage_k: NDArray[np.float32]
    """(n_variant, n_pair, n_code): leakage over that of the same pattern with every input on the own rail."""
    arc_family: Int
    arc_related: tuple[str, ...]
    arc_pin: tuple[str, ...]
    arc_sense: NDArray[np.int8]
    arc_edge: NDArray[np.int8]
    """Of the output: 0 rise, 1 fall."""
    slew_ps: NDArray[np.float32]
    """(n_variant, n_vdd, n_arc, n_slew): input slew at the driver's rail, 30-70 %."""
    load_ff: NDArray[np.float32]
    """(n_variant, n_vdd, n_arc, n_load): load of the smallest drive; it scales with the drive."""
    delay_shift_ps: NDArray[np.float32]
    """(n_variant, n_pair, n_arc, n_slew, n_load): delay minus delay with the driver on the own rail."""
    slew_factor: NDArray[np.float32]
    """(n_variant, n_pair, n_arc, n_slew, n_load): output slew over that with the driver on the own rail."""
    v_il: Real
    """(n_variant, n_vdd, n_family) V: highest level still read as 0, the lowest over inputs and side states."""
    v_ih: Real
    """(n_variant, n_vdd, n_family) V: lowest level still read as 1, the highest over inputs and side states."""

    def noise_margin(self) -> Real:
        """Static noise margin min(v_il, v_driver - v_ih), V, (n_variant, n_vdd, n_vdd of the driver, n_family)."""
        low, high = self.v_il[:, :, None, :], self.v_ih[:, :, None, :]
        margin: Real = np.minimum(low, self.vdds[None, None, :, None] - high)
        return margin


def write_cross_file(cross: CrossFile, path: Path) -> None:
    """Write a cross-voltage file; equal content gives equal bytes."""
    text: dict[str, Any] = {"format": FORMAT}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for field in fields(cross):
            value = getattr(cross, field.name)
            if not isinstance(value, np.ndarray):
                text[field.name] = value
                continue
            _add(archive, field.name, np.ascontiguousarray(value))
        _add(archive, "text", np.frombuffer(json.dumps(text).encode(), dtype=np.uint8))


def _add(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    """Add an array; a fixed date instead of the clock keeps the archive reproducible."""
    entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as out:
        np.lib.format.write_array(out, values, allow_pickle=False)


def read_pairs(path: Path) -> tuple[Real, frozenset[tuple[int, int]]]:
    """Supplies, V, and the pairs (supply of the cell, of the driver) that a cross-voltage file has, without its tables.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            pairs = zip(archive["pair_cell"].tolist(), archive["pair_driver"].tolist(), strict=True)
            return np.asarray(archive["vdds"], dtype=np.float64), frozenset(pairs)
    except Exception as error:  # whatever a damaged archive makes numpy and zipfile raise
        raise InputError(
            f"{path}: not a readable cross-voltage file ({error}); characterise the technology again"
        ) from error


def read_cross_file(path: Path) -> CrossFile:
    """Read a cross-voltage file.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another format.
    """
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            text = json.loads(archive["text"].tobytes())
            if text.get("format") != FORMAT:
                raise InputError(
                    f"{path}: cross-voltage format {text.get('format')} is not {FORMAT}; characterise again"
                )
            values = {f.name: archive[f.name] if f.name in archive.files else text[f.name] for f in fields(CrossFile)}
    except InputError:
        raise
    except Exception as error:  # whatever a damaged archive makes numpy and zipfile raise
        raise InputError(
            f"{path}: not a readable cross-voltage file ({error}); characterise the technology again"
        ) from error
    values["state_pins"] = tuple(tuple(pins) for pins in values["state_pins"])
    for name in ("variants", "families", "arc_related", "arc_pin"):
        values[name] = tuple(values[name])
    return CrossFile(**values)


def read_cross_voltage(path: Path, technology: Technology) -> CrossVoltage:
    """Read a cross-voltage file and expand it to the corners and drives of a technology.

    Raises
    ------
    InputError
        If the file is wrong or lacks a variant, a supply or a family of the technology.
    """
    return expand(read_cross_file(path), technology, str(path))


def expand(cross: CrossFile, technology: Technology, source: str) -> CrossVoltage:
    """Expand per-family derates to the corners, drives and table slots of a technology.

    Pairs that the file does not hold stay absent (-1). A conditional arc takes the derate of the worst arc between its
    pins, sense and edge.

    Raises
    ------
    InputError
        If the file lacks a variant, a supply or a family with leakage states of the technology.
    """
    variant_of = _indices([v.name for v in technology.variants], list(cross.variants), "variant", source)
    vdd_of = np.array([_vdd_index(cross.vdds, float(v), source) for v in technology.vdds])
    cells = technology.cells
    family_of = {name: i for i, name in enumerate(cross.families)}
    columns = _ternary_columns(cells, cross, family_of, source)
    slots = _slots(cells, cross, family_of)
    n_corner, n_vdd = len(technology.corners.vdd), len(technology.vdds)
    n_table = technology.corners.table_x.shape[1]
    pairs = {(int(c), int(d)): p for p, (c, d) in enumerate(zip(cross.pair_cell, cross.pair_driver, strict=True))}
    leakage_offset = np.full((n_corner, n_vdd), -1, dtype=np.int64)
    blocks: list[NDArray[np.float32]] = [np.ones(int(cells.ternary_ptr[-1]), dtype=np.float32)]
    where = np.full((3, n_corner, n_vdd, n_table), -1, dtype=np.int64)
    sizes = np.zeros((2, n_corner, n_vdd, n_table), dtype=np.int32)
    margin = np.full((n_corner, n_vdd, len(cells.names)), np.nan)
    margins = cross.noise_margin()
    cell_family = np.array([family_of.get(family, -1) for family in cells.family])
    pool = _DeratePool(cross, slots)
    for c in range(n_corner):
        v = variant_of[int(technology.corners.variant[c])]
        own = _vdd_index(technology.vdds, float(technology.corners.vdd[c]), source)
        axes = pool.axes(v, int(vdd_of[own]))
        for d in range(n_vdd):
            known = cell_family >= 0
            margin[c, d, known] = margins[v, vdd_of[own], vdd_of[d], cell_family[known]]
            if d == own:
                leakage_offset[c, d] = 0
                continue
            pair = pairs.get((int(vdd_of[own]), int(vdd_of[d])))
            if pair is None:
                continue
            block = np.where(columns >= 0, cross.leakage_k[v, pair][np.maximum(columns, 0)], 1).astype(np.float32)
            if not np.isnan(block).any():
                leakage_offset[c, d] = block.size * len(blocks)
                blocks.append(block)
            pool.store(v, pair, axes, where[:, c, d], sizes[:, c, d])
    return CrossVoltage(
        leakage_offset, np.concatenate(blocks), where[0], sizes[0], where[1], sizes[1], where[2], pool.array(), margin
    )


def _indices(names: list[str], known: list[str], what: str, source: str) -> list[int]:
    for name in names:
        if name not in known:
            raise InputError(f"{source}: holds no {what} {name}; it has {', '.join(known)}: characterise it")
    return [known.index(name) for name in names]


def _vdd_index(vdds: Real, vdd: float, source: str) -> int:
    i = int(np.argmin(np.abs(vdds - vdd)))
    if abs(float(vdds[i]) - vdd) > _MATCH:
        raise InputError(
            f"{source}: holds no supply {vdd:g} V; it has {', '.join(f'{v:g}' for v in vdds)} V: characterise it"
        )
    return i


def _ternary_columns(cells: CellTable, cross: CrossFile, family_of: dict[str, int], source: str) -> NDArray[np.int64]:
    """Column of ``leakage_k`` for every ternary code of every cell, -1 for cells without states (ties, fillers)."""
    columns = np.full(int(cells.ternary_ptr[-1]), -1, dtype=np.int64)
    for i, family in enumerate(cells.family):
        names = cells.pins(i)
        states = tuple(names[j] for j in cells.state_pin[cells.state_ptr[i] : cells.state_ptr[i + 1]])
        if not states:
            continue
        # A cell whose leakage states differ from those of its family stands in the file under its own name.
        f = family_of.get(cells.names[i], family_of.get(family, -1))
        if f < 0:
            raise InputError(f"{source}: holds no family {family} (cell {cells.names[i]}); characterise it")
        if cross.state_pins[f] != states:
            raise InputError(
                f"{source}: family {family} has state pins {', '.join(cross.state_pins[f])}, the Liberty of "
                f"{cells.names[i]} has {', '.join(states)}; write both from one characterisation"
            )
        first = int(cross.leakage_ptr[f])
        columns[cells.ternary_ptr[i] : cells.ternary_ptr[i + 1]] = np.arange(first, first + 3 ** len(states))
    return columns


def _slots(cells: CellTable, cross: CrossFile, family_of: dict[str, int]) -> list[tuple[int, int, int, float]]:
    """(arc of the file, delay slot, slew slot, drive) of every derated edge."""
    arc_of = {
        (int(f), related, pin, int(sense), int(edge)): a
        for a, (f, related, pin, sense, edge) in enumerate(
            zip(cross.arc_family, cross.arc_related, cross.arc_pin, cross.arc_sense, cross.arc_edge, strict=True)
        )
    }
    found = []
    for i, family in enumerate(cells.family):
        names = cells.pins(i)
        for a in range(int(cells.arc_ptr[i]), int(cells.arc_ptr[i + 1])):
            related, pin = names[int(cells.arc_from[a])], names[int(cells.arc_to[a])]
            for edge in (0, 1):
                delay, slew = int(cells.arc_table[a, edge]), int(cells.arc_table[a, 2 + edge])
                senses = (int(cells.arc_sense[a]), Sense.NON_UNATE, Sense.POSITIVE, Sense.NEGATIVE)
                keys = [(family_of.get(family, -1), related, pin, int(sense), edge) for sense in senses]
                arc = next((arc_of[key] for key in keys if key in arc_of), None)
                if arc is not None and delay >= 0 and slew >= 0:
                    found.append((arc, delay, slew, float(cells.drive[i])))
    return found


class _DeratePool:
    """Flat storage of the small tables: axes once per corner (and drive), values once per corner and driver supply."""

    def __init__(self, cross: CrossFile, slots: list[tuple[int, int, int, float]]) -> None:
        self.cross = cross
        columns = list(zip(*slots, strict=True)) or [(), (), (), ()]
        self.arc, self.delay, self.slew = (np.array(column, dtype=np.int64) for column in columns[:3])
        self.drives, self.drive = np.unique(np.array(columns[3], dtype=np.float64), return_inverse=True)
        self.parts: list[Real] = []
        self.size = 0

    def array(self) -> Real:
        return np.concatenate(self.parts) if self.parts else np.zeros(0)

    def _add(self, values: NDArray[Any]) -> int:
        start = self.size
        self.parts.append(np.asarray(values, dtype=np.float64).ravel())
        self.size += self.parts[-1].size
        return start

    def axes(self, variant: int, own: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offsets of the axes of every derated edge at a corner."""
        slew, load = self.cross.slew_ps[variant, own], self.cross.load_ff[variant, own].astype(np.float64)
        x = self._add(slew) + self.arc * slew.shape[1]
        y = self._add(load[None] * self.drives[:, None, None]) + (self.drive * load.shape[0] + self.arc) * load.shape[1]
        return x, y

    def store(
        self,
        variant: int,
        pair: int,
        axes: tuple[NDArray[np.int64], NDArray[np.int64]],
        where: NDArray[np.int64],
        sizes: Int,
    ) -> None:
        """Write the derates of one corner and driver supply into its rows of offsets and sizes."""
        shift, factor = self.cross.delay_shift_ps[variant, pair], self.cross.slew_factor[variant, pair]
        present = (np.isfinite(shift).all(axis=(1, 2)) & np.isfinite(factor).all(axis=(1, 2)))[self.arc]
        if not present.any():
            return
        size = shift.shape[1] * shift.shape[2]
        for values, slots in ((shift, self.delay), (factor, self.slew)):
            offsets = np.stack([*axes, self._add(values) + self.arc * size])
            where[:, slots[present]] = offsets[:, present]
            sizes[0, slots[present]], sizes[1, slots[present]] = shift.shape[1:]
