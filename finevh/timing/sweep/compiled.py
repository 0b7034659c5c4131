"""The timing kernels compiled with explicit signatures, on first use and from disk afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import types

from finevh.base.kernel import kernel
from finevh.timing.sweep import forward, reach, required, setup_hold, table_rows, trace_path
from finevh.timing.sweep.arrays import Columns, Graph, Nets, Point, Rows, Tables, Values, Walk

Progress = Callable[[str], None]

_I1 = types.Array(types.int32, 1, "C")
_I2 = types.Array(types.int32, 2, "C")
_I8 = types.Array(types.int8, 1, "C")
_F1 = types.Array(types.float64, 1, "C")
_S1 = types.Array(types.float32, 1, "C")
_F2 = types.Array(types.float64, 2, "C")
_F3 = types.Array(types.float64, 3, "C")
_B1 = types.Array(types.uint8, 1, "C")


def _tuple(cls: Any, **special: Any) -> Any:
    """Numba type of a named tuple of arrays: one-dimensional int32 unless ``special`` says otherwise."""
    make: Any = types.NamedTuple
    parts = [special.get(name, _I1) for name in cls._fields]
    if len(set(parts)) == 1:
        uniform: Any = types.NamedUniTuple
        return uniform(parts[0], len(parts), cls)
    return make(parts, cls)


GRAPH = _tuple(
    Graph, arc_mask=_B1, tags=_I2, ideal=_B1, remap=_I2, port_arrival=_F3, port_slew=_F2, port_load=_F2, port_drive=_I2,
    port_drive_slew=_F2, clock_slew=_F2, derate=_F1,
)  # fmt: skip
TABLES = _tuple(Tables, record=_I2, cross_record=_I2, axes=_F1, values=_F1, pin_cap=_F1)
WALK = _tuple(Walk, kind=_B1, kept=_B1, points=_F1, lines=_S1)
POINT = _tuple(Point, wire_cap=_F1, present=_B1)
NETS = _tuple(
    Nets,
    tree_res=_F1,
    tree_cap=_F1,
    share=_F1,
    sink_base=_F1,
    shape=_F2,
    response=_F2,
    driver_slew=_F1,
    mode=_B1,
    thresholds=_F1,
)
VALUES = _tuple(
    Values, arrival=_F3, slew=_F2, load=_F2, late=_B1, sink_delay=_F2, sink_elmore=_F2, at=_F1, delay=_S1, margin=_F2
)
_IN_LANES = ("arrival", "slew", "load", "sink_delay", "sink_elmore", "at")
COLUMNS = _tuple(Columns, **dict.fromkeys(_IN_LANES, _F1), delay=_S1)
SINGLE_COLUMNS = _tuple(Columns, **dict.fromkeys(_IN_LANES, _S1), delay=_S1)
ROWS = _tuple(Rows, add=_F2)
LANES = 16
"""Conditions that are evaluated side by side."""
_L = types.int64
_uniform: Any = types.UniTuple


def _advances(lanes: int, single: bool = False) -> Any:
    """Signature of the forward sweep for some lanes, in double or single precision."""
    values = SINGLE_COLUMNS if single else COLUMNS
    return _L(GRAPH, WALK, TABLES, NETS, POINT, values, types.boolean, _B1, _B1, _B1, _L, _F1, _width(lanes, single))


def _all_needs(lanes: int, single: bool = False) -> Any:
    """Signature of the needs of endpoints for some lanes, in double or single precision."""
    values = SINGLE_COLUMNS if single else COLUMNS
    width = _width(lanes, single)
    return types.void(GRAPH, _I1, TABLES, NETS, POINT, ROWS, values, values, types.boolean, _B1, _F2, _F1, width)


def _width(lanes: int, single: bool) -> Any:
    return _uniform(types.float32 if single else _L, lanes)


SINGLE: dict[str, Any] = {
    "_advance": _advances(1),
    "_advance_exact": _advances(1),
    "_reach": types.void(GRAPH, _I2),
    "_fan_in": types.void(GRAPH, _B1),
    "_needs": _all_needs(1),
    "edge_needs": types.void(GRAPH, _I1, NETS, ROWS, COLUMNS, COLUMNS, types.boolean, _B1, _F2, _F2),
    "_place": _L(_I2, _L, _L, _I1, _I1, _I1, _L, _I1, _I8, _I1, _I1, POINT),
    "_place_nodes": types.void(_I1, _I2, _I1, _I8, _I1, _I1, _L, _L, _L, POINT),
    "_rails": _L(_I2, _L, _L, _I1),
    "_place_lanes": _L(_I1, _I2, _I1, _I1, _L, _L, _I1, _I8, _I1, _L, _L, types.boolean, _L, POINT),
    "_change": types.void(GRAPH, _I1, _I1, _I2, _I1, _I8, _I1, _I1, _L, _L, _I1, POINT, _B1, _B1),
    "trace": _L(GRAPH, WALK, NETS, VALUES, _L, _L, _L, _I2, _F2),
    "require": types.void(GRAPH, WALK, NETS, VALUES, _F3, types.float64),
    "cell_slacks": types.void(GRAPH, VALUES, _F3, _F1),
}
"""Kernels of one condition and their signatures."""


_MODULES = forward, reach, required, setup_hold, table_rows, trace_path


@cache
def lane_kernels(single: bool = False) -> SimpleNamespace:
    """The kernels that evaluate ``LANES`` conditions side by side, in double or single precision, on first use."""
    return SimpleNamespace(
        advance=_compile(forward._advance, _advances(LANES, single)),
        needs=_compile(setup_hold._needs, _all_needs(LANES, single)),
    )


@cache
def compiled() -> SimpleNamespace:
    """Return the kernels, compiled or loaded from numba's cache."""
    return load_kernels(None)


def load_kernels(progress: Progress | None) -> SimpleNamespace:
    """Compile the kernels (about ten seconds on a fresh install, then cached on disk).

    Parameters
    ----------
    progress : callable, optional
        Called with one line per kernel.
    """
    found = {}
    for name in SINGLE:
        if progress is not None:
            progress(f"timing kernel {name.strip('_')}")
        found[name.strip("_")] = single_kernel(name)
    return SimpleNamespace(**found)


def single_kernel(name: str) -> Any:
    """One of the kernels of one condition, from disk where it is there."""
    function = next(getattr(m, name) for m in _MODULES if hasattr(m, name))
    return _compile(function, SINGLE[name])


def _compile(function: Callable[..., Any], signature: Any) -> Any:
    """A kernel for one signature, from disk where it is there."""
    # Signatures and the named tuples in them are part of what a kernel is made from.
    function.declared_in = __file__  # type: ignore[attr-defined]
    return kernel(signature, nogil=True, error_model="numpy")(function)


def as_int(values: Any) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Contiguous int32 array."""
    return np.ascontiguousarray(values, dtype=np.int32)
