"""What a cell is: tables over (variant, Vdd) read from Liberty, cross-voltage derates, LEF, layers and roles."""

from __future__ import annotations

from finevh.technology.build import technology_from_liberty
from finevh.technology.model import Technology

__all__ = ["Technology", "technology_from_liberty"]
