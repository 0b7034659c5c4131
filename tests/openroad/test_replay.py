"""The recorded run of the real OpenROAD through the engine: from scripts to a design that is read back, timed and proven."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.layout import FloorplanRequest, floorplan, half_perimeter, make_floorplan
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.formats.def_read import placement_from_def
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.netlist import read_verilog
from finevh.openroad.chain_removal import remove_chain
from finevh.openroad.from_layout import planning_netlist
from finevh.openroad.library_files import read_technology_files
from finevh.openroad.place_and_route import LayoutRequest, run_layout
from finevh.openroad.run import OpenRoadError
from finevh.openroad.tool import OpenRoad
from finevh.technology import Technology, load_technology
from oracles.openroad.recorded_flow import REPLAY
from oracles.openroad.recorded_run import LIBRARY, recorded_text
from tests.end_to_end.conftest import library_is_there

CELL_AREA = 2330.16  # um2 of the recorded netlist before the tool's own cells
SCRIPTS = (
    "floorplan", "vddmux", "pins", "placement", "clock_tree", "timing_repair", "polybias", "power_grid", "routing", "parasitics",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not library_is_there(LIBRARY), reason="libs/finevh45 holds no Liberty files")


@pytest.fixture(scope="module")
def technology() -> Technology:
    return load_technology(LIBRARY / "technology.toml", variants=["PB0"], vdd=1.0)


@pytest.fixture
def request_(technology: Technology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayoutRequest:
    """The recorded floorplan: made before the pieces of rows before islands were widened."""
    monkeypatch.setattr(floorplan, "head_sites", lambda technology: 0)
    area = planning_netlist("quick", technology, CELL_AREA)
    plan = make_floorplan(area, technology, FloorplanRequest(3, 0.7, island_sites=island_sites(technology)))
    (tmp_path / "source.v").write_text(recorded_text("final.v"))
    netlist = read_verilog(tmp_path / "source.v", technology, "quick")
    files = read_technology_files(LIBRARY)
    chain = make_chain(technology, plan)
    return LayoutRequest(netlist, technology, files, plan, chain, "clk_i", 1800.0, "", 1.0)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenRoad:
    monkeypatch.setenv("REPLAY_LOG", str(tmp_path / "ran"))
    return OpenRoad((sys.executable, "-I", "-S", str(REPLAY)), "26Q3-1551-g5c9e487120")


def ran(folder: Path) -> list[str]:
    path = folder / "ran"
    names = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return names


def test_the_recorded_run_is_read_back_and_its_faults_are_named(
    request_: LayoutRequest, tool: OpenRoad, tmp_path: Path
) -> None:
    checks = Checks()
    routed, result = run_layout(request_, tmp_path / "run", tool=tool, checks=checks)
    assert ran(tmp_path) == list(SCRIPTS)
    assert result.metrics["route__route__drc_errors"] == 0
    account = checks.as_dict()
    assert account["parasitics_not_found"]["count"] == 126  # the select pins of Vdd-MUX cells that the netlist had lost
    assert account["parasitics_adjusted"]["count"] == 1589  # capacitance lines that fall short of their nets' totals
    assert account["supply_open"]["count"] == 9
    assert account["supply_misplaced"]["count"] == 4  # the tool's buffers in the clock of the always-on chain
    assert "must be on VDDH" in str(account["supply_misplaced"]["examples"])
    with pytest.raises(Exception, match="9 gaps in a supply net: VDD_T_0_0: a piece of 2 shapes on metal1 from"):
        checks.refuse()
    netlist, wires = remove_chain(routed.netlist, routed.wires, CHAIN_PREFIX)
    assert netlist.n_cells == 1578 - 18 - 4
    assert not [name for name in netlist.port_names if name.startswith(CHAIN_PREFIX)]
    # The tool's own figure, with the chain's nets, is 14 318 um.
    placement = placement_from_def(routed.layout, netlist, request_.floorplan)
    lengths = half_perimeter(netlist, request_.technology, placement)
    assert float(np.nansum(lengths)) == pytest.approx(14212, rel=0.005)
    assert float(wires.node_cap.sum()) > 0.0


def test_capacitance_read_back_is_that_of_the_nets_totals(
    request_: LayoutRequest, tool: OpenRoad, tmp_path: Path
) -> None:
    """OpenROAD left 18 % of it out of the capacitance lines; each net's total stands in the head of its section."""
    routed, _ = run_layout(request_, tmp_path / "run", tool=tool, checks=Checks())
    heads = [line.split() for line in recorded_text("final.spef").split("\n") if line.startswith("*D_NET")]
    lines = sum(float(line.split()[2]) for line in _capacitance_lines(recorded_text("final.spef")))
    total = sum(float(words[2]) for words in heads)
    assert lines / total == pytest.approx(0.82, abs=0.01)
    assert float(routed.wires.node_cap.sum()) == pytest.approx(total, rel=1e-3)


def _capacitance_lines(text: str) -> list[str]:
    found: list[str] = []
    inside = False
    for line in text.split("\n"):
        if line.startswith("*"):
            inside = line.startswith("*CAP")
        elif inside and line.strip():
            found.append(line)
    return found


@pytest.mark.parametrize("struck", SCRIPTS)
def test_a_run_goes_on_at_the_script_that_failed(
    struck: str, request_: LayoutRequest, tool: OpenRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLAY_FAULT", struck)
    with pytest.raises(OpenRoadError, match=f"stage '{struck}' ended with status 1"):
        run_layout(request_, tmp_path / "run", tool=tool, checks=Checks())
    at = SCRIPTS.index(struck)
    assert ran(tmp_path) == list(SCRIPTS[: at + 1])
    monkeypatch.delenv("REPLAY_FAULT")
    run_layout(request_, tmp_path / "run", tool=tool, checks=Checks())
    assert ran(tmp_path) == list(SCRIPTS[at:])


def test_a_failure_in_reading_back_costs_no_script(
    request_: LayoutRequest, tool: OpenRoad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "finevh.openroad.place_and_route.read_results", lambda *a, **k: (_ for _ in ()).throw(OSError("disk"))
    )
    with pytest.raises(OSError, match="disk"):
        run_layout(request_, tmp_path / "run", tool=tool, checks=Checks())
    assert ran(tmp_path) == list(SCRIPTS)
    monkeypatch.undo()
    monkeypatch.setenv("REPLAY_LOG", str(tmp_path / "ran"))
    run_layout(request_, tmp_path / "run", tool=tool, checks=Checks())
    assert ran(tmp_path) == []
