"""The Liberty files of a platform by Vth flavour, process corner, temperature and Vdd; several files of a corner as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from finevh.base.packed import open_bytes
from finevh.errors import InputError

__all__ = ["LibraryFile", "choose_corner", "find_libraries", "flavour_of", "liberty_text", "merge_liberty"]

_NUMBER = r"\s*:\s*\"?([0-9.eE+-]+)"
_VOLTAGE = re.compile(rf"^\s*nom_voltage{_NUMBER}", re.MULTILINE)
_TEMPERATURE = re.compile(rf"^\s*nom_temperature{_NUMBER}", re.MULTILINE)
_CELL = re.compile(r"""^\s*cell\s*\(\s*"?([^"()\s]+)"?\s*\)\s*\{""", re.MULTILINE)
_TEMPLATE = re.compile(r"""^\s*(\w*template\w*)\s*\(\s*"?([^"()\s]+)"?\s*\)\s*\{""", re.MULTILINE)
# Parts of a file name that say corner, voltage, temperature or flavour; what is left names the library.
_CORNERS = {
    "slow": ("slow", "ss", "wc", "wcs"), "typ": ("typ", "typical", "tt", "tc", "nom"), "fast": ("fast", "ff", "bc", "bcs"),
}  # fmt: skip
_FLAVOURS = ("SLVT", "ULVT", "ELVT", "LVT", "RVT", "SVT", "HVT", "UHVT", "SRAM")
_VOLTAGE_PART = re.compile(r"^\d+[pv]\d+v?$|^\d+(?:\.\d+)?v$", re.IGNORECASE)
_TEMPERATURE_PART = re.compile(r"^[mn]?\d+c$", re.IGNORECASE)
_DATE_PART = re.compile(r"^\d{6}$")
_HEADER = 200_000
"""Bytes of a library read for its header; cells follow it."""


@dataclass(frozen=True)
class LibraryFile:
    """One Liberty file: Vth flavour ('' where the name has none), corner (slow, typ, fast or ''), deg C, V."""

    path: Path
    flavour: str
    corner: str
    temperature: float | None
    vdd: float


def find_libraries(known: Iterable[Path]) -> list[LibraryFile]:
    """Return the library files that lie beside the known ones and differ from them in corner, voltage or flavour only.

    Raises
    ------
    InputError
        If a known file does not exist, or a library states no voltage.
    """
    found: dict[Path, LibraryFile] = {}
    for path in known:
        if not path.parent.is_dir():
            raise InputError(f"{path}: no such library; is the platform folder complete?")
        wanted = _skeleton(path)
        beside = [each for each in path.parent.iterdir() if re.search(r"\.lib(\.gz)?$", each.name)]
        matching = sorted(each for each in beside if _skeleton(each) == wanted)
        if not matching:
            raise InputError(
                f"{path}: no such library, nor one like it in {path.parent}; is the platform folder complete?"
            )
        for each in matching:
            if each not in found:
                found[each] = _describe(each)
    return list(found.values())


def flavour_of(path: Path) -> str:
    """Return the Vth flavour in the name of a library file, '' if it has none."""
    return next((part.upper() for part in _parts(path) if part.upper() in _FLAVOURS), "")


def choose_corner(libraries: list[LibraryFile], corner: str | None) -> list[LibraryFile]:
    """Return the libraries of one process corner and temperature.

    Without a wish: the one with the most voltages; among equals slow before typ before fast, and the hotter one.

    Raises
    ------
    InputError
        If no library is of the wanted corner.
    """
    groups: dict[tuple[str, float | None], list[LibraryFile]] = {}
    for library in libraries:
        groups.setdefault((library.corner, library.temperature), []).append(library)
    if corner is not None:
        groups = {key: members for key, members in groups.items() if key[0] == corner}
        if not groups:
            known = ", ".join(sorted({library.corner or "unnamed" for library in libraries}))
            raise InputError(f"no library of corner '{corner}'; the platform has {known}")
    rank = {"slow": 2, "typ": 1, "": 1, "fast": 0}

    def worth(key: tuple[str, float | None]) -> tuple[int, int, float]:
        return len({library.vdd for library in groups[key]}), rank[key[0]], key[1] if key[1] is not None else -300.0

    return groups[max(groups, key=worth)]


