"""Points that the recorded OpenROAD timed and weighed, timed and weighed here: the same files, supplies and constraints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.constraints import parse_sdc
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.layout.chain import island_sites
from finevh.layout.formats.def_read import placement_from_def
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.netlist import Netlist, parse_spef, read_verilog
from finevh.openroad.from_layout import planning_netlist
from finevh.power import DynamicPower, LeakageModel, propagate_probabilities
from finevh.technology import Technology, load_technology
from finevh.technology.model import Direction
from finevh.timing import TimingGraph
from finevh.units import frequency_mhz
from oracles.openroad.recorded_run import LIBRARY, RECORDED, recorded_def, recorded_text

PERIOD = 1800.0  # ps, of the recorded run


def lines_only(text: str) -> str:
    """The SPEF with each net's total lowered to what its capacitance lines add up to: what OpenSTA reads."""
    out: list[str] = []
    head, total, inside = -1, 0.0, False
    for line in text.split("\n"):
        words = line.split()
        if line.startswith("*D_NET"):
            head, total = len(out), 0.0
        if line.startswith("*"):
            inside = line.startswith("*CAP")
        elif inside and words:
            total += float(words[-1])
        if line.startswith("*END"):
            name = out[head].split()[1]
            out[head] = f"*D_NET {name} {total:.9g}"
        out.append(line)
    return "\n".join(out)


def recorded_tiles(netlist: Netlist, technology: Technology) -> NDArray[np.int32]:
    """(n_cell) tile by place; -1 for the chain, which the point scripts leave at the plain supply."""
    area = planning_netlist("quick", technology, 2330.16)  # um2, before the tool's own cells
    plan = make_floorplan(area, technology, FloorplanRequest(3, 0.7, island_sites=island_sites(technology)))
    placed = placement_from_def(recorded_def("final.def"), netlist, plan)
    own = np.array([name.startswith(CHAIN_PREFIX) for name in netlist.instance_names])
    return np.where(own, -1, placed.tile).astype(np.int32)


def tool_points(folder: Path) -> pd.DataFrame:
    """Our setup, hold and leakage at the maps of the recorded points, beside the tool's."""
    technology = load_technology(LIBRARY / "technology.toml", variants=["PB0"])
    (folder / "final.v").write_text(recorded_text("final.v"))
    netlist = read_verilog(folder / "final.v", technology, "quick")
    constraints = parse_sdc(recorded_text("final.sdc"), "final.sdc", "1ps", "1fF", netlist=netlist)
    wires = parse_spef(lines_only(recorded_text("final.spef")), netlist, checks=Checks())
    tile = recorded_tiles(netlist, technology)
    inputs = netlist.port_net[netlist.port_direction == Direction.INPUT]
    half = np.full(netlist.n_nets, np.nan)
    half[inputs] = 0.5  # as the point scripts say: half a transition per cycle at every input, high half of the time
    activity = propagate_probabilities(netlist, probability=half, toggle_rate=half, clock="clk_i")
    leakage = LeakageModel(netlist, technology, activity)
    rows = []
    for file in sorted((RECORDED / "metrics").glob("*.json")):
        match = re.fullmatch(r"\d+-(parasitics|point_(\d+)_(\d+)mV)", file.stem)
        if match is None:
            continue
        data = {key.split("__", 1)[1]: value for key, value in json.loads(file.read_text()).items()}
        low, high = (1.0, 1.0) if match[2] is None else (float(match[2]) / 1e3, float(match[3]) / 1e3)
        plain, vdds = technology.vdd_index(1.0), [technology.vdd_index(high), technology.vdd_index(low)]
        cell_vdd = np.where(tile < 0, plain, np.array(vdds)[np.maximum(tile, 0) % 2]).astype(np.int32)
        graph = TimingGraph(
            netlist, technology, constraints, wires, cross_voltage=False, port_vdd=plain, wire_model="ceff", hold=True
        )
        state = graph.evaluate(cell_vdd)
        power = DynamicPower(netlist, technology, wires, activity, slew=graph.pin_slews(state))
        dynamic = power.evaluate(cell_vdd, None, frequency_mhz(PERIOD))
        alone = {v: leakage.evaluate(np.full(netlist.n_cells, v, np.int32)).cell for v in np.unique(cell_vdd).tolist()}
        leaked = sum(float(cell[cell_vdd == v].sum()) for v, cell in alone.items())
        rows.append(
            (
                match[1], data["timing__setup__ws"], state.worst_slack(PERIOD), data["timing__hold__ws"],
                state.worst_hold_slack(PERIOD), 1e3 * data["power__switching__total"], dynamic.total_switching,
                1e3 * data["power__internal__total"], dynamic.total_internal, 1e3 * data["power__leakage__total"], leaked,
            )
        )  # fmt: skip
    names = ("setup_ps", "hold_ps", "switching_mw", "internal_mw", "leakage_mw")
    return pd.DataFrame(rows, columns=["point", *(f"{name}{of}" for name in names for of in ("_tool", ""))])
