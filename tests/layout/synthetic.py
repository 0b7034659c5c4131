"""A small technology and random netlists made in memory, so that layout tests need no file and no other room."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from finevh.netlist.model import Netlist
from finevh.technology.lef import Lef, LefMacro
from finevh.technology.model import CellTable, Corners, Direction, Kind, Layer, Technology, Variant

SITE, ROW = 0.19, 1.4
PINS: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "INV_X1": (2, ("A",), ("ZN",)),
    "BUF_X1": (3, ("A",), ("Z",)),
    "BUF_X4": (7, ("A",), ("Z",)),
    "NAND2_X1": (3, ("A1", "A2"), ("ZN",)),
    "NAND2_X2": (5, ("A1", "A2"), ("ZN",)),
    "AOI22_X1": (5, ("A1", "A2", "B1", "B2"), ("ZN",)),
    "DFF_X1": (17, ("D", "CK"), ("Q",)),
    "DFFR_X1": (20, ("D", "CK", "RN"), ("Q",)),
    "LATCH_X1": (10, ("D", "G"), ("Q",)),
    "VDDMUX_X1": (6, ("S",), ()),
}
LAYERS = tuple(
    Layer(f"metal{i}", "HV"[(i + 1) % 2], pitch, width, width, 0.004 / (width / 0.07), 0.1)
    for i, (pitch, width) in enumerate([(0.14, 0.07)] * 3 + [(0.28, 0.14)] * 3 + [(0.8, 0.4)] * 2, start=1)
)
PIN_PITCH = 0.28  # um, of the supply pins of a Vdd-MUX
Pins = Mapping[str, tuple[int, tuple[str, ...], tuple[str, ...]]]


def _kind(name: str) -> Kind:
    known = {"DFF": Kind.FLOP, "LATCH": Kind.LATCH, "VDDMUX": Kind.PHYSICAL}
    return next((kind for start, kind in known.items() if name.startswith(start)), Kind.COMBINATIONAL)


def make_cells(pins: Pins = PINS) -> CellTable:
    """Return the structure of the cells; only what layout reads is filled."""
    n = len(pins)
    names = tuple(pins)
    count = [len(i) + len(o) for _, i, o in pins.values()]
    flat = [(p, d) for _, i, o in pins.values() for p, d in [*((q, 0) for q in i), *((q, 1) for q in o)]]
    none = np.zeros(0, dtype=np.int32)
    zeros = np.zeros(n + 1, dtype=np.int32)
    return CellTable(
        names=names,
        family=tuple(name.rsplit("_X", 1)[0] for name in names),
        drive=np.array([float(name.rsplit("_X", 1)[1]) if "_X" in name else 1.0 for name in names]),
        kind=np.array([_kind(name) for name in names], dtype=np.int8),
        area=np.array([w * SITE * ROW for w, _, _ in pins.values()]),
        pin_ptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
        pin_name=tuple(p for p, _ in flat),
        pin_direction=np.array([d for _, d in flat], dtype=np.int8),
        pin_function=tuple("IQ" if p == "Q" else "" for p, _ in flat),
        pin_is_clock=np.array([p in ("CK", "G") for p, _ in flat]),
        next_state=tuple("D" if "DFF" in m or "LATCH" in m else "" for m in names),
        clocked_on=tuple("CK" if "DFF" in m else "G" if "LATCH" in m else "" for m in names),
        clear=tuple("!RN" if "DFFR" in m else "" for m in names),
        preset=("",) * n,
        arc_ptr=zeros,
        arc_from=none,
        arc_to=none,
        arc_type=none.astype(np.int8),
        arc_sense=none.astype(np.int8),
        arc_when=(),
        arc_table=np.zeros((0, 4), dtype=np.int32),
        power_ptr=zeros,
        power_from=none,
        power_to=none,
        power_when=(),
        power_table=np.zeros((0, 2), dtype=np.int32),
        state_ptr=zeros,
        state_pin=none,
        leak_ptr=zeros.astype(np.int64),
        ternary_ptr=zeros.astype(np.int64),
    )


def make_technology(pins: Pins = PINS, layers: tuple[Layer, ...] = LAYERS) -> Technology:
    """Return a technology of one corner with the geometry of a 45 nm library."""
    cells = make_cells(pins)
    n_pin = len(cells.pin_name)
    none, real = np.zeros((1, 0), dtype=np.int32), np.zeros((1, 0))
    offsets = np.zeros((1, 0), dtype=np.int64)
    return Technology(
        name="synthetic",
        variants=(Variant("PB0", "", 0.0),),
        vdds=np.array([1.0]),
        corner_of=np.zeros((1, 1), dtype=np.int32),
        cells=cells,
        corners=Corners(
            variant=np.zeros(1, dtype=np.int32),
            vdd=np.ones(1),
            pin_cap=np.ones((1, n_pin)),
            pin_cap_rise=np.ones((1, n_pin)),
            pin_cap_fall=np.ones((1, n_pin)),
            pin_cap_rise_low=np.ones((1, n_pin)),
            pin_cap_fall_low=np.ones((1, n_pin)),
            pin_max_cap=np.full((1, n_pin), np.inf),
            pin_max_slew=np.full((1, n_pin), np.inf),
            table_x=offsets,
            table_nx=none,
            table_y=offsets,
            table_ny=none,
            table_v=offsets,
            pool=np.zeros(0),
            leakage=real,
        ),
        cross=None,
        layers=layers,
        site_width=SITE,
        row_height=ROW,
        cell_width=np.array([w * SITE for w, _, _ in pins.values()]),
        roles={"header": ("VDDMUX_X1",), "flop": ("DFF_X1",), "latch": ("LATCH_X1",), "buffer": ("BUF_X1", "BUF_X4")},
        slew_lower=0.3,
        slew_upper=0.7,
        vdd_nominal=1.0,
    )


def make_lef(technology: Technology) -> Lef:
    """Return the LEF of a synthetic technology: rails of all cells, supply pins of the Vdd-MUX, a via per pair of layers."""
    lef = Lef(layers={layer.name: layer for layer in technology.layers}, grid=0.005)
    for name, width in zip(technology.cells.names, technology.cell_width.tolist(), strict=True):
        pins = {
            "VDD": ("INOUT", "POWER", (("metal1", 0.0, 1.315, width, 1.485),)),
            "VSS": ("INOUT", "GROUND", (("metal1", 0.0, -0.085, width, 0.085),)),
        }
        if name in technology.roles.get("header", ()):
            for k, supply in enumerate(("VDDH", "VDDL", "VBP", "VBN")):
                x = PIN_PITCH * (k + 0.5)
                pins[supply] = ("INOUT", "POWER", (("metal1", x - 0.07, 0.35, x + 0.07, 0.77),))
        lef.macros[name] = LefMacro(name, "CORE", width, ROW, "unit", pins)
    for k, layer in enumerate(technology.layers[:-1], start=1):
        half = layer.width / 2
        shapes = (layer.name, f"via{k}", technology.layers[k].name)
        lef.vias[f"via{k}_0"] = tuple((name, -half, -half, half, half) for name in shapes)
    return lef


def make_netlist(n_cells: int = 600, n_ports: int = 40, seed: int = 1, technology: Technology | None = None) -> Netlist:
    """Return a random netlist with local nets: cell ``i`` reads cells of nearby numbers, as synthesis output does."""
    rng = np.random.default_rng(seed)
    technology = technology or make_technology()
    cells = technology.cells
    pool = [cells.index[m] for m in ("INV_X1", "NAND2_X1", "AOI22_X1", "DFF_X1", "BUF_X1")]
    cell_type = rng.choice(pool, size=n_cells, p=[0.25, 0.3, 0.2, 0.15, 0.1]).astype(np.int32)
    count = np.diff(cells.pin_ptr)[cell_type]
    pin_ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    n_in = n_ports // 2
    clock = 0
    pin_net = np.empty(pin_ptr[-1], dtype=np.int32)
    for i in range(n_cells):
        for k, p in enumerate(range(pin_ptr[i], pin_ptr[i + 1])):
            row = cells.pin_ptr[cell_type[i]] + k
            if cells.pin_direction[row] == Direction.OUTPUT:
                pin_net[p] = n_in + i
            elif cells.pin_is_clock[row]:
                pin_net[p] = clock
            elif rng.random() < 0.03:
                pin_net[p] = rng.integers(0, n_in)
            else:
                pin_net[p] = n_in + (i + int(rng.normal(0, 12))) % n_cells
    outputs = n_in + rng.choice(n_cells, size=n_ports - n_in, replace=False)
    return Netlist(
        name="random",
        cells=cells,
        instance_names=tuple(f"u{i}" for i in range(n_cells)),
        cell_type=cell_type,
        cell_variant=np.zeros(n_cells, dtype=np.int8),
        pin_ptr=pin_ptr,
        pin_net=pin_net,
        net_names=(*(f"in[{k}]" for k in range(n_in)), *(f"n{i}" for i in range(n_cells))),
        net_constant=np.full(n_in + n_cells, -1, dtype=np.int8),
        port_names=(*(f"in[{k}]" for k in range(n_in)), *(f"out[{k}]" for k in range(n_ports - n_in))),
        port_direction=np.array([0] * n_in + [1] * (n_ports - n_in), dtype=np.int8),
        port_net=np.concatenate([np.arange(n_in), outputs]).astype(np.int32),
    )
