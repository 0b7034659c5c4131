"""Packed files: damaged, cut off and bombs are one message in every reader; whole ones are read."""

from __future__ import annotations

import gzip
import io
import json
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from finevh.base.packed import PackedError, open_bytes, open_text, unpack
from finevh.errors import InputError
from tests.fuzz.readers import Reader, readers

TEXT = b"some text\n" * 1000
ROOM = 600 << 20  # bytes of address space: a bomb may reach the size from which it is judged, and no more


def blanks(blocks: int) -> bytes:
    """So many times sixteen megabytes of blanks, packed to a thousandth."""
    packed, block = io.BytesIO(), (b" " * 63 + b"\n") * (1 << 18)
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        for _ in range(blocks):
            stream.write(block)
    return packed.getvalue()


@pytest.fixture
def judged_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bombs of megabytes are judged as those of gigabytes are: what every reader does is seen in less time."""
    monkeypatch.setattr("finevh.base.packed._SMALL", 4 << 20)
    monkeypatch.setattr("finevh.base.packed._BLOCK", 1 << 20)


@pytest.fixture
def little_memory() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_whole_files_come_back_packed_or_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:])):
        assert unpack(data) == TEXT
        path.write_bytes(data)
        with open_text(path) as stream:
            assert stream.read().encode() == TEXT
        with open_bytes(path) as raw:
            assert raw.read(7) == TEXT[:7]


@pytest.mark.parametrize("keep", [3, 12, -1, -9])
def test_a_cut_file_is_an_error_of_the_file(tmp_path: Path, keep: int) -> None:
    data, path = gzip.compress(TEXT)[:keep], tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(PackedError, match="damaged or truncated gzip"):
        unpack(data)
    with open_text(path) as stream, pytest.raises(PackedError, match="damaged or truncated gzip"):
        stream.read()


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, little_memory: None) -> None:
    """Three quarters of a gigabyte."""
    bomb, path = blanks(48), tmp_path / "a"
    path.write_bytes(bomb)
    with pytest.raises(PackedError, match="unpack to more than 200 times as much"):
        unpack(bomb)
    with open_text(path) as stream, pytest.raises(PackedError, match="unpack to more than 200 times as much"):
        all(len(line) < 99 for line in stream)


PACKED = [name for name in readers() if name in ("top.v", "cells.lib", "top.spef", "top.vcd", "top.saif", "top.def")]


@pytest.mark.usefixtures("judged_early")
@pytest.mark.parametrize("name", [*PACKED, "record.json.gz", "special.lib"])
def test_every_reader_of_packed_files_refuses_a_bomb(tmp_path: Path, name: str) -> None:
    reader, path = readers()[name], tmp_path / f"{name.removesuffix('.gz')}.gz"
    path.write_bytes(blanks(1))
    with pytest.raises(InputError, match="unpack to more than 200 times as much"):
        reader.read(path)


@pytest.mark.parametrize("name", [*PACKED, "special.lib"])
@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:20] + b"\xff" * 20 + data[40:]])
def test_every_reader_refuses_a_damaged_gzip(tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    reader, path = readers()[name], tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(reader.seeds[0], mtime=0))
    reader.read(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"gzip|truncated|cannot be read"):
        reader.read(path)


def archive_bomb(reader: Reader, path: Path) -> None:
    """The archive of a reader's seed with one array of 64 MB of zeros more."""
    path.write_bytes(reader.seeds[0])
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (1 << 26,)})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.npy", "w") as member:
        member.write(head.getvalue())
        for _ in range(4):
            member.write(bytes(1 << 24))


@pytest.mark.usefixtures("judged_early")
@pytest.mark.parametrize("name", ["columns.npz", "cross.npz"])
def test_every_reader_of_archives_refuses_a_bomb(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    archive_bomb(readers()[name], path)
    with pytest.raises(InputError, match="unpack to more than 200 times as much"):
        readers()[name].read(path)


@pytest.mark.parametrize("member", ["../evil.npy", "/tmp/finevh-evil.npy", "plain.json"])
def test_members_of_an_archive_are_never_written(tmp_path: Path, member: str) -> None:
    """A member's name that leads elsewhere, or a link among the members, is nothing but a name."""
    path = tmp_path / "inner" / "a.npz"
    path.parent.mkdir()
    path.write_bytes(readers()["columns.npz"].seeds[0])
    entry = zipfile.ZipInfo(member)
    entry.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, json.dumps("../target"))
    with pytest.raises(InputError):
        readers()["columns.npz"].read(path)
    assert [item.name for item in tmp_path.rglob("*")] == ["inner", "a.npz"]
