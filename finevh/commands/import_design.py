"""``finevh import``: the result folder of another flow to a flow file; nothing is copied, nothing there is changed.

Layouts that are known: OpenROAD-flow-scripts (``results/PLATFORM/DESIGN/VARIANT/6_final.*``), LibreLane and OpenLane 2
(``runs/TAG/final/{def,nl,pnl,spef,sdc}``), OpenLane 1 (``results/final/{def,verilog/gl,spef,sdc}``), else any folder that holds
one DEF and one netlist of the same name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from finevh.base.files import read_input, write_whole
from finevh.base.packed import unpack
from finevh.base.share import LIBRARIES, shared, technology_names
from finevh.base.toml import toml_value
from finevh.constraints import Constraints, read_sdc
from finevh.errors import InputError
from finevh.flow_file import schema_line
from finevh.layout.formats.def_read import read_def
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.technology import load_technology
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology

_ZIPPED = ("", ".gz")
_NOMINAL = ("nom", "typ", "tt")
_MODULE = re.compile(rb"^\s*module\s+(\\\S+|\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """Result files of another flow."""

    kind: str
    """Whose layout the folder has."""
    layout: Path
    netlist: Path
    spef: Path | None
    sdc: Path | None
    platform: str = ""
    """Name of the technology there, where the folder tells."""


def find_results(path: Path) -> Found:
    """Find the files of a placed design below a folder.

    Raises
    ------
    InputError
        If there are none, or those of several designs: all are named.
    """
    if not path.is_dir():
        raise InputError(
            f"{path}: no such folder; give the result folder of a flow, or the folder of a DEF and a netlist"
        )
    found = [*_orfs(path), *_librelane(path), *_openlane(path)] or [*_loose(path)]
    if not found:
        raise InputError(
            f"{path}: no placed design below: neither 6_final.def (OpenROAD-flow-scripts), nor final/def/*.def (LibreLane), nor a"
            " DEF with a netlist of its name; write the DEF with 'write_def' where only a database is kept"
        )
    if len(found) > 1:
        names = "; ".join(str(one.layout.parent) for one in found[:10])
        raise InputError(f"{path}: {len(found)} placed designs below; give the folder of one: {names}")
    return found[0]


def _first(*candidates: Path) -> Path | None:
    """The first file that exists, zipped or not."""
    for candidate in candidates:
        for suffix in _ZIPPED:
            file = candidate.with_name(candidate.name + suffix)
            if file.is_file():
                return file
    return None


def _below(path: Path, pattern: str) -> list[Path]:
    return sorted(file for suffix in _ZIPPED for file in path.rglob(pattern + suffix) if file.is_file())


def _orfs(path: Path) -> Iterator[Found]:
    for layout in _below(path, "6_final.def"):
        folder = layout.parent
        netlist = _first(folder / "6_final.v")
        if netlist is None:
            raise InputError(f"{folder}: 6_final.def without 6_final.v; run the flow's finish step again")
        parts = folder.resolve().parts
        platform = parts[parts.index("results") + 1] if "results" in parts[:-1] else ""
        yield Found(
            "OpenROAD-flow-scripts",
            layout,
            netlist,
            _first(folder / "6_final.spef"),
            _first(folder / "6_final.sdc"),
            platform,
        )


def _librelane(path: Path) -> Iterator[Found]:
    def netlists(final: Path) -> bool:
        return (final / "nl").is_dir() or (final / "pnl").is_dir()

    finals = [path] if (path / "def").is_dir() and netlists(path) else sorted(path.rglob("final"))
    for final, layout, name in _one_layout(filter(netlists, finals)):
        netlist = _first(final / "nl" / f"{name}.nl.v", final / "pnl" / f"{name}.pnl.v")
        if netlist is None:
            raise InputError(f"{final}: a DEF without nl/{name}.nl.v; the run has no netlist")
        yield Found("LibreLane", layout, netlist, *_spef_and_sdc(final, name), _pdk(final.parent))


def _one_layout(finals: Iterable[Path]) -> Iterator[tuple[Path, Path, str]]:
    """Folders of results with exactly one DEF, that DEF, and the design's name."""
    for final in finals:
        layouts = _below(final / "def", "*.def") if (final / "def").is_dir() else []
        if len(layouts) == 1:
            yield final, layouts[0], layouts[0].name.removesuffix(".gz").removesuffix(".def")


