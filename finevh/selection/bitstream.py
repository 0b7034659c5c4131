"""The run-time side: configuration bit-streams in chain order, and the table that a power-management unit reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from finevh.errors import InputError
from finevh.selection.voltage_map import Bits


@dataclass(frozen=True)
class PmuEntry:
    """One operating point of the table: frequency, MHz; supply voltages, V; tile map."""

    frequency_mhz: float
    vdd_low: float
    vdd_high: float
    high: Bits


def shift_sequence(high: Bits, chain: Sequence[int]) -> list[int]:
    """Bits in the order in which they enter the chain.

    The chain shifts from ``chain[0]`` to ``chain[-1]``, so the bit of the last tile enters first.

    Raises
    ------
    InputError
        If the chain does not name each tile once.
    """
    if sorted(chain) != list(range(len(high))):
        raise InputError(f"the configuration chain must name each of the {len(high)} tiles once")
    return [int(high[tile]) for tile in reversed(chain)]


def bitstream_hex(high: Bits, chain: Sequence[int]) -> str:
    """Bit-stream as hexadecimal digits, first bit in first; the last digit is filled with zeros on its right.

    >>> import numpy as np
    >>> bitstream_hex(np.array([True, False, False, True, True]), [0, 1, 2, 3, 4])
    'c8'
    """
    bits = shift_sequence(high, chain)
    bits += [0] * (-len(bits) % 4)
    digits = (bits[i : i + 4] for i in range(0, len(bits), 4))
    return "".join(f"{8 * a + 4 * b + 2 * c + d:x}" for a, b, c, d in digits)


def parse_bitstream(text: str, chain: Sequence[int]) -> list[bool]:
    """Inverse of :func:`bitstream_hex`: the selection bit of each tile, by tile number."""
    bits = [bool(int(digit, 16) >> shift & 1) for digit in text for shift in (3, 2, 1, 0)][: len(chain)]
    by_tile = [False] * len(chain)
    for tile, bit in zip(reversed(chain), bits, strict=True):
        by_tile[tile] = bit
    return by_tile


def pmu_json(design: str, entries: Sequence[PmuEntry], chain: Sequence[int]) -> str:
    """Table f -> (VddL, VddH, bits) as JSON text, ascending in frequency."""
    rows = [
        {
            "freq_mhz": entry.frequency_mhz,
            "vdd_l_v": entry.vdd_low,
            "vdd_h_v": entry.vdd_high,
            "bits_hex": bitstream_hex(entry.high, chain),
        }
        for entry in sorted(entries, key=lambda entry: entry.frequency_mhz)
    ]
    head = {
        "design": design,
        "tiles": len(chain),
        "chain": list(chain),
        "bit_order": "first bit shifted in is the first",
    }
    return json.dumps({**head, "operating_points": rows}, indent=1) + "\n"


def pmu_header(design: str, entries: Sequence[PmuEntry], chain: Sequence[int]) -> str:
    """Same table as a C header: frequencies in kHz, voltages in mV, bits as bytes, first bit in the top bit of byte 0."""
    name = "".join(char if char.isalnum() else "_" for char in design).lower()
    n_bytes = (len(chain) + 7) // 8
    guard = f"FINEVH_{name.upper()}_H"
    lines = [
        f"/* Operating points of {name}: load `bits` into the configuration chain, top bit of byte 0 first. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
        f"#define FINEVH_{name.upper()}_TILES {len(chain)}",
        f"#define FINEVH_{name.upper()}_POINTS {len(entries)}",
        "",
        f"struct finevh_{name}_point {{",
        "  uint32_t freq_khz;",
        "  uint16_t vdd_low_mv;",
        "  uint16_t vdd_high_mv;",
        f"  uint8_t bits[{n_bytes}];",
        "};",
        "",
        f"static const struct finevh_{name}_point finevh_{name}_points[FINEVH_{name.upper()}_POINTS] = {{",
    ]
    for entry in sorted(entries, key=lambda entry: entry.frequency_mhz):
        text = bitstream_hex(entry.high, chain).ljust(2 * n_bytes, "0")
        data = ", ".join(f"0x{text[i : i + 2]}" for i in range(0, len(text), 2))
        # Rounded down: the table never asks for more than was timed.
        khz = int(entry.frequency_mhz * 1e3)
        lines.append(f"  {{{khz}u, {round(entry.vdd_low * 1e3)}u, {round(entry.vdd_high * 1e3)}u, {{{data}}}}},")
    return "\n".join([*lines, "};", "", f"#endif /* {guard} */", ""])
