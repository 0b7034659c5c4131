"""An instruction-set simulator for the programs that ship: RV32IM, counters, and the four PULP instructions they use.

An oracle: it knows nothing of the core's pipeline, and says what a program stores and how many instructions retire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

RETIRED_COUNTER = 0xB02
MASK = 0xFFFFFFFF


def signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Machine:
    """One hart with a byte-addressed memory of 32-bit words; starts at address 0."""

    def __init__(self, words: Mapping[int, int]) -> None:
        self.words = dict(words)
        self.registers = [0] * 32
        self.pc = self.retired = 0
        self.loop = (0, 0, 0)  # start, end, passes left

    def load(self, address: int, size: int) -> int:
        return self.words.get(address >> 2, 0) >> 8 * (address & 3) & ((1 << 8 * size) - 1)

    def store(self, address: int, size: int, value: int) -> None:
        shift = 8 * (address & 3)
        mask = ((1 << 8 * size) - 1) << shift
        self.words[address >> 2] = self.words.get(address >> 2, 0) & ~mask | value << shift & mask

    def stores(self, limit: int) -> Iterator[tuple[int, int, int]]:
        """Run; yield (address, word, instructions retired before it) of each store."""
        while self.retired < limit:
            at = self.step()
            if at is not None:
                yield (*at, self.retired - 1)

    def step(self) -> tuple[int, int] | None:
        """Execute one instruction; return a store's address and data."""
        word = self.words.get(self.pc >> 2, 0)
        opcode, rd, f3 = word & 0x7F, word >> 7 & 31, word >> 12 & 7
        a, b = self.registers[word >> 15 & 31], self.registers[word >> 20 & 31]
        immediate, f7 = signed(word >> 20, 12), word >> 25
        following, result, stored = self.pc + 4, None, None
        start, end, left = self.loop
        if following == end and left > 1:
            following, self.loop = start, (start, end, left - 1)
        if opcode == 0x37:
            result = word & 0xFFFFF000
        elif opcode == 0x17:
            result = self.pc + (word & 0xFFFFF000)
        elif opcode == 0x6F:
            offset = word >> 31 << 20 | (word >> 12 & 0xFF) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3FF) << 1
            result, following = self.pc + 4, self.pc + signed(offset, 21)
        elif opcode == 0x67:
            result, following = self.pc + 4, (a + immediate) & MASK & ~1
        elif opcode == 0x63:
            taken = (a == b, a != b, None, None, signed(a) < signed(b), signed(a) >= signed(b), a < b, a >= b)[f3]
            if taken:
                offset = word >> 31 << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 0x3F) << 5 | (word >> 8 & 0xF) << 1
                following = self.pc + signed(offset, 13)
        elif opcode == 0x03:
            size = 1 << (f3 & 3)
            value = self.load(a + immediate & MASK, size)
            result = value if f3 & 4 else signed(value, 8 * size)
        elif opcode == 0x23:
            address = a + signed(word >> 25 << 5 | rd, 12) & MASK
            self.store(address, 1 << f3, b)
            stored = address, b
        elif opcode in (0x13, 0x33):
            result = self.compute(opcode, f3, f7, a, b if opcode == 0x33 else immediate)
        elif opcode == 0x73:
            result = self.retired if word >> 20 == RETIRED_COUNTER else 0
        elif opcode == 0x0B:  # load with post-increment
            size = 1 << f3
            result = signed(self.load(a, size), 8 * size)
            self.registers[word >> 15 & 31] = a + immediate & MASK
        elif opcode == 0x2B and f3 == 3:  # multiply and accumulate
            result = self.registers[rd] + a * b
        elif opcode == 0x2B and f3 == 4:  # hardware loop 0
            self.loop = (self.pc + 4, self.pc + 4 * (word >> 20), a)
        else:
            raise AssertionError(f"{self.pc:#x}: {word:08x} is no instruction of this machine")
        if result is not None and rd and opcode != 0x23:
            self.registers[rd] = result & MASK
        self.pc = following
        self.retired += 1
        return stored

    @staticmethod
    def compute(opcode: int, f3: int, f7: int, a: int, b: int) -> int:
        """Arithmetic of two registers, or of a register and an immediate."""
        if opcode == 0x33 and f7 == 1:
            x, y = signed(a), signed(b)
            if f3 >= 4:
                if f3 & 1:
                    x, y = a, b
                quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
                return quotient if f3 < 6 else x - y * quotient
            return (x * y, x * y >> 32, x * b >> 32, a * b >> 32)[f3]
        unsigned = b & MASK
        shift = b & 31
        arithmetic = (f7 if opcode == 0x33 else (b & 0xFFF) >> 5) == 0x20
        if f3 == 0:
            return a - b if opcode == 0x33 and arithmetic else a + b
        if f3 == 5:
            return signed(a) >> shift if arithmetic else a >> shift
        return {
            1: a << shift,
            2: int(signed(a) < signed(b)),
            3: int(a < unsigned),
            4: a ^ unsigned,
            6: a | unsigned,
            7: a & unsigned,
        }[f3]
