"""Technology out of Liberty and LEF files: corners found by their voltage, cells by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.technology.columns import CornerInput, merge_cells, merge_corners
from finevh.technology.lef import Lef, read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.library import Cell, Library
from finevh.technology.model import CellTable, CrossVoltage, Direction, Kind, Layer, Technology, Variant

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
                raise InputError(f"{library.source}: cell {cell.name} at {library.vdd:g} V is already in {known.source}")
            known.cells[cell.name] = cell
    ordered = [joined[vdd] for vdd in sorted(joined)]
    corners = [CornerInput.of(library, 0, "") for library in ordered]
    return assemble(
        name or ordered[0].name, ordered, corners, (Variant("nominal", "", 0.0),), read_lef(lef), roles=None, cross=None,
        vdd_nominal=ordered[-1].vdd,
    )


def assemble(
    name: str, libraries: Sequence[Library], corners: Sequence[CornerInput], variants: tuple[Variant, ...], lef: Lef, *,
    roles: dict[str, tuple[str, ...]] | None, cross: CrossVoltage | None, vdd_nominal: float, site: str = "",
    layers: tuple[Layer, ...] = (),
) -> Technology:
    """Merge corners into a technology; roles are inferred where ``roles`` is None, layers of the LEF are the default.

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
                raise InputError(f"{library.source}: {what} {mine:g} differs from {theirs:g} of {first.source}; corners "
                                 "of one technology share it")
    vdds = np.array(sorted({corner.vdd for corner in corners}))
    corner_of = np.full((len(variants), vdds.size), -1, dtype=np.int32)
    for c, corner in enumerate(corners):
        corner_of[corner.variant, int(np.searchsorted(vdds, corner.vdd))] = c
    for v, k in np.argwhere(corner_of < 0):
        raise InputError(f"technology {name}: variant {variants[v].name} has no library at {vdds[k]:g} V")
    skeleton = merge_cells(corners)
    cells = skeleton.table
    width = np.array([lef.macros[n].width if n in lef.macros else np.nan for n in cells.names])
    site_width, row_height = _site(lef, site)
    return Technology(
        name=name, variants=variants, vdds=vdds, corner_of=corner_of, cells=cells,
        corners=merge_corners(skeleton, corners), cross=cross, layers=layers or tuple(lef.layers.values()),
        site_width=site_width, row_height=row_height, cell_width=width,
        roles=infer_roles(cells, corners[0].cells) if roles is None else roles,
        slew_lower=first.slew_lower, slew_upper=first.slew_upper, vdd_nominal=vdd_nominal,
    )


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


def infer_roles(table: CellTable, cells: dict[str, Cell]) -> dict[str, tuple[str, ...]]:
    """Roles of a foreign library's cells, by function; the smallest drive comes first.

    Special cells that no function tells (header switches) stay without a role.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    for i, name in enumerate(table.names):
        cell = cells[name]
        outputs = [pin for pin in cell.pins if pin.direction == Direction.OUTPUT]
        inputs = [pin.name for pin in cell.pins if pin.direction == Direction.INPUT]
        function = outputs[0].function.strip("() ") if len(outputs) == 1 else ""
        role = ""
        if cell.kind == Kind.TIE and function in ("0", "1"):
            role = "tie_high" if function == "1" else "tie_low"
        elif cell.kind == Kind.FLOP and not (cell.clear or cell.preset) and len(inputs) == 2:
            role = "flop"
        elif cell.kind == Kind.CLOCK_GATE:
            role = "clock_gate"
        elif cell.kind == Kind.COMBINATIONAL and len(inputs) == 1:
            plain = function.replace(" ", "")
            if plain == inputs[0] and not any(word in name.lower() for word in ("dly", "delay")):
                role = "clock_buffer" if "clk" in name.lower() else "buffer"
            elif plain in (f"!{inputs[0]}", f"{inputs[0]}'", f"!({inputs[0]}", f"{inputs[0]})'"):
                role = "inverter"
        elif cell.kind == Kind.PHYSICAL and not inputs and "fill" in name.lower():
            role = "fill"
        if cell.dont_use:
            found.setdefault("dont_use", []).append((0.0, name))
        if role:
            found.setdefault(role, []).append((float(table.drive[i]) * 1e6 + cell.area, name))
    return {role: tuple(name for _, name in sorted(members)) for role, members in sorted(found.items())}
