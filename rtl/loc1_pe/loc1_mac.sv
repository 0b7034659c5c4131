// Execution unit of a lane: multiplier, adder and accumulator in two pipeline stages. The adder also works without the
// multiplier, on two operands or on the accumulator and one operand, at the throughput of one result per cycle.
module loc1_mac
  import loc1_pkg::*;
#(
    parameter int unsigned Width    = 16,
    parameter int unsigned AccWidth = 40  // 2 * Width and 8 guard bits: 256 products cannot overflow
) (
    input  logic                    clk_i,
    input  logic                    rst_ni,
    input  logic                    advance_i,
    input  op_e                     op_i,
    input  logic signed [Width-1:0] a_i,
    input  logic signed [Width-1:0] b_i,
    input  logic        [      4:0] shift_i,
    // result of a store, valid in the second stage
    output logic        [Width-1:0] store_o
);
  op_e op_q;
  logic [4:0] shift_q;
  logic signed [2*Width-1:0] left_q;   // product, or the first operand
  logic signed [Width-1:0] right_q;    // second operand of a plain addition
  logic signed [AccWidth-1:0] acc_q, augend, addend, sum, shifted;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      op_q    <= OpNop;
      shift_q <= '0;
      left_q  <= '0;
      right_q <= '0;
    end else if (advance_i) begin
      op_q    <= op_i;
      shift_q <= shift_i;
      left_q  <= (op_i == OpMul || op_i == OpMac) ? a_i * b_i : (2 * Width)'(a_i);
      right_q <= b_i;
    end
  end

  always_comb begin
    augend = '0;
    if (op_q == OpMac || op_q == OpAcc) augend = acc_q;
    else if (op_q == OpAdd) augend = AccWidth'(right_q);
    addend = AccWidth'(left_q);
  end
  assign sum = augend + addend;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) acc_q <= '0;
    else if (advance_i) begin
      case (op_q)
        OpMul, OpMac, OpAdd, OpAcc: acc_q <= sum;
        OpMax: if (addend > acc_q) acc_q <= addend;
        default: ;
      endcase
    end
  end

  // Scaling with saturation; the rectifier takes negative results to zero.
  logic fits;
  assign shifted = acc_q >>> shift_q;
  assign fits = shifted[AccWidth-1:Width-1] == {(AccWidth - Width + 1) {shifted[AccWidth-1]}};
  always_comb begin
    if (shifted[AccWidth-1] && op_q == OpRelu) store_o = '0;
    else if (fits) store_o = shifted[Width-1:0];
    else store_o = {shifted[AccWidth-1], {(Width - 1) {!shifted[AccWidth-1]}}};
  end
endmodule
