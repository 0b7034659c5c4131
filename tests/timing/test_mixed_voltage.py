"""Mixed voltages without derates: the same slack as OpenSTA on per-Vdd copies of the cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mixed_voltage_opensta import mixed_comparison, random_map
from opensta import opensta

from finevh.netlist import format_verilog, parse_verilog
from finevh.technology import Technology
from tests.netlist.random_design import random_design, random_wires
from tests.timing.test_opensta import BASE


@pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")
@pytest.mark.parametrize("spef", [False, True])
def test_random_tile_maps_give_openstas_slacks(ihp_technology: Technology, ihp_folder: Path, spef: bool) -> None:
    netlist = parse_verilog(format_verilog(random_design(ihp_technology, 21), ihp_technology), ihp_technology)
    liberty = [ihp_folder / f"sg13g2_stdcell_slow_{v}V_125C.lib.gz" for v in ("1p08", "1p35")]
    cell_vdd = random_map(netlist.n_cells, 9, 2, 1)
    assert np.unique(cell_vdd).size == 2
    wires = random_wires(netlist, 1) if spef else None
    for result in mixed_comparison(netlist, ihp_technology, liberty, BASE, 4000.0, cell_vdd, wires).values():
        assert (result.missing, result.extra, result.outside) == (0, 0, 0)
        assert result.count > 0
