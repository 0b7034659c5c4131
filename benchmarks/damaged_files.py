"""Each file of a finished run cut, emptied, flipped, deleted, made a folder or a link: what every verb then answers.

``python benchmarks/damaged_files.py [--run DIR --flow FLOW.toml] [--verbs a,b] [--state FILE]``; without ``--run`` on the tiny
design of the oracles. ``--state`` keeps the outcomes: the same command goes on where it was. Ends with a table, file by damage:
a letter per verb (s same answer, m mended, r refused with one message), and every fault in words.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from oracles.damage import DAMAGES, GOOD, VERBS, bench, cases, files_of
from oracles.tiny_design import finished_run


def table(found: dict[tuple[str, str, str], str], names: list[str], verbs: tuple[str, ...]) -> list[str]:
    """A row per file, a column per damage, a letter per verb; a fault is an exclamation mark."""
    width = max(map(len, names))
    lines = [f"{'file':{width}s} " + " ".join(f"{how:>8s}" for how in DAMAGES) + "   letters: " + ", ".join(verbs)]
    for name in names:
        cells = []
        for how in DAMAGES:
            outcomes = (found.get((name, how, verb)) for verb in verbs)
            letters = ("." if one is None else one[0] if one in GOOD else "!" for one in outcomes)
            cells.append(f"{''.join(letters):>8s}")
        lines.append(f"{name:{width}s} " + " ".join(cells))
    return lines


def main() -> int:
    """Print the table; 1 if there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a finished run, which is copied")
    parser.add_argument("--flow", type=Path, help="its flow file")
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every Kth case")
    parser.add_argument("--state", type=Path, help="file that keeps outcomes")
    options = parser.parse_args()
    whole = options.run or finished_run()
    flow = options.flow or whole.parent / "tiny.toml"
    verbs = tuple(options.verbs.split(","))
    found: dict[tuple[str, str, str], str] = {}
    if options.state and options.state.exists():
        for line in options.state.read_text(encoding="utf-8").splitlines():
            name, how, verb, outcome = line.split("\t", 3)
            found[name, how, verb] = outcome
    with tempfile.TemporaryDirectory(prefix="damaged-files-") as folder:
        made = bench(whole, flow, Path(folder))
        for case in list(cases(whole, verbs))[:: options.every]:
            if case in found:
                continue
            found[case] = made.outcome(*case).replace("\n", " ").replace("\t", " ")
            line = "\t".join((*case, found[case]))
            if options.state:
                with options.state.open("a", encoding="utf-8") as stream:
                    stream.write(line + "\n")
            if found[case] not in GOOD:
                print(line, flush=True)
        if not made.untouched():
            print("FAULT: the whole run was written to")
            return 1
    print("\n".join(table(found, files_of(whole), verbs)))
    counts = Counter(outcome if outcome in GOOD else "fault" for outcome in found.values())
    print(f"{sum(counts.values())} cases: " + ", ".join(f"{counts[kind]} {kind}" for kind in (*GOOD, "fault")))
    return 1 if counts["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
