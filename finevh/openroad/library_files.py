"""Which files of a technology OpenROAD reads, and copies of them whose cells carry their Vdd in their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from finevh.base.files import read_input
from finevh.base.packed import unpack
from finevh.errors import InputError
from finevh.openroad.context import LibraryFiles
from finevh.technology.lef import Lef, read_lef
from finevh.technology.manifest import Manifest, library_file, read_manifest, vdd_label

_NOM_VOLTAGE = re.compile(r"^\s*nom_voltage\s*:\s*\"?([0-9.eE+-]+)", re.MULTILINE)
_LIBERTY_CELL = re.compile(r"""(^\s*cell\s*\(\s*)("?)([^"()\s]+)("?)(\s*\))""", re.MULTILINE)
_LIBERTY_NAME = re.compile(r"""(\blibrary\s*\(\s*)("?)([^"()\s]+)("?)(\s*\))""")
_LEF_MACRO = re.compile(r"^(\s*MACRO\s+)(\S+)", re.MULTILINE)
_MATCH = 5e-4  # V; two voltages closer than this are one


@dataclass(frozen=True)
class TechnologyFiles:
    """Absolute paths. ``liberty`` by (variant, Vdd in V), ``suffixes`` by variant; ``lef`` is what the LEF files say."""

    technology_lef: Path
    cell_lefs: tuple[Path, ...]
    liberty: Mapping[tuple[str, float], Path]
    suffixes: Mapping[str, str]
    site: str
    lef: Lef

    def at(self, variant: str, vdd: float) -> tuple[float, Path]:
        """Return the characterised Vdd nearest to ``vdd`` (within half a millivolt) and its Liberty file.

        Raises
        ------
        InputError
            If the variant has no library at that Vdd.
        """
        for (name, known), path in self.liberty.items():
            if name == variant and abs(known - vdd) < _MATCH:
                return known, path
        grid = ", ".join(f"{known:g}" for name, known in self.liberty if name == variant)
        raise InputError(f"variant '{variant}' has no Liberty at {vdd:g} V, only at {grid or 'no'} V; characterise it")


def read_technology_files(path: Path) -> TechnologyFiles:
    """Return the files that a ``technology.toml`` (or its folder) names.

    Raises
    ------
    InputError
        If the technology has no views, no LEF, or a Liberty file without ``nom_voltage``.
    """
    path = path / "technology.toml" if path.is_dir() else path
    manifest = read_manifest(path)
    views = manifest.views
    if views is None or views.tech_lef is None or not views.cell_lef:
        raise InputError(f"{path}: OpenROAD needs [views] with liberty, tech_lef and cell_lef; add them")
    folder = path.resolve().parent
    lefs = tuple(folder / name for name in views.cell_lef)
    lef = read_lef([folder / views.tech_lef, *lefs])
    core = [name for name, (kind, _, _) in lef.sites.items() if kind.upper() == "CORE"]
    site = manifest.site.name if manifest.site else core[0] if core else ""
    if not site:
        raise InputError(f"{path}: no LEF names a site of class CORE; add a [site] section")
    suffixes = {variant.name: manifest.suffix(variant.name) for variant in manifest.variants}
    return TechnologyFiles(folder / views.tech_lef, lefs, _liberty(manifest, folder, path), suffixes, site, lef)


def _liberty(manifest: Manifest, folder: Path, path: Path) -> dict[tuple[str, float], Path]:
    views = manifest.views
    assert views is not None
    if isinstance(views.liberty, str):
        return {
            (variant.name, vdd): folder / library_file(views.liberty, manifest.suffix(variant.name), variant.name, vdd)
            for variant in manifest.variants
            for vdd in manifest.vdds()
        }
    found: dict[tuple[str, float], Path] = {}
    for name in views.liberty:
        match = _NOM_VOLTAGE.search(read_text(folder / name))
        if match is None:
            raise InputError(f"{folder / name}: has no nom_voltage; state the supply in the library")
        found[(manifest.variants[0].name, float(match[1]))] = folder / name
    return found


