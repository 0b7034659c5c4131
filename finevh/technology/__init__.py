"""What a cell is: tables over (variant, Vdd) read from Liberty, cross-voltage derates, LEF, layers and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

if TYPE_CHECKING:
    from finevh.technology.build import technology_from_liberty
    from finevh.technology.load import library_key, load_part, load_structure, load_technology
    from finevh.technology.model import Technology
    from finevh.technology.vdd_interpolation import with_vdds

__all__ = [
    "Technology",
    "library_key",
    "load_part",
    "load_structure",
    "load_technology",
    "technology_from_liberty",
    "with_vdds",
]

# The manifest of a technology is read, and found wrong, without what reads its libraries.
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.technology.build": ("technology_from_liberty",),
        "finevh.technology.load": ("library_key", "load_part", "load_structure", "load_technology"),
        "finevh.technology.model": ("Technology",),
        "finevh.technology.vdd_interpolation": ("with_vdds",),
    },
)
