"""One cell-corner: every procedure once, and the record of what they measured."""

from __future__ import annotations

from finevh.characterization.bench.measure_edges import Table, measure_edges, moves
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.arcs import arcs, classify, measure_arcs
from finevh.characterization.procedures.capacitance import pin_capacitances
from finevh.characterization.procedures.cell_leakage import leakage
from finevh.characterization.procedures.constraint import measure_constraints
from finevh.characterization.procedures.crossed import crossed_delays
from finevh.characterization.procedures.energy import hidden_energies
from finevh.characterization.procedures.noise import noise_margins
from finevh.characterization.record import CellRecord, Pin

__all__ = ["characterize_cell"]


def characterize_cell(corner: Corner, topology: Topology) -> CellRecord:
    """Measure everything that a record holds; a combinational cell is one that stores nothing.

    Raises
    ------
    InputError
        If the simulated cell contradicts its function.
    SimulationError
        If a simulation fails.
    """
    states, cross_leakage = leakage(corner, topology)
    table: Table = {}
    every = moves(topology, corner.vdd)
    measure_edges(corner, topology, table, [(move, [corner.middle]) for move in every])
    moved, quiet = classify(topology, every)
    worst = measure_arcs(corner, topology, table, moved)
    constraints, pulses = measure_constraints(corner, topology)
    return CellRecord(
        topology.name,
        corner.variant.name,
        corner.vdd,
        corner.process.temperature_c,
        _pins(topology),
        pin_capacitances(corner, topology, table),
        arcs(corner, table, moved, worst),
        hidden_energies(corner, topology, table, quiet),
        states,
        cross_leakage,
        crossed_delays(corner, topology, table, worst),
        noise_margins(corner, topology),
        constraints,
        pulses,
    )


def _pins(topology: Topology) -> tuple[Pin, ...]:
    """Return the pins, inputs first."""
    clock = topology.sequential.clock if topology.sequential else None
    inputs = tuple(Pin(name, "input", "", name == clock) for name in topology.inputs)
    return inputs + tuple(Pin(name, "output", function.text) for name, function in topology.outputs)
