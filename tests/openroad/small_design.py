"""A mapped design of some hundred cells whose names are plain or as hostile as Verilog allows, and its flow file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WIDTH, STEPS = 8, 4
# Everything a name can carry without a blank, which would end an escaped identifier.
HOSTILE = (
    "[exec${IFS}touch${IFS}pwned]", "$(touch${IFS}pwned)", "`touch${IFS}pwned`", ";touch${IFS}pwned;", '"quoted"', "{open",
    "close}", "a[3]", "b/c[2]", "back\\slash", "$::env(HOME)", "'single'", "#comment", "*", "?x", "-exit", "%s%n", "^.*$",
    "&&touch${IFS}pwned", "|touch${IFS}pwned", ">pwned", "<!--", "=1,2", "@VDD",
)  # fmt: skip


def plain(number: int) -> str:
    """A name as synthesis makes it."""
    return f"n{number}"


def hostile(number: int) -> str:
    """The same object under a name that means something to Tcl, a shell, a regular expression, CSV or HTML."""
    return f"{HOSTILE[number % len(HOSTILE)]}_{number}" if number % 3 else f"_{number}{HOSTILE[number % len(HOSTILE)]}"


def verilog(name: Callable[[int], str]) -> str:
    """A shift-and-mix register file: flip-flops and gates whose every net and instance takes its name from ``name``."""
    lines = ["module small (clk_i, d_i, enable_i, y_o);", "  input clk_i, enable_i;"]
    lines += [f"  input [{WIDTH - 1}:0] d_i;", f"  output [{WIDTH - 1}:0] y_o;"]
    cells: list[str] = []
    count = 0

    def fresh() -> str:
        nonlocal count
        count += 1
        return f"\\{name(count)} "

    def place(cell: str, **pins: str) -> None:
        joined = ", ".join(f".{pin}({net})" for pin, net in pins.items())
        cells.append(f"  {cell} {fresh()}({joined});")

    state = [f"d_i[{i}]" for i in range(WIDTH)]
    for _ in range(STEPS):
        after: list[str] = []
        for i in range(WIDTH):
            mixed, held, inverted, stored = fresh(), fresh(), fresh(), fresh()
            place("XOR2_X1", A=state[i], B=state[(i + 3) % WIDTH], Z=mixed)
            place("NAND2_X1", A1=mixed, A2="enable_i", ZN=held)
            place("INV_X1", A=held, ZN=inverted)
            place("DFF_X1", D=inverted, CK="clk_i", Q=stored)
            after.append(stored)
        state = after
    for i in range(WIDTH):
        place("BUF_X1", A=state[i], Z=f"y_o[{i}]")
    wires = [f"  wire \\{name(number)} ;" for number in range(1, count + 1)]
    return "\n".join([*lines, *wires, *cells, "endmodule", ""])


def flow_text(engine: str = "builtin", delta: str = "200 mV") -> str:
    """The flow file beside ``small.v``; supplies are characterised ones, so nothing is interpolated."""
    return f"""engine = "{engine}"
[design]
name = "small"
top = "small"
netlist = "small.v"
[technology]
path = "{REPOSITORY / "libs" / "finevh45"}"
[clock]
port = "clk_i"
period = "1 ns"
input_delay = "100 ps"
output_delay = "100 ps"
[floorplan]
tiles = 9
utilisation = 0.45
planned_area = "500 um2"
[activity]
cycles = 50
[schemes]
vdd_min = "0.80 V"
vdd_max = "1.00 V"
ideal_step = "100 mV"
delta_vdd = ["{delta}"]
variants = ["pb0"]
"""


def write_design(folder: Path, name: Callable[[int], str], engine: str = "builtin") -> Path:
    """Write netlist and flow file; returns the flow file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.v").write_text(verilog(name))
    (folder / "small.toml").write_text(flow_text(engine))
    return folder / "small.toml"
