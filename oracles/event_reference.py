"""An event-driven simulator as plain as can be, for one step from settled values: what tests hold the compiled one against."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from finevh.netlist.model import Netlist
from finevh.power.glitches import GlitchDelays
from finevh.power.glitches.wiring import GatePins, pin_ticks
from finevh.technology.liberty.boolean import Expression, evaluate, parse_boolean

BIT = (np.array(False), np.array(True))


@dataclass
class EventReference:
    """Gates by the nets they drive.

    Parameters
    ----------
    standard
        True: a change that is taken back before it is due does not happen, and a new one is due a whole delay later (IEEE 1364).
        False: as Icarus Verilog has it: every change of the function sets an alarm a delay later, and at an alarm the output
        takes what the function is by then.
    """

    netlist: Netlist
    pins: GatePins
    delays: GlitchDelays
    standard: bool = True
    value: dict[int, int] = field(default_factory=dict)
    toggles: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        netlist = self.netlist
        self.listeners: dict[int, list[tuple[int, np.ndarray]]] = {}
        self.function: dict[int, tuple[Expression, list[tuple[str, int]]]] = {}
        delays, _ = pin_ticks(self.pins, self.delays, netlist.n_nets)
        for pin, net, ticks in zip(self.pins.pin.tolist(), self.pins.net.tolist(), delays.tolist(), strict=True):
            self.listeners.setdefault(int(netlist.pin_net[pin]), []).append((net, ticks))
            if net not in self.function:
                cell = int(netlist.net_driver[net])
                kind, first = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
                names = netlist.cells.pins(kind)
                nets = [int(netlist.pin_net[first + j]) for j in range(len(names))]
                inputs = [(name, n) for name, n in zip(names, nets, strict=True) if n != net]
                text = netlist.cells.pin_function[int(netlist.cells.pin_ptr[kind]) + nets.index(net)]
                self.function[net] = parse_boolean(text), inputs

    def _function(self, net: int) -> int:
        tree, inputs = self.function[net]
        return int(evaluate(tree, {name: BIT[self.value.get(n, 0)] for name, n in inputs}))

    def start(self, settled: Iterable[int]) -> None:
        """Take settled values."""
        self.value = dict(enumerate(map(int, settled)))
        self.toggles = dict.fromkeys(self.value, 0)

    def settle(self, target: Iterable[int]) -> None:
        """Let sources change and run until nothing is due."""
        queue: list[tuple[int, int, int]] = []
        for net, new in enumerate(map(int, target)):
            if net not in self.function and self.value[net] != new:
                heapq.heappush(queue, (int(self.delays.launch[net, 0 if new else 1]), net, 0))
        due: dict[int, int] = {}
        wanted = {net: self.value[net] for net in self.function}
        serial = 0
        while queue:
            now = queue[0][0]
            heard: dict[int, tuple[int, int]] = {}
            changes = []
            while queue and queue[0][0] == now:
                _, net, number = heapq.heappop(queue)
                if net not in self.function:
                    changes.append(net)
                elif self.standard and due.get(net) == number:
                    del due[net]
                    changes.append(net)
                elif not self.standard and wanted[net] != self.value[net] and net not in changes:
                    changes.append(net)
            for net in changes:
                self.value[net] ^= 1
                self.toggles[net] += 1
                for told, ticks in self.listeners.get(net, ()):
                    rise, fall = ticks[0 if self.value[net] else 1]
                    before = heard.get(told, (rise, fall))
                    heard[told] = min(before[0], rise), min(before[1], fall)
            for told, (rise, fall) in heard.items():
                new = self._function(told)
                if new == wanted[told]:
                    continue
                wanted[told] = new
                serial += 1
                if self.standard and told in due:
                    del due[told]
                    continue
                if self.standard:
                    due[told] = serial
                heapq.heappush(queue, (now + (rise if new else fall), told, serial))
