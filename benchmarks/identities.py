"""Check the identities and bands of the four schemes on a finished run: python benchmarks/identities.py DIR.

Prints one line per check with the number that was found; exit status 1 if an identity does not hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

from oracles.identities import check_run


def main() -> int:
    """Print the table of checks; 1 if an identity fails."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/ri5cy")
    if not (directory / "operating_points.csv").is_file():
        print(f"{directory}: no operating points; make them with 'finevh run'", file=sys.stderr)
        return 2
    checks = check_run(directory)
    for check in checks:
        state = "holds" if check.holds else ("FAILS" if check.identity else "outside")
        print(f"{state:8s}{check.what}: {check.found}")
    return 0 if all(check.holds for check in checks if check.identity) else 1


if __name__ == "__main__":
    sys.exit(main())
