"""LEF: the reader of layer stacks and cell footprints, and the writer."""

from finevh.technology.lef.read import Lef, LefMacro, read_lef

__all__ = ["Lef", "LefMacro", "read_lef"]
