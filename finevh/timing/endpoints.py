"""Endpoint rows: every check and constrained output against every launching and capturing tag that reaches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.edges import separation
from finevh.constraints.model import Constraints, PathException
from finevh.constraints.objects import Names
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind, Real
from finevh.timing.arrays import Rows
from finevh.timing.binding import output_delays
from finevh.timing.gating import gating_checks
from finevh.timing.structure import Structure
from finevh.timing.tags import Tag, TagSet


@dataclass(frozen=True)
class Endpoints:
    """Rows of one end (setup or hold) with what turns a need into a slack: ``slack = coefficient * period - need``."""

    rows: Rows
    coefficient: Real
    """(n_row) periods of the reference clock; for hold rows the sign is reversed."""
    follows: Real
    """(n_row) how often the mean insertion delay of the clocks adds to the need (see ``Clock.follows_tree``): 1, 0 or -1."""
    registers: NDArray[np.int32]
    """(n_register, 4) clock pins of registers: tag of the clock, its node, its edge, the sink."""

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.coefficient)


def _pick(structure: Structure, tags: Int, checks: NDArray[np.int64], launch: int, capture: int) -> Int:
    """Checks whose data pin tag ``launch`` reaches and whose clock edge tag ``capture`` reaches."""
    data = structure.sink_node[structure.check_data[checks]]
    clock = structure.sink_node[structure.check_clock[checks]]
    arrives = (tags[data, 0] | tags[data, 1]) >> launch & 1
    captures = tags[clock, structure.check_edge[checks]] >> capture & 1
    return np.asarray(checks[(arrives & captures).astype(bool)], dtype=np.int32)


def _applied(
    tags: TagSet, launch: Tag, capture_clock: int, sinks: Int, hold: bool
) -> tuple[NDArray[np.bool_], list[tuple[NDArray[np.bool_], PathException]]]:
    """Which rows remain after false paths, and the multicycle exceptions of each."""
    alive = np.ones(len(sinks), dtype=bool)
    cycles: list[tuple[NDArray[np.bool_], PathException]] = []
    for exception, passed in zip(tags.exceptions, launch.progress, strict=True):
        if passed < len(exception.through) or passed < 0:
            continue
        if exception.to_clocks is not None and capture_clock not in exception.to_clocks:
            continue
        hit = np.ones(len(sinks), dtype=bool)
        if exception.to_sinks is not None:
            hit = np.isin(sinks, list(exception.to_sinks))
        source = exception.source
        if source.false_path:
            if source.hold if hold else source.setup:
                alive &= ~hit
        else:
            cycles.append((hit, source))
    return alive, cycles


def bind_endpoints(
    names: Names, constraints: Constraints, tags: TagSet, structure: Structure, node_tags: Int, hold: bool
) -> Endpoints:
    """Rows of all setup (or hold) endpoints of a design.

    A latch's setup is checked against the edge that closes it after the first one that opens it: data may use the time
    in between.
    """
    clocks = constraints.clocks
    netlist = names.netlist
    end = "min" if hold else "max"
    checks = np.flatnonzero((structure.check_hold == hold) & (structure.check_data >= 0) & (structure.check_clock >= 0))
    latches = netlist.cells.kind[netlist.cell_type[structure.check_cell]] == Kind.LATCH
    blocks: list[dict[str, NDArray[np.generic]]] = []
    data_tags = [k for k, tag in enumerate(tags.tags) if not tag.is_clock]
    clock_tags = [k for k, tag in enumerate(tags.tags) if tag.is_clock]
    reference = clocks[0].period if clocks else 1.0

    def follows(launch: Tag, clock: int) -> float:
        late = float(clocks[launch.clock].follows_tree) - float(clocks[clock].follows_tree)
        return -late if hold else late

    def relation(launch: Tag, clock: int, edge: int, sinks: Int, latch: bool) -> tuple[Real, NDArray[np.bool_], float]:
        """Coefficient of each sink, whether its row exists, and the uncertainty."""
        source, target = clocks[launch.clock], clocks[clock]
        setup, hold_gap = separation(source, launch.edge, target, edge)
        if latch and not hold:
            opening, _ = separation(source, launch.edge, target, 1 - edge)
            width = (target.fall - target.rise) * (1 if edge else -1) % target.period
            setup = opening + width
        alive, cycles = _applied(tags, launch, clock, sinks, hold)
        gap = np.full(len(sinks), (hold_gap if hold else setup) + launch.offset)
        setup_cycles, hold_cycles = np.ones(len(sinks)), np.zeros(len(sinks))
        setup_period, hold_period = np.full(len(sinks), target.period), np.full(len(sinks), source.period)
        for hit, exception in cycles:
            if exception.setup:
                setup_cycles[hit] = exception.multiplier
                setup_period[hit] = source.period if exception.launch_based else target.period
            if exception.hold:
                hold_cycles[hit] = exception.multiplier
                hold_period[hit] = target.period if exception.launch_based is False else source.period
        gap += (setup_cycles - 1) * setup_period
        if hold:
            gap -= hold_cycles * hold_period
        uncertainty = target.hold_uncertainty if hold else target.setup_uncertainty
        return (-gap if hold else gap) / reference, alive, uncertainty

    for k in data_tags:
        for c in clock_tags:
            capture = tags.tags[c]
            for is_latch in (False, True):
                picked = _pick(structure, node_tags, checks[latches[checks] == is_latch], k, c)
                if not len(picked):
                    continue
                sinks = structure.check_data[picked]
                coefficient, alive, uncertainty = relation(tags.tags[k], capture.clock, capture.edge, sinks, is_latch)
                chosen, sinks, m = picked[alive], sinks[alive], int(alive.sum())
                blocks.append(
                    {
                        "sink": sinks,
                        "node": structure.sink_node[sinks],
                        "tag": np.full(m, k, dtype=np.int32),
                        "cell": structure.check_cell[chosen],
                        "local": structure.check_local[chosen],
                        "add": np.full((m, 2), uncertainty),
                        "clock_node": structure.sink_node[structure.check_clock[chosen]],
                        "clock_sink": structure.check_clock[chosen],
                        "clock_tag": np.full(m, c, dtype=np.int32),
                        "clock_edge": structure.check_edge[chosen].astype(np.int32),
                        "coefficient": coefficient[alive],
                        "follows": np.full(m, follows(tags.tags[k], capture.clock)),
                    }
                )
    # A gate on the clock: (enable sink, clock sink, clock edge it must be ready for).
    for sink, clock_sink, edge in gating_checks(netlist, structure, node_tags, tags.clock_bits, hold):
        node, clock_node = int(structure.sink_node[sink]), int(structure.sink_node[clock_sink])
        for k in data_tags:
            if not (node_tags[node, 0] | node_tags[node, 1]) >> k & 1:
                continue
            for c in clock_tags:
                if not node_tags[clock_node, edge] >> c & 1:
                    continue
                capture = tags.tags[c]
                coefficient, alive, extra = relation(tags.tags[k], capture.clock, capture.edge, np.array([sink]), False)
                if alive[0]:
                    row = _row(sink, node, k, c, edge, coefficient, [extra, extra], clock_node, clock_sink)
                    blocks.append(row | {"follows": np.array([follows(tags.tags[k], capture.clock)])})
    port_sink = {int(p): s for s, p in enumerate(structure.sink_port.tolist()) if p >= 0}
    for port, delay in output_delays(names, constraints):
        sink_row = port_sink.get(port)
        values = [delay.values.get((end, r)) for r in (0, 1)]
        if sink_row is None or values == [None, None]:
            continue
        node = int(structure.sink_node[sink_row])
        clock = names.clock(delay.clock, "set_output_delay")
        # set_output_delay -min is what the outside needs before the edge: the hold margin is its negative.
        sign = -1.0 if hold else 1.0
        for k in data_tags:
            if not (node_tags[node, 0] | node_tags[node, 1]) >> k & 1:
                continue
            edge = int(delay.clock_fall)
            coefficient, alive, extra = relation(tags.tags[k], clock, edge, np.array([sink_row]), False)
            add = [np.nan if x is None else sign * x + extra for x in values]
            if alive[0]:
                row = _row(sink_row, node, k, 0, edge, coefficient, add, -1, -1)
                blocks.append(row | {"follows": np.array([follows(tags.tags[k], clock)])})
    columns: dict[str, NDArray[np.generic]] = {}
    for key in (*Rows._fields, "coefficient", "follows"):
        dtype = np.float64 if key in ("add", "coefficient", "follows") else np.int32
        empty = np.empty((0, 2) if key == "add" else 0, dtype=dtype)
        columns[key] = np.ascontiguousarray(np.concatenate([empty, *(b[key] for b in blocks)]), dtype=dtype)
    coefficient_column, follows_column = (
        np.asarray(columns.pop(key), dtype=np.float64) for key in ("coefficient", "follows")
    )
    rows = Rows(**columns)  # type: ignore[arg-type]
    return Endpoints(rows, coefficient_column, follows_column, _register_clocks(netlist, rows))


def _register_clocks(netlist: Netlist, rows: Rows) -> NDArray[np.int32]:
    """Clock pins of flops and latches among the rows, each once; gates on the clock are not its end."""
    kind = netlist.cells.kind[netlist.cell_type[rows.cell]]
    at = (rows.cell >= 0) & (rows.clock_node >= 0) & np.isin(kind, (Kind.FLOP, Kind.LATCH))
    columns = (rows.clock_tag[at], rows.clock_node[at], rows.clock_edge[at], rows.clock_sink[at])
    return np.unique(np.column_stack(columns), axis=0).astype(np.int32)


def _row(
    sink: int, node: int, tag: int, clock_tag: int, edge: int, coefficient: Real, add: list[float], clock_node: int,
    clock_sink: int,
) -> dict[str, NDArray[np.generic]]:  # fmt: skip
    """One row without a table."""
    numbers = {
        "sink": sink, "node": node, "tag": tag, "cell": -1, "local": -1, "clock_node": clock_node,
        "clock_sink": clock_sink, "clock_tag": clock_tag, "clock_edge": edge,
    }  # fmt: skip
    row: dict[str, NDArray[np.generic]] = {k: np.array([x], dtype=np.int32) for k, x in numbers.items()}
    return row | {"add": np.array([add]), "coefficient": coefficient}
