"""Files of a run come back as the netlist, places and wires that the later stages take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import FloorplanRequest, Placement, estimate_wires, make_floorplan, make_power_grid
from finevh.layout.def_write import DefOptions, format_def, make_def
from finevh.netlist import read_verilog, write_spef, write_verilog
from finevh.openroad.expected import LayoutMismatchError
from finevh.openroad.results import read_results
from tests.layout.synthetic import make_lef, make_netlist
from tests.openroad.test_from_layout import TECHNOLOGY, context_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What a run leaves behind, written by the embedded engine: the formats are the same."""
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(1, 0.7))
    x = np.full(netlist.n_cells, floorplan.core[0])
    y = np.full(netlist.n_cells, floorplan.core[1])
    none = np.zeros(netlist.n_cells, dtype=np.int32)
    ports = np.zeros(len(netlist.port_names))
    placement = Placement(x, y, none.astype(np.int8), none, ports, ports)
    layout = make_def(
        netlist,
        TECHNOLOGY,
        floorplan,
        placement,
        make_power_grid(TECHNOLOGY, floorplan, make_lef(TECHNOLOGY)),
        DefOptions("unit"),
    )
    (tmp_path / "final.def").write_text(format_def(layout))
    write_verilog(netlist, TECHNOLOGY, tmp_path / "final.v")
    read_back = read_verilog(tmp_path / "final.v", TECHNOLOGY)  # nets without pins do not survive in Verilog
    write_spef(read_back, estimate_wires(read_back, TECHNOLOGY, placement), tmp_path / "final.spef")
    return tmp_path


def test_a_finished_run_reads_back_whole(run: Path) -> None:
    context, floorplan = context_of(1)
    design = read_results(context, run, TECHNOLOGY, floorplan)
    assert design.netlist.n_cells == 600
    assert design.placement.tile.max() == 0
    assert design.layout.design == "random"
    assert len(design.placement.x) == 600


def test_a_def_of_another_floorplan_is_refused(run: Path) -> None:
    context, floorplan = context_of(1)
    other = replace(context, rows=context.rows[:-1])
    with pytest.raises(LayoutMismatchError, match=r"final\.def: not the floorplan that was asked for: 1 unknown rows"):
        read_results(other, run, TECHNOLOGY, floorplan)


def test_a_def_that_is_cut_short_is_named_with_its_line(run: Path) -> None:
    context, floorplan = context_of(1)
    text = (run / "final.def").read_text()
    (run / "final.def").write_text(text[: text.index("END COMPONENTS") - 20])
    with pytest.raises(InputError, match=r"final\.def:\d+: "):
        read_results(context, run, TECHNOLOGY, floorplan)
