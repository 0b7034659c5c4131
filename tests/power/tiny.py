"""A cell library and netlists small enough to check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import (
    CellTable,
    Corners,
    CrossVoltage,
    Direction,
    Kind,
    Technology,
    Variant,
)


@dataclass(frozen=True)
class Cell:
    name: str
    inputs: tuple[str, ...]
    outputs: dict[str, str]
    kind: Kind = Kind.COMBINATIONAL
    next_state: str = ""
    clocked_on: str = ""
    clear: str = ""
    preset: str = ""
    clocks: tuple[str, ...] = ()
    states: tuple[str, ...] | None = None


CELLS = (
    Cell("INV", ("A",), {"ZN": "!A"}),
    Cell("BUF", ("A",), {"Z": "A"}),
    Cell("NAND2", ("A1", "A2"), {"ZN": "!(A1 & A2)"}),
    Cell("NOR2", ("A1", "A2"), {"ZN": "!(A1 | A2)"}),
    Cell("AND2", ("A1", "A2"), {"Z": "A1 & A2"}),
    Cell("XOR2", ("A", "B"), {"Z": "A ^ B"}),
    Cell("MUX2", ("A", "B", "S"), {"Z": "(S & B) | (!S & A)"}),
    Cell("HA", ("A", "B"), {"CO": "A & B", "S": "A ^ B"}),
    Cell("DFFR", ("D", "CK", "RN"), {"Q": "IQ"}, Kind.FLOP, "D", "CK", "!RN", clocks=("CK",)),
    Cell("DFFQ", ("D", "CK"), {"Q": "IQ", "QN": "IQN"}, Kind.FLOP, "D", "CK", clocks=("CK",), states=("D", "CK", "Q")),
    Cell("LATCH", ("D", "G"), {"Q": "IQ"}, Kind.LATCH, "D", "G", clocks=("G",)),
    Cell("CLKGATE", ("CK", "E", "SE"), {"GCK": "CK & IQ"}, Kind.CLOCK_GATE, "E | SE", "!CK", clocks=("CK",)),
    Cell("TIE1", (), {"Z": "1"}, Kind.TIE),
)


def cell_table(cells: Sequence[Cell] = CELLS) -> CellTable:
    """Columns of the hand-made cells: structure without timing arcs; one power group per output and related input."""
    pins = [(c, p) for c in cells for p in (*c.inputs, *c.outputs)]
    ptr = np.concatenate(([0], np.cumsum([len(c.inputs) + len(c.outputs) for c in cells]))).astype(np.int32)
    states = [c.inputs if c.states is None else c.states for c in cells]
    state_pin = [(*c.inputs, *c.outputs).index(s) for c, ss in zip(cells, states, strict=True) for s in ss]
    power = [
        (i, (*c.inputs, *c.outputs).index(x), (*c.inputs, *c.outputs).index(z))
        for i, c in enumerate(cells)
        for z in c.outputs
        for x in (c.clocks or c.inputs)
    ]
    n_state = np.array([len(s) for s in states])
    return CellTable(
        names=tuple(c.name for c in cells),
        family=tuple(c.name for c in cells),
        drive=np.ones(len(cells)),
        kind=np.array([c.kind for c in cells], dtype=np.int8),
        area=np.ones(len(cells)),
        pin_ptr=ptr,
        pin_name=tuple(p for _, p in pins),
        pin_direction=np.array(
            [Direction.OUTPUT if p in c.outputs else Direction.INPUT for c, p in pins], dtype=np.int8
        ),
        pin_function=tuple(c.outputs.get(p, "") for c, p in pins),
        pin_is_clock=np.array([p in c.clocks for c, p in pins]),
        next_state=tuple(c.next_state for c in cells),
        clocked_on=tuple(c.clocked_on for c in cells),
        clear=tuple(c.clear for c in cells),
        preset=tuple(c.preset for c in cells),
        arc_ptr=np.zeros(len(cells) + 1, dtype=np.int32),
        arc_from=np.zeros(0, dtype=np.int32),
        arc_to=np.zeros(0, dtype=np.int32),
        arc_type=np.zeros(0, dtype=np.int8),
        arc_sense=np.zeros(0, dtype=np.int8),
        arc_when=(),
        arc_table=np.zeros((0, 4), dtype=np.int32),
        power_ptr=np.concatenate(([0], np.cumsum(np.bincount([g[0] for g in power], minlength=len(cells))))).astype(
            np.int32
        ),
        power_from=np.array([g[1] for g in power], dtype=np.int32),
        power_to=np.array([g[2] for g in power], dtype=np.int32),
        power_when=("",) * len(power),
        power_table=np.arange(2 * len(power), dtype=np.int32).reshape(-1, 2),
        state_ptr=np.concatenate(([0], np.cumsum(n_state))).astype(np.int32),
        state_pin=np.array(state_pin, dtype=np.int32),
        leak_ptr=np.concatenate(([0], np.cumsum(2**n_state))).astype(np.int64),
        ternary_ptr=np.concatenate(([0], np.cumsum(3**n_state))).astype(np.int64),
    )


def netlist(
    inputs: Sequence[str],
    outputs: Sequence[str],
    instances: Sequence[tuple[str, str, Mapping[str, str]]],
    cells: CellTable | None = None,
) -> Netlist:
    """A netlist from (instance, cell, {pin: net}); ports are nets of the same name; nets '0' and '1' are constants."""
    table = cell_table() if cells is None else cells
    names: dict[str, int] = {}
    for net in (*inputs, *outputs, *(n for _, _, pins in instances for n in pins.values())):
        names.setdefault(net, len(names))
    types = [table.index[cell] for _, cell, _ in instances]
    pin_net = [
        names[pins[pin]] if pin in pins else NO_NET
        for (_, _, pins), t in zip(instances, types, strict=True)
        for pin in table.pins(t)
    ]
    sizes = [len(table.pins(t)) for t in types]
    return Netlist(
        name="tiny",
        cells=table,
        instance_names=tuple(name for name, _, _ in instances),
        cell_type=np.array(types, dtype=np.int32),
        cell_variant=np.zeros(len(types), dtype=np.int8),
        pin_ptr=np.concatenate(([0], np.cumsum(sizes))).astype(np.int32),
        pin_net=np.array(pin_net, dtype=np.int32),
        net_names=tuple(names),
        net_constant=np.array([{"0": 0, "1": 1}.get(n, -1) for n in names], dtype=np.int8),
        port_names=(*inputs, *outputs),
        port_direction=np.array([Direction.INPUT] * len(inputs) + [Direction.OUTPUT] * len(outputs), dtype=np.int8),
        port_net=np.array([names[p] for p in (*inputs, *outputs)], dtype=np.int32),
    )


def technology(cells: CellTable | None = None, vdds: Sequence[float] = (0.8, 1.0), seed: int = 1) -> Technology:
    """Two voltages, one variant; capacitance of input pins 1 fF, the rest drawn at random."""
    table = cell_table() if cells is None else cells
    random = np.random.default_rng(seed)
    n_corner, n_pin, n_power = len(vdds), len(table.pin_name), table.power_table.size
    pool = np.concatenate(([0.0], random.uniform(0.5, 2.0, n_corner * n_power)))
    n_ternary = int(table.ternary_ptr[-1])
    offset = np.full((n_corner, n_corner), -1, dtype=np.int64)
    offset[~np.eye(n_corner, dtype=bool)] = np.arange(n_corner * (n_corner - 1)) * n_ternary
    none = np.zeros((n_corner, n_corner, 0), dtype=np.int64)
    cap = np.tile((table.pin_direction == Direction.INPUT).astype(np.float64), (n_corner, 1))
    return Technology(
        name="tiny",
        variants=(Variant("PB0", "", 0.0),),
        vdds=np.array(vdds),
        corner_of=np.arange(n_corner, dtype=np.int32)[None, :],
        cells=table,
        corners=Corners(
            variant=np.zeros(n_corner, dtype=np.int32),
            vdd=np.array(vdds),
            pin_cap=cap,
            pin_cap_rise=cap,
            pin_cap_fall=cap,
            pin_cap_rise_low=cap,
            pin_cap_fall_low=cap,
            pin_max_cap=np.full((n_corner, n_pin), np.inf),
            pin_max_slew=np.full((n_corner, n_pin), np.inf),
            table_x=np.zeros((n_corner, n_power), dtype=np.int64),
            table_nx=np.ones((n_corner, n_power), dtype=np.int32),
            table_y=np.zeros((n_corner, n_power), dtype=np.int64),
            table_ny=np.ones((n_corner, n_power), dtype=np.int32),
            table_v=1 + np.arange(n_corner * n_power, dtype=np.int64).reshape(n_corner, n_power),
            pool=pool,
            leakage=random.uniform(1e-6, 1e-4, (n_corner, int(table.leak_ptr[-1]))),
        ),
        cross=CrossVoltage(
            leakage_offset=offset,
            leakage_k=random.uniform(0.5, 20.0, n_corner * (n_corner - 1) * n_ternary).astype(np.float32),
            delay_x=none,
            delay_nx=np.zeros((n_corner, n_corner, 0), dtype=np.int32),
            delay_y=none,
            delay_ny=np.zeros((n_corner, n_corner, 0), dtype=np.int32),
            delay_v=none,
            pool=np.zeros(0),
            noise_margin=np.full((n_corner, n_corner, len(table.names)), np.nan),
        ),
        layers=(),
        site_width=0.19,
        row_height=1.4,
        cell_width=np.full(len(table.names), np.nan),
        roles={},
        slew_lower=0.3,
        slew_upper=0.7,
        vdd_nominal=1.0,
    )
