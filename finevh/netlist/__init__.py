"""Gate-level netlists: flat Verilog in and out, edits, parasitics; columns in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

if TYPE_CHECKING:
    from finevh.netlist.builder import NetlistBuilder
    from finevh.netlist.edit import BufferPlan, insert_buffers, replace_cells, sinks_by_net
    from finevh.netlist.model import NO_NET, Netlist
    from finevh.netlist.spef import format_spef, parse_spef, read_spef, write_spef
    from finevh.netlist.verilog import parse_verilog, read_verilog
    from finevh.netlist.verilog_write import format_verilog, write_verilog
    from finevh.netlist.wires import Wires

__all__ = [
    "NO_NET",
    "BufferPlan",
    "Netlist",
    "NetlistBuilder",
    "Wires",
    "format_spef",
    "format_verilog",
    "insert_buffers",
    "parse_spef",
    "parse_verilog",
    "read_spef",
    "read_verilog",
    "replace_cells",
    "sinks_by_net",
    "write_spef",
    "write_verilog",
]

# A netlist is edited and timed without what reads and writes files.
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.netlist.builder": ("NetlistBuilder",),
        "finevh.netlist.edit": (
            "BufferPlan",
            "insert_buffers",
            "replace_cells",
            "sinks_by_net",
        ),
        "finevh.netlist.model": (
            "NO_NET",
            "Netlist",
        ),
        "finevh.netlist.spef": (
            "format_spef",
            "parse_spef",
            "read_spef",
            "write_spef",
        ),
        "finevh.netlist.verilog": (
            "parse_verilog",
            "read_verilog",
        ),
        "finevh.netlist.verilog_write": (
            "format_verilog",
            "write_verilog",
        ),
        "finevh.netlist.wires": ("Wires",),
    },
)
