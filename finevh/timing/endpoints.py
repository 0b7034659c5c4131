"""Endpoint rows: every check and constrained output against every launching and capturing tag that reaches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.timing.binding import Names, Tags, output_delays, separation
from finevh.timing.constraints import Constraints
from finevh.timing.kernels import Rows
from finevh.timing.structure import Structure


@dataclass(frozen=True)
class Endpoints:
    """Rows of one end (setup or hold) with what turns a need into a slack: ``slack = coefficient * period - need``."""

    rows: Rows
    coefficient: Real
    """(n_row) periods of the reference clock; for hold rows the sign is reversed."""

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.coefficient)


def _pick(structure: Structure, tags: NDArray[np.int64], checks: NDArray[np.int64], launch: int, capture: int) -> Int:
    """Checks whose data pin tag ``launch`` reaches and whose clock edge tag ``capture`` reaches."""
    data = structure.sink_node[structure.check_data[checks]]
    clock = structure.sink_node[structure.check_clock[checks]]
    arrives = (tags[data].sum(axis=1) * 0 + (tags[data, 0] | tags[data, 1])) >> launch & 1
    captures = tags[clock, structure.check_edge[checks]] >> capture & 1
    return np.asarray(checks[(arrives & captures).astype(bool)], dtype=np.int32)


def bind_endpoints(
    names: Names, constraints: Constraints, tags: Tags, structure: Structure, node_tags: NDArray[np.int64], hold: bool
) -> Endpoints:
    """Rows of all setup (or hold) endpoints of a design."""
    clocks = constraints.clocks
    end = "min" if hold else "max"
    checks = np.flatnonzero((structure.check_hold == hold) & (structure.check_data >= 0) & (structure.check_clock >= 0))
    blocks: list[dict[str, NDArray[np.generic]]] = []
    data_tags = np.flatnonzero(~tags.is_clock).tolist()
    clock_tags = np.flatnonzero(tags.is_clock).tolist()
    reference = clocks[0].period if clocks else 1.0

    def relation(launch: int, capture: int) -> tuple[float, float]:
        setup, hold_gap = separation(
            clocks[tags.clock[launch]], tags.edge[launch], clocks[tags.clock[capture]], tags.edge[capture]
        )
        clock = clocks[tags.clock[capture]]
        if hold:
            return -hold_gap / reference, clock.hold_uncertainty
        return setup / reference, clock.setup_uncertainty

    for launch in data_tags:
        for capture in clock_tags:
            chosen = _pick(structure, node_tags, checks, launch, capture)
            if not len(chosen):
                continue
            coefficient, uncertainty = relation(launch, capture)
            m = len(chosen)
            sink = structure.check_data[chosen]
            blocks.append(
                {
                    "sink": sink,
                    "node": structure.sink_node[sink],
                    "tag": np.full(m, launch, dtype=np.int32),
                    "cell": structure.check_cell[chosen],
                    "local": structure.check_local[chosen],
                    "add": np.full((m, 2), uncertainty),
                    "clock_node": structure.sink_node[structure.check_clock[chosen]],
                    "clock_sink": structure.check_clock[chosen],
                    "clock_tag": np.full(m, capture, dtype=np.int32),
                    "clock_edge": structure.check_edge[chosen].astype(np.int32),
                    "coefficient": np.full(m, coefficient),
                }
            )
    port_sink = {int(p): s for s, p in enumerate(structure.sink_port.tolist()) if p >= 0}
    for port, delay in output_delays(names, constraints):
        sink_row = port_sink.get(port)
        if sink_row is None:
            continue
        node = int(structure.sink_node[sink_row])
        capture = 2 * names.clock(delay.clock, "set_output_delay") + int(delay.clock_fall)
        # set_output_delay -min is what the outside needs before the edge: the hold margin is its negative.
        sign = -1.0 if hold else 1.0
        values = [delay.values.get((end, r)) for r in (0, 1)]
        if values == [None, None]:
            continue
        for launch in data_tags:
            if not (node_tags[node, 0] | node_tags[node, 1]) >> launch & 1:
                continue
            coefficient, uncertainty = relation(launch, capture)
            add = [np.nan if x is None else sign * x + uncertainty for x in values]
            one = {
                "sink": sink_row, "node": node, "tag": launch, "cell": -1, "local": -1, "clock_node": -1,
                "clock_sink": -1, "clock_tag": capture, "clock_edge": int(delay.clock_fall),
            }  # fmt: skip
            block: dict[str, NDArray[np.generic]] = {k: np.array([x], dtype=np.int32) for k, x in one.items()}
            blocks.append(block | {"add": np.array([add]), "coefficient": np.array([coefficient])})
    columns: dict[str, NDArray[np.generic]] = {}
    for key in (*Rows._fields, "coefficient"):
        dtype = np.float64 if key in ("add", "coefficient") else np.int32
        empty = np.empty((0, 2) if key == "add" else 0, dtype=dtype)
        columns[key] = np.ascontiguousarray(np.concatenate([empty, *(b[key] for b in blocks)]), dtype=dtype)
    coefficient_column = columns.pop("coefficient")
    return Endpoints(Rows(**columns), np.asarray(coefficient_column, dtype=np.float64))  # type: ignore[arg-type]
