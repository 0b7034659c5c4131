"""Where a result comes from: versions, inputs, seed; nothing in it depends on when or where the run took place."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from finevh.base.files import read_input
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.fingerprint import file_digest, fingerprint, text_digest, tree_digest
from finevh.version import VERSION

PROVENANCE = "provenance.json"
PACKAGES = ("coloquinte", "numba", "numpy", "pyosys", "pythondata-cpu-cv32e40p", "scipy")


def package_versions(names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of installed packages; one that is not installed is absent."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def distinct_names(paths: Iterable[Path]) -> dict[str, Path]:
    """Name each path by its last part, with as many folders before it as tell it from the others.

    >>> sorted(distinct_names([Path("/a/x/core.v"), Path("/a/y/core.v"), Path("/a/top.v")]))
    ['top.v', 'x/core.v', 'y/core.v']
    """
    found: dict[str, Path] = {}
    unique = dict.fromkeys(paths)
    for path in unique:
        for count in range(1, len(path.parts) + 1):
            tail = path.parts[-count:]
            if not any(other != path and other.parts[-count:] == tail for other in unique):
                break
        found["/".join(tail)] = path
    return found


def provenance(flow: Flow, keys: dict[str, str], files: Mapping[str, str] | None = None) -> str:
    """Return ``provenance.json``: versions, hashes of the inputs, the key of every stage.

    Parameters
    ----------
    files
        SHA-256 of the files at the top of the run directory that are of no single stage.
    """
    inputs: list[Path] = [flow.technology.path, *flow.design.files, *flow.design.include_dirs]
    inputs += [
        path
        for path in (
            flow.design.mapped,
            None if flow.design.placed is None else flow.design.placed.layout,
            None if flow.design.placed is None else flow.design.placed.spef,
            flow.clock.sdc,
            flow.activity.stimulus,
            flow.activity.vcd,
            flow.activity.saif,
        )
        if path is not None
    ]
    data = {
        "finevh": VERSION,
        "python": platform.python_version(),
        "packages": package_versions(),
        "seed": flow.seed,
        # Of the contents, not of the paths: a clone elsewhere has the same provenance.
        "flow_sha256": text_digest(json.dumps(fingerprint(flow), sort_keys=True)),
        "inputs": {name: tree_digest(path) for name, path in distinct_names(inputs).items()},
        "stages": keys,
        "files": dict(files or {}),
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def require_unchanged(directory: Path, *names: str) -> None:
    """Check files at the top of a run directory against what the run wrote there.

    A run of a version that kept no digests of them is taken as it is.

    Raises
    ------
    InputError
        If one was changed, is missing or was never there, or ``provenance.json`` is damaged.
    """
    again = f"bring the run up to date with 'finevh run FLOW.toml -o {directory}'"
    path = directory / PROVENANCE
    try:
        data = json.loads(read_input(path))
        files = data.get("files")
    except (OSError, ValueError, AttributeError, RecursionError):
        raise InputError(f"{path}: missing or damaged; {again}") from None
    if not isinstance(files, dict):
        return
    for name in names:
        found = directory / name
        if (file_digest(found) if found.is_file() else None) != files.get(name):
            raise InputError(f"{found}: not as the run wrote it; {again}")
