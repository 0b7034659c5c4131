"""Every endpoint of random designs against OpenSTA, under every kind of constraint, with and without parasitics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from finevh.netlist import read_verilog, write_spef, write_verilog
from finevh.technology import Technology, technology_from_liberty
from finevh.timing import TimingGraph, read_sdc
from finevh.units import unit_scale
from oracles.opensta import installed_resistance, opensta, run_opensta
from oracles.random_design import random_design, random_wires
from oracles.slacks import compare_slacks, endpoint_slacks
from tests.conftest import liberty_at, need_pdk

pytestmark = pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")

BASE = """create_clock -name clk -period 4 [get_ports clk]
set_input_delay 0.4 -clock clk [get_ports {in* sel}]
set_output_delay 0.3 -clock clk [all_outputs]
"""
EXTRA = {
    "plain": "",
    "uncertainty": "set_clock_uncertainty -setup 0.2 [get_clocks clk]\nset_clock_uncertainty -hold 0.07 [get_clocks clk]\n",
    "port conditions": "set_input_transition 0.15 [get_ports in*]\nset_load -pin_load {load} [all_outputs]\n",
    "driving cell": "set_driving_cell -lib_cell BUFFER [get_ports in*]\n",
    "driving cell with slews": "set_driving_cell -lib_cell NANDGATE -pin OUTPIN -input_transition_rise 0.1 "
    "-input_transition_fall 0.2 [get_ports {in[1] in[2]}]\n",
    "edges": "set_input_delay -max 0.6 -clock clk [get_ports in[1]]\nset_input_delay -min 0.1 -clock clk [get_ports in[1]]\n",
    "falling input": "set_input_delay 0.2 -clock clk -clock_fall [get_ports in[2]]\n",
    "case": "set_case_analysis 1 [get_ports sel]\n",
    "false from": "set_false_path -from [get_ports in[0]]\n",
    "false from register": "set_false_path -from [get_pins {ff1.x[1]/CLOCK}]\n",
    "false to": "set_false_path -to [get_pins {ff2.x[2]/D}]\n",
    "false through": "set_false_path -through [get_pins u40/PIN]\n",
    "false setup": "set_false_path -setup -from [get_ports in[0]] -to [get_pins {ff0.x[0]/D}]\n",
    "multicycle": "set_multicycle_path 2 -from [get_pins {ff1.x[1]/CLOCK}]\n",
    "multicycle setup hold": "set_multicycle_path 3 -setup -to [get_pins {ff2.x[2]/D}]\n"
    "set_multicycle_path 2 -hold -to [get_pins {ff2.x[2]/D}]\n",
    "waveform": "WAVE",
}  # fmt: skip


@dataclass(frozen=True)
class LibraryCase:
    """A library of one corner, and the names that the constraints use of it."""

    technology: Technology
    liberty: Path
    clock_pin: str
    nand: str
    nand_output: str
    buffer: str

    def text(self, constraints: str) -> str:
        """Constraints with the names of this library, loads in its unit; times are in ns."""
        text = constraints.replace(
            "{load}", f"{20.0 / unit_scale(self.technology.units[1].lstrip('1'), 'capacitance'):g}"
        )
        text = text.replace("CLOCK", self.clock_pin).replace("NANDGATE", self.nand)
        return text.replace("OUTPIN", self.nand_output).replace("BUFFER", self.buffer)


@pytest.fixture(scope="module", params=["shipped", "ihp", "nangate"])
def library(request: pytest.FixtureRequest) -> LibraryCase:
    if request.param == "ihp":
        path = need_pdk("ihp-sg13g2") / "sg13g2_stdcell_slow_1p08V_125C.lib.gz"
        return LibraryCase(technology_from_liberty([path]), path, "CLK", "sg13g2_nand2_1", "Y", "sg13g2_buf_2")
    path = liberty_at("1v00") if request.param == "shipped" else need_pdk("nangate45") / "nangate45_slow.lib.gz"
    return LibraryCase(technology_from_liberty([path]), path, "CK", "NAND2_X1", "ZN", "BUF_X2")


def constraints_text(kind: str, library: LibraryCase, netlist_pin: str) -> str:
    text = EXTRA[kind].replace("PIN", netlist_pin) if "OUTPIN" not in EXTRA[kind] else EXTRA[kind]
    if text == "WAVE":
        return library.text(BASE.replace("-period 4 ", "-period 4 -waveform {0.5 3.0} "))
    return library.text(BASE + text)


def check(
    tmp_path: Path,
    library: LibraryCase,
    seed: int,
    kind: str,
    with_spef: bool,
    heavier: float = 1.0,
) -> None:
    technology, path = library.technology, library.liberty
    written = random_design(technology, seed)
    verilog = tmp_path / "design.v"
    write_verilog(written, technology, verilog)
    netlist = read_verilog(verilog, technology)
    spef, wires = None, None
    if with_spef:
        wires = random_wires(netlist, seed)
        wires = replace(wires, node_cap=heavier * wires.node_cap)
        spef = tmp_path / "design.spef"
        write_spef(netlist, wires, spef)
    gate = netlist.instance_index["u40"]
    sdc = constraints_text(kind, library, netlist.cells.pins(int(netlist.cell_type[gate]))[0])
    graph = TimingGraph(
        netlist,
        technology,
        read_sdc(sdc, "1ns", technology.units[1]),
        wires,
        wire_model="ceff",
        hold=True,
        driver_resistance=installed_resistance(),
    )
    state = graph.evaluate(0)
    theirs = run_opensta(verilog, "design", [path], sdc, spef)
    for hold, other in ((False, theirs.setup), (True, theirs.hold)):
        result = compare_slacks(endpoint_slacks(graph, state, 4000.0, hold), other, theirs.arrival)
        assert (result.missing, result.extra) == (0, 0), (kind, hold)
        assert result.count > 0
        assert result.outside == 0, (kind, hold, result)
        if not with_spef or heavier > 1.0:
            assert result.worst_ps < 0.05 * heavier, (kind, hold, result)


@pytest.mark.parametrize("kind", EXTRA)
def test_slack_of_every_endpoint_equals_openstas(tmp_path: Path, library: LibraryCase, kind: str) -> None:
    check(tmp_path, library, seed=7 + len(kind), kind=kind, with_spef=False)


@pytest.mark.parametrize("seed", range(3))
def test_slack_with_parasitics_is_within_half_a_percent_of_openstas(
    tmp_path: Path, library: LibraryCase, seed: int
) -> None:
    check(tmp_path, library, seed, "port conditions", with_spef=True)


@pytest.mark.parametrize("heavier", [10.0, 60.0])
def test_slack_of_overloaded_nets_is_openstas(tmp_path: Path, library: LibraryCase, heavier: float) -> None:
    """Loads and slews far beyond the tables' axes: negative table slews, iterations that hardly converge."""
    check(tmp_path, library, 5, "plain", with_spef=True, heavier=heavier)
