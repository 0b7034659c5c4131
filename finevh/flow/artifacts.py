"""The files by which stages hand data on: columns for the next stage, standard formats beside them for people."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.flow.columns import load_columns, save_columns
from finevh.layout import Floorplan, Placement
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.power import Activity
from finevh.technology.model import Technology

NETLIST, VERILOG = "netlist.npz", "netlist.v"
CHAIN = "chain.json"
FLOORPLAN, PLACEMENT, WIRES = "floorplan.npz", "placement.npz", "wires.npz"


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


def save_floorplan(directory: Path, floorplan: Floorplan) -> None:
    """Write a floorplan."""
    save_columns(directory / FLOORPLAN, floorplan)


def load_floorplan(directory: Path) -> Floorplan:
    """Read a floorplan."""
    return load_columns(directory / FLOORPLAN, Floorplan)


def save_placement(directory: Path, placement: Placement) -> None:
    """Write a placement."""
    save_columns(directory / PLACEMENT, placement)


def load_placement(directory: Path) -> Placement:
    """Read a placement."""
    return load_columns(directory / PLACEMENT, Placement)


def save_wires(directory: Path, wires: Wires) -> None:
    """Write RC trees."""
    save_columns(directory / WIRES, wires)


def load_wires(directory: Path) -> Wires:
    """Read RC trees."""
    return load_columns(directory / WIRES, Wires)


def activity_file(program: str) -> str:
    """Name of the activity of one program."""
    return f"activity-{program}.npz"


def save_activity(directory: Path, program: str, activity: Activity) -> None:
    """Write the activity of one program."""
    save_columns(directory / activity_file(program), activity)


def load_activity(directory: Path, program: str) -> Activity:
    """Read the activity of one program."""
    return load_columns(directory / activity_file(program), Activity)


def programs_in(directory: Path) -> tuple[str, ...]:
    """Programs whose activity a stage directory holds, in the order of their names."""
    return tuple(sorted(path.name[len("activity-") : -len(".npz")] for path in directory.glob("activity-*.npz")))


def save_variants(directory: Path, variants: dict[str, NDArray[np.int8]]) -> None:
    """Write the variant of each cell (n_cell,) of each variant set."""
    for name, column in variants.items():
        np.save(directory / f"variants-{name}.npy", column)


def load_variants(directory: Path) -> dict[str, NDArray[np.int8]]:
    """Read what :func:`save_variants` wrote."""
    return {path.stem.removeprefix("variants-"): np.load(path) for path in sorted(directory.glob("variants-*.npy"))}


def save_chain_order(directory: Path, order: tuple[int, ...]) -> None:
    """Write the tiles in the order of the configuration chain."""
    (directory / CHAIN).write_text(json.dumps(list(order)) + "\n", encoding="utf-8")


def load_chain_order(directory: Path) -> tuple[int, ...]:
    """Tiles in the order of the configuration chain, from its serial input."""
    order: list[int] = json.loads((directory / CHAIN).read_text(encoding="utf-8"))
    return tuple(order)
