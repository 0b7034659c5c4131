"""Kernels are loaded without what compiles, and others that are compiled later may call them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = """import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
import numpy as np
from finevh.base import kernel_cache
from finevh.base.kernel import kernel
kernel_cache.PACKAGE = Path({folder!r})
from inner import inner
{outer}
print(inner(np.arange(4.0)).sum(), sum(inner.stats.cache_hits.values()), "numba.np.linalg" in sys.modules)
"""
INNER = """from finevh.base.kernel import kernel

@kernel(nogil=True)
def inner(values):
    made = values.copy()
    for k in range(len(values)):
        made[k] += 1.0
    return made
"""
OUTER = """
import numba

@numba.njit
def outer(values):
    return inner(values)[0] + inner(values)[1]

print(outer(np.arange(4.0)))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner.py").write_text(INNER)
    return tmp_path


def run(folder: Path, outer: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", KERNELS.format(folder=str(folder), outer=outer)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")},
    )
    return done.stdout.splitlines()


def test_a_kernel_that_is_kept_is_loaded_without_what_compiles(folder: Path) -> None:
    assert run(folder) == ["10.0 0 True"]
    assert run(folder) == ["10.0 1 False"]


def test_a_kernel_that_is_kept_is_called_by_one_that_is_compiled(folder: Path) -> None:
    run(folder)
    assert run(folder, OUTER) == ["3.0", "10.0 1 True"]


def test_where_no_folder_can_be_written_every_process_compiles_for_itself(folder: Path) -> None:
    (folder / "cache").write_text("a file, no folder")
    assert run(folder) == ["10.0 0 True"]
    assert run(folder) == ["10.0 0 True"]
