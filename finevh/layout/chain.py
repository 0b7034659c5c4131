"""The configuration chain: one selection bit per tile in a shift register with a shadow latch, snaking through the mesh.

It comes as Verilog twice (behaviour, and instances of the technology's flop and latch) and as placed cells: each tile keeps
its pair in an island at the outer end of its first row, whose Vdd rail is VddH. It is no part of the design's netlist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyverilog.vparser.ast as vast
from pyverilog.ast_code_generator.codegen import ASTCodeGenerator

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.placement import Placement
from finevh.layout.tile_at import FLIPPED_SOUTH, NORTH
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction, Kind, Technology

MODULE = "finevh_config_chain"
_IDENTIFIER = re.compile(r"\(?\s*([A-Za-z_]\w*)\s*\)?")
_INVERTED = re.compile(r"\(?\s*(?:!\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)\s*')\s*\)?")


@dataclass(frozen=True)
class Register:
    """A storage cell: its row and the names of its data, enable (clock or gate), output and active-low clear pins."""

    cell: int
    data: str
    enable: str
    output: str
    clear: str = ""


@dataclass(frozen=True)
class ConfigurationChain:
    """``order[k]`` is the tile of bit ``k`` counted from the serial input; selection output ``t`` belongs to tile ``t``."""

    order: tuple[int, ...]
    rtl: str
    verilog: str
    """Mapped: instances of the technology's cells."""
    netlist: Netlist
    placement: Placement


def snake_order(tiles_per_side: int) -> tuple[int, ...]:
    """Return the tiles in chain order: along the first row, back along the second, so that neighbours in the chain touch.

    >>> snake_order(3)
    (0, 1, 2, 5, 4, 3, 6, 7, 8)
    """
    n = tiles_per_side
    rows = (range(r * n, r * n + n) for r in range(n))
    return tuple(t for r, row in enumerate(rows) for t in (row if r % 2 == 0 else reversed(row)))


def find_register(technology: Technology, kind: Kind) -> Register:
    """Return the smallest plain flop or latch: one data pin, no inversion; one with an active-low clear where there is no other.

    Raises
    ------
    InputError
        If the technology has none.
    """
    cells = technology.cells
    avoid = {cells.index[n] for n in technology.roles.get("dont_use", ()) if n in cells.index}
    found: list[tuple[bool, float, int, Register]] = []
    for c in map(int, np.flatnonzero(cells.kind == kind)):
        data, enable = _IDENTIFIER.fullmatch(cells.next_state[c]), _IDENTIFIER.fullmatch(cells.clocked_on[c])
        clear = _INVERTED.fullmatch(cells.clear[c])
        if (
            data is None
            or enable is None
            or cells.preset[c]
            or c in avoid
            or bool(cells.clear[c]) != (clear is not None)
        ):
            continue
        clear_pin = (clear[1] or clear[2]) if clear else ""
        pins = range(int(cells.pin_ptr[c]), int(cells.pin_ptr[c + 1]))
        inputs = {cells.pin_name[p] for p in pins if cells.pin_direction[p] == Direction.INPUT}
        outputs = [cells.pin_name[p] for p in pins if cells.pin_function[p].strip("() ") == "IQ"]
        if inputs == {data[1], enable[1], clear_pin} - {""} and outputs and not np.isnan(technology.cell_width[c]):
            register = Register(c, data[1], enable[1], outputs[0], clear_pin)
            found.append((bool(clear_pin), float(technology.cell_width[c]), c, register))
    if not found:
        what = "flop" if kind == Kind.FLOP else "latch"
        raise InputError(f"technology '{technology.name}' has no plain {what} (data, clock, true output) for the chain")
    return min(found, key=lambda item: item[:3])[3]


def _sites(technology: Technology, cell: int) -> int:
    return int(np.ceil(technology.cell_width[cell] / technology.site_width - 1e-6))


def island_sites(technology: Technology) -> int:
    """Return the width of a tile's island: one flop and one latch, in sites."""
    return sum(_sites(technology, find_register(technology, kind).cell) for kind in (Kind.FLOP, Kind.LATCH))


def _inputs(reset: bool) -> tuple[str, ...]:
    return ("clk", *(("reset_n",) if reset else ()), "update", "serial_in")


