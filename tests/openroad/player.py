"""Plays OpenROAD on a real design: places its cells, adds a clock buffer and writes what a run leaves, as OpenROAD spells it.

Formats as in OpenROAD 5c9e487: ``odb/src/defout`` (DEF), ``dbSta/src/SpefWriter.cc`` (SPEF), ``sta/verilog`` (Verilog).
The variable PLAYER_TECHNOLOGY names the technology, PLAYER_FAULT a fault and its stage as ``fault:stage``.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from finevh.base.quoting import odb_name
from finevh.base.tcl import split_list
from finevh.layout import Placement, estimate_wires
from finevh.netlist import Netlist, Wires, read_verilog, write_verilog
from finevh.netlist.builder import NetlistBuilder
from finevh.netlist.model import NO_NET
from finevh.technology import Technology, load_technology
from finevh.technology.model import Direction

UNITS = 2000
BUFFER = "clkbuf_0_clk_i"


def table(name: str) -> list[list[str]]:
    return [split_list(line) for line in Path(name).read_text().splitlines() if line]


def spelled(name: str) -> str:
    """OpenROAD's name: a bit of a bus keeps its brackets, an escaped identifier has them escaped."""
    return (
        odb_name(name[1:]) if name.startswith("\\") else name if re.fullmatch(r"\w+\[\d+\]", name) else odb_name(name)
    )


def with_clock_buffer_and_chain(netlist: Netlist, technology: Technology) -> Netlist:
    """One buffer before half of the flip-flops, then the chain's ports and cells from the run's tables."""
    build = NetlistBuilder(technology.cells)
    cells = technology.cells
    for port, way in zip(netlist.port_names, netlist.port_direction.tolist(), strict=True):
        build.add_port(port, None, Direction(way))
    nets = [build.net(name) for name in netlist.net_names]
    tree = build.net("clknet_0_clk_i")
    clock = netlist.net_index["clk_i"]
    for i, name in enumerate(netlist.instance_names):
        own = netlist.pin_net[netlist.pin_ptr[i] : netlist.pin_ptr[i + 1]].tolist()
        on = [NO_NET if net == NO_NET else tree if net == clock and i % 2 else nets[net] for net in own]
        build.add_instance(name, int(netlist.cell_type[i]), int(netlist.cell_variant[i]), on)
    buffer = cells.index["CLKBUF_X2"]
    pins = {"A": nets[clock], "Z": tree}
    build.add_instance(BUFFER, buffer, 0, [pins[pin] for pin in cells.pins(buffer)])
    for name, way in table("configuration_ports.txt"):
        build.add_port(name, None, Direction[way])
    joined: dict[str, dict[str, str]] = {}
    for instance, pin, net in table("configuration_connections.txt"):
        joined.setdefault(instance, {})[pin] = net
    for name, cell, *_ in table("configuration_cells.txt"):
        row = cells.index[cell]
        on = [build.net(joined[name][pin]) if pin in joined[name] else NO_NET for pin in cells.pins(row)]
        build.add_instance(name, row, 0, on)
    # The tool buffers a net of the chain.
    row = cells.index["BUF_X1"]
    chain = {"A": build.net("finevh_config_clk"), "Z": build.net("finevh_buffered")}
    build.add_instance("hold1", row, 0, [chain[pin] for pin in cells.pins(row)])
    return build.finish(netlist.name)


def places(netlist: Netlist, technology: Technology) -> dict[str, tuple[str, float, float, str]]:
    """Cell, corner um and orientation of each instance: chain and Vdd-MUX cells as told, the others row by row."""
    told = [*table("configuration_cells.txt"), *table("vddmux_sites.txt")]
    fixed = {row[0]: (row[1], float(row[2]), float(row[3]), row[4]) for row in told}
    rows = [r for r in table("rows.txt") if not r[0].endswith(("_island", "_head"))]
    site = float(technology.cell_width.min())
    ends = [float(row[1]) + 12 * site for row in rows]
    found = dict(fixed)
    always_on = Path("always_on_rows.txt")
    if always_on.is_file() and not os.environ.get("PLAYER_FAULT", "").startswith("unseated"):
        x0, y0, *_, orientation = table(always_on.name)[0]
        found[BUFFER] = ("CLKBUF_X2", float(x0), float(y0), orientation)
    for i, name in enumerate(netlist.instance_names):
        if name in found:
            continue
        cell = int(netlist.cell_type[i])
        width = float(technology.cell_width[cell])
        tries = ((7 * i + k) % len(rows) for k in range(len(rows)))
        at = next(r for r in tries if ends[r] + width <= float(rows[r][1]) + int(rows[r][3]) * site)
        found[name] = (technology.cells.names[cell], ends[at], float(rows[at][2]), rows[at][4])
        ends[at] += width
    return found


