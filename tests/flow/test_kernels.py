"""Kernels are compiled once, beside the stages that call none, and each stage waits for those that it calls."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from finevh.base.kernel_types import KernelTable, table_kernels
from finevh.errors import FinevhError, InputError
from finevh.flow import kernels
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow_file import read_flow
from finevh.timing import warm

QUICK = Path(__file__).resolve().parents[2] / "flows" / "quick.toml"
LAYOUT, OTHER = "layout part", "other part"
needs_children = pytest.mark.skipif(sys.platform != "linux", reason="children end with their parent on Linux only")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Sets what is done in place of compiling, which takes a minute; kernels are kept in a folder of the test."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))

    def given(layout: Callable[[], None], other: Callable[[], None]) -> None:
        monkeypatch.setattr(kernels, "_LAYOUT_PARTS", {LAYOUT: layout})
        monkeypatch.setattr(kernels, "_PARTS", {LAYOUT: layout, OTHER: other})

    return given


def until(path: Path) -> None:
    limit = time.monotonic() + 60.0
    while not path.exists():
        assert time.monotonic() < limit, f"{path.name} does not come"
        time.sleep(0.01)


def works(process: str) -> bool:
    """Tell whether a process has not ended; one that nobody has asked for its status yet has."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stages(folder: Path) -> tuple[Stage, ...]:
    """Three stages that leave a file each, by what kernels they call."""

    def stage(calls: str, needs: tuple[str, ...]) -> Stage:
        def work(context: StageContext) -> Metrics:
            (folder / calls).touch()
            return {}

        return Stage(calls, work, needs, lambda flow: None, kernels=calls)  # type: ignore[arg-type]

    return stage("none", ()), stage("layout", ("none",)), stage("all", ("layout",))


@needs_children
def test_stages_run_beside_what_compiles_and_wait_for_what_they_call(
    tmp_path: Path, parts: Callable[..., None]
) -> None:
    def layout() -> None:
        until(tmp_path / "none")
        assert not (tmp_path / "layout").exists()

    def other() -> None:
        until(tmp_path / "layout")
        assert not (tmp_path / "all").exists()
        (tmp_path / "other").touch()

    parts(layout, other)
    run_stages(read_flow(QUICK), stages(tmp_path), tmp_path / "run", kernels=kernels.kernels_beside(2))
    assert (tmp_path / "all").exists()
    assert (tmp_path / "other").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_kernels_are_compiled_once_per_sources_and_processor(
    tmp_path: Path, parts: Callable[..., None], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    def said() -> list[str]:
        lines: list[str] = []
        with kernels.kernels_beside(workers) as found:
            for calls in ("none", "layout", "all", "layout"):
                found.begin(lines.append)
                found.wait(calls, lines.append)
        return lines

    parts(first.touch, second.touch)
    lines = said()
    assert lines[0].startswith("kernels: compiled once")
    assert "ready" in lines[-1]
    assert first.exists()
    assert second.exists()
    first.unlink()
    assert said() == []
    assert not first.exists()
    monkeypatch.setattr(kernels, "_SOURCES", ("units.py",))
    assert said()
    assert first.exists()


def test_a_run_that_is_reused_compiles_nothing_and_says_nothing(tmp_path: Path, parts: Callable[..., None]) -> None:
    line = stages(tmp_path)
    run_stages(read_flow(QUICK), line, tmp_path / "run")

    def fails() -> None:
        raise InputError("nobody asked for this")

    parts(fails, fails)
    run_stages(read_flow(QUICK), line, tmp_path / "run", kernels=kernels.kernels_beside(1))
    with pytest.raises(InputError, match="nobody asked"):
        run_stages(read_flow(QUICK), line, tmp_path / "run", first="layout", kernels=kernels.kernels_beside(1))


@needs_children
@pytest.mark.parametrize("killed", [False, True])
def test_a_child_that_fails_ends_the_run_where_kernels_are_needed(
    tmp_path: Path, parts: Callable[..., None], killed: bool
) -> None:
    def layout() -> None:
        if killed:
            os.kill(os.getpid(), signal.SIGKILL)
        raise InputError("no space left for kernels")

    parts(layout, lambda: time.sleep(60.0))
    begun = time.monotonic()
    with pytest.raises(
        FinevhError, match="compiler of kernels 1: its process was killed" if killed else "no space left"
    ):
        run_stages(read_flow(QUICK), stages(tmp_path), tmp_path / "run", kernels=kernels.kernels_beside(2))
    assert time.monotonic() - begun < 30.0
    assert (tmp_path / "none").exists()
    assert not (tmp_path / "layout").exists()
    # Nothing says that they are compiled: the next run does it.
    parts(lambda: None, lambda: None)
    run_stages(read_flow(QUICK), stages(tmp_path), tmp_path / "run", kernels=kernels.kernels_beside(2))
    assert (tmp_path / "all").exists()


@needs_children
def test_a_run_that_ends_early_ends_what_compiles(tmp_path: Path, parts: Callable[..., None]) -> None:
    process = tmp_path / "process"

    def layout() -> None:
        process.with_suffix(".part").write_text(str(os.getpid()))
        process.with_suffix(".part").rename(process)
        time.sleep(60.0)

    def work(context: StageContext) -> Metrics:
        until(process)
        return {}

    parts(layout, lambda: time.sleep(60.0))
    begun = time.monotonic()
    line = (Stage("first", work, (), lambda flow: None, kernels="none"),)
    run_stages(read_flow(QUICK), line, tmp_path / "run", kernels=kernels.kernels_beside(2))
    while works(process.read_text()) and time.monotonic() < begun + 30.0:
        time.sleep(0.01)
    assert time.monotonic() - begun < 30.0


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_where_nothing_can_be_written_a_run_goes_on(
    tmp_path: Path, parts: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o500)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    parts(lambda: None, lambda: None)
    run_stages(read_flow(QUICK), stages(tmp_path), tmp_path / "run", kernels=kernels.kernels_beside(1))
    assert (tmp_path / "all").exists()


def test_loading_the_stages_compiles_nothing(tmp_path: Path) -> None:
    """What is declared with its signature is compiled where it is loaded: before the child that should do it."""
    code = "import finevh.api, finevh.commands.run, finevh.commands.emulate, finevh.commands.sweep"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.rglob("*.nb?")) == []


@pytest.mark.parametrize("table", [kernels._LAYOUT, kernels._POWER, kernels._SELECTION, warm._STRUCTURE])
def test_kernels_that_are_compiled_beforehand_are_there_and_take_as_many_arguments(table: KernelTable) -> None:
    found = list(table_kernels(table))
    assert len(found) == sum(len(names) for names in table.values())
    for kernel, arguments in found:
        assert len(arguments) == len(inspect.signature(kernel.py_func).parameters), kernel
