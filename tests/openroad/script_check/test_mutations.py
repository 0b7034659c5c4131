"""The check of scripts finds seeded faults."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.script_check.check import check_scripts
from oracles.openroad.mesh import mesh
from oracles.openroad.mutants import make_mutants

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")

MUTANTS = 210


def test_at_least_95_percent_of_seeded_mutants_are_caught() -> None:
    context = mesh(1, rows=2)
    scripts, inputs = render_flow(context), external_inputs(context)
    assert check_scripts(scripts, inputs) == []
    caught: Counter[str] = Counter()
    total: Counter[str] = Counter()
    missed: list[str] = []
    for kind, file, number, changed in make_mutants(scripts, MUTANTS, seed=6):
        lines = scripts[file].split("\n")
        before = lines[number]
        lines[number] = changed
        findings = check_scripts(scripts | {file: "\n".join(lines)}, inputs)
        total[kind] += 1
        caught[kind] += bool(findings)
        if not findings:
            missed.append(f"{kind} {file}:{number + 1}: {before.strip()} -> {changed.strip()}")
    assert sum(total.values()) >= 200
    assert sum(caught.values()) >= 0.95 * sum(total.values()), "\n".join(missed)
    for kind in ("misspelt_command", "misspelt_option", "dropped_option", "extra_argument"):
        assert total[kind] >= 8
