"""SPEF parasitics in and out: detailed nets (``*D_NET``) to the RC trees of :class:`Wires`."""

from __future__ import annotations

import gzip
import math
import re
from heapq import heappop, heappush
from pathlib import Path

import numpy as np

from finevh.base.files import write_whole
from finevh.base.numbers import decimal
from finevh.checks import Checks, Severity
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.verilog import read_text
from finevh.netlist.wires import Wires
from finevh.technology.model import Direction, Real
from finevh.units import Dimension, unit_scale

_UNITS: dict[str, tuple[str, Dimension]] = {
    "*T_UNIT": ("s", "time"),
    "*C_UNIT": ("F", "capacitance"),
    "*R_UNIT": ("Ohm", "resistance"),
}
_SECTIONS = {
    "*CONN",
    "*CAP",
    "*RES",
    "*INDUC",
    "*END",
    "*D_NET",
    "*R_NET",
    "*NAME_MAP",
    "*PORTS",
    "*DEFINE",
    "*PDEFINE",
}
_INDEX = re.compile(r"\*\d+(?![^:/|.])")
_ESCAPED_BIT = re.compile(r"\\[\[<({]-?\d+\\?[\])>}]$")
_ROUNDING = 0.01
"""Share of a net's total by which the sum of its printed capacitances may miss it without a capacitance being left out."""


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


class _Names:
    """Objects of SPEF names in a netlist: the name map applied, escapes removed, delimiters as the netlist has them."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.map: dict[str, str] = {}
        self.divider, self.delimiter = "/", ":"
        self.brackets = "[]"
        self.ports = {n: k for k, n in enumerate(netlist.port_names)}
        self.pins = [{p: k for k, p in enumerate(netlist.cells.pins(t))} for t in range(len(netlist.cells.names))]

    def whole(self, text: str) -> str:
        """A name with its index replaced; some writers leave a name's own star unescaped."""
        if not _INDEX.match(text):
            return text
        head, colon, tail = text.partition(self.delimiter)
        mapped = self.map.get(head)
        if mapped is None:
            raise InputError(f"'{head}' is not in the name map")
        return mapped + colon + tail

    def plain(self, text: str) -> str:
        """The first spelling of a name, for messages."""
        return self._spellings(self.whole(text))[0]

    def _spellings(self, text: str) -> list[str]:
        """How the netlist may spell a name: a bit of a bus, a scalar that reads like one, a name across hierarchy."""
        bit = text
        if self.brackets != "[]" and text[-1:] == self.brackets[1] and text[-2:-1] != "\\":
            base, opened, index = text[:-1].rpartition(self.brackets[0])
            if opened and index.lstrip("-").isdecimal():
                bit = f"{base}[{index}]"
        name = _unescape(bit)
        # Where the brackets are escaped, the name is a scalar; not every writer is so exact.
        found = ["\\" + name, name] if _ESCAPED_BIT.search(text) else [name, "\\" + name]
        if self.divider != "/" and self.divider in bit:
            parts = re.split(r"(?<!\\)" + re.escape(self.divider), bit)
            found.append(_unescape("/".join(parts)))
        return found

    def _find(self, text: str, index: dict[str, int]) -> int | None:
        for name in self._spellings(text):
            if (row := index.get(name)) is not None:
                return row
        return None

    def net(self, text: str) -> int | None:
        """Row of a net."""
        return self._find(self.whole(text), self.netlist.net_index)

    def port(self, text: str) -> int | None:
        """Row of a port."""
        return self._find(self.whole(text), self.ports)

    def pin(self, text: str) -> int | None:
        """Row of the pin ``instance:PIN``, None if it is no pin."""
        instance, _, pin = self.whole(text).rpartition(self.delimiter)
        if not instance:
            return None
        cell = self._find(instance, self.netlist.instance_index)
        if cell is None:
            return None
        local = self.pins[self.netlist.cell_type[cell]].get(_unescape(pin))
        return None if local is None else int(self.netlist.pin_ptr[cell]) + local


