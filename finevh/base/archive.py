"""Frozen dataclasses of numpy columns on disk: one ``.npz`` whose bytes depend on the data alone."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from finevh.base.packed import check_archive
from finevh.errors import InputError

T = TypeVar("T")
# Zip members carry a date; a fixed one keeps equal data equal in bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_columns(path: Path, data: object, skip: tuple[str, ...] = ()) -> None:
    """Write the fields of a dataclass: arrays, texts, numbers, None, and tuples or dictionaries of them.

    Parameters
    ----------
    skip
        Fields that the reader supplies itself, for example the cell table of a netlist.
    """
    if not dataclasses.is_dataclass(data):
        raise TypeError(f"{type(data).__name__} is not a dataclass")
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    plain: dict[str, object] = {}
    for field in dataclasses.fields(data):
        if field.name in skip:
            continue
        value = getattr(data, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = value
        elif dataclasses.is_dataclass(value):
            raise TypeError(f"{type(data).__name__}.{field.name}: write nested dataclasses to files of their own")
        else:
            plain[field.name] = value
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
        with archive.open(zipfile.ZipInfo("plain.json", _EPOCH), "w") as member:
            member.write(json.dumps(plain, default=_plain).encode("utf-8"))


def load_columns(path: Path, kind: type[T], **supplied: object) -> T:
    """Read what :func:`save_columns` wrote; ``supplied`` fills the fields that were skipped.

    Raises
    ------
    InputError
        If the file is missing or is no such archive.
    """
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive, zipfile.ZipFile(path) as raw:
            values: dict[str, Any] = {name: archive[name] for name in archive.files if name != "plain.json"}
            plain = dict(json.loads(raw.read("plain.json")))
    except Exception as error:  # whatever a damaged archive makes numpy and zipfile raise
        raise InputError(f"{path}: cannot be read ({error}); run the flow again with --from its stage") from None
    values |= {name: _tuples(value) for name, value in plain.items()}
    try:
        return kind(**values, **supplied)
    except TypeError:
        raise InputError(f"{path}: written by another version of finevh; run the flow again") from None


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as a column")


def _tuples(value: object) -> object:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
