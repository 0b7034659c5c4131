"""Static power of a Vdd-MUX as the library has it, against both switches on one rail and the inverters of the Liberty file."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.characterization.bench.deck import model_lines
from finevh.characterization.process import Process
from finevh.layout.supply.header_table import read_header_table
from tests.characterization.conftest import TECHNOLOGY, needs_ngspice

pytestmark = needs_ngspice


def lost_mw(process: Process, scratch: Path, drive: int, low: float, high: float, on_high: bool) -> float:
    """Power of all sources, mW, with the rail floating behind the closed switch; gates are sources, without the inverters."""
    gate_h, gate_l = (0.0, high) if on_high else (high, 0.0)
    model = process.devices["VTG"][1]
    device = "rail g{0} s{0} nb {1} w=0.63u l=0.05u as=0.0441p ad=0.0441p ps=0.77u pd=0.77u m={2}"
    lines = [
        "mh " + device.format("h", model, drive),
        "ml " + device.format("l", model, drive),
        f"vsh sh 0 {high}",
        f"vsl sl 0 {low}",
        f"vgh gh 0 {gate_h}",
        f"vgl gl 0 {gate_l}",
        f"vb nb 0 {high}",
    ]
    terms = f"{high}*i(vsh) + {low}*i(vsl) + {gate_h}*i(vgh) + {gate_l}*i(vgl) + {high}*i(vb)"
    return operating_point_mw(process, scratch, lines, terms)


def operating_point_mw(process: Process, scratch: Path, lines: list[str], drawn: str) -> float:
    """Power that sources give, mW, at the operating point; ``drawn``: their voltages times the currents into them."""
    deck = [
        "* static power",
        *model_lines(process),
        f".temp {process.temperature_c:g}",
        ".options reltol=1e-6 abstol=1e-16 gmin=1e-15",
        *lines,
        ".control",
        "op",
        f"print {drawn}",
        ".endc",
        ".end",
    ]
    path = scratch / "static.cir"
    path.write_text("\n".join(deck) + "\n", encoding="ascii")
    tool = shutil.which("ngspice")
    assert tool is not None
    told = subprocess.run([tool, "-b", str(path)], capture_output=True, text=True, timeout=120, check=False).stdout
    found = re.search(r"i\(v\w+\).*= (\S+)$", told, re.MULTILINE)
    assert found is not None, told
    return -1e3 * float(found[1])


@pytest.mark.parametrize(("drive", "low", "high"), [(1, 0.6, 0.7), (4, 0.8, 1.0), (8, 0.6, 0.8)])
@pytest.mark.parametrize("on_high", [False, True])
def test_a_vdd_mux_draws_what_its_switches_and_two_inverters_do(
    process: Process, tmp_path: Path, drive: int, low: float, high: float, on_high: bool
) -> None:
    """One of the inverters has a high input, the other a low one."""
    table = read_header_table(TECHNOLOGY.parent / "headers.csv")
    expected = table.leakage(f"VDDMUX_X{drive}", low, high)[on_high]
    inverters = sum(inverter_mw(process, tmp_path, high, level) for level in (0.0, high))
    assert expected > inverters > 0.0
    assert lost_mw(process, tmp_path, drive, low, high, on_high) + inverters == pytest.approx(expected, rel=0.01)


def test_select_inverters_of_the_shipped_library_leak_a_tenth_of_its_own_inverter(
    process: Process, tmp_path: Path
) -> None:
    assert process.header_select == "VTH"
    ours = sum(inverter_mw(process, tmp_path, 0.8, level) for level in (0.0, 0.8))
    assert 0.0 < ours < 0.1 * 1e-6 * sum(inverter_nw(0.8))


def inverter_mw(process: Process, scratch: Path, vdd: float, level: float) -> float:
    """Power, mW, of an inverter of the select devices with its input at a level: its supply's and its input's."""
    n, p = process.devices[process.header_select or "VTG"]
    return operating_point_mw(
        process,
        scratch,
        [
            f"mp out in vdd vdd {p} w=0.63u l=0.05u as=0.0441p ad=0.0441p ps=0.77u pd=0.77u",
            f"mn out in 0 0 {n} w=0.415u l=0.05u as=0.02905p ad=0.02905p ps=0.555u pd=0.555u",
            f"vdd vdd 0 {vdd}",
            f"vin in 0 {level}",
        ],
        f"{vdd}*i(vdd) + {level}*i(vin)",
    )


def inverter_nw(vdd: float) -> tuple[float, float]:
    """Leakage of INV_X1 with a low and a high input, nW, read off the library's text."""
    path = TECHNOLOGY.parent / "liberty" / f"finevh45_{int(vdd)}v{round(100 * vdd) % 100:02d}.lib.gz"
    text = gzip.decompress(path.read_bytes()).decode("ascii")
    cell = text[re.search(r"cell \(\"?INV_X1\"?\)", text).start() :]  # type: ignore[union-attr]
    low, high = (re.search(rf'when : "{when}"; value : ([\d.]+);', cell) for when in ("!A", "A"))
    assert low is not None
    assert high is not None
    return float(low[1]), float(high[1])
