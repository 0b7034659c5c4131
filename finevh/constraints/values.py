"""Values of the constraint language: texts, lists, collections of design objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, Union

from finevh.constraints.model import Objects
from finevh.errors import InputError


@dataclass(frozen=True)
class Collection:
    """Design objects, as ``get_ports`` returns them."""

    objects: tuple[Objects, ...] = ()


Value: TypeAlias = Union[str, tuple["Value", ...], Collection]  # noqa: UP007
Handler: TypeAlias = Callable[[list[Value]], Value]


class TclError(InputError):
    """What is wrong with a command, before its place is known."""
