from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.power import MemoryPort, MemoryStimulus, Simulator
from finevh.power.simulation.memory import WordMemory, read_hex, read_memory_stimulus
from tests.power.tiny import netlist

PORT = MemoryPort("req", "gnt", "rvalid", "addr", "rdata", "we", "be", "wdata")


def loopback() -> Simulator:
    """A 'processor' whose requests are inputs of the test: outputs follow inputs through buffers."""
    words = {"req": 1, "we": 1, "be": 4, "addr": 8, "wdata": 32}
    driven = [(f"{w}[{b}]", f"x_{w}[{b}]") for w, n in words.items() for b in range(n)]
    cells = [(f"b{i}", "BUF", {"A": source, "Z": target}) for i, (target, source) in enumerate(driven)]
    inputs = [source for _, source in driven] + ["gnt", "rvalid"] + [f"rdata[{b}]" for b in range(32)]
    return Simulator(netlist(inputs, [target for target, _ in driven], cells), None)


def cycle(simulator: Simulator, stimulus: MemoryStimulus, **words: int) -> tuple[int, int, int]:
    stimulus.edge(simulator.cycle, simulator.ports)
    for name, value in words.items():
        simulator.ports[f"x_{name}"] = value
    simulator.rise()
    while stimulus.respond(simulator.cycle, simulator.ports):
        simulator.answer()
    simulator.fall()
    return tuple(int(simulator.ports.input_words[simulator.ports._find(n)[0]]) for n in ("gnt", "rvalid", "rdata"))


def test_read_is_granted_at_once_and_answered_in_the_next_cycle() -> None:
    simulator = loopback()
    stimulus = MemoryStimulus([PORT], WordMemory({1: 0xCAFE}), clock=None)
    stimulus.start(simulator.ports)
    assert cycle(simulator, stimulus, req=1, addr=4)[:2] == (1, 0)
    assert cycle(simulator, stimulus, req=0) == (0, 1, 0xCAFE)
    assert cycle(simulator, stimulus, req=0)[1] == 0


def test_writes_respect_byte_enables_and_end_the_program() -> None:
    simulator = loopback()
    stimulus = MemoryStimulus([PORT], WordMemory({0: 0x11223344}), clock=None, exit_address=0x20)
    stimulus.start(simulator.ports)
    cycle(simulator, stimulus, req=1, we=1, be=0b0110, addr=0, wdata=0xAABBCCDD)
    cycle(simulator, stimulus, req=1, we=1, be=0xF, addr=0x20, wdata=7)
    cycle(simulator, stimulus, req=0, we=0)
    assert stimulus.memory.read(0) == 0x11BBCC44
    assert stimulus.exit_value == 7


def test_latency_keeps_order() -> None:
    simulator = loopback()
    slow = MemoryPort("req", "gnt", "rvalid", "addr", "rdata", latency=3, grant_on_request=False)
    stimulus = MemoryStimulus([slow], WordMemory({0: 10, 1: 11}), clock=None)
    stimulus.start(simulator.ports)
    cycle(simulator, stimulus, req=1, addr=0)
    cycle(simulator, stimulus, req=1, addr=4)
    seen = [cycle(simulator, stimulus, req=0)[1:] for _ in range(3)]
    assert [data for valid, data in seen if valid] == [10, 11]
    assert [valid for valid, _ in seen] == [0, 1, 1]


def test_hex_addresses_are_word_addresses(tmp_path: Path) -> None:
    path = tmp_path / "p.hex"
    path.write_text("@10 // start\n00000013 dead_beef\n@20\n1\n")
    assert read_hex(path) == {0x10: 0x13, 0x11: 0xDEADBEEF, 0x20: 1}
    assert read_hex(path, base=0x100) == {0x50: 0x13, 0x51: 0xDEADBEEF, 0x60: 1}


@pytest.mark.parametrize(("text", "message"), [("00\nxyz\n", "p.hex:2: 'xyz'"), ("123456789\n", "more than 32 bits")])
def test_wrong_hex_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.hex"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_hex(path)


def test_description_without_a_key_is_refused(tmp_path: Path) -> None:
    program, description = tmp_path / "p.hex", tmp_path / "m.toml"
    program.write_text("13\n")
    description.write_text("[[bus]]\nrequest = 'r'\n")
    with pytest.raises(InputError, match="does not fit"):
        read_memory_stimulus(description, program)
    description.write_text("bus = []\n")
    with pytest.raises(InputError, match="'clock' is missing"):
        read_memory_stimulus(description, program)


def test_absent_port_is_refused() -> None:
    stimulus = MemoryStimulus([MemoryPort("req", "gnt", "valid", "addr", "rdata")], WordMemory(), clock=None)
    with pytest.raises(InputError, match="port 'valid'"):
        stimulus.start(loopback().ports)
