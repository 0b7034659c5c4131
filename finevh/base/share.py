"""What ships with the package beside its code: technologies, ready flows, RTL and programs.

In a checkout they are folders of the repository, in an installed package they lie in its folder ``share``. A path that starts
with ``finevh:`` names a file there wherever that is, so that a flow file that is written down does not depend on the place.
"""

from __future__ import annotations

from pathlib import Path

SCHEME = "finevh:"
FLOWS, LIBRARIES = "flows", "libs"
_PACKAGE = Path(__file__).resolve().parents[1]


def share_root() -> Path:
    """Return the folder that holds ``libs``, ``flows`` and ``rtl``."""
    installed = _PACKAGE / "share"
    return installed if installed.is_dir() else _PACKAGE.parent


def shared(*parts: str) -> Path:
    """Return the path of something that ships; it need not exist."""
    return share_root().joinpath(*parts)


def expand(text: str) -> Path:
    """Turn a path into one of this machine: ``finevh:libs/finevh45`` becomes the shipped folder, others stay.

    Raises
    ------
    ValueError
        If a shipped path climbs out of its folder.
    """
    if not text.startswith(SCHEME):
        return Path(text)
    inner = Path(text.removeprefix(SCHEME))
    if inner.is_absolute() or ".." in inner.parts:
        raise ValueError(f"'{text}' leaves the folder of what ships with finevh")
    return share_root() / inner


def portable(path: Path) -> str:
    """Return the text of a path, with ``finevh:`` where it ships."""
    root = share_root()
    if path.is_absolute() and any(path.is_relative_to(root / folder) for folder in (FLOWS, LIBRARIES, "rtl")):
        return SCHEME + path.relative_to(root).as_posix()
    return str(path)


def technology_names() -> tuple[str, ...]:
    """Names of the technologies that ship."""
    return tuple(sorted(path.parent.name for path in shared(LIBRARIES).glob("*/technology.toml")))


def flow_names() -> tuple[str, ...]:
    """Names of the ready flows."""
    return tuple(sorted(path.stem for path in shared(FLOWS).glob("*.toml")))


def technology_folder(given: Path) -> Path:
    """Folder of a technology that is given by its path, or by the name of one that ships where no such path exists."""
    named = len(given.parts) == 1 and not given.exists() and given.name in technology_names()
    return shared(LIBRARIES, given.name) if named else given
