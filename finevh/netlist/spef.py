"""SPEF parasitics in and out: detailed nets (``*D_NET``) to the RC trees of :class:`Wires`."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.verilog import read_text
from finevh.netlist.wires import Wires
from finevh.technology.model import Direction
from finevh.units import Dimension, unit_scale

_UNITS: dict[str, tuple[str, Dimension]] = {
    "*T_UNIT": ("s", "time"),
    "*C_UNIT": ("F", "capacitance"),
    "*R_UNIT": ("Ohm", "resistance"),
}
_SECTIONS = {"*CONN", "*CAP", "*RES", "*INDUC", "*END", "*D_NET", "*R_NET", "*NAME_MAP", "*PORTS"}


_INDEX = re.compile(r"\*\d+(?![^:/|.])")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


class _Names:
    """Objects of SPEF names in a netlist; escapes removed, the name map applied."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.map: dict[str, str] = {}
        self.divider, self.delimiter = "/", ":"
        self.ports = {n: k for k, n in enumerate(netlist.port_names)}
        self.pins = [{p: k for k, p in enumerate(netlist.cells.pins(t))} for t in range(len(netlist.cells.names))]

    def plain(self, text: str) -> str:
        """A name with its index replaced and its escapes removed; some writers leave a name's own star unescaped."""
        if _INDEX.match(text):
            head, colon, tail = text.partition(self.delimiter)
            mapped = self.map.get(head)
            if mapped is None:
                raise InputError(f"'{head}' is not in the name map")
            return mapped + colon + tail
        return _unescape(text)

    def net(self, text: str) -> int | None:
        """Row of a net; an escaped scalar that reads like a bit keeps its backslash in the netlist."""
        name = self.plain(text)
        index = self.netlist.net_index
        found = index.get(name)
        return index.get("\\" + name) if found is None else found

    def pin(self, text: str) -> int | None:
        """Row of the pin ``instance:PIN``, None if it is no pin."""
        instance, _, pin = self.plain(text).rpartition(self.delimiter)
        index = self.netlist.instance_index
        cell = index.get(instance, index.get("\\" + instance))
        if cell is None:
            return None
        local = self.pins[self.netlist.cell_type[cell]].get(pin)
        return None if local is None else int(self.netlist.pin_ptr[cell]) + local


class _Net:
    """One net while it is read."""

    def __init__(self, net: int, where: int) -> None:
        self.net, self.where = net, where
        self.number: dict[str, int] = {}
        self.cap: list[float] = []
        self.res: list[tuple[int, int, float]] = []

    def node(self, name: str) -> int:
        found = self.number.get(name)
        if found is None:
            found = self.number[name] = len(self.cap)
            self.cap.append(0.0)
        return found


def _tree(count: int, res: list[tuple[int, int, float]], root: int) -> tuple[list[int], list[int], list[float]]:
    """Nodes in breadth-first order from the root, the position of each one's parent, its resistance.

    A resistor that closes a loop is left out, as OpenSTA does: Elmore delays need a tree.
    """
    neighbours: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for a, b, r in res:
        neighbours[a].append((b, r))
        neighbours[b].append((a, r))
    order, parent, value = [root], [-1], [0.0]
    seen = bytearray(count)
    seen[root] = 1
    for at, node in enumerate(order):
        for other, r in neighbours[node]:
            if not seen[other]:
                seen[other] = 1
                order.append(other)
                parent.append(at)
                value.append(r)
        if at + 1 == len(order):
            break
    return order, parent, value


