"""Called in a folder of somebody else's files: no process imports a module from there, and none is configured there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = """import sys
from finevh import cli, entry

@cli.cli.command("workers")
def workers() -> None:
    import multiprocessing
    process = multiprocessing.get_context("spawn").Process(target=print, args=("a worker",))
    process.start()
    process.join()
    raise SystemExit(process.exitcode)

if __name__ == "__main__":
    entry.main()
"""
MODULES = ("multiprocessing", "pickle", "signal", "random", "json", "numpy", "numba", "finevh", "html", "struct")


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    # As an installed command: a script elsewhere, and none of the flags that workers inherit.
    script = folder.with_name(f"{folder.name}-finevh") / "finevh-script"
    script.parent.mkdir()
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(script), *words]
    environment["PYTHONPATH"] = str(REPOSITORY)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text("open('pwned', 'w').close()\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("verb", ["workers", "flows"])
def test_no_process_imports_from_there(folder: Path, verb: str) -> None:
    done = call(folder, verb)
    assert done.returncode == 0, done.stderr
    assert "a worker" in done.stdout or verb != "workers"
    assert not (folder / "pwned").exists()


def test_settings_of_pictures_there_change_none(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 33\ntext.usetex: True\nlines.linewidth: 9\n", encoding="utf-8")
    code = (
        "import matplotlib, finevh.report.plots; p = matplotlib.rcParams; print(p['lines.linewidth'], p['text.usetex'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=True
    )
    assert done.stdout.split() == ["1.5", "False"]


def test_settings_of_the_compiler_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: elsewhere\n", encoding="utf-8")
    done = call(tmp_path, "flows")
    assert done.returncode == 2
    assert done.stderr.startswith("finevh: .numba_config.yaml: ")
    assert done.stderr.count("finevh: ") == 1
