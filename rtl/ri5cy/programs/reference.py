"""Data, expected results and hex files of the programs: ``reference.py data`` and ``reference.py hex FILE.bin FILE.hex``."""

from __future__ import annotations

import random
import struct
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

SEED = 45
SIZE, TAPS, OUTPUTS, MESSAGE_BYTES, KEYS = 6, 16, 20, 40, 24
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


PROGRAMS: dict[str, Callable[[], tuple[str, list[int]]]] = {
    "matmul": matmul,
    "fir": fir,
    "crc": crc,
    "control": control,
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
