"""What drives a simulated design: the port protocol, random data, recorded vectors, and memory with a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction

__all__ = ["Ports", "RandomStimulus", "Stimulus", "VectorStimulus", "word_and_bit"]

_INDEXED = re.compile(r"^(.*)\[(\d{1,9})\]$", re.DOTALL)


def word_and_bit(port: str) -> tuple[str, int]:
    """Return the bus that a port is a bit of and which one; a scalar is bit 0 of itself.

    >>> word_and_bit("d[3]"), word_and_bit("q")
    (('d', 3), ('q', 0))
    """
    match = _INDEXED.match(port)
    return (match.group(1), int(match.group(2))) if match else (port, 0)


class Ports:
    """The ports of a design as words: bits ``data[0]``, ``data[1]``... make the word ``data``.

    ``ports["addr"]`` reads an output, ``ports["data"] = 7`` sets an input. Values are non-negative integers of any width.
    """

    def __init__(self, netlist: Netlist, clock: str | None) -> None:
        self.clock = clock
        chunk_of: dict[str, list[int]] = {}
        inputs: list[tuple[int, int, int]] = []
        outputs: list[tuple[int, int, int]] = []
        n_chunk = {True: 0, False: 0}
        self._width: dict[str, int] = {}
        self._is_input: dict[str, bool] = {}
        for name, direction, net in zip(netlist.port_names, netlist.port_direction, netlist.port_net, strict=True):
            if direction == Direction.INOUT:
                raise InputError(f"port {name} is bidirectional; give the design separate inputs and outputs")
            if name == clock:
                continue
            word, bit = word_and_bit(name)
            is_input = bool(direction == Direction.INPUT)
            self._is_input[word] = is_input
            self._width[word] = max(self._width.get(word, 0), bit + 1)
            chunks = chunk_of.setdefault(word, [])
            while len(chunks) <= bit // 64:
                chunks.append(n_chunk[is_input])
                n_chunk[is_input] += 1
            (inputs if is_input else outputs).append((int(net), chunks[bit // 64], bit % 64))
        self._chunks = chunk_of
        self.input_net, self.input_chunk, self.input_shift = self._columns(inputs)
        self.output_net, self.output_chunk, self.output_shift = self._columns(outputs)
        self.input_words = np.zeros(n_chunk[True], dtype=np.uint64)
        self.output_words = np.zeros(n_chunk[False], dtype=np.uint64)

    @staticmethod
    def _columns(rows: list[tuple[int, int, int]]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint64]]:
        table = np.asarray(rows, dtype=np.int64).reshape(-1, 3)
        return table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2].astype(np.uint64)

    @property
    def inputs(self) -> dict[str, int]:
        """Width in bits of each input word, the clock left out."""
        return {name: width for name, width in self._width.items() if self._is_input[name]}

    @property
    def outputs(self) -> dict[str, int]:
        """Width in bits of each output word."""
        return {name: width for name, width in self._width.items() if not self._is_input[name]}

    def __contains__(self, name: str) -> bool:
        return name in self._chunks

    def __getitem__(self, name: str) -> int:
        chunks = self._find(name)
        words = self.input_words if self._is_input[name] else self.output_words
        if len(chunks) == 1:
            return int(words[chunks[0]])
        return sum(int(words[chunk]) << (64 * i) for i, chunk in enumerate(chunks))

    def __setitem__(self, name: str, value: int) -> None:
        chunks = self._find(name)
        if not self._is_input[name]:
            raise InputError(f"port '{name}' is an output; a stimulus sets inputs only")
        if len(chunks) == 1:
            self.input_words[chunks[0]] = value
            return
        for i, chunk in enumerate(chunks):
            self.input_words[chunk] = (value >> (64 * i)) & 0xFFFFFFFFFFFFFFFF

    def _find(self, name: str) -> list[int]:
        chunks = self._chunks.get(name)
        if chunks is None:
            raise InputError(f"the design has no port '{name}'; it has {', '.join(sorted(self._chunks)[:20])}")
        return chunks


class Stimulus(Protocol):
    """What `simulate` calls once per clock cycle."""

    clock: str | None
    """Clock port, None for a combinational design."""

    def start(self, ports: Ports) -> None:
        """Look up ports and set the inputs before the first rising edge."""

    def edge(self, cycle: int, ports: Ports) -> None:
        """Set the inputs that change with the rising edge of ``cycle``; outputs show their values just before it."""

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Answer outputs combinationally: after the edge, set inputs from outputs; True if an input changed.

        Called again until it returns False, so that a grant may depend on a request of the same cycle.
        """


@dataclass
class VectorStimulus:
    """Recorded input words: ``words[name][cycle]``; the last value stays."""

    words: Mapping[str, NDArray[np.uint64]]
    clock: str | None = "clk"

    def start(self, ports: Ports) -> None:
        """Set the first vector."""
        self.edge(0, ports)

    def edge(self, cycle: int, ports: Ports) -> None:
        """Set the vector of the cycle."""
        for name, values in self.words.items():
            ports[name] = int(values[min(cycle, len(values) - 1)])

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Recorded data answer nothing."""
        return False


@dataclass
class RandomStimulus:
    """Independent random bits on every input each cycle, some inputs held.

    Parameters
    ----------
    seed
        Of the generator; the same seed gives the same vectors.
    probability
        Of a 1 on each bit.
    toggle
        Probability that a bit is drawn anew in a cycle; 1 makes consecutive cycles independent.
    hold
        Input words with a fixed value.
    reset
        Reset port, its active level and how many cycles it is active.
    """

    seed: int
    clock: str | None = "clk"
    probability: float = 0.5
    toggle: float = 1.0
    hold: Mapping[str, int] = field(default_factory=dict)
    reset: tuple[str, int, int] | None = None

    def start(self, ports: Ports) -> None:
        """Draw the first vector."""
        self._random = np.random.default_rng(self.seed)
        fixed = set(self.hold) | ({self.reset[0]} if self.reset else set())
        free = [name for name in ports.inputs if name not in fixed]
        chunks = {int(c) for name in free for c in ports._find(name)}
        in_free = np.isin(ports.input_chunk, sorted(chunks)) & (ports.input_net != NO_NET)
        self._chunk = ports.input_chunk[in_free]
        self._weight = np.uint64(1) << ports.input_shift[in_free]
        self._rows = np.array(sorted(chunks), dtype=np.int64)
        self._bits = self._random.random(len(self._chunk)) < self.probability
        for name, value in self.hold.items():
            ports[name] = value
        self._set(0, ports)

    def _set(self, cycle: int, ports: Ports) -> None:
        ports.input_words[self._rows] = 0
        np.add.at(ports.input_words, self._chunk, np.where(self._bits, self._weight, np.uint64(0)))
        if self.reset is not None:
            name, active, cycles = self.reset
            ports[name] = active if cycle < cycles else 1 - active

    def edge(self, cycle: int, ports: Ports) -> None:
        """Draw the bits that change."""
        anew = self._random.random(len(self._bits)) < self.toggle
        fresh = self._random.random(len(self._bits)) < self.probability
        self._bits = np.where(anew, fresh, self._bits)
        self._set(cycle, ports)

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Random data answer nothing."""
        return False
