// Local control unit: fetches micro-instructions from its own program memory, runs one loop, waits for data, and hands one
// instruction a cycle to the lanes. Operands must have been written three instructions before they are read.
//
// The program memory is flops for the same reason as the banks; 16 instructions hold the kernels of the thesis's operations
// (convolution, pooling, non-linearity), which are loops of a few instructions.
module loc1_control
  import loc1_pkg::*;
#(
    parameter int unsigned Depth = 16
) (
    input  logic                     clk_i,
    input  logic                     rst_ni,
    input  logic                     start_i,
    input  logic                     code_write_i,
    input  logic [$clog2(Depth)-1:0] code_addr_i,
    input  instruction_t             code_i,
    input  logic                     data_arrived_i,
    // a send finds the network ready
    input  logic                     send_ready_i,
    output logic                     advance_o,
    output instruction_t             instruction_o,
    output logic                     busy_o
);
  localparam int unsigned AddrWidth = $clog2(Depth);

  instruction_t [Depth-1:0] program_q;
  instruction_t fetched, issued_q;
  logic [AddrWidth-1:0] pc_q, loop_start_q;
  logic [7:0] index_q, count_q, arrived_q;
  logic running_q, stall, waiting;

  assign fetched = program_q[pc_q];
  assign waiting = fetched.op == OpWait && arrived_q < fetched.immediate;
  // A send that the network does not take holds the whole element.
  assign stall = issued_q.op == OpSend && !send_ready_i;
  assign advance_o = !stall;
  assign instruction_o = issued_q;
  assign busy_o = running_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) program_q <= '0;
    else if (code_write_i) program_q[code_addr_i] <= code_i;
  end

  // Addresses of the issued instruction, with the loop index added where asked for.
  instruction_t indexed;
  always_comb begin
    indexed = fetched;
    if (fetched.inc_a) indexed.a_addr = fetched.a_addr + index_q[3:0];
    if (fetched.inc_b) indexed.b_addr = fetched.b_addr + index_q[3:0];
    if (fetched.inc_d) indexed.d_addr = fetched.d_addr + index_q[3:0];
    if (!running_q || waiting || fetched.op == OpWait || fetched.op == OpLoop || fetched.op == OpEnd || fetched.op == OpHalt)
      indexed.op = OpNop;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pc_q         <= '0;
      loop_start_q <= '0;
      index_q      <= '0;
      count_q      <= '0;
      running_q    <= 1'b0;
      issued_q     <= '0;
    end else begin
      if (!stall) issued_q <= indexed;
      if (!running_q) begin
        running_q <= start_i;
        pc_q      <= '0;
        index_q   <= '0;
      end else if (!stall && !waiting) begin
        pc_q <= pc_q + 1'b1;
        case (fetched.op)
          OpLoop: begin
            loop_start_q <= pc_q + 1'b1;
            count_q      <= fetched.immediate;
            index_q      <= '0;
          end
          OpEnd:
          if (index_q + 8'd1 < count_q) begin
            index_q <= index_q + 8'd1;
            pc_q    <= loop_start_q;
          end else index_q <= '0;
          OpHalt:  running_q <= 1'b0;
          default: ;
        endcase
      end
    end
  end

  // Data packets since the last wait that ended.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) arrived_q <= '0;
    else if (running_q && !stall && fetched.op == OpWait && !waiting)
      arrived_q <= arrived_q - fetched.immediate + {7'd0, data_arrived_i};
    else arrived_q <= arrived_q + {7'd0, data_arrived_i};
  end
endmodule