def read_text(path: Path) -> str:
    """Return the text of a file, unpacked if its name ends in ``.gz``.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return unpack(read_input(path)).decode("utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); give the library file") from None


def cell_suffix(variant_suffix: str, vdd: float) -> str:
    """Return what the names of cells of a variant at a Vdd end in, beyond the base name: ``_PB16__0v80``."""
    return f"{variant_suffix}__{vdd_label(vdd)}"


def suffix_liberty(text: str, vdd: float) -> str:
    """Return a Liberty text whose library and cells carry the Vdd: ``cell (INV_X1)`` becomes ``cell (INV_X1__0v80)``."""
    tail = f"__{vdd_label(vdd)}"
    text = _LIBERTY_NAME.sub(rf"\g<1>\g<2>\g<3>{tail}\g<4>\g<5>", text, count=1)
    return _LIBERTY_CELL.sub(rf"\g<1>\g<2>\g<3>{tail}\g<4>\g<5>", text)


def suffix_lef(text: str, vdd: float, keep: Iterable[str]) -> str:
    """Return a cell LEF with only the macros ``keep``, each carrying the Vdd in its name."""
    tail, wanted = f"__{vdd_label(vdd)}", set(keep)
    head_end = _LEF_MACRO.search(text)
    pieces = [_without_sites(text[: head_end.start()])] if head_end else [text]
    for match in _LEF_MACRO.finditer(text):
        name = match[2]
        end = re.compile(rf"^\s*END\s+{re.escape(name)}\s*$", re.MULTILINE).search(text, match.end())
        if name in wanted and end is not None:
            body = text[match.end() : end.start()]
            pieces.append(f"\nMACRO {name}{tail}{body}\nEND {name}{tail}\n")
    return "".join(pieces) + "\nEND LIBRARY\n"


def _without_sites(head: str) -> str:
    """Sites, and whatever else a cell LEF defines beside macros, are known from the plain LEF already."""
    return re.sub(r"^\s*(SITE|PROPERTYDEFINITIONS)\b.*?^\s*END\s+\S+\s*$", "", head, flags=re.MULTILINE | re.DOTALL)


def liberty_cells(text: str) -> list[str]:
    """Return the names of the cells of a Liberty text."""
    return [match[3] for match in _LIBERTY_CELL.finditer(text)]


def write_suffixed(files: TechnologyFiles, corners: Iterable[tuple[str, float]], folder: Path) -> list[LibraryFiles]:
    """Write suffixed Liberty and LEF copies of (variant, Vdd) corners into a folder.

    Returns
    -------
    list of LibraryFiles
        With the paths written, in the order of ``corners``.

    Raises
    ------
    InputError
        If a corner has no library.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lef_texts = [read_text(path) for path in files.cell_lefs]
    written: list[LibraryFiles] = []
    for variant, wanted in corners:
        vdd, source = files.at(variant, wanted)
        text = read_text(source)
        stem = f"cells{files.suffixes[variant]}__{vdd_label(vdd)}"
        liberty, lef = folder / f"{stem}.lib", folder / f"{stem}.lef"
        liberty.write_text(suffix_liberty(text, vdd), encoding="utf-8")
        names = liberty_cells(text)
        lef.write_text("".join(suffix_lef(each, vdd, names) for each in lef_texts), encoding="utf-8")
        written.append(LibraryFiles(variant, vdd, str(liberty), str(lef), cell_suffix(files.suffixes[variant], vdd)))
    return written


def planned_suffixed(files: TechnologyFiles, corners: Iterable[tuple[str, float]], folder: str) -> list[LibraryFiles]:
    """Return what :func:`write_suffixed` would write, without writing; ``folder`` is relative to the run directory."""
    planned: list[LibraryFiles] = []
    for variant, wanted in corners:
        vdd, _ = files.at(variant, wanted)
        stem = f"{folder}/cells{files.suffixes[variant]}__{vdd_label(vdd)}"
        planned.append(
            LibraryFiles(variant, vdd, f"{stem}.lib", f"{stem}.lef", cell_suffix(files.suffixes[variant], vdd))
        )
    return planned
