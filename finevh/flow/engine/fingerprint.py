"""Content hashes: what decides whether a stage is reused."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel

from finevh.base.files import require_regular

_BLOCK = 1 << 20


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, modified: int) -> str:
    sha = hashlib.sha256()
    require_regular(path)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


def tree_digest(path: Path) -> str:
    """SHA-256 over the names and bytes of a folder's files but its documentation (``*.md``), or of one file."""
    if path.is_file():
        return file_digest(path)
    rows = [
        (str(item.relative_to(path)), file_digest(item))
        for item in sorted(path.rglob("*"))
        if item.is_file() and "__pycache__" not in item.parts and item.suffix != ".md"
    ]
    return text_digest(json.dumps(rows))


def text_digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def fingerprint(value: object) -> object:
    """Turn a parameter into plain JSON data in which every path is replaced by the digest of what it holds."""
    if isinstance(value, BaseModel):
        return {name: fingerprint(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Path):
        return {"name": value.name, "sha256": tree_digest(value)}
    if isinstance(value, dict):
        return {str(key): fingerprint(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fingerprint(item) for item in value]
    return value
