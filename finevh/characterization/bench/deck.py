"""Deck text for one cell: the transistors once, then a control script of transients and sweeps with altered sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from finevh.base.quoting import spice_path
from finevh.characterization.bench.ramps import Stimulus
from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import Process, Variant, transistor_line

__all__ = [
    "EDGE_OPTIONS",
    "ROBUST_STATIC_OPTIONS",
    "SCALE_OPTIONS",
    "SEARCH_OPTIONS",
    "STATIC_OPTIONS",
    "TIGHT_OPTIONS",
    "TRAIN_OPTIONS",
    "Bench",
    "cell_deck",
    "control_lines",
    "model_lines",
    "node_names",
]

EDGE_OPTIONS = "trtol=0.1 chgtol=5e-16 reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-15"
"""Against tight options (`reltol=1e-4 chgtol=1e-18`), five cells: delay within 0.12 % (p95) and 0.23 % (worst), transition 0.4
and 0.7 %, in half the time. No `bypass`: operating points converge falsely with it (an output of the full adder at half the
rail)."""
TRAIN_OPTIONS = "trtol=0.5 chgtol=2e-16 reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-15 bypass=1"
"""For the long trains of sequential cells. Against a twenty times finer run: delay within 0.3 % (p95) and 0.7 % (worst),
transition 1.1 and 2.3 %. `bypass` skips devices whose terminals stand still: 14 % less time, no error that shows."""
SCALE_OPTIONS = "trtol=1 chgtol=1e-16 reltol=5e-4 abstol=1e-12 vntol=1e-6 gmin=1e-15"
"""For the corner's time constant, on which every axis hangs: apart from the others, so that axes do not move."""
SEARCH_OPTIONS = "trtol=0.5 chgtol=2e-16 reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-15 bypass=1"
"""For constraint searches, which compare delays of one and the same option set: results within 2.2 ps of tight ones."""
TIGHT_OPTIONS = "trtol=1 chgtol=1e-17 reltol=1e-4 abstol=1e-13 vntol=1e-7 gmin=1e-15 itl1=500 itl4=100"
STATIC_OPTIONS = "reltol=1e-4 abstol=1e-15 vntol=1e-7 gmin=1e-15"
ROBUST_STATIC_OPTIONS = "reltol=1e-3 abstol=1e-14 gmin=1e-14 itl1=500 itl2=200"


LONGEST_SOURCE = 499
"""ngspice 39 silently zeroes a source that `alter` gives more points."""


@dataclass
class Bench:
    """A cell under test: node names, the control script as it grows, and how many plots it will write.

    Sources: `vdd` (rail), `vi0..` (inputs, in cell order); loads `cl0..` (outputs, in cell order).
    """

    topology: Topology
    nodes: Mapping[str, str]
    vdd: float
    commands: list[str] = field(default_factory=list)
    plots: int = 0

    def source(self, pin: str) -> str:
        """Return the voltage source of an input."""
        return f"vi{self.topology.inputs.index(pin)}"

    def current(self, pin: str) -> str:
        """Return the raw vector name of an input's source current."""
        return f"i({self.source(pin)})"

    def voltage(self, node: str) -> str:
        """Return the raw vector name of a node voltage."""
        return f"v({self.nodes[node]})"

    def set_loads(self, load_ff: float) -> None:
        """Put the same load on every output."""
        for i in range(len(self.topology.outputs)):
            self.commands.append(f"alter cl{i}={load_ff:.6g}f")

    def transient(self, stimulus: Stimulus, longest_ps: float | None = None) -> None:
        """Apply the stimulus from its own operating point and write one plot; `longest_ps` limits the time step."""
        for pin, (times, volts) in stimulus.sources.items():
            if len(times) > LONGEST_SOURCE:
                raise ValueError(f"{self.topology.name}: {len(times)} points on {pin}; split the stimulus")
            points = " ".join(f"{t:.12g}p {v:.6g}" for t, v in zip(times, volts, strict=True))
            self.commands.append(f"alter @{self.source(pin)}[pwl] = [ {points} ]")
        longest = longest_ps or float(np.max(stimulus.end_ps - stimulus.start_ps)) / 4
        self.commands += [f"tran 1p {stimulus.length_ps:.12g}p 0 {longest:.6g}p", "write out.raw", "destroy all"]
        self.plots += 1


# What a deck is made of, by name.
def cell_deck(
    process: Process,
    variant: Variant,
    topology: Topology,
    vdd: float,
    commands: Sequence[str],
    options: str,
    observe: Sequence[str] = (),
    multiplier: int = 1,
    static: bool = False,
    elements: Sequence[str] = (),
) -> str:
    """Return a deck: models, the cell flat, sources at 0 V, loads, and the control script.

    Parameters
    ----------
    observe : internal nodes to save besides pins and currents.
    multiplier : drive, copies in parallel.
    static : for DC sweeps: input i is `vi{i}` plus gain `ei{i}` times the common rail `vdrv`; no loads.
    elements : further SPICE lines.
    """
    nodes = node_names(topology)
    lines = [f"* {process.name} {topology.name} {variant.name} {vdd:.3f} V"]
    lines += model_lines(process)
    lines += [f".temp {process.temperature_c:g}", f".options {options}", f"vdd {nodes['VDD']} 0 {vdd:.6g}"]
    for i, pin in enumerate(topology.inputs):
        if static:
            lines += [f"vi{i} {nodes[pin]} e{i} 0", f"ei{i} e{i} 0 ndrv 0 0"]
        else:
            lines.append(f"vi{i} {nodes[pin]} 0 pwl(0 0 1 0)")
    if static:
        lines.append("vdrv ndrv 0 0")
    for i, pin in enumerate(() if static else topology.output_names):
        lines.append(f"cl{i} {nodes[pin]} 0 1f")
    for i, transistor in enumerate(topology.transistors):
        lines.append(transistor_line(process, variant, transistor, f"t{i}", nodes, multiplier))
    lines += [f"rr{i} {nodes[a]} {nodes[b]} {ohm:.6g}" for i, (a, b, ohm) in enumerate(topology.resistors)]
    lines += elements
    saved = [f"v({nodes[p]})" for p in (*topology.inputs, *topology.output_names, *observe)]
    saved += ["i(vdd)", *(f"i(vi{i})" for i in range(len(topology.inputs)))]
    return "\n".join([*lines, *control_lines(saved, commands)])


def control_lines(saved: Sequence[str], commands: Sequence[str]) -> list[str]:
    """Return the end of a deck: what to save, and the control script."""
    return [
        ".save " + " ".join(saved),
        ".control",
        "set noinit",
        "set filetype=binary",
        "set appendwrite",
        *commands,
        "quit",
        ".endc",
        ".end",
        "",
    ]


def model_lines(process: Process) -> list[str]:
    """Return the lines that load the device models."""
    files = [f".include {spice_path(file)}" for file in process.before]
    models = spice_path(process.models)
    files.append(f".lib {models} {process.section}" if process.section else f".include {models}")
    return [*process.preamble, *files]


def node_names(topology: Topology) -> dict[str, str]:
    """Map every node of a cell to a deck name that cannot collide (SPICE ignores case)."""
    names = {"VSS": "0", "VDD": "nvdd"}
    for transistor in topology.transistors:
        for node in (transistor.drain, transistor.gate, transistor.source):
            names.setdefault(node, f"n{len(names)}")
    for pin in (*topology.inputs, *topology.output_names):
        names.setdefault(pin, f"n{len(names)}")
    return names
