from __future__ import annotations

import numpy as np
import pytest

from finevh.netlist import read_verilog
from finevh.netlist.edit import insert_buffers, sinks_by_net
from finevh.netlist.model import Netlist
from finevh.optimize.buffering import FanoutLimits, PlacedPlan, plan_fanout_trees
from finevh.technology import Technology

SINKS = 137


@pytest.fixture(scope="module")
def star(one_supply: Technology, tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    """One inverter that drives 137 others; a name that buffers would like is already taken."""
    lines = [
        "module star (a, y);",
        "  input a;",
        f"  output [{SINKS - 1}:0] y;",
        "  wire root;",
        "  INV_X4 tree_0 (.A(a), .ZN(root));",
    ]
    lines += [f"  INV_X1 u{i} (.A(root), .ZN(y[{i}]));" for i in range(SINKS)]
    path = tmp_path_factory.mktemp("star") / "star.v"
    path.write_text("\n".join([*lines, "endmodule\n"]))
    return read_verilog(path, one_supply)


def plan(netlist: Netlist, technology: Technology, fanout: int, capacitance: float, keep: int = 0) -> PlacedPlan:
    rng = np.random.default_rng(4)
    cell = technology.cells.index["BUF_X4"]
    limits = FanoutLimits(cell, fanout, capacitance, 0.1, 3.0)
    xy = rng.uniform(0.0, 50.0, (2, len(netlist.pin_net)))
    pin_cap = technology.corners.pin_cap[0][netlist.pin_type]
    kept = np.zeros(len(netlist.pin_net), dtype=bool)
    root = netlist.net_index["root"]
    ptr, pins = sinks_by_net(netlist)
    kept[pins[ptr[root] : ptr[root] + keep]] = True
    return plan_fanout_trees(netlist, xy[0], xy[1], pin_cap, limits, np.array([root], dtype=np.int32), kept)


def reached(netlist: Netlist, net: int) -> list[int]:
    """Instances other than buffers that a net reaches through buffers."""
    ptr, pins = sinks_by_net(netlist)
    found: list[int] = []
    for pin in pins[ptr[net] : ptr[net + 1]]:
        cell = int(netlist.pin_cell[pin])
        if netlist.cells.names[netlist.cell_type[cell]].startswith("BUF"):
            out = [int(n) for n in netlist.pin_net[netlist.pin_ptr[cell] : netlist.pin_ptr[cell + 1]] if n != net]
            found += reached(netlist, out[0])
        else:
            found.append(cell)
    return found


@pytest.mark.parametrize("fanout", [2, 3, 16, 40])
def test_every_sink_stays_behind_its_driver_exactly_once(star: Netlist, one_supply: Technology, fanout: int) -> None:
    edited = insert_buffers(star, plan(star, one_supply, fanout, 1e9).plan, "tree")
    assert sorted(reached(edited, edited.net_index["root"])) == list(range(1, SINKS + 1))


@pytest.mark.parametrize("fanout", [2, 3, 16, 40])
def test_no_net_of_the_tree_passes_the_fanout_limit(star: Netlist, one_supply: Technology, fanout: int) -> None:
    edited = insert_buffers(star, plan(star, one_supply, fanout, 1e9).plan, "tree")
    ptr, _ = sinks_by_net(edited)
    assert np.diff(ptr).max() <= fanout


def test_a_tree_is_no_larger_than_needed(star: Netlist, one_supply: Technology) -> None:
    placed = plan(star, one_supply, 16, 1e9)
    leaves = -(-SINKS // 16)
    assert leaves <= len(placed.x) <= 2 * leaves


def test_kept_sinks_stay_on_the_driver(star: Netlist, one_supply: Technology) -> None:
    placed = plan(star, one_supply, 16, 1e9, keep=3)
    assert len(placed.plan.moved_pin) == SINKS - 3


def test_a_net_within_its_limits_gets_no_buffer(star: Netlist, one_supply: Technology) -> None:
    assert len(plan(star, one_supply, SINKS, 1e9).x) == 0


def test_capacitance_alone_splits_a_net(star: Netlist, one_supply: Technology) -> None:
    assert len(plan(star, one_supply, SINKS, 60.0).x) > 1


def test_new_names_avoid_those_taken(star: Netlist, one_supply: Technology) -> None:
    edited = insert_buffers(star, plan(star, one_supply, 16, 1e9).plan, "tree")
    assert len(set(edited.instance_names)) == edited.n_cells
    assert len(set(edited.net_names)) == edited.n_nets
