"""The Vdd-MUX header: on-resistance of its switches, leakage of the one that is off and of all, per rail pair and size."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from finevh.base.quoting import plain_name
from finevh.base.toml import read_toml
from finevh.characterization.bench.deck import STATIC_OPTIONS, control_lines, model_lines
from finevh.characterization.bench.ngspice import Plot, simulate
from finevh.characterization.cells.topology import Transistor
from finevh.characterization.process import Process, Variant, transistor_line
from finevh.errors import InputError

__all__ = ["DROP_V", "HeaderPoint", "characterize_headers", "write_headers"]

DROP_V = 0.02
"""Voltage across the closed switch, V: about what a tile's rail may lose; the resistance is nearly ohmic there."""


@dataclass(frozen=True)
class HeaderPoint:
    """One header at one rail pair; resistances kOhm, leakages mW.

    `resistance_h_kohm`: switch to VDDH closed; `leakage_h_mw`: then lost through the open switch to VDDL; `static_h_mw`: then
    lost in the whole cell, the gate of the closed switch, the well and the select inverters included; and so on.
    """

    cell: str
    drive: int
    vdd_l: float
    vdd_h: float
    resistance_h_kohm: float
    resistance_l_kohm: float
    leakage_h_mw: float
    leakage_l_mw: float
    static_h_mw: float
    static_l_mw: float


def characterize_headers(process: Process, table: Path, variant: Variant, scratch: Path) -> list[HeaderPoint]:
    """Measure every header of a table at every rail pair of the span, the well (VBP) on VDDH.

    Raises
    ------
    InputError
        If the table is no TOML or lacks a key.
    """
    data = read_toml(table, "a header table", "correct 'headers' of the technology file")
    try:
        sizes = [
            (
                plain_name(name, f"{table}: header"),
                int(entry["fingers"]),
                tuple(int(drive) for drive in entry["drives"]),
            )
            for name, entry in data["headers"].items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{table}: not a header table ({error}); see libs/cells/headers.toml") from error
    pairs = [
        (low, high)
        for high in process.vdd
        for low in process.vdd
        if low <= high and high - low <= process.pair_span + 1e-6
    ]
    points = []
    for name, fingers, drives in sizes:
        for drive in drives:
            points += _measure(process, variant, name, drive, fingers * drive, pairs, scratch)
    return points


def _measure(
    process: Process,
    variant: Variant,
    name: str,
    drive: int,
    fingers: int,
    pairs: Sequence[tuple[float, float]],
    scratch: Path,
) -> list[HeaderPoint]:
    """Two switches, each measured closed (drop of `DROP_V`) and open (the rail on the other supply); then the whole cell."""
    switch = Transistor("p", "rail", "gate", "supply", 1.0)
    lines = []
    for which in ("h", "l"):
        nodes = {"rail": f"r{which}", "gate": f"g{which}", "supply": f"s{which}", "VDD": "nb", "VSS": "0"}
        lines += [
            transistor_line(process, variant, switch, which, nodes, fingers),
            f"v{which}r r{which} 0 0",
            f"v{which}g g{which} 0 0",
            f"v{which}s s{which} 0 0",
        ]
    lines += _whole_cell(process, variant, switch, fingers)
    commands: list[str] = []

    def bias(which: str, rail: float, gate: float, supply: float) -> None:
        commands.extend(
            [f"alter v{which}r dc={rail:.6g}", f"alter v{which}g dc={gate:.6g}", f"alter v{which}s dc={supply:.6g}"]
        )

    for low, high in pairs:
        commands.append(f"alter vb dc={high:.6g}")
        for closed in (True, False):
            bias("h", high - DROP_V if closed else low, 0.0 if closed else high, high)
            bias("l", low - DROP_V if closed else high, 0.0 if closed else high, low)
            commands.extend(["op", "write out.raw", "destroy all"])
        commands.extend([f"alter vmh dc={high:.6g}", f"alter vml dc={low:.6g}", f"alter vmb dc={high:.6g}"])
        for select in (high, 0.0):
            commands.extend([f"alter vms dc={select:.6g}", "op", "write out.raw", "destroy all"])
    deck = "\n".join(
        [
            f"* {name}_X{drive}",
            *model_lines(process),
            f".temp {process.temperature_c:g}",
            f".options {STATIC_OPTIONS}",
            "vb nb 0 0",
            *lines,
            *control_lines(
                ["i(vhs)", "i(vls)", "i(vhr)", "i(vlr)", "i(vb)", "i(vmh)", "i(vml)", "i(vmb)", "i(vms)"], commands
            ),
        ]
    )
    plots = simulate(deck, 4 * len(pairs), scratch)
    points = []
    for (low, high), on, off, *whole in zip(pairs, *(plots[k::4] for k in range(4)), strict=True):

        def current(plot: Plot, source: str) -> float:
            return -float(plot[f"i({source})"][0]) * 1e3

        # The power of both ends of an open switch: current that flows from the higher to the lower rail.
        lost_l = high * current(off, "vhs") + low * current(off, "vhr")
        lost_h = low * current(off, "vls") + high * current(off, "vlr")
        static = [
            high * (current(plot, "vmh") + current(plot, "vmb"))
            + low * current(plot, "vml")
            + select * current(plot, "vms")
            for plot, select in zip(whole, (high, 0.0), strict=True)
        ]
        points.append(
            HeaderPoint(
                name,
                drive,
                low,
                high,
                DROP_V / current(on, "vhs"),
                DROP_V / current(on, "vls"),
                lost_h,
                lost_l,
                *static,
            )
        )
    return points


def _whole_cell(process: Process, variant: Variant, switch: Transistor, fingers: int) -> list[str]:
    """Both switches on a rail that nothing else drives, and the inverters that make their gates from the select pin.

    The inverters may be of other devices: they switch when a tile turns and leak all the time.
    """
    lines = []
    select = variant if process.header_select is None else replace(variant, device=process.header_select)
    for which, gate in (("h", "mnot"), ("l", "mtrue")):
        nodes = {"rail": "mrail", "gate": gate, "supply": f"m{which}", "VDD": "mb", "VSS": "0"}
        lines.append(transistor_line(process, variant, switch, f"m{which}", nodes, fingers))
    for source, drain in (("ms", "mnot"), ("mnot", "mtrue")):
        nodes = {"out": drain, "in": source, "VDDH": "mh", "VDD": "mb", "VSS": "0"}
        for device in (Transistor("p", "out", "in", "VDDH", 1.0), Transistor("n", "out", "in", "VSS", 1.0)):
            lines.append(transistor_line(process, select, device, f"{drain}{device.kind}", nodes))
    return [*lines, "vmh mh 0 0", "vml ml 0 0", "vmb mb 0 0", "vms ms 0 0"]


def write_headers(points: Sequence[HeaderPoint], path: Path) -> None:
    """Write the points as CSV with one header line of field names (their suffix is the unit)."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(field.name for field in fields(HeaderPoint))
        for point in points:
            writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in astuple(point))
