"""Finding OpenROAD: a variable, PATH or a container image; its version against the range that was tested."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from finevh.base.tools import DOCKER, OPENROAD, PODMAN, look_for
from finevh.errors import ToolMissingError

VARIABLE = "FINEVH_OPENROAD"
_VERSION = re.compile(r"\b(\d\d)Q([1-4])(?:-\d+-g[0-9a-f]+)?")
_PATIENCE = 60.0  # s; a container may have to be unpacked first
_INSTALL = (
    "OpenROAD runs the layout with --engine openroad; set FINEVH_OPENROAD to its executable, put 'openroad' on PATH, or name a"
    " container image that holds it (with podman or docker installed); binaries: https://openroad.readthedocs.io"
)


@dataclass(frozen=True)
class OpenRoad:
    """How to start OpenROAD: the words before its own options, and what it says its version is."""

    command: tuple[str, ...]
    version: str
    image: str | None = None

    def words(self, directory: Path, inputs: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the words that start it in a run directory.

        A container sees that directory, and read-only the folders of ``inputs`` that lie elsewhere, under their own paths.
        """
        if self.image is None:
            return self.command
        folder = directory.resolve()
        elsewhere = sorted({str((folder / name).resolve().parent) for name in inputs} - {str(folder)})
        mounts = [word for path in elsewhere for word in ("-v", f"{path}:{path}:ro")]
        return (
            *self.command, "run", "--rm", "-v", f"{folder}:{folder}", *mounts, "-w", str(folder), self.image, "openroad",
        )  # fmt: skip


@lru_cache(maxsize=1)
def tool_facts() -> Mapping[str, Any]:
    """Return the shipped facts: tested versions, metrics that each stage must give, endings of complete files."""
    text = (resources.files("finevh.openroad") / "openroad.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def find_openroad(image: str | None = None, environment: Mapping[str, str] | None = None) -> OpenRoad:
    """Find OpenROAD and ask for its version.

    Order: the variable ``FINEVH_OPENROAD`` (path of the executable), ``openroad`` on PATH, then ``image`` with podman or
    docker.

    Raises
    ------
    ToolMissingError
        If there is none, or it does not start; the message says how to install it.
    """
    environment = os.environ if environment is None else environment
    found = look_for(OPENROAD, environment)
    if found is not None:
        return OpenRoad((found,), _ask_version((found, "-version")))
    if named := environment.get(VARIABLE):
        raise ToolMissingError(f"{VARIABLE}={named}: no such executable. {_INSTALL}")
    if image is not None:
        engine = look_for(PODMAN, environment) or look_for(DOCKER, environment)
        if engine is None:
            raise ToolMissingError(f"container image '{image}': neither podman nor docker is on PATH. {_INSTALL}")
        return OpenRoad((engine,), _ask_version((engine, "run", "--rm", image, "openroad", "-version")), image)
    raise ToolMissingError(f"openroad is not installed. {_INSTALL}")


def check_version(version: str) -> None:
    """Refuse a version outside the tested range.

    Raises
    ------
    ToolMissingError
        Naming the version found and the range.
    """
    facts = tool_facts()["version"]
    if facts["commit"] in version:
        return
    match = _VERSION.search(version)
    least, most = _quarter(facts["least"]), _quarter(facts["most"])
    span = facts["least"] if least == most else f"{facts['least']} to {facts['most']}"
    if match is None:
        raise ToolMissingError(
            f"openroad says its version is '{version}': not a release of the tested range {span} (table: {facts['table']});"
            " install one of them, or set openroad.allow_untested = true in the flow file"
        )
    if not least <= (int(match[1]), int(match[2])) <= most:
        raise ToolMissingError(
            f"openroad {version} is outside the tested range {span} (table: {facts['table']}): commands and options may differ;"
            " install a tested one, or set openroad.allow_untested = true in the flow file"
        )


def version_note(version: str) -> str | None:
    """Return what may differ with a version outside the tested range; None inside it."""
    try:
        check_version(version)
    except ToolMissingError as error:
        return (
            f"{error}. What may differ: names and defaults of options, spellings in DEF and SPEF, rules of the power"
            " grid; check the scripts with 'finevh tcl --check' and read the supply checker's findings"
        )
    return None


def _quarter(text: str) -> tuple[int, int]:
    year, quarter = text.split("Q")
    return int(year), int(quarter)


def _ask_version(words: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissingError(f"'{' '.join(words)}' does not start: {error}. {_INSTALL}") from None
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode != 0 or not lines:
        raise ToolMissingError(
            f"'{' '.join(words)}' ended with status {done.returncode} and says no version. {_INSTALL}"
        )
    return lines[0]
