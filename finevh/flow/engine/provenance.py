"""Where a result comes from: versions, inputs, seed; nothing in it depends on when or where the run took place."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from finevh import __version__
from finevh.config import Flow
from finevh.flow.engine.fingerprint import text_digest, tree_digest

PACKAGES = ("coloquinte", "najaeda", "numba", "numpy", "pyosys", "pythondata-cpu-cv32e40p", "scipy")


def package_versions(names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of installed packages; one that is not installed is absent."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def provenance(flow: Flow, flow_text: str, keys: dict[str, str]) -> str:
    """Return ``provenance.json``: versions, hashes of the inputs and the key of every stage."""
    inputs: list[Path] = [flow.technology.path, *flow.design.files, *flow.design.include_dirs]
    inputs += [
        path
        for path in (flow.design.netlist, flow.clock.sdc, flow.activity.vcd, flow.activity.saif)
        if path is not None
    ]
    data = {
        "finevh": __version__,
        "python": platform.python_version(),
        "packages": package_versions(),
        "seed": flow.seed,
        "flow_sha256": text_digest(flow_text),
        "inputs": {path.name: tree_digest(path) for path in inputs},
        "stages": keys,
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"
