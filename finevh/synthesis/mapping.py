"""The texts the Yosys commands refer to: the ABC script and the clock-gate patterns."""

from __future__ import annotations

from collections.abc import Sequence

from finevh.synthesis.special_cells import ClockGate, FullAdder, SpecialCells
from finevh.synthesis.yosys_commands import Effort, Options

# Sum-of-products balancing ('if -g') shortens every path, 'dc2' between two rounds of it takes back area, and mapping with
# structural choices ('dch') spends what is left under the delay target. Measured on RI5CY: benchmarks/synthesis_scripts.py.
_CLEAN = ("strash", "&get -n", "&fraig -x", "&put", "scorr", "dc2", "strash")
_BALANCE = ("if -g -K 6", "strash", "dc2", "if -g -K 6", "strash")
_EFFORT: dict[Effort, tuple[str, ...]] = {
    "area": (*_CLEAN, "dch", "map -a"),
    "balanced": (*_CLEAN, *_BALANCE, "dch", "map -D {delay}"),
    "speed": (*_CLEAN, *_BALANCE, "dch", "map"),
}

CLOCK_GATE_MODULE = "__finevh_clock_gate"


def render_mapping_script(cells: SpecialCells, libraries: Sequence[str], options: Options) -> str:
    """Return the ABC script.

    The library is read again with a slew and a gain, so that the mapper sees one delay per pin; as Yosys hands it over,
    every gate costs one unit.

    Parameters
    ----------
    cells : for the cells to leave out.
    libraries : Liberty files as ABC shall open them (not compressed).
    options : gain, delay target and effort.
    """
    exclude = "".join(f" -X {name}" for name in cells.dont_use)
    reads = [
        f'read_lib{" -m" if index else ""} -S {cells.slew:.3g} -G {options.gain:g}{exclude} "{library}"'
        for index, library in enumerate(libraries)
    ]
    steps = [step.format(delay=f"{options.mapping_delay:.0f}") for step in _EFFORT[options.effort]]
    return "\n".join([*reads, *steps, "print_stats"]) + "\n"


def render_clock_gate_pattern() -> str:
    """Return the pattern of a clock gate in RTL: a latch transparent while the clock is low, then an AND with the clock."""
    return f"""module {CLOCK_GATE_MODULE} (input clock, input enable, output gated);
  wire held;
  \\$_DLATCH_N_ latch (.E(clock), .D(enable), .Q(held));
  \\$_AND_ gate (.A(clock), .B(held), .Y(gated));
endmodule
"""


def render_clock_gate_map(gate: ClockGate) -> str:
    """Return the replacement of the pattern by the clock gate of the library, test enables tied low."""
    tests = "".join(f", .{pin}(1'b0)" for pin in gate.tests)
    connections = f".{gate.clock}(clock), .{gate.enable}(enable){tests}, .{gate.output}(gated)"
    return f"""module {CLOCK_GATE_MODULE} (input clock, input enable, output gated);
  {gate.cell} _TECHMAP_REPLACE_ ({connections});
endmodule
"""


def render_full_adder_map(adder: FullAdder) -> str:
    """Return the replacement of Yosys's ``$fa`` by the full adder of the library; a bit with a constant addend stays logic.

    The name makes the rule go before the one of Yosys's own ``techmap.v`` (``_90_fa``).
    """
    a, b, c = adder.inputs
    connections = f".{a}(A[i]), .{b}(B[i]), .{c}(C[i]), .{adder.carry}(X[i]), .{adder.sum}(Y[i])"
    return f"""(* techmap_celltype = "$fa" *)
module _80_finevh_fa (A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_C_ = 0;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : slice
      if (_TECHMAP_CONSTMSK_A_[i] || _TECHMAP_CONSTMSK_B_[i] || _TECHMAP_CONSTMSK_C_[i]) begin : gates
        wire p = A[i] ^ B[i];
        assign Y[i] = p ^ C[i];
        assign X[i] = (A[i] & B[i]) | (C[i] & p);
      end else begin : adder
        {adder.cell} fa ({connections});
      end
    end
  endgenerate
endmodule
"""
