"""Libraries of several corners merged into the columns of :class:`~finevh.technology.model.Technology`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.liberty.boolean import patterns, support, truth_table
from finevh.technology.library import Cell, Library, Table
from finevh.technology.model import CellTable, Corners, Int, Real
from finevh.technology.tables.pool import Pool

__all__ = ["CornerInput", "Skeleton", "merge_cells", "merge_corners", "stack_corners", "structure"]

_DRIVE = re.compile(r"_?[xX]?(\d+)$")


@dataclass(frozen=True)
class CornerInput:
    """A library with its place: ``cells`` by base name, without the suffix of the variant."""

    variant: int
    vdd: float
    source: str
    cells: dict[str, Cell]

    @classmethod
    def of(cls, library: Library, variant: int, suffix: str, skipped: Collection[str] = ()) -> CornerInput:
        """Strip the suffix of the variant from every cell that carries it; ``skipped`` names, without it, are left out."""
        stripped = ((name.removesuffix(suffix), cell) for name, cell in library.cells.items())
        cells = {name: cell for name, cell in stripped if name not in skipped}
        return cls(variant, library.vdd, library.source, cells)


def _keyed(keys: Iterable[Hashable]) -> list[tuple[Hashable, int]]:
    """Number equal keys, so that the second of two equal arcs is told from the first."""
    seen: Counter[Hashable] = Counter()
    result = []
    for key in keys:
        result.append((key, seen[key]))
        seen[key] += 1
    return result


def _union(lists: Sequence[list[tuple[Hashable, int]]]) -> list[tuple[Hashable, int]]:
    """Union in the order of first appearance."""
    if all(one == lists[0] for one in lists):
        return lists[0]
    return list(dict.fromkeys(key for one in lists for key in one))


@dataclass
class Skeleton:
    """Structure of all cells with the keys under which every corner finds its numbers."""

    table: CellTable
    arc_keys: list[list[tuple[Hashable, int]]]
    power_keys: list[list[tuple[Hashable, int]]]
    state_names: list[tuple[str, ...]]
    dont_use: tuple[str, ...]

    def same(self, other: Skeleton) -> bool:
        """Whether two corners have one structure."""
        columns = all(
            np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
            for mine, theirs in ((getattr(self.table, f.name), getattr(other.table, f.name)) for f in fields(CellTable))
        )
        return columns and (self.arc_keys, self.power_keys) == (other.arc_keys, other.power_keys)


def structure(corner: CornerInput) -> list[object]:
    """All of one corner that decides its :class:`Skeleton`: corners of equal lists have equal skeletons."""
    found: list[object] = []
    for name, c in corner.cells.items():
        found.append((name, c.area, c.footprint, c.dont_use, c.kind, c.next_state, c.clocked_on, c.clear, c.preset))
        found += [(p.name, p.direction, p.function, p.clock) for p in c.pins]
        found += [(a.key, [t is not None for t in a.tables]) for a in c.arcs]
        found += [(p.key, p.rise is not None, p.fall is not None) for p in c.powers]
        found += [when for when, _ in c.leakage]
    return found


def merge_cells(corners: Sequence[CornerInput]) -> Skeleton:
    """Build the structure that all corners share.

    Arcs are the union over the corners; a corner without one has no tables for it.

    Raises
    ------
    InputError
        If a cell is missing from a corner, or differs in pins, functions or area.
    """
    first = corners[0]
    names = tuple(first.cells)
    for corner in corners[1:]:
        for missing in set(names) ^ set(corner.cells):
            lacking, having = (corner, first) if missing in first.cells else (first, corner)
            raise InputError(
                f"{lacking.source}: cell {missing} is missing; {having.source} has it: all corners of a "
                "technology hold the same cells"
            )
    builder = _Builder()
    for name in names:
        cells = [corner.cells[name] for corner in corners]
        for corner, cell in zip(corners, cells, strict=True):
            _check_same(cells[0], cell, first.source, corner.source)
        builder.add(cells)
    family, drive = _families(names, [first.cells[name] for name in names])
    dont_use = tuple(name for name, cell in first.cells.items() if cell.dont_use)
    return replace(builder.finish(names, family, drive), dont_use=dont_use)


def _check_same(reference: Cell, cell: Cell, first: str, source: str) -> None:
    if cell is reference:
        return
    for what, mine, theirs in (
        ("pins", [p.name for p in cell.pins], [p.name for p in reference.pins]),
        ("pin functions", [p.function for p in cell.pins], [p.function for p in reference.pins]),
        (
            "state functions",
            (cell.next_state, cell.clocked_on, cell.clear, cell.preset),
            (reference.next_state, reference.clocked_on, reference.clear, reference.preset),
        ),
        ("area", cell.area, reference.area),
    ):
        if mine != theirs:
            raise InputError(f"{source}: cell {cell.name}: {what} differ from {first}: {mine} against {theirs}")


def _families(names: Sequence[str], cells: Sequence[Cell]) -> tuple[tuple[str, ...], Real]:
    """Families (one footprint or stem, one function) and drives relative to the smallest of each."""
    groups: dict[Hashable, list[int]] = {}
    drive = np.ones(len(names))
    stems = []
    for i, (name, cell) in enumerate(zip(names, cells, strict=True)):
        match = _DRIVE.search(name)
        drive[i] = max(float(match.group(1)), 1e-3) if match else 1.0
        stem = name[: match.start()] if match else name
        stems.append(cell.footprint or stem)
        logic = tuple((p.name, p.direction, _logic(p.function)) for p in cell.pins)
        groups.setdefault((stems[-1], logic, cell.next_state, cell.clocked_on), []).append(i)
    family = [""] * len(names)
    taken: Counter[str] = Counter()
    for members in groups.values():
        stem = stems[members[0]]
        taken[stem] += 1
        label = stem if taken[stem] == 1 else f"{stem}#{taken[stem]}"
        smallest = min(drive[i] for i in members)
        for i in members:
            family[i] = label
            drive[i] /= smallest
    return tuple(family), drive


def _logic(function: str) -> Hashable:
    """Tell functions apart by what they do, not by how they are written."""
    names = tuple(sorted(support(function))) if function else ()
    return (names, truth_table(function, names).tobytes()) if function and len(names) <= 12 else function


@dataclass
class _Builder:
    """Accumulates the columns of :class:`CellTable` cell by cell."""

    columns: dict[str, list[object]] = field(default_factory=dict)
    tables: int = 0
    arc_keys: list[list[tuple[Hashable, int]]] = field(default_factory=list)
    power_keys: list[list[tuple[Hashable, int]]] = field(default_factory=list)
    state_names: list[tuple[str, ...]] = field(default_factory=list)

    def put(self, **values: object) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    def slots(self, present: Sequence[bool]) -> list[int]:
        result = []
        for one in present:
            result.append(self.tables if one else -1)
            self.tables += one
        return result

    def add(self, cells: Sequence[Cell]) -> None:
        cell = cells[0]
        pin_of = {pin.name: i for i, pin in enumerate(cell.pins)}

        def local(pin: str) -> int:
            if pin not in pin_of:
                raise InputError(f"cell {cell.name}: a group names pin {pin}, which the cell does not have")
            return pin_of[pin]

        self.put(
            kind=cell.kind,
            area=cell.area,
            next_state=cell.next_state,
            clocked_on=cell.clocked_on,
            clear=cell.clear,
            preset=cell.preset,
        )
        for pin in cell.pins:
            self.put(pin_name=pin.name, pin_direction=pin.direction, pin_function=pin.function, pin_is_clock=pin.clock)
        arcs_of = [dict(zip(_keyed(a.key for a in c.arcs), c.arcs, strict=True)) for c in cells]
        keys = _union([list(found) for found in arcs_of])
        for key in keys:
            found = [arcs[key] for arcs in arcs_of if key in arcs]
            arc = found[0]
            self.put(
                arc_from=local(arc.related),
                arc_to=local(arc.pin),
                arc_type=arc.type,
                arc_sense=arc.sense,
                arc_when=arc.when,
            )
            self.put(arc_table=self.slots([any(a.tables[i] is not None for a in found) for i in range(4)]))
        self.arc_keys.append(keys)
        powers_of = [dict(zip(_keyed(p.key for p in c.powers), c.powers, strict=True)) for c in cells]
        power_keys = _union([list(found) for found in powers_of])
        for key in power_keys:
            groups = [powers[key] for powers in powers_of if key in powers]
            group = groups[0]
            self.put(
                power_from=local(group.related) if group.related else -1,
                power_to=local(group.pin),
                power_when=group.when,
            )
            self.put(
                power_table=self.slots(
                    [any(g.rise is not None for g in groups), any(g.fall is not None for g in groups)]
                )
            )
        self.power_keys.append(power_keys)
        named = {name for c in cells for when, _ in c.leakage for name in support(when)}
        states = tuple(pin.name for pin in cell.pins if pin.name in named)
        unknown = named - set(states)
        if unknown:
            raise InputError(f"cell {cell.name}: leakage_power names pin {min(unknown)}, which the cell does not have")
        self.state_names.append(states)
        for name in states:
            self.put(state_pin=pin_of[name])
        self.put(
            n_pin=len(cell.pins),
            n_arc=len(keys),
            n_power=len(power_keys),
            n_state=len(states),
            n_leak=1 << len(states),
            n_ternary=3 ** len(states),
        )

    def finish(self, names: tuple[str, ...], family: tuple[str, ...], drive: Real) -> Skeleton:
        def text(name: str) -> tuple[str, ...]:
            return tuple(str(value) for value in self.columns.get(name, []))

        def ints(name: str) -> Int:
            return np.array(self.columns.get(name, []), dtype=np.int32)

        def bytes_(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
            return np.array(self.columns.get(name, []), dtype=np.int8)

        def pointer(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
            return np.concatenate([[0], np.cumsum(np.array(self.columns.get(name, []), dtype=np.int64))]).astype(
                np.int64
            )

        table = CellTable(
            names=names,
            family=family,
            drive=drive,
            kind=bytes_("kind"),
            area=np.array(self.columns.get("area", []), dtype=np.float64),
            pin_ptr=pointer("n_pin").astype(np.int32),
            pin_name=text("pin_name"),
            pin_direction=bytes_("pin_direction"),
            pin_function=text("pin_function"),
            pin_is_clock=np.array(self.columns.get("pin_is_clock", []), dtype=np.bool_),
            next_state=text("next_state"),
            clocked_on=text("clocked_on"),
            clear=text("clear"),
            preset=text("preset"),
            arc_ptr=pointer("n_arc").astype(np.int32),
            arc_from=ints("arc_from"),
            arc_to=ints("arc_to"),
            arc_type=bytes_("arc_type"),
            arc_sense=bytes_("arc_sense"),
            arc_when=text("arc_when"),
            arc_table=ints("arc_table").reshape(-1, 4),
            power_ptr=pointer("n_power").astype(np.int32),
            power_from=ints("power_from"),
            power_to=ints("power_to"),
            power_when=text("power_when"),
            power_table=ints("power_table").reshape(-1, 2),
            state_ptr=pointer("n_state").astype(np.int32),
            state_pin=ints("state_pin"),
            leak_ptr=pointer("n_leak"),
            ternary_ptr=pointer("n_ternary"),
        )
        return Skeleton(table, self.arc_keys, self.power_keys, self.state_names, ())


def _slot_tables(skeleton: Skeleton, cells: Sequence[Cell]) -> list[Table | None]:
    """Tables of one corner in the order of the skeleton's arcs (four each), then of its power groups (two each)."""
    arcs: list[Table | None] = []
    powers: list[Table | None] = []
    for cell, arc_keys, power_keys in zip(cells, skeleton.arc_keys, skeleton.power_keys, strict=True):
        if [a.key for a in cell.arcs] == [key for key, _ in arc_keys]:
            for arc in cell.arcs:
                arcs += arc.tables
        else:
            own = dict(zip(_keyed(a.key for a in cell.arcs), cell.arcs, strict=True))
            for key in arc_keys:
                arcs += own[key].tables if key in own else (None,) * 4
        if [p.key for p in cell.powers] == [key for key, _ in power_keys]:
            for power in cell.powers:
                powers += (power.rise, power.fall)
        else:
            groups = dict(zip(_keyed(p.key for p in cell.powers), cell.powers, strict=True))
            for key in power_keys:
                powers += (groups[key].rise, groups[key].fall) if key in groups else (None, None)
    return arcs + powers


