"""Files of installed Python packages, found through their metadata: the packages are never imported."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from finevh.errors import InputError, ToolMissingError

__all__ = ["locate_package_file"]


def locate_package_file(package: str, file: str) -> Path:
    """Return the path of a file that an installed distribution lists, without importing the distribution.

    Raises
    ------
    ToolMissingError
        If the distribution is not installed.
    InputError
        If it holds no such file.
    """
    try:
        listed = importlib.metadata.distribution(package).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolMissingError(
            f"Python package {package} holds device models or netlists and is not installed; pip install {package}"
        ) from error
    for item in listed:
        if str(item) == file:
            return Path(str(item.locate()))
    raise InputError(f"package {package} holds no file {file}; correct [models] file in technology.toml")
