"""The meaning of every column of every table of a run, and the page of the documentation that is made of it.

``python -m finevh.report.columns docs/columns.md`` writes the page.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_HEAD = """\
# Columns of the tables

Every table of a run directory is CSV with one head line; units are part of the names. Made from `finevh/report/columns.toml` by
`make docs`; a test holds it against the tables of a run.
"""


@dataclass(frozen=True)
class TableColumns:
    """A table of a run: what it is, and the meaning of each column, in order."""

    name: str
    about: str
    columns: dict[str, str]

    @property
    def file(self) -> str:
        """Path in the run directory."""
        return f"{self.name}.csv" if self.name == "operating_points" else f"tables/{self.name}.csv"


def table_columns() -> dict[str, TableColumns]:
    """Read the meanings that ship, by table."""
    data = tomllib.loads((files("finevh.report") / "columns.toml").read_text(encoding="utf-8"))
    shared = data["shared"]
    return {
        name: TableColumns(
            name,
            table["about"],
            {column: table.get("meaning", {}).get(column) or shared[column] for column in table["columns"]},
        )
        for name, table in data["tables"].items()
    }


def columns_page() -> str:
    """Return the text of the page."""
    parts = [_HEAD]
    for table in table_columns().values():
        parts.append(f"\n## {table.file}\n{table.about}\n")
        if table.columns:
            rows = "".join(f"| `{column}` | {meaning} |\n" for column, meaning in table.columns.items())
            parts.append(f"\n| column | meaning |\n| --- | --- |\n{rows}")
    return "".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(columns_page(), encoding="utf-8")
