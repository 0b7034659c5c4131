"""The mapped RI5CY runs every program as its RTL does: all ports, every cycle, memories attached.

    python benchmarks/equivalence_ri5cy.py --run DIR [--cycles N] [--program NAME]
    python benchmarks/equivalence_ri5cy.py --liberty FILE.lib [--netlist FILE.v] [--cycles N] [--program NAME]

The RTL, flattened to plain Verilog by Yosys, runs in iverilog; the netlist runs in the logic simulator. With ``--run`` the
netlists are those of a finished run: as synthesised, and every final one, with trees, drives and bias variants. Without
``--netlist`` the core is synthesised first. Exit status 1 if a cycle differs or a result is wrong.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from finevh.flow.inputs.technology import technology_of
from finevh.flow_file import read_flow
from finevh.netlist.model import Netlist
from finevh.netlist.verilog import read_verilog
from finevh.power import Ports, Simulator
from finevh.power.simulation.memory import MemoryStimulus, read_memory_stimulus
from finevh.synthesis import Options, cv32e40p, plan_rtl_export, plan_synthesis, run_rtl_export, run_synthesis
from finevh.technology import technology_from_liberty

REPOSITORY = Path(__file__).resolve().parents[1]
CORE = REPOSITORY / "rtl" / "ri5cy"
PROGRAMS = ("matmul", "fir", "crc", "control")
SIGNATURE = 0x6000
# Columns of the testbench's trace after the cycle number and the reset: port and base of its text.
COLUMNS = (
    ("instr_req_o", 2), ("instr_addr_o", 16), ("data_req_o", 2), ("data_we_o", 2), ("data_be_o", 16), ("data_addr_o", 16),
    ("data_wdata_o", 16), ("apu_busy_o", 2), ("apu_req_o", 2), ("apu_operands_o", 16), ("apu_op_o", 16), ("apu_flags_o", 16),
    ("irq_ack_o", 2), ("irq_id_o", 16),
)  # fmt: skip
STATUS = ("debug_havereset_o", "debug_running_o", "debug_halted_o", "core_sleep_o")
Trace = list[tuple[int, ...]]


def trace_rtl(verilog: Path, program: Path, cycles: int, directory: Path) -> Trace:
    """Run the RTL in iverilog with the core's testbench; return the port values of each cycle."""
    binary = directory / "rtl.vvp"
    if not binary.exists():
        bench = CORE / "tb" / "core_tb.v"
        subprocess.run(["iverilog", "-g2005", "-o", str(binary), str(bench), str(verilog)], check=True)
    trace = directory / f"{program.stem}.trace"
    arguments = [f"+program={program}", f"+cycles={cycles}", f"+trace={trace}"]
    subprocess.run(["vvp", "-n", str(binary), *arguments], check=True, capture_output=True)
    rows = []
    for line in trace.read_text(encoding="ascii").splitlines():
        words = line.split()[2:]
        values = [int(word, base) for word, (_, base) in zip(words, COLUMNS, strict=False)]
        rows.append((*values, *(int(bit, 2) for bit in words[-1])))
    return rows


