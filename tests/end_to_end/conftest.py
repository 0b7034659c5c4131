from __future__ import annotations

from pathlib import Path

import pytest

from finevh.cli import run_command
from finevh.technology.manifest import read_manifest

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = REPOSITORY / "flows" / "quick.toml"


def library_is_there(technology: Path) -> bool:
    """Tell whether a technology was characterised: its Liberty folder holds files."""
    views = read_manifest(technology).views
    return (
        views is not None and isinstance(views.liberty, str) and any((technology / views.liberty).parent.glob("*.lib*"))
    )


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of flows/quick.toml, shared by all tests that only read it."""
    if not library_is_there(REPOSITORY / "libs" / "finevh45"):
        pytest.skip("libs/finevh45 holds no Liberty files: run 'finevh characterize libs/finevh45/technology.toml'")
    directory = tmp_path_factory.mktemp("quick") / "run"
    assert run_command(["run", str(QUICK), "-o", str(directory), "-j", "2"]) == 0
    return directory
