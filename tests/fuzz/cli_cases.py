"""The command line as a reader: each verb on files of which one is a mutant, judged by its exit status and its message."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from finevh.base.quoting import visible
from finevh.cli import run_command
from finevh.errors import DefectError, InputError
from tests.fuzz import seeds
from tests.fuzz.readers import Reader, readers

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
    (path.parent / "lef").mkdir(exist_ok=True)
    (path.parent / "lef" / "tech.lef").write_text(seeds.LEF)
    return call(["platform", "add", str(path.parent), "-o", str(path.parent / "out")])


def _characterize(path: Path) -> int:
    words = ["--cell", "NO_SUCH_CELL", "--variant", "PB0", "--vdd", "0.9", "-o", str(path.parent / "records")]
    return call(["characterize", str(path), *words])


def _report(path: Path) -> int:
    return call(["report", str(path.parent)])


def _emulate(path: Path) -> int:
    (path.parent / "flow.toml").write_bytes(path.read_bytes())
    return call(["emulate", str(path.parent), "--freq", "250MHz"])


def _text(text: str) -> tuple[bytes, ...]:
    return (text.encode("utf-8"),)


@lru_cache(maxsize=1)
def cli_readers() -> dict[str, Reader]:
    """One entry per verb and file."""
    cells = (SHIPPED / "technology.toml").read_bytes()
    found = [
        Reader("sta.v", lambda path: _sta(path, netlist=path), _text(NETLIST), 3),
        Reader("sta.sdc", lambda path: _sta(path, sdc=path), (*_text(SDC), *readers()["top.sdc"].seeds), 3),
        Reader("sta.spef", lambda path: _sta(path, spef=path), _text(SPEF), 3),
        Reader(
            "sta.lib", lambda path: _sta(path, liberty=path), (*_text(_liberty()), *readers()["cells.lib"].seeds), 3
        ),
        Reader("sta.csv", lambda path: _sta(path, voltages=path), _text(MAP)),
        Reader("leakage.v", lambda path: _leakage(path, netlist=path), _text(NETLIST), 2),
        Reader("leakage.csv", lambda path: _leakage(path, probabilities=path), _text(PROBABILITIES)),
        Reader("flow.toml", _flow, _text(seeds.FLOW), 2),
        Reader("config.mk", _platform, _text(seeds.MAKEFILE), 2),
        Reader("technology.toml", _characterize, (cells.replace(b'"../cells', f'"{SHIPPED.parent}/cells'.encode()),)),
        Reader("stage.json", _report, _text(seeds.STAGE)),
        Reader("emulate.toml", _emulate, _text(seeds.FLOW)),
    ]
    return {reader.name: reader for reader in found}
