"""The schema of the flow file that editors read: current, true to what the reader takes and refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from finevh.base.share import flow_names, shared
from finevh.errors import InputError
from finevh.flow_file import SCHEMA, read_flow, schema_line, schema_text

jsonschema = pytest.importorskip("jsonschema")
FILE = shared("flows", SCHEMA)


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_is_that_of_the_models() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), f"write it anew: python -m finevh.flow_file {FILE}"


@pytest.mark.parametrize("name", flow_names())
def test_each_ready_flow_names_the_schema_and_keeps_to_it(validator: Any, name: str) -> None:
    text = shared("flows", f"{name}.toml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"#:schema {SCHEMA}"
    assert [error.message for error in validator.iter_errors(tomllib.loads(text))] == []


WRONG = [
    ('port = "clk_i"', 'prt = "clk_i"'),
    ('period = "1.8 ns"', "period = 1.8"),
    ('period = "1.8 ns"', 'period = "1.8"'),
    ("tiles = 9", 'tiles = "many"'),
    ("tiles = 9", "tiles = 0"),
    ('delta_vdd = ["200 mV", "100 mV"]', "delta_vdd = [0.2]"),
    ('selectors = ["best", "greedy", "exact"]', 'selectors = ["worst"]'),
    ("constants = { scan_en_i = 0 }", "constants = { scan_en_i = 2 }"),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG, ids=[wrong for _, wrong in WRONG])
def test_schema_and_reader_refuse_the_same(validator: Any, tmp_path: Path, right: str, wrong: str) -> None:
    text = shared("flows", "quick.toml").read_text(encoding="utf-8").replace('"../rtl', f'"{shared("rtl")}')
    (tmp_path / "flow.toml").write_text(text, encoding="utf-8")
    read_flow(tmp_path / "flow.toml")
    assert text.count(right) == 1
    (tmp_path / "flow.toml").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(InputError):
        read_flow(tmp_path / "flow.toml")
    assert any(validator.iter_errors(tomllib.loads(text.replace(right, wrong))))


def test_most_keys_say_what_they_are() -> None:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    keys = [key for model in schema["$defs"].values() for key in model["properties"].values()]
    assert sum("description" in key for key in keys) > 0.5 * len(keys)


def test_a_flow_file_that_is_made_names_the_schema_wherever_it_is() -> None:
    assert schema_line() == f"#:schema {FILE.as_uri()}"