class _Net:
    """One net while it is read."""

    def __init__(self, net: int | None, where: int, name: str, total: float) -> None:
        self.net, self.where, self.name, self.total = net, where, name, total
        self.number: dict[str, int] = {}
        self.cap: list[float] = []
        self.res: list[tuple[int, int, float]] = []
        self.coupling: list[tuple[str, str, float]] = []
        self.pins: dict[int, int] = {}
        """Node by netlist pin."""
        self.ports: dict[int, int] = {}

    def node(self, name: str) -> int:
        found = self.number.get(name)
        if found is None:
            found = self.number[name] = len(self.cap)
            self.cap.append(0.0)
        return found


def _neighbours(count: int, res: list[tuple[int, int, float]]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for a, b, r in res:
        found[a].append((b, r))
        found[b].append((a, r))
    return found


def _tree(count: int, res: list[tuple[int, int, float]], root: int) -> tuple[list[int], list[int], list[float], bool]:
    """Nodes in breadth-first order from the root, the position of each one's parent, its resistance; whether it is all.

    The last is False if resistors close loops: then the tree is one of several.
    """
    neighbours = _neighbours(count, res)
    order, parent, value = [root], [-1], [0.0]
    seen = bytearray(count)
    seen[root] = 1
    used = 0
    for at, node in enumerate(order):
        used += len(neighbours[node])
        for other, r in neighbours[node]:
            if not seen[other]:
                seen[other] = 1
                order.append(other)
                parent.append(at)
                value.append(r)
        if at + 1 == len(order):
            break
    return order, parent, value, used == 2 * (len(order) - 1)


def _joined(count: int, res: list[tuple[int, int, float]]) -> list[int]:
    """Representative of each node; nodes that a resistor of zero joins are one."""
    root = list(range(count))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for a, b, r in res:
        if r == 0.0:
            a, b = find(a), find(b)
            root[max(a, b)] = min(a, b)
    return [find(node) for node in range(count)]


def _elmore_tree(
    order: list[int], res: list[tuple[int, int, float]], load: list[float], root: int
) -> tuple[list[int], list[int], list[float]]:
    """A tree with the Elmore delays of a network with loops: nodes, positions of parents, resistances, kOhm.

    Elmore delays are the solution ``T`` of ``G T = C`` with the root at zero (``G`` the conductances, ``C`` the capacitances).
    Each node hangs at the neighbour that sends it most current, over the resistance that gives it its ``T`` from the
    capacitance behind it. The tree is exact in the delays and in the second moment of the root's admittance for the loads
    given, and close for others.

    Parameters
    ----------
    order : nodes that are connected to the root.
    res : resistors above zero, of nodes joined already.
    load : (n) capacitance, fF, of wires and pins at each node.
    """
    # A mesh of resistors is rare: other parasitics are read without waiting for the solver.
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    place = {node: k for k, node in enumerate(order)}
    inside = [(place[a], place[b], r) for a, b, r in res if a in place and b in place and a != b]
    a, b = np.array([e[0] for e in inside]), np.array([e[1] for e in inside])
    g = 1.0 / np.array([e[2] for e in inside])
    n = len(order)
    laplacian = coo_array((np.r_[g, g, -g, -g], (np.r_[a, b, a, b], np.r_[a, b, b, a])), shape=(n, n)).tocsc()
    keep = np.flatnonzero(np.arange(n) != place[root])
    delay = np.zeros(n)
    delay[keep] = spsolve(laplacian[keep][:, keep], np.array([load[node] for node in order])[keep])
    neighbours = _neighbours(n, inside)
    sequence: list[int] = []
    parent = np.full(n, -1)
    seen = np.zeros(n, dtype=np.bool_)
    queue = [(-1.0, place[root])]
    while queue:
        _, node = heappop(queue)
        if seen[node]:
            continue
        seen[node] = True
        if sequence:
            # A node that takes no current hangs at the nearest of those that are there already.
            known = [(max(delay[node] - delay[m], 0.0) / r, -r, m) for m, r in neighbours[node] if seen[m]]
            parent[node] = max(known)[2]
        sequence.append(node)
        for other, _ in neighbours[node]:
            if not seen[other]:
                heappush(queue, (float(delay[other]), other))
    below = np.array([load[node] for node in order])
    value = np.zeros(n)
    for node in sequence[:0:-1]:
        above = parent[node]
        if below[node] > 0.0:
            value[node] = max(delay[node] - delay[above], 0.0) / below[node]
        else:
            value[node] = min(r for other, r in neighbours[node] if other == above)
        below[above] += below[node]
    rank = {node: k for k, node in enumerate(sequence)}
    parents = [-1 if parent[node] < 0 else rank[int(parent[node])] for node in sequence]
    return [order[node] for node in sequence], parents, [float(value[node]) for node in sequence]


_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/", re.DOTALL | re.MULTILINE)
_WITH_PINS = re.compile(r"PIN_CAP\s+(?:INPUT|INOUT|OUTPUT)_CAP")


class _Reader:
    def __init__(self, path: str, netlist: Netlist, checks: Checks | None, pin_cap: Real | None) -> None:
        self.path, self.netlist, self.checks, self.pin_cap = path, netlist, checks, pin_cap
        self.names = _Names(netlist)
        self.scale: dict[str, float] = {}
        self.trees: dict[int, tuple[list[int], list[float], list[float]]] = {}
        self.pin_at: dict[int, tuple[int, int]] = {}
        self.port_at: dict[int, tuple[int, int]] = {}
        self.place: dict[int, dict[int, int]] = {}
        self.driver = self._drivers()
        self.sinks, self.outputs = self._loads()
        self.blocks = 0
        self.lost: list[str] = []
        self.adjusted: list[str] = []
        self.by_number = False
        """Whether nets are called by their numbers in the name map."""

    def fail(self, line: int, message: str) -> InputError:
        return InputError(f"{self.path}:{line}: {message}")

    def _drivers(self) -> dict[int, tuple[str, int]]:
        """Driver of each net: ``("pin", row)`` or ``("port", row)``."""
        netlist = self.netlist
        found: dict[int, tuple[str, int]] = {}
        output = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
        for pin in np.flatnonzero(output & (netlist.pin_net != NO_NET)).tolist():
            found[int(netlist.pin_net[pin])] = ("pin", pin)
        for port in np.flatnonzero(netlist.port_direction == Direction.INPUT).tolist():
            found.setdefault(int(netlist.port_net[port]), ("port", port))
        return found

    def _loads(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """Pins that are inputs, and output ports, of each net."""
        netlist = self.netlist
        is_sink = (netlist.cells.pin_direction[netlist.pin_type] != Direction.OUTPUT) & (netlist.pin_net != NO_NET)
        pins: dict[int, list[int]] = {}
        for pin in np.flatnonzero(is_sink).tolist():
            pins.setdefault(int(netlist.pin_net[pin]), []).append(pin)
        ports: dict[int, list[int]] = {}
        for port in np.flatnonzero(
            (netlist.port_direction == Direction.OUTPUT) & (netlist.port_net != NO_NET)
        ).tolist():
            ports.setdefault(int(netlist.port_net[port]), []).append(port)
        return pins, ports

    def read(self, text: str) -> Wires:
        section, net = "", None
        line = 0
        if "/*" in text:
            text = _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)
        for line, raw in enumerate(text.split("\n"), 1):
            words = (raw.partition("//")[0] if "//" in raw else raw).split()
            if not words:
                continue
            head = words[0]
            if head in _SECTIONS:
                section, net = head, self.opened(head, words, net, line)
            elif net is not None:
                self.inside(net, section, words, raw, line)
            elif section == "*NAME_MAP":
                if len(words) != 2 or head[0] != "*":
                    raise self.fail(line, "a line of the name map is '*number name'")
                if self.names.map.setdefault(head, words[1]) != words[1]:
                    raise self.fail(line, f"'{head}' is '{self.names.map[head]}' and '{words[1]}' in the name map")
            elif head == "*VARIATION_PARAMETERS":
                section = head
            elif head[0] == "*":
                self.header(head, words, raw, line)
            elif not self.blocks and section == "":
                raise self.fail(line, f"'{raw.strip()[:60]}' has no place in the header of a SPEF file")
        if net is not None:
            raise self.fail(line, f"the net begun at line {net.where} has no *END: the file is truncated")
        if not self.blocks and self.netlist.n_nets:
            raise self.fail(line, "no *D_NET in this file: no SPEF, or the wrong one")
        self.account()
        return self.wires()

    def opened(self, head: str, words: list[str], net: _Net | None, line: int) -> _Net | None:
        """The net that is open after the head of a section."""
        if net is not None and head in ("*D_NET", "*R_NET"):
            raise self.fail(line, f"the net begun at line {net.where} has no *END")
        if head == "*D_NET":
            return self.begin(words, line)
        if head == "*END" and net is not None:
            self.close(net)
            return None
        if head in ("*DEFINE", "*PDEFINE"):
            raise self.fail(line, "*DEFINE (parts with a SPEF of their own) is not understood; extract the whole")
        if head == "*R_NET":
            raise self.fail(line, "reduced nets (*R_NET) are not understood; extract detailed nets (*D_NET)")
        return net

    def header(self, head: str, words: list[str], raw: str, line: int) -> None:
        """One statement of the header: units and the letters that names are made with; the others change nothing."""
        if head in _UNITS:
            self.unit(head, words, line)
        elif head == "*DESIGN_FLOW":
            if found := _WITH_PINS.search(raw):
                raise self.fail(
                    line, f"'{found.group()}': its capacitances hold those of pins, which the Liberty gives; extract with"
                    " PIN_CAP NONE"
                )  # fmt: skip
        elif head in ("*DIVIDER", "*DELIMITER") and len(words) > 1:
            setattr(self.names, head[1:].lower(), words[1])
        elif head == "*BUS_DELIMITER" and len("".join(words[1:])) == 2:
            self.names.brackets = "".join(words[1:])

    def begin(self, words: list[str], line: int) -> _Net:
        """The net of a ``*D_NET`` line; one that the netlist does not have is read and left out."""
        if len(words) < 3:
            raise self.fail(line, "*D_NET takes a net and its capacitance")
        if "*C_UNIT" not in self.scale:
            raise self.fail(line, "the header has no *C_UNIT: capacitances have no meaning; add it")
        try:
            row = self.names.net(words[1])
            total = self.value(words[2]) * self.scale["*C_UNIT"]
            if row is None:
                self.not_found(f"the netlist has no net '{self.names.plain(words[1])}'", line)
        except InputError as error:
            raise self.fail(line, str(error)) from None
        except ValueError:
            raise self.fail(line, f"'{words[2]}' is no capacitance") from None
        self.blocks += 1
        self.by_number |= words[1] in self.names.map
        if row in self.place:
            raise self.fail(line, f"net '{self.netlist.net_names[row]}' stands twice in this file")
        return _Net(row, line, self.names.whole(words[1]), total)

    def not_found(self, message: str, line: int) -> None:
        """Without an account what is not found is an error."""
        if self.checks is None:
            raise InputError(message)
        self.lost.append(f"{message} ({self.path}:{line})")

    def unit(self, head: str, words: list[str], line: int) -> None:
        symbol, dimension = _UNITS[head]
        # "1 PF", and "1PF" of some writers. Neither M is sure to be milli or mega, so none is read.
        match = re.fullmatch(r"(.*?[0-9.])\s*([PNFUK]?)(S|F|OHM)", " ".join(words[1:]).upper())
        try:
            amount = decimal(match.group(1)) if match is not None and match.group(3) == symbol.upper() else 0.0
        except ValueError:
            amount = 0.0
        if match is None or amount <= 0.0:
            raise self.fail(line, f"'{' '.join(words[1:])}' is no unit of {dimension}")
        prefix = match.group(2).lower()
        self.scale[head] = amount * unit_scale(prefix + symbol, dimension)

    @staticmethod
    def value(word: str) -> float:
        """A number, or the middle one of ``best:typical:worst``."""
        parts = word.split(":") if ":" in word else [word]
        if len(parts) not in (1, 3):
            raise ValueError
        numbers = [float(part) for part in parts]
        # Python reads 1_0 and digits of other scripts, too.
        if not all(0.0 <= number < math.inf for number in numbers) or "_" in word or not word.isascii():
            raise ValueError
        return numbers[len(numbers) // 2]

    def inside(self, net: _Net, section: str, words: list[str], raw: str, line: int) -> None:
        """A line between ``*D_NET`` and ``*END``."""
        try:
            if section == "*CONN":
                self.connection(net, words, line)
            elif section in ("*CAP", "*RES"):
                if "*SC" in words:
                    words = words[: words.index("*SC")]
                if section == "*RES":
                    if "*R_UNIT" not in self.scale:
                        raise InputError("the header has no *R_UNIT: resistances have no meaning; add it")
                    _, first, second, value = words
                    net.res.append((net.node(first), net.node(second), self.value(value) * self.scale["*R_UNIT"]))
                elif len(words) == 3:
                    net.cap[net.node(words[1])] += self.value(words[2]) * self.scale["*C_UNIT"]
                else:
                    _, first, second, value = words
                    net.coupling.append((first, second, self.value(value) * self.scale["*C_UNIT"]))
            elif section != "*INDUC":
                raise ValueError
        except (ValueError, IndexError):
            raise self.fail(line, f"'{raw.strip()[:60]}' is no line of {section}") from None
        except InputError as error:
            raise self.fail(line, str(error)) from None

    def connection(self, net: _Net, words: list[str], line: int) -> None:
        """A line of ``*CONN``: ``*I instance:PIN``, ``*P port`` or ``*N node``, then what is not used here."""
        kind, name = words[0], words[1]
        node = net.node(name)
        if kind not in ("*I", "*P", "*N"):
            raise ValueError
        if net.net is None:
            return
        if kind == "*I":
            pin = self.names.pin(name)
            if pin is None or self.netlist.pin_net[pin] != net.net:
                self.not_found(f"the netlist has no pin '{self.names.plain(name)}' on this net", line)
            else:
                net.pins[pin] = node
        elif kind == "*P":
            port = self.names.port(name)
            if port is None or self.netlist.port_net[port] != net.net:
                self.not_found(f"the netlist has no port '{self.names.plain(name)}' on this net", line)
            else:
                net.ports[port] = node

    def couple(self, net: _Net) -> None:
        """Book coupling capacitances to ground at the net's own node, whichever of the two that is."""
        for first, second, value in net.coupling:
            own = [name for name in (first, second) if name in net.number]
            if not own:
                prefix = net.name + self.names.delimiter
                try:
                    own = [name for name in (first, second) if self.names.whole(name).startswith(prefix)]
                except InputError as error:
                    raise self.fail(net.where, str(error)) from None
            # A capacitance between two nodes of one net swings with it: it is no load.
            if len(own) == 1:
                net.cap[net.node(own[0])] += value
            elif not own:
                raise self.fail(
                    net.where, f"a coupling capacitance of this net is between '{first}' and '{second}', neither of it"
                )

    def close(self, net: _Net) -> None:
        """Make the tree of a net that has been read; capacitance that no resistor leads to is at the driver."""
        self.couple(net)
        if net.net is None:
            return
        kind, row = self.driver.get(net.net, ("", -1))
        at = (net.pins if kind == "pin" else net.ports).get(row)
        try:
            self.unlisted_sinks(net)
            if at is None and kind:
                at = self.unlisted(net, kind, row)
        except InputError as error:
            raise self.fail(net.where, str(error)) from None
        if at is None:
            # Without a driver (a tied or floating net) there is nothing to drive the tree.
            self.place[net.net] = {}
            return
        order, parent, value, is_tree = _tree(len(net.cap), net.res, at)
        merged = list(range(len(net.cap)))
        if not is_tree:
            merged = _joined(len(net.cap), net.res)
            joined = [(merged[a], merged[b], r) for a, b, r in net.res if merged[a] != merged[b]]
            load = [0.0] * len(net.cap)
            for node, capacitance in enumerate(net.cap):
                load[merged[node]] += capacitance
            net.cap = list(load)
            if self.pin_cap is not None:
                for pin, node in net.pins.items():
                    load[merged[node]] += float(self.pin_cap[self.netlist.pin_type[pin]])
            nodes = list(dict.fromkeys(merged[node] for node in order))
            if len(nodes) > 1:
                order, parent, value = _elmore_tree(nodes, joined, load, merged[at])
            else:
                order, parent, value = nodes, [-1], [0.0]
        caps = [net.cap[node] for node in order]
        total = sum(net.cap)
        apart = total - sum(caps)
        missing = net.total - total
        if missing <= _ROUNDING * net.total:
            missing = 0.0
        # Rounding of the difference of two sums is no capacitance.
        if apart > 1e-9 * total:
            caps[0] += apart
            self.adjusted.append(f"{self.netlist.net_names[net.net]}: {apart:.4g} fF without a way to the driver")
        if missing > 0.0:
            caps[0] += missing
            self.adjusted.append(f"{self.netlist.net_names[net.net]}: {missing:.4g} fF of its total at no node")
        self.trees[net.net] = (parent, value, caps)
        position = {node: k for k, node in enumerate(order)}
        place = {node: position[m] for node, m in enumerate(merged) if m in position}
        self.place[net.net] = place
        self.pin_at.update({pin: (net.net, node) for pin, node in net.pins.items()})
        self.port_at.update({port: (net.net, node) for port, node in net.ports.items()})

    def unlisted_sinks(self, net: _Net) -> None:
        """Find pins and ports that ``*CONN`` does not list by their nodes; those without are at the driver."""
        n = net.net
        assert n is not None
        missing = [p for p in self.sinks.get(n, ()) if p not in net.pins]
        left = [q for q in self.outputs.get(n, ()) if q not in net.ports]
        if not missing and not left:
            return
        for name, node in net.number.items():
            pin = self.names.pin(name)
            if pin in missing:
                net.pins.setdefault(pin, node)
            elif (port := self.names.port(name)) in left:
                net.ports.setdefault(port, node)
        lost = sum(p not in net.pins for p in missing) + sum(q not in net.ports for q in left)
        if lost:
            self.adjusted.append(f"{self.netlist.net_names[n]}: {lost} of its pins and ports at no node")

    def unlisted(self, net: _Net, kind: str, row: int) -> int:
        """Node of a driver that ``*CONN`` does not list: that of its name, else one of its own."""
        for name, node in list(net.number.items()):
            if (self.names.pin(name) if kind == "pin" else self.names.port(name)) == row:
                (net.pins if kind == "pin" else net.ports)[row] = node
                return node
        return net.node("")

    def account(self) -> None:
        """Book what was not found, set right, and left without parasitics."""
        netlist = self.netlist
        if 2 * len({text for text in self.lost if " net '" in text}) > self.blocks:
            raise InputError(
                f"{self.path}: {len(self.lost)} of {self.blocks} nets are not in the netlist, first: {self.lost[0]}; "
                "is this the SPEF of another design?"
            )
        if self.checks is None:
            return
        self.checks.add("parasitics_not_found", self.lost)
        self.checks.add("parasitics_adjusted", self.adjusted)
        bare = [
            n
            for n in sorted(self.sinks.keys() | self.outputs.keys())
            if netlist.net_constant[n] < 0 and n in self.driver and n not in self.place
        ]
        # A name map announces the nets of the file: where one of those is missing, the file was cut short behind a net. A file
        # without one announces nothing: whatever is missing may be cut off.
        announced = {_unescape(name) for name in self.names.map.values()} if self.by_number else None
        cut = any(announced is None or netlist.net_names[n].removeprefix("\\") in announced for n in bare)
        severity = Severity.ERROR if cut else None
        self.checks.add("nets_without_parasitics", (netlist.net_names[n] for n in bare), severity=severity)

    def wires(self) -> Wires:
        netlist = self.netlist
        count = np.array(
            [len(self.trees[n][0]) if n in self.trees else 0 for n in range(netlist.n_nets)], dtype=np.int64
        )
        ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
        parents: list[int] = []
        res: list[float] = []
        cap: list[float] = []
        for n in sorted(self.trees):
            parent, value, caps = self.trees[n]
            base = int(ptr[n])
            parents += [base + p if p >= 0 else -1 for p in parent]
            res += value
            cap += caps
        pin_node = np.full(len(netlist.pin_net), -1, dtype=np.int32)
        port_node = np.full(len(netlist.port_names), -1, dtype=np.int32)
        for column, out in ((self.pin_at, pin_node), (self.port_at, port_node)):
            for key, (n, node) in column.items():
                if n in self.trees:
                    position = self.place[n].get(node, -1)
                    out[key] = ptr[n] + position if position >= 0 else -1
        return Wires(
            node_ptr=ptr,
            node_parent=np.asarray(parents, dtype=np.int32),
            node_res=np.asarray(res, dtype=np.float64),
            node_cap=np.asarray(cap, dtype=np.float64),
            pin_node=pin_node,
            port_node=port_node,
            length=np.full(netlist.n_nets, np.nan),
        )


def parse_spef(
    text: str, netlist: Netlist, name: str = "<text>", checks: Checks | None = None, pin_cap: Real | None = None
) -> Wires:
    """Parse SPEF text; see :func:`read_spef`."""
    return _Reader(name, netlist, checks, pin_cap).read(text)


def read_spef(path: Path | str, netlist: Netlist, checks: Checks | None = None, pin_cap: Real | None = None) -> Wires:
    """Read a SPEF file (``.spef`` or ``.spef.gz``) for a netlist.

    Coupling capacitances go to ground at the net's own node. Resistors that close loops are kept: the net becomes the tree
    that has the Elmore delays of the network. Of best, typical and worst the typical value is read. Nets that the file does
    not name have no parasitics.

    Parameters
    ----------
    checks : Checks, optional
        Takes nets, pins and ports that the netlist does not have, nets of the netlist without parasitics, capacitance that
        no resistor leads to or that only a net's total names (both are set at the driver). Without it, what the netlist
        does not have is an error.
    pin_cap : (n_pin of the library) fF, optional
        Capacitance of each pin, for the delays of networks with loops; by default none.

    Raises
    ------
    InputError
        With file and line: a header without units, a damaged line, a truncated file; more nets unknown than known.
    """
    return parse_spef(read_text(path), netlist, str(path), checks, pin_cap)


def _escape(name: str, *, scalar: bool = False) -> str:
    """SPEF spelling of a name: characters beyond letters, digits, ``_`` and the index of a bus are escaped."""
    bus = None if scalar else re.fullmatch(r"(.*)(\[-?\d+\])", name, re.DOTALL)
    base, index = (bus.group(1), bus.group(2)) if bus and name[0] != "\\" else (name.lstrip("\\"), "")
    return re.sub(r"([^A-Za-z0-9_])", r"\\\1", base) + index


def format_spef(netlist: Netlist, wires: Wires) -> str:
    """Return the wires as SPEF with a name map; units fF, Ohm, ps."""
    pin_nodes: dict[int, list[str]] = {}
    pins: dict[int, list[tuple[str, str]]] = {}
    n_nets = netlist.n_nets
    drives = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
    names = netlist.cells.pin_name
    for pin in np.flatnonzero((wires.pin_node >= 0) & (netlist.pin_net != NO_NET)).tolist():
        label = f"*{n_nets + int(netlist.pin_cell[pin]) + 1}:{names[netlist.pin_type[pin]]}"
        pin_nodes.setdefault(int(wires.pin_node[pin]), []).append(label)
        pins.setdefault(int(netlist.pin_net[pin]), []).append((label, f"*I {label} {'O' if drives[pin] else 'I'}"))
    first_port = n_nets + netlist.n_cells + 1
    for port in np.flatnonzero(wires.port_node >= 0).tolist():
        label = f"*{first_port + port}"
        flow = "I" if netlist.port_direction[port] == Direction.INPUT else "O"
        pin_nodes.setdefault(int(wires.port_node[port]), []).append(label)
        pins.setdefault(int(netlist.port_net[port]), []).append((label, f"*P {label} {flow}"))
    lines = [
        '*SPEF "IEEE 1481-1998"', f'*DESIGN "{netlist.name}"', '*DATE ""', '*VENDOR "finevh"', '*PROGRAM "finevh"',
        '*VERSION "1"', '*DESIGN_FLOW ""', "*DIVIDER /", "*DELIMITER :", "*BUS_DELIMITER [ ]", "*T_UNIT 1 PS",
        "*C_UNIT 1 FF", "*R_UNIT 1 OHM", "*L_UNIT 1 HENRY", "", "*NAME_MAP", "",
    ]  # fmt: skip
    lines += [f"*{k + 1} {_escape(n)}" for k, n in enumerate(netlist.net_names)]
    lines += [f"*{n_nets + k + 1} {_escape(n, scalar=True)}" for k, n in enumerate(netlist.instance_names)]
    lines += [f"*{first_port + k} {_escape(n)}" for k, n in enumerate(netlist.port_names)]
    lines.append("")
    ptr, parent = wires.node_ptr.tolist(), wires.node_parent.tolist()
    cap, res = wires.node_cap.tolist(), wires.node_res.tolist()
    for net in range(n_nets):
        low, high = ptr[net], ptr[net + 1]
        if low == high:
            continue
        at = {node: (pin_nodes.get(node) or [f"*{net + 1}:{node - low + 1}"])[0] for node in range(low, high)}
        lines.append(f"*D_NET *{net + 1} {sum(cap[low:high]):.9g}")
        lines.append("*CONN")
        lines += [text for _, text in pins.get(net, [])]
        lines.append("*CAP")
        lines += [f"{k + 1} {at[n]} {cap[n]:.9g}" for k, n in enumerate(range(low, high))]
        lines.append("*RES")
        wired = [(at[parent[n]], at[n], res[n] * 1e3) for n in range(low + 1, high)]
        # Pins that share a node are tied to it without resistance.
        wired += [(at[n], other, 0.0) for n in range(low, high) for other in pin_nodes.get(n, [])[1:]]
        lines += [f"{k + 1} {a} {b} {r:.9g}" for k, (a, b, r) in enumerate(wired)]
        lines += ["*END", ""]
    return "\n".join(lines)


def write_spef(netlist: Netlist, wires: Wires, path: Path | str) -> None:
    """Write :func:`format_spef` to ``path``, gzip-compressed when the name ends in ``.gz``."""
    data = format_spef(netlist, wires).encode("ascii")
    write_whole(Path(path), gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)
