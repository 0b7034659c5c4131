"""The characterised Vdd-MUXes of a flow's technology, and those that a finished run gave its tiles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from finevh.config import Flow
from finevh.flow.inputs.technology import what_if_of
from finevh.layout.supply.header_table import HeaderTable, read_header_table
from finevh.layout.supply.vdd_mux import VddMuxes, read_vdd_muxes

HEADERS = "headers.csv"
"""Characterised Vdd-MUXes in the folder of a technology."""
TABLE = Path("results") / "tables" / "vdd_mux.csv"
"""The Vdd-MUX of each tile, in the folder of the operating-points stage."""


def header_table(flow: Flow) -> HeaderTable | None:
    """The Vdd-MUXes of the technology, which leak as its cells do in a what-if; None without any.

    Raises
    ------
    InputError
        If the file is wrong.
    """
    path = flow.technology.path / HEADERS
    if not path.is_file():
        return None
    found, what = read_header_table(path), what_if_of(flow)
    if what is None or found.leakage_low is None or found.leakage_high is None:
        return found
    return replace(found, leakage_low=found.leakage_low * what.leakage, leakage_high=found.leakage_high * what.leakage)


def finished_vdd_muxes(flow: Flow, stage: Path) -> VddMuxes | None:
    """The Vdd-MUXes that an operating-points stage chose; None where there are none, or nobody knows what they leak."""
    found = header_table(flow)
    return None if found is None else read_vdd_muxes(stage / TABLE, found)
