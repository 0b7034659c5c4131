"""Runs on a stand-in for OpenROAD: what a good run gives back, and what each way of failing says."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from finevh.base.tcl import split_list
from finevh.errors import InputError, ToolMissingError
from finevh.openroad.context import FlowContext
from finevh.openroad.log import last_error, read_messages
from finevh.openroad.render import external_inputs, flow_stages
from finevh.openroad.run import FlowResult, OpenRoadError, read_power, run_flow
from finevh.openroad.tool import OpenRoad, check_version, find_openroad
from oracles.openroad.mesh import mesh

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def tool(tmp_path: Path) -> OpenRoad:
    executable = tmp_path / "bin" / "openroad"
    executable.parent.mkdir()
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {STAND_IN} "$@"\n')
    executable.chmod(0o755)
    return find_openroad(environment={"FINEVH_OPENROAD": str(executable), "PATH": os.environ["PATH"]})


@pytest.fixture
def context() -> FlowContext:
    whole = mesh(1, rows=2)
    return replace(whole, operating_points=whole.operating_points[:1])


@pytest.fixture
def directory(tmp_path: Path, context: FlowContext) -> Path:
    run = tmp_path / "run"
    for name in external_inputs(context):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text("input\n")
    return run


def run(context: FlowContext, directory: Path, tool: OpenRoad, **options: object) -> FlowResult:
    return run_flow(context, directory, tool=tool, **options)


def test_a_good_run_gives_files_metrics_and_warnings(context: FlowContext, directory: Path, tool: OpenRoad) -> None:
    lines: list[str] = []
    result = run(context, directory, tool, say=lines.append)
    assert [stage.name for stage in result.stages] == [stage.name for stage in flow_stages(context)]
    assert lines[0].startswith("openroad 26Q3-1551")
    assert any("Stage floorplan" in line for line in lines)
    assert result.metrics["place__timing__setup__ws"] == 0.12
    warning = result.stages[0].messages[0]
    assert (warning.severity, warning.code, warning.count) == ("warning", "STA-0101", 2)
    assert result.file("final.def").read_text().endswith("END DESIGN\n")
    assert read_power(result.file("power_400mhz.json"))["Total"]["total"] == pytest.approx(3.1)  # mW
    assert (directory / "01-floorplan" / "openroad.log").read_text().startswith("[INFO")


def test_a_second_run_reuses_every_stage_and_a_changed_input_runs_from_there(
    context: FlowContext, directory: Path, tool: OpenRoad
) -> None:
    run(context, directory, tool)
    assert all(stage.reused for stage in run(context, directory, tool).stages)
    again = run(replace(context, density=0.7), directory, tool)
    assert {stage.name: stage.reused for stage in again.stages}["pins"]
    assert not {stage.name: stage.reused for stage in again.stages}["placement"]


def test_the_rerun_script_runs_the_stage_again(context: FlowContext, directory: Path, tool: OpenRoad) -> None:
    result = run(context, directory, tool, last="vddmux")
    (directory / "vddmux.def").unlink()
    subprocess.run([str(result.stages[1].folder / "rerun.sh")], check=True, capture_output=True)
    assert (directory / "vddmux.def").exists()


def test_the_assignment_made_at_the_hand_over_reaches_the_polybias_stage(
    context: FlowContext, directory: Path, tool: OpenRoad
) -> None:
    def assign(folder: Path) -> list[tuple[str, str]]:
        assert (folder / "handover.spef").exists()
        return [("u1/reg[3]", "DFF_X1_PB16"), ("u2", "INV_X1_PB4")]

    result = run(context, directory, tool, assign=assign)
    assert result.metrics["polybias__instances_swapped"] == 2
    first = (directory / "polybias.txt").read_text().splitlines()[0]
    assert split_list(first) == [r"u1\/reg\[3\]", "DFF_X1_PB16"]  # as OpenROAD keeps the name


FAULTS = {
    "error:placement": r"(?s)stage 'placement' ended with status 1.*GPL-0305 RePlAce diverged.*"
    r"placement\.tcl:\d+: write_db placement\.odb.*rerun\.sh",
    "killed:routing": "stage 'routing' was killed by SIGKILL; a lack of memory",
    "truncated:power_grid": "power_grid.def: cut short: it does not end with 'END DESIGN'",
    "missing:pins": "stage 'pins' ended well but did not write pins.def",
    "no-metrics:placement": "wrote no metrics",
    "cut-metrics:placement": "are cut short",
    "empty-metrics:parasitics": "did not report timing__setup__ws",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_stage_that_fails_says_what_where_and_how_to_go_on(
    fault: str, context: FlowContext, directory: Path, tool: OpenRoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", fault)
    with pytest.raises(OpenRoadError, match=FAULTS[fault]):
        run(context, directory, tool)
    monkeypatch.delenv("STAND_IN")
    result = run(context, directory, tool)
    names = [stage.name for stage in result.stages]
    struck = names.index(fault.partition(":")[2])
    assert [stage.reused for stage in result.stages[:struck]] == [True] * struck
    assert not result.stages[struck].reused


def test_outputs_of_an_earlier_run_never_pass_for_those_of_a_failed_one(
    context: FlowContext, directory: Path, tool: OpenRoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(context, directory, tool)
    monkeypatch.setenv("STAND_IN", "missing:placement")
    with pytest.raises(OpenRoadError, match=r"did not write placement\.def"):
        run(replace(context, density=0.7), directory, tool)


def test_a_missing_input_is_named(context: FlowContext, directory: Path, tool: OpenRoad) -> None:
    (directory / "netlist.v").unlink()
    with pytest.raises(InputError, match=r"netlist\.v: needed by the OpenROAD scripts"):
        run(context, directory, tool)


def test_an_unknown_stage_is_named(context: FlowContext, directory: Path, tool: OpenRoad) -> None:
    with pytest.raises(InputError, match="no OpenROAD stage 'rooting'"):
        run(context, directory, tool, first="rooting")


@pytest.mark.parametrize("version", ["v2.0-17598-ga008522d8", "24Q1-12-gabcdef0", "27Q1-3-gabcdef0", "1"])
def test_a_version_outside_the_tested_range_is_refused(
    version: str, context: FlowContext, directory: Path, tool: OpenRoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_VERSION", version)
    found = find_openroad(environment={"FINEVH_OPENROAD": tool.command[0], "PATH": os.environ["PATH"]})
    with pytest.raises(ToolMissingError, match="tested range 26Q3"):
        run(context, directory, found)
    run(context, directory, found, allow_untested=True, last="floorplan")


def test_a_version_of_the_tested_range_is_taken() -> None:
    check_version("26Q3-1551-g5c9e487120")
    check_version("5c9e487120593c70f8aad1f894af949a9811a411")  # built without tags


def test_a_missing_tool_is_exit_status_3_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match=r"openroad is not installed.*FINEVH_OPENROAD") as caught:
        find_openroad(environment={"PATH": str(tmp_path)})
    assert caught.value.exit_status == 3
    with pytest.raises(ToolMissingError, match="FINEVH_OPENROAD=/none/openroad: no such executable"):
        find_openroad(environment={"PATH": str(tmp_path), "FINEVH_OPENROAD": "/none/openroad"})
    with pytest.raises(ToolMissingError, match="neither podman nor docker"):
        find_openroad("openroad/orfs", environment={"PATH": str(tmp_path)})


def test_a_container_image_is_run_with_the_run_directory_inside(tmp_path: Path, tool: OpenRoad) -> None:
    podman = tmp_path / "engines" / "podman"
    podman.parent.mkdir()
    podman.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S {STAND_IN} -version\n")
    podman.chmod(0o755)
    found = find_openroad("openroad/orfs", environment={"PATH": str(podman.parent)})
    words = found.words(tmp_path / "run", ["netlist.v", "/pdk/cells.lef"])
    assert words[0].endswith("podman")
    assert "/pdk:/pdk:ro" in words
    assert words[-2:] == ("openroad/orfs", "openroad")


def test_messages_are_data_and_repeats_are_counted() -> None:
    lines = [
        "[WARNING PDN-0189] Supply pin x.",
        "[WARNING PDN-0189] Supply pin x.",
        "Warning: old style",
        "[INFO A-1] no",
    ]
    messages = read_messages(lines)
    assert [(m.code, m.count) for m in messages] == [("PDN-0189", 2), ("", 1)]
    assert last_error(lines) is None
    error = last_error(["[ERROR PPL-0022] Routing tracks not found.", "Error: pins.tcl, 14 PPL-0022"])
    assert error is not None
    assert (error.file, error.line, error.text) == ("pins.tcl", 14, "PPL-0022 Routing tracks not found.")
