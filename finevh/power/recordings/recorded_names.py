"""Names of a recording onto nets: every usual spelling of a net, and the scope of the recording that is the netlist."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from finevh.checks import Checks, Severity
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist

__all__ = ["NetNames", "Recorded", "net_of_name", "plain_name"]

Handle = TypeVar("Handle")

_RANGE = re.compile(r"^\[\s*(-?\d{1,9})\s*(?::\s*(-?\d{1,9})\s*)?\]$")
_WITH_RANGE = re.compile(r"^(.+?)(\[-?\d{1,9}:-?\d{1,9}\])$", re.DOTALL)
_INDEX = re.compile(r"^(.*)\[(-?\d{1,9})\]$", re.DOTALL)
_FLAT_INDEX = re.compile(r"^(.*)_(\d{1,9})_$", re.DOTALL)
_BRACKETS = re.compile(r"[(<](-?\d{1,9}(?::-?\d{1,9})?)[)>]")
_AMBIGUOUS = -2

Bits = list[tuple[int, int]]
"""(Position from the right in a value, net) of the bits of a variable that are nets."""


def plain_name(name: str) -> str:
    """Name without the backslash and the blank of an escaped Verilog identifier."""
    return name.strip().removeprefix("\\").strip()


def net_of_name(netlist: Netlist) -> dict[str, int]:
    """Net by unescaped name, ports included."""
    index = {plain_name(name): i for i, name in enumerate(netlist.net_names)}
    for name, net in zip(netlist.port_names, netlist.port_net, strict=True):
        if net != NO_NET:
            index.setdefault(plain_name(name), int(net))
    return index


def canonical(name: str) -> str:
    """One spelling for all: ``.`` between levels of hierarchy, brackets around an index, no backslashes and blanks."""
    text = name.replace("\\", "").replace(" ", "").replace("/", ".")
    return _BRACKETS.sub(r"[\1]", text)


class NetNames:
    """Nets of a netlist by every usual spelling.

    A name is looked for as it is, then with ``/`` and ``.`` between levels taken as the same and ``(3)``, ``<3>`` as ``[3]``,
    then with ``[3]`` as ``_3_``. A spelling that two nets share finds neither.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.exact = net_of_name(netlist)
        self._canonical: dict[str, int] = {}
        self._buses: dict[str, Bits] = {}
        self._canonical_buses: dict[str, Bits] = {}
        for name, net in self.exact.items():
            key = canonical(name)
            known = self._canonical.setdefault(key, net)
            if known != net:
                self._canonical[key] = _AMBIGUOUS
            if match := _INDEX.match(name):
                self._buses.setdefault(match.group(1), []).append((int(match.group(2)), net))
            if match := _INDEX.match(key) or _FLAT_INDEX.match(key):
                self._canonical_buses.setdefault(match.group(1), []).append((int(match.group(2)), net))
        self.hierarchical = any("." in key for key in self._canonical)
        self.instances = frozenset(canonical(plain_name(name)) for name in netlist.instance_names)

    def find(self, name: str) -> int | None:
        """Net of one bit."""
        net = self.exact.get(plain_name(name))
        if net is None:
            key = canonical(name)
            net = self._canonical.get(key)
            if net is None:
                net = self._canonical.get(_INDEX.sub(r"\1_\2_", key))
        return None if net is None or net == _AMBIGUOUS else net

    def bits(self, name: str, width: int, suffix: str = "") -> Bits:
        """Nets of a variable of some width, declared as ``name``, ``name[7:0]`` or ``name`` with the suffix ``[7:0]``."""
        match = _RANGE.match(suffix)
        whole = None if suffix else _WITH_RANGE.match(_BRACKETS.sub(r"[\1]", name))
        if whole is not None:
            name, match = whole.group(1), _RANGE.match(whole.group(2))
        if width == 1:
            spellings = [name] if match is None else [f"{name}[{match.group(1)}]"]
            if match is not None and int(match.group(1)) == 0:
                spellings.append(name)
            for spelling in spellings:
                net = self.find(spelling)
                if net is not None:
                    return [(0, net)]
            return []
        high, low = (width - 1, 0) if match is None else (int(match.group(1)), int(match.group(2) or match.group(1)))
        bus = self._buses.get(plain_name(name)) or self._canonical_buses.get(canonical(name), [])
        return [
            (bit - low if high >= low else low - bit, net)
            for bit, net in bus
            if min(high, low) <= bit <= max(high, low)
        ]


