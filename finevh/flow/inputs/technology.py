"""From the flow file to its technology: every voltage of its schemes, the library of synthesis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from finevh.config import Flow
from finevh.errors import InputError
from finevh.technology import library_key, load_part, load_structure, load_technology, with_vdds
from finevh.technology.manifest import Manifest, library_file, read_manifest
from finevh.technology.model import Technology
from finevh.technology.part import Part
from finevh.technology.what_if import WhatIf, with_what_if
from finevh.units import VOLTAGE_TOLERANCE

if TYPE_CHECKING:
    from finevh.technology.lef import Lef

UNBIASED = "pb0"


@lru_cache(maxsize=1)
def _loaded(path: Path) -> Technology:
    return load_technology(path)


@lru_cache(maxsize=1)
def _key(path: Path) -> str:
    return library_key(path)


@lru_cache(maxsize=1)
def _structure(path: Path) -> Technology:
    return load_structure(path, _key(path))


@lru_cache(maxsize=2)
def _technology(path: Path, vdds: tuple[float, ...], what: WhatIf | None, only: Part | None) -> Technology:
    technology = with_vdds(_loaded(path) if only is None else load_part(path, _key(path), only), vdds, only=only)
    if what is None:
        return technology
    manifest = read_manifest(path)
    sets = [members_of_set(manifest, name) for name in variant_sets(manifest) if name != UNBIASED]
    return with_what_if(technology, what, sets)


def what_if_of(flow: Flow) -> WhatIf | None:
    """What a flow changes of its technology; None where it takes it as it is."""
    choice = flow.what_if
    return None if choice is None else WhatIf(choice.leakage, choice.bias_leaves, choice.interface_by_volt)


def what_if_parameters(flow: Flow) -> dict[str, object]:
    """What a what-if adds to the parameters of a stage that reads leakage; nothing where there is none."""
    return {} if flow.what_if is None else {"what if": flow.what_if}


def marked_name(flow: Flow) -> str:
    """Name of the design in tables and pictures: a what-if is never without its mark."""
    what = what_if_of(flow)
    return flow.design.name if what is None else f"{flow.design.name}, {what.text}"


def structure_of(flow: Flow) -> Technology:
    """What the flow's library says of its cells, without numbers.

    Raises
    ------
    InputError
        If the technology file is wrong.
    """
    return _structure(flow.technology.path)


def technology_of(flow: Flow, only: Part | None = None) -> Technology:
    """Load the flow's technology with every voltage of its schemes, interpolated where the library has none.

    Parameters
    ----------
    only : the part of it that is asked for, where not all is; see :func:`finevh.technology.with_vdds`.

    Raises
    ------
    InputError
        If a voltage lies outside the library's range, or the technology file is wrong.
    """
    schemes = flow.schemes
    vdds = set(schemes.grid(schemes.ideal_step))
    for delta in schemes.delta_vdd:
        vdds |= set(schemes.grid(delta))
    return _technology(flow.technology.path, tuple(sorted(vdds)), what_if_of(flow), only)


def synthesis_vdd(flow: Flow) -> float:
    """Vdd of synthesis, sizing and bias assignment: the flow's, else the highest of the schemes (thesis 4.1.2, step 1)."""
    return flow.technology.synthesis_vdd or flow.schemes.vdd_max


def variant_sets(manifest: Manifest, loaded: Collection[str] | None = None) -> list[str]:
    """Variant sets of a technology, ``pb0`` (no bias) first; of ``loaded`` variants only where given."""
    kept = manifest.published()[1:] if loaded is None else [v for v in manifest.variants if v.name in loaded]
    return [UNBIASED, *sorted({group for variant in kept for group in variant.group})]


def members_of_set(manifest: Manifest, name: str, loaded: Collection[str] | None = None) -> tuple[str, ...]:
    """Names of the variants of a set, the unbiased first one left out; of ``loaded`` variants only where given.

    Raises
    ------
    InputError
        If the technology has no such set.
    """
    kept = manifest.published()[1:] if loaded is None else [v for v in manifest.variants if v.name in loaded]
    members = tuple(variant.name for variant in kept if name in variant.group)
    if not members:
        raise InputError(
            f"schemes.variants: technology {manifest.name} has no variant set '{name}'; it has "
            f"{', '.join(variant_sets(manifest, loaded))}: name only those"
        )
    return members


def synthesis_liberty(flow: Flow) -> Path:
    """Liberty file of the first variant at the Vdd of synthesis.

    Raises
    ------
    InputError
        If the technology has no library at that Vdd.
    """
    path, vdd = flow.technology.path, synthesis_vdd(flow)
    manifest = read_manifest(path)
    if manifest.views is None:
        raise InputError(f"{path}: has no [views] section: characterise the technology, then name its files there")
    found = liberty_files(flow, vdd, (manifest.variants[0].name,))
    if not found:
        raise InputError(
            f"technology.synthesis_vdd: {manifest.name} has no library at {vdd:g} V; choose a characterised voltage"
        )
    return found[0]


def liberty_files(flow: Flow, vdd: float, variants: Sequence[str]) -> tuple[Path, ...]:
    """Liberty files of some variants at a supply, in their order; none where one of them was not characterised there."""
    path = flow.technology.path
    folder, manifest = path.parent if path.is_file() else path, read_manifest(path)
    if manifest.views is None:
        return ()
    liberty = manifest.views.liberty
    if isinstance(liberty, str):
        files = tuple(folder / library_file(liberty, manifest.suffix(name), name, vdd) for name in variants)
        return files if all(file.is_file() for file in files) else ()
    if tuple(variants) != (manifest.variants[0].name,):
        return ()
    from finevh.technology.liberty import read_liberty

    files = tuple(folder / name for name in liberty)
    return tuple(file for file in files if abs(read_liberty(file).vdd - vdd) <= VOLTAGE_TOLERANCE)[:1]


def lef_of(flow: Flow) -> Lef:
    """Technology and cell LEF of the flow's technology.

    Raises
    ------
    InputError
        If a file is missing or no LEF.
    """
    from finevh.technology.lef import read_lef

    path = flow.technology.path
    folder = path.parent if path.is_file() else path
    views = read_manifest(path).views
    return read_lef([] if views is None else [folder / name for name in (views.tech_lef, *views.cell_lef) if name])


def site_name(flow: Flow) -> str:
    """Name of the placement site, which the columns of a technology do not hold.

    Raises
    ------
    InputError
        If neither the technology file nor its LEF names one.
    """
    path = flow.technology.path
    manifest = read_manifest(path)
    if manifest.site is not None:
        return manifest.site.name
    for name, (kind, _, _) in lef_of(flow).sites.items():
        if kind.upper() == "CORE":
            return name
    raise InputError(f"{path}: no [site] section and no core site in its LEF files; add one")
