"""One cell-corner of a combinational cell: plan, simulate, assemble the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.combinational import Corner, Sample, Toggle, run_toggles, toggles
from finevh.characterization.record import (
    Arc,
    CellRecord,
    CrossDelay,
    Edge,
    HiddenEnergy,
    Pin,
    PinCapacitance,
    Sense,
    State,
)
from finevh.characterization.static import leakage, noise_margins
from finevh.characterization.topology import Topology

__all__ = ["characterize_combinational", "pins_of"]

FloatArray = NDArray[np.float64]
Key = tuple[Toggle, bool, float, float]
Group = tuple[str, str, Sense]


def characterize_combinational(corner: Corner, topology: Topology) -> CellRecord:
    """Measure everything a record of a combinational (or constant) cell holds."""
    states, cross = leakage(corner, topology)
    arcs: tuple[Arc, ...] = ()
    capacitances: tuple[PinCapacitance, ...] = ()
    hidden: tuple[HiddenEnergy, ...] = ()
    cross_delay: tuple[CrossDelay, ...] = ()
    if topology.inputs:
        table, worst = _measure_arcs(corner, topology)
        arcs = _arcs(corner, topology, table, worst)
        middle = _hidden_samples(corner, topology)
        hidden = _hidden(middle)
        capacitances = tuple(_capacitance(corner, pin, table, middle) for pin in topology.inputs)
        cross_delay = _cross(corner, topology, table, worst)
    margins = noise_margins(corner, topology) if topology.inputs else ()
    return CellRecord(
        topology.name,
        corner.variant.name,
        corner.vdd,
        corner.process.temperature_c,
        pins_of(topology),
        capacitances,
        arcs,
        hidden,
        states,
        (cross,),
        cross_delay,
        margins,
    )


def pins_of(topology: Topology) -> tuple[Pin, ...]:
    """Return the pins, inputs first."""
    clock = topology.sequential.clock if topology.sequential else None
    inputs = tuple(Pin(name, "input", "", name == clock) for name in topology.inputs)
    return inputs + tuple(Pin(name, "output", function.text) for name, function in topology.outputs)


def _groups(topology: Topology, active: Iterable[Toggle]) -> dict[Group, list[Toggle]]:
    """Sort toggles by (input, output, sense)."""
    groups: dict[Group, list[Toggle]] = defaultdict(list)
    for toggle in active:
        side = dict(toggle.side)
        for pin, function in topology.outputs:
            low, high = function.evaluate({**side, toggle.pin: 0}), function.evaluate({**side, toggle.pin: 1})
            if low != high:
                groups[toggle.pin, pin, "positive_unate" if high else "negative_unate"].append(toggle)
    return groups


def _measure_arcs(corner: Corner, topology: Topology) -> tuple[dict[Key, Sample], dict[tuple[Group, bool], Toggle]]:
    """Simulate all side states on the full grid.

    Returns samples by (toggle, input rising, slew, load) and the slowest toggle of each (arc group, *output* rising).
    """
    points = {(s, load) for s in corner.slew_ps for load in corner.load_ff}
    groups = _groups(topology, toggles(topology, corner.vdd, active=True))
    every = dict.fromkeys(toggle for members in groups.values() for toggle in members)
    plan = [(float(load), [(toggle, corner.slew_ps.tolist()) for toggle in every]) for load in corner.load_ff]
    table: dict[Key, Sample] = {
        (_toggle(s), s.rising, s.slew_ps, s.load_ff): s for s in run_toggles(corner, topology, plan)
    }
    worst = {}
    for group, members in groups.items():
        for up in (False, True):
            worst[group, up] = max(members, key=lambda toggle: _slowness(table, toggle, group, up, points))
    return table, worst


def _toggle(sample: Sample) -> Toggle:
    """Return the key of a combinational sample."""
    if not isinstance(sample.toggle, Toggle):
        raise TypeError(f"{sample.toggle!r} is no toggle")
    return sample.toggle


def _slowness(
    table: Mapping[Key, Sample], toggle: Toggle, group: Group, up: bool, points: Iterable[tuple[float, float]]
) -> float:
    """Sum of delays over the grid: the order of the side states is the same at most points."""
    rising = up == (group[2] == "positive_unate")
    return sum(table[toggle, rising, slew, load].delay_ps[group[1]] for slew, load in points)


def _edge(
    corner: Corner,
    table: Mapping[Key, Sample],
    toggle: Toggle,
    group: Group,
    up: bool,
    slews: FloatArray,
    loads: FloatArray,
) -> Edge:
    """Collect one output edge; energy is shared evenly by the outputs that move together."""
    rising = up == (group[2] == "positive_unate")
    shape = (len(slews), len(loads))
    delay, out_slew, energy = np.empty(shape), np.empty(shape), np.empty(shape)
    for i, slew in enumerate(slews):
        for j, load in enumerate(loads):
            sample = table[toggle, rising, slew, load]
            delay[i, j], out_slew[i, j] = sample.delay_ps[group[1]], sample.out_slew_ps[group[1]]
            charged = sum(sample.out_rising.values())
            energy[i, j] = (sample.energy_fj - charged * load * corner.vdd**2) / len(sample.delay_ps)
    return Edge(delay, out_slew, energy)


def _arcs(
    corner: Corner, topology: Topology, table: Mapping[Key, Sample], worst: Mapping[tuple[Group, bool], Toggle]
) -> tuple[Arc, ...]:
    slews, loads = corner.slew_ps, corner.load_ff
    arcs = []
    for group, members in _groups(topology, toggles(topology, corner.vdd, active=True)).items():
        up, down = worst[group, True], worst[group, False]
        arcs.append(
            Arc(
                *group,
                "combinational",
                (),
                slews,
                loads,
                _edge(corner, table, up, group, True, slews, loads),
                _edge(corner, table, down, group, False, slews, loads),
                up.side,
                down.side,
            )
        )
        if len(members) > 1:
            arcs += [
                Arc(
                    *group,
                    "combinational",
                    toggle.side,
                    slews,
                    loads,
                    _edge(corner, table, toggle, group, True, slews, loads),
                    _edge(corner, table, toggle, group, False, slews, loads),
                    toggle.side,
                    toggle.side,
                )
                for toggle in members
            ]
    return tuple(arcs)


def _middle(corner: Corner) -> tuple[float, float]:
    """Return the slew, ps, and load, fF, in the middle of the small grid: where capacitances and hidden energies are measured."""
    grid = corner.process.grid
    return (
        float(corner.slew_ps[grid.side_slew[len(grid.side_slew) // 2 - 1]]),
        float(corner.load_ff[grid.side_load[len(grid.side_load) // 2 - 1]]),
    )


def _hidden_samples(corner: Corner, topology: Topology) -> list[Sample]:
    slew, load = _middle(corner)
    quiet = toggles(topology, corner.vdd, active=False)
    return run_toggles(corner, topology, [(load, [(toggle, [slew]) for toggle in quiet])]) if quiet else []


def _hidden(samples: Sequence[Sample]) -> tuple[HiddenEnergy, ...]:
    rise = {_toggle(s): s for s in samples if s.rising}
    fall = {_toggle(s): s for s in samples if not s.rising}
    return tuple(
        HiddenEnergy(t.pin, t.side, np.array([s.slew_ps]), np.array([s.energy_fj]), np.array([fall[t].energy_fj]))
        for t, s in rise.items()
    )


def _capacitance(corner: Corner, pin: str, table: Mapping[Key, Sample], quiet: Sequence[Sample]) -> PinCapacitance:
    """Charge over swing at the middle of the grid; the mean over side states that move an output, range over all."""
    slew, load = _middle(corner)
    active = [s for (t, _, at, on), s in table.items() if t.pin == pin and at == slew and on == load]
    everything = active + [s for s in quiet if _toggle(s).pin == pin]
    mean, span = [], []
    for rising in (True, False):
        sign = 1.0 if rising else -1.0
        mean.append(float(np.mean([sign * s.charge_fc / corner.vdd for s in active if s.rising == rising])))
        values = [sign * s.charge_fc / corner.vdd for s in everything if s.rising == rising]
        span.append((min(values), max(values)))
    return PinCapacitance(pin, mean[0], mean[1], span[0], span[1])


def _cross(
    corner: Corner, topology: Topology, table: Mapping[Key, Sample], worst: Mapping[tuple[Group, bool], Toggle]
) -> tuple[CrossDelay, ...]:
    """Repeat worst arcs with the toggling input's driver on every other rail of the span."""
    grid = corner.process.grid
    slews, loads = corner.slew_ps[list(grid.cross_slew)], corner.load_ff[list(grid.cross_load)]
    drivers = corner.process.delay_drivers(corner.vdd)
    chosen = list(dict.fromkeys(worst.values()))
    other = [float(v) for v in drivers if abs(v - corner.vdd) > 1e-6]
    plan = [
        (float(load), [(Toggle(t.pin, t.side, v), [float(s) for s in slews]) for v in other for t in chosen])
        for load in loads
    ]
    samples = run_toggles(corner, topology, plan) if other else []
    found = {(_toggle(s), s.rising, s.slew_ps, s.load_ff): s for s in samples}
    crossed = []
    for (group, up), toggle in worst.items():
        shape = (len(drivers), len(slews), len(loads))
        delay, out_slew = np.empty(shape), np.empty(shape)
        for d, rail in enumerate(drivers):
            own = abs(rail - corner.vdd) <= 1e-6
            source, moved = (table, toggle) if own else (found, Toggle(toggle.pin, toggle.side, float(rail)))
            edge = _edge(corner, source, moved, group, up, slews, loads)
            delay[d], out_slew[d] = edge.delay_ps, edge.slew_ps
        state: State = toggle.side
        crossed.append(CrossDelay(*group, "rise" if up else "fall", state, drivers, slews, loads, delay, out_slew))
    return tuple(crossed)
