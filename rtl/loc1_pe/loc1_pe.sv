// Processing element of the LoC-1 accelerator (own design after the description in the thesis, section 4.1): four SIMD lanes
// under one micro-programmed control unit, and a router that carries data and instructions between the elements of a mesh.
module loc1_pe
  import loc1_pkg::*;
#(
    parameter logic [1:0]  X            = 2'd1,
    parameter logic [1:0]  Y            = 2'd1,
    parameter int unsigned Lanes        = 4,
    parameter int unsigned Width        = 16,
    parameter int unsigned BankDepth    = 16,
    parameter int unsigned ProgramDepth = 16
) (
    input  logic          clk_i,
    input  logic          rst_ni,
    // north, east, south, west
    input  logic    [3:0] valid_i,
    output logic    [3:0] ready_o,
    input  packet_t [3:0] packet_i,
    output logic    [3:0] valid_o,
    input  logic    [3:0] ready_i,
    output packet_t [3:0] packet_o,
    output logic          busy_o
);
  localparam int unsigned AddrWidth = $clog2(BankDepth);

  logic [4:0] router_valid_in, router_ready_out, router_valid_out, router_ready_in;
  packet_t [4:0] router_in, router_out;
  packet_t local_in, local_out;
  logic advance, local_valid, local_ready, send, send_ready;
  instruction_t instruction;
  logic [Lanes-1:0] write, write_ready;
  logic [Lanes-1:0][Width-1:0] shared_read, operand;

  assign router_valid_in = {send, valid_i};
  assign router_in = {local_in, packet_i};
  assign {send_ready, ready_o} = router_ready_out;
  assign {local_valid, valid_o} = router_valid_out;
  assign {local_out, packet_o} = router_out;
  assign router_ready_in = {local_ready, ready_i};

  loc1_router #(
      .X(X),
      .Y(Y)
  ) router (
      .clk_i,
      .rst_ni,
      .valid_i (router_valid_in),
      .ready_o (router_ready_out),
      .packet_i(router_in),
      .valid_o (router_valid_out),
      .ready_i (router_ready_in),
      .packet_o(router_out)
  );

  // Packets for this element: words of data wait for a lane's write port.
  logic data_packet;
  logic [1:0] target;
  assign data_packet = local_valid && local_out.kind == KindData;
  assign target = local_out.address[6:5];
  assign local_ready = local_out.kind != KindData || write_ready[target];
  for (genvar l = 0; l < Lanes; l++) begin : g_write
    assign write[l] = data_packet && target == 2'(l);
  end

  loc1_control #(
      .Depth(ProgramDepth)
  ) control (
      .clk_i,
      .rst_ni,
      .start_i       (local_valid && local_out.kind == KindStart),
      .code_write_i  (local_valid && local_out.kind == KindCode),
      .code_addr_i   (local_out.address[$clog2(ProgramDepth)-1:0]),
      .code_i        (instruction_t'(local_out.payload)),
      .data_arrived_i(data_packet && local_ready),
      .send_ready_i  (send_ready),
      .advance_o     (advance),
      .instruction_o (instruction),
      .busy_o
  );

  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic [1:0] partner;
    assign partner = 2'(l) + instruction.b_rotation;
    loc1_lane #(
        .Width(Width),
        .Depth(BankDepth)
    ) lane (
        .clk_i,
        .rst_ni,
        .advance_i    (advance),
        .op_i         (instruction.op),
        .a_bank_i     (instruction.a_bank),
        .a_addr_i     (instruction.a_addr[AddrWidth-1:0]),
        .b_bank_i     (instruction.b_bank),
        .b_addr_i     (instruction.b_addr[AddrWidth-1:0]),
        .d_bank_i     (instruction.d_bank),
        .d_addr_i     (instruction.d_addr[AddrWidth-1:0]),
        .shift_i      (instruction.immediate[4:0]),
        .shared_read_o(shared_read[l]),
        .shared_read_i(shared_read[partner]),
        .operand_o    (operand[l]),
        .write_i      (write[l]),
        .write_bank_i (local_out.address[4]),
        .write_addr_i (local_out.address[AddrWidth-1:0]),
        .write_data_i (local_out.payload[Width-1:0]),
        .write_ready_o(write_ready[l])
    );
  end

  // A send leaves in the cycle in which it is issued.
  logic [1:0] sender;
  assign sender = instruction.immediate[1:0];
  assign send = instruction.op == OpSend;
  always_comb begin
    local_in = '0;
    local_in.x = instruction.immediate[3:2];
    local_in.y = instruction.immediate[5:4];
    local_in.kind = KindData;
    local_in.address = {sender, instruction.d_bank, instruction.d_addr};
    local_in.payload[Width-1:0] = operand[sender];
  end
endmodule
