"""Pages that name files and names of the package name what exists, and no link leads nowhere."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import finevh

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
ROW = re.compile(r"^\| ([^|`]+) \| (`(?:finevh|oracles)/[^|]+`) \| (`[^|]+`) \|$", re.MULTILINE)
EQUATIONS = [
    (task, re.findall(r"`([^`]+)`", files), re.findall(r"`([^`]+)`", names))
    for task, files, names in ROW.findall((DOCS / "architecture.md").read_text(encoding="utf-8"))
]
"""Tasks with the files that hold them and the names to look for there."""


def test_the_table_of_equations_is_long_enough_to_help() -> None:
    assert len(EQUATIONS) >= 30


@pytest.mark.parametrize(("task", "files", "names"), EQUATIONS, ids=[row[0] for row in EQUATIONS])
def test_each_equation_is_where_the_table_says(task: str, files: list[str], names: list[str]) -> None:
    defined = {}
    for file in files:
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        defined[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)} | {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    everywhere = set().union(*defined.values())
    assert set(names) <= everywhere, f"{task}: not in {', '.join(files)}"
    for file, found in defined.items():
        assert found & set(names), f"{task}: {file} has none of {', '.join(names)}"


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


def test_the_site_has_every_page() -> None:
    listed = re.findall(r": (\w+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in DOCS.glob("*.md"))


def test_the_reference_names_what_there_is() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: (finevh[\w.]+)(?:\n    options:\n      members: \[([\w, ]+)\])?", text, re.MULTILINE)
    assert [module for module, _ in named] == [
        "finevh.api",
        "finevh.selection.voltage_map",
        "finevh.selection.energy",
        "finevh.errors",
    ]
    for module, members in named:
        for name in filter(None, members.split(", ")):
            assert getattr(importlib.import_module(module), name).__doc__, f"{module}.{name}"


def test_the_package_says_all_that_the_reference_shows_as_its_own() -> None:
    assert set(finevh.__all__) - {"__version__"} == {"open_run", "run_flow", "voltage_map"}
