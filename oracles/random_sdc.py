"""Constraints by chance, of everything that SDC says of timing, for one design with two clocks, a gate, a divider and a reset.

What finevh refuses or documents otherwise is drawn seldom or not at all: edges of the data in delays, early and late source
latency that differ (credit for common paths), driving cells under derates, delays to the clock of an inferred gate.
"""

from __future__ import annotations

import random

from oracles.plane_library import arc, check, input_pin, library, output

NETLIST = """module top (clk, clk2, rst, en, a, b, c, z, y, w, v, ck);
  input clk, clk2, rst, en, a, b, c; output z, y, w, v, ck;
  wire k0, k1, k2, kn, g, gn, q0, q1, q2, q3, q4, q5, dq, dn, n0, n1, n2, n3, n4;
  BUF c0 (.A(clk), .Y(k0));
  BUF c1 (.A(k0), .Y(k1));
  INV c2 (.A(clk2), .Y(kn));
  INV c3 (.A(kn), .Y(k2));
  NAND2 cg (.A(k0), .B(en), .Y(gn));
  INV ci (.A(gn), .Y(g));
  DFF r0 (.D(a), .CK(k1), .Q(q0));
  NAND2 u0 (.A(q0), .B(b), .Y(n0));
  INV u1 (.A(n0), .Y(n1));
  DFF r1 (.D(n1), .CK(k0), .Q(q1));
  DFFN r2 (.D(q1), .CKN(k1), .Q(q2));
  NAND2 u2 (.A(q2), .B(q1), .Y(n2));
  DFFR r3 (.D(n2), .RN(rst), .CK(g), .Q(q3));
  BUF u3 (.A(q3), .Y(n3));
  DFF r4 (.D(n3), .CK(k2), .Q(q4));
  NAND2 u4 (.A(q4), .B(c), .Y(n4));
  DFF r5 (.D(n4), .CK(kn), .Q(q5));
  INV ud (.A(dq), .Y(dn));
  DFF rd (.D(dn), .CK(k0), .Q(dq));
  DFF r6 (.D(q5), .CK(dq), .Q(v));
  BUF o0 (.A(q4), .Y(z));
  NAND2 o1 (.A(a), .B(q5), .Y(y));
  NAND2 o2 (.A(a), .B(b), .Y(w));
  BUF o3 (.A(k1), .Y(ck));
endmodule
"""
_FALLING = (
    '  cell (DFFN) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "!CKN"; }\n'
    + input_pin("D", more=check("setup_falling", 45, "CKN") + check("hold_falling", 12, "CKN"))
    + input_pin("CKN", "0.001", "clock : true;")
    + output("Q", "IQ", arc("CKN", 55, "non_unate", "timing_type : falling_edge;"))
    + "  }\n"
)
_CLEARED = (
    '  cell (DFFR) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; clear : "!RN"; }\n'
    + input_pin("D", more=check("setup_rising", 50) + check("hold_rising", 10))
    + input_pin("RN", more=check("recovery_rising", 30) + check("removal_rising", 15))
    + input_pin("CK", "0.001", "clock : true;")
    + output("Q", "IQ", arc("CK", 50, "non_unate", "timing_type : rising_edge;"))
    + "  }\n"
)
LIBERTY = library(_FALLING + _CLEARED)
_REGISTERS = ("r0", "r1", "r2", "r3", "r4", "r5", "r6")
_DATA = (*(f"r{k}/D" for k in range(6)), "r3/RN")
_INSIDE = ("u0/Y", "u1/A", "u2/A", "u2/B", "u4/Y", "u3/A", "u3/Y", "o1/A", "o1/Y", "u0/A")
_INPUTS, _OUTPUTS = ("a", "b", "c", "en", "rst"), ("z", "y", "w", "v")


