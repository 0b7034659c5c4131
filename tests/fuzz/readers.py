"""Every reader of finevh as a function of one file, with the seeds of its format."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from finevh.base.archive import load_columns, save_columns
from finevh.base.tcl import parse_script
from finevh.characterization.cells.foreign import read_subcircuits, to_resistors, to_transistors
from finevh.characterization.cells.table import load_fillers, load_topologies
from finevh.characterization.process import load_process
from finevh.characterization.publish.physical import load_headers
from finevh.characterization.record import CellRecord, Pin, load_record, save_record
from finevh.checks import Checks
from finevh.constraints.sdc import read_sdc
from finevh.errors import InputError
from finevh.flow.engine.stage import RunDirectory, Stage
from finevh.flow_file import read_flow
from finevh.layout.formats.def_read import read_def
from finevh.layout.supply.header_table import read_header_table
from finevh.netlist import read_spef, read_verilog
from finevh.netlist.model import Netlist
from finevh.openroad.run import read_power
from finevh.power import read_saif, read_vcd
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.power.simulation.memory import read_hex
from finevh.report import build_report
from finevh.synthesis.sources import read_manifest as read_file_list
from finevh.synthesis.special_cells import find_special_cells
from finevh.technology.cross import read_cross_file, write_cross_file
from finevh.technology.lef import read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.liberty.boolean import parse_boolean
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology
from finevh.technology.platform.makefile import read_makefile
from finevh.timing.report import read_voltages
from tests.fuzz import seeds
from tests.power.tiny import technology
from tests.technology.test_load import cross_file

Read = Callable[[Path], object]


@dataclass(frozen=True)
class Reader:
    """``read`` takes a file called ``name``; whatever is in it, it returns or raises InputError."""

    name: str
    read: Read
    seeds: tuple[bytes, ...]
    weight: int = 1
    """Share of the mutants."""


@lru_cache(maxsize=1)
def library() -> Technology:
    return replace(technology(), cross=None)


@lru_cache(maxsize=1)
def design() -> Netlist:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "top.v"
        path.write_text(seeds.VERILOG)
        return read_verilog(path, library(), "top")


def _encoded(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode("utf-8") for text in texts)


def _made(make: Callable[[Path], object], name: str) -> tuple[bytes, ...]:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / name)
        return ((Path(folder) / name).read_bytes(),)


def _flow(path: Path) -> object:
    (path.parent / "d.v").touch()
    (path.parent / "lib").mkdir(exist_ok=True)
    return read_flow(path)


def _spice(path: Path) -> object:
    rails = {"VPWR": "VDD", "VGND": "VSS"}
    for circuit in read_subcircuits(path).values():
        to_transistors(circuit, {"std": ("nfet", "pfet")}, rails, 1e6)
        to_resistors(circuit, {"poly": 48.2}, rails)
    return None


def _file_list(path: Path) -> object:
    (path.parent / "include").mkdir(exist_ok=True)
    for name in ("a.sv", "b.v"):
        (path.parent / name).touch()
    return read_file_list(path, {"ROOT": str(path.parent)})


def _functions(path: Path) -> object:
    return [parse_boolean(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]


def _script(path: Path) -> object:
    return list(parse_script(path.read_text(encoding="utf-8", errors="replace")))


def _headers(path: Path) -> object:
    return load_headers(path)


@lru_cache(maxsize=1)
def _process():
    return load_process(seeds.REPOSITORY / "libs" / "finevh45" / "technology.toml")


def _technology_file(path: Path) -> object:
    read_manifest(path)
    return load_process(path)


def _cells(path: Path) -> object:
    load_fillers(path)
    return load_topologies(path, _process().devices)


def _stage(path: Path) -> object:
    folder = path.parent / "01-one"
    folder.mkdir(exist_ok=True)
    (folder / "stage.json").write_bytes(path.read_bytes())
    (folder / "metrics.json").write_text("{}\n")
    record = RunDirectory(path.parent, [Stage("one", lambda context: {}, (), lambda flow: 0)]).record("one")
    if record is None:
        raise InputError("the stage would run again")
    return record


def _points(path: Path) -> object:
    folder = path.parent / "run"
    folder.mkdir(exist_ok=True)
    (folder / "operating_points.csv").write_bytes(path.read_bytes())
    return build_report(folder)


def _checks(path: Path) -> object:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(str(error)) from None
    return Checks.from_dict(data)


def _record(path: Path) -> None:
    row = CellRecord("INV", "PB0", 0.8, 125.0, (Pin("A", "input", "", False),), (), (), (), (), (), (), ())
    save_record(row, path)


@dataclass(frozen=True)
class _Columns:
    values: np.ndarray
    names: tuple[str, ...]


def _all() -> list[Reader]:
    quick = (seeds.REPOSITORY / "libs" / "finevh45" / "technology.toml").read_bytes()
    cells = (seeds.REPOSITORY / "libs" / "cells" / "standard.toml").read_bytes()
    headers = (seeds.REPOSITORY / "libs" / "cells" / "headers.toml").read_bytes()
    cross = _made(lambda path: write_cross_file(cross_file(), path), "x.npz")
    liberty = _encoded(*seeds.LIBERTY, seeds.shipped_cells("INV_X1", "DFF_X1"))
    columns = _made(lambda path: save_columns(path, _Columns(np.arange(40.0), ("a", "b"))), "c.npz")
    return [
        Reader("top.v", lambda path: read_verilog(path, library()), _encoded(seeds.VERILOG), 6),
        Reader("top.spef", lambda path: read_spef(path, design(), Checks()), _encoded(seeds.SPEF), 6),
        Reader("top.sdc", read_sdc, _encoded(seeds.SDC), 6),
        Reader("cells.lib", read_liberty, liberty, 6),
        Reader("special.lib", lambda path: find_special_cells([path]), liberty[:2], 2),
        Reader("cells.lef", lambda path: read_lef([path]), _encoded(seeds.LEF), 6),
        Reader("top.def", read_def, _encoded(seeds.DEF), 6),
        Reader("top.vcd", lambda path: read_vcd(path, design(), clock="clk"), _encoded(seeds.OWN_VCD, seeds.EVCD), 4),
        Reader("top.saif", lambda path: read_saif(path, design(), clock="clk"), _encoded(seeds.OWN_SAIF), 4),
        Reader("program.hex", read_hex, _encoded(seeds.HEX), 2),
        Reader(
            "p.csv", lambda path: read_probabilities(path, design()), _encoded(seeds.PROBABILITIES, seeds.PATTERNS), 2
        ),
        Reader("v.csv", lambda path: read_voltages(path, design(), library()), _encoded(seeds.VOLTAGES), 2),
        Reader("flow.toml", _flow, _encoded(seeds.FLOW), 3),
        Reader("technology.toml", _technology_file, (quick,), 2),
        Reader("cells.toml", _cells, (cells,)),
        Reader("headers.toml", _headers, (headers,)),
        Reader("headers.csv", read_header_table, _encoded(seeds.HEADERS_CSV)),
        Reader("config.mk", lambda path: read_makefile(path, {"PLATFORM_DIR": "/p"}), _encoded(seeds.MAKEFILE), 3),
        Reader("files.f", _file_list, _encoded(seeds.FILE_LIST)),
        Reader("cell.spice", _spice, _encoded(seeds.SPICE), 2),
        Reader("functions", _functions, _encoded(*seeds.FUNCTIONS), 2),
        Reader("script.tcl", _script, _encoded(seeds.TCL), 2),
        Reader("stage.json", _stage, _encoded(seeds.STAGE)),
        Reader("power.json", read_power, _encoded(seeds.POWER_JSON)),
        Reader("checks.json", _checks, _encoded(seeds.CHECKS_JSON)),
        Reader("record.json.gz", load_record, _made(_record, "r.json.gz")),
        Reader("cross.npz", read_cross_file, cross),
        Reader("columns.npz", lambda path: load_columns(path, _Columns), columns),
        Reader(
            "packed.v.gz",
            lambda path: read_verilog(path, library()),
            (_zip("x" * 99), _zip(seeds.VERILOG)),
        ),
        Reader("packed.lib.gz", read_liberty, (_zip(seeds.LIBERTY[0]),)),
        Reader("packed.spef.gz", lambda path: read_spef(path, design(), Checks()), (_zip(seeds.SPEF),)),
        Reader("packed.vcd.gz", lambda path: read_vcd(path, design(), clock="clk"), (_zip(seeds.OWN_VCD),)),
    ]


def _zip(text: str) -> bytes:
    return gzip.compress(text.encode("utf-8"), mtime=0)


@lru_cache(maxsize=1)
def readers() -> dict[str, Reader]:
    """All readers by name."""
    return {reader.name: reader for reader in _all()}