def _spef_and_sdc(final: Path, name: str) -> tuple[Path | None, Path | None]:
    spefs = _below(final / "spef", "*.spef") if (final / "spef").is_dir() else []
    return _nominal(spefs), _first(final / "sdc" / f"{name}.sdc")


def _pdk(run: Path) -> str:
    """Cell library of a LibreLane run, from its resolved configuration."""
    file = run / "resolved.json"
    try:
        data = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {error}; the run is damaged") from error
    return str(data.get("STD_CELL_LIBRARY", "")) if isinstance(data, dict) else ""


def _openlane(path: Path) -> Iterator[Found]:
    finals = [path] if (path / "verilog" / "gl").is_dir() else sorted(path.rglob("final"))
    for final, layout, name in _one_layout(folder for folder in finals if (folder / "verilog" / "gl").is_dir()):
        netlist = _first(final / "verilog" / "gl" / f"{name}.nl.v", final / "verilog" / "gl" / f"{name}.v")
        if netlist is None:
            raise InputError(f"{final}: a DEF without verilog/gl/{name}.v; the run has no netlist")
        library = _library_of_tcl(final.resolve().parents[1])
        yield Found("OpenLane", layout, netlist, *_spef_and_sdc(final, name), library)


def _library_of_tcl(run: Path) -> str:
    """Cell library of an OpenLane 1 run, from the configuration that it writes out."""
    file = run / "config.tcl"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    match = re.search(r"^\s*set\s+::env\(STD_CELL_LIBRARY\)\s+[\"{]?([\w.-]+)", text, re.MULTILINE)
    return match.group(1) if match is not None else ""


def _nominal(spefs: Sequence[Path]) -> Path | None:
    """The parasitics of the nominal corner; the only ones where there is one."""
    for word in _NOMINAL:
        for file in spefs:
            if word in file.parent.name.split("_") or f".{word}." in file.name:
                return file
    return spefs[0] if len(spefs) == 1 else None


def _loose(path: Path) -> Iterator[Found]:
    for layout in _below(path, "*.def"):
        stem = layout.name.removesuffix(".gz").removesuffix(".def")
        netlist = _first(layout.with_name(f"{stem}.v"), layout.with_name(f"{stem}.nl.v"))
        if netlist is not None:
            yield Found(
                "a folder of DEF and netlist",
                layout,
                netlist,
                _first(layout.with_name(f"{stem}.spef")),
                _first(layout.with_name(f"{stem}.sdc")),
            )


def import_design(
    path: Path, output: Path | None, technology: str | None, tiles: int, say: Callable[[str], None]
) -> Path:
    """Write the flow file of a placed design found in a folder; return it.

    Parameters
    ----------
    technology : name of one that ships, or a folder; found from what the folder tells where None.
    say : told what was found, line by line.

    Raises
    ------
    InputError
        No placed design or several; no technology; files that contradict each other or cannot be read.
    """
    found = find_results(path)
    say(f"{found.kind}: {found.layout}")
    say(
        f"netlist {found.netlist}; parasitics {found.spef or 'none: wires are estimated'}; constraints {found.sdc or 'none'}"
    )
    named = technology or _technology_of(found)
    library = _load(named)
    layout = read_def(found.layout)
    name = layout.design or _only_module(found.netlist)
    netlist = read_verilog(found.netlist, library, name)
    say(f"{name}: {netlist.n_cells} cells, {len(netlist.port_names)} ports; technology {named}")
    clock, period = _clock(found, library, netlist)
    file = output or Path(f"{_word(name)}.toml")
    if file.exists():
        raise InputError(f"{file}: exists; choose another name with -o or remove it")
    write_whole(file, _text(found, name, named, library, clock, period, tiles))
    return file


