from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finevh.config import may_pair
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
        flow_file(folder, FLOW),
        ("floorplan.tiles=9", "activity.programs=['a','b']", 'design.defines={ SAY = "say \\"hi\\"" }'),
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
            ("floorplan.tiles=121", "schemes.selectors=['greedy','exact']"),
            "DIR/flow.toml:13: schemes: the exact selector takes at most 100 tiles, floorplan.tiles = 121",
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


@pytest.mark.parametrize(
    ("delta", "grid"),
    [
        ("200 mV", (0.6, 0.8, 1.0)),
        ("150 mV", (0.6, 0.7, 0.85, 1.0)),
        ("350 mV", (0.6, 0.65, 1.0)),
        ("400 mV", (0.6, 1.0)),
        ("130 mV", None),
        ("500 mV", None),
        ("450 mV", None),
    ],
)
def test_a_delta_that_leaves_a_rest_of_the_range_makes_the_lowest_interval_of_it(
    folder: Path, delta: str, grid: tuple[float, ...] | None
) -> None:
    changed = (f"schemes.delta_vdd=['{delta}']",)
    if grid is None:
        with pytest.raises(
            InputError, match=r"does not divide the range .* nor is it some of ideal_step = 0.025 V within it"
        ):
            read_flow(flow_file(folder, FLOW), changed)
        return
    schemes = read_flow(flow_file(folder, FLOW), changed).schemes
    assert schemes.grid(schemes.delta_vdd[0]) == pytest.approx(grid, abs=1e-9)
    assert schemes.pairs == [pytest.approx(pair, abs=1e-9) for pair in itertools.pairwise(grid)]


@pytest.mark.parametrize(
    ("low", "high", "may"),
    [
        (0.6, 0.7, True),
        (0.7, 1.0, False),
        (0.85, 1.0, True),
        (0.7, 0.95, False),
        (0.6, 0.85, True),
        (0.6004, 0.7, True),
    ],
)
def test_a_map_lies_between_two_supplies_of_its_grid_that_are_near_enough(low: float, high: float, may: bool) -> None:
    assert may_pair(low, high, (0.6, 0.7, 0.85, 1.0), 0.25) is may


def test_missing_flow_file_and_missing_key_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: No such file or directory; give the path of a flow file"):
        read_flow(folder / "nowhere.toml")
    assert "key 'clock.port' is missing; add it" in message(folder, FLOW.replace('port = "clk"\n', ""))


def test_two_sources_of_a_design_are_refused(folder: Path) -> None:
    assert "give exactly one of 'files' (RTL)" in message(folder, FLOW, "design.file_list=cv32e40p")


@pytest.mark.parametrize(
    "name", ["../../x", "/abs", "", "a/b", "a b", "..", ".", "-x", "a\nb", "a\x1b[31m", "é", "a" * 200]
)
@pytest.mark.parametrize("key", ["design.name", "design.top", "activity.programs", "floorplan.header_cell"])
def test_names_that_become_files_or_words_of_a_format_are_plain(folder: Path, key: str, name: str) -> None:
    value = json.dumps(name) if key != "activity.programs" else json.dumps([name])
    assert key in message(folder, FLOW, f"{key}={value}")


@pytest.mark.parametrize("port", ["", "clk x", "}\nexec touch pwned\n{", "{", "a;b", 'a"b', "[c}]lk", "a\\b"])
@pytest.mark.parametrize("key", ["clock.port", "clock.false_from", "clock.constants", "activity.reset"])
def test_a_port_cannot_leave_its_braces(folder: Path, key: str, port: str) -> None:
    quoted = json.dumps(port)
    value = {"clock.false_from": f"[{quoted}]", "clock.constants": f"{{ {quoted} = 1 }}"}.get(key, quoted)
    assert key in message(folder, FLOW, f"{key}={value}")


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("schemes.delta_vdd=['1e-9 V']", "finer than the finest step, 1 mV"),
        ("schemes.ideal_step=0.0001 mV", "finer than the finest step, 1 mV"),
        ("floorplan.tiles=100000000", "less than or equal to 10000"),
        ("seed=1e400", "seed"),
        ("floorplan.utilisation=nan", "finite number"),
        ("clock.period=1e400 ns", "is not a time"),
        ("clock.period=1e300 s", "beyond every time"),
        ("clock.period=nan ns", "is not a time"),
        ("clock.period=1_000 ps", "is not a time"),
        ("clock.period=\u0661 ns", "is not a time"),
        (f"clock.period={'9' * 5000} ns", "is not a time"),
        (f"seed={'9' * 5000}", "seed"),
        (f"design.parameters={{ W = {'9' * 5000} }}", "design.parameters"),
        ("clock.output_load=-1 fF", "must not be below zero"),
        ("clock.input_slew=-1 ps", "must not be below zero"),
        ("activity.cycles=100000000000", "activity.cycles"),
        ("openroad.image=--privileged", "openroad.image"),
        ("technology.path=/dev/zero", "no such file or folder"),
    ],
)
def test_values_beyond_their_bounds_are_refused(folder: Path, assignment: str, expected: str) -> None:
    assert expected in message(folder, FLOW, assignment)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full", "/dev"])
