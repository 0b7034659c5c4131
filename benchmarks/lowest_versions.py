"""Print the lowest declared version of every dependency as pip constraints: python benchmarks/lowest_versions.py.

``make lowest`` installs them in an environment of their own and runs a part of the tests there.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_DECLARED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9][0-9A-Za-z.]*)")


def constraints(project: Path) -> list[str]:
    """``name==version`` of each dependency with a lower bound, the optional ones too."""
    data = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    declared = [*data["dependencies"], *(item for group in data["optional-dependencies"].values() for item in group)]
    found = (_DECLARED.match(item) for item in declared)
    return sorted({f"{match[1]}=={match[2]}" for match in found if match is not None})


def main() -> int:
    """Print them."""
    print("\n".join(constraints(Path(__file__).resolve().parents[1] / "pyproject.toml")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