class _Reader:
    def __init__(self, path: str, netlist: Netlist) -> None:
        self.path, self.netlist = path, netlist
        self.names = _Names(netlist)
        self.scale = {
            "*T_UNIT": 1.0,
            "*C_UNIT": unit_scale("pF", "capacitance"),
            "*R_UNIT": unit_scale("Ohm", "resistance"),
        }
        self.trees: dict[int, tuple[list[int], list[float], list[float]]] = {}
        self.pin_at: dict[int, tuple[int, int]] = {}
        self.port_at: dict[int, tuple[int, int]] = {}
        self.place: dict[int, dict[int, int]] = {}
        self.driver = self._drivers()

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

    def read(self, text: str) -> Wires:
        section, net = "", None
        line = 0
        for line, raw in enumerate(text.split("\n"), 1):
            words = raw.split()
            if not words or raw.startswith("//"):
                continue
            head = words[0]
            if head in _SECTIONS:
                if head == "*D_NET":
                    if len(words) < 3:
                        raise self.fail(line, "*D_NET takes a net and its capacitance")
                    try:
                        row = self.names.net(words[1])
                    except InputError as error:
                        raise self.fail(line, str(error)) from None
                    if row is None:
                        raise self.fail(line, f"the netlist has no net '{self.names.plain(words[1])}'")
                    net = _Net(row, line)
                elif head == "*END" and net is not None:
                    self.close(net)
                    net = None
                elif head == "*R_NET":
                    raise self.fail(line, "reduced nets (*R_NET) are not understood; extract detailed nets (*D_NET)")
                section = head
            elif head in _UNITS:
                self.unit(head, words, line)
            elif head in ("*DIVIDER", "*DELIMITER") and len(words) > 1:
                setattr(self.names, head[1:].lower(), words[1])
            elif section == "*NAME_MAP":
                if len(words) != 2 or head[0] != "*":
                    raise self.fail(line, "a line of the name map is '*number name'")
                self.names.map[head] = _unescape(words[1])
            elif net is not None:
                try:
                    self.element(net, section, words)
                except (ValueError, IndexError):
                    raise self.fail(line, f"'{raw.strip()[:60]}' is no line of {section}") from None
                except InputError as error:
                    raise self.fail(line, str(error)) from None
        if net is not None:
            raise self.fail(line, f"the net begun at line {net.where} has no *END: the file is truncated")
        if not self.trees and self.netlist.n_nets:
            raise self.fail(line, "no *D_NET in this file: no SPEF, or the wrong one")
        return self.wires()

    def unit(self, head: str, words: list[str], line: int) -> None:
        symbol, dimension = _UNITS[head]
        match = re.fullmatch(r"([A-Za-z]*?)(S|F|OHM)", words[2].upper()) if len(words) > 2 else None
        prefixes = {"": "", "P": "p", "N": "n", "F": "f", "U": "u", "K": "k", "M": "m"}
        known = match is not None and match.group(1) in prefixes and match.group(2) == symbol.upper()
        try:
            amount = float(words[1]) if known else 0.0
        except ValueError:
            known = False
        if match is None or not known or not 0.0 < amount < math.inf:
            raise self.fail(line, f"'{' '.join(words[1:])}' is no unit of {dimension}")
        self.scale[head] = amount * unit_scale(prefixes[match.group(1)] + symbol, dimension)

    def element(self, net: _Net, section: str, words: list[str]) -> None:
        """One line of a net's *CONN, *CAP or *RES."""
        if section == "*CONN":
            kind, name = words[0], words[1]
            if kind == "*I":
                pin = self.names.pin(name)
                if pin is None or self.netlist.pin_net[pin] != net.net:
                    raise InputError(f"the netlist has no pin '{self.names.plain(name)}' on this net")
                self.pin_at[pin] = (net.net, net.node(name))
            elif kind == "*P":
                port = self.names.ports.get(self.names.plain(name))
                if port is None:
                    raise InputError(f"the netlist has no port '{self.names.plain(name)}'")
                self.port_at[port] = (net.net, net.node(name))
            elif kind == "*N":
                net.node(name)
        elif section == "*CAP":
            # Two nodes: a coupling capacitance, taken to ground at this net.
            net.cap[net.node(words[1])] += float(words[-1]) * self.scale["*C_UNIT"]
        elif section == "*RES":
            net.res.append((net.node(words[1]), net.node(words[2]), float(words[3]) * self.scale["*R_UNIT"]))

    def close(self, net: _Net) -> None:
        kind, row = self.driver.get(net.net, ("", -1))
        at = (self.pin_at if kind == "pin" else self.port_at).get(row)
        if at is None or at[0] != net.net:
            # Without a driver (a tied or floating net) there is nothing to drive the tree.
            self.trees.pop(net.net, None)
            return
        order, parent, value = _tree(len(net.cap), net.res, at[1])
        self.trees[net.net] = (parent, value, [net.cap[node] for node in order])
        place = {node: k for k, node in enumerate(order)}
        self.place[net.net] = place

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


def parse_spef(text: str, netlist: Netlist, name: str = "<text>") -> Wires:
    """Parse SPEF text; see :func:`read_spef`."""
    return _Reader(name, netlist).read(text)


def read_spef(path: Path | str, netlist: Netlist, checks: Checks | None = None) -> Wires:
    """Read a SPEF file (``.spef`` or ``.spef.gz``) for a netlist.

    Coupling capacitances go to ground. A resistor that closes a loop is left out. Nets that the file does not name have no
    parasitics.

    Raises
    ------
    InputError
        With file and line: a net, pin or port that the netlist does not have, a damaged line, a truncated file.
    """
    return parse_spef(read_text(path), netlist, str(path))


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
    Path(path).write_bytes(gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)
