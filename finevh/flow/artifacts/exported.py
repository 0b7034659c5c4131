"""Names of what a run exports for other tools."""

from __future__ import annotations


def netlist_name(design: str, variant: str) -> str:
    """Name of the netlist of one variant set."""
    return f"{design}.v" if variant == "pb0" else f"{design}_{variant}.v"
