from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, make_floorplan
from finevh.layout.chain import (
    ConfigurationChain,
    find_register,
    island_sites,
    make_chain,
    render_mapped,
    render_rtl,
    snake_order,
)
from finevh.netlist.model import Netlist
from finevh.netlist.verilog import parse_verilog
from finevh.technology.model import Kind, Technology

_MODELS = """
module DFF_X1(input D, input CK, output reg Q); always @(posedge CK) Q <= D; endmodule
module LATCH_X1(input D, input G, output reg Q); always @(*) if (G) Q = D; endmodule
"""
_BENCH = """
module bench;
  reg clk = 0, update = 0; reg serial = 0; wire out; wire [8:0] select; integer k;
  reg [8:0] bits = 9'b101100101;
  finevh_config_chain dut(.clk(clk), .update(update), .serial_in(serial), .serial_out(out), .select(select));
  initial begin
    for (k = 0; k < 9; k = k + 1) begin serial = bits[8 - k]; #5 clk = 1; #5 clk = 0; end
    update = 1; #5 update = 0; #5 $display("%b %b", select, out);
    for (k = 0; k < 9; k = k + 1) begin serial = 0; #5 clk = 1; #5 clk = 0; end
    $display("%b %b", select, out);
    $finish;
  end
endmodule
"""


@pytest.fixture(scope="module")
def chain(technology: Technology, floorplan: Floorplan) -> ConfigurationChain:
    return make_chain(technology, floorplan)


def test_snake_visits_each_tile_once_between_neighbours() -> None:
    for n in (1, 2, 5):
        order = np.array(snake_order(n))
        assert sorted(order.tolist()) == list(range(n * n))
        row, column = np.divmod(order, n)
        assert (abs(np.diff(row)) + abs(np.diff(column)) == 1).all()


def test_smallest_plain_registers_are_found(technology: Technology) -> None:
    flop, latch = find_register(technology, Kind.FLOP), find_register(technology, Kind.LATCH)
    assert (technology.cells.names[flop.cell], flop.data, flop.enable, flop.output) == ("DFF_X1", "D", "CK", "Q")
    assert (technology.cells.names[latch.cell], latch.enable) == ("LATCH_X1", "G")
    assert island_sites(technology) == 27
    unusable = replace(technology, roles={"dont_use": ("LATCH_X1",)})
    with pytest.raises(InputError, match="has no plain latch"):
        find_register(unusable, Kind.LATCH)


def test_a_flop_with_clear_stands_in_and_gets_a_reset_port(technology: Technology, floorplan: Floorplan) -> None:
    only_reset = replace(technology, roles={**technology.roles, "dont_use": ("DFF_X1",)})
    flop = find_register(only_reset, Kind.FLOP)
    assert (technology.cells.names[flop.cell], flop.clear) == ("DFFR_X1", "RN")
    wide = replace(floorplan, island_sites=30)
    chain = make_chain(only_reset, wide)
    assert chain.netlist.port_names[:5] == ("clk", "reset_n", "update", "serial_in", "serial_out")
    assert ".RN(reset_n)" in chain.verilog
    assert "negedge reset_n" in chain.rtl
    assert set(parse_verilog(chain.verilog, technology).port_names) == set(chain.netlist.port_names)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
@pytest.mark.parametrize("mapped", [False, True], ids=["rtl", "mapped"])
def test_bits_reach_their_tiles_and_stay_latched(technology: Technology, tmp_path: Path, mapped: bool) -> None:
    order = snake_order(3)
    registers = [find_register(technology, kind) for kind in (Kind.FLOP, Kind.LATCH)]
    source = render_mapped(technology, order, *registers) + _MODELS if mapped else render_rtl(order)
    (tmp_path / "bench.v").write_text(source + _BENCH)
    subprocess.run(["iverilog", "-g2005", "-o", tmp_path / "bench", tmp_path / "bench.v"], check=True)
    lines = subprocess.run([tmp_path / "bench"], check=True, capture_output=True, text=True).stdout.split("\n")
    # The first bit in travels to the end of the snake: bit k of the word, counted from the serial input, sits at order[k].
    word = "101100101"[::-1]
    expected = ["0"] * 9
    for k, tile in enumerate(order):
        expected[8 - tile] = word[k]
    assert lines[0] == f"{''.join(expected)} 1"
    assert lines[1] == f"{''.join(expected)} 0"


def test_mapped_verilog_is_the_placed_netlist(technology: Technology, chain: ConfigurationChain) -> None:
    read = parse_verilog(chain.verilog, technology)

    def structure(netlist: Netlist) -> dict[tuple[str, int], str]:
        pins = zip(netlist.pin_cell.tolist(), netlist.pin_type.tolist(), netlist.pin_net.tolist(), strict=True)
        return {(netlist.instance_names[c], p): netlist.net_names[n] for c, p, n in pins}

    assert structure(read) == structure(chain.netlist)
    assert set(read.port_names) == set(chain.netlist.port_names)


def test_chain_cells_lie_in_their_islands(
    technology: Technology, floorplan: Floorplan, chain: ConfigurationChain
) -> None:
    place, kinds = chain.placement, chain.netlist.cell_type
    width = technology.cell_width[kinds]
    tiles = place.tile
    left = floorplan.core[0] + floorplan.island_site[tiles] * floorplan.site_width
    assert (place.x >= left - 1e-6).all()
    assert (place.x + width <= left + floorplan.island_sites * floorplan.site_width + 1e-6).all()
    assert np.allclose(place.y, floorplan.row_y[floorplan.island_row[tiles]])
    assert (place.x[1::2] >= place.x[::2] + width[::2] - 1e-6).all()
    box = floorplan.tile_box[tiles]
    assert np.allclose(place.y, box[:, 1]), "the outer row of the tile: its Vdd rail faces the void"
    assert (place.orient == 1).all()


def test_floorplan_without_islands_is_refused(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(3))
    with pytest.raises(InputError, match="keeps 0 sites per tile for configuration cells, they need 27"):
        make_chain(technology, plan)
