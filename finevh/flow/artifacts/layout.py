"""Floorplan, places, wires and configuration chain between stages."""

from __future__ import annotations

import json
from pathlib import Path

from finevh.base.archive import load_columns, save_columns
from finevh.layout.floorplan import Floorplan
from finevh.layout.placement import Placement
from finevh.netlist.wires import Wires

CHAIN = "chain.json"
FLOORPLAN, PLACEMENT, WIRES = "floorplan.npz", "placement.npz", "wires.npz"


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


def save_chain_order(directory: Path, order: tuple[int, ...]) -> None:
    """Write the tiles in the order of the configuration chain."""
    (directory / CHAIN).write_text(json.dumps(list(order)) + "\n", encoding="utf-8")


def load_chain_order(directory: Path) -> tuple[int, ...]:
    """Tiles in the order of the configuration chain, from its serial input."""
    order: list[int] = json.loads((directory / CHAIN).read_text(encoding="utf-8"))
    return tuple(order)