def test_a_device_or_folder_is_no_flow_file(path: str) -> None:
    with pytest.raises(InputError, match=path):
        read_flow(Path(path))


@pytest.mark.parametrize(
    "assignment",
    [
        "clock.period=1e-300 ns",
        "clock.period=1e300 ns",
        "floorplan.utilisation=1e-300",
        "activity.reset.cycles=99999999999",
    ],
)
def test_numbers_that_nothing_could_be_made_of_are_refused(folder: Path, assignment: str) -> None:
    (folder / "lib").mkdir(exist_ok=True)
    with pytest.raises(InputError, match=assignment.partition("=")[0].rpartition(".")[2]):
        read_flow(
            flow_file(folder, FLOW), (assignment, *(["activity.reset.port=rst"] if "reset" in assignment else []))
        )


def test_a_refused_value_is_shown_in_short(folder: Path) -> None:
    (folder / "lib").mkdir(exist_ok=True)
    with pytest.raises(InputError) as refused:
        read_flow(flow_file(folder, FLOW), ("floorplan.tiles=" + "9" * 4000,))
    assert len(str(refused.value).replace("9" * 4000, "", 1)) < 400


def test_toml_nested_beyond_use_is_refused(folder: Path) -> None:
    assert "nested too deeply" in message(folder, "x = " + "[" * 100_000)


@settings(max_examples=200, deadline=None)
@given(value=st.floats(1e-3, 1e9), unit=st.sampled_from(["ps", "ns", "us"]), volt=st.floats(0.3, 0.9))
def test_every_quantity_reads_back_equal(value: float, unit: str, volt: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "d.v").write_text("module d(); endmodule\n")
        (folder / "lib").mkdir()
        assignments = (
            f"clock.period={value!r} {unit}",
            f"clock.output_load={value!r} fF",
            f"floorplan.planned_area={value!r} um2",
        )
        flow = read_flow(flow_file(folder, FLOW), (*assignments, f"technology.synthesis_vdd={volt!r} V"))
        (folder / "again.toml").write_text(write_flow(flow))
        assert read_flow(folder / "again.toml") == flow


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@example(text="\x7f\x00\x1b\r\n\"'\\")
def test_every_text_reads_back_equal(text: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "d.v").write_text("module d(); endmodule\n")
        (folder / "lib").mkdir()
        raw = FLOW.replace(
            'top = "d"',
            f'top = "d"\ndefines = {{ A = {json.dumps(text, ensure_ascii=False) if text.isprintable() else json.dumps(text)} }}',
        )
        try:
            flow = read_flow(flow_file(folder, raw))
        except InputError:
            assert not text.isascii()  # a surrogate pair of JSON is none of TOML
            return
        assert flow.design.defines["A"] == text
        (folder / "again.toml").write_text(write_flow(flow))
        assert read_flow(folder / "again.toml") == flow


def test_a_what_if_is_read_in_volts_written_back_and_refused_where_it_is_none(folder: Path) -> None:
    text = FLOW + '[what_if]\nleakage = 10.0\nbias_leaves = 0.1\ninterface = { "0.2 V" = 22.1, "100 mV" = 5.2 }\n'
    flow = read_flow(flow_file(folder, text))
    assert flow.what_if is not None
    assert flow.what_if.interface_by_volt == ((0.1, 5.2), (0.2, 22.1))
    (folder / "again.toml").write_text(write_flow(flow))
    assert read_flow(folder / "again.toml").what_if == flow.what_if
    assert "a difference of supplies is above zero" in message(folder, text.replace("0.2 V", "-0.2 V"))
    assert "what_if" in message(folder, text.replace("22.1", "0.5"))
    assert message(folder, FLOW + "[what_if]\nleakage = 0.0\n").startswith("DIR/flow.toml:")


def test_placement_is_driven_by_wirelength_unless_said_otherwise(folder: Path) -> None:
    assert read_flow(flow_file(folder, FLOW)).placement.driven == "wirelength"
    flow = read_flow(flow_file(folder, FLOW), ("placement.driven=map", "placement.rounds=2"))
    assert (flow.placement.driven, flow.placement.rounds) == ("map", 2)
    assert "placement.driven" in message(folder, FLOW, "placement.driven=power")
    refused = message(folder, FLOW, "placement.driven=map", "engine=openroad")
    told = "placement.driven = 'map' is for the embedded engine's placement, but OpenROAD places: remove it"
    assert refused == f"DIR/flow.toml: {told}"
