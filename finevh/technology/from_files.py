"""The files of a technology, read on several processes and put together."""

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
from finevh.technology.columns import CornerInput, Skeleton, merge_cells, merge_corners, stack_corners, structure
from finevh.technology.cross import read_cross_voltage
from finevh.technology.lef import read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.library import Library
from finevh.technology.manifest import Manifest, Views
from finevh.technology.model import Corners, Layer, Technology, Variant
from finevh.technology.variant_ratios import slowdown
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["build_technology"]

_PARALLEL_FROM = 4
"""Files; fewer are read faster than worker processes start."""
_MOST_WORKERS = 8


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


def build_technology(
    manifest: Manifest,
    views: Views,
    chosen: tuple[str, ...],
    files: Sequence[tuple[int, float | None, Path]],
    path: Path,
) -> Technology:
    """Read the (variant, Vdd or None, file) corners ``chosen`` of a technology file at ``path``, and what else it names.

    Raises
    ------
    InputError
        If a file is wrong, or does not hold what the technology file says.
    """
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
