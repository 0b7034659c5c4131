"""Records of characterised cells in, the views of a technology out: Liberty, cross-voltage file, LEF, Verilog models.

A drive-n cell is n copies of the X1 cell in parallel: its tables are those of X1 with the load axis, energies,
capacitances and leakage times n (`record.DRIVE_SCALED`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import TableAxes
from finevh.characterization.publish.refine import refine_energies, refine_record
from finevh.characterization.record import Arc as RecordArc
from finevh.characterization.record import CellRecord, Edge, State
from finevh.errors import InputError
from finevh.technology.library import Arc, Cell, Library, Pin, PowerArc, Table
from finevh.technology.model import ArcType, Direction, Kind, Sense

__all__ = [
    "cell_from_record",
    "cell_pins",
    "library_from_records",
    "scale_drive",
    "state_condition",
]

FloatArray = NDArray[np.float64]
SLEW_LOWER, SLEW_UPPER = 0.3, 0.7
"""Transition points of the records (`record` module)."""

_SENSE = {"positive_unate": Sense.POSITIVE, "negative_unate": Sense.NEGATIVE, "non_unate": Sense.NON_UNATE}
_KIND = {"flip-flop": Kind.FLOP, "latch": Kind.LATCH, "clock-gate": Kind.CLOCK_GATE}
_NO_AXIS = np.zeros(1)


def state_condition(state: State, topology: Topology) -> str:
    """Liberty condition of a state; the stored IQ is read at the output that shows it."""
    values = dict(state)
    stored = topology.sequential
    # A gated clock shows its latch only while the clock is high; while it is low the inputs decide what the latch holds.
    hidden = stored is not None and stored.kind == "clock-gate" and values.get(stored.clock) != 1
    terms = []
    for pin, bit in state:
        if pin == "IQ" and hidden:
            continue
        name = stored_output(topology) if pin == "IQ" else pin
        terms.append(name if bit else f"!{name}")
    return " & ".join(terms)


def stored_output(topology: Topology) -> str:
    """Output that shows the stored state."""
    for pin, function in topology.outputs:
        if "IQ" in function.variables:
            return pin
    raise InputError(f"{topology.origin}: cell {topology.name} stores a state that no output shows; add an output")


def cell_pins(record: CellRecord) -> list[Pin]:
    """Pins of the X1 cell of a record, inputs with their capacitances."""
    charges = {c.pin: c for c in record.capacitances}
    slews = [float(arc.slew_ps[-1]) for arc in record.arcs]
    loads = {arc.pin: float(arc.load_ff[-1]) for arc in record.arcs if not arc.state}
    pins = []
    for entry in record.pins:
        if entry.direction == "output":
            pins.append(Pin(entry.name, Direction.OUTPUT, entry.function, max_cap=loads.get(entry.name, np.inf)))
            continue
        if entry.name not in charges:
            raise InputError(
                f"record of {record.cell} ({record.variant}, {record.vdd:g} V): no capacitance of pin "
                f"{entry.name}; delete the record and characterise again"
            )
        rise, fall = charges[entry.name].rise_ff, charges[entry.name].fall_ff
        pins.append(
            Pin(
                entry.name,
                Direction.INPUT,
                "",
                entry.clock,
                0.5 * (rise + fall),
                rise,
                fall,
                max_slew=max(slews, default=np.inf),
            )
        )
    return pins


def _merge_edges(arcs: Sequence[RecordArc]) -> list[RecordArc]:
    """Join the rise and the fall of an edge-triggered arc, which the record keeps apart by sense."""
    merged: dict[tuple[str, str, str, State], RecordArc] = {}
    result: list[RecordArc] = []
    for arc in arcs:
        if arc.timing_type == "combinational":
            result.append(arc)
            continue
        state = tuple((pin, bit) for pin, bit in arc.state if pin != "IQ")
        key = (arc.related_pin, arc.pin, arc.timing_type, state)
        known = merged.get(key)
        if known is None:
            merged[key] = replace(arc, state=state)
        else:
            merged[key] = replace(known, rise=known.rise or arc.rise, fall=known.fall or arc.fall)
    return result + list(merged.values())


def _arc(arc: RecordArc, topology: Topology) -> Arc:
    def table(edge: Edge | None, name: str) -> Table | None:
        return None if edge is None else Table(arc.slew_ps, arc.load_ff, getattr(edge, name))

    kind = ArcType[arc.timing_type.upper()]
    edge_triggered = kind in (ArcType.RISING_EDGE, ArcType.FALLING_EDGE)
    return Arc(
        arc.related_pin,
        arc.pin,
        kind,
        Sense.NON_UNATE if edge_triggered else _SENSE[arc.sense],
        state_condition(arc.state, topology),
        (
            table(arc.rise, "delay_ps"),
            table(arc.fall, "delay_ps"),
            table(arc.rise, "slew_ps"),
            table(arc.fall, "slew_ps"),
        ),
    )


def _powers(record: CellRecord, arcs: Sequence[RecordArc], topology: Topology) -> list[PowerArc]:
    """Energies of output transitions per side state where there are several, then those of inputs that move no output."""
    found = []
    pairs: dict[tuple[str, str], list[RecordArc]] = {}
    for arc in arcs:
        pairs.setdefault((arc.related_pin, arc.pin), []).append(arc)
    for (related, pin), members in pairs.items():
        detailed = [arc for arc in members if arc.state]
        covered = {arc.sense for arc in detailed}
        for arc in detailed + [arc for arc in members if not arc.state and arc.sense not in covered]:
            state = arc.state
            if not state and len(members) > 1 and arc.rise_state == arc.fall_state:
                # One arc per sense and one side state each, as in XOR: the state tells them apart.
                state = tuple(item for item in arc.rise_state if item[0] != "IQ")
            rise, fall = (
                None if edge is None else Table(arc.slew_ps, arc.load_ff, edge.energy_fj)
                for edge in (arc.rise, arc.fall)
            )
            found.append(PowerArc(related, pin, state_condition(state, topology), rise, fall))
    for hidden in record.hidden:
        # An edge that moves an output in this state has its energy in the arc: not a number here, no table there.
        rise, fall = (
            None
            if np.isnan(values).any()
            else Table(hidden.slew_ps if len(hidden.slew_ps) > 1 else _NO_AXIS, _NO_AXIS, values.reshape(-1, 1))
            for values in (hidden.rise_fj, hidden.fall_fj)
        )
        if rise is not None or fall is not None:
            found.append(PowerArc("", hidden.pin, state_condition(hidden.state, topology), rise, fall))
    return found


def _constraints(record: CellRecord) -> list[Arc]:
    arcs = []
    for item in record.constraints:

        def table(
            values: FloatArray | None,
            related: FloatArray = item.related_slew_ps,
            data: FloatArray = item.constrained_slew_ps,
        ) -> Table | None:
            return None if values is None else Table(related, data, np.ascontiguousarray(values.T))

        arcs.append(
            Arc(
                item.related_pin,
                item.pin,
                ArcType[item.kind.upper()],
                Sense.NON_UNATE,
                "",
                (table(item.rise_ps), table(item.fall_ps), None, None),
            )
        )
    for pulse in record.pulse_widths:
        high, low = (
            None if value is None else Table(_NO_AXIS, _NO_AXIS, np.array([[value]]))
            for value in (pulse.high_ps, pulse.low_ps)
        )
        if high is not None or low is not None:
            arcs.append(
                Arc(pulse.pin, pulse.pin, ArcType.MIN_PULSE_WIDTH, Sense.NON_UNATE, "", (high, low, None, None))
            )
    return arcs


def leakage_states(record: CellRecord) -> list[tuple[State, float]]:
    """Leakage by state, mW; the stored bit is left out where the inputs leave it no choice."""
    by_inputs: dict[State, list[tuple[State, float]]] = {}
    for item in record.leakage:
        inputs = tuple(entry for entry in item.state if entry[0] != "IQ")
        by_inputs.setdefault(inputs, []).append((item.state, item.leakage_mw))
    states = []
    for inputs, members in by_inputs.items():
        states += [(inputs, members[0][1])] if len(members) == 1 else members
    return states


def cell_from_record(
    record: CellRecord, topology: Topology, site_um: tuple[float, float], axes: TableAxes | None = None
) -> Cell:
    """Build the X1 cell of a record.

    Parameters
    ----------
    record : one topology at one (variant, Vdd).
    topology : its functions, storage and footprint.
    site_um : width and height of the placement site.
    axes : of the tables; None: the simulated grid.
    """
    energies = refine_energies(record, axes) if axes else record
    record = refine_record(record, axes) if axes else record
    cell = Cell(record.cell, topology.width_sites(1) * site_um[0] * site_um[1], footprint=record.cell)
    cell.pins = cell_pins(record)
    stored = topology.sequential
    if stored is not None:
        cell.kind = _KIND[stored.kind]
        cell.next_state = stored.next.text
        active_low = stored.edge == "fall"
        cell.clocked_on = f"!{stored.clock}" if active_low else stored.clock
        cell.clear = f"!{stored.clear}" if stored.clear else ""
        cell.preset = f"!{stored.preset}" if stored.preset else ""
    elif not topology.inputs:
        cell.kind = Kind.TIE
    arcs = _merge_edges(record.arcs)
    cell.arcs = [_arc(arc, topology) for arc in arcs] + _constraints(record)
    cell.powers = _powers(record, _merge_edges(energies.arcs), topology)
    states = leakage_states(record)
    conditions = [(state_condition(state, topology), value) for state, value in states]
    cell.leakage = [(when, value) for when, value in conditions if when]
    cell.default_leakage = float(np.mean([value for _, value in states])) if states else None
    return cell


def scale_drive(cell: Cell, drive: int, name: str, area: float) -> Cell:
    """Return the drive-n cell: n copies in parallel."""

    def load(table: Table | None, energy: bool = False) -> Table | None:
        if table is None:
            return None
        return Table(table.x, table.y * drive, table.values * drive if energy else table.values)

    def arc(item: Arc) -> Arc:
        if ArcType.SETUP_RISING <= item.type <= ArcType.REMOVAL_FALLING or item.type == ArcType.MIN_PULSE_WIDTH:
            return item
        a, b, c, d = (load(table) for table in item.tables)
        return item._replace(tables=(a, b, c, d))

    return replace(
        cell,
        name=name,
        area=area,
        pins=[
            replace(
                p,
                cap=p.cap * drive,
                cap_rise=p.cap_rise * drive,
                cap_fall=p.cap_fall * drive,
                max_cap=p.max_cap * drive,
            )
            for p in cell.pins
        ],
        arcs=[arc(item) for item in cell.arcs],
        powers=[p._replace(rise=load(p.rise, True), fall=load(p.fall, True)) for p in cell.powers],
        leakage=[(when, value * drive) for when, value in cell.leakage],
        default_leakage=None if cell.default_leakage is None else cell.default_leakage * drive,
    )


def library_from_records(
    records: Sequence[CellRecord],
    topologies: Mapping[str, Topology],
    physical: Sequence[Cell],
    site_um: tuple[float, float],
    suffix: str,
    name: str,
    axes: TableAxes | None = None,
) -> Library:
    """Build the library of one corner: every drive of every record, drives side by side, then physical cells.

    Tables stand on ``axes``, or on the simulated grid without them.

    Raises
    ------
    InputError
        If the records are of several corners, or a topology is missing.
    """
    corners = {(record.variant, record.vdd, record.temperature_c) for record in records}
    if len(corners) != 1:
        raise InputError(f"library {name}: records of {len(corners)} corners; one is needed")
    _, vdd, temperature = corners.pop()
    library = Library("", name, vdd, temperature, SLEW_LOWER, SLEW_UPPER)
    for record in records:
        topology = topologies.get(record.cell)
        if topology is None:
            raise InputError(f"library {name}: no topology describes the characterised cell {record.cell}")
        base = cell_from_record(record, topology, site_um, axes)
        for drive in topology.drives:
            cell = scale_drive(
                base,
                drive,
                topology.cell_name(drive) + suffix,
                topology.width_sites(drive) * site_um[0] * site_um[1],
            )
            library.cells[cell.name] = cell
    for cell in physical:
        library.cells[cell.name + suffix] = replace(cell, name=cell.name + suffix)
    return library
