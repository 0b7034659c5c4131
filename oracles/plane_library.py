"""A Liberty library whose delays are planes, so that any path can be summed by hand, and a design of it.

Every combinational arc: delay = base + 0.2 slew + 0.5 load, output slew = 20 + 0.1 slew + 0.8 load (ps, fF); a falling output has
base + 1. Registers: clock to output 50 (+1), setup 50, hold 10.
"""

from __future__ import annotations

SLEWS, LOADS = (0.0, 400.0), (0.0, 400.0)
HEAD = """library (planes) {
  delay_model : table_lookup;
  time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA"; pulling_resistance_unit : "1kohm"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, pf);
  nom_process : 1; nom_voltage : 1.0; nom_temperature : 25;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50; output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  lu_table_template (plane) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0, 0.4"); index_2 ("0, 0.4"); }
  lu_table_template (check) { variable_1 : constrained_pin_transition; variable_2 : related_pin_transition;
    index_1 ("0, 0.4"); index_2 ("0, 0.4"); }
"""


def plane(base: float, by_slew: float, by_load: float) -> str:
    """Values of a table, ns."""
    rows = (", ".join(f"{(base + by_slew * s + by_load * c) / 1000:.6f}" for c in LOADS) for s in SLEWS)
    return ", ".join(f'"{row}"' for row in rows)


def arc(related: str, base: float, sense: str = "negative_unate", more: str = "") -> str:
    """A timing group of the rules above."""
    return f"""timing () {{ related_pin : "{related}"; timing_sense : {sense}; {more}
      cell_rise (plane) {{ values ({plane(base, 0.2, 0.5)}); }}
      cell_fall (plane) {{ values ({plane(base + 1, 0.2, 0.5)}); }}
      rise_transition (plane) {{ values ({plane(20, 0.1, 0.8)}); }}
      fall_transition (plane) {{ values ({plane(20, 0.1, 0.8)}); }} }}"""


def check(kind: str, value: float, clock: str = "CK") -> str:
    """A constraint that does not depend on slews."""
    text = f'values ("{value / 1000:.6f}, {value / 1000:.6f}", "{value / 1000:.6f}, {value / 1000:.6f}");'
    return f"""timing () {{ related_pin : "{clock}"; timing_type : {kind};
      rise_constraint (check) {{ {text} }} fall_constraint (check) {{ {text} }} }}"""


def input_pin(name: str, cap: str = "0.002", more: str = "") -> str:
    """An input pin."""
    return f"    pin ({name}) {{ direction : input; capacitance : {cap}; {more} }}\n"


def output(name: str, function: str, arcs: str, more: str = "") -> str:
    """An output pin."""
    return f'    pin ({name}) {{ direction : output; function : "{function}"; max_capacitance : 0.4; {more}\n    {arcs} }}\n'


CELLS = {
    "INV": "  cell (INV) { area : 1;\n" + input_pin("A") + output("Y", "!A", arc("A", 10)) + "  }\n",
    "BUF": "  cell (BUF) { area : 1;\n" + input_pin("A") + output("Y", "A", arc("A", 20, "positive_unate")) + "  }\n",
    "NAND2": "  cell (NAND2) { area : 2;\n"
    + input_pin("A")
    + input_pin("B", "0.003")
    + output("Y", "!(A & B)", arc("A", 15) + arc("B", 18))
    + "  }\n",
    "DFF": '  cell (DFF) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }\n'
    + input_pin("D", more=check("setup_rising", 50) + check("hold_rising", 10))
    + input_pin("CK", "0.001", "clock : true;")
    + output("Q", "IQ", arc("CK", 50, "non_unate", "timing_type : rising_edge;"))
    + "  }\n",
    "TIEH": '  cell (TIEH) { area : 1;\n    pin (Y) { direction : output; function : "1"; }\n  }\n',
}
SDC = """create_clock -name clk -period 1.0 [get_ports clk]
set_input_delay 0.1 -clock clk [get_ports {a b}]
set_output_delay 0.2 -clock clk [all_outputs]
"""
NETLIST = """module top (clk, a, b, z);
  input clk, a, b;
  output z;
  wire q, n1, n2;
  DFF r0 (.D(a), .CK(clk), .Q(q));
  NAND2 u1 (.A(q), .B(b), .Y(n1));
  INV u2 (.A(n1), .Y(n2));
  DFF r1 (.D(n2), .CK(clk), .Q(z));
endmodule
"""


def library(more: str = "", head: str = HEAD, **replaced: str) -> str:
    """The library, with ``more`` cells, another header, or other texts of single cells."""
    return head + "".join({**CELLS, **replaced}.values()) + more + "}\n"
