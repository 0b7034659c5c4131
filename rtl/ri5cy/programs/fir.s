# Finite impulse response filter over signed 16-bit samples with the hardware loop, post-increment loads and the
# multiply-accumulate of the PULP extension; outputs are rounded, shifted right by 15 and saturated to 16 bits.
.include "common.inc"
.include "fir_data.inc"

.text
.globl kernel
kernel:
  la   a0, samples
  li   a2, 0x6000
  li   s0, outputs
  li   s2, taps
  li   s3, 32767
  li   s4, -32768
output:
  mv   t0, a0
  la   t1, coefficients
  li   t3, 1 << 14           # half of the weight of the last bit kept
.balign 4
  cv_setup s2, 3
  cv_lh_post t4, t0, 2
  cv_lh_post t5, t1, 2
  cv_mac t3, t4, t5
  srai t3, t3, 15
  ble  t3, s3, not_high
  mv   t3, s3
not_high:
  bge  t3, s4, not_low
  mv   t3, s4
not_low:
  sw   t3, 0(a2)
  addi a2, a2, 4
  addi a0, a0, 2
  addi s0, s0, -1
  bnez s0, output
  li   t0, 0x6000            # samples: results stored
  sub  a0, a2, t0
  srli a0, a0, 2
  ret
