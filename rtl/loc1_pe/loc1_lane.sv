// One SIMD lane: a private and a shared memory bank, and an execution unit. The shared bank is read by whichever lane the
// rotation of the instruction points at; every lane writes its own banks only.
//
// The banks are flops: the library has no memory macro, and 2 x 16 words of 16 bits per lane (2048 bits in all) hold a row of a
// feature map and a kernel, the working set of one convolution step, while storage stays below half of the cells.
module loc1_lane
  import loc1_pkg::*;
#(
    parameter int unsigned Width = 16,
    parameter int unsigned Depth = 16
) (
    input  logic                     clk_i,
    input  logic                     rst_ni,
    input  logic                     advance_i,
    // stage 1: operand read
    input  op_e                      op_i,
    input  logic                     a_bank_i,
    input  logic [$clog2(Depth)-1:0] a_addr_i,
    input  logic                     b_bank_i,
    input  logic [$clog2(Depth)-1:0] b_addr_i,
    input  logic                     d_bank_i,
    input  logic [$clog2(Depth)-1:0] d_addr_i,
    input  logic [              4:0] shift_i,
    output logic [        Width-1:0] shared_read_o,  // own shared bank at b_addr
    input  logic [        Width-1:0] shared_read_i,  // the bank that the rotation selects
    output logic [        Width-1:0] operand_o,      // a, for sending
    // words from the network
    input  logic                     write_i,
    input  logic                     write_bank_i,
    input  logic [$clog2(Depth)-1:0] write_addr_i,
    input  logic [        Width-1:0] write_data_i,
    output logic                     write_ready_o
);
  localparam int unsigned AddrWidth = $clog2(Depth);

  logic [Depth-1:0][Width-1:0] private_q, shared_q;
  logic signed [Width-1:0] a_q, b_q;
  logic [Width-1:0] store_data;
  op_e op_q, op_qq;
  logic d_bank_q, d_bank_qq;
  logic [AddrWidth-1:0] d_addr_q, d_addr_qq;
  logic [4:0] shift_q;
  logic store;

  assign shared_read_o = shared_q[b_addr_i];
  assign operand_o = a_bank_i ? shared_q[a_addr_i] : private_q[a_addr_i];

  // Stage 1 to 2: operands.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      a_q       <= '0;
      b_q       <= '0;
      op_q      <= OpNop;
      op_qq     <= OpNop;
      d_bank_q  <= 1'b0;
      d_bank_qq <= 1'b0;
      d_addr_q  <= '0;
      d_addr_qq <= '0;
      shift_q   <= '0;
    end else if (advance_i) begin
      a_q       <= operand_o;
      b_q       <= b_bank_i ? shared_read_i : private_q[b_addr_i];
      op_q      <= op_i;
      op_qq     <= op_q;
      d_bank_q  <= d_bank_i;
      d_bank_qq <= d_bank_q;
      d_addr_q  <= d_addr_i;
      d_addr_qq <= d_addr_q;
      shift_q   <= shift_i;
    end
  end

  // Stages 2 and 3: multiply, add. A store takes the accumulator as all earlier instructions left it.
  loc1_mac #(
      .Width(Width)
  ) mac (
      .clk_i,
      .rst_ni,
      .advance_i,
      .op_i   (op_q),
      .a_i    (a_q),
      .b_i    (b_q),
      .shift_i(shift_q),
      .store_o(store_data)
  );

  // One write port: results go first, words from the network wait.
  assign store = advance_i && (op_qq == OpStore || op_qq == OpRelu);
  assign write_ready_o = !store;
  logic bank, enable;
  logic [AddrWidth-1:0] addr;
  logic [Width-1:0] data;
  assign enable = store || write_i;
  assign bank   = store ? d_bank_qq : write_bank_i;
  assign addr   = store ? d_addr_qq : write_addr_i;
  assign data   = store ? store_data : write_data_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      private_q <= '0;
      shared_q  <= '0;
    end else if (enable) begin
      if (bank) shared_q[addr] <= data;
      else private_q[addr] <= data;
    end
  end
endmodule
