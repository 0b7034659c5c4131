"""What is wrong with the connections of a netlist: inputs that nothing drives, nets that several outputs drive."""

from __future__ import annotations

import numpy as np

from finevh.checks import Checks
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction

__all__ = ["book_connections"]


def book_connections(netlist: Netlist, checks: Checks) -> None:
    """Book ``floating_inputs`` (``instance/PIN``) and ``multiple_drivers`` (nets) of a netlist."""
    direction = netlist.cells.pin_direction[netlist.pin_type]
    on_net = netlist.pin_net != NO_NET
    drivers = np.bincount(netlist.pin_net[on_net & (direction == Direction.OUTPUT)], minlength=netlist.n_nets)
    ports = netlist.port_net != NO_NET
    fed = ports & (netlist.port_direction == Direction.INPUT)
    drivers = drivers + np.bincount(netlist.port_net[fed], minlength=netlist.n_nets)
    # What is behind a bidirectional pin or port may drive a net, and may not.
    perhaps = np.zeros(netlist.n_nets, dtype=np.bool_)
    perhaps[netlist.pin_net[on_net & (direction == Direction.INOUT)]] = True
    perhaps[netlist.port_net[ports & (netlist.port_direction == Direction.INOUT)]] = True
    driven = perhaps | (drivers > 0) | (netlist.net_constant >= 0)
    floating = np.flatnonzero((direction == Direction.INPUT) & ~(on_net & driven[netlist.pin_net]))
    checks.add("floating_inputs", (_pin_name(netlist, pin) for pin in floating.tolist()))
    checks.add("multiple_drivers", (netlist.net_names[n] for n in np.flatnonzero(drivers > 1).tolist()))


def _pin_name(netlist: Netlist, pin: int) -> str:
    return f"{netlist.instance_names[netlist.pin_cell[pin]]}/{netlist.cells.pin_name[netlist.pin_type[pin]]}"
