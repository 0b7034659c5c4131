"""What is installed, what is missing and what for: the answer of ``finevh doctor``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from finevh.base.share import LIBRARIES, shared
from finevh.base.tools import OPENROAD, TOOLS, Tool, look_for, version_of
from finevh.flow.engine.provenance import package_versions
from finevh.openroad.tool import version_note
from finevh.version import VERSION


@dataclass(frozen=True)
class ToolState:
    """Where a tool was found; ``path`` and ``version`` are None where it was not. ``note``: what to mind of this version."""

    name: str
    purpose: str
    install: str
    path: str | None
    version: str | None
    note: str | None = None


@dataclass(frozen=True)
class Diagnosis:
    """Everything that ``finevh doctor`` prints."""

    finevh: str
    packages: dict[str, str]
    tools: tuple[ToolState, ...]
    technologies: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return asdict(self)


def _look(tool: Tool) -> ToolState:
    path = look_for(tool)
    version = None if path is None else version_of(path, tool)
    note = version_note(version) if tool is OPENROAD and version is not None else None
    return ToolState(tool.name, tool.purpose, tool.install, path, version, note)


def technologies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Technology files found under some folders."""
    return tuple(
        str(path) for folder in folders if folder.is_dir() for path in sorted(folder.glob("*/technology.toml"))
    )


def diagnose(folders: tuple[Path, ...] = (Path("libs"),)) -> Diagnosis:
    """Look for tools, packages and technologies: those that ship and those under ``folders``."""
    looked = dict.fromkeys((shared(LIBRARIES), *(folder.resolve() for folder in folders)))
    return Diagnosis(VERSION, package_versions(), tuple(_look(tool) for tool in TOOLS), technologies(tuple(looked)))
