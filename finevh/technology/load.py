"""The front door: a technology file in, a :class:`~finevh.technology.model.Technology` out, from the cache if unchanged."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from finevh.errors import InputError
from finevh.technology.build import assemble
from finevh.technology.cache import cached, content_key
from finevh.technology.columns import CornerInput, Skeleton, merge_cells, merge_corners, stack_corners, structure
from finevh.technology.cross import read_cross_voltage
from finevh.technology.lef import read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.library import Library
from finevh.technology.manifest import Manifest, Views, library_file, read_manifest
from finevh.technology.model import Corners, Layer, Technology, Variant
from finevh.technology.variant_ratios import slowdown
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["check_technology_files", "load_technology"]

_PARALLEL_FROM = 4
"""Files; fewer are read faster than worker processes start."""
_MOST_WORKERS = 8


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
    manifest = read_manifest(path)
    if manifest.views is None:
        raise InputError(f"{path}: has no [views] section: characterise the technology, then name its files there")
    chosen = _choose(manifest, path, variants, group)
    files = _liberty_files(manifest, manifest.views, chosen, path)
    views = manifest.views
    if vdd is not None:
        files = _at_vdd(files, vdd, path)
        views = views.model_copy(update={"cross_voltage": None})
    needed = _existing(path, views, [file for _, _, file in files])
    return cached(content_key(needed, manifest.name, *chosen), lambda: _build(manifest, views, chosen, files, path))


def check_technology_files(path: Path) -> None:
    """Look for every file that :func:`load_technology` will read, and read none.

    Raises
    ------
    InputError
        If the technology file is missing or wrong, or a file it names is missing.
    """
    path = path / "technology.toml" if path.is_dir() else path
    manifest = read_manifest(path)
    if manifest.views is None:
        raise InputError(f"{path}: has no [views] section: characterise the technology, then name its files there")
    files = _liberty_files(manifest, manifest.views, _choose(manifest, path, None, None), path)
    _existing(path, manifest.views, [file for _, _, file in files])


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


@dataclass(frozen=True)
class _Part:
    """One corner on columns of its own, with what must agree with the other corners."""

    library: Library
    skeleton: Skeleton | None
    """None where the same process gave that structure before."""
    corners: Corners


_STRUCTURES: list[tuple[list[object], Skeleton]] = []
"""Structures that this process has met while it read the files of one technology."""


def _read_part(job: tuple[Path, int, str]) -> _Part:
    """Read one file. Garbage collection pauses: a library is a million small objects and no cycle."""
    file, variant, suffix = job
    enabled = gc.isenabled()
    gc.disable()
    try:
        library = read_liberty(file)
        corner = CornerInput.of(library, variant, suffix)
        key = structure(corner)
        number = next((i for i, (known, _) in enumerate(_STRUCTURES) if known == key), len(_STRUCTURES))
        new = number == len(_STRUCTURES)
        if new:
            _STRUCTURES.append((key, merge_cells([corner])))
        skeleton = _STRUCTURES[number][1]
        corners = merge_corners(skeleton, [corner])
        return _Part(replace(library, cells={}), skeleton if new else None, corners)
    finally:
        if enabled:
            gc.enable()


def _read_parts(jobs: Sequence[tuple[Path, int, str]]) -> list[_Part]:
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    _STRUCTURES.clear()
    if len(jobs) < _PARALLEL_FROM or workers < 2:
        try:
            return [_read_part(job) for job in jobs]
        finally:
            _STRUCTURES.clear()
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        return list(pool.map(_read_part, jobs))


def _read_corners(jobs: Sequence[tuple[Path, int, str]]) -> tuple[list[Library], Skeleton, Corners]:
    """Read all corners; where their structures agree, as they do in one characterisation, columns are just stacked."""
    parts = _read_parts(jobs)
    skeletons = [part.skeleton for part in parts if part.skeleton is not None]
    left_out = [{name.removesuffix(s) for name in p.library.skipped} for p, (_, _, s) in zip(parts, jobs, strict=True)]
    skipped = set().union(*left_out)
    if all(one == skipped for one in left_out) and all(skeleton.same(skeletons[0]) for skeleton in skeletons[1:]):
        return [part.library for part in parts], skeletons[0], stack_corners([part.corners for part in parts])
    libraries = [read_liberty(file) for file, _, _ in jobs]
    inputs = [
        CornerInput.of(library, v, suffix, skipped) for library, (_, v, suffix) in zip(libraries, jobs, strict=True)
    ]
    skeleton = merge_cells(inputs)
    return libraries, skeleton, merge_corners(skeleton, inputs)


def _build(
    manifest: Manifest,
    views: Views,
    chosen: tuple[str, ...],
    files: Sequence[tuple[int, float | None, Path]],
    path: Path,
) -> Technology:
    libraries, skeleton, corners = _read_corners([(file, v, manifest.suffix(chosen[v])) for v, _, file in files])
    for (_, vdd, file), library in zip(files, libraries, strict=True):
        if vdd is not None and abs(library.vdd - vdd) > VOLTAGE_TOLERANCE:
            raise InputError(f"{file}: the library is at {library.vdd:g} V, its name says {vdd:g} V")
    folder = path.parent
    lef = read_lef([folder / name for name in (views.tech_lef, *views.cell_lef) if name])
    layers = tuple(
        Layer(
            x.name,
            x.direction,
            x.pitch_um,
            x.width_um,
            x.spacing_um,
            x.resistance_ohm_per_um * 1e-3,
            x.capacitance_ff_per_um,
        )
        for x in manifest.layers
    )
    roles = None if manifest.roles is None else {str(role): cells for role, cells in manifest.roles.items()}
    stated = {variant.name: variant.slowdown for variant in manifest.variants}
    technology = assemble(
        manifest.name,
        libraries,
        skeleton,
        corners,
        tuple(Variant(n, manifest.suffix(n), stated[n] or 0.0) for n in chosen),
        lef,
        roles=roles,
        vdd_nominal=views.vdd_nominal or max(library.vdd for library in libraries),
        site=manifest.site.name if manifest.site else "",
        layers=layers,
    )
    _check_roles(technology, path)
    measured = tuple(
        variant if stated[variant.name] is not None else replace(variant, slowdown=slowdown(technology, v))
        for v, variant in enumerate(technology.variants)
    )
    technology = replace(technology, variants=measured)
    if views.cross_voltage:
        technology = replace(technology, cross=read_cross_voltage(folder / views.cross_voltage, technology))
    return technology


def _check_roles(technology: Technology, path: Path) -> None:
    # Header switches and fillers may be physical views alone, so the LEF may know cells that the Liberty does not.
    for role, names in technology.roles.items():
        for name in names:
            if name not in technology.cells.index and role not in ("header", "fill", "dont_use"):
                raise InputError(f"{path}: roles.{role} names cell {name}, which the libraries do not hold")
