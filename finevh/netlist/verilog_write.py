"""A netlist as flat Verilog text that reads back with the same names."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from finevh.base.files import write_whole
from finevh.netlist.model import Netlist
from finevh.netlist.verilog import KEYWORD
from finevh.technology.model import Direction, Technology


def _bus_parts(name: str) -> tuple[str, int] | None:
    if name[-1] != "]" or name[0] == "\\":
        return None
    match = re.fullmatch(r"(.+)\[(-?\d{1,9})\]", name, re.DOTALL)
    return (match.group(1), int(match.group(2))) if match else None


def escape(name: str) -> str:
    """Verilog spelling of a scalar name: escaped, with its closing blank, where it is no simple identifier."""
    if name[0] == "\\":
        return name + " "
    return name if re.fullmatch(r"[A-Za-z_][\w$]*", name) and not _RESERVED.fullmatch(name) else f"\\{name} "


_RESERVED = re.compile(
    KEYWORD.pattern.replace(r"\b", "") + r"|module|endmodule|input|output|inout|wire|tri|assign|supply[01]"
)


def _spell(name: str, buses: dict[str, list[int]]) -> str:
    parts = _bus_parts(name)
    if parts and parts[0] in buses:
        return f"{escape(parts[0])}[{parts[1]}]"
    return escape(name)


def _group(names: tuple[str, ...]) -> tuple[dict[str, list[int]], list[str]]:
    """Split names into buses (base to indices, in order) and scalars."""
    buses: dict[str, list[int]] = {}
    scalars: list[str] = []
    for name in names:
        parts = _bus_parts(name)
        if parts:
            buses.setdefault(parts[0], []).append(parts[1])
        else:
            scalars.append(name)
    return buses, scalars


def format_verilog(netlist: Netlist, technology: Technology, cell_suffix: tuple[str, ...] | None = None) -> str:
    """Return the netlist as Verilog that :func:`read_verilog` reads back with the same names.

    Parameters
    ----------
    cell_suffix : (n_cell) tuple of str, optional
        Appended to each cell's type, for tools that know one supply per cell name (``__0v80``).
    """
    port_buses, _ = _group(netlist.port_names)
    net_buses, _ = _group(netlist.net_names)
    buses = {**net_buses, **port_buses}
    ports = set(netlist.port_names)
    lines: list[str] = []
    order: list[str] = []
    for name, direction in zip(netlist.port_names, netlist.port_direction.tolist(), strict=True):
        parts = _bus_parts(name)
        base = parts[0] if parts else name
        if base in order:
            continue
        order.append(base)
        span = f"[{max(buses[base])}:{min(buses[base])}] " if parts else ""
        lines.append(f"  {Direction(direction).name.lower()} {span}{escape(base)};")
    head = f"module {escape(netlist.name)} ({', '.join(escape(n) for n in order)});"
    constant = netlist.net_constant.tolist()
    spelled: list[str] = []
    for net, name in enumerate(netlist.net_names):
        spelled.append(f"1'b{constant[net]}" if constant[net] >= 0 else _spell(name, buses))
        if constant[net] < 0 and name not in ports:
            parts = _bus_parts(name)
            if parts is None:
                lines.append(f"  wire {escape(name)};")
    for base, bits in net_buses.items():
        if base not in port_buses:
            lines.append(f"  wire [{max(bits)}:{min(bits)}] {escape(base)};")
    for name, net, direction in zip(
        netlist.port_names, netlist.port_net.tolist(), netlist.port_direction.tolist(), strict=True
    ):
        if net >= 0 and netlist.net_names[net] != name:
            pair = (_spell(name, buses), spelled[net])
            left, right = pair if direction != Direction.INPUT else pair[::-1]
            lines.append(f"  assign {left} = {right};")
    cells = technology.cells
    suffixes = [v.suffix for v in technology.variants]
    pins = [cells.pins(row) for row in range(len(cells.names))]
    pin_net, pin_ptr = netlist.pin_net.tolist(), netlist.pin_ptr.tolist()
    rows = zip(netlist.instance_names, netlist.cell_type.tolist(), netlist.cell_variant.tolist(), strict=True)
    for i, (name, row, variant) in enumerate(rows):
        nets = pin_net[pin_ptr[i] : pin_ptr[i + 1]]
        connections = ", ".join(
            f".{pin}({spelled[net] if net >= 0 else ''})" for pin, net in zip(pins[row], nets, strict=True)
        )
        kind = cells.names[row] + suffixes[variant] + (cell_suffix[i] if cell_suffix else "")
        lines.append(f"  {escape(kind)} {escape(name)} ({connections});")
    return "\n".join([head, *lines, "endmodule", ""])


def write_verilog(
    netlist: Netlist, technology: Technology, path: Path | str, cell_suffix: tuple[str, ...] | None = None
) -> None:
    """Write :func:`format_verilog` to ``path``, gzip-compressed when the name ends in ``.gz``."""
    data = format_verilog(netlist, technology, cell_suffix).encode("ascii")
    write_whole(Path(path), gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)
