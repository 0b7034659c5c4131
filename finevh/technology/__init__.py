"""What a cell is: tables over (variant, Vdd) read from Liberty, cross-voltage derates, LEF, layers and roles."""

from __future__ import annotations

from finevh.technology.build import technology_from_liberty
from finevh.technology.load import load_technology
from finevh.technology.model import Technology
from finevh.technology.vdd_interpolation import with_vdds

__all__ = ["Technology", "load_technology", "technology_from_liberty", "with_vdds"]
