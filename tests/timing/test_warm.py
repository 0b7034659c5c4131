"""Kernels are compiled before the first stage, once, and a line says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from finevh.timing import warm


def test_kernels_are_prepared_once_per_sources_and_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = tmp_path / "done"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    # What compiles is left out: it takes a minute. Each part leaves a file, as it may run in a process of its own.
    monkeypatch.setattr(warm, "_single", lambda say: (tmp_path / "single").touch())
    monkeypatch.setattr(warm, "_lanes", lambda say: done.touch())
    monkeypatch.setattr(warm, "_least_delays", lambda say: (tmp_path / "least").touch())
    said: list[str] = []
    warm.prepare_kernels(said.append, 2)
    assert [line.split(":")[0] for line in said] == ["timing kernels"] * 2
    assert "ready after" in said[-1]
    assert done.exists()
    assert (tmp_path / "single").exists()
    assert (tmp_path / "least").exists()
    done.unlink()
    warm.prepare_kernels(said.append, 2)
    assert len(said) == 2
    assert not done.exists()
    monkeypatch.setattr(warm, "_SOURCES", ("timing/graph/levels.py",))
    warm.prepare_kernels(said.append, 1)
    assert len(said) == 4
    assert done.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_where_nothing_can_be_written_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    monkeypatch.setattr(warm, "_single", lambda say: None)
    monkeypatch.setattr(warm, "_lanes", lambda say: None)
    monkeypatch.setattr(warm, "_least_delays", lambda say: None)
    said: list[str] = []
    warm.prepare_kernels(said.append, 1)
    assert len(said) == 2
