"""Technology out of Liberty and LEF files: corners found by their voltage, cells by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.technology.columns import CornerInput, Skeleton, merge_cells, merge_corners
from finevh.technology.lef import Lef, read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.liberty.boolean import sense_of, truth_table
from finevh.technology.library import Library
from finevh.technology.model import CellTable, Corners, Direction, Kind, Layer, Sense, Technology, Variant

__all__ = ["assemble", "technology_from_liberty"]


def technology_from_liberty(liberty: Iterable[Path], lef: Iterable[Path] = (), *, name: str = "") -> Technology:
    """Build a technology of one variant from Liberty files, one corner per supply voltage.

    Files of one voltage are joined (standard cells and macros). Roles are read off the functions of the cells.

    Parameters
    ----------
    liberty : ``.lib`` or ``.lib.gz`` files, in any order.
    lef : technology LEF first, then cell LEF; without them widths are nan and there are no layers.
    name : name of the technology; default: of the first library.

    Raises
    ------
    InputError
        If a file is wrong, a cell is defined twice at one voltage, or the files disagree in thresholds or temperature.
    """
    libraries = [read_liberty(path) for path in liberty]
    if not libraries:
        raise InputError("no Liberty file is given; give at least one")
    joined: dict[float, Library] = {}
    for library in libraries:
        known = joined.get(library.vdd)
        if known is None:
            joined[library.vdd] = library
            continue
        for cell in library.cells.values():
            if cell.name in known.cells:
                raise InputError(
                    f"{library.source}: cell {cell.name} at {library.vdd:g} V is already in {known.source}"
                )
            known.cells[cell.name] = cell
        known.skipped.update(library.skipped)
        known.not_modelled += library.not_modelled
        known.cell_notes.update(library.cell_notes)
        known.power_pins.update(library.power_pins)
    ordered = [joined[vdd] for vdd in sorted(joined)]
    skipped = {name for library in ordered for name in library.skipped}
    inputs = [CornerInput.of(library, 0, "", skipped) for library in ordered]
    skeleton = merge_cells(inputs)
    technology = assemble(
        name or ordered[0].name,
        ordered,
        skeleton,
        merge_corners(skeleton, inputs),
        (Variant("nominal", "", 0.0),),
        read_lef(lef),
        vdd_nominal=ordered[-1].vdd,
    )
    return replace(technology, units=libraries[0].units, wire_load=libraries[0].wire_load)


# What a technology is made of, by name.
def assemble(
    name: str,
    libraries: Sequence[Library],
    skeleton: Skeleton,
    corners: Corners,
    variants: tuple[Variant, ...],
    lef: Lef,
    *,
    vdd_nominal: float,
    roles: dict[str, tuple[str, ...]] | None = None,
    site: str = "",
    layers: tuple[Layer, ...] = (),
) -> Technology:
    """Put structure, numbers and LEF together; roles are inferred where ``roles`` is None, layers default to the LEF's.

    Raises
    ------
    InputError
        If corners are missing or disagree.
    """
    first = libraries[0]
    for library in libraries[1:]:
        for what in ("slew_lower", "slew_upper", "temperature"):
            mine, theirs = getattr(library, what), getattr(first, what)
            if mine != theirs:
                raise InputError(
                    f"{library.source}: {what} {mine:g} differs from {theirs:g} of {first.source}; corners "
                    "of one technology share it"
                )
    vdds = np.unique(corners.vdd)
    corner_of = np.full((len(variants), vdds.size), -1, dtype=np.int32)
    for c, (variant, vdd) in enumerate(zip(corners.variant.tolist(), corners.vdd.tolist(), strict=True)):
        corner_of[variant, int(np.searchsorted(vdds, vdd))] = c
    for v, k in np.argwhere(corner_of < 0):
        raise InputError(f"technology {name}: variant {variants[v].name} has no library at {vdds[k]:g} V")
    cells = skeleton.table
    width = np.array([lef.macros[n].width if n in lef.macros else np.nan for n in cells.names])
    site_width, row_height = _site(lef, site)
    return Technology(
        name=name,
        variants=variants,
        vdds=vdds,
        corner_of=corner_of,
        cells=cells,
        corners=corners,
        cross=None,
        layers=layers or tuple(lef.layers.values()),
        site_width=site_width,
        row_height=row_height,
        cell_width=width,
        roles=infer_roles(cells, set(skeleton.dont_use)) if roles is None else roles,
        slew_lower=first.slew_lower,
        slew_upper=first.slew_upper,
        vdd_nominal=vdd_nominal,
        units=first.units,
        skipped={name: why for library in libraries for name, why in library.skipped.items()},
        not_modelled=tuple(dict.fromkeys(what for library in libraries for what in library.not_modelled)),
        cell_notes={name.removesuffix(variants[0].suffix): note for name, note in first.cell_notes.items()},
        wire_load=first.wire_load,
        power_pins=_power_pins(first, variants[0].suffix, lef),
    )


def _power_pins(library: Library, suffix: str, lef: Lef) -> dict[str, tuple[str, ...]]:
    """Pins that carry supplies, by cell, from Liberty and from LEF, which knows cells that Liberty does not."""
    found = {name.removesuffix(suffix): pins for name, pins in library.power_pins.items()}
    for name, macro in lef.macros.items():
        own = tuple(pin for pin, (_, use, _) in macro.pins.items() if use.upper() in ("POWER", "GROUND"))
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *own)))
    return found


def _site(lef: Lef, name: str) -> tuple[float, float]:
    """Width and height, um, of the named site, else of the first core site; nan without a LEF."""
    if name:
        if name not in lef.sites:
            raise InputError(f"site {name} is in none of the LEF files; known: {', '.join(lef.sites) or 'none'}")
        return lef.sites[name][1:]
    for kind, width, height in lef.sites.values():
        if kind.upper() == "CORE":
            return width, height
    return float("nan"), float("nan")


def infer_roles(table: CellTable, dont_use: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Roles of a foreign library's cells, by function; the smallest drive comes first.

    Special cells that no function tells (header switches) stay without a role.
    """
    found: dict[str, list[tuple[float, float, str]]] = {}
    for i, name in enumerate(table.names):
        rank = (float(table.drive[i]), float(table.area[i]), name)
        if name in dont_use:
            found.setdefault("dont_use", []).append((0.0, 0.0, name))
        role = _role(table, i)
        if role:
            found.setdefault(role, []).append(rank)
    return {role: tuple(name for _, _, name in sorted(members)) for role, members in sorted(found.items())}


