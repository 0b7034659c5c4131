# Small kernels in the shape of an embedded benchmark: a linked list, a matrix, a state machine over text, a CRC-16 over what
# they find. It is not CoreMark: other code, other data, another checksum; no score can be had from it.
.include "common.inc"
.include "mix_data.inc"

.equ nodes, 0x5000           # of the list: next, value

.text
.globl kernel
kernel:
  addi sp, sp, -4
  sw   ra, 0(sp)
  li   s5, 0                 # checksum
  li   s6, 0                 # iterations done
iteration:
  call list
  call matrix
  call states
  addi s6, s6, 1
  li   t0, iterations
  bne  s6, t0, iteration
  li   t0, 0x6000
  sw   s0, 0(t0)
  sw   s1, 4(t0)
  sw   s2, 8(t0)
  sw   s3, 12(t0)
  sw   s4, 16(t0)
  sw   s7, 20(t0)
  sw   s5, 24(t0)
  mv   a0, s6
  lw   ra, 0(sp)
  addi sp, sp, 4
  ret

# CRC-16 (polynomial 0xA001, reflected) of the lower half of a0, into s5; uses t5 and t6.
crc16:
  slli a0, a0, 16
  srli a0, a0, 16
  xor  s5, s5, a0
  li   t6, 16
crc_bit:
  andi t5, s5, 1
  srli s5, s5, 1
  beqz t5, crc_even
  li   t5, 0xa001
  xor  s5, s5, t5
crc_even:
  addi t6, t6, -1
  bnez t6, crc_bit
  ret

# The list is built, searched, reversed in place, sorted by relinking; s0: nodes met in the searches.
list:
  mv   s8, ra
  la   a1, keys
  li   a2, nodes
  li   a3, key_count
  mv   a4, a2
build:
  lh   t0, 0(a1)
  add  t0, t0, s6            # every iteration has other values
  sw   t0, 4(a4)
  addi t1, a4, 8
  sw   t1, 0(a4)
  addi a1, a1, 2
  mv   a4, t1
  addi a3, a3, -1
  bnez a3, build
  sw   zero, -8(a4)
  la   a1, sought
  li   a3, sought_count
  li   s0, 0
search:
  lh   t0, 0(a1)
  mv   t1, a2
step:
  beqz t1, next_search
  addi s0, s0, 1
  lw   t2, 4(t1)
  beq  t2, t0, next_search
  lw   t1, 0(t1)
  j    step
next_search:
  addi a1, a1, 2
  addi a3, a3, -1
  bnez a3, search
  mv   a0, s0
  call crc16
  li   t0, 0                 # head of what is reversed
reverse:
  lw   t1, 0(a2)
  sw   t0, 0(a2)
  mv   t0, a2
  mv   a2, t1
  bnez a2, reverse
  li   a2, 0                 # head of what is sorted, ascending
insert:
  lw   t1, 0(t0)
  lw   t2, 4(t0)
  li   t3, 0                 # last node that stays before
  mv   t4, a2
seek:
  beqz t4, link
  lw   t5, 4(t4)
  blt  t2, t5, link
  mv   t3, t4
  lw   t4, 0(t4)
  j    seek
link:
  sw   t4, 0(t0)
  bnez t3, link_inside
  mv   a2, t0
  j    linked
link_inside:
  sw   t0, 0(t3)
linked:
  mv   t0, t1
  bnez t0, insert
walk:
  lw   a0, 4(a2)
  call crc16
  lw   a2, 0(a2)
  bnez a2, walk
  mv   ra, s8
  ret

# The product of two matrices; s1: the sum of products of two bit fields of each element.
matrix:
  mv   s8, ra
  la   a1, matrix_a
  li   a3, size
  li   s1, 0
row:
  la   a2, matrix_b
  li   a4, size
column:
  mv   t0, a1
  mv   t1, a2
  li   t2, size
  mv   t3, s6
inner:
  lh   t4, 0(t0)
  lh   t5, 0(t1)
  mul  t6, t4, t5
  add  t3, t3, t6
  addi t0, t0, 2
  addi t1, t1, 2 * size
  addi t2, t2, -1
  bnez t2, inner
  srai t4, t3, 2
  andi t4, t4, 0xf
  srai t5, t3, 5
  andi t5, t5, 0x7f
  mul  t4, t4, t5
  add  s1, s1, t4
  addi a2, a2, 2
  addi a4, a4, -1
  bnez a4, column
  addi a1, a1, 2 * size
  addi a3, a3, -1
  bnez a3, row
  mv   a0, s1
  call crc16
  mv   ra, s8
  ret

# Words between commas, by a table: s2 integers, s3 fractions, s4 numbers with an exponent, s7 others.
# States: 0 start, 1 sign, 2 integer, 3 fraction, 4 'e', 5 sign of the exponent, 6 exponent, 7 no number.
states:
  mv   s8, ra
  la   a1, text
  la   a2, transitions
  li   a3, 0                 # state
  li   s2, 0
  li   s3, 0
  li   s4, 0
  li   s7, 0
character:
  lbu  t0, 0(a1)
  addi a1, a1, 1
  beqz t0, word_end
  li   t1, ','
  beq  t0, t1, word_end
  addi t2, t0, -'0'
  li   t3, 10
  li   t4, 0                 # class: 0 digit, 1 sign, 2 point, 3 'e', 4 other
  bltu t2, t3, classified
  li   t4, 1
  li   t3, '+'
  beq  t0, t3, classified
  li   t3, '-'
  beq  t0, t3, classified
  li   t4, 2
  li   t3, '.'
  beq  t0, t3, classified
  li   t4, 3
  li   t3, 'e'
  beq  t0, t3, classified
  li   t4, 4
classified:
  slli t5, a3, 2
  add  t5, t5, a3
  add  t5, t5, t4
  add  t5, t5, a2
  lbu  a3, 0(t5)
  j    character
word_end:
  li   t1, 2
  beq  a3, t1, integer
  li   t1, 3
  beq  a3, t1, fraction
  li   t1, 6
  beq  a3, t1, scientific
  addi s7, s7, 1
  j    counted
integer:
  addi s2, s2, 1
  j    counted
fraction:
  addi s3, s3, 1
  j    counted
scientific:
  addi s4, s4, 1
counted:
  li   a3, 0
  bnez t0, character
  slli t1, s3, 4
  add  a0, s2, t1
  slli t1, s4, 8
  add  a0, a0, t1
  slli t1, s7, 12
  add  a0, a0, t1
  call crc16
  mv   ra, s8
  ret

.section .rodata
transitions:                 # a row per state; columns: digit, sign, point, 'e', other
  .byte 2, 1, 3, 7, 7
  .byte 2, 7, 3, 7, 7
  .byte 2, 7, 3, 4, 7
  .byte 3, 7, 7, 4, 7
  .byte 6, 5, 7, 7, 7
  .byte 6, 7, 7, 7, 7
  .byte 6, 7, 7, 7, 7
  .byte 7, 7, 7, 7, 7
