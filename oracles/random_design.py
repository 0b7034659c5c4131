"""Random mapped netlists: combinational cells between registers, with clock gates, inverters on the clock, constants."""

from __future__ import annotations

import random

import numpy as np

from finevh.netlist import Netlist, NetlistBuilder, Wires
from finevh.netlist.model import NO_NET
from finevh.technology.model import CellTable, Direction, Kind, Technology


def plain_cells(technology: Technology) -> list[int]:
    """Combinational cells whose outputs all have a function and whose arcs all have tables."""
    cells = technology.cells
    found = []
    for row in range(len(cells.names)):
        pins = range(cells.pin_ptr[row], cells.pin_ptr[row + 1])
        outputs = [p for p in pins if cells.pin_direction[p] == Direction.OUTPUT]
        inputs = [p for p in pins if cells.pin_direction[p] == Direction.INPUT]
        arcs = range(cells.arc_ptr[row], cells.arc_ptr[row + 1])
        whole = all((cells.arc_table[a, :2] >= 0).all() for a in arcs) and len(arcs) > 0
        known = all(cells.pin_function[p] for p in outputs) and not any(cells.arc_type[a] for a in arcs)
        if cells.kind[row] == Kind.COMBINATIONAL and outputs and inputs and whole and known:
            found.append(row)
    return found


def random_design(
    technology: Technology, seed: int, n_cells: int = 60, n_flops: int = 8, *, clock_tree: bool = True
) -> Netlist:
    """A netlist with ports clk, in[3:0], out[1:0]; the same seed gives the same netlist."""
    rng = random.Random(seed)
    cells = technology.cells
    build = NetlistBuilder(cells)
    build.add_port("clk", None, Direction.INPUT)
    build.add_port("in", (3, 0), Direction.INPUT)
    build.add_port("out", (1, 0), Direction.OUTPUT)
    build.add_port("sel", None, Direction.INPUT)
    logic = plain_cells(technology)
    flops = [
        row for row in range(len(cells.names))
        if cells.kind[row] == Kind.FLOP and {"D", "Q"} <= set(cells.pins(row)) and not {"SE", "SCE"} & set(cells.pins(row))
    ]  # fmt: skip
    inverters = [cells.index[n] for n in technology.roles["inverter"]]
    clocks = [build.net("clk")]
    if clock_tree:
        for k in range(3):
            out = build.net(f"ck{k}")
            inverter = rng.choice(inverters)
            build.add_instance(f"ckinv{k}", inverter, 0, _connect(cells, inverter, [rng.choice(clocks)], [out]))
            clocks.append(out)
    signals = [build.net(f"in[{k}]") for k in range(4)] + [build.net("sel"), build.constant(str(rng.randrange(2)))]
    stored = [build.net(f"q{k}") for k in range(n_flops)]
    signals += stored
    for k in range(n_cells):
        row = rng.choice(logic)
        names = cells.pins(row)
        directions = cells.pin_direction[cells.pin_ptr[row] : cells.pin_ptr[row + 1]]
        outputs = [
            build.net(f"n{k}_{name}") for name, d in zip(names, directions, strict=True) if d == Direction.OUTPUT
        ]
        inputs = [
            rng.choice(signals[-30:] if rng.random() < 0.8 else signals) for d in directions if d == Direction.INPUT
        ]
        build.add_instance(f"u{k}", row, 0, _connect(cells, row, inputs, outputs))
        signals += outputs
    for k, net in enumerate(stored):
        row = rng.choice(flops)
        names = cells.pins(row)
        nets = []
        first_output = True
        for p, name in enumerate(names):
            pin = cells.pin_ptr[row] + p
            if cells.pin_direction[pin] == Direction.OUTPUT:
                nets.append(net if first_output else NO_NET)
                first_output = False
            elif cells.pin_is_clock[pin]:
                nets.append(rng.choice(clocks))
            elif name == "D":
                nets.append(rng.choice(signals[-40:]))
            else:
                nets.append(build.net("in[0]"))
        build.add_instance(f"ff{k}.x[{k}]", row, 0, nets)
    for k in range(2):
        build.join(build.net(f"out[{k}]"), signals[-1 - k])
    return build.finish("design")


def _connect(cells: CellTable, row: int, inputs: list[int], outputs: list[int]) -> list[int]:
    """Nets in pin order from nets of the inputs and outputs in their order."""
    low, high = cells.pin_ptr[row], cells.pin_ptr[row + 1]
    ins, outs = iter(inputs), iter(outputs)
    return [next(outs) if d == Direction.OUTPUT else next(ins) for d in cells.pin_direction[low:high]]


def random_wires(
    netlist: Netlist, seed: int, cap_per_um: float = 0.2, kohm_per_um: float = 0.003, um: float = 10.0
) -> Wires:
    """A random RC tree for every driven net: a trunk with branches to each sink."""
    rng = np.random.default_rng(seed)
    out = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
    connected = netlist.pin_net != NO_NET
    driver: dict[int, tuple[str, int]] = {
        int(netlist.pin_net[p]): ("pin", int(p)) for p in np.flatnonzero(out & connected)
    }
    for p in np.flatnonzero(netlist.port_direction == Direction.INPUT).tolist():
        driver.setdefault(int(netlist.port_net[p]), ("port", p))
    sinks: dict[int, list[tuple[str, int]]] = {}
    for p in np.flatnonzero(~out & connected).tolist():
        sinks.setdefault(int(netlist.pin_net[p]), []).append(("pin", p))
    for p in np.flatnonzero(netlist.port_direction != Direction.INPUT).tolist():
        sinks.setdefault(int(netlist.port_net[p]), []).append(("port", p))
    place = {"pin": np.full(len(netlist.pin_net), -1, np.int32), "port": np.full(len(netlist.port_names), -1, np.int32)}
    parent: list[int] = []
    length: list[float] = []
    ptr = [0]
    for net in range(netlist.n_nets):
        if net in driver and netlist.net_constant[net] < 0:
            kind, row = driver[net]
            place[kind][row] = at = len(parent)
            parent.append(-1)
            length.append(0.5)
            for kind, row in sinks.get(net, []):
                parent.append(at)
                length.append(rng.exponential(um))
                here = len(parent) - 1
                at = here if rng.random() < 0.6 else at
                parent.append(here)
                length.append(rng.exponential(um / 4))
                place[kind][row] = len(parent) - 1
        ptr.append(len(parent))
    um_of = np.array(length)
    roots = np.array(parent) < 0
    return Wires(
        np.array(ptr, np.int32), np.array(parent, np.int32), np.where(roots, 0.0, um_of * kohm_per_um), um_of * cap_per_um,
        place["pin"], place["port"], np.full(netlist.n_nets, np.nan),
    )  # fmt: skip
