"""Cells as transistor networks with their logic: what is simulated, and which states and moves it has."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from finevh.characterization.cells.logic import Function, assignments
from finevh.errors import InputError

__all__ = ["LogicState", "Sequential", "Topology", "Transistor", "check_connections"]

_RAILS = ("VDD", "VSS")


@dataclass(frozen=True)
class Transistor:
    """One finger. `width` in units of the technology's unit width (own cells) or in um (`absolute`, foreign netlists)."""

    kind: Literal["n", "p"]
    drain: str
    gate: str
    source: str
    width: float
    length_um: float | None = None
    device: str | None = None
    absolute: bool = False


@dataclass(frozen=True)
class Sequential:
    """How a cell stores: `clock` active at `edge` (a latch: transparent at the level the edge starts).

    `node` is the internal node that shows the stored IQ (its complement if `inverted`); empty: an output shows it.
    `clear`/`preset` are active-low asynchronous pins.
    """

    kind: Literal["flip-flop", "latch", "clock-gate"]
    clock: str
    edge: Literal["rise", "fall"]
    next: Function
    node: str
    inverted: bool
    clear: str | None = None
    preset: str | None = None

    def resolve(self, inputs: Mapping[str, int], stored: int) -> int:
        """Return IQ under static inputs when `stored` was the state before."""
        if self.clear and inputs[self.clear] == 0:
            return 0
        if self.preset and inputs[self.preset] == 0:
            return 1
        level = 1 if self.edge == "rise" else 0
        if self.kind != "flip-flop" and inputs[self.clock] == level:
            return self.next.evaluate(inputs)
        return stored

    def resolve_unknown(self, inputs: Mapping[str, int]) -> int | None:
        """Return IQ under static inputs whatever was stored before, None if that matters."""
        low, high = self.resolve(inputs, 0), self.resolve(inputs, 1)
        return low if low == high else None


@dataclass(frozen=True)
class LogicState:
    """Static inputs ((pin, bit), ...) in cell order and the stored bit (None: none, or unknown)."""

    inputs: tuple[tuple[str, int], ...]
    stored: int | None


@dataclass(frozen=True)
class Topology:
    """A cell family: the X1 transistor network, its functions, drives and footprint."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, Function], ...]
    transistors: tuple[Transistor, ...]
    drives: tuple[int, ...]
    columns: int
    breaks: int
    sequential: Sequential | None = None
    origin: str = ""
    resistors: tuple[tuple[str, str, float], ...] = ()
    """(node, node, ohm): the poly of tie cells."""
    foreign: bool = False
    """A cell of a foreign netlist: one drive, and its own name."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(name for name, _ in self.outputs)

    def function(self, output: str) -> Function:
        """Return the expression of an output."""
        return dict(self.outputs)[output]

    def apply(self, state: LogicState, pin: str, bit: int) -> LogicState:
        """Return the logic state after one input toggled."""
        before = dict(state.inputs)
        inputs = {**before, pin: bit}
        stored = state.stored
        if self.sequential is not None:
            seq = self.sequential
            active = 1 if seq.edge == "rise" else 0
            if seq.kind == "flip-flop" and pin == seq.clock and before[pin] != bit == active:
                stored = seq.next.evaluate(inputs)
            stored = seq.resolve(inputs, stored) if stored is not None else seq.resolve_unknown(inputs)
        return LogicState(tuple(inputs.items()), stored)

    def evaluate(self, state: LogicState) -> dict[str, int] | None:
        """Return the outputs of a logic state, None while the stored bit is unknown."""
        values = dict(state.inputs)
        if self.sequential is not None:
            if state.stored is None:
                return None
            values["IQ"] = state.stored
        return {pin: function.evaluate(values) for pin, function in self.outputs}

    def settled(self, state: LogicState) -> dict[str, int]:
        """Return the outputs of a state whose stored bit is known.

        Raises
        ------
        ValueError
            If it is not.
        """
        outputs = self.evaluate(state)
        if outputs is None:
            raise ValueError(f"{self.name}: the stored bit is unknown in {state.inputs}")
        return outputs

    def states(self) -> list[LogicState]:
        """Return every static state that exists, inputs counting up with the last toggling fastest, then IQ."""
        found = []
        for inputs in assignments(self.inputs):
            if self.sequential is None:
                found.append(LogicState(tuple(inputs.items()), None))
                continue
            found += [
                LogicState(tuple(inputs.items()), bit) for bit in (0, 1) if self.sequential.resolve(inputs, bit) == bit
            ]
        return found

    def path(self, start: LogicState, goal: LogicState) -> list[tuple[str, int]]:
        """Return the shortest list of single-input toggles from one state to another (breadth first).

        Raises
        ------
        InputError
            If there is none.
        """
        seen: dict[LogicState, list[tuple[str, int]]] = {start: []}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            if state == goal:
                return seen[state]
            for pin, bit in state.inputs:
                following = self.apply(state, pin, 1 - bit)
                if following not in seen:
                    seen[following] = [*seen[state], (pin, 1 - bit)]
                    queue.append(following)
        raise InputError(
            f"{self.origin}: [cells.{self.name}]: no input sequence leads to state {goal.inputs}, "
            f"IQ={goal.stored}; correct its sequential description"
        )

    def cell_name(self, drive: int) -> str:
        """Return the name of the drive-n cell in Liberty, LEF and Verilog, without a variant's suffix."""
        return self.name if self.foreign else f"{self.name}_X{drive}"

    def width_sites(self, drive: int) -> int:
        """Return the footprint of the drive-n cell in sites: n copies of the gate columns, one end gap, the breaks."""
        return self.columns * drive + 1 + self.breaks


def check_connections(topology: Topology, where: str) -> None:
    """Raise InputError if a pin touches no transistor or a function uses a name that is no input."""
    nodes = {node for t in topology.transistors for node in (t.drain, t.gate, t.source)}
    nodes |= {node for a, b, _ in topology.resistors for node in (a, b)}
    for pin in (*topology.inputs, *topology.output_names):
        if pin not in nodes:
            raise InputError(f"{where}: pin {pin} touches no transistor; correct the pin list or the netlist")
    allowed: Sequence[str] = (*topology.inputs, "IQ") if topology.sequential else topology.inputs
    functions = list(topology.outputs)
    if topology.sequential:
        functions.append(("next", topology.sequential.next))
    for pin, function in functions:
        for variable in function.variables:
            if variable not in allowed:
                raise InputError(f"{where}: function of {pin} uses {variable!r}, which is no input of the cell")
