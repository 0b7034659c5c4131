"""A memory with a program behind request/grant/valid ports (OBI and its relatives): the stimulus of a processor.

A transfer is accepted in a cycle with request and grant; its data come with ``valid`` a number of cycles later, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finevh.base.files import read_input_text
from finevh.base.toml import read_toml
from finevh.errors import InputError
from finevh.power.simulation.stimulus import Ports

_BYTES = 4  # so many entries of two digits and none longer are bytes: no program of words looks so

__all__ = ["MemoryPort", "MemoryStimulus", "Pass", "WordMemory", "read_hex", "read_memory_stimulus", "read_units"]


@dataclass(frozen=True)
class MemoryPort:
    """Names of one bus of the design; empty where the bus has no such signal (a read-only instruction bus)."""

    request: str
    grant: str
    valid: str
    address: str
    read_data: str
    write_enable: str = ""
    byte_enable: str = ""
    write_data: str = ""
    latency: int = 1
    """Cycles from the accepted request to ``valid``."""
    grant_on_request: bool = True
    """Grant in the cycle of the request (combinational); False holds the grant at 1."""


@dataclass
class WordMemory:
    """32-bit words by byte address, little-endian bytes; what was never written reads 0."""

    words: dict[int, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    """Words written by the design, the last value of each."""

    def read(self, address: int) -> int:
        """Word that holds a byte address."""
        return self.words.get(address >> 2, 0)

    def write(self, address: int, data: int, byte_enable: int = 0xF) -> None:
        """Write the enabled bytes of a word."""
        mask = sum(0xFF << (8 * i) for i in range(4) if byte_enable >> i & 1)
        word = (self.words.get(address >> 2, 0) & ~mask) | (data & mask)
        self.words[address >> 2] = word
        self.written[address & ~3] = word


def read_hex(path: Path, base: int = 0) -> dict[int, int]:
    """Read a program in Verilog ``$readmemh`` form: 32-bit words, ``@`` sets the word address.

    Parameters
    ----------
    base
        Byte address added to all words.

    Raises
    ------
    InputError
        If the file cannot be read, holds something that is no hexadecimal word of at most 32 bits, gives bytes instead of words,
        a word twice, or ends within a word.
    """
    words: dict[int, int] = {}
    address = 0
    try:
        text = read_input_text(path, "ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a program ({error})") from error
    lines = text.splitlines()
    longest, last = 0, ""
    for number, line in enumerate(lines, 1):
        for token in line.split("//")[0].split():
            digits = token[1:] if token.startswith("@") else token
            try:
                value = int(digits.replace("_", ""), 16)
            except ValueError:
                raise InputError(f"{path}:{number}: '{token}' is not hexadecimal; write $readmemh text") from None
            last = token
            if token.startswith("@"):
                address = value
                continue
            if value >> 32:
                raise InputError(f"{path}:{number}: '{token}' has more than 32 bits; write one word per entry")
            if (base >> 2) + address in words:
                raise InputError(f"{path}:{number}: word {address:x} has a value from a line above")
            longest = max(longest, len(digits.replace("_", "")))
            words[(base >> 2) + address] = value
            address += 1
    if last and not text.endswith("\n") and "//" not in lines[-1] and len(last.replace("_", "")) < max(longest, 8):
        raise InputError(f"{path}:{len(lines)}: the file ends within '{last}', without a line end: it is cut off")
    if longest == 2 and len(words) >= _BYTES:
        raise InputError(
            f"{path}: entries of two digits are bytes, and words of 32 bits are wanted: write the program with"
            " 'objcopy -O verilog --verilog-data-width=4'"
        )
    return words


@dataclass(frozen=True)
class Pass:
    """The end of one pass of a program: a write to its exit address, and what it wrote about its work since the last one."""

    cycle: int
    value: int
    units: int | None
    retired: int | None


class MemoryStimulus:
    """A design running a program from memory.

    Parameters
    ----------
    buses
        Ports that read and write the memory; all share it.
    memory
        Holds the program; changed by the design's writes.
    hold
        Inputs with a fixed value (boot address, enables).
    reset
        Reset port, its active level, cycles it is active.
    exit_address
        A write to this byte address ends the program; the first value is kept in ``exit_value``. The design runs on, and each
        further write ends another pass (``passes``).
    work_address, retired_address
        Byte addresses to which a program writes, before the end of a pass, the units of work it did and the instructions that
        the core's counter saw retire.
    """

    def __init__(
        self,
        buses: Iterable[MemoryPort],
        memory: WordMemory,
        *,
        clock: str | None = "clk",
        hold: Mapping[str, int] | None = None,
        reset: tuple[str, int, int] | None = None,
        exit_address: int | None = None,
        work_address: int | None = None,
        retired_address: int | None = None,
    ) -> None:
        self.buses = tuple(buses)
        self.memory = memory
        self.clock = clock
        self.hold = dict(hold or {})
        self.reset = reset
        self.exit_address = exit_address
        self.exit_value: int | None = None
        self.exit_cycle: int | None = None
        self.work_address, self.retired_address = work_address, retired_address
        self.passes: list[Pass] = []
        self._told: dict[int | None, int] = {}
        self._waiting: list[deque[tuple[int, int]]] = [deque() for _ in self.buses]

    def start(self, ports: Ports) -> None:
        """Set the fixed inputs; raises InputError for a port that the design does not have."""
        for bus in self.buses:
            for name in (bus.request, bus.grant, bus.valid, bus.address, bus.read_data):
                if name not in ports:
                    raise InputError(f"the memory bus names port '{name}', which the design does not have")
            ports[bus.grant] = 0 if bus.grant_on_request else 1
        for name, value in self.hold.items():
            ports[name] = value
        if self.reset is not None:
            ports[self.reset[0]] = self.reset[1]

    def edge(self, cycle: int, ports: Ports) -> None:
        """Accept the requests of the past cycle, deliver the data that are due."""
        if self.reset is not None:
            name, active, cycles = self.reset
            ports[name] = active if cycle < cycles else 1 - active
        for bus, waiting in zip(self.buses, self._waiting, strict=True):
            if ports[bus.request] and self._granted(bus, ports):
                waiting.append((cycle + bus.latency - 1, self._access(bus, ports, cycle)))
            due = bool(waiting) and waiting[0][0] <= cycle
            ports[bus.valid] = int(due)
            if due:
                ports[bus.read_data] = waiting.popleft()[1]

    @staticmethod
    def _granted(bus: MemoryPort, ports: Ports) -> bool:
        return bool(ports[bus.grant])

    def _access(self, bus: MemoryPort, ports: Ports, cycle: int) -> int:
        address = ports[bus.address]
        if not bus.write_enable or not ports[bus.write_enable]:
            return self.memory.read(address)
        data = ports[bus.write_data]
        self.memory.write(address, data, ports[bus.byte_enable] if bus.byte_enable else 0xF)
        if address == self.exit_address:
            if self.exit_cycle is None:
                self.exit_value, self.exit_cycle = data, cycle
            units, retired = self._told.get(self.work_address), self._told.get(self.retired_address)
            self.passes.append(Pass(cycle, data, units, retired))
            self._told.clear()
        elif address in (self.work_address, self.retired_address):
            self._told[address] = data
        return 0

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Follow the requests with the grants of the same cycle."""
        changed = False
        for bus in self.buses:
            if bus.grant_on_request:
                grant = ports[bus.request]
                if ports[bus.grant] != grant:
                    ports[bus.grant] = grant
                    changed = True
        return changed


