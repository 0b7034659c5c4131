from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.flow_file import read_flow, write_flow

FLOW = """\
[design]
name = "d"
top = "d"
files = ["d.v"]

[technology]
path = "lib"

[clock]
port = "clk"
period = "2 ns"

[schemes]
vdd_min = "0.60 V"
vdd_max = "1.00 V"
ideal_step = "25 mV"
delta_vdd = ["200 mV", "100 mV"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d.v").write_text("module d(); endmodule\n")
    (tmp_path / "lib").mkdir()
    return tmp_path


def flow_file(folder: Path, text: str) -> Path:
    path = folder / "flow.toml"
    path.write_text(text)
    return path


def message(folder: Path, text: str, *assignments: str) -> str:
    with pytest.raises(InputError) as caught:
        read_flow(flow_file(folder, text), assignments)
    return str(caught.value).replace(str(folder), "DIR")


def test_quantities_become_internal_units_and_paths_follow_the_flow_file(folder: Path) -> None:
    flow = read_flow(flow_file(folder, FLOW))
    assert flow.clock.period == 2000.0
    assert flow.schemes.delta_vdd == (0.2, 0.1)
    assert flow.design.files == ((folder / "d.v").resolve(),)
    assert flow.floorplan.tiles == 49


def test_resolved_flow_reads_back_to_the_same_model(folder: Path) -> None:
    flow = read_flow(
        flow_file(folder, FLOW), ("floorplan.tiles=9", "activity.programs=['a','b']", 'design.name=say "hi"')
    )
    again = folder / "again.toml"
    again.write_text(write_flow(flow))
    assert read_flow(again) == flow
    assert flow.floorplan.tiles == 9
    assert flow.activity.programs == ("a", "b")


@pytest.mark.parametrize(
    ("change", "assignment", "expected"),
    [
        (("period =", "perod ="), (), "DIR/flow.toml:11: unknown key 'clock.perod'; did you mean 'period'?"),
        (('"2 ns"', '"2 V"'), (), "DIR/flow.toml:11: clock.period: 'V' is not a unit of time; write for example 'ns'"),
        (
            ('"2 ns"', "2"),
            (),
            "DIR/flow.toml:11: clock.period: 2 has no unit: write a time as text, for example '1.5 ns'",
        ),
        (
            ("0.60 V", "1.10 V"),
            (),
            "DIR/flow.toml:13: schemes: vdd_min = 1.100 V must lie below vdd_max = 1.000 V: VddL < VddH",
        ),
        (
            ("25 mV", "30 mV"),
            (),
            "DIR/flow.toml:13: schemes: ideal_step = 0.030 V does not divide the range 0.600 to 1.000 V into whole steps",
        ),
        (
            ("d.v", "e.v"),
            (),
            "DIR/flow.toml:4: design.files: no such file or folder: 'DIR/e.v'; paths are relative to the folder of the flow file",
        ),
        (
            ("", ""),
            ("floorplan.tiles=16", "schemes.selectors=['greedy','exact']"),
            "DIR/flow.toml:13: schemes: the exact selector weighs all 2^16 maps of floorplan.tiles = 16",
        ),
        (
            ("", ""),
            ("floorplan.tiles=8",),
            "--set floorplan.tiles=8: floorplan.tiles: the tiles form a square mesh: 8 is",
        ),
        (
            ("", ""),
            ("floorplan.tyles=9",),
            "--set floorplan.tyles=9: unknown key 'floorplan.tyles'; did you mean 'tiles'?",
        ),
        (("", ""), ("tiles",), "--set 'tiles': write section.key=value, for example floorplan.tiles=9"),
        (("[clock]", "[clock"), (), "DIR/flow.toml: not valid TOML: "),
    ],
)
def test_bad_flow_names_file_line_key_and_mend(
    folder: Path, change: tuple[str, str], assignment: tuple[str, ...], expected: str
) -> None:
    text = FLOW.replace(*change) if change[0] else FLOW
    assert message(folder, text, *assignment).startswith(expected)


def test_missing_flow_file_and_missing_key_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: No such file or directory; give the path of a flow file"):
        read_flow(folder / "nowhere.toml")
    assert "key 'clock.port' is missing; add it" in message(folder, FLOW.replace('port = "clk"\n', ""))


def test_two_sources_of_a_design_are_refused(folder: Path) -> None:
    assert "give exactly one of 'files' (RTL)" in message(folder, FLOW, "design.file_list=cv32e40p")
