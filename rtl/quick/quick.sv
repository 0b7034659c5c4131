// A small multiply-accumulate engine: eight 16-bit registers of two signed bytes, a two-stage pipeline with an 8 x 8
// multiplier, an 18-bit accumulator with saturation, a control state machine with a loop counter, and a gated accumulator
// clock. It is the design of the quick flow: large enough for nine tiles, small enough for seconds.
module quick (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        scan_en_i,
    // command: loads a register, or starts a dot product over a span of the register file
    input  logic        cmd_valid_i,
    input  logic        cmd_start_i,
    input  logic [ 2:0] cmd_addr_i,
    input  logic [15:0] cmd_data_i,
    output logic        cmd_ready_o,
    // result stream, one word per finished dot product
    output logic        result_valid_o,
    output logic [15:0] result_o,
    output logic        saturated_o,
    output logic [ 7:0] checksum_o
);
  localparam int unsigned Width = 16;
  localparam int unsigned Depth = 8;
  localparam int unsigned AccWidth = 18;
  localparam int unsigned MulWidth = 8;
  localparam int unsigned Shift = 1;

  typedef enum logic [1:0] {
    Idle,
    Fetch,
    Drain,
    Emit
  } state_e;

  state_e state_q, state_d;
  logic [2:0] step_q, step_d, last_q, last_d;
  logic [1:0] drain_q, drain_d;
  logic start, accumulate_q, clear;

  logic [Depth-1:0][Width-1:0] regs_q;
  logic signed [MulWidth-1:0] a_q, b_q;
  logic signed [AccWidth-1:0] acc_q, acc_d;
  logic signed [2*MulWidth-1:0] product;
  logic acc_enable, clk_acc;

  // Register file with write port of the command interface.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) regs_q <= '0;
    else if (cmd_valid_i && cmd_ready_o && !cmd_start_i) regs_q[cmd_addr_i] <= cmd_data_i;
  end

  // Control: fetch operands 0..last, drain the pipeline, emit.
  assign start = cmd_valid_i && cmd_ready_o && cmd_start_i;
  assign cmd_ready_o = state_q == Idle;
  assign clear = start;

  always_comb begin
    state_d = state_q;
    step_d  = step_q;
    last_d  = last_q;
    drain_d = drain_q;
    unique case (state_q)
      Idle:
      if (start) begin
        state_d = Fetch;
        step_d  = '0;
        last_d  = cmd_addr_i;
      end
      Fetch: begin
        step_d = step_q + 3'd1;
        if (step_q == last_q) begin
          state_d = Drain;
          drain_d = 2'd2;
        end
      end
      Drain: begin
        drain_d = drain_q - 2'd1;
        if (drain_q == 2'd0) state_d = Emit;
      end
      Emit: state_d = Idle;
      default: state_d = Idle;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      step_q  <= '0;
      last_q  <= '0;
      drain_q <= '0;
    end else begin
      state_q <= state_d;
      step_q  <= step_d;
      last_q  <= last_d;
      drain_q <= drain_d;
    end
  end

  // Stage 1: operand registers. The second operand walks the register file backwards.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      a_q <= '0;
      b_q <= '0;
      accumulate_q <= 1'b0;
    end else begin
      a_q <= regs_q[step_q][MulWidth-1:0];
      b_q <= regs_q[last_q-step_q][Width-1-:MulWidth];
      accumulate_q <= state_q == Fetch;
    end
  end

  // Stage 2: multiply and accumulate with saturation, on a gated clock.
  assign product = a_q * b_q;
  logic signed [AccWidth:0] sum;
  assign sum = {acc_q[AccWidth-1], acc_q} + (AccWidth + 1)'(product);
  always_comb begin
    acc_d = sum[AccWidth-1:0];
    if (sum[AccWidth] != sum[AccWidth-1])
      acc_d = sum[AccWidth] ? {1'b1, {(AccWidth - 1) {1'b0}}} : {1'b0, {(AccWidth - 1) {1'b1}}};
    if (clear) acc_d = '0;
  end
  assign acc_enable = accumulate_q | clear;

  quick_clock_gate acc_gate (
      .clk_i,
      .en_i  (acc_enable),
      .test_i(scan_en_i),
      .clk_o (clk_acc)
  );

  always_ff @(posedge clk_acc or negedge rst_ni) begin
    if (!rst_ni) acc_q <= '0;
    else acc_q <= acc_d;
  end

  // Output: the accumulator rounded to 16 bits with saturation, a sticky flag, a running checksum.
  logic signed [AccWidth-1:0] rounded;
  logic overflow;
  assign rounded  = (acc_q + AccWidth'(1 << (Shift - 1))) >>> Shift;
  assign overflow = rounded[AccWidth-1:Width-1] != {(AccWidth - Width + 1) {rounded[AccWidth-1]}};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      result_valid_o <= 1'b0;
      result_o <= '0;
      saturated_o <= 1'b0;
      checksum_o <= 8'hA5;
    end else begin
      result_valid_o <= state_q == Emit;
      if (state_q == Emit) begin
        result_o <= overflow ? {rounded[AccWidth-1], {(Width - 1) {!rounded[AccWidth-1]}}} : rounded[Width-1:0];
        saturated_o <= overflow;
        checksum_o <= {checksum_o[6:0], checksum_o[7] ^ checksum_o[5]} ^ rounded[7:0] ^ rounded[15:8];
      end
    end
  end
endmodule
