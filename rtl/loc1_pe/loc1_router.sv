// Router of the mesh: five ports (north, east, south, west, local), dimension-order routing (first x, then y), which cannot
// deadlock, a two-place queue per input so that every link keeps full throughput, and a rotating choice among inputs.
module loc1_router
  import loc1_pkg::*;
#(
    parameter logic [1:0] X = 2'd0,
    parameter logic [1:0] Y = 2'd0
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic    [4:0]      valid_i,
    output logic    [4:0]      ready_o,
    input  packet_t [4:0]      packet_i,
    output logic    [4:0]      valid_o,
    input  logic    [4:0]      ready_i,
    output packet_t [4:0]      packet_o
);
  localparam int unsigned North = 0, East = 1, South = 2, West = 3, Local = 4;

  packet_t [4:0] head_q, tail_q;
  logic [4:0] head_valid_q, tail_valid_q;
  logic [4:0][4:0] request;  // [output][input]
  logic [4:0][4:0] grant;    // [output][input]
  logic [4:0][2:0] last_q;   // input served last, per output
  logic [4:0] taken;

  assign ready_o = ~tail_valid_q;

  // Where the head of each queue wants to go.
  for (genvar i = 0; i < 5; i++) begin : g_route
    logic [2:0] way;
    always_comb begin
      if (head_q[i].x > X) way = 3'(East);
      else if (head_q[i].x < X) way = 3'(West);
      else if (head_q[i].y > Y) way = 3'(North);
      else if (head_q[i].y < Y) way = 3'(South);
      else way = 3'(Local);
    end
    for (genvar o = 0; o < 5; o++) begin : g_request
      assign request[o][i] = head_valid_q[i] && way == 3'(o);
    end
  end

  // Each output serves the first requesting input after the one it served last.
  for (genvar o = 0; o < 5; o++) begin : g_output
    logic [4:0] after, chosen;
    always_comb begin
      after = '0;
      for (int i = 0; i < 5; i++) after[i] = request[o][i] && 3'(i) > last_q[o];
      chosen = (after != '0) ? after : request[o];
      grant[o] = chosen & (~chosen + 5'd1);
      packet_o[o] = '0;
      for (int i = 0; i < 5; i++) if (grant[o][i]) packet_o[o] = packet_o[o] | head_q[i];
    end
    assign valid_o[o] = request[o] != '0;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) last_q[o] <= '0;
      else if (valid_o[o] && ready_i[o]) begin
        for (int i = 0; i < 5; i++) if (grant[o][i]) last_q[o] <= 3'(i);
      end
    end
  end

  for (genvar i = 0; i < 5; i++) begin : g_queue
    always_comb begin
      taken[i] = 1'b0;
      for (int o = 0; o < 5; o++) taken[i] = taken[i] | (grant[o][i] & ready_i[o]);
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        head_valid_q[i] <= 1'b0;
        tail_valid_q[i] <= 1'b0;
        head_q[i]       <= '0;
        tail_q[i]       <= '0;
      end else if (!head_valid_q[i] || taken[i]) begin
        head_valid_q[i] <= tail_valid_q[i] || valid_i[i];
        head_q[i]       <= tail_valid_q[i] ? tail_q[i] : packet_i[i];
        tail_valid_q[i] <= 1'b0;
      end else if (valid_i[i] && ready_o[i]) begin
        tail_valid_q[i] <= 1'b1;
        tail_q[i]       <= packet_i[i];
      end
    end
  end
endmodule
