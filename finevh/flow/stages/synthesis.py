"""The synthesis stage: RTL, or a netlist that is given, to a flat mapped netlist."""

from __future__ import annotations

import fnmatch
import shutil

import numpy as np

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts.netlist import VERILOG, save_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.rtl import rtl_of, synthesis_options
from finevh.flow.inputs.technology import synthesis_liberty, technology_of
from finevh.netlist import read_verilog, write_verilog
from finevh.netlist.model import NO_NET, Netlist
from finevh.synthesis import plan_synthesis, run_synthesis
from finevh.synthesis.run import LOG
from finevh.technology.model import Direction, Kind


def check_clock(flow: Flow, netlist: Netlist) -> None:
    """Refuse names of the clock section that are no input of the design; a constraint file names its own lines.

    Raises
    ------
    InputError
        With the key, the name and the inputs that there are.
    """
    if flow.clock.sdc is not None:
        return
    inputs = [
        name
        for name, direction in zip(netlist.port_names, netlist.port_direction, strict=True)
        if direction == Direction.INPUT
    ]
    known = sorted({*inputs, *(name.partition("[")[0] for name in inputs)})
    asked = [("port", flow.clock.port)]
    asked += [("constants", name) for name in flow.clock.constants]
    asked += [("false_from", name) for name in flow.clock.false_from]
    for key, name in asked:
        if not fnmatch.filter(known, name):
            words = sorted({name.partition("[")[0] for name in inputs})
            some = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
            raise InputError(f"clock.{key}: '{netlist.name}' has no input '{name}'; its inputs are {some}")


def count_gated(netlist: Netlist) -> tuple[int, int, int]:
    """Return the number of clock gates, of registers whose clock comes from one, and of registers."""
    cells = netlist.cells
    gate = cells.kind[netlist.cell_type] == Kind.CLOCK_GATE
    behind = np.zeros(netlist.n_nets, dtype=bool)
    out = gate[netlist.pin_cell] & (cells.pin_direction[netlist.pin_type] == Direction.OUTPUT)
    behind[netlist.pin_net[out & (netlist.pin_net != NO_NET)]] = True
    register = np.isin(cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    clocked = register[netlist.pin_cell] & cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net != NO_NET)
    return int(gate.sum()), int(behind[netlist.pin_net[clocked]].sum()), int(register.sum())


def run_stage(context: StageContext) -> Metrics:
    """RTL to a flat mapped netlist at the highest Vdd; a design that is given as a netlist is read and checked."""
    flow, technology = context.flow, technology_of(context.flow)
    if flow.design.mapped is not None:
        source, top = flow.design.mapped, flow.design.top
    else:
        rtl = rtl_of(flow)
        options = synthesis_options(flow, technology)
        plan = plan_synthesis(rtl, [synthesis_liberty(flow)], options)
        if plan.gating_left_out:
            context.note(f"warning: {plan.gating_left_out}")
            context.checks.add("clock_gate_missing", [synthesis_liberty(flow).name])
        work = context.directory / "work"
        result = run_synthesis(plan, work, lambda command, seconds: context.note(f"{command} {seconds:.1f} s"))
        source, top = result.netlist, result.top
        context.checks.add("initial_values", result.initial_values)
        context.log.write((work / LOG).read_text(encoding="utf-8", errors="replace"))
        for name, text in plan.files.items():
            context.write(f"script/{name}", text)
    netlist = read_verilog(source, technology, top, context.checks)
    technology.book(context.checks)
    check_clock(flow, netlist)
    if flow.design.mapped is None:
        shutil.rmtree(work)
    save_netlist(context.directory, netlist)
    write_verilog(netlist, technology, context.directory / VERILOG)
    gates, gated, registers = count_gated(netlist)
    return {
        "synthesis__clock_gates__count": gates,
        "synthesis__gated_registers__fraction": gated / registers if registers else 0.0,
        "synthesis__design__instance__count": netlist.n_cells,
        "synthesis__design__nets__count": netlist.n_nets,
        "synthesis__design__area__um2": netlist.area,
    }
