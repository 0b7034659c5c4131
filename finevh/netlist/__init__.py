"""Gate-level netlists: flat Verilog in and out, edits, parasitics; columns in between."""

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
