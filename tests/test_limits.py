"""Rules of the house that a reader of any file relies on."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from radon.complexity import cc_visit

from tests.conftest import REPOSITORY

LINES, PARAMETERS, IGNORES = 80, 8, 10
COMPLEXITY = 30
"""Ways through a function that radon counts; above it are its grades E and F."""
PACKAGE = REPOSITORY / "finevh"
FOLDERS = ("finevh", "tests", "benchmarks", "oracles")


def functions() -> Iterator[tuple[Path, list[str], ast.FunctionDef]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                yield path, text.split("\n"), node


def test_a_function_beyond_the_limits_says_why_in_the_line_above_it() -> None:
    silent = []
    for path, lines, node in functions():
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length <= LINES and len([name for name in names if name not in ("self", "cls")]) <= PARAMETERS:
            continue
        first = min([decorator.lineno for decorator in node.decorator_list] + [node.lineno])
        if not lines[first - 2].strip().startswith("# "):
            silent.append(
                f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}: {length} lines, {len(names)} parameters"
            )
    assert not silent


def test_types_are_hardly_ever_ignored() -> None:
    found = [
        path
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.rpartition("  # ")[2].startswith("type: ignore")
    ]
    assert len(found) <= IGNORES


def test_radon_finds_no_function_too_complex_to_follow() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{block.lineno} {block.name}: {block.complexity}"
        for folder in FOLDERS
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
        for block in cc_visit(path.read_text(encoding="utf-8"))
        if block.complexity > COMPLEXITY
    ]
    assert not found


SAME_NAME = {
    "model.py": "the columns that a package is about",
    "report.py": "the stage and the command of the report, and the report of one timing run",
    "run.py": "runs what its package has planned",
    "signoff.py": "the sign-off, its stage and its command",
    "write.py": "text of the format that its package reads",
}
"""File names that stand more than twice, and what they mean everywhere."""


def test_no_file_name_stands_for_three_different_things() -> None:
    count = Counter(path.name for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert {name for name, n in count.items() if n > 2} == set(SAME_NAME)


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


# A module found by its bare name is one of a folder that was put into the path.
HIDDEN = {path.stem for folder in ("benchmarks", "oracles") for path in (REPOSITORY / folder).glob("*.py")} - {
    "__init__"
}


@pytest.mark.parametrize(
    ("folder", "others"),
    [
        ("finevh", {"tests", "benchmarks", "oracles"}),
        ("oracles", {"tests", "benchmarks"}),
        ("benchmarks", {"tests"}),
        ("tests", {"benchmarks"}),
    ],
)
def test_what_tests_and_benchmarks_share_stands_in_oracles(folder: str, others: set[str]) -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
        for name in sorted(imported(path) & (others | HIDDEN))
        if path.name != "test_benchmarks.py"
    ]
    assert not found


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("finevh", exclude_type_checking_imports=True, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # What needs nothing that is left is no part of a circle.
    while free := [module for module, others in needs.items() if not others & needs.keys()]:
        for module in free:
            del needs[module]
    assert not needs