def _ports(n_tiles: int, reset: bool) -> list[vast.Ioport]:
    top = vast.Width(vast.IntConst(str(n_tiles - 1)), vast.IntConst("0"))
    return [
        *(vast.Ioport(vast.Input(name)) for name in _inputs(reset)),
        vast.Ioport(vast.Output("serial_out")),
        vast.Ioport(vast.Output("select", width=top)),
    ]


def _emit(name: str, ports: list[vast.Ioport], items: list[vast.Node]) -> str:
    module = vast.ModuleDef(name, vast.Paramlist(()), vast.Portlist(tuple(ports)), tuple(items))
    text: str = ASTCodeGenerator().visit(vast.Source("", vast.Description((module,))))
    return text


def render_rtl(order: tuple[int, ...], reset: bool = False) -> str:
    """Return the chain's behaviour as Verilog: ``serial_in`` enters the bit of ``order[0]``; ``update`` opens the latches.

    Parameters
    ----------
    reset : the flops have an asynchronous active-low clear, ``reset_n``.
    """
    n = len(order)
    width = vast.Width(vast.IntConst(str(n - 1)), vast.IntConst("0"))
    shift, latch = vast.Identifier("shift"), vast.Identifier("shadow")
    body: vast.Node = vast.Identifier("serial_in")
    if n > 1:
        body = vast.Concat((vast.Partselect(shift, vast.IntConst(str(n - 2)), vast.IntConst("0")), body))
    step: vast.Node = vast.NonblockingSubstitution(vast.Lvalue(shift), vast.Rvalue(body))
    edges = [vast.Sens(vast.Identifier("clk"), type="posedge")]
    if reset:
        edges.append(vast.Sens(vast.Identifier("reset_n"), type="negedge"))
        zero = vast.NonblockingSubstitution(vast.Lvalue(shift), vast.Rvalue(vast.IntConst("0")))
        step = vast.IfStatement(vast.Identifier("reset_n"), vast.Block((step,)), vast.Block((zero,)))
    clocked = vast.Always(vast.SensList(tuple(edges)), vast.Block((step,)))
    opened = vast.Always(
        vast.SensList((vast.Sens(None, type="all"),)),
        vast.Block(
            (
                vast.IfStatement(
                    vast.Identifier("update"),
                    vast.Block((vast.BlockingSubstitution(vast.Lvalue(latch), vast.Rvalue(shift)),)),
                    None,
                ),
            )
        ),
    )

    def bit(name: str, k: int) -> vast.Pointer:
        return vast.Pointer(vast.Identifier(name), vast.IntConst(str(k)))

    items: list[vast.Node] = [
        vast.Decl((vast.Reg("shift", width=width), vast.Reg("shadow", width=width))),
        clocked,
        opened,
    ]
    items += [vast.Assign(vast.Lvalue(bit("select", t)), vast.Rvalue(bit("shadow", k))) for k, t in enumerate(order)]
    items.append(vast.Assign(vast.Lvalue(vast.Identifier("serial_out")), vast.Rvalue(bit("shift", n - 1))))
    return _emit(MODULE, _ports(n, reset), items)


def render_mapped(technology: Technology, order: tuple[int, ...], flop: Register, latch: Register) -> str:
    """Return the chain as Verilog of library cells; the last shift bit is ``serial_out`` itself."""
    n = len(order)

    def stage(k: int) -> vast.Node:
        return vast.Identifier("serial_out" if k == n - 1 else f"shift_{k}")

    items: list[vast.Node] = []
    if n > 1:
        items.append(vast.Decl(tuple(vast.Wire(f"shift_{k}") for k in range(n - 1))))
    for k, tile in enumerate(order):
        source = vast.Identifier("serial_in") if k == 0 else stage(k - 1)
        select = vast.Pointer(vast.Identifier("select"), vast.IntConst(str(tile)))
        for kind, cell, data, enable, output in (
            ("shift", flop, source, "clk", stage(k)),
            ("shadow", latch, stage(k), "update", select),
        ):
            name = technology.cells.names[cell.cell]
            ports = [
                vast.PortArg(cell.data, data),
                vast.PortArg(cell.enable, vast.Identifier(enable)),
                vast.PortArg(cell.output, output),
            ]
            if cell.clear:
                ports.append(vast.PortArg(cell.clear, vast.Identifier("reset_n")))
            items.append(vast.InstanceList(name, (), (vast.Instance(name, f"{kind}_reg_{k}", tuple(ports), ()),)))
    return _emit(MODULE, _ports(n, bool(flop.clear or latch.clear)), items)


