"""Every benchmark says what it measures, and the index lists it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.steps import IDEAL, STEPS, runs_of
from finevh.flow_file import read_flow

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_is_in_the_index_and_says_what_it_measures(script: Path) -> None:
    assert f"`{script.name}`" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["quick", "ri5cy"])
def test_steps_from_ideal_to_real_end_with_the_flow_itself_and_each_changes_its_own_sections(name: str) -> None:
    flow = read_flow(BENCHMARKS.parent / "flows" / f"{name}.toml")
    runs = [(row, one) for row, _, one in runs_of(flow) if not row.startswith("tree_")]
    first, last = runs[0][1], runs[-1][1]
    assert last == flow
    assert (first.synthesis.gate_registers, first.clock.propagated, first.activity.glitches) == (0, False, False)
    assert (first.technology.fast, first.optimize.hold, first.rails.drooped) == (None, False, False)
    for step, (_, before), (row, after) in zip(STEPS[1:], runs, runs[1:], strict=False):
        assert step.name == row
        changed = {name for name in IDEAL if getattr(before, name) != getattr(after, name)}
        assert changed <= set(step.sections)
        assert {name for name in IDEAL if getattr(after, name) == getattr(flow, name)} >= set(step.sections)
    policies = {one.clock.supply_policy for row, _, one in runs_of(flow) if row.startswith("tree")}
    assert policies == {"tile", "high", "split"}
