"""Pins of a Liberty cell one by one: buses and bundles are taken apart, what they state goes to each of their pins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from finevh.base.numbers import whole
from finevh.errors import InputError
from finevh.technology.liberty.syntax import Group

__all__ = ["PinGroups", "bus_types", "expand_pins"]

_RANGE = re.compile(r"(.*)\[\s*(\d{1,9})\s*:\s*(\d{1,9})\s*\]")
_MOST_BITS = 1 << 16
"""Of one bus: memories have a thousand."""
_NAME = re.compile(r"[A-Za-z_][\w\[\].:]*")


def bus_types(group: Group) -> dict[str, tuple[int, int]]:
    """First and last index of each ``type`` group."""
    found: dict[str, tuple[int, int]] = {}
    for inner in group.all("type"):
        width = whole(inner.attributes.get("bit_width", "0"))
        first = whole(inner.attributes.get("bit_from", str(max(width - 1, 0))))
        found[inner.title] = first, whole(inner.attributes.get("bit_to", "0"))
    return found


def _indices(first: int, last: int) -> range:
    if abs(last - first) >= _MOST_BITS:
        raise InputError(f"a bus of {abs(last - first) + 1} bits; at most {_MOST_BITS} are read")
    return range(first, last + 1) if last >= first else range(first, last - 1, -1)


def _spread(name: str) -> list[str]:
    """``A[1:0]`` is A[1] and A[0]."""
    match = _RANGE.fullmatch(name)
    if match is None:
        return [name]
    return [f"{match.group(1)}[{k}]" for k in _indices(int(match.group(2)), int(match.group(3)))]


@dataclass
class PinGroups:
    """Pins in file order with the group of each, and the pins of each bus and bundle, the first bit first."""

    pins: list[tuple[str, Group]] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    _place: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, name: str, names: list[str], group: Group) -> None:
        """Take a bus or bundle apart; what a group of a single pin states goes before what the whole states."""
        self.members[name] = names
        own: dict[str, Group] = {}
        for inner in group.all("pin"):
            for one in inner.names:
                own.update(dict.fromkeys(_spread(one), inner))
        unknown = set(own) - set(names)
        if unknown:
            raise InputError(f"{group.name} {name} has a group for pin {min(unknown)}, which is not in it")
        shared = [inner for inner in group.groups if inner.name != "pin"]
        for k, pin in enumerate(names):
            self._place[pin] = name, k
            inner = own.get(pin, Group("pin", pin, group.text, group.start))
            merged = Group("pin", pin, inner.text, inner.start)
            merged.attributes = {**group.attributes, **inner.attributes}
            merged.complex = [*inner.complex, *group.complex]
            merged.groups = [*inner.groups, *shared]
            self.pins.append((pin, merged))

    def related(self, text: str, pin: str) -> list[str]:
        """Pins that ``related_pin`` of ``pin`` names: a bus of the pin's own width goes bit by bit, another one whole."""
        found: list[str] = []
        bus, k = self._place.get(pin, ("", 0))
        for name in text.replace(",", " ").split():
            bits = self.members.get(name)
            if bits is None:
                found += _spread(name)
            elif bus and len(bits) == len(self.members[bus]):
                found.append(bits[k])
            else:
                found += bits
        return found

    def every(self, text: str) -> list[str]:
        """Pins that ``related_bus_pins`` names: each bit of each bus."""
        return [pin for name in text.replace(",", " ").split() for pin in self.members.get(name) or _spread(name)]

    def bit_of(self, expression: str, pin: str) -> str:
        """An expression over buses as it holds for one of their bits."""
        bus, k = self._place.get(pin, ("", 0))
        if not bus or not expression:
            return expression

        def bit(match: re.Match[str]) -> str:
            bits = self.members.get(match.group(), ())
            return bits[k] if len(bits) == len(self.members[bus]) else match.group()

        return _NAME.sub(bit, expression)


def expand_pins(cell: Group, types: dict[str, tuple[int, int]]) -> PinGroups:
    """Pins of a cell; ``types`` are those of its library.

    Raises
    ------
    InputError
        If a bus has no type, a bundle no members, or a name stands twice.
    """
    found = PinGroups()
    own = {**types, **bus_types(cell)} if cell.all("type") else types
    for group in cell.groups:
        if group.name == "pin":
            found.pins += [(pin, group) for name in group.names for pin in _spread(name)]
        elif group.name == "bus":
            kind = group.attributes.get("bus_type", "")
            if kind not in own:
                raise InputError(f"bus {group.args} is of type '{kind}', which the library does not define")
            names = [f"{group.title}[{k}]" for k in _indices(*own[kind])]
            found.add(group.title, names, group)
        elif group.name == "bundle":
            raw = (group.arguments("members") or "").replace('"', " ").replace(",", " ").replace("\\", " ")
            if not raw.split():
                raise InputError(f"bundle {group.args} has no members")
            found.add(group.title, raw.split(), group)
    if len({name for name, _ in found.pins}) != len(found.pins):
        names = [name for name, _ in found.pins]
        raise InputError(f"pin {next(n for n in names if names.count(n) > 1)} is defined twice")
    return found
