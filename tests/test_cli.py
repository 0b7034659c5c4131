from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finevh.base.share import flow_names
from finevh.cli import run_command

FLOWS = Path(__file__).resolve().parents[1] / "flows"
SCHEMES_LINE = 1 + (FLOWS / "quick.toml").read_text(encoding="utf-8").splitlines().index("[schemes]")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run_command(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_every_verb_of_the_contract_has_a_help_page(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = answer(capsys, "--help")
    made = ("run", "emulate", "sweep", "characterize", "sta", "leakage", "bias", "tcl", "report", "doctor", "platform")
    for verb in (*made, "flows", "init", "import", "signoff", "metrics", "cache"):
        assert f"\n  {verb} " in text
        status, page, _ = answer(capsys, verb, "--help")
        assert status == 0
        assert page.startswith(f"Usage: finevh {verb}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("run", "nowhere.toml"),
            "finevh: nowhere.toml: No such file or directory; give the path of a flow file, or a ready flow by name: "
            f"{', '.join(flow_names())}\n",
        ),
        (
            ("run", str(FLOWS / "quick.toml"), "--set", "floorplan.tyles=9"),
            "finevh: --set floorplan.tyles=9: unknown key 'floorplan.tyles'; did you mean 'tiles'?\n",
        ),
        (
            ("run", str(FLOWS / "quick.toml"), "--set", "clock.period=2 V"),
            "finevh: --set clock.period=2 V: clock.period: 'V' is not a unit of time; write for example 'ns'\n",
        ),
        (
            ("run", str(FLOWS / "quick.toml"), "--set", "schemes.vdd_min=1.00 V"),
            f"finevh: {FLOWS / 'quick.toml'}:{SCHEMES_LINE}: schemes: vdd_min = 1.000 V must lie below vdd_max = 1.000 V: "
            "VddL < VddH in every interval\n",
        ),
        (
            ("run", str(FLOWS / "quick.toml"), "--from", "sinthesis"),
            "finevh: unknown stage 'sinthesis'; did you mean 'synthesis'?\n",
        ),
        (
            ("emulate", "nowhere", "--freq", "1GHz"),
            "finevh: nowhere: no run here (no flow.toml); make one with 'finevh run FLOW.toml -o nowhere'\n",
        ),
        (
            ("report", "nowhere"),
            "finevh: nowhere/operating_points.csv: no operating points; run 'finevh run' on the flow first\n",
        ),
        (
            ("sweep", str(FLOWS / "quick.toml"), "--tiles", "1,x", "--delta-vdd", "0.1"),
            "finevh: --tiles x: is not a whole number; write for example 1,9,25\n",
        ),
    ],
)
def test_wrong_input_is_status_2_with_the_mend_and_no_traceback(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert answer(capsys, *arguments) == (2, "", message)


_HEAVY = "'numba', 'scipy', 'pandas', 'matplotlib', 'plotly', 'grimp', 'jinja2', 'rich'"


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "emulate --help",
        "run nowhere.toml",
        "run quick --set floorplan.tyles=9",
        "run quick --from nowhere",
        "run quick --to nowhere",
        "run quick --allow nothing",
        "emulate nowhere --freq 1GHz",
        "sweep nowhere.toml --tiles 1 --delta-vdd 0.1",
        "sweep quick --tiles 1,x --delta-vdd 0.1",
        "sta --netlist {here} --top top",
        "sta --netlist {here} --top top --liberty {here} --allow nothing",
        "bias --netlist {here} --top top --technology finevh45 --vdd 1GHz",
        "tcl quick -o out --tiles 8",
        "characterize nowhere",
        "sta --netlist nowhere.v --top top --liberty nowhere.lib",
        "leakage --netlist nowhere.v --top top --technology finevh45 --voltages nowhere.csv",
        "bias --netlist nowhere.v --top top --technology finevh45",
        "tcl nowhere.toml -o out",
        "report nowhere",
        "report nowhere nowhere2",
        "signoff nowhere",
        "metrics nowhere",
        "metrics --compare nowhere nowhere2",
        "init new --rtl nowhere.v",
        "import nowhere",
        "platform add nowhere",
        "flows",
    ],
)
def test_help_and_what_is_not_there_are_answered_before_anything_heavy_is_loaded(line: str, tmp_path: Path) -> None:
    words = line.format(here=__file__).split()
    code = f"import sys, finevh.cli as c; c.run_command({words}); print('loaded', *{{{_HEAVY}}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1].split() == ["loaded"]


def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = answer(capsys, "run")
    assert status == 2
    assert "Missing argument 'FLOW.toml'" in err
    status, _, err = answer(capsys, "rnu")
    assert status == 2
    assert "No such command 'rnu'" in err


def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = answer(capsys, "run", "nowhere.toml", "--debug")
    assert status == 2
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith(
        "give the path of a flow file, or a ready flow by name: loc1_pe, quick, quick_sky130, ri5cy, ri5cy_ihp, "
        "ri5cy_low_vth, ri5cy_published, ri5cy_thesis\n"
    )


def test_doctor_lists_tools_with_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys, "doctor", "--json")
    assert status == 0
    found = json.loads(out)
    assert {tool["name"] for tool in found["tools"]} >= {"ngspice", "sta", "openroad"}
    assert found["packages"]["numpy"]
    status, out, _ = answer(capsys, "doctor")
    assert status == 0
    assert "ngspice: " in out


def test_doctor_looks_where_the_commands_look(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own-ngspice"
    own.write_text("#!/bin/sh\necho ngspice-99\n")
    own.chmod(0o755)
    monkeypatch.setenv("NGSPICE", str(own))
    _, out, _ = answer(capsys, "doctor", "--json")
    assert {tool["name"]: tool["path"] for tool in json.loads(out)["tools"]}["ngspice"] == str(own)
    monkeypatch.setenv("NGSPICE", str(tmp_path / "none"))
    _, out, _ = answer(capsys, "doctor", "--json")
    assert {tool["name"]: tool["path"] for tool in json.loads(out)["tools"]}["ngspice"] is None


def test_the_installed_command_returns_the_status_to_the_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from finevh.cli import main; main()", "run", "x.toml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("finevh: x.toml: No such file")
    assert "Traceback" not in done.stderr


def test_missing_openroad_is_status_3_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FINEVH_OPENROAD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = answer(
        capsys, "run", str(FLOWS / "quick.toml"), "--engine", "openroad", "-o", str(tmp_path / "run")
    )
    assert status == 3
    assert "OpenROAD" in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
