"""What OpenROAD leaves behind of a layout, written by the embedded engine: the formats are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finevh.layout import Floorplan, Placement, estimate_wires, make_power_grid
from finevh.layout.formats.def_write import DefOptions, format_def, make_def
from finevh.netlist import Netlist, read_verilog, write_spef, write_verilog
from finevh.technology.model import Technology
from tests.layout.synthetic import make_lef


def write_layout(netlist: Netlist, technology: Technology, floorplan: Floorplan, folder: Path, stage: str) -> None:
    """``STAGE.def``, ``.v`` and ``.spef`` in a folder; all cells stand in the core's lower left corner."""
    x, y = np.full(netlist.n_cells, floorplan.core[0]), np.full(netlist.n_cells, floorplan.core[1])
    none, ports = np.zeros(netlist.n_cells, dtype=np.int32), np.zeros(len(netlist.port_names))
    placement = Placement(x, y, none.astype(np.int8), none, ports, ports)
    grid = make_power_grid(technology, floorplan, make_lef(technology))
    layout = make_def(netlist, technology, floorplan, placement, grid, DefOptions("unit"))
    (folder / f"{stage}.def").write_text(format_def(layout))
    write_verilog(netlist, technology, folder / f"{stage}.v")
    back = read_verilog(folder / f"{stage}.v", technology)  # nets without pins do not survive in Verilog
    write_spef(back, estimate_wires(back, technology, placement), folder / f"{stage}.spef")
