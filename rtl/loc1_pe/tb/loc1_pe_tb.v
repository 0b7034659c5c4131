// Self-checking test of the processing element, for iverilog with the element flattened to plain Verilog. Random data go in
// as packets, a program runs convolution, rectified and plain stores, the adder alone and pooling on four lanes; a second
// program sends the results out, while other packets pass through the router and the outputs stall at random.
`timescale 1ns / 1ps
module loc1_pe_tb;
  localparam integer Rounds = 20;
  localparam [3:0] Mul = 1, Mac = 2, Add = 3, Acc = 4, Max = 5, Store = 6, Relu = 7, Send = 8, Wait = 9, Loop = 10, End = 11,
      Halt = 15;

  reg clk = 1'b0, rst_n = 1'b0;
  reg [3:0] valid_in = 4'd0, ready_in = 4'd0;
  reg [179:0] packet_in = 180'd0;
  wire [3:0] ready_out, valid_out;
  wire [179:0] packet_out;
  wire busy;
  integer round, lane, word, errors, received, passed_east, passed_north, sent_east, sent_north, seed;
  reg signed [15:0] samples[0:3][0:7];
  reg signed [15:0] kernel[0:3][0:3];
  reg signed [15:0] expected[0:3][0:2];
  reg [11:0] seen;

  loc1_pe dut (
      .clk_i(clk), .rst_ni(rst_n), .valid_i(valid_in), .ready_o(ready_out), .packet_i(packet_in), .valid_o(valid_out),
      .ready_i(ready_in), .packet_o(packet_out), .busy_o(busy)
  );

  always #5 clk = !clk;
  initial begin
    #5000000 $display("FAIL: time is over");
    $finish;
  end

  function [31:0] instruction(input [3:0] op, input [2:0] inc, input [4:0] a, input [1:0] rotation, input [4:0] b,
                              input [4:0] d, input [7:0] immediate);
    instruction = {op, inc, a, rotation, b, d, immediate};
  endfunction

  function [44:0] packet(input [1:0] x, input [1:0] y, input [1:0] kind, input [6:0] address, input [31:0] payload);
    packet = {x, y, kind, address, payload};
  endfunction

  // Puts a packet into the west port; taken when ready meets valid at a rising edge.
  task send(input [44:0] value);
    begin
      packet_in[179:135] = value;
      valid_in[3] = 1'b1;
      @(posedge clk);
      while (!ready_out[3]) @(posedge clk);
      #1 valid_in[3] = 1'b0;
    end
  endtask

  task code(input [6:0] address, input [31:0] value);
    send(packet(2'd1, 2'd1, 2'd1, address, value));
  endtask

  function signed [15:0] saturate(input signed [39:0] value);
    if (value > 40'sd32767) saturate = 16'sd32767;
    else if (value < -40'sd32768) saturate = -16'sd32768;
    else saturate = value[15:0];
  endfunction

  // What the lanes compute, in the order of the program.
  task reference(input integer shift);
    reg signed [39:0] acc;
    integer l, t;
    for (l = 0; l < 4; l = l + 1) begin
      acc = 40'sd0;
      for (t = 0; t < 4; t = t + 1) acc = acc + samples[l][t] * kernel[(l + 1) % 4][t];
      expected[l][0] = saturate(acc >>> shift);
      expected[l][1] = acc < 40'sd0 ? 16'sd0 : saturate(acc >>> shift);
      acc = samples[l][4] + samples[l][5];
      acc = acc + samples[l][6];
      if (samples[l][7] > acc) acc = samples[l][7];
      expected[l][2] = saturate(acc);
    end
  endtask

  // Other traffic: from the north to (3, 1), which leaves east, and from the south to (1, 2), which leaves north.
  always @(posedge clk) if (rst_n) begin
    if (valid_in[0] && ready_out[0]) begin
      sent_east <= sent_east + 1;
      packet_in[44:0] <= packet(2'd3, 2'd1, 2'd0, 7'd0, sent_east + 1);
      valid_in[0] <= $random(seed);
    end else if (!valid_in[0]) valid_in[0] <= $random(seed);
    if (valid_in[2] && ready_out[2]) begin
      sent_north <= sent_north + 1;
      packet_in[134:90] <= packet(2'd1, 2'd2, 2'd0, 7'd0, sent_north + 1);
      valid_in[2] <= $random(seed);
    end else if (!valid_in[2]) valid_in[2] <= $random(seed);
    ready_in <= $random(seed);
  end

  // Results leave through the east port to (2, 1); passing packets keep their order.
  wire [44:0] east = packet_out[89:45], north = packet_out[44:0];
  always @(posedge clk) if (rst_n) begin
    if (valid_out[1] && ready_in[1]) begin
      if (east[44:41] == {2'd3, 2'd1}) begin
        if (east[31:0] != passed_east) begin
          $display("FAIL: packet %0d to the east came as %0d", passed_east, east[31:0]);
          errors = errors + 1;
        end
        passed_east <= passed_east + 1;
      end else begin
        lane = east[38:37];
        word = east[35:32] - 8;
        if (east[44:41] != {2'd2, 2'd1} || word > 2 || seen[3*lane+word] || east[15:0] !== expected[lane][word]) begin
          $display("FAIL: round %0d lane %0d result %0d: %0d, expected %0d", round, lane, word, $signed(east[15:0]),
                   expected[lane][word]);
          errors = errors + 1;
        end
        seen[3*lane+word] = 1'b1;
        received = received + 1;
      end
    end
    if (valid_out[0] && ready_in[0]) begin
      if (north[31:0] != passed_north) errors = errors + 1;
      passed_north <= passed_north + 1;
    end
    if (valid_out[2] || valid_out[3]) errors = errors + 1;
  end

  integer l, t, shift;
  initial begin
    seed = 11;
    errors = 0;
    received = 0;
    passed_east = 0;
    passed_north = 0;
    sent_east = 0;
    sent_north = 0;
    seen = 12'd0;
    packet_in[44:0] = packet(2'd3, 2'd1, 2'd0, 7'd0, 32'd0);
    packet_in[134:90] = packet(2'd1, 2'd2, 2'd0, 7'd0, 32'd0);
    #23 rst_n = 1'b1;
    for (round = 0; round < Rounds; round = round + 1) begin
      shift = round % 16;
      // Samples in the private banks, kernels in the shared ones.
      for (l = 0; l < 4; l = l + 1) begin
        for (t = 0; t < 8; t = t + 1) samples[l][t] = $random(seed);
        for (t = 0; t < 4; t = t + 1) kernel[l][t] = $random(seed);
      end
      reference(shift);
      seen = 12'd0;
      code(0, instruction(Wait, 0, 0, 0, 0, 0, 48));
      code(1, instruction(Mul, 0, 0, 1, 16, 0, 0));
      code(2, instruction(Loop, 0, 0, 0, 0, 0, 3));
      code(3, instruction(Mac, 3'b110, 1, 1, 17, 0, 0));
      code(4, instruction(End, 0, 0, 0, 0, 0, 0));
      code(5, instruction(Store, 0, 0, 0, 0, 24, shift));
      code(6, instruction(Relu, 0, 0, 0, 0, 25, shift));
      code(7, instruction(Add, 0, 4, 0, 5, 0, 0));
      code(8, instruction(Acc, 0, 6, 0, 0, 0, 0));
      code(9, instruction(Max, 0, 7, 0, 0, 0, 0));
      code(10, instruction(Store, 0, 0, 0, 0, 26, 0));
      code(11, instruction(Halt, 0, 0, 0, 0, 0, 0));
      send(packet(2'd1, 2'd1, 2'd2, 7'd0, 32'd0));
      for (l = 0; l < 4; l = l + 1) begin
        for (t = 0; t < 8; t = t + 1) send(packet(2'd1, 2'd1, 2'd0, {l[1:0], 1'b0, t[3:0]}, {16'd0, samples[l][t]}));
        for (t = 0; t < 4; t = t + 1) send(packet(2'd1, 2'd1, 2'd0, {l[1:0], 1'b1, t[3:0]}, {16'd0, kernel[l][t]}));
      end
      while (!busy) @(posedge clk);
      while (busy) @(posedge clk);
      // Results out: word 8 + i of every lane's shared bank, to the element at (2, 1).
      code(0, instruction(Loop, 0, 0, 0, 0, 0, 3));
      for (l = 0; l < 4; l = l + 1) code(1 + l, instruction(Send, 3'b101, 24, 0, 0, 24, {2'd0, 2'd1, 2'd2, l[1:0]}));
      code(5, instruction(End, 0, 0, 0, 0, 0, 0));
      code(6, instruction(Halt, 0, 0, 0, 0, 0, 0));
      send(packet(2'd1, 2'd1, 2'd2, 7'd0, 32'd0));
      while (seen != 12'hfff && errors == 0) @(posedge clk);
      while (busy) @(posedge clk);
    end
    $display("%s: %0d results in %0d rounds, %0d + %0d packets passed, %0d errors", errors == 0 ? "PASS" : "FAIL", received,
             round, passed_east, passed_north, errors);
    $finish;
  end
endmodule