def read_memory_stimulus(path: Path, program: Path) -> MemoryStimulus:
    """Read the description of a processor's ports and attach a program.

    The TOML file names ``clock``, ``[reset]`` (``port``, ``active``, ``cycles``), ``[hold]`` (input = value), ``[memory]``
    (``base``, ``exit_address``, ``work_address``, ``retired_address``), ``[units]`` (program = what it counts) and ``[[bus]]``
    tables with the fields of `MemoryPort`.

    Raises
    ------
    InputError
        If the file lacks a key or names an unknown one.
    """
    text = read_toml(path, "a stimulus", "correct activity.stimulus of the flow file")
    try:
        buses = [MemoryPort(**bus) for bus in text["bus"]]
        memory = text.get("memory", {})
        reset = text.get("reset")
        return MemoryStimulus(
            buses,
            WordMemory(read_hex(program, int(memory.get("base", 0)))),
            clock=str(text["clock"]),
            hold={name: int(value) for name, value in text.get("hold", {}).items()},
            reset=None if reset is None else (str(reset["port"]), int(reset["active"]), int(reset["cycles"])),
            **{name: memory.get(name) for name in ("exit_address", "work_address", "retired_address")},
        )
    except KeyError as error:
        raise InputError(f"{path}: key {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: a [[bus]] table does not fit: {error}") from error


def read_units(path: Path) -> dict[str, str]:
    """Names of the units of work of each program, ``[units]`` of a stimulus file; empty where it has none.

    Raises
    ------
    InputError
        If they are no table of texts.
    """
    found = read_toml(path, "a stimulus", "correct activity.stimulus of the flow file").get("units", {})
    if not isinstance(found, dict) or not all(isinstance(unit, str) for unit in found.values()):
        raise InputError(f'{path}: [units] names what each program counts, as text: crc = "byte"')
    return dict(found)
