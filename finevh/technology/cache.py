"""Technologies on disk: numpy archives keyed by the content of everything that went in; no pickles, atomic writes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from finevh.base.files import UNFINISHED, read_input, replacing
from finevh.base.numbers import whole
from finevh.base.packed import check_archive
from finevh.errors import InputError
from finevh.technology.model import CellTable, Corners, CrossVoltage, Layer, Technology, Variant

__all__ = [
    "Entry",
    "cache_entries",
    "cache_folder",
    "cache_limit",
    "cached",
    "clear_cache",
    "content_key",
    "derived_key",
    "load_archive",
    "prune_cache",
    "save_archive",
]

_FORMAT = "8"
"""Changes whenever the columns or a reader change: old archives are then never found."""
_KEY = "key of the cache"
_HEAD = 4096
"""Bytes that the header of an array of an archive has at most."""
_OURS = re.compile(rf"[0-9a-f]{{32}}\.npz|{UNFINISHED}")
_ABANDONED = 3600.0  # s; a file of a process that still writes is younger


def cache_folder() -> Path:
    """``$FINEVH_CACHE``, else ``finevh`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    if "FINEVH_CACHE" in os.environ:
        return Path(os.environ["FINEVH_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "finevh"


def content_key(paths: Iterable[Path], *words: str) -> str:
    """Hash of the content of files and of further words, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for word in (_FORMAT, *words):
        digest.update(word.encode() + b"\0")
    for path in paths:
        digest.update(hashlib.blake2b(read_input(path), digest_size=16).digest())
    return digest.hexdigest()


def derived_key(key: str, *words: str) -> str:
    """Key of what is made of the technology of another key and of further words."""
    return hashlib.blake2b("\0".join((key, *words)).encode(), digest_size=16).hexdigest()


def cached(key: str, build: Callable[[], Technology]) -> Technology:
    """Load the technology of that key, or build and store it. A damaged archive is built again."""
    path = cache_folder() / f"{key}.npz"
    if os.path.lexists(path):
        try:
            technology = load_archive(path, key)
        except Exception:  # whatever a damaged archive makes numpy, zipfile or the columns raise
            _drop(path)
        else:
            with suppress(OSError):
                os.utime(path)  # used now: the last to be pruned
            return technology
    technology = build()
    # A read-only or full cache costs time, not correctness.
    with suppress(OSError):
        save_archive(technology, path, key)
        prune_cache(keep=path)
    return technology


@dataclass(frozen=True)
class Entry:
    """A file of the cache: bytes, when it was last used (s since 1970), and whether it is an archive or a leftover."""

    path: Path
    size: int
    used: float
    whole: bool


def cache_limit() -> int:
    """Most bytes that the cache keeps: ``$FINEVH_CACHE_MB`` megabytes, else 4096.

    Raises
    ------
    InputError
        If the variable is no whole number.
    """
    text = os.environ.get("FINEVH_CACHE_MB", "4096")
    try:
        megabytes = whole(text)
    except ValueError:
        megabytes = -1
    if megabytes < 0:
        raise InputError(f"FINEVH_CACHE_MB={text}: write a whole number of megabytes, for example 4096")
    return megabytes << 20


def cache_entries() -> list[Entry]:
    """Files of the cache, the last used first; what finevh did not write is not among them."""
    found = []
    folder = cache_folder()
    for path in folder.iterdir() if folder.is_dir() else ():
        if not _OURS.fullmatch(path.name):
            continue
        with suppress(OSError):  # another process removes it
            status = path.lstat()
            found.append(Entry(path, status.st_size, status.st_mtime, path.suffix == ".npz"))
    return sorted(found, key=lambda entry: (-entry.used, entry.path))


def prune_cache(keep: Path | None = None) -> list[Entry]:
    """Remove leftovers of killed processes, and what was used longest ago until the limit holds; return what went."""
    limit, total, gone = cache_limit(), 0, []
    for entry in cache_entries():
        left_over = not entry.whole and time.time() - entry.used > _ABANDONED
        total += entry.size
        if entry.path != keep and (left_over or total > limit):
            total -= entry.size
            _drop(entry.path)
            gone.append(entry)
    return gone


def clear_cache() -> list[Entry]:
    """Remove every entry; return what went."""
    entries = cache_entries()
    for entry in entries:
        _drop(entry.path)
    return entries


def _drop(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def save_archive(technology: Technology, path: Path, key: str = "") -> None:
    """Write a technology as an uncompressed numpy archive, atomically; the key lies inside, too."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text: dict[str, Any] = {_KEY: key}
    _flatten("", technology, arrays, text)
    arrays["text"] = np.frombuffer(json.dumps(text).encode(), dtype=np.uint8)
    with replacing(path) as out:
        np.savez(out, allow_pickle=False, **arrays)


def _flatten(prefix: str, item: object, arrays: dict[str, np.ndarray[Any, Any]], text: dict[str, Any]) -> None:
    for field in fields(item):  # type: ignore[arg-type]
        name, value = prefix + field.name, getattr(item, field.name)
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, CellTable | Corners | CrossVoltage):
            text[name] = True
            _flatten(name + ".", value, arrays, text)
        elif isinstance(value, tuple) and value and isinstance(value[0], Variant | Layer):
            text[name] = [[getattr(entry, f.name) for f in fields(entry)] for entry in value]
        else:
            text[name] = value


def load_archive(path: Path, key: str | None = None) -> Technology:
    """Read what :func:`save_archive` wrote.

    Raises
    ------
    ValueError
        If it was stored under another key than ``key``. A damaged file raises whatever it makes numpy raise.
    """
    check_archive(path)
    arrays = dict(_members(path))
    text = json.loads(arrays.pop("text").tobytes())
    if key is not None and text.get(_KEY) != key:
        raise ValueError(f"{path}: stored under another key")
    return Technology(**_values(Technology, "", arrays, text))


def _members(path: Path) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Arrays of an uncompressed archive by name, each read in one piece: numpy reads members of an archive bit by bit."""
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            stream.seek(member.header_offset)
            name_length, extra_length = struct.unpack("<26xHH", stream.read(30))
            stream.seek(name_length + extra_length, os.SEEK_CUR)
            whole_member = np.fromfile(stream, dtype=np.uint8, count=member.file_size)
            if member.compress_type != zipfile.ZIP_STORED or zlib.crc32(whole_member.data) != member.CRC:
                raise ValueError(f"{path}: {member.filename} is damaged")
            head = io.BytesIO(whole_member[:_HEAD].tobytes())
            version = np.lib.format.read_magic(head)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(head)
            if dtype.hasobject:
                raise ValueError(f"{path}: {member.filename} holds objects")
            values = whole_member[head.tell() :].view(dtype)
            yield member.filename.removesuffix(".npy"), values.reshape(shape, order="F" if fortran else "C")


def _rows(kind: type[Any], rows: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(kind(*row) for row in rows)


def _values(
    kind: type[Any], prefix: str, arrays: dict[str, np.ndarray[Any, Any]], text: dict[str, Any]
) -> dict[str, Any]:
    inner: dict[str, type[Any]] = {"cells": CellTable, "corners": Corners, "cross": CrossVoltage}
    found: dict[str, Any] = {}
    for field in fields(kind):
        name = prefix + field.name
        if name in arrays:
            found[field.name] = arrays[name]
        elif kind is Technology and field.name in inner and text[name] is not None:
            part = inner[field.name]
            found[field.name] = part(**_values(part, name + ".", arrays, text))
        elif name == "variants":
            found[field.name] = _rows(Variant, text[name])
        elif name == "layers":
            found[field.name] = _rows(Layer, text[name])
        elif name == "roles":
            found[field.name] = {role: tuple(cells) for role, cells in text[name].items()}
        elif name in text:  # else its default
            value = text[name]
            found[field.name] = tuple(value) if isinstance(value, list) else value
    return found