def _columns(technology: Technology, order: tuple[int, ...], flop: Register, latch: Register) -> Netlist:
    """Return the mapped chain as a netlist: instances ``shift_reg_k``, ``shadow_reg_k`` in turn."""
    n, cells = len(order), technology.cells
    inputs = _inputs(bool(flop.clear or latch.clear))
    ports = [*inputs, "serial_out", *(f"select[{t}]" for t in range(n))]
    nets = [*ports, *(f"shift_{k}" for k in range(n - 1))]
    index = {name: i for i, name in enumerate(nets)}
    pins: list[list[int]] = []
    for k, tile in enumerate(order):
        out = index["serial_out" if k == n - 1 else f"shift_{k}"]
        before = index["serial_in"] if k == 0 else index[f"shift_{k - 1}"]
        for cell, data, enable, output in (
            (flop, before, index["clk"], out),
            (latch, out, index["update"], index[f"select[{tile}]"]),
        ):
            net = {cell.data: data, cell.enable: enable, cell.output: output}
            if cell.clear:
                net[cell.clear] = index["reset_n"]
            pins.append([net.get(pin, -1) for pin in cells.pins(cell.cell)])
    return Netlist(
        name=MODULE,
        cells=cells,
        instance_names=tuple(f"{kind}_reg_{k}" for k in range(n) for kind in ("shift", "shadow")),
        cell_type=np.array([flop.cell, latch.cell] * n, dtype=np.int32),
        cell_variant=np.zeros(2 * n, dtype=np.int8),
        pin_ptr=np.concatenate([[0], np.cumsum([len(p) for p in pins])]).astype(np.int32),
        pin_net=np.array([net for row in pins for net in row], dtype=np.int32),
        net_names=tuple(nets),
        net_constant=np.full(len(nets), -1, dtype=np.int8),
        port_names=tuple(ports),
        port_direction=np.array([*[0] * len(inputs), *[1] * (n + 1)], dtype=np.int8),
        port_net=np.arange(len(ports), dtype=np.int32),
    )


def make_chain(technology: Technology, floorplan: Floorplan) -> ConfigurationChain:
    """Generate and place the chain of a tiled floorplan.

    Raises
    ------
    InputError
        If the floorplan has no islands wide enough, or the technology no plain flop or latch.
    """
    flop, latch = (find_register(technology, kind) for kind in (Kind.FLOP, Kind.LATCH))
    need = island_sites(technology)
    if len(floorplan.island_row) == 0 or floorplan.island_sites < need:
        raise InputError(
            f"the floorplan keeps {floorplan.island_sites} sites per tile for configuration cells, they need {need}; "
            "make the floorplan with island_sites(technology)"
        )
    order = snake_order(floorplan.tiles_per_side)
    netlist = _columns(technology, order, flop, latch)
    tiles = np.array(order, dtype=np.int32)
    rows = floorplan.island_row[tiles]
    left = floorplan.core[0] + floorplan.island_site[tiles] * floorplan.site_width
    flop_width = _sites(technology, flop.cell) * floorplan.site_width
    bottom, flipped = floorplan.row_y[rows], floorplan.row_flipped[rows]
    x0, y0 = floorplan.die[0], floorplan.die[1]
    # Serial pins sit at the lower left corner, where the snake starts; selection nets end at their Vdd-MUXes.
    boxes = floorplan.tile_box
    serial = len(netlist.port_names) - len(order)
    port_x = np.concatenate([np.full(serial, x0), boxes[:, 0]])
    port_y = np.concatenate([y0 + (np.arange(serial) + 1) * floorplan.row_height, boxes[:, 1]])
    placement = Placement(
        x=np.asarray(np.round(np.column_stack([left, left + flop_width]).ravel(), 4), dtype=np.float64),
        y=np.asarray(np.round(np.repeat(bottom, 2), 4), dtype=np.float64),
        orient=np.repeat(np.where(flipped, FLIPPED_SOUTH, NORTH).astype(np.int8), 2),
        tile=np.repeat(tiles, 2),
        port_x=np.round(port_x, 4),
        port_y=np.round(port_y, 4),
    )
    rtl = render_rtl(order, bool(flop.clear or latch.clear))
    return ConfigurationChain(order, rtl, render_mapped(technology, order, flop, latch), netlist, placement)
