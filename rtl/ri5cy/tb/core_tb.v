// The core with one memory behind both ports, for iverilog. The device under test is the RTL or a mapped netlist.
//   +program=FILE.hex  +cycles=N  +trace=FILE (every port, every cycle, hexadecimal)  +signature=FILE (words from 0x6000)
`timescale 1ns / 1ps
module core_tb;
  reg clk = 1'b0, rst_n = 1'b0;
  reg [31:0] memory[0:16383];
  reg [1023:0] program_file, trace_file, signature_file;
  integer cycles, cycle, trace, signature, i, passes;

  wire instr_req, data_req, data_we;
  wire [31:0] instr_addr, data_addr, data_wdata;
  wire [3:0] data_be;
  reg instr_valid = 1'b0, data_valid = 1'b0;
  reg [31:0] instr_rdata = 32'd0, data_rdata = 32'd0;
  wire irq_ack, havereset, running, halted, core_sleep, apu_busy, apu_req;
  wire [4:0] irq_id;
  wire [95:0] apu_operands;
  wire [5:0] apu_op;
  wire [14:0] apu_flags;

  cv32e40p_core dut (
      .clk_i(clk), .rst_ni(rst_n), .pulp_clock_en_i(1'b1), .scan_cg_en_i(1'b0),
      .boot_addr_i(32'd0), .mtvec_addr_i(32'h0000_0f00), .dm_halt_addr_i(32'd0), .hart_id_i(32'd0),
      .dm_exception_addr_i(32'd0),
      .instr_req_o(instr_req), .instr_gnt_i(instr_req), .instr_rvalid_i(instr_valid), .instr_addr_o(instr_addr),
      .instr_rdata_i(instr_rdata),
      .data_req_o(data_req), .data_gnt_i(data_req), .data_rvalid_i(data_valid), .data_we_o(data_we), .data_be_o(data_be),
      .data_addr_o(data_addr), .data_wdata_o(data_wdata), .data_rdata_i(data_rdata),
      .apu_busy_o(apu_busy), .apu_req_o(apu_req), .apu_gnt_i(1'b0), .apu_operands_o(apu_operands), .apu_op_o(apu_op),
      .apu_flags_o(apu_flags), .apu_rvalid_i(1'b0), .apu_result_i(32'd0), .apu_flags_i(5'd0),
      .irq_i(32'd0), .irq_ack_o(irq_ack), .irq_id_o(irq_id),
      .debug_req_i(1'b0), .debug_havereset_o(havereset), .debug_running_o(running), .debug_halted_o(halted),
      .fetch_enable_i(1'b1), .core_sleep_o(core_sleep)
  );

  always #5 clk = !clk;

  // A transfer is accepted in the cycle of its request; data follow one cycle later.
  always @(posedge clk) begin
    rst_n <= cycle >= 4;
    instr_valid <= rst_n & instr_req;
    data_valid  <= rst_n & data_req;
    if (rst_n & instr_req) instr_rdata <= memory[instr_addr[15:2]];
    if (rst_n & data_req) begin
      data_rdata <= data_we ? 32'd0 : memory[data_addr[15:2]];
      if (data_we) begin
        for (i = 0; i < 4; i = i + 1)
          if (data_be[i]) memory[data_addr[15:2]][8*i+:8] <= data_wdata[8*i+:8];
        if (data_addr == 32'h0000_8000) begin
          $display("exit %0h at cycle %0d", data_wdata, cycle);
          passes = passes + 1;
        end
      end
    end
  end

  initial begin
    passes = 0;
    for (i = 0; i < 16384; i = i + 1) memory[i] = 32'd0;
    if (!$value$plusargs("program=%s", program_file)) begin
      $display("give +program=FILE.hex");
      $finish;
    end
    $readmemh(program_file, memory);
    if (!$value$plusargs("cycles=%d", cycles)) cycles = 6000;
    trace = 0;
    if ($value$plusargs("trace=%s", trace_file)) trace = $fopen(trace_file, "w");
    // The clock rises in the middle of an iteration; outputs are read when they have settled after it.
    for (cycle = 0; cycle < cycles; cycle = cycle + 1) begin
      #9;
      if (trace != 0)
        $fwrite(trace, "%0d %b %b %h %b %b %h %h %h %b %b %h %h %h %b %h %b%b%b%b\n", cycle, rst_n, instr_req, instr_addr,
                data_req, data_we, data_be, data_addr, data_wdata, apu_busy, apu_req, apu_operands, apu_op, apu_flags,
                irq_ack, irq_id, havereset, running, halted, core_sleep);
      #1;
    end
    if ($value$plusargs("signature=%s", signature_file)) begin
      signature = $fopen(signature_file, "w");
      for (i = 0; i < 64; i = i + 1) $fwrite(signature, "%h\n", memory[16'h1800+i]);
      $fclose(signature);
    end
    if (trace != 0) $fclose(trace);
    $display("passes %0d", passes);
    $finish;
  end
endmodule
