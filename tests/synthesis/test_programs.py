"""The programs for the core: committed data and hex files are what their sources and the Python reference say."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from tests.synthesis.conftest import REPOSITORY

PROGRAMS = REPOSITORY / "rtl" / "ri5cy" / "programs"
NAMES = ("matmul", "fir", "crc", "control", "mix")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", PROGRAMS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_committed_data_are_those_of_the_reference(reference: ModuleType, name: str) -> None:
    text, _ = reference.PROGRAMS[name]()
    assert (PROGRAMS / f"{name}_data.inc").read_text(encoding="utf-8") == text


@pytest.mark.skipif(
    shutil.which("riscv64-unknown-elf-as") is None or shutil.which("make") is None,
    reason="the RISC-V assembler is missing; install Debian's binutils-riscv64-unknown-elf and make",
)
def test_committed_hex_files_are_rebuilt_from_source(tmp_path: Path) -> None:
    build = tmp_path / "programs"
    shutil.copytree(PROGRAMS, build, ignore=shutil.ignore_patterns("*.hex", "__pycache__"))
    subprocess.run(["make", "-s"], cwd=build, check=True, capture_output=True)
    for name in NAMES:
        assert (build / f"{name}.hex").read_text() == (PROGRAMS / f"{name}.hex").read_text()


def test_reference_agrees_with_hand_counted_cases(reference: ModuleType) -> None:
    assert reference.multiply_matrices([1, 2, 3, 4], [5, 6, 7, 8], 2) == [19, 22, 43, 50]
    assert reference.filter_samples([32767, 32767, 1], [32767, 32767], 2) == [32767, 32767]
    assert reference.check_message(b"123456789")[-1] == 0xCBF43926 == zlib.crc32(b"123456789")
    # Two numbers (12, 7), two words (ab, v; the digit after a letter belongs to the word), one symbol.
    assert reference.scan_text("12 ab! v6 7")[:4] == [2, 2, 1, 19]


def test_the_kernel_set_agrees_with_hand_counted_cases(reference: ModuleType) -> None:
    # The CRC-16 of that polynomial over "12" as one word of 16 bits, lower byte first, from zero: computed by long division.
    assert reference.crc16(0x3231, 0) == crc16_by_division(b"12")
    assert [reference.number_kind(word) for word in ("12", "-7", "3.5", ".5", "1e6", "+4.25e-3", "7e", "-", "x2")] == [
        0, 0, 1, 1, 2, 2, 3, 3, 3,
    ]  # fmt: skip
    met, total, *kinds, _ = reference.mixed_kernels([5, 3, 9], [3, 7], [0] * 16, [0] * 16, "1,2.5")
    assert (met, total, kinds) == (2 + 3, 0, [1, 1, 0, 0])


def crc16_by_division(message: bytes) -> int:
    """Remainder of the message, bits reflected, by x^16 + x^15 + x^2 + 1, as polynomials over GF(2)."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in message) + "0" * 16
    value = int(bits, 2)
    for place in range(len(bits) - 17, -1, -1):
        if value >> (place + 16) & 1:
            value ^= 0x18005 << place
    return int(f"{value:016b}"[::-1], 2)
