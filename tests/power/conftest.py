from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.fixture(scope="session")
def library() -> Path:
    path = ROOT / "libs" / "finevh45"
    if not (path / "cross_voltage.npz").is_file():
        pytest.skip(f"{path} is not characterised")
    return path
