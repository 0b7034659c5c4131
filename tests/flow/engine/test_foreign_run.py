"""A run directory from elsewhere: nothing outside of it is written or read, and a damaged file is never taken."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.flow.engine.fingerprint import file_digest
from finevh.flow.engine.key import stage_key
from finevh.flow.engine.provenance import distinct_names, provenance
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import RECORD, RunDirectory, Stage, StageContext
from finevh.flow_file import read_flow
from tests.test_config import FLOW


def make(context: StageContext) -> dict[str, float]:
    context.write("results/tables/a.csv", "a\n1\n")
    context.write("results/b.txt", "b\n")
    context.write("data.txt", "data\n")
    return {"x": 1.0}


STAGES = (Stage("one", make, (), lambda flow: flow.seed),)


def flow_in(folder: Path):
    (folder / "d.v").write_text("module d(); endmodule\n")
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "flow.toml").write_text(FLOW)
    return read_flow(folder / "flow.toml")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run_stages(flow_in(tmp_path), STAGES, tmp_path / "run")
    return tmp_path / "run"


def test_what_an_interrupted_stage_kept_holds_no_link(tmp_path: Path, run: Path) -> None:
    directory, key = RunDirectory(run, STAGES), stage_key(STAGES[0], flow_in(tmp_path), {})
    folder = directory.kept("one", key)
    (folder / "half.npz").write_bytes(b"half")
    assert (directory.kept("one", key) / "half.npz").read_bytes() == b"half"
    (folder / "round.npz").symlink_to(tmp_path / "flow.toml")
    assert [path.name for path in directory.kept("one", key).iterdir()] == ["key.txt"]
    shutil.rmtree(folder)
    shutil.copytree(run / "01-one", tmp_path / "else")
    (tmp_path / "else" / "key.txt").write_text(key.digest)
    folder.symlink_to(tmp_path / "else")
    assert directory.kept("one", key).resolve() == folder
    assert (tmp_path / "else" / "data.txt").is_file()


@pytest.mark.parametrize("name", ["results/../../evil", "/tmp/finevh-evil", "results/tables/../../../evil", "../evil"])
def test_an_output_that_leads_out_of_the_stage_is_not_taken(tmp_path: Path, run: Path, name: str) -> None:
    record = json.loads((run / "01-one" / RECORD).read_text())
    evil = Path(os.path.normpath(run / "01-one" / name))
    evil.write_text("evil")
    record["outputs"][name] = file_digest(evil)
    (run / "01-one" / RECORD).write_text(json.dumps(record))
    before = sorted(path.name for path in tmp_path.iterdir())
    assert RunDirectory(run, STAGES).record("one") is None
    run_stages(flow_in(tmp_path), STAGES, run)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert evil.read_text() == "evil"
    evil.unlink()


def test_a_linked_lock_is_refused_and_its_target_stays(tmp_path: Path, run: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (run / ".lock").unlink()
    (run / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match=r"\.lock: a link or a folder"):
        run_stages(flow_in(tmp_path), STAGES, run)
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("name", ["tables", "tables/a.csv", "b.txt", "flow.toml", "metrics.json", ".b.txt.partial"])
def test_nothing_is_written_through_a_link(tmp_path: Path, run: Path, name: str) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a.csv").write_text("precious")
    shutil.rmtree(run / name) if (run / name).is_dir() else (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(precious if name == "tables" else precious / "a.csv")
    run_stages(flow_in(tmp_path), STAGES, run)
    assert (precious / "a.csv").read_text() == "precious"
    assert [path.name for path in precious.iterdir()] == ["a.csv"]
    assert (run / "tables" / "a.csv").read_text() == "a\n1\n"


def damage(path: Path, how: str, elsewhere: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "flipped":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    elif how == "folder":
        path.mkdir()
    elif how == "link":
        elsewhere.write_bytes(b"other" + data)
        path.symlink_to(elsewhere)
    elif how == "link to the same":
        elsewhere.write_bytes(data)
        path.symlink_to(elsewhere)


@pytest.mark.parametrize("how", ["cut", "flipped", "deleted", "folder", "link", "link to the same"])
def test_every_damaged_file_is_made_again(tmp_path: Path, run: Path, how: str) -> None:
    names = [path.relative_to(run) for path in sorted(run.rglob("*")) if path.is_file()]
    whole = {name: (run / name).read_bytes() for name in names if name.name not in ("log.txt", "times.js", ".lock")}
    assert len(whole) == 10
    for name in whole:
        damage(run / name, how, tmp_path / "elsewhere")
        run_stages(flow_in(tmp_path), STAGES, run)
        found = {other: (run / other).read_bytes() for other in whole}
        assert found == whole, name
        assert not (run / name).is_symlink() or how == "link to the same"


def test_a_record_of_any_json_is_no_crash(run: Path) -> None:
    path = run / "01-one" / RECORD
    good = json.loads(path.read_text())
    for bad in (
        1,
        [],
        "x",
        None,
        {},
        {"key": 1},
        {**good, "outputs": ["a"]},
        {**good, "outputs": {}},
        {**good, "parts": 3},
    ):
        path.write_text(json.dumps(bad))
        assert RunDirectory(run, STAGES).record("one") is None
    path.write_text("[" * 100_000)
    assert RunDirectory(run, STAGES).record("one") is None


def test_provenance_does_not_depend_on_the_place_of_a_clone(tmp_path: Path) -> None:
    texts = []
    for place in ("here", "there/deeper"):
        folder = tmp_path / place
        (folder / "a").mkdir(parents=True)
        (folder / "b").mkdir()
        (folder / "a" / "x.v").write_text("module d(); endmodule\n")
        (folder / "b" / "x.v").write_text("module e(); endmodule\n")
        flow_in(folder)
        flow = read_flow(folder / "flow.toml", ('design.files=["a/x.v", "b/x.v"]',))
        texts.append(provenance(flow, {}))
    assert texts[0] == texts[1]
    assert {"a/x.v", "b/x.v"} <= json.loads(texts[0])["inputs"].keys()


def test_names_grow_only_where_they_must() -> None:
    assert list(distinct_names([Path("/p/lib"), Path("/p/a/b.v"), Path("/q/a/b.v")])) == ["lib", "p/a/b.v", "q/a/b.v"]


def without_table(context: StageContext) -> dict[str, float]:
    context.write("results/b.txt", "b\n")
    return {"x": 1.0}


FEWER = (Stage("one", without_table, (), lambda flow: (flow.seed, "fewer")),)


def test_a_table_that_a_stage_makes_no_more_is_withdrawn(tmp_path: Path, run: Path) -> None:
    assert (run / "tables" / "a.csv").is_file()
    (run / "tables" / "own.csv").write_text("of the user")
    run_stages(flow_in(tmp_path), FEWER, run)
    assert [path.name for path in (run / "tables").iterdir()] == ["own.csv"]
    assert (run / "b.txt").is_file()


def test_nothing_is_withdrawn_behind_a_link(tmp_path: Path, run: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a.csv").write_text("precious")
    shutil.rmtree(run / "tables")
    (run / "tables").symlink_to(precious)
    run_stages(flow_in(tmp_path), FEWER, run)
    assert (precious / "a.csv").read_text() == "precious"