@lru_cache(maxsize=1 << 14)
def _condition(when: str, names: tuple[str, ...]) -> NDArray[np.bool_]:
    return truth_table(when, names)


def expand_leakage(cell: Cell, names: tuple[str, ...]) -> Real:
    """Leakage, mW, of every pattern of ``names``, (2**n,); the first matching condition holds.

    A pattern that no condition covers has the cell's unconditional value, or nan if the library states none.
    """
    codes = patterns(len(names)).shape[1]
    result = np.full(codes, np.nan if cell.default_leakage is None else cell.default_leakage)
    free = np.ones(codes, dtype=np.bool_)
    for when, value in cell.leakage:
        match = _condition(when, names) & free
        result[match] = value
        free &= ~match
    return result


def merge_corners(skeleton: Skeleton, corners: Sequence[CornerInput]) -> Corners:
    """Fill the numbers of all corners into columns; one pool holds all tables."""
    names = skeleton.table.names
    n_table = max(int(skeleton.table.arc_table.max(initial=-1)), int(skeleton.table.power_table.max(initial=-1))) + 1
    n_corner, n_pin = len(corners), int(skeleton.table.pin_ptr[-1])
    where = np.full((3, n_corner, n_table), -1, dtype=np.int64)
    sizes = np.zeros((2, n_corner, n_table), dtype=np.int32)
    pins = np.zeros((7, n_corner, n_pin))
    leakage = np.zeros((n_corner, int(skeleton.table.leak_ptr[-1])))
    pool = Pool()
    columns = skeleton.table
    slots = np.concatenate([columns.arc_table.ravel(), columns.power_table.ravel()])
    for c, corner in enumerate(corners):
        cells = [corner.cells[name] for name in names]
        numbers = [
            (p.cap, p.cap_rise, p.cap_fall, p.cap_rise_low, p.cap_fall_low, p.max_cap, p.max_slew)
            for cell in cells
            for p in cell.pins
        ]
        pins[:, c] = np.array(numbers).reshape(-1, 7).T
        tables = _slot_tables(skeleton, cells)
        rows = [pool.add_table(table) for table in tables]
        used = np.array([row >= 0 for row in rows], dtype=np.bool_) & (slots >= 0)
        chosen = np.array(pool.tables, dtype=np.int64).reshape(-1, 5)[np.array(rows, dtype=np.int64)[used]]
        where[:, c, slots[used]] = chosen[:, :3].T
        sizes[:, c, slots[used]] = chosen[:, 3:].T
        for i, cell in enumerate(cells):
            leakage[c, columns.leak_ptr[i] : columns.leak_ptr[i + 1]] = expand_leakage(cell, skeleton.state_names[i])
    return Corners(
        variant=np.array([corner.variant for corner in corners], dtype=np.int32),
        vdd=np.array([corner.vdd for corner in corners]),
        pin_cap=pins[0],
        pin_cap_rise=pins[1],
        pin_cap_fall=pins[2],
        pin_cap_rise_low=pins[3],
        pin_cap_fall_low=pins[4],
        pin_max_cap=pins[5],
        pin_max_slew=pins[6],
        table_x=where[0],
        table_nx=sizes[0],
        table_y=where[1],
        table_ny=sizes[1],
        table_v=where[2],
        pool=np.concatenate(pool.chunks) if pool.chunks else np.zeros(0),
        leakage=leakage,
    )


def stack_corners(parts: Sequence[Corners]) -> Corners:
    """Join corners of one structure into one set of columns."""
    starts = np.concatenate([[0], np.cumsum([part.pool.size for part in parts])])
    made: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}
    for f in fields(Corners):
        columns = [getattr(part, f.name) for part in parts]
        if f.name in ("table_x", "table_y", "table_v"):
            columns = [np.where(c >= 0, c + start, -1) for c, start in zip(columns, starts[:-1], strict=True)]
        made[f.name] = np.concatenate(columns)
    return Corners(**made)  # type: ignore[arg-type]
