"""The design without its configuration: chain, its buffers and Vdd-MUX cells leave, the rest stays as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finevh.layout import Placement, estimate_wires
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.netlist import read_verilog
from finevh.openroad.chain_removal import remove_chain
from tests.layout.synthetic import make_technology

VERILOG = """module top (d_i, clk_i, finevh_config_clk, finevh_config_serial_in, q_o);
  input d_i, clk_i, finevh_config_clk, finevh_config_serial_in;
  output q_o;
  wire inverted, buffered;
  wire [0:0] finevh_config_select;
  INV_X1 u1 (.A(d_i), .ZN(inverted));
  DFF_X1 u2 (.D(inverted), .CK(clk_i), .Q(q_o));
  BUF_X1 hold1 (.A(finevh_config_clk), .Z(buffered));
  DFF_X1 finevh_config_shift_reg_0 (.D(finevh_config_serial_in), .CK(buffered), .Q(finevh_config_select[0]));
  VDDMUX_X1 finevh_vddmux_0 (.S(finevh_config_select[0]));
  VDDMUX_X1 finevh_vddmux_1 (.S(finevh_config_select[0]));
endmodule
"""


def test_chain_its_buffers_and_the_vdd_mux_cells_go(tmp_path: Path) -> None:
    technology = make_technology()
    (tmp_path / "final.v").write_text(VERILOG)
    netlist = read_verilog(tmp_path / "final.v", technology, "top")
    assert {"finevh_vddmux_0", "finevh_vddmux_1", "hold1"} <= set(netlist.instance_names)
    n, ports = netlist.n_cells, len(netlist.port_names)
    zeros = np.zeros(n, dtype=np.int32)
    places = Placement(
        np.arange(n) * 1.0, np.zeros(n), zeros.astype(np.int8), zeros, np.zeros(ports), np.arange(ports) * 1.0
    )
    smaller, wires = remove_chain(netlist, estimate_wires(netlist, technology, places), CHAIN_PREFIX)
    assert set(smaller.instance_names) == {"u1", "u2"}
    assert set(smaller.port_names) == {"d_i", "clk_i", "q_o"}
    assert len(wires.node_ptr) == smaller.n_nets + 1
