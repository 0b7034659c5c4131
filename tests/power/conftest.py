from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


def pdk() -> Path:
    return Path(os.environ.get("FINEVH_PDK", ROOT.parent / "shared" / "pdk"))


@pytest.fixture(scope="session")
def nangate() -> Path:
    path = pdk() / "nangate45" / "nangate45_typ.lib.gz"
    if not path.is_file():
        pytest.skip(f"{path} is missing: set FINEVH_PDK to the folder with nangate45")
    return path


@pytest.fixture(scope="session")
def library() -> Path:
    path = ROOT / "libs" / "finevh45"
    if not (path / "cross_voltage.npz").is_file():
        pytest.skip(f"{path} is not characterised")
    return path