class Recorder(MemoryStimulus):
    """The memory of the core, noting all outputs at the end of each cycle."""

    trace: Trace
    results: dict[int, int] | None
    """Words in memory when the program ended its first pass; it then starts over."""

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Answer as a memory does; when nothing changes any more, note the outputs."""
        if super().respond(cycle, ports):
            return True
        if self.results is None and self.exit_cycle is not None:
            self.results = dict(self.memory.words)
        self.trace.append(tuple(ports[name] for name in (*(name for name, _ in COLUMNS), *STATUS)))
        return False


def trace_gates(netlist: Netlist, program: Path, cycles: int) -> Recorder:
    """Run the netlist in the logic simulator with memories attached."""
    stimulus = read_memory_stimulus(CORE / "memory.toml", program)
    stimulus.__class__ = Recorder
    assert isinstance(stimulus, Recorder)
    stimulus.trace, stimulus.results = [], None
    simulator = Simulator(netlist, stimulus.clock)
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, cycles)
    return stimulus


def expected_results(name: str) -> list[int]:
    """Return the signature that the Python reference computes."""
    spec = importlib.util.spec_from_file_location("reference", CORE / "programs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.PROGRAMS[name]()[1])


def compare(label: str, name: str, netlist: Netlist, expected: Trace, cycles: int) -> bool:
    """Run one program on a netlist and print the verdict."""
    program = CORE / "programs" / f"{name}.hex"
    start = time.monotonic()
    gates = trace_gates(netlist, program, cycles)
    end = time.monotonic()
    different = [cycle for cycle, pair in enumerate(zip(expected, gates.trace, strict=True)) if pair[0] != pair[1]]
    # iverilog starts at x and the simulator at 0: the first cycle is before the first clock edge of the reset.
    different = [cycle for cycle in different if cycle > 0]
    results = expected_results(name)
    memory = [(gates.results or {}).get((SIGNATURE >> 2) + index, 0) for index in range(len(results))]
    good = not different and memory == results and gates.exit_value == 1
    print(
        f"{label}, {name}: {'equal' if not different else f'first difference in cycle {different[0]}'} over {cycles} cycles, "
        f"exit {gates.exit_value} in cycle {gates.exit_cycle}, results {'right' if memory == results else 'wrong'}; "
        f"{end - start:.1f} s",
        flush=True,
    )
    if different:
        names = (*(port for port, _ in COLUMNS), *STATUS)
        for port, want, found in zip(names, expected[different[0]], gates.trace[different[0]], strict=True):
            if want != found:
                print(f"  {port}: RTL {want:x}, netlist {found:x}")
    return good


def netlists_of_run(run: Path) -> list[tuple[str, Netlist]]:
    """Netlists of a finished run with their names: as synthesised, then the final ones of every variant set."""
    flow = read_flow(run / "flow.toml")
    technology = technology_of(flow)
    files = [run / "01-synthesis" / "netlist.v", *sorted((run / "out").glob(f"{flow.design.name}*.v"))]
    files = [file for file in files if "_chain" not in file.name]
    found = [(str(file.relative_to(run)), read_verilog(file, technology, "cv32e40p_core")) for file in files]
    for label, netlist in found:
        print(f"{label}: {netlist.n_cells} cells, {int((netlist.cell_variant > 0).sum())} of them biased")
    return found


def netlist_of(choice: argparse.Namespace, directory: Path) -> tuple[str, Netlist]:
    """The given or the freshly synthesised netlist."""
    if choice.liberty is None:
        raise SystemExit("error: give --run DIR or --liberty FILE")
    source = choice.netlist
    if source is None:
        options = Options(period=choice.period)
        source = run_synthesis(plan_synthesis(cv32e40p(), [choice.liberty], options), directory / "gates").netlist
    technology = technology_from_liberty([choice.liberty], [], name="cells")
    return source.name, read_verilog(source, technology, "cv32e40p_core")


def main() -> None:
    """Compare on the command line's choices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--netlist", type=Path)
    parser.add_argument("--liberty", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--cycles", type=int, default=5500)
    parser.add_argument("--period", type=float, default=3000.0, help="ps")
    parser.add_argument("--program", choices=PROGRAMS)
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="finevh-") as folder:
        directory = Path(folder)
        netlists = netlists_of_run(choice.run) if choice.run is not None else [netlist_of(choice, directory)]
        rtl = run_rtl_export(plan_rtl_export(cv32e40p()), directory / "rtl")
        names = (choice.program,) if choice.program else PROGRAMS
        verdicts = []
        for name in names:
            start = time.monotonic()
            expected = trace_rtl(rtl, CORE / "programs" / f"{name}.hex", choice.cycles, directory)
            print(f"RTL, {name}: iverilog {time.monotonic() - start:.1f} s", flush=True)
            verdicts += [compare(label, name, netlist, expected, choice.cycles) for label, netlist in netlists]
    sys.exit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
