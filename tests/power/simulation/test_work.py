"""What the programs say of their work is so, by an instruction-set simulator; and a pass is read off the memory port."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.power.simulation.memory import MemoryStimulus, Pass, WordMemory, read_hex, read_units
from finevh.power.simulation.work import Work, finish_passes
from tests.power.riscv import Machine
from tests.power.simulation.test_memory import PORT, cycle, loopback

REPOSITORY = Path(__file__).resolve().parents[3]
CORE = REPOSITORY / "rtl" / "ri5cy"
EXIT, UNITS, RETIRED = 0x8000, 0x8004, 0x8008


@pytest.mark.parametrize(
    ("program", "units"),
    # 6 x 6 results of 6 products; outputs of the filter; bytes of the message; 24 keys and a text of 87 characters with its end.
    [("matmul", 6 * 6 * 6), ("fir", 20), ("crc", 40), ("control", 24 + 88), ("mix", 1)],
)
def test_a_program_verifies_its_results_and_counts_its_work_and_instructions(program: str, units: int) -> None:
    machine = Machine(read_hex(CORE / "programs" / f"{program}.hex"))
    told: list[dict[int, int]] = [{}]
    ends: list[int] = []
    for address, word, retired in machine.stores(20_000):
        if address in (EXIT, UNITS, RETIRED):
            told[-1][address] = word
        if address == EXIT:
            ends.append(retired)
            told.append({})
    assert len(ends) >= 3
    assert [row[EXIT] for row in told[:3]] == [1, 1, 1]
    assert [row[UNITS] for row in told[:3]] == [units] * 3
    # Every pass but the first, which holds the start, tells what an observer counts between its end and the one before.
    assert [row[RETIRED] for row in told[1:3]] == [ends[1] - ends[0], ends[2] - ends[1]]


def test_a_wrong_result_is_told_as_such() -> None:
    words = read_hex(CORE / "programs" / "crc.hex")
    machine = Machine(words)
    expected = 1943239923  # CRC-32 of the first byte of the message
    at = next(address for address, word in words.items() if word == expected)
    machine.words[at] ^= 1
    verdict = next(word for address, word, _ in machine.stores(20_000) if address == EXIT)
    assert verdict == 0xBAD


def test_every_program_names_its_unit() -> None:
    assert set(read_units(CORE / "memory.toml")) == {path.stem for path in (CORE / "programs").glob("*.hex")}


def test_units_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "memory.toml").write_text("[units]\ncrc = 1\n")
    with pytest.raises(InputError, match="names what each program counts"):
        read_units(tmp_path / "memory.toml")


def memory(**addresses: int) -> MemoryStimulus:
    stimulus = MemoryStimulus([PORT], WordMemory(), clock=None, **addresses)
    simulator = loopback()
    stimulus.start(simulator.ports)
    for value in (3, 5):
        for address, word in ((0x24, 10 * value), (0x28, 100 * value), (0x20, 1)):
            cycle(simulator, stimulus, req=1, we=1, be=0xF, addr=address, wdata=word)
    cycle(simulator, stimulus, req=0, we=0)
    return stimulus


def test_each_pass_has_what_was_told_since_the_last() -> None:
    stimulus = memory(exit_address=0x20, work_address=0x24, retired_address=0x28)
    assert stimulus.passes == [Pass(3, 1, 30, 300), Pass(6, 1, 50, 500)]
    assert stimulus.exit_cycle == 3
    assert finish_passes(loopback(), stimulus, 0) == Work(50, 500, 3)


def test_a_program_that_tells_nothing_has_no_work() -> None:
    assert finish_passes(loopback(), memory(exit_address=0x20), 0) is None
    assert memory(exit_address=0x20).passes[-1] == Pass(6, 1, None, None)


def test_a_program_that_does_not_end_is_left_after_the_cycles_it_was_given() -> None:
    simulator = loopback()
    stimulus = MemoryStimulus([PORT], WordMemory(), clock=None, exit_address=0x20, work_address=0x24)
    stimulus.start(simulator.ports)
    assert finish_passes(simulator, stimulus, 100) is None
    assert simulator.cycle == 100