def liberty_text(path: Path, limit: int = -1) -> str:
    """Return the text of a Liberty file, unpacked where its name ends in ``.gz``, or its first ``limit`` bytes.

    Raises
    ------
    InputError
        If it cannot be read or is a pointer to a file that was not fetched.
    """
    try:
        with open_bytes(path) as file:
            data = file.read(limit)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); is the platform folder complete?") from None
    if data.startswith(b"version https://git-lfs"):
        raise InputError(
            f"{path}: is a git-lfs pointer, not the library; run 'git lfs pull' in the platform's repository"
        )
    return data.decode("utf-8", errors="replace")


def merge_liberty(texts: list[str], name: str) -> str:
    """Return one library with the cells of all: header of the first, templates of the others where it lacks them.

    Raises
    ------
    InputError
        If a cell or a template of the same name differs between two of them.
    """
    if len(texts) == 1:
        return texts[0]
    first = texts[0].rstrip()
    body = first[: first.rindex("}")]
    templates = {match[2]: _group(first, match.start()) for match in _TEMPLATE.finditer(first)}
    cells = {match[1]: "" for match in _CELL.finditer(first)}
    added: list[str] = []
    new_templates: list[str] = []
    for text in texts[1:]:
        for match in _TEMPLATE.finditer(text):
            group = _group(text, match.start())
            before = templates.get(match[2])
            if before is None:
                templates[match[2]] = group
                new_templates.append(group)
            elif before.split() != group.split():
                raise InputError(
                    f"{name}: template {match[2]} differs between the files of one corner; merge them by hand"
                )
        for match in _CELL.finditer(text):
            if match[1] in cells:
                raise InputError(f"{name}: cell {match[1]} stands in two files of one corner; merge them by hand")
            cells[match[1]] = ""
            added.append(_group(text, match.start()))
    start = _CELL.search(body)
    cut = start.start() if start else len(body)
    return "\n".join([body[:cut], *new_templates, body[cut:], *added, "}", ""])


def _group(text: str, start: int) -> str:
    """Return the group that begins at ``start``, to its closing brace; braces inside quotes do not count."""
    depth, quoted = 0, False
    for position in range(text.index("{", start), len(text)):
        character = text[position]
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return text[start : position + 1]
    raise InputError(f"a Liberty group is not closed: {text[start : start + 60]!r}")


def _parts(path: Path) -> list[str]:
    return re.split(r"_+", re.sub(r"\.lib(\.gz)?$", "", path.name))


def _skeleton(path: Path) -> tuple[str, ...]:
    return tuple(part for part in _parts(path) if not _is_varying(part))


def _is_varying(part: str) -> bool:
    return bool(
        _corner_of([part]) or part.upper() in _FLAVOURS or _VOLTAGE_PART.match(part) or _TEMPERATURE_PART.match(part)
        or _DATE_PART.match(part)
    )  # fmt: skip


def _corner_of(parts: Iterable[str]) -> str:
    for part in parts:
        for corner, names in _CORNERS.items():
            if part.lower() in names:
                return corner
    return ""


def _describe(path: Path) -> LibraryFile:
    text = liberty_text(path, _HEADER)
    voltage, temperature = _VOLTAGE.search(text), _TEMPERATURE.search(text)
    if voltage is None:
        raise InputError(f"{path}: states no nom_voltage; the supply of a library must be known")
    heat = float(temperature[1]) if temperature else None
    return LibraryFile(path, flavour_of(path), _corner_of(_parts(path)), heat, round(float(voltage[1]), 4))
