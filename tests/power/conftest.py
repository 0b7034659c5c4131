from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def library() -> Path:
    path = ROOT / "libs" / "finevh45"
    if not (path / "cross_voltage.npz").is_file():
        pytest.skip(f"{path} is not characterised")
    return path
