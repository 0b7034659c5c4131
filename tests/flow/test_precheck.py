"""What is wrong with a flow is said before its first stage, and a right flow is let through."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from finevh.base.share import LIBRARIES, shared
from finevh.cli import run_command
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.precheck import check_flow, prepared
from finevh.flow_file import read_flow

FLOWS = Path(__file__).resolve().parents[2] / "flows"
QUICK = FLOWS / "quick.toml"
VCD = """\
$timescale 1ps $end
$scope module bench $end
$var wire 1 ! other $end
$scope module dut $end
$var wire 1 " {clock} $end
$var wire 8 # data [7:0] $end
$upscope $end $upscope $end
$enddefinitions $end
#0
0"
"""
SAIF = """\
(SAIFILE (SAIFVERSION "2.0") (TIMESCALE 1 ps) (DURATION 1000)
 (INSTANCE bench (INSTANCE "quick" dut (NET ({clock} (T0 500) (T1 500) (TC 10))))))
"""


def flow(*assignments: str, path: Path = QUICK) -> Flow:
    return read_flow(path, assignments)


@pytest.fixture
def without_variants(tmp_path: Path) -> str:
    """A copy of the shipped technology whose manifest knows the unbiased cells alone."""
    source, copy = shared(LIBRARIES, "finevh45"), tmp_path / "plain"
    shutil.copytree(source, copy)
    text = (copy / "technology.toml").read_text(encoding="utf-8")
    (copy / "technology.toml").write_text(text.replace("group = [", "group = [] # ["), encoding="utf-8")
    return f"technology.path={str(copy)!r}"


@pytest.mark.parametrize("name", ["quick", "ri5cy", "loc1_pe"])
def test_ready_flows_pass(name: str) -> None:
    check_flow(prepared(flow(path=FLOWS / f"{name}.toml")))


def test_a_variant_set_that_the_technology_lacks_is_named(without_variants: str) -> None:
    with pytest.raises(InputError, match=r"no variant set 'pb'; it has pb0: name only those"):
        check_flow(flow(without_variants))


def test_without_a_word_of_variants_the_technology_decides(without_variants: str, tmp_path: Path) -> None:
    text = (
        QUICK.read_text(encoding="utf-8")
        .replace('variants = ["pb0", "pb", "vt"]\n', "")
        .replace('"../', f'"{FLOWS}/../')
    )
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    assert prepared(flow(without_variants, path=tmp_path / "own.toml")).schemes.variants == ("pb0",)
    assert prepared(flow(path=tmp_path / "own.toml")).schemes.variants == ("pb0", "pb", "vt")
    assert prepared(flow('schemes.variants=["pb0"]')).schemes.variants == ("pb0",)


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (("schemes.vdd_max=1.20 V",), "schemes.vdd_max: .*1.2 V is outside the characterised 0.6 to 1 V"),
        (("schemes.vdd_min=0.40 V",), "schemes.vdd_min: .*0.4 V is outside the characterised 0.6 to 1 V"),
        (("technology.synthesis_vdd=0.77 V",), "technology.synthesis_vdd: finevh45 has no library at 0.77 V"),
        (("clock.port=clk",), "clock.port: no source of quick has a 'clk'"),
        (("clock.port=clock",), "clock.port: no source of quick has a 'clock'"),  # only its comments do
        (("clock.constants={ scan = 0 }",), "clock.constants: no source of quick has a 'scan'"),
        (('clock.false_from=["rst_n*x"]',), r"clock.false_from: no source of quick has a 'rst_n\*x'"),
        (("activity.reset=!reset_n",), "activity.reset: no source of quick has a 'reset_n'"),
        (("floorplan.header_cell=MUX9",), "floorplan.header_cell: technology finevh45 has no Vdd-MUX 'MUX9'; it has "),
    ],
)
def test_what_the_heads_of_files_contradict_is_refused(assignments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_flow(flow(*assignments))


def test_ports_may_be_patterns_and_bits() -> None:
    check_flow(flow('clock.false_from=["rst_*", "cmd_dat?_i[3]"]'))


def test_a_program_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"activity.programs: no program 'sorting' beside .*; there are "):
        check_flow(flow('activity.programs=["sorting"]', path=FLOWS / "ri5cy.toml"))


def test_supplies_further_apart_than_any_characterised_pair_are_refused(tmp_path: Path) -> None:
    source, copy = shared(LIBRARIES, "finevh45"), tmp_path / "narrow"
    shutil.copytree(source, copy)
    with np.load(copy / "cross_voltage.npz") as archive:
        columns = dict(archive)
    vdds, cell, driver = columns["vdds"], columns["pair_cell"], columns["pair_driver"]
    near = np.abs(vdds[cell] - vdds[driver]) < 0.16
    assert near.any()
    assert not near.all()
    columns["pair_cell"], columns["pair_driver"] = cell[near], driver[near]
    np.savez(copy / "cross_voltage.npz", **columns)
    path = f"technology.path={str(copy)!r}"
    with pytest.raises(
        InputError, match=r"no cross-voltage tables for VddL = 0.6 V with VddH = 0.8 V; its widest pair is 150 mV"
    ):
        check_flow(flow(path))
    check_flow(flow(path, 'schemes.delta_vdd=["100 mV"]'))


@pytest.mark.parametrize("kind", ["vcd", "saif", "vcd.gz"])
def test_the_scope_and_the_clock_of_a_recording_are_looked_for(tmp_path: Path, kind: str) -> None:
    def recording(clock: str) -> tuple[str, ...]:
        path, text = tmp_path / f"{clock}.{kind}", (SAIF if kind == "saif" else VCD).format(clock=clock)
        path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
        return (f"activity.{kind.split('.')[0]}={str(path)!r}",)

    check_flow(flow(*recording("clk_i"), "activity.scope=bench/dut"))
    check_flow(flow(*recording("clk_i")))
    with pytest.raises(InputError, match=r"activity.scope: .* has no scope 'bench/core'; scopes: bench, bench.dut$"):
        check_flow(flow(*recording("clk_i"), "activity.scope=bench/core"))
    with pytest.raises(InputError, match=r"clock.port: .*: scope 'bench' shows no 'clk_i'"):
        check_flow(flow(*recording("clk_i"), "activity.scope=bench"))
    with pytest.raises(InputError, match=r"clock.port: .*: no scope shows a 'clk_i'"):
        check_flow(flow(*recording("clock")))
    check_flow(flow(*recording("clock"), "activity.recording_period=1.8 ns"))


def test_a_missing_file_of_the_technology_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "short"
    shutil.copytree(shared(LIBRARIES, "finevh45"), copy)
    (copy / "cross_voltage.npz").unlink()
    with pytest.raises(InputError, match=r"names cross_voltage.npz, which does not exist"):
        check_flow(flow(f"technology.path={str(copy)!r}"))


def test_a_run_refuses_before_its_first_stage(
    tmp_path: Path, without_variants: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run_command(["run", str(QUICK), "-o", str(tmp_path / "run"), "--set", without_variants])
    assert status == 2
    assert "no variant set 'pb'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
