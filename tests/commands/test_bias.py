"""``finevh bias`` on netlists of its own: what it promises, checked by the other verbs, by hand and by brute force."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from finevh.base.share import LIBRARIES, shared
from finevh.cli import run_command
from finevh.constraints.sdc import read_sdc
from finevh.netlist.verilog import read_verilog
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.power.leakage import LeakageModel
from finevh.technology import load_technology
from finevh.timing import TimingGraph

LIBRARY = shared(LIBRARIES, "finevh45")
LENGTHS = ("PB4", "PB10", "PB16")
LONG = 12


def netlist(long: int) -> str:
    """A register, a long chain of inverters and a single gate into two more, and a clock buffer."""
    chain = "\n".join(f"  INV_X1 u{k} (.A(n{k}), .ZN(n{k + 1}));" for k in range(long))
    wires = ", ".join(f"n{k}" for k in range(long + 1))
    return f"""module top (clk, d, q, r);
  input clk, d; output q, r;
  wire c, s, {wires};
  CLKBUF_X1 cb (.A(clk), .Z(c));
  DFF_X1 f0 (.D(d), .CK(c), .Q(n0));
{chain}
  DFF_X1 f1 (.D(n{long}), .CK(c), .Q(q));
  NAND2_X1 g (.A1(n0), .A2(q), .ZN(s));
  DFF_X1 f2 (.D(s), .CK(c), .Q(r));
