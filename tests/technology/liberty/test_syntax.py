from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libparse import LibertyParser

from finevh.errors import InputError
from finevh.technology.liberty import syntax
from finevh.technology.liberty.syntax import Group, parse_liberty, read_liberty_text

TEXT = """/* head
 * of three lines */
library (x) {
  time_unit : "1ns" ;
  define (a, b, c);
  cell ("A") { // first
    area : 1.5
    leakage_power () { when : "A&!B"; value : 1e-3; }
    pin (Z) {
      timing () { cell_rise (t) { index_1 ("1, 2"); values ("1, 2", \\
        "3, 4"); } }
    }
  }
}
"""


def test_groups_attributes_and_lines():
    library = parse_liberty(TEXT, "x.lib")
    cell = library.all("cell")[0]
    assert library.attributes == {"time_unit": "1ns"}
    assert library.complex == [("define", "a, b, c")]
    assert (cell.names, cell.attributes, cell.line) == (("A",), {"area": "1.5"}, 6)
    table = cell.all("pin")[0].all("timing")[0].all("cell_rise")[0]
    assert table.arguments("index_1") == '"1, 2"'
    assert cell.all("leakage_power")[0].attributes == {"when": "A&!B", "value": "1e-3"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT[:160], "x.lib: the file ends inside leakage_power() of line 8: it is cut short or a '}' is missing"),
        (TEXT.replace("define (a", "define [a"), "x.lib:5: Liberty syntax error at 'define [a, b, c);'"),
        ("cell (A) { }\n", "x.lib: holds 0 library groups; one is expected: is it a Liberty file?"),
        ("", "x.lib: holds 0 library groups; one is expected: is it a Liberty file?"),
    ],
)
def test_a_syntax_error_names_file_and_line(text, message):
    with pytest.raises(InputError) as error:
        parse_liberty(text, "x.lib")
    assert str(error.value) == message


def test_a_truncated_gzip_names_the_file(tmp_path):
    path = tmp_path / "cut.lib.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 50)[:200])
    with pytest.raises(InputError, match=r"cut\.lib\.gz: cannot be read \(.*\); fetch or generate the file again"):
        read_liberty_text(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.lib: cannot be read"):
        read_liberty_text(tmp_path / "none.lib")


def same(group: Group, node: object) -> None:
    """The scanner's tree against the tree of Yosys's parser."""
    inner: list[object] = []
    simple: dict[str, str] = {}
    complex_: list[tuple[str, list[str]]] = []
    names = {child.name for child in group.groups}
    for child in node.children:
        if child.value:
            simple[child.id] = child.value.strip()
        elif child.id in names or len(list(child.children)):
            inner.append(child)
        else:
            complex_.append((child.id, list(child.args)))
    # A string over several lines is one line here.
    simple = {k: " ".join(v.replace("\\\n", " ").split()) for k, v in simple.items()}
    assert {k: " ".join(v.split()) for k, v in group.attributes.items() if v} == simple
    assert [name for name, _ in group.complex] == [name for name, _ in complex_]
    assert len(group.groups) == len(inner)
    for mine, theirs in zip(group.groups, inner, strict=True):
        assert mine.name == theirs.id
        same(mine, theirs)


@pytest.mark.parametrize("kit", ["ihp", "nangate"])
def test_the_tree_is_that_of_yosys(kit, request, tmp_path):
    folder: Path = request.getfixturevalue(f"{kit}_folder")
    file = folder / {"ihp": "sg13g2_stdcell_slow_1p08V_125C.lib.gz", "nangate": "nangate45_slow.lib.gz"}[kit]
    text = read_liberty_text(file)
    library = parse_liberty(text, "x")
    plain = tmp_path / "plain.lib"
    plain.write_text(text)
    # The parser closes the descriptor itself.
    with open(os.open(plain, os.O_RDONLY), closefd=False) as stream:
        tree = LibertyParser(stream).ast
    cells = [child for child in tree.children if child.id == "cell"]
    assert len(cells) == len(library.all("cell"))
    for mine, theirs in list(zip(library.all("cell"), cells, strict=True))[::7]:
        same(mine, theirs)


PIECES = st.sampled_from(
    [
        "timing () {", "internal_power ( ) {\n", "pin (A) {", "cell (x) {", "}", "} ;\n", "\n", " ", "\\\n", ";",
        'related_pin : "A";', "area : 1.5;", 'when : "A & !B" ;', "area : 2\n", 'note : "a : b; {c}";', "x : ;",
        'cell_rise (t) { index_1 ("1, 2"); index_2 ("3"); values ("1, 2", \\\n "3"); }',
        'cell_fall (t) { values ("1 2"); }', 'rise_power (scalar) { values ("7"); note : 1; }',
        'cell_rise (t) { index_1 ("1, 2"); index_2 ("3"); values ("1, 2", \\\n "3"); }}', "/* a { */", "// b }\n",
        "define (a, b);", 'values ("1");', '"', "(", ")", "{", "library (y) {",
    ]
)  # fmt: skip


def outcome(text: str) -> object:
    try:
        return parse_liberty(text, "x.lib")
    except InputError as error:
        return str(error)


class Never:
    """A pattern that matches nothing."""

    def match(self, text: str, position: int) -> None:
        return None


def unshared(item: object) -> object:
    """The tree without the lines, which equal tables share."""
    if not isinstance(item, Group):
        return item
    return (item.name, item.args, item.attributes, item.complex, [unshared(group) for group in item.groups])


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=400, deadline=None)
def test_the_quick_patterns_change_nothing(text):
    text = "library (x) {\n" + text
    quick = outcome(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syntax, "_OPEN", Never())
        patch.setattr(syntax, "_TABLE", Never())
        slow = outcome(text)
    assert unshared(quick) == unshared(slow)


def test_equal_tables_are_one_group_and_keep_the_line_of_the_first():
    table = 'cell_rise (t) { index_1 ("1"); index_2 ("1"); values ("1"); }\n'
    library = parse_liberty(f"library (x) {{ cell (a) {{ pin (z) {{\ntiming () {{\n{table}{table}}} }} }} }}", "x")
    first, second = library.all("cell")[0].all("pin")[0].all("timing")[0].groups
    assert first is second
    assert first.line == 3
