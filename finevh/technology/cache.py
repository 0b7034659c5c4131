"""Technologies on disk: numpy archives keyed by the content of everything that went in; no pickles, atomic writes."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from finevh.base.files import replacing
from finevh.technology.model import CellTable, Corners, CrossVoltage, Layer, Technology, Variant

__all__ = ["cache_folder", "cached", "content_key", "load_archive", "save_archive"]

_FORMAT = "6"
"""Changes whenever the columns or a reader change: old archives are then never found."""


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
        digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return digest.hexdigest()


def cached(key: str, build: Callable[[], Technology]) -> Technology:
    """Load the technology of that key, or build and store it. A damaged archive is built again."""
    path = cache_folder() / f"{key}.npz"
    if path.exists():
        try:
            return load_archive(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    technology = build()
    try:
        save_archive(technology, path)
    except OSError:
        # A read-only or full cache costs time, not correctness.
        return technology
    return technology


def save_archive(technology: Technology, path: Path) -> None:
    """Write a technology as an uncompressed numpy archive, atomically."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text: dict[str, Any] = {}
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


def load_archive(path: Path) -> Technology:
    """Read what :func:`save_archive` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        text = json.loads(archive["text"].tobytes())
        arrays = {name: archive[name] for name in archive.files if name != "text"}
    return Technology(**_values(Technology, "", arrays, text))


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
        else:
            value = text[name]
            found[field.name] = tuple(value) if isinstance(value, list) else value
    return found
