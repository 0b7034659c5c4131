"""Mixed voltages without derates: the same slack as OpenSTA on per-Vdd copies of the cells."""

from __future__ import annotations

import numpy as np
import pytest

from finevh.netlist import format_verilog, parse_verilog
from finevh.technology import Technology
from oracles.mixed_voltage import mixed_comparison, random_map
from oracles.opensta import opensta
from oracles.random_design import random_design, random_wires
from tests.conftest import liberty_at
from tests.timing.test_opensta import BASE


@pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")
@pytest.mark.parametrize("spef", [False, True])
def test_random_tile_maps_give_openstas_slacks(two_supplies: Technology, spef: bool) -> None:
    netlist = parse_verilog(format_verilog(random_design(two_supplies, 21), two_supplies), two_supplies)
    liberty = [liberty_at(vdd) for vdd in ("0v80", "1v00")]
    cell_vdd = random_map(netlist.n_cells, 9, 2, 1)
    assert np.unique(cell_vdd).size == 2
    wires = random_wires(netlist, 1) if spef else None
    for result in mixed_comparison(netlist, two_supplies, liberty, BASE, 4000.0, cell_vdd, wires).values():
        assert (result.missing, result.extra, result.outside) == (0, 0, 0)
        assert result.count > 0
