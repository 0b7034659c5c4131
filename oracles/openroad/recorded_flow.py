"""A flow that the recorded run of the real OpenROAD can be replayed in, from the design to the report.

The recorded netlist is not what today's synthesis gives, and its floorplan was made before the heads of rows were widened. So
the flow starts from the recorded design itself (``[design] netlist``: the tool's ``final.v`` without its chain), is told not to
size it again, and its utilisation is the one at which that netlist, which holds the tool's own buffers, gets the recorded
floorplan. What comes back in place of the scripts' work are the tool's files, as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from finevh.layout import floorplan
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.netlist import Netlist, Wires, read_verilog, write_verilog
from finevh.openroad.chain_removal import remove_chain
from finevh.technology import load_technology
from oracles.openroad.recorded_run import LIBRARY, recorded_text

REPLAY = Path(__file__).with_name("replay.py")
SHORT = """vdd_min = "0.80 V"
vdd_max = "1.00 V"
ideal_step = "100 mV"
delta_vdd = ["200 mV"]
variants = ["pb0"]
selectors = ["greedy"]
"""
"""Schemes of a flow that shall end soon."""
# The recorded layout's own gaps and its buffers in the chain's clock: test_replay names each.
ALLOWED = ("--allow", "supply_open", "--allow", "supply_misplaced")


def flow_text(schemes: str, points: int, cycles: int) -> str:
    """The flow file beside ``quick.v``."""
    return f"""engine = "openroad"
[design]
name = "quick"
top = "quick"
netlist = "quick.v"
[technology]
path = "{LIBRARY}"
[clock]
port = "clk_i"
period = "1.8 ns"
input_delay = "200 ps"
output_delay = "200 ps"
constants = {{ scan_en_i = 0 }}
false_from = ["rst_ni"]
[floorplan]
tiles = 9
utilisation = 0.738
[optimize]
clock_tree = false
buffering = false
sizing = false
hold = false
[activity]
cycles = {cycles}
reset = "rst_ni"
[schemes]
{schemes}[openroad]
points = {points}
"""


def write_recorded_flow(folder: Path, schemes: str = SHORT, points: int = 1, cycles: int = 40) -> Path:
    """Write the recorded design and its flow file; returns the flow file."""
    technology = load_technology(LIBRARY / "technology.toml", variants=["PB0"], vdd=1.0)
    (folder / "final.v").write_text(recorded_text("final.v"))
    whole = read_verilog(folder / "final.v", technology, "quick")
    design, _ = remove_chain(whole, no_wires(whole), CHAIN_PREFIX)
    write_verilog(design, technology, folder / "quick.v")
    (folder / "quick.toml").write_text(flow_text(schemes, points, cycles))
    return folder / "quick.toml"


def no_wires(netlist: Netlist) -> Wires:
    """Parasitics of nothing."""
    nodes, none = np.zeros(0, dtype=np.int32), np.zeros(0)
    pins, ports = (np.full(n, -1, dtype=np.int32) for n in (len(netlist.pin_net), len(netlist.port_names)))
    ptr = np.zeros(netlist.n_nets + 1, dtype=np.int32)
    return Wires(ptr, nodes, none, none, pins, ports, np.full(netlist.n_nets, np.nan))


@contextmanager
def replayed(folder: Path) -> Iterator[Path]:
    """Let the recorded run play OpenROAD, on the recorded floorplan; gives the file with the names of the scripts that ran."""
    tool, log = folder / "openroad", folder / "scripts"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{REPLAY}" "$@"\n')
    tool.chmod(0o755)
    variables = {"FINEVH_OPENROAD": str(tool), "REPLAY_LOG": str(log)}
    with mock.patch.dict(os.environ, variables), mock.patch.object(floorplan, "head_sites", return_value=0):
        yield log
