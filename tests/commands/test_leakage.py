from __future__ import annotations

from pathlib import Path

import pytest

from finevh.commands.leakage import run_leakage
from finevh.errors import InputError
from tests.conftest import LIBRARY

VERILOG = """module top(a, b, y); input a, b; output y; wire p;
INV_X1 u1 (.A(a), .ZN(p));
NAND2_X1 u2 (.A1(p), .A2(b), .ZN(y));
endmodule
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "n.v").write_text(VERILOG)
    (tmp_path / "map.csv").write_text("instance,vdd\nu1,0.8\n*,1.0\n")
    return tmp_path


def run(files: Path, probabilities: str | None = None) -> dict[str, object]:
    path = None
    if probabilities is not None:
        path = files / "p.csv"
        path.write_text(probabilities)
    return run_leakage(files / "n.v", "top", LIBRARY, files / "map.csv", path)


def test_cells_sum_to_the_total(files: Path) -> None:
    report = run(files)
    assert [c["instance"] for c in report["cells"]] == ["u1", "u2"]
    assert sum(c["leakage_nw"] for c in report["cells"]) * 1e-6 == pytest.approx(report["leakage_mw"])
    assert report["interface_leakage_mw"] > 0


def test_low_driver_at_zero_adds_nothing(files: Path) -> None:
    # a = 1 keeps p at 0; u1 itself is driven above its rail, which can only lower its leakage.
    report = run(files, "net,probability\na,1.0\nb,0.5\n")
    u1, u2 = report["cells"]
    assert u2["interface_nw"] == 0.0
    assert u1["interface_nw"] < 0.0


def test_net_and_pattern_forms_agree_where_inputs_are_independent(files: Path) -> None:
    nets = run(files, "net,probability\na,0.25\nb,0.5\n")
    rows = "u1,0,0.75\nu1,1,0.25\nu2,00,0.125\nu2,01,0.125\nu2,10,0.375\nu2,11,0.375\n"
    patterns = run(files, "instance,pattern,probability\n" + rows)
    assert nets["leakage_mw"] == pytest.approx(patterns["leakage_mw"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("net,p\n", r"p\.csv:1: the header"),
        ("net,probability\nz,0.5\n", r"p\.csv:2: 'z' is no net"),
        ("net,probability\na,1.5\n", r"p\.csv:2: probability 1\.5 is outside"),
        ("net,probability\na,half\n", r"p\.csv:2: 'half' is no probability"),
        ("instance,pattern,probability\nu9,0,1\n", r"p\.csv:2: 'u9' is no instance"),
        ("instance,pattern,probability\nu1,0,1\n", r"p\.csv: instance u2 has no pattern"),
    ],
)
def test_wrong_probabilities_are_refused_with_their_line(files: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(files, text)
