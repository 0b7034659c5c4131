"""The command line as a reader: each verb on files of which one is a mutant, judged by its exit status and its message."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from finevh.base.quoting import visible
from finevh.cli import run_command
from finevh.errors import DefectError, InputError
from oracles import tiny_design
from tests.fuzz import seeds
from tests.fuzz.readers import Reader
from tests.technology.platform import test_platform as kit

SHIPPED = seeds.REPOSITORY / "libs" / "finevh45"
NETLIST = """module top (clk, a, y); input clk, a; output y; wire n;
  DFF_X1 r (.D(a), .CK(clk), .Q(n)); INV_X1 u (.A(n), .ZN(y)); endmodule
"""
SDC = "create_clock -name clk -period 2 [get_ports clk]\nset_input_delay 0.1 -clock clk [get_ports a]\n"
SPEF = """*SPEF "IEEE 1481-1998"
*DIVIDER /
*DELIMITER :
*T_UNIT 1 NS
*C_UNIT 1 PF
*R_UNIT 1 KOHM
*D_NET n 0.003
*CONN
*I r:Q O
*I u:A I
*CAP
1 u:A 0.003
*RES
1 r:Q u:A 0.1
*END
*D_NET clk 0.001
*CONN
*P clk I
*I r:CK I
*CAP
1 r:CK 0.001
*RES
1 clk r:CK 0.1
*END
*D_NET a 0.001
*CONN
*P a I
*I r:D I
*CAP
1 r:D 0.001
*RES
1 a r:D 0.1
*END
*D_NET y 0.001
*CONN
*I u:ZN O
*P y O
*CAP
1 y 0.001
*RES
1 u:ZN y 0.1
*END
"""
MAP = "instance,vdd\n*,0.6\n"
PROBABILITIES = "net,probability\na,0.5\nclk,0.5\n"


def call(arguments: Sequence[str]) -> int:
    """Run a command line; anything but an answer, a message and a status of the contract is a defect."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_command(list(arguments))
    said = err.getvalue()
    if status not in (0, 1, 2, 3) or "a defect of finevh" in said or "Traceback" in said:
        raise DefectError(f"status {status}: {said[:300]}")
    if "the memory of this machine does not suffice" in said:
        # A fault in a small file: the harness bounds what a command may take.
        raise DefectError(said)
    if visible(said) != said or visible(out.getvalue()) != out.getvalue():
        raise DefectError("a raw escape sequence was printed")
    if status == 2:
        raise InputError(said)
    return status


def _sta(path: Path, **replaced: Path) -> int:
    files = {}
    for name, text in (("netlist", NETLIST), ("sdc", SDC), ("spef", SPEF), ("liberty", _liberty()), ("voltages", MAP)):
        files[name] = path.parent / f"whole.{name}"
        if name not in replaced and not files[name].exists():
            files[name].write_text(text, encoding="utf-8")
    files |= replaced
    return call(
        ["sta", "--top", "top", "--json", *(word for name, file in files.items() for word in (f"--{name}", str(file)))]
    )


def _leakage(path: Path, **replaced: Path) -> int:
    files = {}
    for name, text in (("netlist", NETLIST), ("voltages", MAP), ("probabilities", PROBABILITIES)):
        files[name] = path.parent / f"whole.{name}"
        if name not in replaced and not files[name].exists():
            files[name].write_text(text, encoding="utf-8")
    files |= replaced
    words = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    return call(["leakage", "--top", "top", "--technology", str(SHIPPED), "--json", *words])


@lru_cache(maxsize=1)
def _liberty() -> str:
    return seeds.shipped_cells("INV_X1", "DFF_X1")


def _flow(path: Path) -> int:
    ports = "input clk, input rst, input scan, output reg q"
    (path.parent / "d.v").write_text(f"module d ({ports}); always @(posedge clk) q <= ~q; endmodule\n")
    lib = path.parent / "lib"
    if not lib.exists():
        lib.symlink_to(SHIPPED)
    return call(["tcl", str(path), "-o", str(path.parent / "tcl")])


def _platform(path: Path) -> int:
    folder = path.parent / "platform"
    if not folder.exists():
        kit.write_platform(folder, "std_typ_1p20V_25C.lib", kit.NAMES)
        kit.write_library(folder / "lib", "std_typ_1p20V_25C.lib", 1.2, 25, kit.CELLS)
    (folder / "config.mk").write_bytes(path.read_bytes())
    return call(["platform", "add", str(folder), "-o", str(path.parent / "out")])


def _characterize(path: Path) -> int:
    """Up to the plan and a simulator that fails at once."""
    tools = path.parent / "tools"
    if not tools.exists():
        tools.mkdir()
        (tools / "ngspice").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tools / "ngspice").chmod(0o755)
    words = ["--cell", "INV", "--variant", "PB0", "--vdd", "0.9", "-j", "1", "-o", str(path.parent / "records")]
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = str(tools)
    try:
        return call(["characterize", str(path), *words])
    finally:
        os.environ["PATH"] = before


