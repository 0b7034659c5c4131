# CRC-32 (polynomial 0xEDB88320, reflected) of a message, bit by bit; the state after every byte goes to the signature.
.include "common.inc"
.include "crc_data.inc"

.text
.globl kernel
kernel:
  la   a0, message
  la   a1, message_end
  li   a2, 0x6000
  li   t0, 0xedb88320
  li   t1, -1
byte:
  lbu  t2, 0(a0)
  xor  t1, t1, t2
  li   t3, 8
bit:
  andi t4, t1, 1
  srli t1, t1, 1
  neg  t4, t4
  and  t4, t4, t0
  xor  t1, t1, t4
  addi t3, t3, -1
  bnez t3, bit
  not  t5, t1
  sw   t5, 0(a2)
  addi a2, a2, 4
  addi a0, a0, 1
  bne  a0, a1, byte
  la   t0, message           # bytes read
  sub  a0, a0, t0
  ret
