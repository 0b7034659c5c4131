"""The front door: a technology file in, a :class:`~finevh.technology.model.Technology` out, from the cache if unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finevh.errors import InputError
from finevh.technology.cache import cached, content_key, derived_key
from finevh.technology.liberty import read_liberty
from finevh.technology.manifest import Manifest, Views, library_file, read_manifest
from finevh.technology.model import Technology
from finevh.technology.part import Part, cut_part, without_numbers
from finevh.technology.vdd_interpolation import time_units
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["check_technology_files", "library_key", "load_part", "load_structure", "load_technology"]


def load_technology(
    path: Path, *, variants: Sequence[str] | None = None, group: str | None = None, vdd: float | None = None
) -> Technology:
    """Load a technology.

    Parameters
    ----------
    path : a ``technology.toml`` or its folder.
    variants : names of the variants to load; default: all.
    group : a variant set (``pb``, ``vt``) instead of names.
    vdd : only the corner at this supply, V, without cross-voltage data: enough to plan a layout, and one file to read.

    Raises
    ------
    InputError
        If the technology file or a file it names is missing or wrong; unknown variants and groups.
    """
    path = path / "technology.toml" if path.is_dir() else path
    manifest, views = _read_views(path)
    chosen = _choose(manifest, path, variants, group)
    files = _liberty_files(manifest, views, chosen, path)
    if vdd is not None:
        files = _at_vdd(files, vdd, path)
        views = views.model_copy(update={"cross_voltage": None})
    needed = _existing(path, views, [file for _, _, file in files])

    def build() -> Technology:
        # What reads libraries is loaded where none is kept.
        from finevh.technology.from_files import build_technology

        return build_technology(manifest, views, chosen, files, path)

    return cached(content_key(needed, manifest.name, *chosen), build)


def library_key(path: Path) -> str:
    """Key of a whole library, of the content of its files: what is kept of it is found by that.

    Raises
    ------
    InputError
        As :func:`load_technology`.
    """
    path = path / "technology.toml" if path.is_dir() else path
    manifest, views = _read_views(path)
    chosen = _choose(manifest, path, None, None)
    needed = _existing(path, views, [file for _, _, file in _liberty_files(manifest, views, chosen, path)])
    return content_key(needed, manifest.name, *chosen)


def load_structure(path: Path, key: str) -> Technology:
    """Load what a library says of its cells, without any number of a corner: enough to read a netlist and its constraints.

    ``key``: :func:`library_key` of the same file.

    Raises
    ------
    InputError
        As :func:`load_technology`.
    """
    return cached(derived_key(key, "structure"), lambda: without_numbers(load_technology(path)))


def load_part(path: Path, key: str, only: Part) -> Technology:
    """Load what one design takes of a library; it is cut from the whole once.

    ``key``: :func:`library_key` of the same file.

    Raises
    ------
    InputError
        As :func:`load_technology`.
    """

    def cut() -> Technology:
        whole = load_technology(path)
        return cut_part(whole, only, time_units(whole))

    return cached(derived_key(key, "part", repr(only)), cut)


def check_technology_files(path: Path) -> None:
    """Look for every file that :func:`load_technology` will read, and read none.

    Raises
    ------
    InputError
        If the technology file is missing or wrong, or a file it names is missing.
    """
    path = path / "technology.toml" if path.is_dir() else path
    manifest, views = _read_views(path)
    files = _liberty_files(manifest, views, _choose(manifest, path, None, None), path)
    _existing(path, views, [file for _, _, file in files])


def _read_views(path: Path) -> tuple[Manifest, Views]:
    """A technology file and what it names."""
    manifest = read_manifest(path)
    if manifest.views is None:
        raise InputError(f"{path}: has no [views] section: characterise the technology, then name its files there")
    return manifest, manifest.views


def _existing(path: Path, views: Views, libraries: Sequence[Path]) -> list[Path]:
    """The technology file and all that it names.

    Raises
    ------
    InputError
        If one is missing.
    """
    others = [path.parent / name for name in (views.tech_lef, *views.cell_lef, views.cross_voltage) if name]
    needed = [path, *libraries, *others]
    for file in needed:
        if not file.is_file():
            raise InputError(
                f"{path}: names {file.relative_to(path.parent) if file.is_relative_to(path.parent) else file}, "
                f"which does not exist; make it with 'finevh characterize {path}' or correct [views]"
            )
    return needed


def _choose(manifest: Manifest, path: Path, variants: Sequence[str] | None, group: str | None) -> tuple[str, ...]:
    published = manifest.published()
    known = [variant.name for variant in published]
    if group is not None:
        members = tuple(variant.name for variant in published if group in variant.group)
        if not members:
            groups = sorted({name for variant in published for name in variant.group})
            raise InputError(f"{path}: no variant is in group '{group}'; groups are {', '.join(groups) or 'not given'}")
        return members
    for name in variants or ():
        if name not in known:
            raise InputError(f"{path}: no variant '{name}'; it has {', '.join(known)}")
    return tuple(known if variants is None else variants)


def _liberty_files(
    manifest: Manifest, views: Views, chosen: tuple[str, ...], path: Path
) -> list[tuple[int, float | None, Path]]:
    """(variant, Vdd or None, file) of every corner."""
    if not isinstance(views.liberty, str):
        if len(chosen) != 1:
            raise InputError(
                f"{path}: views.liberty is a list of files, which serves one variant; the file has {len(chosen)}"
            )
        return [(0, None, path.parent / name) for name in views.liberty]
    vdds = manifest.vdds(chosen)
    if not vdds:
        raise InputError(f"{path}: views.liberty is a pattern but neither views.vdd nor voltages.vdd lists supplies")
    found: list[tuple[int, float | None, Path]] = []
    for v, name in enumerate(chosen):
        for vdd in vdds:
            file = library_file(views.liberty, manifest.suffix(name), name, vdd)
            found.append((v, vdd, path.parent / file))
    return found


def _at_vdd(
    files: list[tuple[int, float | None, Path]], vdd: float, path: Path
) -> list[tuple[int, float | None, Path]]:
    """Corners of one supply; what a file is for is in its text where its name does not say it."""
    found = [
        entry
        for entry in files
        if abs((read_liberty(entry[2]).vdd if entry[1] is None else entry[1]) - vdd) <= VOLTAGE_TOLERANCE
    ]
    if not found:
        raise InputError(f"{path}: has no library at {vdd:g} V; choose a characterised voltage")
    return found