def _in_run(path: Path, name: str, *words: str) -> int:
    """A verb on a finished run of which a file is replaced; its other files are hard links, which nothing writes through."""
    folder = path.parent / "run"
    if not folder.exists():
        shutil.copytree(tiny_design.finished_run(), folder, copy_function=os.link)
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_bytes(path.read_bytes())
    return call([word.format(run=folder) for word in words])


def _results(path: Path, name: str) -> int:
    """A comparison of two folders of results, copied without the stages that would tell that a file was changed."""
    for place in ("one", "other"):
        folder = path.parent / place
        if not folder.exists():
            folder.mkdir()
            for part in ("flow.toml", "metrics.json", "operating_points.csv"):
                shutil.copyfile(tiny_design.finished_run() / part, folder / part)
    (path.parent / "one" / name).write_bytes(path.read_bytes())
    names = [str(path.parent / place) for place in ("one", "other")]
    return call(["report", *names, "-o", str(path.parent / "page.html")])


def _bias(path: Path) -> int:
    (path.parent / "bias.sdc").write_text(SDC + "set_output_delay 0.1 -clock clk [get_ports y]\n")
    words = ["--netlist", str(path), "--top", "top", "--sdc", str(path.parent / "bias.sdc"), "--json"]
    return call(["bias", *words, "--technology", str(SHIPPED), "-o", str(path.parent / "out.v")])


def _import(path: Path, whole: dict[str, bytes]) -> int:
    folder = path.parent / "placed"
    folder.mkdir(exist_ok=True)
    for name, data in whole.items():
        (folder / name).write_bytes(data)
    (folder / path.name).write_bytes(path.read_bytes())
    output = path.parent / "imported.toml"
    output.unlink(missing_ok=True)
    return call(["import", str(folder), "--technology", str(SHIPPED), "-o", str(output)])


def _text(text: str) -> tuple[bytes, ...]:
    return (text.encode("utf-8"),)


@lru_cache(maxsize=1)
def cli_readers() -> dict[str, Reader]:
    """One entry per verb and file."""
    cells = (SHIPPED / "technology.toml").read_bytes()
    whole, run = _text(_liberty()), tiny_design.finished_run()
    placed = {name: (run / "out" / name).read_bytes() for name in ("tiny.def", "tiny.v", "tiny.spef", "tiny.sdc")}
    found = [
        Reader("sta.v", lambda path: _sta(path, netlist=path), _text(NETLIST), 3),
        Reader("sta.sdc", lambda path: _sta(path, sdc=path), _text(SDC), 3),
        Reader("sta.spef", lambda path: _sta(path, spef=path), _text(SPEF), 3),
        Reader("sta.lib", lambda path: _sta(path, liberty=path), whole, 3),
        Reader("sta.csv", lambda path: _sta(path, voltages=path), _text(MAP)),
        Reader("leakage.v", lambda path: _leakage(path, netlist=path), _text(NETLIST), 2),
        Reader("leakage.csv", lambda path: _leakage(path, probabilities=path), _text(PROBABILITIES)),
        Reader("bias.v", _bias, _text(NETLIST)),
        Reader("flow.toml", _flow, _text(seeds.FLOW), 2),
        Reader(
            "config.mk", _platform, _text(kit.CONFIG.format(library="std_typ_1p20V_25C.lib", more="export STACK = two"))
        ),
        Reader("technology.toml", _characterize, (cells.replace(b'"../cells', f'"{SHIPPED.parent}/cells'.encode()),)),
        Reader(
            "points.csv", lambda path: _results(path, "operating_points.csv"), _file(run / "operating_points.csv"), 2
        ),
        Reader("metrics.json", lambda path: _results(path, "metrics.json"), _file(run / "metrics.json")),
    ]
    in_run = {
        "stage.json": ("07-polybias/stage.json", "emulate", "{run}", "--freq", tiny_design.FREQUENCY),
        "emulate.toml": ("flow.toml", "emulate", "{run}", "--freq", tiny_design.FREQUENCY),
        "checks.json": ("checks.json", "emulate", "{run}", "--freq", tiny_design.FREQUENCY),
        "provenance.json": ("provenance.json", "metrics", "{run}"),
        "report.json": ("09-export/stage.json", "report", "{run}"),
    }
    found += [
        Reader(name, lambda path, given=given: _in_run(path, *given), _file(run / given[0]))
        for name, given in in_run.items()
    ]
    found += [
        Reader(name, lambda path: _import(path, placed), (data,))
        for name, data in placed.items()
        if name != "tiny.spef"
    ]
    return {reader.name: reader for reader in found}


def _file(path: Path) -> tuple[bytes, ...]:
    return (path.read_bytes(),)
