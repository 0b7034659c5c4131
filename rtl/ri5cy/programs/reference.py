"""Data, expected results and hex files of the programs: ``reference.py data`` and ``reference.py hex FILE.bin FILE.hex``."""

from __future__ import annotations

import random
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

SEED = 45
SIZE, TAPS, OUTPUTS, MESSAGE_BYTES, KEYS = 6, 16, 20, 40, 24
NODES, SOUGHT, SIDE, ITERATIONS = 12, 4, 4, 1
NUMBERS = "12,-7,3.5,1e6,x2,+4.25e-3,.5,7e,-,2024"
TEXT = "fir 16 taps, 0x7f; crc32=3421780262 of 9 bytes: 123456789! v 600 to 1000 mV in 25 steps"


def _signed(count: int, bits: int, generator: random.Random) -> list[int]:
    return [generator.randrange(-(1 << (bits - 1)), 1 << (bits - 1)) for _ in range(count)]


def multiply_matrices(a: list[int], b: list[int], size: int) -> list[int]:
    """Return the product of two square matrices in row order, modulo 2**32."""
    return [
        sum(a[i * size + k] * b[k * size + j] for k in range(size)) % 2**32 for i in range(size) for j in range(size)
    ]


def filter_samples(samples: list[int], coefficients: list[int], outputs: int) -> list[int]:
    """Return saturated 16-bit filter outputs, as 32-bit words."""
    results = []
    for start in range(outputs):
        total = (1 << 14) + sum(samples[start + k] * c for k, c in enumerate(coefficients))
        total = (total + 2**31) % 2**32 - 2**31
        results.append(max(-32768, min(32767, total >> 15)) % 2**32)
    return results


def check_message(message: bytes) -> list[int]:
    """Return the CRC-32 after each byte."""
    return [zlib.crc32(message[: end + 1]) for end in range(len(message))]


def scan_text(text: str) -> list[int]:
    """Return counts of numbers, words and symbols, the sum of the numbers, and the digest of the states."""
    state, number, numbers, words, symbols, total, digest = 0, 0, 0, 0, 0, 0, 0
    for position, char in enumerate([*text, "\0"], start=1):
        kind = 0 if char in "\0 " else 1 if char.isdigit() else 2 if char.isalpha() else 3
        if state == 1 and kind != 1:
            total = (total + number) % 2**32
        if kind == 1 and state != 2:
            number = (number * 10 if state == 1 else 0) + int(char)
            numbers += state == 0
            state = 1
        elif kind == 2:
            words += state != 2
            state = 2
        elif kind in (0, 3):
            symbols += kind == 3
            state = 0
        digest = (digest * 31 + state) % 2**32
        if position % 16 == 0:  # the scanner divides when its pointer is a multiple of 16; the text is aligned to 16
            digest %= 1000003
    return [numbers, words, symbols, total % 2**32, digest]


def crc16(value: int, crc: int) -> int:
    """Return the CRC-16 (polynomial 0xA001, reflected) after the lower half of a word."""
    crc ^= value % 2**16
    for _ in range(16):
        crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def number_kind(word: str) -> int:
    """Return 0 for an integer, 1 for a fraction, 2 for a number with an exponent, 3 for any other word."""
    kinds = (r"[+-]?\d+", r"[+-]?\d*\.\d*", r"[+-]?(\d+\.?\d*|\.\d*)e[+-]?\d+")
    return next((kind for kind, form in enumerate(kinds) if re.fullmatch(form, word)), 3)


def mixed_kernels(keys: list[int], sought: list[int], a: list[int], b: list[int], text: str) -> list[int]:
    """Return what the kernels of ``mix`` leave: nodes met, matrix sum, kinds of words, checksum."""
    crc, met, total, kinds = 0, 0, 0, [0] * 4
    for turn in range(ITERATIONS):
        values = [key + turn for key in keys]
        met = sum(values.index(value) + 1 if value in values else len(values) for value in sought)
        crc = crc16(met, crc)
        for value in sorted(values):
            crc = crc16(value, crc)
        total = 0
        for element in multiply_matrices(a, b, SIDE):
            signed = (element + turn + 2**31) % 2**32 - 2**31
            total += (signed >> 2 & 0xF) * (signed >> 5 & 0x7F)
        crc = crc16(total, crc)
        kinds = [sum(number_kind(word) == kind for word in text.split(",")) for kind in range(4)]
        crc = crc16(sum(count << 4 * kind for kind, count in enumerate(kinds)), crc)
    return [met, total, *kinds, crc]


