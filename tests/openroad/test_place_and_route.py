"""OpenROAD as the engine: netlist and floorplan in, assignment at the hand-over, routed design out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from finevh.base.tcl import split_list
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.openroad.context import OperatingPoint
from finevh.openroad.library_files import TechnologyFiles
from finevh.openroad.place_and_route import LayoutRequest, prepare_run, run_layout
from finevh.openroad.results import RoutedDesign
from finevh.openroad.tool import find_openroad
from tests.layout.synthetic import make_lef, make_netlist
from tests.openroad.embedded_files import write_layout
from tests.openroad.test_from_layout import TECHNOLOGY

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def request_of_one_tile(tmp_path: Path) -> LayoutRequest:
    pdk = tmp_path / "pdk"
    pdk.mkdir()
    cells = "".join(f"  cell ({name}) {{\n  }}\n" for name in TECHNOLOGY.cells.names)
    (pdk / "cells.lib").write_text(f"library (cells) {{\n  nom_voltage : 1.0;\n{cells}}}\n")
    macros = "".join(f"MACRO {name}\n  CLASS CORE ;\nEND {name}\n" for name in TECHNOLOGY.cells.names)
    (pdk / "cells.lef").write_text(macros + "END LIBRARY\n")
    (pdk / "tech.lef").write_text("END LIBRARY\n")
    liberty = {("PB0", 1.0): pdk / "cells.lib"}
    files = TechnologyFiles(pdk / "tech.lef", (pdk / "cells.lef",), liberty, {"PB0": ""}, "unit", make_lef(TECHNOLOGY))
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(1, 0.7))
    point = OperatingPoint("p", 4000.0, (1.0,))
    return LayoutRequest(netlist, TECHNOLOGY, files, floorplan, None, "in[0]", 4000.0, "", 1.0, [point])


def record_files(request: LayoutRequest, folder: Path) -> None:
    """What OpenROAD would leave behind, by the embedded engine."""
    folder.mkdir()
    for stage in ("handover", "final"):
        write_layout(request.netlist, TECHNOLOGY, request.floorplan, folder, stage)


def test_a_run_directory_is_complete_and_relocatable(request_of_one_tile: LayoutRequest, tmp_path: Path) -> None:
    context = prepare_run(request_of_one_tile, tmp_path / "run")
    assert context.voltage_libraries[0].liberty == "libraries/cells__1v00.lib"
    assert "INV_X1__1v00" in (tmp_path / "run" / "libraries" / "cells__1v00.lib").read_text()
    assert "MACRO INV_X1__1v00" in (tmp_path / "run" / "libraries" / "cells__1v00.lef").read_text()
    assert (tmp_path / "run" / "netlist.v").read_text().count("INV_X1") > 50


def test_a_design_goes_through_with_its_assignment(
    request_of_one_tile: LayoutRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable = tmp_path / "openroad"
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {STAND_IN} "$@"\n')
    executable.chmod(0o755)
    record_files(request_of_one_tile, tmp_path / "recorded")
    monkeypatch.setenv("STAND_IN_FILES", str(tmp_path / "recorded"))
    tool = find_openroad(environment={"FINEVH_OPENROAD": str(executable), "PATH": os.environ["PATH"]})

    def assign(design: RoutedDesign) -> list[tuple[str, str]]:
        assert design.netlist.n_cells == 600
        return [(design.netlist.instance_names[7], "INV_X1_PB16")]

    design, result = run_layout(request_of_one_tile, tmp_path / "run", assign=assign, tool=tool)
    assert design.netlist.n_cells == 600
    assert result.metrics["polybias__instances_swapped"] == 1
    table = (tmp_path / "run" / "polybias.txt").read_text().splitlines()
    assert split_list(table[0])[1] == "INV_X1_PB16"
    assert result.file("power_p.json").is_file()
