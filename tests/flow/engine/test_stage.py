from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from finevh.base.archive import load_columns, save_columns
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.fingerprint import tree_digest
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import Stage, StageContext, locked


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    (tmp_path / "d.v").write_text("module d(); endmodule\n")
    (tmp_path / "lib").mkdir()
    return Flow.model_validate(
        {
            "design": {"name": "d", "files": [str(tmp_path / "d.v")]},
            "technology": {"path": str(tmp_path / "lib")},
            "clock": {"port": "clk", "period": "1 ns"},
            "schemes": {"vdd_min": "0.6 V", "vdd_max": "1.0 V", "ideal_step": "0.1 V", "delta_vdd": ["0.2 V"]},
        }
    )


def chain(calls: list[str]) -> list[Stage]:
    """Three stages: read the design, shorten its text, publish a table."""

    def read(context: StageContext) -> dict[str, float]:
        calls.append("read")
        text = context.flow.design.files[0].read_text()
        context.write("text", text)
        return {"read__characters__count": len(text)}

    def shorten(context: StageContext) -> dict[str, float]:
        calls.append("shorten")
        context.write("short", (context.inputs["read"] / "text").read_text().split("//")[0].strip())
        return {}

    def table(context: StageContext) -> dict[str, float]:
        calls.append("table")
        context.write(
            "results/tables/table.csv", (context.inputs["shorten"] / "short").read_text() + str(context.flow.seed)
        )
        return {"table__rows__count": 1}

    return [
        Stage("read", read, (), lambda f: f.design),
        Stage("shorten", shorten, ("read",), lambda f: None),
        Stage("table", table, ("shorten",), lambda f: f.seed),
    ]


def test_second_run_reuses_every_unchanged_stage(flow: Flow, tmp_path: Path) -> None:
    calls: list[str] = []
    run_stages(flow, chain(calls), tmp_path / "run")
    run_stages(flow, chain(calls), tmp_path / "run")
    assert calls == ["read", "shorten", "table"]
    assert (tmp_path / "run/tables/table.csv").read_text() == "module d(); endmodule1"
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == {
        "read__characters__count": 22,
        "table__rows__count": 1,
    }


def test_a_changed_parameter_reruns_its_stage_alone(flow: Flow, tmp_path: Path) -> None:
    calls: list[str] = []
    run_stages(flow, chain(calls), tmp_path / "run")
    run_stages(flow.model_copy(update={"seed": 7}), chain(calls), tmp_path / "run")
    assert calls == ["read", "shorten", "table", "table"]
    assert (tmp_path / "run/tables/table.csv").read_text().endswith("7")


def test_a_change_that_leaves_an_output_alone_stops_there(flow: Flow, tmp_path: Path) -> None:
    calls: list[str] = []
    run_stages(flow, chain(calls), tmp_path / "run")
    flow.design.files[0].write_text("module d(); endmodule // a comment\n")
    run_stages(flow, chain(calls), tmp_path / "run")
    assert calls == ["read", "shorten", "table", "read", "shorten"]


@pytest.mark.parametrize("damage", ["remove", "truncate", "record"])
def test_a_damaged_stage_is_run_again(flow: Flow, tmp_path: Path, damage: str) -> None:
    calls: list[str] = []
    run_stages(flow, chain(calls), tmp_path / "run")
    stage = tmp_path / "run/02-shorten"
    if damage == "remove":
        (stage / "short").unlink()
    elif damage == "truncate":
        (stage / "short").write_text("mod")
    else:
        (stage / "stage.json").write_text('{"key": ')
    run_stages(flow, chain(calls), tmp_path / "run")
    assert calls == ["read", "shorten", "table", "shorten"]
    assert (tmp_path / "run/tables/table.csv").read_text() == "module d(); endmodule1"


def test_from_runs_again_and_to_stops(flow: Flow, tmp_path: Path) -> None:
    calls: list[str] = []
    run_stages(flow, chain(calls), tmp_path / "run", last="shorten")
    assert calls == ["read", "shorten"]
    run_stages(flow, chain(calls), tmp_path / "run", first="shorten")
    assert calls == ["read", "shorten", "shorten", "table"]
    with pytest.raises(InputError, match="unknown stage 'shortn'; did you mean 'shorten'\\?"):
        run_stages(flow, chain(calls), tmp_path / "run", last="shortn")


def test_a_failing_stage_leaves_the_earlier_ones_finished_and_nothing_half_written(flow: Flow, tmp_path: Path) -> None:
    calls: list[str] = []
    stages = chain(calls)

    def fail(context: StageContext) -> dict[str, float]:
        context.write("short", "half")
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        run_stages(flow, [stages[0], Stage("shorten", fail, ("read",), lambda f: None), stages[2]], tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.name[0] != ".") == ["01-read", "flow.toml"]
    run_stages(flow, stages, tmp_path / "run")
    assert calls == ["read", "shorten", "table"]
    assert not list((tmp_path / "run").rglob("*.partial"))