def _technology_of(found: Found) -> str:
    known = technology_names()
    plain = found.platform.lower().replace("-", "_")
    for name in known:
        if plain and (plain == name or plain.startswith(f"{name}_") or name.startswith(plain)):
            return name
    told = f" ('{found.platform}' there)" if found.platform else ""
    raise InputError(
        f"{found.layout.parent}: the folder does not tell a technology that ships{told}; give --technology, one of"
        f" {', '.join(known)} or the folder that 'finevh platform add' made of the flow's platform"
    )


def _load(named: str) -> Technology:
    folder = shared(LIBRARIES, named) if named in technology_names() else Path(named)
    file = folder / "technology.toml" if folder.is_dir() else folder
    if not file.is_file():
        raise InputError(
            f"--technology {named}: no such technology; there are {', '.join(technology_names())}, or a folder"
        )
    manifest = read_manifest(file)
    return load_technology(file, variants=[manifest.published()[0].name])


def _only_module(netlist: Path) -> str:
    try:
        names = _MODULE.findall(unpack(read_input(netlist)))
    except OSError as error:
        raise InputError(f"{netlist}: cannot be read ({error}); copy the file again") from None
    if len(names) != 1:
        raise InputError(f"{netlist}: {len(names)} modules, and the DEF names no DESIGN; write its name there")
    return str(names[0].decode("latin-1"))


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _clock(found: Found, technology: Technology, netlist: Netlist) -> tuple[str, float]:
    """Port and period, ps, of the first clock on a port."""
    if found.sdc is None:
        raise InputError(
            f"{found.layout.parent}: no SDC beside the layout; write at least 'create_clock -period 1 [get_ports clk]' to"
            f" {found.layout.name.removesuffix('.gz').removesuffix('.def')}.sdc there"
        )
    constraints: Constraints = read_sdc(found.sdc, *technology.units, netlist=netlist)
    for clock in constraints.clocks:
        for source in clock.sources:
            for pattern in source.patterns:
                if pattern in netlist.port_names:
                    return pattern, clock.period
    raise InputError(f"{found.sdc}: no create_clock on a port of {netlist.name}")


def _text(found: Found, name: str, named: str, technology: Technology, clock: str, period: float, tiles: int) -> str:
    low, high = float(technology.vdds[0]), float(technology.vdds[-1])
    files = {"def": found.layout, "netlist": found.netlist, "spef": found.spef, "sdc": found.sdc}
    placed = ", ".join(f"{key} = {toml_value(str(file.resolve()))}" for key, file in files.items() if file is not None)
    path = named if named in technology_names() else str(Path(named).resolve())
    steps = _step(low, high)
    return "\n".join(
        [
            schema_line(),
            f"# {_word(name)}: made by finevh import from a run of {found.kind}; every key is explained in docs/flow_file.md.",
            "seed = 1",
            "",
            "[design]",
            f"name = {toml_value(_word(name))}",
            f"top = {toml_value(name)}",
            f"placed = {{ {placed} }}",
            "",
            "[technology]",
            f"path = {toml_value(path)}",
            "",
            "[clock]",
            f"port = {toml_value(clock)}",
            f"period = {toml_value(f'{period:g} ps')}    # of the constraints",
            "# ports_follow_tree = true    # where the ports' clock has the tree's latency at one supply: as late as the tree",
            "",
            "[floorplan]",
            f"tiles = {tiles}    # laid over the given places; what a border makes move is counted",
            "",
            "[activity]",
            '# Random data; better is a recording of this netlist: vcd = "..." or saif = "...".',
            "cycles = 1000",
            '# reset = "!rst_n"',
            "",
            "[schemes]",
            f"vdd_min = {toml_value(f'{low:g} V')}",
            f"vdd_max = {toml_value(f'{high:g} V')}",
            f"ideal_step = {toml_value(f'{steps:g} V')}",
            f"delta_vdd = [{toml_value(f'{steps:g} V')}]",
            'variants = ["pb0"]    # pb0, pb, vt: as far as the technology has their cells',
            'selectors = ["greedy"]',
            "",
        ]
    )


def _step(low: float, high: float) -> float:
    """A step of about 0.1 V that divides the range."""
    span = high - low
    return round(span / max(1, round(span / 0.1)), 6)