def _role(table: CellTable, i: int) -> str:
    rows = range(int(table.pin_ptr[i]), int(table.pin_ptr[i + 1]))
    inputs = [table.pin_name[j] for j in rows if table.pin_direction[j] == Direction.INPUT]
    functions = [table.pin_function[j] for j in rows if table.pin_direction[j] == Direction.OUTPUT]
    name, kind, function = table.names[i].lower(), table.kind[i], functions[0] if len(functions) == 1 else ""
    if kind == Kind.TIE and function:
        return "tie_high" if truth_table(function, ())[0] else "tie_low"
    if kind == Kind.FLOP and table.next_state[i] and not (table.clear[i] or table.preset[i]) and len(inputs) == 2:
        return "flop"
    if kind == Kind.CLOCK_GATE:
        return "clock_gate"
    if kind == Kind.COMBINATIONAL and len(inputs) == 1 and function:
        sense = sense_of(function, inputs[0])
        if sense == Sense.NEGATIVE:
            return "inverter"
        if sense == Sense.POSITIVE and ("dly" in name or "delay" in name):
            return "delay"
        if sense == Sense.POSITIVE:
            return "clock_buffer" if "clk" in name else "buffer"
    return "fill" if kind == Kind.PHYSICAL and not inputs and "fill" in name else ""
