"""Probabilities of nets or instances from a CSV file, for leakage without a simulation."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.verilog import read_text
from finevh.power.activity import Activity, activity_from_patterns
from finevh.power.activity.propagation import propagate_probabilities
from finevh.power.recordings.recorded_names import NetNames, plain_name
from finevh.power.recordings.vcd import settle_sources
from finevh.technology.model import Direction

_HALF = 0.5
"""Probability of 1 of an input port or stored bit that nothing tells about: no value is preferred."""


def read_probabilities(path: Path | None, netlist: Netlist, checks: Checks | None = None) -> Activity:
    """Read probabilities for a leakage run.

    Two forms, told apart by the header: ``net,probability`` (probability of 1 of nets or ports; other nets are propagated
    with inputs independent, input ports that are not named are 1 half of the time), or ``instance,pattern,probability``
    (joint probabilities of every instance: a pattern is one 0 or 1 per leakage state pin, in the order of the library).

    Parameters
    ----------
    checks
        Account of where probabilities come from.

    Raises
    ------
    InputError
        With file and line: a wrong header, a name that the netlist does not have or that comes twice, a probability outside
        0..1, a last line that is cut off.
    """
    checks = Checks() if checks is None else checks
    if path is None:
        return _from_nets(np.full(netlist.n_nets, np.nan), netlist, checks)
    rows = []
    text = read_text(path)
    lines = text.splitlines()
    if text and not text.endswith(("\n", "\r")):
        raise InputError(f"{path}:{len(lines)}: the last line has no line end: the file is cut off, or lacks one")
    reader = csv.reader(lines)
    try:
        rows = [(reader.line_num, row) for row in reader if row and not row[0].startswith("#")]
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from error
    header = [word.strip() for word in rows[0][1]] if rows else []
    if header == ["net", "probability"]:
        known = np.full(netlist.n_nets, np.nan)
        names = NetNames(netlist)
        for line, row in rows[1:]:
            name = plain_name(",".join(row[:-1]))
            net = names.find(name) if len(row) >= 2 else None
            if net is None:
                raise InputError(f"{path}:{line}: '{name}' is no net or port of {netlist.name}")
            if not np.isnan(known[net]):
                raise InputError(f"{path}:{line}: '{name}' has a probability from a line above; keep one of them")
            known[net] = _fraction(path, line, row[-1])
        return _from_nets(known, netlist, checks)
    if header == ["instance", "pattern", "probability"]:
        patterns: dict[str, dict[str, float]] = {}
        for line, row in rows[1:]:
            if len(row) != 3 or row[0].strip() not in netlist.instance_index:
                raise InputError(f"{path}:{line}: '{row[0].strip()}' is no instance of {netlist.name}")
            given = patterns.setdefault(row[0].strip(), {})
            if row[1].strip() in given:
                raise InputError(f"{path}:{line}: pattern {row[1].strip()} of '{row[0].strip()}' comes twice")
            given[row[1].strip()] = _fraction(path, line, row[2])
        try:
            return activity_from_patterns(netlist, patterns)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    raise InputError(
        f"{path}:{rows[0][0] if rows else 1}: the header is neither 'net,probability' nor 'instance,pattern,probability'"
    )


def _fraction(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{path}:{line}: '{text.strip()}' is no probability") from None
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{path}:{line}: probability {value:g} is outside 0..1")
    return value


def _from_nets(known: NDArray[np.float64], netlist: Netlist, checks: Checks) -> Activity:
    """Propagate known probabilities; rates do not matter to leakage and are those of independent cycles."""
    inputs = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    checks.add("probability_assumed", [netlist.net_names[i] for i in inputs[np.isnan(known[inputs])]])
    settle_sources(netlist, ~np.isnan(known), checks)
    probability = known.copy()
    probability[inputs] = np.where(np.isnan(known[inputs]), _HALF, known[inputs])
    return propagate_probabilities(
        netlist, probability=probability, toggle_rate=2.0 * probability * (1.0 - probability)
    )
