"""Every benchmark says what it measures, and the index lists it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_is_in_the_index_and_says_what_it_measures(script: Path) -> None:
    assert f"`{script.name}`" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
