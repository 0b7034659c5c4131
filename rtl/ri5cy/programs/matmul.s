# Matrix product C = A * B of signed 16-bit matrices, 32-bit results, with the base instruction set.
.include "common.inc"
.include "matmul_data.inc"

.text
.globl kernel
kernel:
  la   a0, matrix_a
  li   a2, 0x6000            # C
  li   s0, size              # rows left
row:
  la   a1, matrix_b
  li   s1, size              # columns left
column:
  mv   t0, a0
  mv   t1, a1
  li   t2, size
  li   t3, 0
inner:
  lh   t4, 0(t0)
  lh   t5, 0(t1)
  mul  t6, t4, t5
  add  t3, t3, t6
  addi t0, t0, 2
  addi t1, t1, 2 * size
  addi t2, t2, -1
  bnez t2, inner
  sw   t3, 0(a2)
  addi a2, a2, 4
  addi a1, a1, 2
  addi s1, s1, -1
  bnez s1, column
  addi a0, a0, 2 * size
  addi s0, s0, -1
  bnez s0, row
  li   t0, 0x6000            # multiplications: results stored, times the size
  sub  a0, a2, t0
  srli a0, a0, 2
  li   t0, size
  mul  a0, a0, t0
  ret
