"""A technology from a platform folder of OpenROAD-flow-scripts: config.mk, LEF, Liberty and setRC in, technology.toml out."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from finevh.base.children import end_with_parent
from finevh.base.files import read_input_text, write_whole
from finevh.base.quoting import plain_name
from finevh.base.toml import toml_value
from finevh.base.tools import TCLSH, require
from finevh.errors import InputError
from finevh.technology.cross import write_cross_file
from finevh.technology.cross.slope import slope_cross_file
from finevh.technology.lef import Lef, read_lef
from finevh.technology.load import load_technology
from finevh.technology.manifest import vdd_label
from finevh.technology.model import Layer, Technology
from finevh.technology.platform.liberty_files import (
    LibraryFile,
    choose_corner,
    find_libraries,
    flavour_of,
    liberty_text,
    merge_liberty,
)
from finevh.technology.platform.makefile import Makefile, read_makefile

__all__ = ["PlatformResult", "add_platform"]

_RC_DRIVER = Path(__file__).with_name("rc.tcl")
_CAPACITANCE = re.compile(r"capacitive_load_unit\s*\(\s*\"?([0-9.eE+-]+)\"?\s*,\s*\"?([a-zA-Z]+)\"?\s*\)")
_RESISTANCE = re.compile(r"pulling_resistance_unit\s*:\s*\"?\s*([0-9.]+)\s*([a-zA-Z]+)\s*\"?")
_FARAD = {"ff": 1.0, "pf": 1e3}  # fF
_OHM = {"ohm": 1.0, "kohm": 1e3}  # ohm
_PATIENCE = 15.0  # s; the reader itself stops a file that runs for more than five
_MEMORY = 512 << 20  # bytes
_LONGEST = 500  # characters of a message
_PLAUSIBLE = 30.0  # ratio of two wire resistances of one layer beyond which their units differ
_FLAVOURS_ASKED = "RVT LVT SLVT"
"""Vth flavours of a platform that can give several; the first is the one that netlists are mapped to."""


@dataclass(frozen=True)
class PlatformResult:
    """``folder`` holds the new technology.toml; ``notes`` say what was chosen, and what the platform cannot give."""

    folder: Path
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Platform:
    """What the folder says: files, site, wire constants in ohm/um and fF/um, special cells by name or pattern."""

    name: str
    tech_lef: Path
    cell_lefs: tuple[Path, ...]
    libraries: tuple[Path, ...]
    site: str
    set_rc: Path | None
    environment: dict[str, str]
    special: dict[str, tuple[str, ...]]


def add_platform(
    path: Path,
    output: Path | None = None,
    name: str | None = None,
    *,
    corner: str | None = None,
    leakage_slope: float | None = None,
) -> PlatformResult:
    """Make a technology from a platform folder.

    Parameters
    ----------
    path
        Folder with ``config.mk`` (as in OpenROAD-flow-scripts ``flow/platforms/<name>``), or one with nothing but LEF and
        Liberty files. Its files are referred to, not copied; only libraries that must be merged are written anew.
    output
        Folder of the new technology; ``technologies/<name>`` below the working directory when not given.
    name
        Name of the technology; the folder's when not given.
    corner
        ``slow``, ``typ`` or ``fast``; when not given the corner with the most supply voltages.
    leakage_slope
        V per decade: derive leakage derates between supplies from this slope, marked as derived in the technology's name.

    Returns
    -------
    PlatformResult
        The folder and what a user must know, the absence of cross-voltage tables foremost.

    Raises
    ------
    InputError
        If files are missing or contradict each other; the message names them.
    ToolMissingError
        If ``setRC.tcl`` must be read and there is no ``tclsh``.
    """
    if not path.is_dir():
        example = "OpenROAD-flow-scripts/flow/platforms/sky130hd"
        raise InputError(f"{path}: no such folder; give a platform folder, for example {example}")
    platform = _read_platform(path, name)
    # A flavour that the platform's own flow does not use (memory cells, say) is no variant.
    used = list(dict.fromkeys(flavour_of(path) for path in platform.libraries))
    chosen = choose_corner([each for each in find_libraries(platform.libraries) if each.flavour in used], corner)
    notes = _corner_notes(chosen)
    folder = output or Path("technologies") / platform.name
    folder.mkdir(parents=True, exist_ok=True)
    flavours = [flavour for flavour in used if any(library.flavour == flavour for library in chosen)]
    views, variants = _views(platform, chosen, flavours, folder)
    lef = read_lef([platform.tech_lef, *platform.cell_lefs])
    layers = _layers(platform, lef, chosen[0].path, notes)
    stated = platform.name if leakage_slope is None else f"{platform.name}-derived-slope-{leakage_slope * 1e3:g}mV"
    text = _toml(stated, platform, folder, views, variants, layers, None, None)
    target = folder / "technology.toml"
    write_whole(target, text)
    technology = load_technology(target)
    roles = _roles(technology, platform, lef)
    cross = None
    if leakage_slope is not None and len(technology.vdds) > 1:
        cross = f"derived_slope_{leakage_slope * 1e3:g}mV.npz"
        write_cross_file(slope_cross_file(replace(technology, roles=roles), leakage_slope), folder / cross)
        notes.append(
            f"leakage derates are derived from a slope of {leakage_slope * 1e3:g} mV/decade, not characterised; "
            f"the technology is called '{stated}' so that every table says so; delays have no driver derates"
        )
    elif len(technology.vdds) > 1:
        notes.append(
            "no cross-voltage tables: cells driven from another supply get no leakage or delay derates, which is "
            "optimistic; characterise the cells, or give a leakage slope to derive marked estimates"
        )
    write_whole(target, _toml(stated, platform, folder, views, variants, layers, roles, cross))
    load_technology(target)
    if not roles.get("header"):
        notes.append("no Vdd-MUX cell: floorplans reserve no switches, tiles are powered directly")
    return PlatformResult(folder, tuple(notes))


def _read_platform(path: Path, name: str | None) -> _Platform:
    title = plain_name(name or path.resolve().name, "the technology (--name calls it otherwise)")
    config = path / "config.mk"
    if not config.is_file():
        return _plain_folder(path, title)
    make = read_makefile(
        config, {"PLATFORM_DIR": str(path.resolve()), "PLATFORM": path.name, "ASAP7_USE_VT": _FLAVOURS_ASKED}
    )
    tech, cells = make.value("TECH_LEF").strip(), make.words("SC_LEF")
    libraries = [Path(word) for word in make.words("LIB_FILES")]
    if not tech or not cells or not libraries:
        missing = [v for v, given in (("TECH_LEF", tech), ("SC_LEF", cells), ("LIB_FILES", libraries)) if not given]
        raise InputError(f"{config}: sets no {', '.join(missing)}; is it the config.mk of a platform?")
    # Additional LEFs may belong to macros that are not here; those of other Vth flavours must be.
    lefs = [Path(word) for word in (*cells, *make.words("ADDITIONAL_LEFS"))]
    set_rc = Path(make.value("RC_FILE").strip() or make.value("SET_RC_TCL").strip() or path / "setRC.tcl")
    return _Platform(
        name=title,
        tech_lef=Path(tech),
        cell_lefs=tuple(lefs),
        libraries=tuple(libraries),
        site=make.value("PLACE_SITE").strip(),
        set_rc=set_rc if set_rc.is_file() else None,
        environment={key: make.value(key) for key in make.variables if key.isupper() and len(make.value(key)) < 200},
        special=_special_cells(make),
    )


def _special_cells(make: Makefile) -> dict[str, tuple[str, ...]]:
    return {
        "tie_high": tuple(make.words("TIEHI_CELL_AND_PORT")[:1]),
        "tie_low": tuple(make.words("TIELO_CELL_AND_PORT")[:1]),
        "buffer": tuple(make.words("MIN_BUF_CELL_AND_PORTS")[:1]),
        "fill": tuple(make.words("FILL_CELLS")),
        "dont_use": tuple(make.words("DONT_USE_CELLS")),
    }


def _plain_folder(path: Path, title: str) -> _Platform:
    """A folder of LEF and Liberty files: the LEF that defines routing layers is the technology's."""
    lefs = sorted(each for each in path.iterdir() if each.suffix in (".lef", ".tlef"))
    libraries = sorted(each for each in path.iterdir() if re.search(r"\.lib(\.gz)?$", each.name))
    tech = [
        each
        for each in lefs
        if re.search(r"^\s*TYPE\s+ROUTING\b", read_input_text(each, errors="replace"), re.MULTILINE)
    ]
    if len(tech) != 1 or len(lefs) < 2 or not libraries:
        raise InputError(
            f"{path}: no config.mk, and not one technology LEF with cell LEF and Liberty files either; give a platform folder"
        )
    cells = tuple(each for each in lefs if each != tech[0])
    return _Platform(title, tech[0], cells, tuple(libraries), "", None, {}, {})


