"""Switching, internal and leakage power against OpenSTA's ``report_power``: same netlist, Liberty, SDC, activities.

Without a recording both sides get the same rate and duty on every net, two toggles per cycle on the clock. With one Icarus
Verilog runs the netlist on random data and writes a VCD; a converter of this file, which shares nothing with the package, makes a
SAIF of it; finevh reads both. OpenSTA 2.0.17 (Debian's) reads neither and takes activities only for all nets at once: its power
of each instance is scaled to the converter's counts. Its rules are its own:

- Rise and fall energies are *added* for every toggle (later releases take their mean).
- The weight of a group is read off the top operator of the function. A clock gate's output, which has a ``state_function`` and no
  ``function``, has none to read: each of its groups whose related pin is a clock counts in full.
- Leakage is ``cell_leakage_power``; without it the conditions of a cell count 0.5 to the number of their inputs, times two.

``same rules`` shows our tables, slews, loads and units under those rules, clock gates apart; ``finevh`` our own, for the record:
leakage there is the sum over states, all patterns equally likely or as recorded. OpenSTA takes the period from the clock that
reaches an instance; instances that none reaches (a reset tree) have no power there and are left out on both sides.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.wires import Wires
from finevh.power import (
    Activity,
    DynamicPower,
    LeakageModel,
    RandomStimulus,
    activity_from_probabilities,
    read_saif,
    read_vcd,
)
from finevh.power.internal_energy import PowerTerms
from finevh.power.simulation.network import build_network
from finevh.technology.liberty.boolean import Expression, parse_boolean
from finevh.technology.liberty.syntax import parse_liberty, read_liberty_text
from finevh.technology.model import Direction, Kind, Technology
from finevh.timing import TimingGraph, parse_sdc
from oracles.iverilog import icarus_vcd, record
from oracles.opensta import plain_liberty, run_script
from oracles.slacks import default_sdc

RATE, DUTY = 0.2, 0.5


def inferred_when(tree: Expression, pin: str) -> Expression | None:
    """OpenSTA's side condition of an input, where the function's top operator shows it; None where it does not."""
    operator, *operands = tree
    if operator == "pin":
        return ("1",) if operands == [pin] else None
    parts = [part for part in operands if not isinstance(part, str)]
    if operator == "!":
        return inferred_when(parts[0], pin)
    if operator in ("0", "1"):
        return None
    for mine, other in (parts, parts[::-1]):
        if mine in (("pin", pin), ("!", ("pin", pin))):
            return other if operator == "&" else ("!", other)
    return None


def duty_of(tree: Expression, of_pin: Mapping[str, float]) -> float:
    """OpenSTA's duty of an expression: operands independent."""
    if tree[0] == "pin":
        return of_pin.get(str(tree[1]), DUTY)
    if tree[0] in ("0", "1"):
        return float(tree[0])
    a = [duty_of(branch, of_pin) for branch in tree[1:] if isinstance(branch, tuple)]
    if tree[0] == "!":
        return 1.0 - a[0]
    if tree[0] == "&":
        return a[0] * a[1]
    return 1.0 - (1.0 - a[0]) * (1.0 - a[1]) if tree[0] == "|" else a[0] * (1.0 - a[1]) + a[1] * (1.0 - a[0])


