"""The LoC-1 processing element passes its self-checking testbench: lanes, control unit and router, random data, stalls."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.synthesis import Rtl, find_top, plan_rtl_export, run_rtl_export
from tests.synthesis.conftest import REPOSITORY

FOLDER = REPOSITORY / "rtl" / "loc1_pe"


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing; install the Debian package")
def test_processing_element_passes_its_testbench(tmp_path: Path) -> None:
    names = ("pkg", "mac", "lane", "control", "router", "pe")
    rtl = Rtl(files=tuple(FOLDER / f"loc1_{name}.sv" for name in names))
    assert find_top(rtl) == "loc1_pe"
    verilog = run_rtl_export(plan_rtl_export(rtl.with_top("loc1_pe")), tmp_path)
    binary, bench = tmp_path / "bench.vvp", FOLDER / "tb" / "loc1_pe_tb.v"
    subprocess.run(["iverilog", "-g2005-sv", "-o", str(binary), str(bench), str(verilog)], check=True)
    printed = subprocess.run(["vvp", "-n", str(binary)], check=True, capture_output=True, text=True, timeout=100).stdout
    assert printed.startswith("PASS: 240 results in 20 rounds"), printed
