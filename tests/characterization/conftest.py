from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.scale import corner_of
from finevh.characterization.process import Process, load_process
from finevh.characterization.run import load_cells

REPOSITORY = Path(__file__).resolve().parents[2]
TECHNOLOGY = REPOSITORY / "libs" / "finevh45" / "technology.toml"

needs_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is missing: apt install ngspice")


@pytest.fixture(scope="session")
def process() -> Process:
    pytest.importorskip("importlib.metadata").distribution("c4m-pdk-freepdk45")
    return load_process(TECHNOLOGY)


@pytest.fixture(scope="session")
def cells(process: Process) -> dict[str, Topology]:
    return load_cells(process)


@pytest.fixture(scope="session")
def corner(process: Process, cells: dict[str, Topology], tmp_path_factory: pytest.TempPathFactory) -> Corner:
    """The base variant at 0.9 V with a small grid, so that a cell takes a fraction of a second."""
    grid = replace(
        process.grid,
        slew=process.grid.slew[[1, 3]],
        load_ff=process.grid.load_ff[[1, 3]],
        side_slew=(0, 1),
        side_load=(0, 1),
        cross_slew=(0, 1),
        cross_load=(0, 1),
        clock_cross_slew=(0, 1),
        clock_cross_load=(0, 1),
        constraint_slew=(0,),
    )
    small = replace(process, grid=grid)
    return corner_of(small, cells.values(), process.variant("PB0"), 0.9, tmp_path_factory.mktemp("decks"))