def opensta_terms(netlist: Netlist, rate: np.ndarray, duty: np.ndarray, clock_nets: np.ndarray) -> PowerTerms:
    """Power terms under the rules of OpenSTA 2.0.17."""
    cells = netlist.cells
    rows = []
    for cell in range(netlist.n_cells):
        kind, first = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
        base = int(cells.pin_ptr[kind])
        names = cells.pins(kind)
        nets = netlist.pin_net[first : first + len(names)].tolist()
        of_pin = {name: float(duty[n]) for name, n in zip(names, nets, strict=True) if n != NO_NET}
        for g in range(int(cells.power_ptr[kind]), int(cells.power_ptr[kind + 1])):
            source, target = int(cells.power_from[g]), int(cells.power_to[g])
            net = int(netlist.pin_net[first + target])
            # Pins without a net have the global activity too.
            toggles = RATE if net == NO_NET else rate[net]
            when = cells.power_when[g]
            function = "" if cells.kind[kind] == Kind.CLOCK_GATE else cells.pin_function[base + target]
            related = target if source < 0 else source
            related_net = int(netlist.pin_net[first + related])
            inferred = (
                inferred_when(parse_boolean(function), names[source]) if source >= 0 and function and not when else None
            )
            if inferred is not None:
                cause = RATE if related_net == NO_NET else rate[related_net]
                share = cause / toggles * duty_of(inferred, of_pin) if toggles > 0 else 0.0
            elif when:
                share = duty_of(parse_boolean(when), of_pin)
            else:
                share = 1.0 if related_net != NO_NET and clock_nets[related_net] else 0.5
            is_output = cells.pin_direction[base + target] == Direction.OUTPUT
            rows.append((cell, first + related, net if is_output else -1, *cells.power_table[g], share * toggles))
    table = np.array(rows)
    as_int = table[:, :5].astype(np.int32)
    weight = np.repeat(table[:, 5:6], 2, axis=1)
    return PowerTerms(as_int[:, 0], as_int[:, 1], as_int[:, 2], np.zeros(len(rows), dtype=bool), as_int[:, 3:5], weight)


def opensta_leakage(netlist: Netlist, liberty: Path) -> np.ndarray:
    """Leakage of each instance, mW, under the rules of OpenSTA 2.0.17, read off the Liberty text."""
    library = parse_liberty(read_liberty_text(liberty), liberty.name)
    match = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]*)W", library.attributes["leakage_power_unit"])
    assert match is not None, f"{liberty}: leakage_power_unit"
    to_mw = float(match.group(1)) * {"p": 1e-9, "n": 1e-6, "u": 1e-3, "m": 1.0, "": 1e3}[match.group(2)]
    of_cell: dict[str, float] = {}
    for cell in library.all("cell"):
        inputs = {p.names[0] for p in cell.all("pin") if p.attributes.get("direction") == "input"}
        when = [(g.attributes.get("when", ""), float(g.attributes["value"])) for g in cell.all("leakage_power")]
        known = [2.0 * 0.5 ** sum(w in inputs for w in re.findall(r"\w+", text)) * v for text, v in when if text]
        stated = cell.attributes.get("cell_leakage_power")
        of_cell[cell.names[0]] = to_mw * float(sum(known or (v for _, v in when)) if stated is None else stated)
    return np.array([of_cell[netlist.cells.names[kind]] for kind in netlist.cell_type])


