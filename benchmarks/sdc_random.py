"""Constraints by chance: setup and hold slack of every endpoint, here and in OpenSTA.

    python benchmarks/sdc_random.py [N] [--first SEED]

Prints a line with the endpoints that differ for each file that does, the files that finevh refuses by reason, and the total.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from finevh.errors import InputError
from oracles.case import Case
from oracles.random_sdc import LIBERTY, NETLIST, random_sdc


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="?", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    found: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder))
        case.write("top.v", NETLIST)
        case.write("cells.lib", LIBERTY)
        for seed in range(options.first, options.first + options.files):
            case.write("top.sdc", random_sdc(seed))
            try:
                differ = case.differences()
            except InputError as error:
                found["refused"] += 1
                refused[re.sub(r"[0-9.]+", "#", str(error).rpartition(": ")[2])[:120]] += 1
                continue
            found["differ" if differ else "same"] += 1
            if differ:
                print(f"seed {seed}: {', '.join(differ[:8])}")
    for reason, count in refused.most_common():
        print(f"refused {count}: {reason}")
    print(f"{options.files} files: {found['same']} same, {found['differ']} differ, {found['refused']} refused")
    return 1 if found["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
