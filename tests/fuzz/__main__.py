"""The long run, on demand: ``python -m tests.fuzz --mutants 1000000 -j 2``; ``--cli`` goes through the command line."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.cli_cases import cli_readers
from tests.fuzz.harness import Finds
from tests.fuzz.readers import readers
from tests.fuzz.share import task

_SHARE = 2000  # mutants of one task


def main() -> int:
    """Print the account; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000, help="in all, over all readers")
    parser.add_argument("--reader", action="append", help="only this one; may be repeated")
    parser.add_argument("--cli", action="store_true", help="through the command line instead of the readers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-j", type=int, default=1, help="processes")
    parser.add_argument("--finds", type=Path, default=Path("fuzz-finds"), help="folder for examples of what was found")
    options = parser.parse_args()
    known = cli_readers() if options.cli else readers()
    chosen = [known[name] for name in options.reader or known]
    weight = sum(reader.weight for reader in chosen)
    begin, total = time.monotonic(), Finds()
    with ProcessPoolExecutor(options.j) as pool:
        futures = []
        for reader in chosen:
            left, number = max(1, options.mutants * reader.weight // weight), 0
            while left > 0:
                count = min(left, _SHARE)
                futures.append(
                    (reader.name, pool.submit(task, reader.name, count, options.seed + 7919 * number, options.cli))
                )
                left, number = left - count, number + 1
        by_reader: dict[str, Counter[str]] = {}
        for name, future in futures:
            found = future.result()
            by_reader.setdefault(name, Counter()).update(found.counts)
            total.counts.update({key: value for key, value in found.counts.items() if key != "foreign"})
            for place, data in found.places.items():
                total.add(place, data, found.traces[place])
            total.counts["foreign"] += found.counts["foreign"] - len(found.places)
    for name, counts in by_reader.items():
        print(f"{name:16s} taken {counts['taken']:7d}  refused {counts['refused']:7d}  foreign {counts['foreign']:5d}")
    for place, data in sorted(total.places.items()):
        print(f"FOUND {place}: {data[:60]!r}")
    if total.places:
        total.save(options.finds)
        print(f"examples in {options.finds}")
    counts = total.counts
    print(
        f"{sum(counts.values())} files in {time.monotonic() - begin:.0f} s: {counts['taken']} taken, {counts['refused']} refused,"
        f" {counts['foreign']} foreign exceptions at {len(total.places)} places"
    )
    return 1 if total.places else 0


if __name__ == "__main__":
    sys.exit(main())
