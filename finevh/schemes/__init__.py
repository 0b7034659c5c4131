"""The four power-management schemes as power-against-frequency curves over one interface."""

from __future__ import annotations

from finevh.schemes.dithering import VddDithering, shared_power
from finevh.schemes.dvfs_and_hopping import SingleVoltageScheme
from finevh.schemes.fine_vh import FineVh, FoundMap, KnownMap, known_maps
from finevh.schemes.operating_point import OperatingPoint, SchemeName, points_csv, read_points_csv
from finevh.schemes.registry import schemes_of
from finevh.schemes.scheme import Answer, Scheme
from finevh.schemes.voltage_curve import Curve, single_voltage_curve

__all__ = [
    "Answer",
    "Curve",
    "FineVh",
    "FoundMap",
    "KnownMap",
    "OperatingPoint",
    "Scheme",
    "SchemeName",
    "SingleVoltageScheme",
    "VddDithering",
    "known_maps",
    "points_csv",
    "read_points_csv",
    "schemes_of",
    "shared_power",
    "single_voltage_curve",
]
