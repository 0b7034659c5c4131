// Words of the LoC-1 processing element: micro-instructions and packets.
package loc1_pkg;
  // 32-bit micro-instruction, one for all lanes. Addresses count from the loop index where an 'inc' bit is set.
  typedef enum logic [3:0] {
    OpNop   = 4'd0,
    OpMul   = 4'd1,   // acc = a * b
    OpMac   = 4'd2,   // acc = acc + a * b
    OpAdd   = 4'd3,   // acc = a + b: the adder alone, in full width
    OpAcc   = 4'd4,   // acc = acc + a: the adder alone
    OpMax   = 4'd5,   // acc = max(acc, a): pooling
    OpStore = 4'd6,   // d = saturate(acc >> immediate)
    OpRelu  = 4'd7,   // d = max(0, saturate(acc >> immediate)): non-linearity
    OpSend  = 4'd8,   // packet with 'a' of lane immediate[1:0] to the element at immediate[5:2], lane and address of d
    OpWait  = 4'd9,   // until immediate data packets have come since the last wait
    OpLoop  = 4'd10,  // following instructions up to OpEnd, immediate times, loop index 0, 1, ...
    OpEnd   = 4'd11,
    OpHalt  = 4'd15
  } op_e;

  typedef struct packed {
    op_e op;
    logic inc_a;
    logic inc_b;
    logic inc_d;
    logic a_bank;            // 0 private, 1 shared (of the own lane)
    logic [3:0] a_addr;
    logic [1:0] b_rotation;  // shared bank of lane (own + rotation) mod 4: no two lanes meet at a bank
    logic b_bank;
    logic [3:0] b_addr;
    logic d_bank;
    logic [3:0] d_addr;
    logic [7:0] immediate;
  } instruction_t;

  typedef enum logic [1:0] {
    KindData  = 2'd0,  // address = {lane, bank, word}, payload[15:0] = the word
    KindCode  = 2'd1,  // address = instruction number, payload = instruction
    KindStart = 2'd2   // start at instruction 0
  } kind_e;

  typedef struct packed {
    logic [1:0] x;
    logic [1:0] y;
    kind_e kind;
    logic [6:0] address;
    logic [31:0] payload;
  } packet_t;
endpackage
