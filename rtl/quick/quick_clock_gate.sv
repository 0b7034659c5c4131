// Behaviour of an integrated clock gate: a latch transparent while the clock is low, then an AND.
// Synthesis replaces the module with the clock gate of the library.
module quick_clock_gate (
    input  logic clk_i,
    input  logic en_i,
    input  logic test_i,
    output logic clk_o
);
  logic enable;
  always_latch if (!clk_i) enable = en_i | test_i;
  assign clk_o = clk_i & enable;
endmodule