def test_what_a_stage_kept_is_there_again_until_it_is_done_or_becomes_another(flow: Flow, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def work(context: StageContext) -> dict[str, float]:
        assert context.kept is not None
        folder = context.kept()
        seen.append(sorted(path.name for path in folder.iterdir() if path.suffix == ".part"))
        (folder / f"{len(seen)}.part").write_text("")
        if len(seen) < 4:
            raise InputError("interrupted")
        return {}

    def stage(value: int) -> list[Stage]:
        return [Stage("work", work, (), lambda f: value)]

    for value in (1, 1, 2):
        with pytest.raises(InputError, match="interrupted"):
            run_stages(flow, stage(value), tmp_path / "run")
    run_stages(flow, stage(2), tmp_path / "run")
    assert seen == [[], ["1.part"], [], ["3.part"]]
    assert not list((tmp_path / "run").glob("*.kept"))
    assert not list((tmp_path / "run").glob(".*.kept"))


def test_a_run_removes_what_a_killed_one_left_beside_stages_that_stand_and_among_the_results(
    flow: Flow, tmp_path: Path
) -> None:
    calls: list[str] = []
    run = tmp_path / "run"
    run_stages(flow, chain(calls), run)
    whole = sorted(run.rglob("*"))
    for left in (".02-shorten.partial/short", ".02-shorten.old/short", ".03-table.kept/key"):
        (run / left).parent.mkdir()
        (run / left).write_text("half")
    for left in ("tmpabcdefgh.part", "tables/tmpabcdefgh.part"):
        (run / left).write_text("half")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tmpabcdefgh.part").write_text("somebody's")
    (run / "link").symlink_to(elsewhere)
    (run / "tmp-of-mine.part").write_text("somebody's")
    run_stages(flow, chain(calls), run)
    assert (elsewhere / "tmpabcdefgh.part").exists()
    for own in ("link", "tmp-of-mine.part"):
        (run / own).unlink()
    assert sorted(run.rglob("*")) == whole
    assert calls == ["read", "shorten", "table"]


def test_two_runs_have_equal_bytes_but_for_logs(flow: Flow, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_stages(flow, chain([]), tmp_path / name)
    names = [path.relative_to(tmp_path / "a") for path in sorted((tmp_path / "a").rglob("*")) if path.is_file()]
    assert len(names) >= 10
    for name in names:
        if name.name != "log.txt":
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_run_directory_in_use_is_refused_and_the_lock_dies_with_its_holder(flow: Flow, tmp_path: Path) -> None:
    run = tmp_path / "run"
    code = "import time\nfrom pathlib import Path\nfrom finevh.flow.engine.stage import locked\n"
    code += f"with locked(Path({str(run)!r})):\n"
    code += "    print('held', flush=True)\n    time.sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError) as caught:
            run_stages(flow, chain([]), run)
        assert str(caught.value) == f"{run}: another finevh process is writing there; wait for it or choose another -o"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with locked(run):
        pass


def test_a_run_directory_that_is_a_file_or_read_only_is_an_input_error(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file: cannot write: File exists; choose a directory with -o"):
        run_stages(flow, chain([]), tmp_path / "file")
    with pytest.raises(InputError, match=r"/proc/run: cannot be made; choose a writable directory with -o"):
        run_stages(flow, chain([]), Path("/proc/run"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path], capture_output=True).returncode
    ):
        pytest.skip("mounting a small tmpfs needs root with the right to mount")
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_is_an_input_error_that_names_the_file(flow: Flow, small_disk: Path) -> None:
    def large(context: StageContext) -> dict[str, float]:
        context.write("large", "x" * 200_000)
        return {}

    with pytest.raises(InputError) as caught:
        run_stages(flow, [Stage("large", large, (), lambda f: None)], small_disk / "run")
    expected = "cannot write: No space left on device; free space there or choose another directory with -o"
    assert str(caught.value).endswith(expected)


def test_a_read_only_disk_is_an_input_error_that_names_the_file(flow: Flow, small_disk: Path) -> None:
    run_stages(flow, chain([]), small_disk / "run")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(InputError) as caught:
        run_stages(flow, chain([]), small_disk / "run")
    assert "cannot write: Read-only file system; choose a writable directory with -o" in str(caught.value)


@dataclass(frozen=True)
class Columns:
    cells: tuple[str, ...]
    name: str
    x: NDArray[np.float64]
    nested: tuple[tuple[int, ...], ...]
    toggles: NDArray[np.int64] | None


def test_columns_read_back_and_equal_data_has_equal_bytes(tmp_path: Path) -> None:
    data = Columns(("shared",), "n\u00e9t", np.arange(6.0).reshape(2, 3), ((1, 2), ()), None)
    for name in ("a.npz", "b.npz"):
        save_columns(tmp_path / name, data, skip=("cells",))
    back = load_columns(tmp_path / "a.npz", Columns, cells=data.cells)
    assert np.array_equal(back.x, data.x)
    assert (back.cells, back.name, back.nested, back.toggles) == (data.cells, data.name, data.nested, None)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"a\.npz: cannot be read"):
        load_columns(tmp_path / "a.npz", Columns, cells=())


def test_documentation_beside_a_technology_is_not_part_of_its_digest(tmp_path: Path) -> None:
    (tmp_path / "cells.lef").write_text("MACRO A\n")
    before = tree_digest(tmp_path)
    (tmp_path / "README.md").write_text("words\n")
    assert tree_digest(tmp_path) == before
    (tmp_path / "cells.lef").write_text("MACRO B\n")
    assert tree_digest(tmp_path) != before
