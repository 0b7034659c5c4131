"""The metal of supply nets as columns of boxes: wires and vias of special nets, and the pins of all placed cells."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.formats.def_model import Box, DefComponent, DefLayout, DefWire
from finevh.technology.lef import Lef
from finevh.technology.model import Int

Long = NDArray[np.int64]

SIGNAL, UNCONNECTED = -1, -2
"""Net of a signal pin, which may touch no supply; and of a supply pin on no net, which is reported as such and not as a short."""


@dataclass(frozen=True)
class SupplyPin:
    """A supply pin of an instance: ``use`` POWER or GROUND, ``net`` its index in the nets or ``UNCONNECTED``."""

    instance: str
    cell: str
    pin: str
    use: str
    net: int
    x: int
    y: int
    """Middle of the instance, database units."""


@dataclass(frozen=True)
class SupplyShapes:
    """Boxes in database units; a row is a wire, one layer of a via, or one rectangle of a pin.

    ``net`` indexes ``nets``, or is :data:`SIGNAL` or :data:`UNCONNECTED`; ``group`` joins the layers of a via, -1 for others;
    ``pin`` indexes ``pins``, -1 for what is no supply pin.
    """

    units: int
    nets: tuple[str, ...]
    layers: tuple[str, ...]
    net: Int
    layer: Int
    box: Long
    """(n_shape, 4) x0, y0, x1, y1."""
    group: Int
    pin: Int
    pins: tuple[SupplyPin, ...]


def wire_box(wire: DefWire) -> Box:
    """Return the metal of a straight piece of special wiring; it ends where its points are."""
    (x0, y0), (x1, y1) = wire.start, wire.end
    half = wire.width // 2
    if x0 == x1:
        return (x0 - half, min(y0, y1), x0 - half + wire.width, max(y0, y1))
    return (min(x0, x1), y0 - half, max(x0, x1), y0 - half + wire.width)


class _Columns:
    """Rows of :class:`SupplyShapes` while they are collected."""

    def __init__(self) -> None:
        self.layer_index: dict[str, int] = {}
        self.parts: list[tuple[Int, Int, Long, Int, Int]] = []
        self.groups = 0

    def layer(self, name: str) -> int:
        return self.layer_index.setdefault(name, len(self.layer_index))

    def add(self, net: Int | int, layer: int, box: Long, group: Int | int = -1, pin: Int | int = -1) -> None:
        nets, layers, groups, owners = (
            np.broadcast_to(np.asarray(value, dtype=np.int32), (len(box),)) for value in (net, layer, group, pin)
        )
        self.parts.append((nets, layers, box, groups, owners))


def shapes_of_def(layout: DefLayout, lef: Lef) -> SupplyShapes:
    """Collect the supply metal of a DEF: its special nets of use POWER and GROUND, and the pins of its placed cells.

    Parameters
    ----------
    layout
        The DEF; vias are those of its own VIAS section, then of the LEF.
    lef
        Technology and cell LEF of the design.

    Raises
    ------
    InputError
        If a via or a cell's macro is known to neither file: what cannot be drawn cannot be called connected.
    """
    supplies = [net for net in layout.special_nets if net.use in ("POWER", "GROUND")]
    names = tuple(net.name for net in supplies)
    columns = _Columns()
    vias = {via.name: via.shapes for via in layout.vias}
    units = layout.units
    for index, net in enumerate(supplies):
        drawn: dict[str, list[Box]] = defaultdict(list)
        for wire in net.wires:
            drawn[wire.layer].append(wire_box(wire))
        for layer, boxes in drawn.items():
            columns.add(index, columns.layer(layer), np.array(boxes, dtype=np.int64))
        placed: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for place in net.vias:
            placed[place.name].append((place.x, place.y))
        for name, places in placed.items():
            at = np.tile(np.array(places, dtype=np.int64), 2)
            numbers = np.arange(columns.groups, columns.groups + len(at), dtype=np.int32)
            for layer, box in _via_shapes(name, vias, lef, units, layout.design):
                columns.add(index, columns.layer(layer), at + np.array(box, dtype=np.int64), numbers)
            columns.groups += len(at)
    pins = _add_pins(layout, lef, names, columns)
    net_of, layer_of, boxes_of, group_of, pin_of = (
        [part[k] for part in columns.parts] or [np.zeros((0, 4) if k == 2 else 0, dtype=np.int32)] for k in range(5)
    )
    return SupplyShapes(
        units,
        names,
        tuple(columns.layer_index),
        np.concatenate(net_of),
        np.concatenate(layer_of),
        np.concatenate(boxes_of).astype(np.int64),
        np.concatenate(group_of),
        np.concatenate(pin_of),
        tuple(pins),
    )


def _via_shapes(
    name: str, vias: dict[str, tuple[tuple[str, Box], ...]], lef: Lef, units: int, design: str
) -> tuple[tuple[str, Box], ...]:
    if name not in vias:
        if name not in lef.vias:
            raise InputError(f"DEF of '{design}': via '{name}' is defined neither there nor in a LEF; give its LEF")
        scaled = [(layer, [round(v * units) for v in box]) for layer, *box in lef.vias[name]]
        vias[name] = tuple((layer, (b[0], b[1], b[2], b[3])) for layer, b in scaled)
    return vias[name]


def supply_connections(layout: DefLayout, names: tuple[str, ...]) -> dict[tuple[str, str], int]:
    """Return the supply net of (instance, pin) as its index in ``names``; instance ``*`` stands for all."""
    index = {name: i for i, name in enumerate(names)}
    found: dict[tuple[str, str], int] = {}
    for net in (*layout.special_nets, *layout.nets):
        number = index.get(net.name)
        if number is not None:
            for instance, pin in net.pins:
                found[instance, pin] = number
    return found


def _add_pins(layout: DefLayout, lef: Lef, names: tuple[str, ...], columns: _Columns) -> list[SupplyPin]:
    """Add the pins of all placed cells, cell type by cell type; returns the supply pins among them."""
    connected = supply_connections(layout, names)
    by_cell: dict[str, list[DefComponent]] = defaultdict(list)
    for component in layout.components:
        if component.status != "UNPLACED":
            by_cell[component.cell].append(component)
    pins: list[SupplyPin] = []
    for cell, members in by_cell.items():
        macro = lef.macros.get(cell)
        if macro is None:
            raise InputError(f"DEF of '{layout.design}': no LEF has the cell '{cell}' of '{members[0].name}'; give it")
        at = np.array([(c.x, c.y) for c in members], dtype=np.int64)
        turned = [c.orient for c in members]
        width, height = round(macro.width * layout.units), round(macro.height * layout.units)
        for pin, (_, use, rectangles) in macro.pins.items():
            # Pins of wells have no metal: taps and abutment join them.
            supply = use.upper() in ("POWER", "GROUND") and any(r[0] in lef.layers for r in rectangles)
            nets = np.full(len(members), SIGNAL, dtype=np.int32)
            owners = np.full(len(members), -1, dtype=np.int32)
            if supply:
                everywhere = connected.get(("*", pin), UNCONNECTED)
                nets[:] = [connected.get((c.name, pin), everywhere) for c in members]
                owners[:] = np.arange(len(pins), len(pins) + len(members))
                pins += [
                    SupplyPin(c.name, cell, pin, use.upper(), int(net), c.x + width // 2, c.y + height // 2)
                    for c, net in zip(members, nets, strict=True)
                ]
            for layer, *corners in rectangles:
                box = [round(v * layout.units) for v in corners]
                columns.add(nets, columns.layer(layer), _placed(box, at, turned, (width, height)), pin=owners)
    return pins


def _placed(box: list[int], at: Long, turned: list[str], size: tuple[int, int]) -> Long:
    """Return the box of a cell at each of its places; orientations N, S, FN and FS as DEF has them."""
    width, height = size
    mirrored_x = np.array([o in ("FN", "S") for o in turned])
    mirrored_y = np.array([o in ("FS", "S") for o in turned])
    x0 = np.where(mirrored_x, width - box[2], box[0]) + at[:, 0]
    x1 = np.where(mirrored_x, width - box[0], box[2]) + at[:, 0]
    y0 = np.where(mirrored_y, height - box[3], box[1]) + at[:, 1]
    y1 = np.where(mirrored_y, height - box[1], box[3]) + at[:, 1]
    return np.column_stack([x0, y0, x1, y1])