endmodule
"""


def sdc(period_ps: float) -> str:
    return f"set_units -time 1ps\ncreate_clock -name clk -period {period_ps:.6f} [get_ports clk]\n"


def write(folder: Path, period_ps: float, long: int = LONG) -> list[str]:
    (folder / "top.v").write_text(netlist(long), encoding="utf-8")
    (folder / "top.sdc").write_text(sdc(period_ps), encoding="utf-8")
    given = ["--netlist", str(folder / "top.v"), "--top", "top", "--sdc", str(folder / "top.sdc")]
    return ["bias", *given, "--technology", str(LIBRARY), "-o", str(folder / "out.v")]


def answer(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> dict[str, object]:
    capsys.readouterr()
    assert run_command([*arguments, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def shortest(folder: Path, capsys: pytest.CaptureFixture[str]) -> float:
    """Period, ps, that the unbiased netlist just meets."""
    found = answer(capsys, write(folder, 10_000.0))
    return 10_000.0 - float(found["worst_slack_before_ps"])


def timed(folder: Path, file: str, capsys: pytest.CaptureFixture[str]) -> float:
    libraries = sorted((LIBRARY / "liberty").glob("*1v00.lib.gz"))
    given = [word for path in libraries for word in ("--liberty", str(path))]
    files = [
        "--netlist",
        str(folder / file),
        "--top",
        "top",
        "--sdc",
        str(folder / "top.sdc"),
        "--wire-model",
        "elmore",
    ]
    found = answer(capsys, ["sta", *files, *given])
    return float(found["worst_slack_ps"])


def leaking(folder: Path, file: str, capsys: pytest.CaptureFixture[str]) -> float:
    (folder / "map.csv").write_text("instance,vdd\n*,1.0\n", encoding="utf-8")
    given = ["--netlist", str(folder / file), "--top", "top", "--technology", str(LIBRARY)]
    found = answer(capsys, ["leakage", *given, "--voltages", str(folder / "map.csv")])
    return float(found["leakage_mw"])


def test_its_figures_are_those_of_sta_and_leakage_on_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, write(tmp_path, 1.1 * shortest(tmp_path, capsys)))
    assert found["variant_set"] == "pb"
    for when, file in (("before", "top.v"), ("after", "out.v")):
        assert found[f"worst_slack_{when}_ps"] == pytest.approx(timed(tmp_path, file, capsys), abs=1e-6)
        assert found[f"leakage_{when}_mw"] == pytest.approx(leaking(tmp_path, file, capsys), rel=1e-9)
    assert 0 <= float(found["worst_slack_after_ps"]) < float(found["worst_slack_before_ps"])
    assert float(found["leakage_after_mw"]) < float(found["leakage_before_mw"])
    text = (tmp_path / "out.v").read_text(encoding="utf-8")
    for name, variant in found["assignment"].items():
        assert f"_{variant} {name} " in text
    assert "CLKBUF_X1 cb " in text
    counts: dict[str, dict[str, int]] = found["cells"]
    assert sum(count["after"] for count in counts.values()) == LONG + 5
    assert sum(count["after"] for name, count in counts.items() if name in LENGTHS) == len(found["assignment"])


def test_a_clock_that_is_just_met_leaves_the_critical_path_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    period = shortest(tmp_path, capsys)
    found = answer(capsys, write(tmp_path, period))
    assert float(found["worst_slack_after_ps"]) >= min(0.0, float(found["worst_slack_before_ps"]))
    changed = set(found["assignment"])
    assert not changed & {"cb", "f0", *(f"u{k}" for k in range(LONG))}
    # The gate beside the path would load the register that starts it: only what hangs on nothing critical is changed.
    assert changed == {"f2"}


@pytest.mark.parametrize("variants", ["pb", "vt"])
def test_a_slow_clock_lets_every_cell_have_the_strongest_variant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], variants: str
) -> None:
    found = answer(capsys, [*write(tmp_path, 20_000.0), "--variants", variants])
    technology = load_technology(LIBRARY, vdd=1.0)
    strongest = max((v for v in technology.variants if v.name.startswith(variants.upper())), key=lambda v: v.slowdown)
    assert set(found["assignment"].values()) == {strongest.name}
    assert len(found["assignment"]) == LONG + 4


def test_no_assignment_of_a_small_netlist_that_meets_the_clock_leaks_less_by_much(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = 2
    write(tmp_path, 10_000.0, long)
    technology = load_technology(LIBRARY, vdd=1.0)
    design = read_verilog(tmp_path / "top.v", technology, "top")
    graph = TimingGraph(design, technology, read_sdc(sdc(10_000.0)), cross_voltage=False)
    leakage = LeakageModel(design, technology, read_probabilities(None, design))
    cell_vdd = np.zeros(design.n_cells, dtype=np.int32)
    unbiased = np.zeros(design.n_cells, dtype=np.int8)
    period = 1.05 * graph.evaluate(cell_vdd, unbiased).min_period()
    free = [design.instance_index[name] for name in ("f0", "u0", "u1", "f1", "g", "f2")]
    rows = [0] + [k for k, v in enumerate(technology.variants) if v.name in LENGTHS]
    lowest = np.inf
    for choice in itertools.product(rows, repeat=len(free)):
        variant = unbiased.copy()
        variant[free] = choice
        if leakage_of(leakage, cell_vdd, variant) < lowest and graph.evaluate(cell_vdd, variant).min_period() <= period:
            lowest = leakage_of(leakage, cell_vdd, variant)
    found = answer(capsys, write(tmp_path, period, long))
    before, after = float(found["leakage_before_mw"]), float(found["leakage_after_mw"])
    assert after >= lowest * (1 - 1e-9)
    assert before - after >= 0.8 * (before - lowest)


def leakage_of(model: LeakageModel, cell_vdd: np.ndarray, variant: np.ndarray) -> float:
    return model.evaluate(cell_vdd, variant).total


def test_late_paths_are_named_and_get_no_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = write(tmp_path, 0.8 * shortest(tmp_path, capsys))
    found = answer(capsys, arguments)
    assert float(found["worst_slack_before_ps"]) < 0
    assert float(found["worst_slack_after_ps"]) >= float(found["worst_slack_before_ps"])
    assert run_command(arguments) == 0
    text = capsys.readouterr().out
    assert "the clock was missed before: paths that were late are no later" in text
    assert f"written to {tmp_path / 'out.v'}" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--variants", "xx"), "--variants xx: technology finevh45 has pb, vt"),
        (("--vdd", "0.77"), "has no library at 0.77 V"),
        (("--vdd", "900"), "--vdd 900: a bare number is in volts; write 900mV"),
        (("--technology", "nowhere"), "nowhere"),
        (("--spef", "nowhere.spef"), "nowhere.spef"),
    ],
)
def test_wrong_input_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, ...], message: str
) -> None:
    assert run_command([*write(tmp_path, 1000.0), *change]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_without_constraints_there_is_nothing_to_keep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = write(tmp_path, 1000.0)
    at = arguments.index("--sdc")
    assert run_command(arguments[:at] + arguments[at + 2 :]) == 2
    assert "no SDC is given" in capsys.readouterr().err
    (tmp_path / "top.sdc").write_text("create_clock -name v -period 1\n", encoding="utf-8")
    assert run_command([*arguments, "--allow", "unclocked_registers"]) == 2
    assert "no endpoint is constrained" in capsys.readouterr().err