def components(where: dict[str, tuple[str, float, float, str]], fixed: set[str]) -> Iterator[str]:
    for name, (cell, x, y, orient) in where.items():
        status = "FIXED" if name in fixed else "PLACED"
        place = f"{status} ( {round(x * UNITS)} {round(y * UNITS)} ) {'FS' if orient == 'MX' else 'N'}"
        yield f"    - {spelled(name)} {cell}{'' if name in fixed else ' + SOURCE TIMING'} + {place} ;"


def def_text(netlist: Netlist, where: dict[str, tuple[str, float, float, str]], common: str) -> str:
    """DEF as OpenROAD 5c9e487 writes it: ports in PORT, special nets with vias and several routes, regions and groups."""
    die = [
        v
        for row in re.findall(r"\$die init (.*)", Path("floorplan.tcl").read_text())
        for v in re.findall(r"[\d.]+", row)
    ]
    x0, y0, x1, y1 = (round(float(v) * UNITS) for v in die)
    lines = [
        "VERSION 5.8 ;", 'DIVIDERCHAR "/" ;', 'BUSBITCHARS "[]" ;', f"DESIGN {netlist.name} ;",
        f"UNITS DISTANCE MICRONS {UNITS} ;", f"DIEAREA ( {x0} {y0} ) ( {x1} {y1} ) ;",
    ]  # fmt: skip
    site = re.search(r"find_site (\S+)\]", Path("floorplan.tcl").read_text())
    assert site is not None
    for name, x, y, sites, orient in table("rows.txt"):
        corner = f"{round(float(x) * UNITS)} {round(float(y) * UNITS)}"
        lines.append(f"ROW {name} {site[1]} {corner} {'FS' if orient == 'MX' else 'N'} DO {sites} BY 1 STEP 380 0 ;")
    lines += [
        "TRACKS X 190 DO 100 STEP 380 LAYER metal2 ;",
        "VIAS 1 ;",
        "    - via1_4 + RECT metal1 ( -70 -70 ) ( 70 70 ) ;",
    ]
    lines += ["END VIAS", "REGIONS 1 ;", f"    - tile_0_0 ( {x0} {y0} ) ( {x1} {y1} ) ;", "END REGIONS"]
    fixed = {row[0] for row in [*table("configuration_cells.txt"), *table("vddmux_sites.txt")]}
    lines += [f"COMPONENTS {len(where)} ;", *components(where, fixed), "END COMPONENTS"]
    lines.append(f"PINS {len(netlist.port_names)} ;")
    for k, (port, way) in enumerate(zip(netlist.port_names, netlist.port_direction.tolist(), strict=True)):
        head = f"    - {spelled(port)} + NET {spelled(port)} + DIRECTION {Direction(way).name} + USE SIGNAL"
        lines += [
            head,
            "      + PORT",
            "        + LAYER metal5 ( -140 -140 ) ( 140 140 )",
            f"        + PLACED ( 140 {2800 + 560 * k} ) N ;",
        ]
    lines.append("END PINS")
    voids = table("wrappers.txt")
    lines.append(f"BLOCKAGES {len(voids)} ;")
    for box in voids:
        a, b, c, d = (round(float(v) * UNITS) for v in box)
        lines.append(f"    - PLACEMENT RECT ( {a} {b} ) ( {c} {d} ) ;")
    lines += [
        "END BLOCKAGES", "SPECIALNETS 2 ;", "    - VDDH ( * VDDH ) + USE POWER",
        f"      + ROUTED metal1 340 + SHAPE FOLLOWPIN ( {x0} 20000 ) ( {x1} 20000 )",
        "      NEW metal1 0 + SHAPE STRIPE ( 20000 20000 ) via1_4",
        "      + ROUTED metal9 1600 + SHAPE RING ( 4000 4000 ) ( 90000 4000 )", "      NEW metal9 0 ( 4000 4000 ) via1_4 ;",
        "    - VSS ( * VSS ) + USE GROUND ;", "END SPECIALNETS", f"NETS {netlist.n_nets} ;",
    ]  # fmt: skip
    for n, net in enumerate(netlist.net_names):
        on = np.flatnonzero(netlist.pin_net == n)[:1].tolist()
        terms = "".join(f" ( {spelled(netlist.instance_names[int(netlist.pin_cell[p])])} A )" for p in on)
        lines.append(f"    - {spelled(net)}{terms} + USE SIGNAL\n      + ROUTED metal2 ( 380 380 ) ( * 760 ) via1_4 ;")
    return "\n".join([*lines, "END NETS", "END DESIGN", ""])


