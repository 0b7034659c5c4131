"""The timing graph of a flow's netlist: its constraints, wires and clock policy, as every stage times it."""

from __future__ import annotations

import numpy as np

from finevh.config import Flow
from finevh.constraints import Constraints
from finevh.flow.inputs.constraints import timed_constraints
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import Int, Technology
from finevh.timing import TimingGraph

__all__ = ["timed_types", "timing_graph"]


def timing_graph(
    flow: Flow,
    technology: Technology,
    netlist: Netlist,
    wires: Wires | None,
    driver_derates: bool,
    tables_as_read: bool = False,
) -> TimingGraph:
    """Build the timing graph of a placed netlist, with or without the dependence of delay on the driver's Vdd."""
    return TimingGraph(
        netlist,
        technology,
        timed_constraints(flow, technology, netlist),
        wires,
        cross_voltage=driver_derates,
        clock_supply=flow.clock.supply_policy,
        tables_as_read=tables_as_read,
    )


def timed_types(netlist: Netlist, constraints: Constraints) -> Int:
    """Cell types whose tables are read when a netlist is timed: its own, and those that constraints let drive its ports."""
    drivers = [netlist.cells.index[one.cell] for one in constraints.driving_cells if one.cell in netlist.cells.index]
    return np.unique(np.append(netlist.cell_type, np.array(drivers, dtype=np.int32)))
