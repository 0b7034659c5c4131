"""Files of a run come back as the netlist, places and wires that the later stages take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.openroad.expected import LayoutMismatchError
from finevh.openroad.results import read_results
from tests.layout.synthetic import make_netlist
from tests.openroad.embedded_files import write_layout
from tests.openroad.test_from_layout import TECHNOLOGY, context_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(1, 0.7))
    write_layout(netlist, TECHNOLOGY, floorplan, tmp_path, "final")
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
