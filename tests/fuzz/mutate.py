"""Mutants of a text: cut, spliced, doubled, flipped, with numbers and names that hurt."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(rb"[A-Za-z_][\w.$]*|[-+]?\d[\w.+-]*|\s+|.", re.DOTALL)
NUMBERS = [
    b"0", b"-1", b"1", b"nan", b"inf", b"-inf", b"1e400", b"-1e400", b"1e-400", b"9" * 30, b"9" * 5000, b"1_000", b"0x10",
    b"1e", b".", b"-", b"+", b"1.2.3", b"\xd9\xa1", b"2147483648", b"99999999", b"1e99", b"00", b"1,5", b"--1", b"1d",
]  # fmt: skip
WORDS = [
    b"", b"\\", b"\\ ", b'"', b"'", b"(", b")", b"{", b"}", b"[", b"]", b";", b"#", b"$", b"*", b"/*", b"*/", b"//", b"\n", b"\r",
    b"\0", b"\t", b"\xff", b"\xc3\xa9", b"\x1b[31m", b"..", b"../../x", b"%s", b"${x}", b"$(touch pwned)", b"[exec touch pwned]",
    b"=", b",", b":", b"<", b"a" * 300, b"(" * 3000, b"{" * 3000, b"[" * 3000, b"if 1 { " * 1500, b"/* " * 50, b"!" * 3000,
    b"=cmd|' /C calc'!A0",
]  # fmt: skip

Mutator = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _cut(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _behead(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return data[rng.randrange(len(data) + 1) :]


def _flip(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if spoilt:
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _drop_lines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    start = rng.randrange(len(lines))
    del lines[start : start + rng.randint(1, 3)]
    return b"\n".join(lines)


def _repeat_lines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    start = rng.randrange(len(lines))
    part = lines[start : start + rng.randint(1, 5)]
    return b"\n".join(lines[:start] + part * rng.choice([2, 3, 50]) + lines[start:])


def _swap_lines(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def _tokens(change: Callable[[random.Random, list[bytes], int], None]) -> Mutator:
    def mutate(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
        # A window keeps a long text from being taken apart whole.
        start = rng.randrange(max(1, len(data) - 400)) if len(data) > 400 else 0
        window = _TOKEN.findall(data[start : start + 400])
        if not window:
            return data
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            change(rng, window, rng.randrange(len(window)))
        return data[:start] + b"".join(window) + data[start + 400 :]

    return mutate


def _number(rng: random.Random, window: list[bytes], at: int) -> None:
    numbers = [i for i, token in enumerate(window) if token[:1].isdigit()]
    window[rng.choice(numbers) if numbers else at] = rng.choice(NUMBERS)


def _word(rng: random.Random, window: list[bytes], at: int) -> None:
    window[at] = rng.choice(WORDS)


def _insert(rng: random.Random, window: list[bytes], at: int) -> None:
    window[at] += b" " * rng.randint(0, 1) + rng.choice(WORDS + NUMBERS) + b" " * rng.randint(0, 1)


def _remove(rng: random.Random, window: list[bytes], at: int) -> None:
    window[at] = b""


def _exchange(rng: random.Random, window: list[bytes], at: int) -> None:
    other = rng.randrange(len(window))
    window[at], window[other] = window[other], window[at]


def _copy(rng: random.Random, window: list[bytes], at: int) -> None:
    window[at] = window[rng.randrange(len(window))]


def _splice(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = rng.choice(seeds)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


_MUTATORS: tuple[Mutator, ...] = (
    _cut, _behead, _flip, _flip, _drop_lines, _repeat_lines, _swap_lines, _splice,
    *(_tokens(change) for change in (_number, _number, _number, _word, _word, _insert, _insert, _remove, _exchange, _copy)),
)  # fmt: skip


def mutant(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a text that one to three changes make of a seed."""
    data = rng.choice(seeds)
    for _ in range(rng.choice([1, 1, 2, 3])):
        data = rng.choice(_MUTATORS)(rng, data, seeds)
    return data
