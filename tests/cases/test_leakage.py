"""Leakage that libraries state supply by supply: every supply counts, whatever conditions the others have."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.commands.leakage import run_leakage
from finevh.technology.columns import expand_leakage
from finevh.technology.liberty import read_liberty
from oracles.plane_library import CELLS, library

STATES = {"!A&!B": 1.0, "!A&B": 2.0, "A&!B": 3.0, "A&B": 4.0}
FOUR = "".join(
    f'leakage_power () {{ related_pg_pin : "VDD"; when : "{when}"; value : {value}; }} '
    for when, value in STATES.items()
)
CASES = {
    "one supply without conditions": (FOUR + 'leakage_power () { related_pg_pin : "VNW"; value : 0.5; }', [1.5, 3.5, 2.5, 4.5]),
    "without conditions first": ('leakage_power () { related_pg_pin : "VNW"; value : 0.5; } ' + FOUR, [1.5, 3.5, 2.5, 4.5]),
    "other conditions": (
        FOUR + 'leakage_power () { related_pg_pin : "VNW"; when : "A"; value : 0.5; } '
        'leakage_power () { related_pg_pin : "VNW"; when : "!A"; value : 0.25; }',
        [1.25, 3.5, 2.25, 4.5],
    ),
    "conditions and a rest": (
        FOUR + 'leakage_power () { related_pg_pin : "VNW"; when : "A & B"; value : 0.5; } '
        'leakage_power () { related_pg_pin : "VNW"; value : 0.25; }',
        [1.25, 3.25, 2.25, 4.5],
    ),
    "same conditions": (FOUR + FOUR.replace("VDD", "VSS"), [2.0, 6.0, 4.0, 8.0]),
    "none with conditions": (
        'leakage_power () { related_pg_pin : "VDD"; value : 2; } leakage_power () { related_pg_pin : "VSS"; value : 1; }',
        [3.0, 3.0, 3.0, 3.0],
    ),
    "a total beside conditions": ("cell_leakage_power : 9; " + FOUR, [1.0, 3.0, 2.0, 4.0]),
}  # fmt: skip


def nand(text: str) -> str:
    return CELLS["NAND2"].replace("area : 2;", f"area : 2; {text}")


@pytest.mark.parametrize("name", CASES)
def test_leakage_of_the_supplies_adds_up(tmp_path: Path, name: str) -> None:
    text, expected = CASES[name]
    path = tmp_path / "cells.lib"
    path.write_text(library(NAND2=nand(text)))
    cell = read_liberty(path).cells["NAND2"]
    assert (expand_leakage(cell, ("A", "B")) * 1e6).tolist() == pytest.approx(expected)


def test_the_command_takes_the_sum(tmp_path: Path) -> None:
    silent = {name: text.replace("area : ", "cell_leakage_power : 0; area : ") for name, text in CELLS.items()}
    text = library(**{**silent, "NAND2": nand(CASES["one supply without conditions"][0])})
    (tmp_path / "cells.lib").write_text(text)
    (tmp_path / "technology.toml").write_text('name = "planes"\n[views]\nliberty = ["cells.lib"]\n')
    (tmp_path / "map.csv").write_text("instance,vdd\n*,1.0\n")
    (tmp_path / "top.v").write_text(
        "module top (a, b, y); input a, b; output y; NAND2 u (.A(a), .B(b), .Y(y)); endmodule"
    )
    found = run_leakage(tmp_path / "top.v", "top", tmp_path, tmp_path / "map.csv")
    # The mean over four equally likely states.
    assert found["leakage_mw"] == pytest.approx(3.0e-6)