@dataclass
class _Root(Generic[Handle]):
    """What one scope shows, taken as the netlist."""

    found: list[tuple[int, Handle, Bits]] = field(default_factory=list)
    """Levels below the scope, what the recording holds of the variable, its nets."""
    nets: set[int] = field(default_factory=set)


class Recorded(Generic[Handle]):
    """Variables of a recording by scope, each tried as a net of the netlist at every level above it."""

    def __init__(self, names: NetNames, where: str) -> None:
        self.names = names
        self._where = where
        self._roots: dict[tuple[str, ...], _Root[Handle]] = {}
        self._shown: dict[tuple[str, ...], list[str]] = {}
        self._bound: set[tuple[tuple[str, ...], tuple[str, ...], str]] = set()

    def add(self, path: tuple[str, ...], handle: Handle, name: str, width: int = 1, suffix: str = "") -> None:
        """Take one variable of the scope ``path``."""
        label = plain_name(name) + suffix
        self._shown.setdefault(path, []).append(label)
        levels = len(path) if self.names.hierarchical else 0
        for below in range(levels + 1):
            root = path[: len(path) - below]
            inner = ".".join((*path[len(path) - below :], plain_name(name))) if below else name
            bits = self.names.bits(inner, width, suffix)
            if bits:
                known = self._roots.setdefault(root, _Root())
                known.found.append((below, handle, bits))
                known.nets.update(net for _, net in bits)
                self._bound.add((root, path, label))

    def choose(self, scope: str | None, design: str, checks: Checks) -> list[tuple[Handle, Bits]]:
        """Variables of the scope that is the netlist; a net that two levels show is taken from the upper one.

        Parameters
        ----------
        scope
            Its hierarchical name; None takes the one that shows most nets, the shallowest of those.

        Raises
        ------
        InputError
            If the scope shows no net, or two different ones of a level show equally many.
        """
        root = self._root(scope, design)
        owner: dict[int, tuple[int, Handle]] = {}
        chosen: list[tuple[Handle, Bits]] = []
        for below, handle, bits in sorted(self._roots[root].found, key=lambda item: item[0]):
            # An upper level keeps the net, even against an alias below it that moves later.
            kept = [(at, net) for at, net in bits if owner.setdefault(net, (below, handle))[0] == below]
            if kept:
                chosen.append((handle, kept))
        self._count(root, checks)
        return chosen

    def _root(self, scope: str | None, design: str) -> tuple[str, ...]:
        if scope is not None:
            wanted = canonical(scope)
            for root in self._roots:
                if canonical(".".join(root)) == wanted:
                    return root
        elif self._roots:
            rank = {root: (len(known.nets), -len(root)) for root, known in self._roots.items()}
            best = max(rank, key=lambda root: rank[root])
            equal = [root for root in rank if rank[root] == rank[best]]
            if len(equal) > 1:
                names = ", ".join(f"'{'.'.join(root)}'" for root in equal[:5])
                raise InputError(
                    f"{self._where}: {names} show equally many nets of {design}; name one with [activity] scope"
                )
            return best
        shown = ", ".join(".".join(path) or "the top" for path in list(self._roots or self._shown)[:10]) or "none"
        raise InputError(f"{self._where}: scope '{scope}' shows no net of {design}; scopes: {shown}")

    def _count(self, root: tuple[str, ...], checks: Checks) -> None:
        """Book what the scope shows that the design does not have; pins inside the design's own cells are no nets."""
        missing: list[str] = []
        total = 0
        for path, labels in self._shown.items():
            if path[: len(root)] != root or self._inside_a_cell(path[len(root) :]):
                continue
            total += len(labels)
            missing += [
                ".".join((*path[len(root) :], label)) for label in labels if (root, path, label) not in self._bound
            ]
        grave = 2 * len(missing) > total
        checks.add("activity_not_found", missing, severity=Severity.ERROR if grave else None)

    def _inside_a_cell(self, inner: Iterable[str]) -> bool:
        name = ""
        for part in inner:
            name = canonical(plain_name(part)) if not name else f"{name}.{canonical(plain_name(part))}"
            if name in self.names.instances:
                return True
        return False
