"""Pages that name files and names of the package name what exists, and no link leads nowhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
ROW = re.compile(r"^\| (?P<task>[^|]+) \| `(?P<file>finevh/[\w/]+\.py)` \| `(?P<name>\w+)` \|$", re.MULTILINE)
EQUATIONS = [match.groups() for match in ROW.finditer((DOCS / "architecture.md").read_text(encoding="utf-8"))]


def test_the_table_of_equations_is_long_enough_to_help() -> None:
    assert len(EQUATIONS) >= 30


@pytest.mark.parametrize(("task", "file", "name"), EQUATIONS, ids=[row[0] for row in EQUATIONS])
def test_each_equation_is_where_the_table_says(task: str, file: str, name: str) -> None:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert name in defined, f"{task}: {file} has no '{name}'"


def test_each_file_that_the_architecture_names_exists() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for file in re.findall(r"`(finevh/[\w/]+\.py)`", text):
        assert (REPOSITORY / file).is_file(), file


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_index_lists_every_page() -> None:
    listed = set(re.findall(r"\((\w+\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= listed
