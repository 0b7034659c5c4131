"""A cell behind a driver on another rail: the cross-voltage file, pairs between those of the file, leakage from a slope."""

from finevh.technology.cross.file import CrossFile, read_cross_file, read_cross_voltage, read_pairs, write_cross_file

__all__ = ["CrossFile", "read_cross_file", "read_cross_voltage", "read_pairs", "write_cross_file"]
