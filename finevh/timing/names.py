"""Names of pins, ports and endpoints of a netlist."""

from __future__ import annotations

from finevh.netlist.model import Netlist
from finevh.timing.graph.structure import Structure


def pin_name(netlist: Netlist, pin: int) -> str:
    """``instance/pin`` of a netlist pin."""
    cell = int(netlist.pin_cell[pin])
    local = pin - int(netlist.pin_ptr[cell])
    return f"{netlist.instance_names[cell]}/{netlist.cells.pins(int(netlist.cell_type[cell]))[local]}"


def sink_name(netlist: Netlist, structure: Structure, sink: int) -> str:
    """Name of a sink: a pin or an output port."""
    pin = int(structure.sink_pin[sink])
    return pin_name(netlist, pin) if pin >= 0 else netlist.port_names[structure.sink_port[sink]]


def node_name(netlist: Netlist, structure: Structure, node: int) -> str:
    """Name of a driver: a pin or an input port."""
    pin = int(structure.node_pin[node])
    return pin_name(netlist, pin) if pin >= 0 else netlist.port_names[structure.node_port[node]]
