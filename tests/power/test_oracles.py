"""Against other tools, on netlists small enough for every run; ``benchmarks/`` holds the full sizes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from finevh.netlist import parse_verilog
from finevh.power import RandomStimulus
from finevh.technology import technology_from_liberty
from oracles.iverilog import compare_values
from oracles.ngspice_leakage import compare_leakage
from oracles.opensta_power import compare_power
from tests.conftest import liberty_at, need_pdk

NEEDS_IVERILOG = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed"
)
NEEDS_STA = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA (sta) is not installed")
NEEDS_NGSPICE = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

LIBERTY = liberty_at("1v00")
CELLS = (
    "NAND2_X1 A1 A2 ZN",
    "NOR2_X1 A1 A2 ZN",
    "XOR2_X1 A B Z",
    "AOI21_X1 A B1 B2 ZN",
    "MUX2_X1 A B S Z",
    "OAI22_X1 A1 A2 B1 B2 ZN",
)


def random_design(seed: int, gates: int = 120, flops: int = 24, cells: Sequence[str] = CELLS) -> str:
    """A random synchronous netlist of library cells: logic, flip-flops with and without reset, a clock gate."""
    random = np.random.default_rng(seed)
    nets = [f"d[{i}]" for i in range(6)] + [f"q{i}" for i in range(flops)]
    lines = ["module random_design(clk, rn, d, y);", "input clk, rn; input [5:0] d; output [3:0] y;"]
    lines.append("wire " + ", ".join([f"q{i}" for i in range(flops)] + [f"w{i}" for i in range(gates)] + ["gck"]) + ";")
    for i in range(gates):
        name, *pins = str(random.choice(cells)).split()
        inputs = random.choice(nets[-40:], len(pins) - 1, replace=False)
        ports = [f".{pin}({net})" for pin, net in zip(pins[:-1], inputs, strict=True)]
        lines.append(f"{name} g{i} ({', '.join(ports)}, .{pins[-1]}(w{i}));")
        nets.append(f"w{i}")
    lines.append("CLKGATE_X1 cg (.CK(clk), .E(w5), .SE(1'b0), .GCK(gck));")
    for i in range(flops):
        clock = "gck" if i % 3 == 0 else "clk"
        data = nets[int(random.integers(len(nets) - 60, len(nets)))]
        if i % 2:
            lines.append(f"DFFR_X1 f{i} (.D({data}), .CK({clock}), .RN(rn), .Q(q{i}));")
        else:
            lines.append(f"DFF_X1 f{i} (.D({data}), .CK({clock}), .Q(q{i}));")
    lines += [f"BUF_X1 o{i} (.A({nets[-1 - i]}), .Z(y[{i}]));" for i in range(4)]
    return "\n".join([*lines, "endmodule"])


@NEEDS_IVERILOG
@pytest.mark.parametrize("seed", [1, 2])
def test_values_and_toggles_equal_those_of_icarus_verilog(seed: int, tmp_path: Path) -> None:
    technology = technology_from_liberty([LIBERTY])
    netlist = parse_verilog(random_design(seed), technology)
    result = compare_values(netlist, technology, RandomStimulus(seed, toggle=0.5, reset=("rn", 0, 3)), 200, tmp_path)
    assert result["toggles"] > 1000
    assert result["half cycles with different values"] == 0
    assert result["nets with different toggle counts"] == 0


@NEEDS_STA
def test_power_is_that_of_opensta(tmp_path: Path) -> None:
    foreign = need_pdk("nangate45") / "nangate45_typ.lib.gz"
    path = tmp_path / "random_design.v"
    path.write_text(random_design(3).replace(".SE(1'b0), ", ""), encoding="ascii")
    technology = technology_from_liberty([foreign])
    netlist = parse_verilog(path.read_text(encoding="ascii"), technology)
    table = compare_power(path, netlist, technology, foreign, "clk", 10.0, None)
    for part in ("switching", "internal, same rules", "leakage, same rules", "leakage, finevh"):
        ours, theirs = table[part]
        assert ours == pytest.approx(theirs, rel=0.01), part


@NEEDS_STA
def test_power_of_clock_gates_is_that_of_opensta_under_its_rules(tmp_path: Path) -> None:
    gates = "".join(
        f"CLKGATE_X{2 if i else 1} g{i} (.CK(clk), .E(a[{i}]), .SE(1'b0), .GCK(gck[{i}]));\n"
        f"DFF_X1 r{i} (.D(a[{i}]), .CK(gck[{i}]), .Q(y[{i}]));\n"
        for i in range(3)
    )
    path = tmp_path / "gates.v"
    path.write_text(
        f"module gates (input clk, input [2:0] a, output [2:0] y);\nwire [2:0] gck;\n{gates}endmodule\n",
        encoding="ascii",
    )
    technology = technology_from_liberty([LIBERTY])
    netlist = parse_verilog(path.read_text(encoding="ascii"), technology)
    table = compare_power(path, netlist, technology, LIBERTY, "clk", 10.0, None)
    for part in ("switching", "internal, same rules", "of clock gates, same rules", "leakage, same rules"):
        ours, theirs = table[part]
        assert theirs > 0.0
        assert ours == pytest.approx(theirs, rel=0.01), part


@NEEDS_NGSPICE
def test_leakage_is_that_of_the_whole_netlist_in_ngspice(library: Path) -> None:
    cases = compare_leakage(library, [(0.8, 1.0)], 1, ("PB0",))
    errors = [abs(case.error) for case in cases]
    assert max(errors) <= 0.05
    assert np.mean(errors) <= 0.02
    assert any(case.interface > 0.5 * case.ours for case in cases)
