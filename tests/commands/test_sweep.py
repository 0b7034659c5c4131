"""What a sweep refuses before it runs anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.cli import run_command

FLOWS = Path(__file__).resolve().parents[2] / "flows"


@pytest.mark.parametrize(
    ("flow", "options", "message"),
    [
        ("quick", ("--program", "sort"), "--program sort: the flow runs no programs, its activity is random data"),
        ("ri5cy", ("--program", "sorting"), "activity.programs: no program 'sorting' beside "),
        ("quick", ("--delta-vdd", "130mV"), "delta_vdd = 0.130 V does not divide the range"),
        ("quick", ("--delta-vdd", "200"), "--delta-vdd 200: a bare number is in volts; write 200mV"),
        ("quick", ("--set", "clock.port=clock"), "clock.port: no source of quick has a 'clock'"),
    ],
)
def test_a_sweep_refuses_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flow: str, options: tuple[str, ...], message: str
) -> None:
    given = ["sweep", str(FLOWS / f"{flow}.toml"), "--tiles", "9", "--delta-vdd", "200mV", "-o", str(tmp_path / "out")]
    assert run_command([*given, *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
