"""The library cache: damaged entries are built again, and it does not grow without end."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.technology import cache
from finevh.technology.model import Technology
from tests.power.tiny import technology

KEY = "0" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINEVH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def count_builds() -> tuple[list[int], Technology]:
    made: list[int] = []

    def build() -> Technology:
        made.append(1)
        return technology()

    return made, cache.cached(KEY, build)


def damages(data: bytes) -> list[bytes]:
    """Cut, flipped and replaced archives."""
    random.seed(1)
    cut = [data[: random.randrange(len(data))] for _ in range(20)]
    flipped = []
    for _ in range(40):
        spoilt = bytearray(data)
        spoilt[random.randrange(len(data))] ^= 1 << random.randrange(8)
        flipped.append(bytes(spoilt))
    return [b"", b"\0" * len(data), b"PK", *cut, *flipped]


def test_a_damaged_entry_is_built_again_and_never_another_technology(folder: Path) -> None:
    made, first = count_builds()
    assert made == [1]
    path = folder / f"{KEY}.npz"
    data = path.read_bytes()
    for damaged in damages(data):
        path.write_bytes(damaged)
        _, again = count_builds()
        for name in ("vdds", "corner_of"):
            assert (getattr(again, name) == getattr(first, name)).all()
        assert again.name == first.name
        path.unlink(missing_ok=True)
        count_builds()
        assert path.read_bytes() == data


@pytest.mark.parametrize("kind", ["folder", "link to nothing", "link to a folder"])
def test_whatever_lies_in_the_place_of_an_entry_is_replaced(folder: Path, tmp_path: Path, kind: str) -> None:
    count_builds()
    path = folder / f"{KEY}.npz"
    path.unlink()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("kept" if kind == "link to a folder" else "nothing"))
    assert count_builds()[0] == [1]
    assert count_builds()[0] == []
    assert (tmp_path / "kept" / "file").exists()


def test_an_entry_of_another_key_is_not_taken(folder: Path) -> None:
    count_builds()
    (folder / f"{KEY}.npz").rename(folder / f"{'1' * 32}.npz")
    made: list[int] = []
    cache.cached("1" * 32, lambda: made.append(1) or technology())
    assert made == [1]


def test_the_cache_keeps_to_its_limit_and_drops_what_was_used_longest_ago(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    for number in range(4):
        path = folder / f"{number:032x}.npz"
        path.write_bytes(bytes(1 << 20))
        os.utime(path, (1000 + number, 1000 + number))
    (folder / "notes.txt").write_text("not ours")
    (folder / "tmpabcdefgh.part").write_text("left over")
    os.utime(folder / "tmpabcdefgh.part", (1, 1))
    monkeypatch.setenv("FINEVH_CACHE_MB", "2")
    assert {entry.path.name[-9:] for entry in cache.prune_cache()} == {"00000.npz", "00001.npz", "efgh.part"}
    assert sorted(path.name[-9:] for path in folder.iterdir()) == ["00002.npz", "00003.npz", "notes.txt"]
    assert len(cache.clear_cache()) == 2
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("text", ["-1", "much", "1_0", "9" * 5000])
def test_a_limit_that_is_no_number_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FINEVH_CACHE_MB", text)
    with pytest.raises(InputError, match="FINEVH_CACHE_MB"):
        cache.cache_limit()


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FINEVH_CACHE", str(tmp_path / "file" / "cache"))
    assert count_builds()[0] == [1]
    assert count_builds()[0] == [1]
