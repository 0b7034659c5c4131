"""How long the scripts of four meshes take to render and check, and which seeded faults the check misses.

Run as ``python benchmarks/openroad_check.py [--mutants 1000] [--lines 178]``.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter

from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.script_check.check import check_scripts
from oracles.openroad.mesh import mesh
from oracles.openroad.mutants import make_mutants


def processor_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


def time_meshes(lines: int) -> None:
    """A RI5CY at 45 nm has about 178 row lines of 1.4 um."""
    wall, work = time.perf_counter(), processor_seconds()
    for n in (1, 3, 5, 7):
        context = mesh(n, rows=lines // n)
        scripts = render_flow(context)
        findings = check_scripts(scripts, external_inputs(context))
        print(f"N = {n}: {len(scripts)} files, {len(context.rows)} rows, {len(findings)} findings")
    print(f"four meshes: {time.perf_counter() - wall:.2f} s, {processor_seconds() - work:.2f} s of processor")


def count_mutants(count: int, seed: int) -> None:
    context = mesh(1, rows=2)
    scripts, inputs = render_flow(context), external_inputs(context)
    total: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for kind, file, number, changed in make_mutants(scripts, count, seed):
        lines = scripts[file].split("\n")
        before, lines[number] = lines[number], changed
        found = check_scripts(scripts | {file: "\n".join(lines)}, inputs)
        total[kind] += 1
        caught[kind] += bool(found)
        if not found:
            print(f"missed: {kind} {file}:{number + 1}: {before.strip()} -> {changed.strip()}")
    for kind in sorted(total):
        print(f"{kind}: {caught[kind]} of {total[kind]}")
    print(
        f"all: {sum(caught.values())} of {sum(total.values())}, {100 * sum(caught.values()) / sum(total.values()):.1f} %"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=178)
    parser.add_argument("--seed", type=int, default=6)
    chosen = parser.parse_args()
    time_meshes(chosen.lines)
    count_mutants(chosen.mutants, chosen.seed)
