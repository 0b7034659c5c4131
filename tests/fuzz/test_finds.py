"""What a million mutated files found, one small file for each kind: refused with a message, or read, by the reader itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fuzz.cli_cases import cli_readers
from tests.fuzz.harness import Finds, attempt
from tests.fuzz.readers import readers

LONG = "9" * 5000
LIBRARY = """library (tiny) {{
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; capacitive_load_unit (1, ff);
  nom_voltage : 1.0; nom_temperature : 25.0; delay_model : table_lookup;
  {groups}
}}
"""
FLOW = '[design]\nname = "d"\ntop = "d"\nfiles = ["d.v"]\n[technology]\npath = "{path}"\n'
SPEF = (
    '*SPEF "IEEE 1481-1998"\n*DESIGN "top"\n*DATE "d"\n*VENDOR "v"\n*PROGRAM "p"\n*VERSION "1"\n*DESIGN_FLOW "f"\n'
    "*DIVIDER /\n*DELIMITER :\n*BUS_DELIMITER [ ]\n*T_UNIT 1 PS\n*C_UNIT 1 FF\n*R_UNIT 1 OHM\n*L_UNIT 1 HENRY\n"
    f"*NAME_MAP\n*{LONG} n\n*1 a\n*D_NET *1 1.0\n*END\n"
)
MANY = 100_000
FINDS = [
    # Time that grew with the square of the length.
    ("top.v", "`ifdef a\n" * MANY),
    ("top.v", "`define a x\n" + "wire `a ;\n" * MANY),
    ("top.def", f"VERSION 5.8 ;\nDESIGN top ;\nDIEAREA {'( 0 0 ) ' * MANY};\nEND DESIGN\n"),
    ("flow.toml", f"a{'.a' * MANY} = 1\n"),
    ("technology.toml", f"[{'a . ' * MANY}b]\n"),
    ("cells.toml", "x = { " + '"a".' * MANY + "b = 1 }\n"),
    ("checks.json", "-1e400"),
    ("checks.json", "[1]"),
    ("special.lib", LIBRARY.format(groups="cell (X) { area : 1; pin () { direction : input; } }")),
    ("special.lib", LIBRARY.format(groups='cell (X) { pin () { direction : output; function : "1"; } }')),
    ("cells.lib", LIBRARY.format(groups="cell () { area : 1; }")),
    (
        "cells.lib",
        LIBRARY.format(groups='bus_naming_style : "%s[%d]"; type () { bit_width : 2; } cell (X) { area : 1; }'),
    ),
    ("cells.lib", LIBRARY.format(groups=f"type (t) {{ bit_width : {LONG}; }} cell (X) {{ area : 1; }}")),
    (
        "cells.lib",
        LIBRARY.format(
            groups="type (t) { bit_width : 900000000; } cell (X) { area : 1; bus (a) { bus_type : t; direction : input; } }"
        ),
    ),
    ("cells.lib", LIBRARY.format(groups=f"cell (X) {{ area : 1; pin (a[{LONG}:0]) {{ direction : input; }} }}")),
    ("top.spef", SPEF),
    ("flow.toml", "99999999 = -1\n" + FLOW.format(path="finevh45")),
    ("flow.toml", FLOW.format(path="[" * 3000)),
    ("technology.toml", f"{LONG} = 1\n[{LONG}]\n"),
    ("top.v", f"module top (input a, output z);\n  assign z = {LONG}'b0;\nendmodule\n"),
    ("top.v", f"module top (input a, output z);\n  assign z = a[{LONG}];\nendmodule\n"),
]


@pytest.mark.parametrize(("name", "text"), FINDS, ids=[f"{k}-{name}" for k, (name, _) in enumerate(FINDS)])
def test_a_file_that_once_ended_in_a_foreign_exception_is_read_or_refused(name: str, text: str, tmp_path: Path) -> None:
    finds = Finds()
    attempt(readers()[name], text.encode(), tmp_path, finds)
    assert not finds.places, finds.traces
    assert finds.counts["taken"] + finds.counts["refused"] == 1


def test_a_table_of_odd_rows_or_without_its_numbers_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, finds = cli_readers()["points.csv"], Finds()
    monkeypatch.chdir(tmp_path)
    whole = reader.seeds[0].decode().splitlines()
    column = whole[0].split(",").index("freq_mhz")
    cells = whole[2].split(",")
    rows = [[*cells[:column], value, *cells[column + 1 :]] for value in ("", "1e400", "x")] + [[*cells, "0"]]
    damaged = ["\n".join([*whole[:2], ",".join(row), *whole[3:]]) for row in rows]
    for text in (*damaged, "", "\n", whole[0]):
        attempt(reader, f"{text}\n".encode(), tmp_path, finds)
    assert not finds.places, finds.traces
    assert finds.counts["refused"] == 7


def test_every_test_that_the_table_of_kinds_names_is_there() -> None:
    text = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for file, test in named:
        content = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
        assert f"def {test}" in content, (file, test)
