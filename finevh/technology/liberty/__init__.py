"""Liberty files: the reader, from syntax over pins, tables and power to a library, and the writer."""

from finevh.technology.liberty.read import read_liberty

__all__ = ["read_liberty"]
