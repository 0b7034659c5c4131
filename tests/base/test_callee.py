"""Callees are compiled in their kernels alone, which compute and are kept as any others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from finevh.base.callee import callee, constants

KERNEL = """import numba
import numpy as np
from finevh.base.callee import callee

@callee(forceinline=True)
def twice(x):
    return 2.0 * x

@callee()
def total(values):
    found = np.zeros(1)
    for k in range(len(values)):
        found[0] += twice(values[k])
    return found[0]

@numba.njit(cache=True, nogil=True)
def kernel(values):
    return total(values) + 1.0

print(kernel(np.arange(4.0)), sum(kernel.stats.cache_hits.values()))
"""


def _divide(a: float, b: float) -> float:
    return a / b


def _add(a: int, b: int) -> int:
    return a + b


_quotient: Any = callee(error_model="numpy")(_divide)
_plus: Any = callee()(_add)


def test_a_kernel_of_callees_is_found_again_by_another_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(KERNEL)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    said = [
        subprocess.run([sys.executable, script], env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert said == ["13.0 0\n", "13.0 1\n"]


def test_a_callee_keeps_its_own_error_model_and_has_the_bits_of_a_kernel() -> None:
    alone = numba.njit(error_model="numpy")(_divide)
    within = numba.njit(lambda a, b: _quotient(a, b))
    for a, b in ((1.0, 3.0), (1.0, 0.0), (-2.0, 0.7)):
        assert within(a, b) == alone(a, b)


def test_python_cannot_call_a_callee() -> None:
    with pytest.raises(TypeError, match="not callable"):
        _quotient(1.0, 2.0)


def test_constants_are_no_literals_for_which_a_callee_is_compiled_again() -> None:
    one, two = constants(1, 2)
    kernel = numba.njit(lambda a: _plus(a, one) + _plus(a, two))
    assert kernel(np.int64(3)) == 9
    assert len(_plus.overloads) == 1
