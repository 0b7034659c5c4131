"""What a DEF that comes back from OpenROAD must agree on with the floorplan that went in: rows, tiles, Vdd-MUX sites, voids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from finevh.errors import FinevhError
from finevh.layout.formats.def_model import Box, DefLayout
from finevh.openroad.context import FixedCell, FlowContext

_ORIENTATION = {"R0": "N", "MX": "FS", "N": "N", "FS": "FS"}
_FIXED = ("FIXED", "FIRM", "COVER", "LOCKED")
_Places = Mapping[str, tuple[object, ...]]


class LayoutMismatchError(FinevhError):
    """A DEF that is not of the floorplan that the scripts asked for."""


def compare_layout(context: FlowContext, layout: DefLayout, with_cells: bool = True) -> list[str]:
    """Return where a DEF differs from the context, one sentence per kind of object, empty if it agrees.

    Parameters
    ----------
    context
        What the scripts were rendered from.
    layout
        A DEF of any stage, in its own database units.
    with_cells
        False for the DEF of the floorplan stage, which has no Vdd-MUX and configuration cells yet.

    Notes
    -----
    Rows of islands may be missing: they go while the power grid is built, and some tools leave them out for good.
    """
    units = layout.units

    def dbu(*lengths: float) -> tuple[int, ...]:
        return tuple(round(length * units) for length in lengths)

    problems: list[str] = []
    die = dbu(context.die.x0, context.die.y0, context.die.x1, context.die.y1)
    if die != layout.die:
        problems.append(f"die is {layout.die}, expected {die}")
    rows = {row.name: (*dbu(row.x, row.y), row.sites, _ORIENTATION[row.orientation]) for row in context.rows}
    found = {row.name: (row.x, row.y, row.count, _ORIENTATION.get(row.orient, row.orient)) for row in layout.rows}
    islands = {island.row for island in context.islands}
    problems += _differences(
        "row", {name: row for name, row in rows.items() if name in found or name not in islands}, found
    )
    wanted = {dbu(w.x0, w.y0, w.x1, w.y1) for w in context.wrappers}
    problems += _missing_voids(wanted, layout.blockages)
    if with_cells:
        added = context.configuration.cells if context.configuration else ()
        problems += _differences(
            "fixed cell", _places((*context.mux_sites, *added), units), _fixed_cells(context, layout)
        )
    return problems


def require_same_layout(context: FlowContext, layout: DefLayout, source: str, with_cells: bool = True) -> None:
    """Raise if a DEF is not of this context.

    Raises
    ------
    LayoutMismatchError
        Naming the file and what differs.
    """
    problems = compare_layout(context, layout, with_cells)
    if problems:
        raise LayoutMismatchError(f"{source}: not the floorplan that was asked for: " + "; ".join(problems))


def _places(cells: Iterable[FixedCell], units: int) -> _Places:
    return {c.instance: (c.cell, round(c.x * units), round(c.y * units), _ORIENTATION[c.orientation]) for c in cells}


def _fixed_cells(context: FlowContext, layout: DefLayout) -> _Places:
    added = context.configuration.cells if context.configuration else ()
    names = {cell.instance for cell in (*context.mux_sites, *added)}
    return {
        c.name: (c.cell, c.x, c.y, _ORIENTATION.get(c.orient, c.orient))
        for c in layout.components
        if c.name in names and c.status in _FIXED
    }


def _differences(what: str, wanted: _Places, found: _Places) -> list[str]:
    problems: list[str] = []
    missing = [name for name in wanted if name not in found]
    moved = [name for name in wanted if name in found and found[name] != wanted[name]]
    extra = [name for name in found if name not in wanted]
    if missing:
        problems.append(f"{len(missing)} {what}s missing, the first '{missing[0]}'")
    if moved:
        problems.append(
            f"{len(moved)} {what}s differ, the first '{moved[0]}': {found[moved[0]]}, expected {wanted[moved[0]]}"
        )
    if extra:
        problems.append(f"{len(extra)} unknown {what}s, the first '{extra[0]}'")
    return problems


def _missing_voids(wanted: set[tuple[int, ...]], found: Iterable[Box]) -> list[str]:
    missing = sorted(wanted - set(found))
    return [f"{len(missing)} voids missing, the first {missing[0]}"] if missing else []