def run_report_power(netlist: Path, top: str, liberty: Path, sdc: str, spef: Path | None) -> dict[str, np.ndarray]:
    """Internal, switching and leakage power of each instance, mW."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.sdc").write_text(sdc)
        lines = [
            f"read_liberty {plain_liberty(liberty, folder)}",
            f"read_verilog {netlist.resolve()}",
            f"link_design {top}",
            "set_cmd_units -time ns",  # the constraints' unit, whatever the library's
            f"source {folder}/c.sdc",
            f"read_parasitics {spef.resolve()}" if spef else "",
            f"set_power_activity -global -activity {RATE} -duty {DUTY}",
            "report_power -instances [get_cells *] -digits 9",
            "exit",
        ]
        done = run_script("\n".join(lines), folder)
    found = {}
    for row in (line.split() for line in done.stdout.splitlines()):
        if len(row) == 5 and re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", row[0]):
            found[row[4].replace("\\", "")] = 1e3 * np.array([float(x) for x in row[:3]])  # reported in W
    if not found:
        raise RuntimeError(f"OpenSTA reported no power:\n{done.stdout}\n{done.stderr}")
    return found


def compare_power(
    path: Path,
    netlist: Netlist,
    technology: Technology,
    liberty: Path,
    clock: str,
    period_ns: float,
    spef: Path | None,
    recorded: tuple[Activity, np.ndarray, np.ndarray] | None = None,
) -> dict[str, tuple[float, float]]:
    """(ours, OpenSTA's) power, mW, by part; ``instances`` counts those compared and all.

    ``recorded`` is our activity, and the rates and duties of the converter. OpenSTA's power of each instance under the global
    activity is then scaled by what the converter's activity is to the global one: exactly linear for switching, under its own
    weights for internal. So its loads, slews, energies and units are compared, at the activity of the recording.
    """
    sdc = default_sdc(clock, period_ns)
    wires: Wires | None = None if spef is None else read_spef(spef, netlist)
    graph = TimingGraph(netlist, technology, parse_sdc(sdc), wires)
    vdd = np.zeros(netlist.n_cells, dtype=np.int32)
    slew = graph.pin_slews(graph.evaluate(vdd))
    network = build_network(netlist, clock)
    rate = np.full(netlist.n_nets, RATE)
    out_ptr_rows = np.repeat(np.arange(netlist.n_cells), np.diff(netlist.pin_ptr))
    driving = (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT) & (netlist.pin_net != NO_NET)
    clock_nets = np.zeros(netlist.n_nets, dtype=bool)
    clock_nets[network.clock_net] = True
    clock_nets[netlist.pin_net[driving & network.clock_cell[out_ptr_rows]]] = True
    rate[clock_nets] = 2.0
    rate[netlist.net_constant >= 0] = 0.0
    duty = np.full(netlist.n_nets, DUTY)
    activity = activity_from_probabilities(netlist, duty, rate)
    power = DynamicPower(netlist, technology, wires, activity, slew=slew)
    ours = power.evaluate(vdd, None, 1e3 / period_ns)
    # A global activity is that of tied pins, too.
    power._terms = opensta_terms(netlist, np.where(netlist.net_constant >= 0, RATE, rate), duty, clock_nets)
    theirs_rules = power.evaluate(vdd, None, 1e3 / period_ns)
    leakage = LeakageModel(netlist, technology, replace(activity)).evaluate(vdd)
    report = run_report_power(path, netlist.name, liberty, sdc, spef)
    theirs = np.array([report[name.replace("\\", "")] for name in netlist.instance_names])
    clocked = (theirs[:, 1] > 1e-3 * ours.switching) | (ours.switching == 0.0)
    mine = theirs_rules
    if recorded is not None:
        activity, rate, duty = recorded
        told = activity_from_probabilities(netlist, duty, rate)
        scaled = DynamicPower(netlist, technology, wires, told, slew=slew)
        switched = scaled.evaluate(vdd, None, 1e3 / period_ns).switching
        scaled._terms = opensta_terms(netlist, rate, duty, clock_nets)
        weighed = scaled.evaluate(vdd, None, 1e3 / period_ns).internal
        theirs[:, 0] *= np.divide(
            weighed, theirs_rules.internal, out=np.zeros_like(weighed), where=theirs_rules.internal > 0
        )
        theirs[:, 1] *= np.divide(switched, ours.switching, out=np.zeros_like(switched), where=ours.switching > 0)
        power = DynamicPower(netlist, technology, wires, activity, slew=slew)
        ours = power.evaluate(vdd, None, 1e3 / period_ns)
        power = DynamicPower(netlist, technology, wires, activity, slew=slew)
        power._terms = opensta_terms(netlist, activity.toggle_rate, activity.probability, clock_nets)
        mine = power.evaluate(vdd, None, 1e3 / period_ns)
        leakage = LeakageModel(netlist, technology, activity).evaluate(vdd)
    gates = netlist.cells.kind[netlist.cell_type] == Kind.CLOCK_GATE
    plain = clocked & ~gates
    internal, switching, static = theirs[clocked].sum(axis=0)
    return {
        "instances": (float(clocked.sum()), float(netlist.n_cells)),
        "switching": (float(ours.switching[clocked].sum()), switching),
        "internal, same rules": (float(mine.internal[plain].sum()), float(theirs[plain, 0].sum())),
        "of clock gates, same rules": (
            float(mine.internal[clocked & gates].sum()),
            float(theirs[clocked & gates, 0].sum()),
        ),
        "internal, finevh": (float(ours.internal[clocked].sum()), internal / 2.0),
        "leakage, same rules": (float(opensta_leakage(netlist, liberty)[clocked].sum()), static),
        "leakage, finevh": (float(leakage.cell[clocked].sum()), static),
    }


def count_vcd(path: Path, netlist: Netlist, scope: str) -> dict[str, list[int]]:
    """T0, T1, TX, TC of each net of one scope, read in the plainest way there is: bit by bit, every value written out."""
    bits_of: dict[str, list[str]] = {}
    state: dict[str, tuple[str, int]] = {}
    counts: dict[str, list[int]] = {}
    here: list[str] = []
    now = 0

    def set_bit(name: str, value: str) -> None:
        old, since = state.get(name, (value, now))
        row = counts.setdefault(name, [0, 0, 0, 0])
        row["01".find(old) if old in "01" else 2] += now - since
        row[3] += value != old and value in "01" and old in "01"
        state[name] = (value, now)

    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("$scope"):
            here.append(words[2])
        elif line.startswith("$upscope"):
            here.pop()
        elif line.startswith("$var") and ".".join(here) == scope:
            name, width = words[4].lstrip("\\"), int(words[2])
            high = int(words[5].strip("[]").partition(":")[0]) if width > 1 else 0
            bits_of[words[3]] = (
                [f"{name}[{high - k}]" for k in range(width)] if width > 1 else ["".join(words[4:-1]).lstrip("\\")]
            )
        elif line.startswith("#"):
            now = int(line[1:])
        elif line.startswith("b") and words[1] in bits_of:
            names = bits_of[words[1]]
            text = words[0][1:]
            fill = text[0] if text[0] in "xz" else "0"
            for name, value in zip(names, text.rjust(len(names), fill), strict=True):
                set_bit(name, value)
        elif words and line[0] in "01xz" and line[1:] in bits_of:
            set_bit(bits_of[line[1:]][0], line[0])
    for name, (value, _) in list(state.items()):
        set_bit(name, value)
    return counts


def write_saif(counts: Mapping[str, list[int]], path: Path) -> None:
    """SAIF of the counts, names escaped as usual."""
    duration = max(sum(row[:3]) for row in counts.values())
    special = re.compile(r"([^A-Za-z0-9_])")
    rows = ""
    for name, (t0, t1, tx, tc) in counts.items():
        escaped = special.sub(r"\\\1", name)
        rows += f"({escaped} (T0 {t0}) (T1 {t1}) (TX {tx}) (TC {tc}) (IG 0))\n"
    path.write_text(
        f'(SAIFILE (SAIFVERSION "2.0") (DIRECTION "backward") (DIVIDER / ) (TIMESCALE 1 ps) (DURATION {duration})\n'
        f"(INSTANCE testbench (INSTANCE dut (NET\n{rows}))))\n"
    )


def record_with_icarus(
    netlist: Netlist, technology: Technology, stimulus: RandomStimulus, cycles: int, folder: Path
) -> Path:
    """Run a netlist in Icarus Verilog; returns the VCD, one bit per variable."""
    first, vectors, *_ = record(netlist, stimulus, cycles)
    return icarus_vcd(netlist, technology, stimulus.clock, first, vectors, folder)[0]


def recordings(netlist: Netlist, vcd: Path, clock: str) -> dict[str, tuple[Activity, np.ndarray, np.ndarray]]:
    """Activity read from the VCD and from the converter's SAIF, each with the converter's own rates and duties."""
    counts = count_vcd(vcd, netlist, "testbench.dut")
    saif = vcd.with_suffix(".saif")
    write_saif(counts, saif)
    rate, duty = np.zeros(netlist.n_nets), np.zeros(netlist.n_nets)
    cycles = counts[clock][3] / 2
    for net, name in enumerate(netlist.net_names):
        row = counts.get(name.lstrip("\\"))
        if row is not None:
            rate[net], duty[net] = row[3] / cycles, row[1] / max(sum(row[:3]), 1)
    return {
        "VCD": (read_vcd(vcd, netlist, clock=clock), rate, duty),
        "SAIF": (read_saif(saif, netlist, clock=clock), rate, duty),
    }
