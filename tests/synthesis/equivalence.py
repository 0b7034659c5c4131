"""The same vectors through RTL in iverilog and through a mapped netlist in the logic simulator."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import Netlist
from finevh.power import Ports, Simulator, VectorStimulus

Words = Mapping[str, NDArray[np.uint64]]


def random_words(widths: Mapping[str, int], cycles: int, seed: int) -> dict[str, NDArray[np.uint64]]:
    """Return independent random input words per cycle."""
    generator = np.random.default_rng(seed)
    return {name: generator.integers(0, 1 << width, cycles, dtype=np.uint64) for name, width in widths.items()}


def trace_rtl(
    verilog: Path, top: str, clock: str, words: Words, widths: Mapping[str, int], outputs: list[str], directory: Path
) -> list[list[str]]:
    """Run plain Verilog in iverilog; return the binary text of every output after each rising edge.

    Inputs change with the rising edge, as those of a flop in front would.
    """
    cycles = len(next(iter(words.values())))
    vectors = "\n".join(
        "".join(f"{int(words[name][cycle]):0{widths[name]}b}" for name in words) for cycle in range(cycles)
    )
    (directory / "vectors.txt").write_text(vectors + "\n", encoding="ascii")
    total = sum(widths[name] for name in words)
    connections = [f".{clock}(clk)"]
    offset = total
    for name in words:
        offset -= widths[name]
        connections.append(f".{name}(now[{offset}+:{widths[name]}])")
    declarations = "".join(f"wire [{widths[name] - 1}:0] {name};\n" for name in outputs)
    connections += [f".{name}({name})" for name in outputs]
    formats = " ".join("%b" for _ in outputs)
    (directory / "bench.v").write_text(
        f"""`timescale 1ns/1ps
module bench;
reg clk = 0; reg [{total - 1}:0] vectors[0:{cycles - 1}]; reg [{total - 1}:0] now; integer cycle;
{declarations}{top} dut ({", ".join(connections)});
initial begin
  $readmemb("{directory / "vectors.txt"}", vectors);
  now = 0;
  for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
    #5 clk = 1; now <= vectors[cycle]; #4 $display("{formats}", {", ".join(outputs)}); #1 clk = 0;
  end
  $finish;
end
endmodule
""",
        encoding="ascii",
    )
    program = directory / "bench.vvp"
    subprocess.run(["iverilog", "-g2005", "-o", str(program), str(directory / "bench.v"), str(verilog)], check=True)
    text = subprocess.run(["vvp", "-n", str(program)], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in text.splitlines() if line and line[0] in "01xz"]


class _Recorder(VectorStimulus):
    """Recorded vectors that also note the outputs at the end of each cycle."""

    def __init__(self, words: Words, clock: str, outputs: list[str]) -> None:
        super().__init__(dict(words), clock)
        self.names = outputs
        self.trace: list[list[str]] = []

    def respond(self, cycle: int, ports: Ports) -> bool:
        widths = ports.outputs
        self.trace.append([f"{ports[name]:0{widths[name]}b}" for name in self.names])
        return False


def trace_gates(netlist: Netlist, clock: str, words: Words, outputs: list[str]) -> list[list[str]]:
    """Run a mapped netlist in the logic simulator; return the same as :func:`trace_rtl`."""
    recorder = _Recorder(words, clock, outputs)
    simulator = Simulator(netlist, clock)
    simulator.run(recorder, len(next(iter(words.values()))))
    return recorder.trace
