"""What a cell is: tables over (variant, Vdd) read from Liberty, cross-voltage derates, LEF, layers and roles."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finevh.technology.build import technology_from_liberty
    from finevh.technology.load import load_technology
    from finevh.technology.model import Technology
    from finevh.technology.vdd_interpolation import with_vdds

__all__ = ["Technology", "load_technology", "technology_from_liberty", "with_vdds"]

# The manifest of a technology is read, and found wrong, without what reads its libraries.
_HOMES = {
    "Technology": "technology.model",
    "load_technology": "technology.load",
    "technology_from_liberty": "technology.build",
    "with_vdds": "technology.vdd_interpolation",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"finevh.{_HOMES[name]}"), name)
