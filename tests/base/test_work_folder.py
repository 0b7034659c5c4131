"""Work folders of foreign tools: none outlives its process for longer than until the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from finevh.base.files import replacing, work_folder


def test_a_killed_process_leaves_its_folder_only_until_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import os\nfrom finevh.base.files import work_folder\n"
    script += "with work_folder() as f: (f / 'x').touch(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert [path.name for path in tmp_path.glob("finevh-*/x")] == ["x"]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with work_folder() as one, work_folder() as two:
        assert one != two
        assert sorted(tmp_path.iterdir()) == sorted([one, two])
    assert list(tmp_path.iterdir()) == []


def test_a_link_named_like_a_work_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, base = tmp_path / "elsewhere", tmp_path / "base"
    for folder in (elsewhere, base):
        folder.mkdir()
    (elsewhere / ".lock").touch()
    (base / "finevh-link").symlink_to(elsewhere)
    monkeypatch.setattr("tempfile.tempdir", str(base))
    with work_folder():
        pass
    assert (elsewhere / ".lock").exists()


def test_data_reach_the_disk_before_the_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss of power keeps what was synced: the order of the calls decides."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "data")
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    with replacing(tmp_path / "file") as stream:
        stream.write(b"x")
    assert order == ["data", "rename", "folder"]
