"""The line of stations: stages in order, run directory, content-hash resume, provenance."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finevh.flow.main import final_tables, run_flow

__all__ = ["final_tables", "run_flow"]

# The stations pull in every room: verbs that need one of them do not wait for all.
_HOMES = {
    "final_tables": "main",
    "run_flow": "main",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
