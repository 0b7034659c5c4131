"""Types of kernels' arguments in letters, to compile kernels before anything calls them.

A letter is a number, a row of numbers or a table: see ``_letters``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any

KernelTable = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Module, without the name of this package, to kernel to its arguments: letters, or a named tuple as ``Name:letters``."""


@cache
def _letters() -> dict[str, Any]:
    """Types by letter. The compiler is loaded by those who compile: tables of kernels are there without it."""
    from numba import types

    pair: Any = types.UniTuple
    return {
        "i": types.int32[::1], "I": types.int32[:, ::1], "J": types.int32[:, :, ::1], "l": types.int64[::1],
        "L": types.int64[:, ::1], "M": types.int64[:, :, ::1], "b": types.int8[::1], "u": types.uint8[::1],
        "U": types.uint8[:, ::1], "w": types.uint64[::1], "h": types.boolean[::1], "O": types.boolean[:, ::1],
        "s": types.float32[::1], "f": types.float64[::1], "F": types.float64[:, ::1], "G": types.float64[:, :, ::1],
        "H": types.float64[:, :, :, ::1], "j": types.int32, "k": types.int64, "n": types.uint8, "x": types.float64,
        "y": types.boolean, "p": pair(types.int64, 2), "q": pair(types.float64[::1], 2), "a": types.int32[:],
    }  # fmt: skip


def argument_types(letters: str) -> tuple[Any, ...]:
    """Numba types of arguments, one for each letter."""
    known = _letters()
    return tuple(known[letter] for letter in letters)


def tuple_type(cls: Any, letters: str) -> Any:
    """Numba type of a named tuple whose fields have the types of ``letters``."""
    from numba import types

    parts = argument_types(letters)
    named: Any = types.NamedTuple
    uniform: Any = types.NamedUniTuple
    if len(parts) != len(cls._fields):
        raise ValueError(f"{cls.__name__} has {len(cls._fields)} fields, {letters} are {len(parts)}")
    return uniform(parts[0], len(parts), cls) if len(set(parts)) == 1 else named(parts, cls)


def table_kernels(table: KernelTable) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Kernels of a table and the types of their arguments."""
    for name, kernels in table.items():
        module = import_module(f"finevh.{name}")
        for kernel, parts in kernels.items():
            found: list[Any] = []
            for part in parts:
                cls, _, letters = part.rpartition(":")
                found += [tuple_type(attrgetter(cls)(module), letters)] if cls else argument_types(letters)
            yield getattr(module, kernel), tuple(found)


def compile_table(table: KernelTable) -> None:
    """Compile kernels, or load those that are kept."""
    for kernel, arguments in table_kernels(table):
        kernel.compile(arguments)
