"""Cells without arcs of their own: fillers, and the header switches of a technology."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finevh.base.quoting import plain_name
from finevh.base.toml import read_toml
from finevh.characterization.publish.liberty import cell_pins
from finevh.characterization.record import CellRecord
from finevh.errors import InputError
from finevh.technology.library import Cell
from finevh.technology.model import Kind

__all__ = ["Header", "fillers", "header_cells", "load_headers"]


def fillers(widths: Mapping[str, Iterable[int]], site_um: tuple[float, float]) -> list[Cell]:
    """Cells without transistors: name stem to widths in sites; they leak nothing."""
    return [
        Cell(
            f"{stem}_X{sites}",
            sites * site_um[0] * site_um[1],
            footprint=stem,
            kind=Kind.PHYSICAL,
            default_leakage=0.0,
            dont_use=True,
        )
        for stem, entries in widths.items()
        for sites in entries
    ]


@dataclass(frozen=True)
class Header:
    """A header switch family: footprint, select pin, the cell whose input that pin is, and further supply pins."""

    name: str
    drives: tuple[int, ...]
    columns: int
    fixed: int
    select: str
    select_pin: str
    supplies: tuple[str, ...]


def load_headers(path: Path) -> tuple[Header, ...]:
    """Read a table of header switches.

    Raises
    ------
    InputError
        If the file is missing, no TOML, or an entry lacks a key.
    """
    entries = read_toml(path, "a header table", "correct 'headers' of the technology file").get("headers", {})
    try:
        return tuple(
            Header(
                plain_name(name, f"{path}: header"),
                tuple(int(drive) for drive in e["drives"]),
                int(e["columns"]),
                int(e["fixed"]),
                str(e["select"]),
                plain_name(e["select_pin"], f"{path}: headers.{name}.select_pin"),
                tuple(plain_name(supply, f"{path}: headers.{name}.supplies") for supply in e["supplies"]),
            )
            for name, e in entries.items()
        )
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: a header has a value of the wrong kind ({error})") from error
    except KeyError as error:
        raise InputError(
            f"{path}: a header lacks key {error}; keys are drives, columns, fixed, select, select_pin, supplies"
        ) from error


def header_cells(headers: Iterable[Header], records: Sequence[CellRecord], site_um: tuple[float, float]) -> list[Cell]:
    """Build header switches: physical cells whose only signal pin is the input of an X1 cell of ``records``.

    Their leakage is not characterised and stays absent.
    """
    found = {record.cell: record for record in records}
    cells = []
    for header in headers:
        if header.select not in found:
            raise InputError(
                f"header {header.name}: its select pin is the input of {header.select}, which has no record"
            )
        pin = replace(cell_pins(found[header.select])[0], name=header.select_pin, clock=False)
        for drive in header.drives:
            sites = header.columns * drive + header.fixed
            cells.append(
                Cell(
                    f"{header.name}_X{drive}",
                    sites * site_um[0] * site_um[1],
                    footprint=header.name,
                    kind=Kind.PHYSICAL,
                    pins=[pin],
                    dont_use=True,
                )
            )
    return cells