def _corner_notes(chosen: list[LibraryFile]) -> list[str]:
    vdds = sorted({library.vdd for library in chosen})
    corner = chosen[0].corner or "unnamed"
    heat = "" if chosen[0].temperature is None else f", {chosen[0].temperature:g} C"
    flavours = [library.flavour for library in chosen if library.flavour]
    notes = [f"corner {corner}{heat}: Vdd {', '.join(f'{vdd:g}' for vdd in vdds)} V"]
    if flavours:
        notes[0] += f"; variants {', '.join(dict.fromkeys(flavours))}"
    if len(vdds) == 1:
        notes.append(
            "one supply voltage at this corner: there is nothing to hop between until more libraries are added"
        )
    return notes


def _views(
    platform: _Platform, chosen: list[LibraryFile], flavours: list[str], folder: Path
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    """The ``[views]`` section and (variant, suffix): files as they are where one serves a supply, merged ones elsewhere."""
    vdds = sorted({library.vdd for library in chosen})
    views: dict[str, object] = {
        "tech_lef": _relative(platform.tech_lef, folder),
        "cell_lef": [_relative(lef, folder) for lef in platform.cell_lefs],
    }
    if len(flavours) == 1 and len(chosen) == len(vdds):
        views["liberty"] = [_relative(library.path, folder) for library in sorted(chosen, key=lambda x: x.vdd)]
        return views, [(flavours[0] or "nominal", "")]
    variants: list[tuple[str, str]] = []
    for flavour in flavours:
        suffix = ""
        for vdd in vdds:
            texts = [liberty_text(x.path) for x in chosen if x.flavour == flavour and x.vdd == vdd]
            if not texts:
                raise InputError(
                    f"variant {flavour} has no library at {vdd:g} V, others have; the Vdd axis must be complete"
                )
            label = flavour or "nominal"
            merged = merge_liberty(texts, f"{platform.name} {label} {vdd:g} V")
            suffix = _common_suffix(merged) if len(flavours) > 1 else ""
            write_whole(folder / f"cells_{label}_{vdd_label(vdd)}.lib", merged)
        variants.append((flavour or "nominal", suffix))
    views |= {"liberty": "cells_{variant}_{vdd}.lib", "vdd": vdds}
    return views, variants


def _common_suffix(text: str) -> str:
    """Return the ending that all cell names of a flavour share, from its last separator on: ``_R`` of ``INVx1_ASAP7_75t_R``."""
    names = re.findall(r"""^\s*cell\s*\(\s*"?([^"()\s]+)"?\s*\)""", text, re.MULTILINE)
    endings = {name[name.rfind("_") :] for name in names if "_" in name}
    if len(endings) != 1:
        raise InputError(
            f"cells of one Vth flavour end differently ({', '.join(sorted(endings)[:4])}); they must share a suffix"
        )
    return str(endings.pop())


def _layers(platform: _Platform, lef: Lef, library: Path, notes: list[str]) -> list[Layer]:
    """Routing layers of the LEF with the wire constants of setRC, which are in the units of the library."""
    if platform.set_rc is None:
        return []
    header = liberty_text(library, 200_000)
    capacitance, resistance = _CAPACITANCE.search(header), _RESISTANCE.search(header)
    if capacitance is None or capacitance[2].lower() not in _FARAD:
        raise InputError(f"{library}: states no capacitive_load_unit in fF or pF, the unit of {platform.set_rc.name}")
    farad = float(capacitance[1]) * _FARAD[capacitance[2].lower()]
    ohm = float(resistance[1]) * _OHM[resistance[2].lower()] if resistance else 1e3  # OpenSTA's own default is 1 kOhm
    constants: dict[str, tuple[float, float]] = {}
    for words in _set_rc_commands(platform):
        options = dict(zip(words[1::2], words[2::2], strict=False))
        if words[0] == "set_layer_rc" and "-layer" in options:
            r, c = float(options.get("-resistance", 0)) * ohm * 1e-3, float(options.get("-capacitance", 0)) * farad
            constants[options["-layer"]] = (r, c)  # kOhm/um, fF/um
    known = [layer for layer in lef.layers.values() if layer.name in constants and min(constants[layer.name]) > 0]
    layers: list[Layer] = []
    for layer in known:
        ohms, farads = constants[layer.name]
        # Metal of one layer does not change thirtyfold between LEF and setRC: then the unit is not what the library says.
        if layer.resistance > 0 and not 1 / _PLAUSIBLE < ohms / layer.resistance < _PLAUSIBLE:
            notes.append(
                f"layer {layer.name}: {platform.set_rc.name} gives {ohms * 1e3:.3g} ohm/um in the library's unit, "
                f"the LEF {layer.resistance * 1e3:.3g}; the LEF's is taken"
            )
            ohms = layer.resistance
        layers.append(replace(layer, resistance=ohms, capacitance=farads))
    return layers


def _bound_reader() -> None:
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _set_rc_commands(platform: _Platform) -> list[list[str]]:
    tclsh = require(TCLSH)
    pairs = [word for pair in platform.environment.items() for word in pair]
    try:
        done = subprocess.run(
            [tclsh, str(_RC_DRIVER), str(platform.set_rc), *pairs], preexec_fn=_bound_reader,
            capture_output=True, encoding="utf-8", errors="replace", timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InputError(f"{platform.set_rc}: does not end; it should set layers and nothing else") from None
    if done.returncode != 0:
        raise InputError(
            f"{platform.set_rc}: {done.stderr.strip()[:_LONGEST] or 'its reader was killed: too much memory'}"
        )
    return [line.split() for line in done.stdout.splitlines() if line.strip()]


def _roles(technology: Technology, platform: _Platform, lef: Lef) -> dict[str, tuple[str, ...]]:
    """Roles by function, with the platform's own choices first; names without the first variant's suffix."""
    suffix = technology.variants[0].suffix
    cells = technology.cells.index

    def base(name: str) -> str:
        return name.removesuffix(suffix) if suffix else name

    roles = dict(technology.roles)
    for role in ("tie_high", "tie_low", "buffer"):
        preferred = tuple(base(name) for name in platform.special.get(role, ()) if base(name) in cells)
        if preferred:
            roles[role] = (*preferred, *(name for name in roles.get(role, ()) if name not in preferred))
    fill = tuple(base(name) for name in platform.special.get("fill", ()) if name in lef.macros)
    if fill:
        roles["fill"] = tuple(dict.fromkeys(fill))
    avoided = _matching(platform.special.get("dont_use", ()), [(name, name + suffix) for name in cells])
    roles["dont_use"] = tuple(dict.fromkeys((*roles.get("dont_use", ()), *avoided)))
    if "clock_buffer" not in roles and roles.get("buffer"):
        roles["clock_buffer"] = roles["buffer"]
    return {role: names for role, names in roles.items() if names}


def _matching(patterns: Iterable[str], names: Iterable[tuple[str, str]]) -> list[str]:
    patterns = list(patterns)
    return [
        base
        for base, full in names
        if any(fnmatchcase(full, pattern) or fnmatchcase(base, pattern) for pattern in patterns)
    ]


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _toml(
    name: str,
    platform: _Platform,
    folder: Path,
    views: dict[str, object],
    variants: list[tuple[str, str]],
    layers: list[Layer],
    roles: dict[str, tuple[str, ...]] | None,
    cross: str | None,
) -> str:
    lines = [f"# Technology '{name}' from the platform folder '{platform.name}'; written by finevh platform add."]
    if cross is None:
        lines.append(
            "# No cross-voltage tables: nothing in it says what a cell leaks when its driver has another supply."
        )
    else:
        lines.append(f"# Cross-voltage leakage derates are DERIVED from a slope model ({cross}), not characterised.")
    lines += [f"name = {toml_value(name)}", "", "[views]"]
    lines += [f"{key} = {_value(value)}" for key, value in views.items()]
    if cross is not None:
        lines.append(f"cross_voltage = {toml_value(cross)}")
    if platform.site:
        lef = read_lef([platform.tech_lef, *platform.cell_lefs])
        if platform.site not in lef.sites:
            raise InputError(f"{platform.tech_lef}: no LEF defines the site '{platform.site}' that config.mk names")
        _, width, height = lef.sites[platform.site]
        lines += [
            "",
            "[site]",
            f"name = {toml_value(platform.site)}",
            f"width_um = {width:.6g}",
            f"height_um = {height:.6g}",
        ]
    for variant, suffix in variants:
        lines += ["", "[[variants]]", f"name = {toml_value(variant)}", f"suffix = {toml_value(suffix)}"]
    for layer in layers:
        lines += [
            "", "[[layers]]", f"name = {toml_value(layer.name)}", f'direction = "{layer.direction.lower()}"',
            f"pitch_um = {layer.pitch:.6g}", f"width_um = {layer.width:.6g}", f"spacing_um = {layer.spacing:.6g}",
            f"resistance_ohm_per_um = {layer.resistance * 1e3:.6g}", f"capacitance_ff_per_um = {layer.capacitance:.6g}",
        ]  # fmt: skip
    if roles is not None:
        lines += ["", "[roles]", *(f"{role} = {_value(list(names))}" for role, names in sorted(roles.items()))]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return f"{value:.6g}" if isinstance(value, float) else toml_value(str(value))
