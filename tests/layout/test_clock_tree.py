"""A clock tree has equal stages on every way, keeps its limits, and leaves what it does not own alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.layout.clock_tree import (
    Role,
    TreeLimits,
    TreePlan,
    clock_network,
    cluster,
    find_tree_cells,
    insert_tree,
    plan_tree,
)
from finevh.layout.clock_tree.cluster import load_of
from finevh.netlist import read_verilog
from finevh.netlist.edit import append_cells
from finevh.netlist.model import Netlist
from finevh.technology import Technology, load_technology, with_vdds

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
GATES, PER_GATE, FREE = 5, 30, 7


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (1.0,))


def design(technology: Technology, folder: Path) -> Netlist:
    """Registers behind gates behind one gate of the core, and a few that hang on the port."""
    lines = ["module banks (input clk, input sleep, input [4:0] en, input d);", "wire core;"]
    lines.append("CLKGATE_X1 core_gate (.CK(clk), .E(sleep), .SE(1'b0), .GCK(core));")
    for g in range(GATES):
        lines.append(f"wire g{g}; CLKGATE_X1 gate{g} (.CK(core), .E(en[{g}]), .SE(1'b0), .GCK(g{g}));")
        lines += [f"wire q{g}_{k}; DFF_X1 r{g}_{k} (.CK(g{g}), .D(d), .Q(q{g}_{k}));" for k in range(PER_GATE)]
    lines += [f"wire f{k}; DFF_X1 free{k} (.CK(clk), .D(d), .Q(f{k}));" for k in range(FREE)]
    lines.append("wire i; INV_X1 data (.A(clk), .ZN(i));")
    source = folder / "banks.v"
    source.write_text("\n".join([*lines, "endmodule", ""]), encoding="utf-8")
    return read_verilog(source, technology)


def planned(technology: Technology, netlist: Netlist, limits: TreeLimits) -> TreePlan:
    rng = np.random.default_rng(3)
    cells = technology.cells
    drives = tuple(cells.index[f"CLKGATE_X{k}"] for k in (1, 2, 4))
    chosen = find_tree_cells(technology, 0, dict.fromkeys(drives, drives))
    x, y = rng.uniform(0, 120, (2, netlist.n_cells))
    at = netlist.pin_cell
    cap = technology.corners.pin_cap[0][netlist.pin_type]
    source = int(netlist.port_net[netlist.port_names.index("clk")])
    return plan_tree(clock_network(netlist, [source]), netlist, x[at], y[at], cap, chosen, limits)


def ways(netlist: Netlist) -> dict[str, list[str]]:
    """Cells from the clock port to each register, by following nets of the netlist alone."""
    cells = netlist.cells
    driver = {int(netlist.pin_net[p]): p for p in np.flatnonzero(cells.pin_direction[netlist.pin_type] == 1).tolist()}
    found = {}
    for pin in np.flatnonzero(cells.pin_is_clock[netlist.pin_type]).tolist():
        name = netlist.instance_names[netlist.pin_cell[pin]]
        if not name.startswith(("r", "free")):
            continue
        way: list[str] = []
        while (above := driver.get(int(netlist.pin_net[pin]))) is not None:
            cell = int(netlist.pin_cell[above])
            way.insert(0, netlist.instance_names[cell])
            inputs = range(netlist.pin_ptr[cell], netlist.pin_ptr[cell + 1])
            names = {cells.pin_name[netlist.pin_type[p]]: p for p in inputs}
            pin = names["CK" if "CK" in names else "A"]
        found[name] = way
    return found


def test_every_register_keeps_its_gates_behind_the_same_stages(technology: Technology, tmp_path: Path) -> None:
    netlist = design(technology, tmp_path)
    plan = planned(technology, netlist, TreeLimits(leaf=15.0, branch=20.0, wire_cap=0.1))
    edited, instance = insert_tree(netlist, plan)
    found = ways(edited)
    assert len(found) == GATES * PER_GATE + FREE
    assert len({len(way) for way in found.values()}) == 1
    for name, way in found.items():
        gates = [cell.partition("_copy")[0] for cell in way if "gate" in cell]
        expected = [] if name.startswith("free") else ["core_gate", f"gate{name[1]}"]
        assert gates == expected, name
        assert way[0] == "clock_root_0"
        assert way[-1].startswith("clock_leaf_")
    assert [edited.instance_names[k] for k in instance[plan.original]] == [
        netlist.instance_names[k] for k in plan.gate[plan.original]
    ]


def test_a_net_of_few_registers_gets_one_more_buffer_in_place_of_its_gates(
    technology: Technology, tmp_path: Path
) -> None:
    """A nearly idle buffer is too fast to stand for a gate alone, whatever its drive."""
    netlist = design(technology, tmp_path)
    # Leaves meant for more than eight times what the free registers load.
    plan = planned(technology, netlist, TreeLimits(leaf=80.0, branch=20.0, wire_cap=0.1))
    edited, _ = insert_tree(netlist, plan)
    found = ways(edited)
    stages = {name.startswith("free"): len(way) for name, way in found.items()}
    assert stages[True] == stages[False] + 1
    assert len({len(way) for name, way in found.items() if name.startswith("r")}) == 1


def test_copies_of_a_gate_share_its_enable(technology: Technology, tmp_path: Path) -> None:
    netlist = design(technology, tmp_path)
    plan = planned(technology, netlist, TreeLimits(leaf=15.0, branch=20.0, wire_cap=0.1))
    edited, _ = insert_tree(netlist, plan)
    index = edited.instance_index
    copies = [name for name in index if name.startswith("gate1_copy_")]
    assert copies

    def net(name: str, pin: int) -> int:
        return int(edited.pin_net[edited.pin_ptr[index[name]] + pin])

    pins = edited.cells.pins(int(edited.cell_type[index["gate1"]]))
    for copy in copies:
        for local, pin in enumerate(pins):
            assert (net(copy, local) == net("gate1", local)) == (pin in ("E", "SE"))


def test_clock_used_as_data_and_untouched_cells_stay(technology: Technology, tmp_path: Path) -> None:
    netlist = design(technology, tmp_path)
    edited, _ = insert_tree(netlist, planned(technology, netlist, TreeLimits(30.0, 60.0, 0.1)))
    data = netlist.instance_index["data"]
    assert edited.pin_net[netlist.pin_ptr[data]] == netlist.port_net[netlist.port_names.index("clk")]
    assert edited.instance_names[: netlist.n_cells] == netlist.instance_names
    moved = np.flatnonzero(edited.pin_net[: len(netlist.pin_net)] != netlist.pin_net)
    assert netlist.cells.pin_is_clock[netlist.pin_type[moved]].all()


def test_leaves_keep_their_load(technology: Technology, tmp_path: Path) -> None:
    netlist = design(technology, tmp_path)
    plan = planned(technology, netlist, TreeLimits(leaf=15.0, branch=20.0, wire_cap=0.0, leaf_count=9))
    count = np.bincount(plan.moved_to, minlength=plan.n)
    cap = technology.corners.pin_cap[0][netlist.pin_type[plan.moved_pin]]
    load = np.bincount(plan.moved_to, weights=cap, minlength=plan.n)
    leaves = plan.role == Role.LEAF
    assert count[leaves].max() <= 9
    assert load[leaves].max() <= 15.0
    assert not count[~leaves].any()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 120), limit=st.floats(2.0, 40.0), count=st.integers(1, 20))
def test_groups_cover_all_points_once_within_the_limits(seed: int, n: int, limit: float, count: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, cap = rng.uniform(0, 50, n), rng.uniform(0, 50, n), rng.uniform(0.5, 2.0, n)
    groups = cluster(x, y, cap, 0.1, limit, count)
    assert sorted(np.concatenate(groups).tolist()) == list(range(n))
    for group in groups:
        assert len(group) == 1 or (len(group) <= count and load_of(x[group], y[group], cap[group], 0.1) <= limit)


def test_equal_points_make_groups_of_equal_load() -> None:
    x = np.arange(64.0)
    groups = cluster(x, np.zeros(64), np.ones(64), 0.0, 20.0, 100)
    assert [len(group) for group in groups] == [16, 16, 16, 16]


def test_names_that_exist_are_refused(technology: Technology, tmp_path: Path) -> None:
    netlist = design(technology, tmp_path)
    buffer = np.array([technology.cells.index["CLKBUF_X1"]], dtype=np.int32)
    with pytest.raises(InputError, match="new instance 'gate1': the netlist has an instance"):
        append_cells(netlist, buffer, np.array([0, 1], dtype=np.int32), ("gate1",), ("n",))
    with pytest.raises(InputError, match="1 names and 1 of 2 pins given"):
        append_cells(netlist, buffer, np.array([0], dtype=np.int32), ("new",), ("n",))