def spef_text(netlist: Netlist, wires: Wires) -> str:
    """SPEF of ``estimate_parasitics -spef_file``: no name map, units of the command line in capitals."""
    out = [
        '*SPEF "ieee 1481-1999"', f'*DESIGN "{netlist.name}"', '*VENDOR "The OpenROAD Project"', "*DIVIDER /", "*DELIMITER :",
        "*BUS_DELIMITER []", "*T_UNIT 1 PS", "*C_UNIT 1 FF", "*R_UNIT 1 KOHM", "*L_UNIT 1 HENRY", "", "*PORTS",
    ]  # fmt: skip
    dollars = {name: spelled(name).replace("$", "\\$") for name in (*netlist.net_names, *netlist.instance_names)}
    out += [f"{dollars[port]} I" for port in netlist.port_names]
    for n, net in enumerate(netlist.net_names):
        first, last = int(wires.node_ptr[n]), int(wires.node_ptr[n + 1])
        if first == last:
            continue
        names = {k: f"{dollars[net]}:{k - first + 1}" for k in range(first, last)}
        conn: list[str] = []
        for p in np.flatnonzero(netlist.pin_net == n).tolist():
            cell = int(netlist.pin_cell[p])
            pin = netlist.cells.pins(int(netlist.cell_type[cell]))[p - int(netlist.pin_ptr[cell])]
            label = f"{dollars[netlist.instance_names[cell]]}:{pin}"
            drives = netlist.cells.pin_direction[netlist.pin_type[p]] == Direction.OUTPUT
            if int(wires.pin_node[p]) >= 0:
                names[int(wires.pin_node[p])] = label
            conn.append(f"*I {label} {'O' if drives else 'I'} *D {netlist.cells.names[int(netlist.cell_type[cell])]}")
        for port in np.flatnonzero(netlist.port_net == n).tolist():
            if int(wires.port_node[port]) >= 0:
                names[int(wires.port_node[port])] = dollars[netlist.port_names[port]]
            conn.append(f"*P {dollars[netlist.port_names[port]]} I")
        out += [f"*D_NET {dollars[net]} {wires.node_cap[first:last].sum():g}", "*CONN", *conn, "*CAP"]
        out += [f"{k - first + 1} {names[k]} {wires.node_cap[k]:.9g}" for k in range(first, last)]
        out.append("*RES")
        for k in range(first, last):
            parent = int(wires.node_parent[k])
            if parent >= 0:
                out.append(f"{k - first} {names[parent]} {names[k]} {wires.node_res[k]:.9g}")
        out += ["*END", ""]
    return "\n".join(out)


def play(stage: str, names: list[str]) -> None:
    common = Path("common.tcl").read_text()
    top = re.search(r"^set top (\S+)", common, re.MULTILINE)
    assert top is not None
    technology = load_technology(Path(os.environ["PLAYER_TECHNOLOGY"]), variants=["PB0"], vdd=1.0)
    design = read_verilog(Path("netlist.v"), technology, split_list(top[1])[0])
    netlist = with_clock_buffer_and_chain(design, technology)
    where = places(netlist, technology)
    order = [where[name] for name in netlist.instance_names]
    n_ports = len(netlist.port_names)
    placement = Placement(
        np.array([p[1] for p in order]), np.array([p[2] for p in order]), np.zeros(len(order), np.int8),
        np.zeros(len(order), np.int32), np.full(n_ports, 0.07), 1.4 + 0.28 * np.arange(n_ports),
    )  # fmt: skip
    for name in names:
        if name.endswith(".v"):
            write_verilog(netlist, technology, Path(name))
        elif name.endswith(".def"):
            Path(name).write_text(def_text(netlist, where, common))
        elif name.endswith(".spef"):
            Path(name).write_text(spef_text(netlist, estimate_wires(netlist, technology, placement)))


def main() -> int:
    if sys.argv[1:] == ["-version"]:
        print(os.environ.get("PLAYER_VERSION", "26Q3-1551-g5c9e487120 +GPU"))
        return 0
    script = Path(sys.argv[-1])
    stage, text = script.stem, script.read_text(encoding="utf-8")
    fault, _, struck = os.environ.get("PLAYER_FAULT", "").partition(":")
    fault = fault if struck == stage else ""
    print("[WARNING STA-0101] object 'x' not found.", flush=True)
    if fault == "error":
        print("[ERROR GRT-0116] Global routing finished with congestion.")
        print(f"Error: {script.name}, 14 GRT-0116")
        return 1
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    written = [name for row in re.findall(r"^# writes (.*)$", text, re.MULTILINE) for name in row.split()]
    for name in written:
        Path(name).write_text(
            {".def": "END DESIGN\n", ".v": "endmodule\n", ".spef": "*END\n"}.get(Path(name).suffix, "recorded\n")
        )
    if stage in ("parasitics", "routing"):
        play(stage, [name for name in written if name.startswith("final.")])
    for name in written:
        if fault == "truncated" and name.endswith(".def"):
            Path(name).write_text(Path(name).read_text()[:2000])
    prefix = re.search(r'set_metrics_stage "([^"]*)\{\}"', text)
    values = {
        "timing__setup__ws": 120.0,
        "timing__setup__tns": 0.0,
        "power__total": 3.1e-3,
        "power__leakage__total": 1e-4,
    }
    if stage == "polybias":
        values["instances_swapped"] = float(len(table("polybias.txt")))
    if fault != "no-metrics":
        metrics = {(prefix[1] if prefix else "") + key: value for key, value in values.items()}
        Path(sys.argv[sys.argv.index("-metrics") + 1]).write_text(json.dumps(metrics))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
