"""Collects ports, nets and instances by name and returns the columns of a :class:`Netlist`."""

from __future__ import annotations

import numpy as np

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import CellTable, Direction

Bits = list[int]
_MAX_WIDTH = 1 << 20
"""Bits of the widest bus that is expanded as a whole."""


def _inner_outputs(cells: CellTable) -> dict[int, tuple[int, ...]]:
    """By cell, output pins at which arcs to other outputs start: they have a net even where they are left open."""
    start = np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr))
    rows = cells.pin_ptr[start] + cells.arc_from
    found: dict[int, set[int]] = {}
    for arc in np.flatnonzero(
        (cells.pin_direction[rows] == Direction.OUTPUT) & (cells.arc_from != cells.arc_to)
    ).tolist():
        found.setdefault(int(start[arc]), set()).add(int(cells.arc_from[arc]))
    return {cell: tuple(sorted(pins)) for cell, pins in found.items()}


class NetlistBuilder:
    """Builds a netlist by hand or from a reader; nets exist from their first use.

    Examples
    --------
    >>> builder = NetlistBuilder(technology.cells)              # doctest: +SKIP
    >>> builder.add_port("a", None, Direction.INPUT)            # doctest: +SKIP
    >>> builder.add_port("z", None, Direction.OUTPUT)           # doctest: +SKIP
    >>> inv = technology.cells.index["INV_X1"]                  # doctest: +SKIP
    >>> builder.add_instance("u1", inv, 0, [builder.net("a"), builder.net("z")])  # doctest: +SKIP
    True
    """

    def __init__(self, cells: CellTable) -> None:
        self.cells = cells
        self._net: dict[str, int] = {}
        self._alias: list[int] = []
        self._value: dict[int, int] = {}
        self._bounds: dict[str, tuple[int, int]] = {}
        self._declared: dict[str, tuple[int, int] | None] = {}
        self._ports: list[tuple[str, int, int]] = []
        self._port_seen: set[str] = set()
        self._names: dict[str, int] = {}
        self._type: list[int] = []
        self._variant: list[int] = []
        self._pin_net: list[int] = []
        self._inner = _inner_outputs(cells)

    def net(self, name: str) -> int:
        """Provisional number of the scalar net ``name``, new at its first use."""
        number = self._net.get(name)
        if number is None:
            number = self._net[name] = len(self._alias)
            self._alias.append(number)
        return number

    def constant(self, bit: str) -> int:
        """Net tied to ``"0"`` or ``"1"``; ``"x"`` and ``"z"`` are an open pin."""
        if bit not in "01":
            return NO_NET
        net = self.net(f"1'b{bit}")
        self._value[net] = int(bit)
        return net

    def tie(self, net: int, value: int) -> None:
        """Tie a net to a logic value."""
        self.join(net, self.constant(str(value)))

    def add_bus(self, name: str, bounds: tuple[int, int] | None) -> None:
        """Declare a net or, with ``bounds`` (left, right), a bus."""
        if self._declared.setdefault(name, bounds) != bounds:
            raise InputError(f"'{name}' is declared twice with different bounds")
        if bounds is None:
            self.net(name)
            return
        self._bounds[name] = bounds

    def add_port(self, name: str, bounds: tuple[int, int] | None, direction: Direction) -> None:
        """Declare a port; a bus is kept bit by bit, left to right."""
        if name in self._port_seen:
            raise InputError(f"port '{name}' is declared twice")
        self._port_seen.add(name)
        self.add_bus(name, bounds)
        bits = self.select(name, None, None)
        if bounds is None:
            self._ports.append((name, bits[0], int(direction)))
            return
        step = 1 if bounds[1] >= bounds[0] else -1
        indices = range(bounds[0], bounds[1] + step, step)
        self._ports += [(f"{name}[{i}]", bit, int(direction)) for i, bit in zip(indices, bits, strict=True)]

    def select(self, name: str, high: int | None, low: int | None) -> Bits:
        """Nets of a name, a bit or a part of a bus, left bit first."""
        bounds = self._bounds.get(name)
        if high is None:
            if bounds is None:
                return [self.net(name)]
            high, low = bounds
        elif bounds is None:
            raise InputError(f"'{name}' is no declared bus: '{name}[{high}]' has no meaning")
        last = high if low is None else low
        if bounds is not None:
            lowest, highest = min(bounds), max(bounds)
            if not (lowest <= high <= highest and lowest <= last <= highest):
                raise InputError(f"'{name}[{high}]' is outside the declared [{bounds[0]}:{bounds[1]}]")
            if high != last and (high > last) != (bounds[0] > bounds[1]):
                raise InputError(f"'{name}[{high}:{last}]' runs against the declared [{bounds[0]}:{bounds[1]}]")
        if abs(high - last) >= _MAX_WIDTH:
            raise InputError(f"bus '{name}' of {abs(high - last) + 1} bits is no netlist's")
        step = 1 if last >= high else -1
        return [self.net(f"{name}[{i}]") for i in range(high, last + step, step)]

    def _root(self, net: int) -> int:
        alias = self._alias
        while alias[net] != net:
            alias[net] = alias[alias[net]]
            net = alias[net]
        return net

    def join(self, a: int, b: int) -> None:
        """Make two nets one.

        Raises
        ------
        InputError
            If that shorts logic 0 and 1.
        """
        if a == NO_NET or b == NO_NET:
            return
        a, b = self._root(a), self._root(b)
        values = {self._value[n] for n in (a, b) if n in self._value}
        if len(values) == 2:
            raise InputError("this 'assign' shorts logic 0 and 1")
        if a != b:
            keep, gone = min(a, b), max(a, b)
            self._alias[gone] = keep
            if values:
                self._value[keep] = values.pop()

    def add_instance(self, name: str, cell: int, variant: int, nets: list[int]) -> bool:
        """Add an instance with one net (or ``NO_NET``) per pin; False if the name is taken."""
        before = len(self._names)
        if self._names.setdefault(name, before) != before:
            return False
        self._type.append(cell)
        self._variant.append(variant)
        self._pin_net += nets
        for pin in self._inner.get(cell, ()):
            if nets[pin] == NO_NET:
                own = f"{name}/{self.cells.pin_name[self.cells.pin_ptr[cell] + pin]}"
                self._pin_net[pin - len(nets)] = self.net(own)
        return True

    def finish(self, name: str) -> Netlist:
        """Return the columns; nets keep the order of their first use, and one name of those that ``join`` merged."""
        used = [self._root(n) for n in range(len(self._alias))]
        port_nets = {self._root(net): None for _, net, _ in self._ports}
        # A merged net is named for its first port, so that constraints and parasitics find it; else by its first name.
        label: dict[int, str] = {self._root(net): f"1'b{value}" for net, value in self._value.items()}
        for port, net, _ in self._ports:
            label.setdefault(self._root(net), port)
        for text, net in self._net.items():
            label.setdefault(used[net], text)
        pins = np.asarray(self._pin_net, dtype=np.int32)
        alive = np.zeros(len(self._alias) + 1, dtype=bool)
        roots = np.asarray([*used, NO_NET], dtype=np.int32)
        pin_root = roots[pins] if len(pins) else pins
        alive[pin_root] = True
        alive[list(port_nets)] = True
        alive[-1] = False
        kept = np.flatnonzero(alive[:-1])
        number = np.full(len(alive), NO_NET, dtype=np.int32)
        number[kept] = np.arange(len(kept), dtype=np.int32)
        constant = np.full(len(kept), -1, dtype=np.int8)
        for net, value in self._value.items():
            root = self._root(net)
            if alive[root]:
                constant[number[root]] = value
        cell_type = np.asarray(self._type, dtype=np.int32)
        n_pins = np.diff(self.cells.pin_ptr)[cell_type] if len(cell_type) else np.empty(0, dtype=np.int32)
        return Netlist(
            name=name,
            cells=self.cells,
            instance_names=tuple(self._names),
            cell_type=cell_type,
            cell_variant=np.asarray(self._variant, dtype=np.int8),
            pin_ptr=np.concatenate([[0], np.cumsum(n_pins)]).astype(np.int32),
            pin_net=number[pin_root].astype(np.int32),
            net_names=tuple(label[int(n)] for n in kept),
            net_constant=constant,
            port_names=tuple(port for port, _, _ in self._ports),
            port_direction=np.asarray([d for _, _, d in self._ports], dtype=np.int8),
            port_net=np.asarray([number[self._root(net)] for _, net, _ in self._ports], dtype=np.int32),
        )