def _words(name: str, values: Iterable[int], directive: str = ".word") -> str:
    items = list(values)
    rows = [", ".join(str(value) for value in items[i : i + 10]) for i in range(0, len(items), 10)]
    return f"{name}:\n" + "".join(f"  {directive} {row}\n" for row in rows)


def _file(constants: dict[str, int], body: str, expected: list[int]) -> str:
    head = "# Written by reference.py.\n" + "".join(f".equ {name}, {value}\n" for name, value in constants.items())
    return f"{head}.section .rodata\n.balign 16\n{body}.balign 4\n{_words('expected', expected)}expected_end:\n"


def matmul() -> tuple[str, list[int]]:
    """Return the data include of the matrix product and its expected signature."""
    generator = random.Random(SEED)
    a, b = _signed(SIZE * SIZE, 16, generator), _signed(SIZE * SIZE, 16, generator)
    expected = multiply_matrices(a, b, SIZE)
    body = _words("matrix_a", a, ".half") + _words("matrix_b", b, ".half")
    return _file({"size": SIZE}, body, expected), expected


def fir() -> tuple[str, list[int]]:
    """Return the data include of the filter and its expected signature."""
    generator = random.Random(SEED + 1)
    samples, coefficients = _signed(OUTPUTS + TAPS - 1, 16, generator), _signed(TAPS, 15, generator)
    expected = filter_samples(samples, coefficients, OUTPUTS)
    body = _words("samples", samples, ".half") + _words("coefficients", coefficients, ".half")
    return _file({"taps": TAPS, "outputs": OUTPUTS}, body, expected), expected


def crc() -> tuple[str, list[int]]:
    """Return the data include of the checksum and its expected signature."""
    message = random.Random(SEED + 2).randbytes(MESSAGE_BYTES)
    body = _words("message", message, ".byte") + "message_end:\n"
    return _file({}, body, check_message(message)), check_message(message)


def control() -> tuple[str, list[int]]:
    """Return the data include of the control program and its expected signature."""
    keys = _signed(KEYS, 32, random.Random(SEED + 3))
    expected = [key % 2**32 for key in sorted(keys)] + scan_text(TEXT)
    body = f'text:\n  .asciz "{TEXT}"\n.balign 4\n' + _words("keys", keys)
    return _file({"key_count": KEYS}, body, expected), expected


def mix() -> tuple[str, list[int]]:
    """Return the data include of the kernel set and its expected signature."""
    generator = random.Random(SEED + 4)
    keys = _signed(NODES, 15, generator)
    sought = [keys[2], keys[7], 20000, keys[-1]]  # one value is in no node
    a, b = _signed(SIDE * SIDE, 12, generator), _signed(SIDE * SIDE, 12, generator)
    expected = mixed_kernels(keys, sought, a, b, NUMBERS)
    parts = {"keys": keys, "sought": sought, "matrix_a": a, "matrix_b": b}
    body = "".join(_words(name, values, ".half") for name, values in parts.items())
    body += f'text:\n  .asciz "{NUMBERS}"\n'
    constants = {"key_count": NODES, "sought_count": SOUGHT, "size": SIDE, "iterations": ITERATIONS}
    return _file(constants, body, expected), expected


PROGRAMS: dict[str, Callable[[], tuple[str, list[int]]]] = {
    "matmul": matmul,
    "fir": fir,
    "crc": crc,
    "control": control,
    "mix": mix,
}


def write_hex(binary: Path, target: Path) -> None:
    """Write a memory image as 32-bit little-endian words for ``$readmemh``; runs of zeros are skipped with ``@``."""
    data = binary.read_bytes()
    data += bytes(-len(data) % 4)
    words = struct.unpack(f"<{len(data) // 4}I", data)
    lines, skipped = [], True
    for index, word in enumerate(words):
        if word == 0 and not any(words[index : index + 4]):
            skipped = True
            continue
        if skipped:
            lines.append(f"@{index:08x}")
            skipped = False
        lines.append(f"{word:08x}")
    target.write_text("\n".join(lines) + "\n", encoding="ascii")


def main(arguments: list[str]) -> None:
    """Run a command of the module docstring."""
    if arguments[0] == "data":
        for name, make in PROGRAMS.items():
            Path(f"{name}_data.inc").write_text(make()[0], encoding="utf-8")
    else:
        write_hex(Path(arguments[1]), Path(arguments[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
