"""Logic constants: tied nets and case analysis propagated through cell functions, and what they do to arcs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.netlist.edit import sinks_by_net
from finevh.netlist.logic import parse_function
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int


@dataclass(frozen=True)
class Constants:
    """What is known of the logic values of a netlist."""

    netlist: Netlist
    net_value: NDArray[np.int8]
    """(n_net) 0, 1, or -1 for a signal."""
    pin_value: NDArray[np.int8]
    """(n_pin) value at each pin (case analysis may set a pin and not its net)."""
    touched: NDArray[np.bool_]
    """(n_cell) cells with a constant pin."""

    def pin_fixed(self, pins: Int) -> NDArray[np.bool_]:
        """Whether pins hold a constant."""
        return np.asarray(self.pin_value[pins] >= 0)

    def _known(self, cell: int) -> dict[str, int]:
        base, end = self.netlist.pin_ptr[cell], self.netlist.pin_ptr[cell + 1]
        names = self.netlist.cells.pins(int(self.netlist.cell_type[cell]))
        return {n: int(v) for n, v in zip(names, self.pin_value[base:end], strict=True) if v >= 0}

    def arc_alive(self, owner: Int, local: Int) -> NDArray[np.bool_]:
        """Whether arcs can switch: their ``when`` can be true and their output depends on their input."""
        cells, netlist = self.netlist.cells, self.netlist
        alive = np.ones(len(owner), dtype=bool)
        for a in np.flatnonzero(self.touched[owner]).tolist():
            cell = int(owner[a])
            row = int(cells.arc_ptr[netlist.cell_type[cell]] + local[a])
            known = self._known(cell)
            names = cells.pins(int(netlist.cell_type[cell]))
            source, target = names[cells.arc_from[row]], names[cells.arc_to[row]]
            if source in known:
                alive[a] = False
                continue
            when = cells.arc_when[row]
            if when and parse_function(when).value(known) == 0:
                alive[a] = False
                continue
            if not when and self._conditional_holds(row, known):
                # An arc without condition stands for the states that the others leave: one of them holds for certain.
                alive[a] = False
                continue
            text = cells.pin_function[cells.pin_ptr[netlist.cell_type[cell]] + cells.arc_to[row]]
            if text and source in (function := parse_function(text)).pins:
                alive[a] = function.depends(source, {k: v for k, v in known.items() if k != target})
        return alive

    def _conditional_holds(self, row: int, known: dict[str, int]) -> bool:
        """Whether a conditional arc between the pins of arc ``row`` has its condition met by constants."""
        cells = self.netlist.cells
        cell = int(np.searchsorted(cells.arc_ptr, row, side="right")) - 1
        return any(
            cells.arc_when[k] and parse_function(cells.arc_when[k]).value(known) == 1
            for k in range(cells.arc_ptr[cell], cells.arc_ptr[cell + 1])
            if cells.arc_from[k] == cells.arc_from[row] and cells.arc_to[k] == cells.arc_to[row]
        )

    def narrow(self, owner: Int, local: Int, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Edge pairs that remain possible when constants make a non-unate function unate."""
        cells, netlist = self.netlist.cells, self.netlist
        mask = mask.copy()
        for a in np.flatnonzero(self.touched[owner] & (mask == 15)).tolist():
            cell = int(owner[a])
            kind = int(netlist.cell_type[cell])
            row = int(cells.arc_ptr[kind] + local[a])
            text = cells.pin_function[cells.pin_ptr[kind] + cells.arc_to[row]]
            if not text:
                continue
            function = parse_function(text)
            source = cells.pins(kind)[cells.arc_from[row]]
            known = self._known(cell)
            free = [p for p in function.pins if p not in known and p != source]
            pairs = 0
            for k in range(1 << len(free)):
                held = known | {p: k >> j & 1 for j, p in enumerate(free)}
                low, high = function.value(held | {source: 0}), function.value(held | {source: 1})
                pairs |= 0b1001 if low < high else 0b0110 if low > high else 0
            mask[a] &= pairs
        return mask


def propagate_constants(netlist: Netlist, cases: dict[int, int], pin_cases: dict[int, int]) -> Constants:
    """Propagate tied nets and case analysis to all nets.

    Parameters
    ----------
    cases : dict
        Net to value; ``pin_cases`` likewise for single input pins.

    Raises
    ------
    InputError
        If a case contradicts a tied net.
    """
    cells = netlist.cells
    value = netlist.net_constant.copy()
    for net, bit in cases.items():
        if value[net] >= 0 and value[net] != bit:
            raise InputError(
                f"set_case_analysis {bit} on net '{netlist.net_names[net]}', which is tied to {value[net]}"
            )
        value[net] = bit
    pin_value = np.where(netlist.pin_net != NO_NET, value[netlist.pin_net], -1).astype(np.int8)
    for pin, bit in pin_cases.items():
        pin_value[pin] = bit
    functions = [parse_function(t) if t else None for t in cells.pin_function]
    # Cells whose output is constant whatever their inputs (tie cells) start the wave.
    tie = np.array([f is not None and not f.pins for f in functions], dtype=bool)
    pending = set(netlist.pin_cell[np.flatnonzero((pin_value >= 0) | tie[netlist.pin_type])].tolist())
    touched = np.zeros(netlist.n_cells, dtype=bool)
    sinks: tuple[NDArray[np.int64], Int] | None = None
    while pending:
        cell = pending.pop()
        touched[cell] = True
        kind = int(netlist.cell_type[cell])
        base = int(netlist.pin_ptr[cell])
        names = cells.pins(kind)
        known = {n: int(pin_value[base + k]) for k, n in enumerate(names) if pin_value[base + k] >= 0}
        for k, row in enumerate(range(cells.pin_ptr[kind], cells.pin_ptr[kind + 1])):
            function = functions[row]
            net = int(netlist.pin_net[base + k])
            if cells.pin_direction[row] != Direction.OUTPUT or function is None or net == NO_NET or value[net] >= 0:
                continue
            result = function.value(known)
            if result < 0:
                continue
            value[net] = result
            first, sinks_of = sinks = sinks or sinks_by_net(netlist)
            for pin in sinks_of[first[net] : first[net + 1]].tolist():
                if pin_value[pin] < 0:
                    pin_value[pin] = result
                    pending.add(int(netlist.pin_cell[pin]))
            pin_value[base + k] = result
    return Constants(netlist, value, pin_value, touched)


def bind_cases(names: Names, constraints: Constraints) -> tuple[dict[int, int], dict[int, int]]:
    """Values that case analysis gives to nets, and to single pins."""
    nets: dict[int, int] = {}
    pins: dict[int, int] = {}
    for objects, value in constraints.cases:
        for item in objects:
            kind = names.kind_of(item)
            if kind == "pin":
                for pin in names.find_pins(item):
                    if names.netlist.cells.pin_direction[names.netlist.pin_type[pin]] == Direction.OUTPUT:
                        nets[int(names.netlist.pin_net[pin])] = value
                    else:
                        pins[pin] = value
            elif kind == "net":
                nets.update(dict.fromkeys(names.find_nets(item), value))
            elif kind == "cell":
                raise InputError(f"{item.where}: set_case_analysis takes ports, pins or nets, not cells")
            else:
                for port in names.find_ports((item,)):
                    nets[int(names.netlist.port_net[port])] = value
    nets.pop(NO_NET, None)
    return nets, pins
