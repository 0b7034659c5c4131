# Control-heavy work: insertion sort of words, then a state machine over text (counts numbers, words and symbols through a
# jump table, sums the numbers), with calls, divisions and data-dependent branches.
.include "common.inc"
.include "control_data.inc"

.text
.globl kernel
kernel:
  addi sp, sp, -4
  sw   ra, 0(sp)
  call sort
  mv   s5, t0
  call scan
  la   t0, text              # keys sorted and characters scanned
  sub  a0, a0, t0
  add  a0, a0, s5
  lw   ra, 0(sp)
  addi sp, sp, 4
  ret

# Insertion sort: inserts keys one by one into the growing signature; signed order.
sort:
  la   a0, keys
  li   a1, 0x6000
  li   t0, 0                 # keys sorted so far
next_key:
  slli t1, t0, 2
  add  t2, a0, t1
  lw   t3, 0(t2)             # the key
  add  t4, a1, t1            # hole
shift:
  beq  t4, a1, place
  lw   t5, -4(t4)
  ble  t5, t3, place
  sw   t5, 0(t4)
  addi t4, t4, -4
  j    shift
place:
  sw   t3, 0(t4)
  addi t0, t0, 1
  li   t6, key_count
  bne  t0, t6, next_key
  ret

# States: 0 between, 1 in a number, 2 in a word. Classes: 0 blank, 1 digit, 2 letter, 3 other.
scan:
  la   a0, text
  li   a3, 0                 # state
  li   a4, 0                 # number being read
  li   s0, 0                 # numbers
  li   s1, 0                 # words
  li   s2, 0                 # symbols
  li   s3, 0                 # sum of numbers
  li   s4, 0                 # running digest
scan_next:
  lbu  t0, 0(a0)
  addi a0, a0, 1
  li   t1, 0                 # class
  beqz t0, classified        # the end counts as a blank
  li   t2, 32
  beq  t0, t2, classified
  li   t1, 1
  addi t3, t0, -48
  li   t2, 10
  bltu t3, t2, classified
  li   t1, 2
  ori  t3, t0, 32
  addi t3, t3, -97
  li   t2, 26
  bltu t3, t2, classified
  li   t1, 3
classified:
  slli t4, a3, 2
  add  t4, t4, t1
  slli t4, t4, 2
  la   t5, table
  add  t5, t5, t4
  lw   t5, 0(t5)
  jr   t5
begin_number:
  addi s0, s0, 1
  addi a4, t0, -48
  li   a3, 1
  j    scanned
more_number:
  li   t2, 10
  mul  a4, a4, t2
  addi t3, t0, -48
  add  a4, a4, t3
  j    scanned
end_number:
  add  s3, s3, a4
  li   a3, 0
  bnez t1, symbol
  j    scanned
number_to_word:
  add  s3, s3, a4
begin_word:
  addi s1, s1, 1
  li   a3, 2
  j    scanned
end_word:
  li   a3, 0
  beqz t1, scanned
symbol:
  addi s2, s2, 1
  li   a3, 0
scanned:
  # digest = digest * 31 + state, with a division now and then
  slli t2, s4, 5
  sub  s4, t2, s4
  add  s4, s4, a3
  andi t2, a0, 15
  bnez t2, no_division
  li   t2, 1000003
  remu s4, s4, t2
no_division:
  bnez t0, scan_next
  li   a1, 0x6000 + 4 * key_count
  sw   s0, 0(a1)
  sw   s1, 4(a1)
  sw   s2, 8(a1)
  sw   s3, 12(a1)
  sw   s4, 16(a1)
  ret

.section .rodata
.balign 4
table:                       # rows: states; columns: blank, digit, letter, other
  .word scanned, begin_number, begin_word, symbol
  .word end_number, more_number, number_to_word, end_number
  .word end_word, scanned, scanned, end_word
