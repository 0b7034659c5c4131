"""Fixtures that every room shares: foreign technologies as test data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from finevh.technology import Technology, technology_from_liberty

REPOSITORY = Path(__file__).resolve().parents[1]


LIBRARY = REPOSITORY / "libs" / "finevh45"
END_TO_END = "tests/end_to_end"

# A run of the tests says the same twice; '--hypothesis-profile search' looks at examples that nobody has seen.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("repeatable")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep together, where tests run side by side, those that share fixtures: a file's, and all on the finished run."""
    path = item.path.relative_to(REPOSITORY).as_posix()
    item.add_marker(pytest.mark.xdist_group(END_TO_END if path.startswith(END_TO_END) else path))


@pytest.fixture(scope="session")
def one_supply() -> Technology:
    """The shipped library at its highest supply: a technology of one corner."""
    return technology_from_liberty([liberty_at("1v00")], [LIBRARY / "tech.lef", LIBRARY / "cells.lef"], name="one")


@pytest.fixture(scope="session")
def two_supplies() -> Technology:
    """The shipped library at 0.80 and 1.00 V, without its cross-voltage tables: a technology of two supplies."""
    files = [liberty_at("0v80"), liberty_at("1v00")]
    return technology_from_liberty(files, [LIBRARY / "tech.lef", LIBRARY / "cells.lef"], name="two")


def liberty_at(vdd: str) -> Path:
    """Liberty file of the shipped library at a supply such as ``0v80``."""
    return LIBRARY / "liberty" / f"finevh45_{vdd}.lib.gz"


def pdk_folder() -> Path:
    """Where foreign kits live: ``$FINEVH_PDK`` or ``../shared/pdk`` beside the repository."""
    return Path(os.environ.get("FINEVH_PDK", REPOSITORY.parent / "shared" / "pdk"))


def need_pdk(name: str) -> Path:
    """Folder of a foreign kit; skips the test if it is missing."""
    folder = pdk_folder() / name
    if not folder.is_dir():
        pytest.skip(f"{name} is missing: set FINEVH_PDK to a folder that holds it")
    return folder


@pytest.fixture(scope="session")
def ihp_folder() -> Path:
    return need_pdk("ihp-sg13g2")


@pytest.fixture(scope="session")
def nangate_folder() -> Path:
    return need_pdk("nangate45")


@pytest.fixture(scope="session")
def ihp_technology(ihp_folder: Path) -> Technology:
    """IHP SG13G2, slow, 125 C, at 1.08 and 1.35 V: a real technology of two supplies."""
    corners = [ihp_folder / f"sg13g2_stdcell_slow_{v}V_125C.lib.gz" for v in ("1p08", "1p35")]
    return technology_from_liberty(corners, [ihp_folder / "tech.lef", ihp_folder / "cells.lef"], name="ihp-sg13g2")


@pytest.fixture(scope="session")
def nangate_technology(nangate_folder: Path) -> Technology:
    """Nangate45, slow, 125 C, 0.95 V."""
    return technology_from_liberty(
        [nangate_folder / "nangate45_slow.lib.gz"],
        [nangate_folder / "tech.lef", nangate_folder / "cells.lef"],
        name="nangate45",
    )
