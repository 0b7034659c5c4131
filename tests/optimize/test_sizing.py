from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.optimize.ladder import drive_ladders
from finevh.optimize.sizing import SizingOptions, TimingView, size_gates
from finevh.optimize.view import timing_view
from finevh.technology import Technology
from finevh.technology.model import Int
from finevh.timing import TimingGraph, single_clock

CHAIN = (
    """
module chain (clk, d, q);
  input clk, d;
  output [23:0] q;
  wire s, n0, n1, n2;
  DFF_X1 start (.D(d), .CK(clk), .Q(s));
  INV_X1 g0 (.A(s), .ZN(n0));
  NAND2_X1 g1 (.A1(n0), .A2(n0), .ZN(n1));
  INV_X1 g2 (.A(n1), .ZN(n2));
"""
    + "".join(f"  DFF_X1 end{i} (.D(n2), .CK(clk), .Q(q[{i}]));\n" for i in range(24))
    + "endmodule\n"
)


@pytest.fixture(scope="module")
def chain(one_supply: Technology, tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    path = tmp_path_factory.mktemp("chain") / "chain.v"
    path.write_text(CHAIN)
    return read_verilog(path, one_supply)


def analyser(netlist: Netlist, technology: Technology, period: float) -> Callable[[Int], TimingView]:
    graph = TimingGraph(netlist, technology, single_clock("clk", period))
    vdd = np.zeros(netlist.n_cells, dtype=np.int32)
    return lambda cell_type: timing_view(graph, graph.evaluate(vdd, None, cell_type), period)


def every_design(netlist: Netlist, technology: Technology) -> list[tuple[float, float]]:
    """Area and minimum period of all drives of the three gates of the chain."""
    ladders = drive_ladders(technology)
    graph = TimingGraph(netlist, technology, single_clock("clk", 1000.0))
    vdd = np.zeros(netlist.n_cells, dtype=np.int32)
    gates = [netlist.instance_index[g] for g in ("g0", "g1", "g2")]
    rungs = []
    for gate in gates:
        k = ladders.ladder_of[netlist.cell_type[gate]]
        rungs.append(ladders.member[ladders.ptr[k] : ladders.ptr[k + 1]])
    designs = []
    for choice in itertools.product(*rungs):
        cell_type = netlist.cell_type.copy()
        cell_type[gates] = choice
        area = float(technology.cells.area[cell_type].sum())
        designs.append((area, graph.evaluate(vdd, None, cell_type).min_period()))
    return designs


def flops(netlist: Netlist) -> np.ndarray:
    return np.array([name.startswith(("start", "end")) for name in netlist.instance_names])


@pytest.mark.parametrize("tightness", [1.05, 1.2, 1.5])
def test_sized_chain_meets_its_period_near_the_least_area_of_all_drives(
    chain: Netlist, one_supply: Technology, tightness: float
) -> None:
    designs = every_design(chain, one_supply)
    period = tightness * min(p for _, p in designs)
    least = min(a for a, p in designs if p <= period)
    result = size_gates(
        chain,
        one_supply,
        0,
        period,
        analyser(chain, one_supply, period),
        flops(chain),
        SizingOptions(rounds=80, patience=40),
    )
    area = float(one_supply.cells.area[result.cell_type].sum())
    assert max(result.worst_slack) >= 0.0
    # The flops make most of the area: compare what the three gates take.
    fixed = float(one_supply.cells.area[chain.cell_type[flops(chain)]].sum())
    assert area - fixed <= 1.35 * (least - fixed)


def test_frozen_cells_keep_their_drive(chain: Netlist, one_supply: Technology) -> None:
    frozen = np.ones(chain.n_cells, dtype=bool)
    result = size_gates(chain, one_supply, 0, 1.0, analyser(chain, one_supply, 1.0), frozen, SizingOptions(rounds=3))
    np.testing.assert_array_equal(result.cell_type, chain.cell_type)


def test_a_relaxed_period_shrinks_oversized_gates(chain: Netlist, one_supply: Technology) -> None:
    ladders = drive_ladders(one_supply)
    big = chain.cell_type.copy()
    for i, cell in enumerate(big):
        k = ladders.ladder_of[cell]
        big[i] = ladders.member[ladders.ptr[k + 1] - 1]
    from finevh.netlist.edit import replace_cells

    oversized = replace_cells(chain, big)
    period = 1e5
    result = size_gates(oversized, one_supply, 0, period, analyser(oversized, one_supply, period), flops(chain))
    assert one_supply.cells.area[result.cell_type].sum() < one_supply.cells.area[big].sum()


def test_ladders_never_mix_functions_or_clock_buffers_with_plain_ones(one_supply: Technology) -> None:
    ladders = drive_ladders(one_supply)
    names = one_supply.cells.names
    for k in range(len(ladders.ptr) - 1):
        members = [names[c] for c in ladders.member[ladders.ptr[k] : ladders.ptr[k + 1]]]
        assert len({m.rsplit("_", 1)[0] for m in members}) == 1, members
