"""The maps that repair tries are the hardest of all maps, by brute force over all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import single_clock
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.optimize.hold import _OTHER_MAPS
from finevh.optimize.hold_maps import HardestMaps, clock_path, hard_maps
from finevh.technology import Technology, load_technology, with_vdds
from finevh.technology.model import Int
from finevh.timing import TimingGraph

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
TILES = 6


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.6, 0.8))


@pytest.fixture(scope="module")
def design(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> tuple[Netlist, Int]:
    """Four registers in a ring, each behind six clock buffers of its own in other tiles than its neighbours', and one gated."""
    lines = ["module ring (input clk, input en, output q);", "wire c; CLKBUF_X4 root (.A(clk), .Z(c));"]
    tile = {"root": 0}
    for k in range(4):
        nets = ["c", *(f"c{k}{n}" for n in range(5)), f"b{k}"]
        lines += [f"wire {', '.join(nets[1:])};"]
        lines += [f"CLKBUF_X1 s{n}{k} (.A({nets[n]}), .Z({nets[n + 1]}));" for n in range(6)]
        tile |= {f"s{n}{k}": ((k + 1) if n < 3 else (2 * k + 1)) % TILES for n in range(6)}
        tile |= {f"r{k}": (k + 2) % TILES, f"i{k}": k}
    lines += ["wire g; CLKGATE_X1 gate (.CK(b3), .E(en), .GCK(g));"]
    tile["gate"] = 5
    for k in range(4):
        clock = "g" if k == 3 else f"b{k}"
        lines.append(f"wire q{k}, n{k}; INV_X1 i{k} (.A(q{(k - 1) % 4}), .ZN(n{k}));")
        lines.append(f"DFF_X1 r{k} (.CK({clock}), .D(n{k}), .Q(q{k}));")
    lines += ["assign q = q3;", "endmodule", ""]
    source = tmp_path_factory.mktemp("ring") / "ring.v"
    source.write_text("\n".join(lines), encoding="utf-8")
    netlist = read_verilog(source, technology)
    return netlist, np.array([tile[name] for name in netlist.instance_names], dtype=np.int32)


def graph_of(netlist: Netlist, technology: Technology, policy: str = "tile") -> TimingGraph:
    constraints = replace(single_clock("clk", 2000.0), propagated=True)
    return TimingGraph(netlist, technology, constraints, None, hold=True, clock_supply=policy, port_vdd=1)


def hardest(graph: TimingGraph, tile: Int) -> HardestMaps:
    low, high = (graph.evaluate(np.int32(vdd)) for vdd in (0, 1))
    return HardestMaps(graph, tile, 0, 1, 2000.0, (low, high))


@pytest.mark.parametrize("policy", ["tile", "split"])
def test_no_map_at_all_is_harder(technology: Technology, design: tuple[Netlist, Int], policy: str) -> None:
    netlist, tile = design
    graph = graph_of(netlist, technology, policy)
    worst = np.full(graph.hold.n, np.inf)
    for number in range(2**TILES):
        low = (number >> tile) & 1
        worst = np.minimum(worst, graph.evaluate((1 - low).astype(np.int32)).hold_slacks(2000.0))
    found = hardest(graph, tile)
    tried = found.worst_map >= 0
    if policy == "tile":
        assert tried.sum() >= 3
        assert (worst[tried] < 0.0).any()
    assert (found.slack <= worst + 0.5 * _OTHER_MAPS).all()
    # Where maps were tried, the slack is that of a map: not below the worst of all.
    assert np.allclose(found.slack[tried], worst[tried], atol=0.5 * _OTHER_MAPS)
    assert (found.slack[tried] >= worst[tried] - 1e-9).all()


def test_a_clock_path_runs_from_the_register_to_the_source_and_not_into_its_data(design: tuple[Netlist, Int]) -> None:
    netlist, _ = design
    clock_cell = np.array([name.startswith(("root", "s", "gate")) for name in netlist.instance_names])
    path = clock_path(netlist, clock_cell, netlist.instance_index["r3"])
    assert [netlist.instance_names[cell] for cell in path] == ["gate", *(f"s{n}3" for n in range(5, -1, -1)), "root"]


def test_cells_that_stay_high_make_no_map(design: tuple[Netlist, Int]) -> None:
    netlist, tile = design
    every = np.ones(netlist.n_cells, dtype=bool)
    clock_cell = np.array([name.startswith(("root", "s", "gate")) for name in netlist.instance_names])
    register = netlist.instance_index["r0"]
    pin = np.array([netlist.pin_ptr[register]], dtype=np.int32)
    assert hard_maps(netlist, clock_cell, every, tile, pin) == [(int(tile[register]),)]
    outside = np.full(netlist.n_cells, -1, dtype=np.int32)
    assert hard_maps(netlist, clock_cell, ~every, outside, pin) == []