class _Draw:
    """One file in the making."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.clocks: list[str] = []

    def maybe(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def number(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.3f}"

    def add(self, *words: str) -> None:
        self.lines.append(" ".join(word for word in words if word))

    def wave(self, period: float, share: float) -> str:
        rise = self.random.choice((0.0, 0.1))
        return (
            f"-waveform {{{rise} {rise + period * self.random.choice((0.3, 0.5, 0.6)):.3f}}}"
            if self.maybe(share)
            else ""
        )

    def make_clocks(self) -> None:
        for name, periods, share in (("clk", "1.0 1.5 2.0", 0.4), ("clk2", "0.5 1.0 1.5 2.0 3.0", 0.25)):
            period = self.one(*periods.split())
            self.add(
                f"create_clock -name {name} -period {period}", self.wave(float(period), share), f"[get_ports {name}]"
            )
        self.clocks += ["clk", "clk2"]
        if self.maybe(0.5):
            self.add(f"create_clock -name far -period {self.one('1.0', '2.0', '4.0')}")
            self.clocks.append("far")
        made = self.one("-divide_by 2", "-divide_by 2 -invert", "-edges {1 3 5}", "-divide_by 4")
        self.add("create_generated_clock -name div -source [get_ports clk]", made, "[get_pins rd/Q]")
        self.clocks.append("div")
        if self.maybe(0.3):
            self.add("set_propagated_clock", self.one("[all_clocks]", "[get_clocks clk2]"))

    def describe_clocks(self) -> None:
        for name in self.clocks:
            get = f"[get_clocks {name}]"
            if self.maybe(0.25):
                self.add("set_clock_latency", self.number(0.05, 0.3), self.one("", "-rise", "-fall"), get)
            if self.maybe(0.2):
                self.add("set_clock_latency -source", self.number(0.05, 0.3), get)
            if self.maybe(0.25):
                self.add("set_clock_uncertainty", self.one("", "-setup", "-hold"), self.number(0.01, 0.1), get)
            if self.maybe(0.1):
                self.add("set_clock_transition", self.number(0.01, 0.2), get)
        if self.maybe(0.15):
            first, second = self.random.sample(self.clocks, 2)
            sides = (f"-{self.one('', 'rise_', 'fall_')}{side} [get_clocks {name}]"
                     for side, name in (("from", first), ("to", second)))  # fmt: skip
            self.add("set_clock_uncertainty", self.number(0.01, 0.2), *sides)
        if self.maybe(0.15):
            first, second = self.random.sample(self.clocks, 2)
            kind = self.one("asynchronous", "logically_exclusive", "physically_exclusive")
            self.add(f"set_clock_groups -{kind} -group {first} -group {second}")

    def delay(self, command: str, port: str, low: float, added: bool) -> None:
        self.add(
            command, self.number(low, 0.4), "-clock", self.one(*self.clocks), "-clock_fall" if self.maybe(0.2) else "",
            self.one("", "", "", "-max", "-min", "-rise", "-fall"), "-add_delay" if added else "", f"[get_ports {port}]",
        )  # fmt: skip

    def ports(self) -> None:
        for port in _INPUTS:
            self.add("set_input_delay", self.number(0.0, 0.4), "-clock", self.one(*self.clocks), f"[get_ports {port}]")
            if self.maybe(0.35):
                self.delay("set_input_delay", port, 0.0, self.maybe(0.5))
        for port in _OUTPUTS:
            if self.maybe(0.85):
                for nth in range(self.random.choice((1, 1, 1, 2))):
                    self.delay("set_output_delay", port, -0.1, nth > 0)
        if self.maybe(0.2):
            ends = self.one("", "-rise", "-fall", "-max", "-min")
            self.add("set_input_transition", self.number(0.01, 0.3), ends, f"[get_ports {self.one(*'abc')}]")
        if self.maybe(0.2):
            self.add("set_load", self.number(0.001, 0.1), f"[get_ports {self.one(*'zyw')}]")

    def side(self, name: str, delay: bool) -> str:
        kind, edge = self.random.random(), ""
        if kind < 0.35:
            edge = self.one("", "", "", "rise_", "fall_")
            clocks = [clock for clock in self.clocks if not (delay and name == "to" and clock == "clk")]
            found = f"[get_clocks {self.one(*clocks)}]"
        elif kind < 0.6:
            found = f"[get_ports {self.one(*(_INPUTS if name == 'from' else (*_OUTPUTS, 'ck')))}]"
        elif kind < 0.8:
            found = f"[get_cells {self.one(*_REGISTERS)}]"
        else:
            clocked = ("r0/CK", "r1/CK", "r2/CKN", "r3/CK", "r4/CK")
            found = f"[get_pins {self.one(*(clocked if name == 'from' else _DATA))}]"
        return f"-{edge}{name} {found}"

    def paths(self, delay: bool = False) -> list[str]:
        begins = self.maybe(0.7)
        return [
            self.side("from", delay) if begins else "",
            f"-through [get_pins {self.one(*_INSIDE)}]" if self.maybe(0.3) else "",
            self.side("to", delay) if not begins or self.maybe(0.6) else "",
        ]

    def exceptions(self) -> None:
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            kind = self.random.random()
            if kind < 0.3:
                self.add("set_false_path", self.one("", "-setup", "-hold"), *self.paths())
            elif kind < 0.65:
                check_of, base = self.one("", "-setup", "-hold"), self.one("", "", "-start", "-end")
                self.add("set_multicycle_path", self.one(*"0123"), check_of, base, *self.paths())
            elif kind < 0.85:
                self.add("set_max_delay", self.number(0.1, 1.5), *self.paths(delay=True))
            else:
                self.add("set_min_delay", self.number(0.0, 0.5), *self.paths(delay=True))

    def rest(self) -> None:
        if self.maybe(0.1):
            self.add(f"set_case_analysis {self.one('0', '1')} [get_ports {self.one('en', 'b', 'rst')}]")
        if self.maybe(0.1):
            self.add(
                "set_disable_timing", self.one("[get_cells u0]", "-from A -to Y [get_cells u2]", "[get_pins u4/A]")
            )
        if self.maybe(0.1):
            gates = self.one("", "[get_cells cg]", "[get_clocks clk]")
            self.add("set_clock_gating_check -setup", self.number(0.0, 0.1), "-hold", self.number(0.0, 0.1), gates)
        if self.maybe(0.15):
            self.add("set_timing_derate", self.one("-early", "-late"), self.number(0.8, 1.2))
        elif self.maybe(0.2):
            self.add("set_driving_cell -lib_cell", self.one("INV", "BUF", "NAND2"), f"[get_ports {self.one(*'abc')}]")


def random_sdc(seed: int) -> str:
    """SDC text for :data:`NETLIST` with :data:`LIBERTY`, in ns and pF; the same text for the same seed."""
    draw = _Draw(seed)
    for part in (draw.make_clocks, draw.describe_clocks, draw.ports, draw.exceptions, draw.rest):
        part()
    return "\n".join(draw.lines) + "\n"
