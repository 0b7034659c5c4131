"""Public names of a package that are imported when they are first asked for: what needs none of them does not wait for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def names_on_demand(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The ``__getattr__`` of a package (PEP 562).

    Parameters
    ----------
    package : its name, as errors say it.
    homes : modules, and the names that each of them gives.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def named(name: str) -> object:
        """Import a public name."""
        if name not in home_of:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(import_module(home_of[name]), name)

    return named
