"""`finevh characterize` on bad input: exit status, and one message that names what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.cli import run_command
from tests.characterization.conftest import REPOSITORY, TECHNOLOGY, needs_ngspice

CELLS = REPOSITORY / "libs" / "cells" / "standard.toml"


def answer(capsys: pytest.CaptureFixture[str], technology: Path, *arguments: str) -> tuple[int, str]:
    """Run the command on one cell at one corner; a run that starts by mistake would be short."""
    records = technology.parent / "records"
    status = run_command(
        ["characterize", str(technology), "--cell", "NAND2", "--variant", "PB0", "-o", str(records), *arguments]
    )
    return status, capsys.readouterr().err


def technology(folder: Path, old: str, new: str) -> Path:
    """Copy of the shipped technology with one text replaced, reading the shipped cells."""
    text = TECHNOLOGY.read_text(encoding="utf-8")
    assert old in text
    path = folder / "technology.toml"
    text = text.replace(old, new).replace('"../cells/standard.toml"', f'"{CELLS}"')
    path.write_text(text, encoding="utf-8")
    return path


def test_an_unknown_device_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = technology(tmp_path, 'n = "NMOS_VTG"', 'n = "NMOS_XYZ"')
    assert answer(capsys, path, "--vdd", "0.8") == (
        2,
        f"finevh: {path}: [devices.VTG] names model 'NMOS_XYZ', which freepdk45_ss.spi does not define\n",
    )


def test_broken_toml_is_named_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = technology(tmp_path, "[voltages]", "[voltages")
    line = 1 + path.read_text(encoding="utf-8").splitlines().index("[voltages")
    status, text = answer(capsys, path, "--vdd", "0.8")
    assert status == 2
    assert text.startswith(f"finevh: {path}: not valid TOML: ")
    assert f"(at line {line}, column 10)" in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("vdd", ["0.3", "1.5"])
def test_a_voltage_outside_the_models_sense_is_refused(vdd: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, TECHNOLOGY, "--vdd", vdd) == (
        2,
        f"finevh: {TECHNOLOGY}: Vdd {vdd} V is outside 0.45 to 1.2 V, where the device models describe working logic "
        "([voltages] sense); choose a voltage inside\n",
    )


def test_a_missing_simulator_is_a_missing_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NGSPICE", "no-such-simulator")
    assert answer(capsys, TECHNOLOGY, "--vdd", "0.8") == (
        3,
        "finevh: NGSPICE=no-such-simulator: no such executable; needed for characterising cells (finevh characterize): "
        "apt-get install ngspice or set NGSPICE to its path\n",
    )


@needs_ngspice
def test_a_function_that_the_netlist_contradicts_is_named_with_its_pattern(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = technology(tmp_path, '"../cells/standard.toml"', '"cells.toml"')
    wrong = CELLS.read_text(encoding="utf-8").replace('ZN = "!(A1 & A2)"', 'ZN = "!(A1 | A2)"', 1)
    (tmp_path / "cells.toml").write_text(wrong, encoding="utf-8")
    status, text = answer(capsys, path, "--vdd", "0.8")
    assert status == 2
    assert text.splitlines()[-1] == (
        f"finevh: {tmp_path / 'cells.toml'}: [cells.NAND2]: ZN is 0.800 V at A1=0, A2=1 (Vdd 0.8 V), but its function "
        "'!(A1 | A2)' says 0; correct the function or the netlist"
    )


@needs_ngspice
def test_a_shipped_library_is_not_written_over_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = technology(tmp_path, "[grid]", "[grid]")
    (tmp_path / "liberty").mkdir()
    kept = [tmp_path / "liberty" / "finevh45_0v80.lib.gz", tmp_path / "tech.lef"]
    for file in kept:
        file.write_bytes(b"mine")
    assert run_command(["characterize", str(path), "-j", "2"]) == 2
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "37 cells, 7 variants, 9 supplies: 2331 cell-corners, 0 finished"
    assert lines[1].endswith(f" minutes with -j 2; folder {tmp_path}")
    # What the docs say it took: 75 minutes of two cores.
    least, most = (int(word) for word in lines[1].split() if word.isdigit() and int(word) != 2)
    assert least <= 76
    assert most >= 75
    assert lines[2] == "2 library files there will be written over"
    assert err == (
        f"finevh: {tmp_path} holds 2 library files, which would be written over; say so with --yes, or give another folder "
        "with -o\n"
    )
    assert [file.read_bytes() for file in kept] == [b"mine", b"mine"]
    assert not (tmp_path / "records").exists()


@needs_ngspice
def test_a_part_of_a_technology_writes_records_and_asks_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = technology(tmp_path, "[grid]", "[grid]")
    (tmp_path / "tech.lef").write_bytes(b"mine")
    assert run_command(["characterize", str(path), "--cell", "TIE?", "--vdd", "800mV", "--variant", "PB0"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 cells, 1 variants, 1 supplies: 2 cell-corners, 0 finished\nabout 1 to 1 minutes with -j ")
    assert "2 cell-corners simulated, 0 found finished, 0 failed" in out
    assert (tmp_path / "tech.lef").read_bytes() == b"mine"


def test_cells_left_out_are_not_planned_and_an_unknown_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = technology(tmp_path, 'name = "finevh45"', 'name = "finevh45"\nleave_out = ["NAND2", "NAND9"]')
    assert answer(capsys, path, "--vdd", "0.8") == (
        2,
        f"finevh: {path}: leave_out names NAND9, which no cell table describes\n",
    )
    path = technology(tmp_path, 'name = "finevh45"', 'name = "finevh45"\nleave_out = ["NAND2"]')
    status, text = answer(capsys, path, "--vdd", "0.8")
    assert status == 2
    assert "no cell matches NAND2; it has INV, BUF, CLKBUF, NAND3" in text
