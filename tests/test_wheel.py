"""The wheel holds what the commands need in any folder, and nothing else; it installs by its metadata."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from finevh.base.share import flow_names, technology_names

REPOSITORY = Path(__file__).resolve().parents[1]
NEEDED = ("build", "hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: pip install 'finevh[dev]'")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_it_is_small_enough_to_be_downloaded(wheel: Path) -> None:
    assert 5e6 < wheel.stat().st_size < 40e6


def test_it_holds_flows_technologies_rtl_programs_templates_and_the_pages_parts(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    share = "finevh/share"
    needed = {f"{share}/flows/{name}.toml" for name in flow_names()} | {
        f"{share}/libs/{name}/technology.toml" for name in technology_names()
    }
    needed |= {
        f"{share}/flows/flow.schema.json",
        f"{share}/rtl/quick/quick.sv",
        f"{share}/rtl/ri5cy/memory.toml",
        f"{share}/rtl/ri5cy/programs/mix.hex",
        f"{share}/rtl/loc1_pe/loc1_pe.sv",
        f"{share}/libs/finevh45/cells.lef",
        "finevh/py.typed",
        "finevh/openroad/templates/power_grid.tcl.j2",
        "finevh/synthesis/templates/synthesis.tcl.j2",
        "finevh/report/page/page.html.j2",
        "finevh/report/page/page.js",
        "finevh/report/columns.toml",
    }
    assert needed <= names
    assert any(name.startswith(f"{share}/libs/finevh45/liberty/") for name in names)
    tops = {name.split("/")[0].partition("-")[0] for name in names}
    assert tops == {"finevh"}
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_its_command_and_its_needs_stand_in_the_metadata(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    text = {Path(name).name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name}
    assert "finevh = finevh.entry:main" in text["entry_points.txt"]
    assert re.search(r"^Requires-Python: .*>=3\.11", text["METADATA"], re.MULTILINE)
    assert "Requires-Dist: numba" in text["METADATA"]
