"""Objects of a netlist by the patterns that constraints use."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cached_property, lru_cache

import numpy as np

from finevh.constraints.model import Clock, Objects
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import ArcType, Direction, Kind

_ESCAPED = re.compile(r"\\(.)")
_OPERATORS = re.compile(r"\s*(==|!=|=~|!~)\s*")


@lru_cache(maxsize=4096)
def _pattern(text: str, regexp: bool, nocase: bool, bits: bool) -> re.Pattern[str]:
    """Compiled pattern: ``*`` and ``?`` as in a shell; square brackets select bits, they are no character class."""
    flags = re.IGNORECASE if nocase else 0
    if regexp:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                return re.compile(text, flags)
        except (re.error, OverflowError, RecursionError) as error:
            raise InputError(f"'{text[:60]}' is no regular expression: {error}") from None
    out = []
    k = 0
    while k < len(text):
        c = text[k]
        if c == "\\" and k + 1 < len(text):
            k += 1
            out.append(re.escape(text[k]))
        elif c == "*":
            if not out or out[-1] != ".*":
                out.append(".*")
        else:
            out.append("." if c == "?" else re.escape(c))
        k += 1
    return re.compile("".join(out) + (r"\[-?\d+\]" if bits else ""), flags | re.DOTALL)


def plain(name: str) -> str:
    """A name as constraints and reports write it: without the backslash that keeps an escaped bit apart from a bus."""
    return name.removeprefix("\\")


def match_names(item: Objects, names: dict[str, int], kind: str) -> list[int]:
    """Rows of the names that glob patterns match; a bus name matches its bits.

    Raises
    ------
    InputError
        If a pattern matches nothing.
    """
    found: dict[int, None] = {}
    for pattern in item.patterns:
        if pattern in names and not item.regexp:
            found[names[pattern]] = None
            continue
        clean = _ESCAPED.sub(r"\1", pattern)
        if clean in names and not item.regexp:
            found[names[clean]] = None
            continue
        hits: list[int] = []
        if not item.exact:
            glob = _pattern(pattern, item.regexp, item.nocase, False)
            hits = [row for name, row in names.items() if glob.fullmatch(name)]
            if not hits and item.hierarchical:
                hits = [row for name, row in names.items() if glob.fullmatch(name.rpartition("/")[2])]
            if not hits and not item.regexp:
                bits = _pattern(pattern, False, item.nocase, True)
                hits = [row for name, row in names.items() if bits.fullmatch(name)]
        if not hits:
            raise InputError(f"{item.where}: no {kind} matches '{pattern}'")
        found.update(dict.fromkeys(hits))
    return list(found)


class Names:
    """Objects of SDC patterns in one netlist."""

    def __init__(self, netlist: Netlist, clocks: tuple[Clock, ...]) -> None:
        self.netlist = netlist
        self.ports = {plain(name): k for k, name in reversed(list(enumerate(netlist.port_names)))}
        self.set_clocks(clocks)

    def set_clocks(self, clocks: tuple[Clock, ...]) -> None:
        """Take other clocks."""
        self.clocks = {clock.name: k for k, clock in enumerate(clocks)}
        self._clocks = clocks
        self.__dict__.pop("clocks_of_port", None)

    @cached_property
    def clocks_of_port(self) -> dict[int, list[int]]:
        """Rows of the clocks that have a port among their sources."""
        found: dict[int, list[int]] = {}
        for row, clock in enumerate(self._clocks):
            for port in self.find_ports(tuple(item for item in clock.sources if item.kind != "pin")):
                found.setdefault(port, []).append(row)
        return found

    @property
    def clock_ports(self) -> set[int]:
        """Ports that are sources of clocks."""
        return set(self.clocks_of_port)

    @cached_property
    def instances(self) -> dict[str, int]:
        """Instance name to row."""
        return {plain(name): k for k, name in enumerate(self.netlist.instance_names)}

    @cached_property
    def nets(self) -> dict[str, int]:
        """Net name to row."""
        return {plain(name): k for k, name in enumerate(self.netlist.net_names)}

    def clock(self, name: str, where: str) -> int:
        """Row of a clock."""
        if name not in self.clocks:
            raise InputError(f"{where}: no clock '{name}'; create_clock comes first")
        return self.clocks[name]

    def kind_of(self, item: Objects) -> str:
        """Kind of objects; of those that were named without a getter, what a first name is: clock, port, pin or instance."""
        if item.kind != "any":
            return item.kind
        first = item.patterns[0]
        if first in self.clocks:
            return "clock"
        if first in self.ports:
            return "port"
        if first in self.instances:
            return "cell"
        return "pin" if "/" in first else "port"

    def find_clocks(self, item: Objects) -> list[int]:
        """Rows of the clocks of an object list."""
        return list(self.clocks.values()) if item.kind == "clocks" else match_names(item, self.clocks, "clock")

    def find_cells(self, item: Objects) -> list[int]:
        """Instances by pattern."""
        return match_names(item, self.instances, "instance")

    def find_nets(self, item: Objects) -> list[int]:
        """Nets by pattern."""
        return match_names(item, self.nets, "net")

    def find_ports(self, objects: tuple[Objects, ...], direction: Direction | None = None) -> list[int]:
        """Ports of a list of objects."""
        rows: list[int] = []
        for item in objects:
            if item.kind in ("inputs", "inputs_no_clocks", "outputs"):
                wanted = Direction.OUTPUT if item.kind == "outputs" else Direction.INPUT
                skipped = self.clock_ports if item.kind == "inputs_no_clocks" else set()
                here = np.isin(self.netlist.port_direction, (wanted, Direction.INOUT))
                rows += [port for port in np.flatnonzero(here).tolist() if port not in skipped]
            elif item.kind in ("port", "any"):
                rows += match_names(item, self.ports, "port")
            elif item.kind == "net":
                ports = {int(net): k for k, net in enumerate(self.netlist.port_net)}
                rows += [ports[net] for net in self.find_nets(item) if net in ports]
            else:
                raise InputError(f"{item.where}: ports are wanted here, not {item.kind}s")
        for row in rows:
            if direction is not None and self.netlist.port_direction[row] not in (direction, Direction.INOUT):
                name = plain(self.netlist.port_names[row])
                raise InputError(f"port '{name}' is no {direction.name.lower()}: {objects[0].where}")
        return list(dict.fromkeys(rows))

    def find_pins(self, item: Objects) -> list[int]:
        """Pins ``instance/pin`` of patterns."""
        rows: list[int] = []
        for pattern in item.patterns:
            rows += self._pins(pattern, item)
        return list(dict.fromkeys(rows))

    def _pins(self, pattern: str, item: Objects) -> list[int]:
        netlist = self.netlist
        instance, _, pin = pattern.rpartition("/")
        if not instance:
            if not item.hierarchical:
                raise InputError(f"{item.where}: '{pattern}' is no pin; write instance/pin")
            instance = "*"
        one = Objects("cell", (instance,), item.where, item.exact, item.regexp, item.nocase, item.hierarchical)
        try:
            cells: Iterable[int] = match_names(one, self.instances, "instance")
        except InputError:
            raise InputError(f"{item.where}: no pin matches '{pattern}'") from None
        hits = []
        known: dict[int, list[int]] = {}
        for cell in cells:
            kind = int(netlist.cell_type[cell])
            if kind not in known:
                glob = _pattern(pin, item.regexp, item.nocase, False)
                known[kind] = [
                    k for k, name in enumerate(netlist.cells.pins(kind)) if name == pin or glob.fullmatch(name)
                ]
            hits += [int(netlist.pin_ptr[cell]) + k for k in known[kind]]
        if not hits:
            raise InputError(f"{item.where}: no pin matches '{pattern}'")
        return hits

    def pin_name(self, pin: int) -> str:
        """``instance/pin``."""
        netlist = self.netlist
        cell = int(netlist.pin_cell[pin])
        name = netlist.cells.pins(int(netlist.cell_type[cell]))[pin - int(netlist.pin_ptr[cell])]
        return f"{plain(netlist.instance_names[cell])}/{name}"

    # ---- objects as rows and back, for the language

    def rows(self, item: Objects) -> list[int]:
        """Rows of objects of one kind."""
        if item.kind in ("port", "inputs", "inputs_no_clocks", "outputs"):
            return self.find_ports((item,))
        if item.kind == "pin":
            return self.find_pins(item)
        if item.kind == "cell":
            return self.find_cells(item)
        if item.kind == "net":
            return self.find_nets(item)
        if item.kind in ("clock", "clocks"):
            return self.find_clocks(item)
        raise InputError(f"{item.where}: {item.kind}s cannot be listed")

    def named(self, kind: str, rows: Iterable[int], where: str) -> Objects:
        """Rows as objects by name."""
        netlist = self.netlist
        if kind in ("inputs", "inputs_no_clocks", "outputs"):
            kind = "port"
        if kind == "clocks":
            kind = "clock"
        if kind == "clock":
            names = list(self.clocks)
            return Objects(kind, tuple(names[r] for r in rows), where, True)
        if kind == "pin":
            return Objects(kind, tuple(self.pin_name(r) for r in rows), where, True)
        texts = {"port": netlist.port_names, "cell": netlist.instance_names, "net": netlist.net_names}[kind]
        return Objects(kind, tuple(plain(texts[r]) for r in rows), where, True)

    def related(self, kind: str, item: Objects) -> list[int]:
        """Rows of the objects of ``kind`` that belong to others: ``-of_objects``."""
        netlist = self.netlist
        rows = self.rows(item)
        own = "port" if item.kind in ("inputs", "inputs_no_clocks", "outputs") else item.kind
        pairs = own, kind
        if pairs == ("cell", "pin"):
            return [p for c in rows for p in range(int(netlist.pin_ptr[c]), int(netlist.pin_ptr[c + 1]))]
        if pairs == ("pin", "cell"):
            return list(dict.fromkeys(netlist.pin_cell[rows].tolist()))
        nets: list[int] = []
        if own == "net":
            nets = rows
        elif own == "pin":
            nets = netlist.pin_net[rows].tolist()
        elif own == "port":
            nets = netlist.port_net[rows].tolist()
        elif own == "cell":
            nets = [int(n) for c in rows for n in netlist.pin_net[netlist.pin_ptr[c] : netlist.pin_ptr[c + 1]]]
        else:
            raise InputError(f"{item.where}: -of_objects of {own}s is not understood")
        nets = list(dict.fromkeys(n for n in nets if n != NO_NET))
        if kind == "net":
            return nets
        if kind == "port":
            return np.flatnonzero(np.isin(netlist.port_net, nets)).tolist()
        pins = np.flatnonzero(np.isin(netlist.pin_net, nets))
        if kind == "pin":
            return pins.tolist()
        if kind == "cell":
            return list(dict.fromkeys(netlist.pin_cell[pins].tolist()))
        raise InputError(f"{item.where}: -of_objects gives no {kind}s")

    def clock_nets(self, clock: Clock) -> list[int]:
        """Nets that a clock is made on."""
        netlist = self.netlist
        found: list[int] = []
        for item in clock.sources:
            if item.kind == "pin":
                found += netlist.pin_net[self.find_pins(item)].tolist()
            else:
                found += netlist.port_net[self.find_ports((item,))].tolist()
        return [net for net in found if net != NO_NET]

    def clocked_cells(self, chosen: set[str], clocks: tuple[Clock, ...]) -> set[int]:
        """Cells whose clock pins the chosen clocks reach through combinational cells and clock gates.

        A clock ends where another is made.
        """
        netlist, cells = self.netlist, self.netlist.cells
        ends = {net for clock in clocks if clock.name not in chosen and not clock.add for net in self.clock_nets(clock)}
        waiting = [net for clock in clocks if clock.name in chosen for net in self.clock_nets(clock)]
        order = np.argsort(netlist.pin_net, kind="stable")
        first = np.searchsorted(netlist.pin_net[order], np.arange(len(netlist.net_names) + 1))
        seen = set(waiting)
        found: set[int] = set()
        while waiting:
            net = waiting.pop()
            for pin in order[first[net] : first[net + 1]].tolist():
                cell = int(netlist.pin_cell[pin])
                if cells.pin_is_clock[netlist.pin_type[pin]]:
                    found.add(cell)
                kind, base = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
                for k in range(int(cells.arc_ptr[kind]), int(cells.arc_ptr[kind + 1])):
                    if base + int(cells.arc_from[k]) != pin or cells.arc_type[k] != ArcType.COMBINATIONAL:
                        continue
                    target = int(netlist.pin_net[base + int(cells.arc_to[k])])
                    if target != NO_NET and target not in seen and target not in ends:
                        seen.add(target)
                        waiting.append(target)
        return found

    def clocks_behind(self, objects: tuple[Objects, ...], clocks: tuple[Clock, ...]) -> list[str]:
        """Names of the clocks that reach ports or pins through combinational cells and clock gates."""
        netlist, cells = self.netlist, self.netlist.cells
        at: dict[int, list[str]] = {}
        """Net to clocks made on it."""
        for clock in clocks:
            for net in self.clock_nets(clock):
                at.setdefault(net, []).append(clock.name)
        is_output = cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
        driver = {int(netlist.pin_net[p]): int(p) for p in np.flatnonzero(is_output & (netlist.pin_net >= 0))}
        waiting: list[int] = []
        for item in objects:
            kind = (
                ("pin" if "/" in item.patterns[0] and item.patterns[0] not in self.ports else "port")
                if item.kind == "any"
                else item.kind
            )
            one = Objects(kind, item.patterns, item.where, item.exact)
            waiting += (
                netlist.pin_net[self.find_pins(one)] if kind == "pin" else netlist.port_net[self.find_ports((one,))]
            ).tolist()
        seen = set(waiting)
        found: dict[str, None] = {}
        while waiting:
            net = waiting.pop()
            if net in at:
                found.update(dict.fromkeys(at[net]))
                continue
            pin = driver.get(net)
            if pin is None:
                continue
            cell = int(netlist.pin_cell[pin])
            kind_row, base = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
            for k in range(cells.arc_ptr[kind_row], cells.arc_ptr[kind_row + 1]):
                if base + cells.arc_to[k] == pin and cells.arc_type[k] == ArcType.COMBINATIONAL:
                    source = int(netlist.pin_net[base + cells.arc_from[k]])
                    if source >= 0 and source not in seen:
                        seen.add(source)
                        waiting.append(source)
        return list(found)

    def registers(self, what: str, level: bool | None) -> tuple[str, list[int]]:
        """Kind and rows of ``all_registers``: cells, or their clock, data, output or asynchronous pins.

        Parameters
        ----------
        level
            True for latches alone, False for flip-flops alone.
        """
        netlist, cells = self.netlist, self.netlist.cells
        wanted = {None: (Kind.FLOP, Kind.LATCH), True: (Kind.LATCH,), False: (Kind.FLOP,)}[level]
        rows = np.flatnonzero(np.isin(cells.kind[netlist.cell_type], wanted)).tolist()
        if what == "cells":
            return "cell", rows
        pins = []
        for cell in rows:
            kind = int(netlist.cell_type[cell])
            quiet = set(re.findall(r"\w+", f"{cells.clear[kind]} {cells.preset[kind]}"))
            for k, name in enumerate(cells.pins(kind)):
                row = int(cells.pin_ptr[kind]) + k
                output = cells.pin_direction[row] == Direction.OUTPUT
                is_clock = bool(cells.pin_is_clock[row])
                role = "output" if output else "clock" if is_clock else "async" if name in quiet else "data"
                if role == what:
                    pins.append(int(netlist.pin_ptr[cell]) + k)
        return "pin", pins

    def keep(self, kind: str, rows: list[int], text: str, where: str) -> list[int]:
        """Rows that a ``-filter`` keeps: properties compared by ``==``, ``!=``, ``=~``, ``!~``, joined by ``&&``, ``||``.

        Raises
        ------
        InputError
            If a property or the form of the expression is not understood.
        """
        kept = []
        for row in rows:
            if any(all(self._holds(kind, row, term, where) for term in part.split("&&")) for part in text.split("||")):
                kept.append(row)
        return kept

    def _holds(self, kind: str, row: int, term: str, where: str) -> bool:
        term = term.strip().removeprefix("(").removesuffix(")").strip()
        parts = _OPERATORS.split(term)
        if len(parts) == 1:
            wanted = not term.startswith("!")
            return (self.property(kind, row, term.lstrip("!@ "), where) in ("1", "true")) == wanted
        if len(parts) != 3:
            raise InputError(f"{where}: '{term[:60]}' is no filter; write PROPERTY == VALUE")
        value = parts[2].strip().strip("\"'{}")
        have = self.property(kind, row, parts[0].lstrip("@ "), where)
        truths = {"true": "1", "false": "0"}
        if parts[1] in ("==", "!="):
            same = truths.get(have.lower(), have) == truths.get(value.lower(), value)
            return same == (parts[1] == "==")
        return (_pattern(value, False, False, False).fullmatch(have) is not None) == (parts[1] == "=~")

    def property(self, kind: str, row: int, name: str, where: str) -> str:
        """A property of an object, as text.

        Raises
        ------
        InputError
            If objects of the kind have no such property here.
        """
        netlist, cells = self.netlist, self.netlist.cells
        objects = self.named(kind, [row], where)
        full = objects.patterns[0]
        if name in ("name", "full_name", "hierarchical_name"):
            return full
        if name in ("object_class", "obj_type"):
            return objects.kind
        if name in ("direction", "port_direction", "pin_direction") and objects.kind in ("port", "pin"):
            column = netlist.port_direction if objects.kind == "port" else cells.pin_direction[netlist.pin_type]
            return {0: "input", 1: "output"}.get(int(column[row]), "inout")
        if objects.kind == "cell" and name in ("ref_name", "lib_cell", "cell_type", "ref_lib_cell_name"):
            return str(cells.names[netlist.cell_type[row]])
        if objects.kind == "cell" and name in ("is_sequential", "is_register"):
            return str(int(cells.kind[netlist.cell_type[row]] in (Kind.FLOP, Kind.LATCH)))
        if objects.kind == "cell" and name == "is_hierarchical":
            return "0"
        if objects.kind == "pin" and name in ("lib_pin_name", "pin_name", "ref_pin_name"):
            return full.rpartition("/")[2]
        if objects.kind == "pin" and name in ("is_clock", "is_register_clock", "is_clock_pin"):
            return str(int(cells.pin_is_clock[netlist.pin_type[row]]))
        if objects.kind == "pin" and name in ("is_hierarchical",):
            return "0"
        raise InputError(
            f"{where}: {objects.kind}s have no property '{name}' here; name, direction, ref_name, is_clock are known"
        )
