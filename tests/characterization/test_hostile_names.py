"""Whatever stands in a technology file, ngspice simulates and does nothing else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finevh.base.quoting import plain_name, spice_parameters, spice_path
from finevh.characterization.bench.ngspice import simulate
from finevh.characterization.process import load_process
from finevh.characterization.publish.files import publish
from finevh.cli import run_command
from finevh.errors import InputError
from tests.characterization.conftest import REPOSITORY, TECHNOLOGY, needs_ngspice

COMMANDS = "\\n.control\\nshell touch pwned\\n.endc\\n"
CELLS = (REPOSITORY / "libs" / "cells" / "standard.toml").read_text(encoding="utf-8")
TEXT = TECHNOLOGY.read_text(encoding="utf-8").replace('"../cells/standard.toml"', '"cells.toml"')


def attempt(folder: Path, technology: str, cells: str = CELLS) -> int:
    (folder / "technology.toml").write_text(technology, encoding="utf-8")
    (folder / "cells.toml").write_text(cells, encoding="utf-8")
    arguments = ["--cell", "INV", "--variant", "PB0", "--vdd", "0.9", "-j", "1", "-o", str(folder / "out")]
    return run_command(["characterize", str(folder / "technology.toml"), *arguments])


@needs_ngspice
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "finevh45"', f'name = "finevh45{COMMANDS}"'),
        ('name = "PB0"', f'name = "PB0{COMMANDS}"'),
        ('name = "PB0"', 'name = "../../PB0"'),
        ('n = "NMOS_VTG"', f'n = "NMOS_VTG{COMMANDS}"'),
        ("rgatemod=0 rbodymod=0", f"rgatemod=0{COMMANDS}"),
        ("rgatemod=0 rbodymod=0", "rgatemod={shell}"),
        ('corner = "ss"', f'corner = "ss"\nsection = "ss{COMMANDS}"'),
        ('corner = "ss"', f'corner = "ss"\npreamble = ["{COMMANDS}"]'),
        ('corner = "ss"', 'corner = "ss"\npreamble = ["*# shell touch pwned"]'),
        ('corner = "ss"', f'corner = "ss"\npreamble = [".param a=1{COMMANDS}"]'),
        ("temperature_c = 125.0", "temperature_c = nan"),
        ("length_um = 0.05 ", f'length_um = "0.05{COMMANDS}" '),
        ("width_n_um = 0.415", "width_n_um = -1"),
        ("slew = [0.15, 0.32", "slew = [0.15, 0.10"),
        ("side_load = [0, 2, 4, 5]", "side_load = [0, 2, 4, 6]"),
    ],
)
def test_a_technology_file_runs_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert old in TEXT
    assert attempt(tmp_path, TEXT.replace(old, new, 1)) == 2
    assert str(tmp_path / "technology.toml") in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["cells.toml", "technology.toml"]


@needs_ngspice
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[cells.INV]", f'[cells."INV{COMMANDS}"]'),
        ("[cells.INV]", '[cells."../INV"]'),
        ('inputs = ["A"]', f'inputs = ["A{COMMANDS}"]'),
        ("outputs = { ZN =", f'outputs = {{ "ZN{COMMANDS}" ='),
    ],
)
def test_a_cell_table_runs_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert old in CELLS
    assert attempt(tmp_path, TEXT, CELLS.replace(old, new, 1)) == 2
    assert str(tmp_path / "cells.toml") in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["cells.toml", "technology.toml"]


@pytest.mark.parametrize(
    "line", [".control", "  .CONTROL", "*# shell touch pwned", ".exec x", ".model p d_process (process_file='x')"]
)
@pytest.mark.parametrize("nested", [".include 'inner file.spi'", '.lib "inner file.spi" ss', ".INC inner.spi"])
def test_device_models_with_commands_are_refused(tmp_path: Path, line: str, nested: str) -> None:
    for name in ("inner file.spi", "inner.spi"):
        (tmp_path / name).write_text(f"* models\n{line}\n")
    models = "".join(f".model {name} nmos\n" for name in ("NMOS_VTG", "PMOS_VTG", "NMOS_VTL"))
    (tmp_path / "outer.spi").write_text(f"{models}{nested}\n")
    text = TEXT.replace('package = "c4m-pdk-freepdk45"\n', "").replace(
        '"c4m/pdk/freepdk45/freepdk45_ss.spi"', '"outer.spi"'
    )
    (tmp_path / "technology.toml").write_text(text)
    with pytest.raises(InputError, match=r"inner.*\.spi:2: .* would run commands of ngspice"):
        load_process(tmp_path / "technology.toml")


@needs_ngspice
@settings(max_examples=40, deadline=None)
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@example(name="a b'c$(touch pwned)")
@example(name='a"b')
@example(name="a;b")
@example(name="a\nb")
@example(name="a\x85b")
@example(name="*?[x]{y}")
def test_models_may_lie_anywhere_or_are_refused(name: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        try:
            (Path(base) / f"x{name}").mkdir()
        except OSError:
            return  # longer than the file system takes
        path = Path(base) / f"x{name}" / "m.spi"
        path.write_text("r1 a 0 1k\n")
        with contextlib.suppress(InputError):
            include = f".include {spice_path(path)}"
            deck = f"* t\n{include}\nv1 a 0 1\n.control\nset filetype=binary\nop\nwrite out.raw\nquit\n.endc\n.end\n"
            (plot,) = simulate(deck, 1, Path(base) / "failed")
            assert plot["i(v1)"][0] == pytest.approx(-1e-3)
        assert "pwned" not in os.listdir()


@needs_ngspice
@settings(max_examples=30, deadline=None)
@given(text=st.text(st.sampled_from("ab0_$.+- =\n*#;'\""), max_size=12))
@example(text="w=1u l=2")
@example(text="w=1\n.control")
def test_what_passes_as_a_name_or_a_parameter_is_only_that(text: str) -> None:
    passed = []
    with contextlib.suppress(InputError):
        passed.append(f"* {plain_name(text, 'x')}")
    with contextlib.suppress(InputError):
        passed.append(f".param z=1 {spice_parameters(text, 'x')}")
    for line in passed:
        assert "\n" not in line
        deck = f"{line}\n{line}\nr1 a 0 1k\nv1 a 0 1\n.control\nset filetype=binary\nop\nwrite out.raw\nquit\n.endc\n.end\n"
        with tempfile.TemporaryDirectory() as base:
            (plot,) = simulate(deck if line[0] == "*" else f"* t\n{deck}", 1, Path(base))
            assert plot["i(v1)"][0] == pytest.approx(-1e-3)


def test_views_are_published_inside_their_folder_only(tmp_path: Path) -> None:
    text = TEXT.replace('cross_voltage = "cross_voltage.npz"', 'cross_voltage = "../outside.npz"')
    (tmp_path / "technology.toml").write_text(text)
    with pytest.raises(InputError, match=r"outside\.npz.*outside of"):
        publish(tmp_path / "technology.toml", tmp_path / "records", tmp_path / "out")
    assert os.listdir(tmp_path) == ["technology.toml"]


def test_records_are_written_through_no_link_of_a_technology_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "technology").mkdir()
    (tmp_path / "technology" / "records").symlink_to(tmp_path / "precious")
    (tmp_path / "technology" / "technology.toml").write_text(TEXT, encoding="utf-8")
    assert run_command(["characterize", str(tmp_path / "technology"), "--cell", "INV", "--vdd", "0.9"]) == 2
    assert "a link, which may lead anywhere" in capsys.readouterr().err
    assert os.listdir(tmp_path / "precious") == []
