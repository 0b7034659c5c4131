"""The mapped netlist between stages, and what sizing leaves beside it."""

from __future__ import annotations

from pathlib import Path

from finevh.base.archive import load_columns, save_columns
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology

NETLIST, VERILOG = "netlist.npz", "netlist.v"
FROZEN, SLACK = "frozen.npy", "endpoint_slack.npy"
CLOCK_AREA = "clock_area.npy"
"""um2 that the clock tree, made after placement, will take."""


def save_netlist(directory: Path, netlist: Netlist) -> None:
    """Write a netlist as columns; the cells it uses are named, so that it reads back on the same technology only."""
    save_columns(directory / NETLIST, netlist, skip=("cells",))


def load_netlist(directory: Path, technology: Technology) -> Netlist:
    """Read a netlist on the cell table of its technology."""
    netlist = load_columns(directory / NETLIST, Netlist, cells=technology.cells)
    if netlist.n_cells and int(netlist.cell_type.max()) >= len(technology.cells.names):
        raise InputError(
            f"{directory / NETLIST}: made with another technology; run the flow again with --from synthesis"
        )
    return netlist
