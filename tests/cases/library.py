"""A Liberty library whose delays are planes, so that any path can be summed by hand, and OpenSTA beside it.

Every combinational arc: delay = base + 0.2 slew + 0.5 load, output slew = 20 + 0.1 slew + 0.8 load (ps, fF); a falling output has
base + 1. Registers: clock to output 50 (+1), setup 50, hold 10.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.timing.report import StaOptions, run_sta

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


def _plane(base: float, by_slew: float, by_load: float) -> str:
    rows = (", ".join(f"{(base + by_slew * s + by_load * c) / 1000:.6f}" for c in LOADS) for s in SLEWS)
    return ", ".join(f'"{row}"' for row in rows)


def arc(related: str, base: float, sense: str = "negative_unate", more: str = "") -> str:
    """A timing group of the rules above."""
    return f"""timing () {{ related_pin : "{related}"; timing_sense : {sense}; {more}
      cell_rise (plane) {{ values ({_plane(base, 0.2, 0.5)}); }}
      cell_fall (plane) {{ values ({_plane(base + 1, 0.2, 0.5)}); }}
      rise_transition (plane) {{ values ({_plane(20, 0.1, 0.8)}); }}
      fall_transition (plane) {{ values ({_plane(20, 0.1, 0.8)}); }} }}"""


def check(kind: str, value: float, clock: str = "CK") -> str:
    """A constraint that does not depend on slews."""
    text = f'values ("{value / 1000:.6f}, {value / 1000:.6f}", "{value / 1000:.6f}, {value / 1000:.6f}");'
    return f"""timing () {{ related_pin : "{clock}"; timing_type : {kind};
      rise_constraint (check) {{ {text} }} fall_constraint (check) {{ {text} }} }}"""


def _input(name: str, cap: str = "0.002", more: str = "") -> str:
    return f"    pin ({name}) {{ direction : input; capacitance : {cap}; {more} }}\n"


def output(name: str, function: str, arcs: str, more: str = "") -> str:
    """An output pin."""
    return f'    pin ({name}) {{ direction : output; function : "{function}"; max_capacitance : 0.4; {more}\n    {arcs} }}\n'


CELLS = {
    "INV": "  cell (INV) { area : 1;\n" + _input("A") + output("Y", "!A", arc("A", 10)) + "  }\n",
    "BUF": "  cell (BUF) { area : 1;\n" + _input("A") + output("Y", "A", arc("A", 20, "positive_unate")) + "  }\n",
    "NAND2": "  cell (NAND2) { area : 2;\n"
    + _input("A")
    + _input("B", "0.003")
    + output("Y", "!(A & B)", arc("A", 15) + arc("B", 18))
    + "  }\n",
    "DFF": '  cell (DFF) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }\n'
    + _input("D", more=check("setup_rising", 50) + check("hold_rising", 10))
    + _input("CK", "0.001", "clock : true;")
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


class Case:
    """Files of one case in a folder, and what both tools make of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("top.v", NETLIST)
        self.write("cells.lib", library())
        self.write("top.sdc", SDC)

    def write(self, name: str, text: str) -> Path:
        """Write one file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def _spef(self) -> Path | None:
        path = self.folder / "top.spef"
        return path if path.exists() else None

    def ours(self) -> dict[str, object]:
        """The dictionary of ``finevh sta``."""
        files = (self.folder / name for name in ("top.v", "cells.lib", "top.sdc"))
        netlist, liberty, sdc = files
        return run_sta(netlist, "top", [liberty], sdc, self._spef)

    def slacks(self) -> dict[str, float]:
        """Setup slack, ps, of every endpoint."""
        rows = self.ours()["endpoints"]
        assert isinstance(rows, list)
        return {str(row["pin"]): float(row["slack_ps"]) for row in rows}

    def hold(self) -> float:
        """Worst hold slack, ps."""
        found = self.ours()["worst_hold_slack_ps"]
        assert isinstance(found, float)
        return found

    def theirs(self) -> tuple[dict[str, float], float]:
        """OpenSTA's setup slack of every endpoint and its worst hold slack, ps."""
        late, early = self.all_of_theirs()
        return late, min(early.values())

    def all_of_theirs(self, more: str = "") -> tuple[dict[str, float], dict[str, float]]:
        """OpenSTA's setup and hold slack, ps, of every endpoint; ``more`` runs after the constraints."""
        executable = shutil.which("sta")
        if executable is None:
            pytest.skip("OpenSTA is missing: apt-get install opensta")

        lines = [
            f"read_liberty {self.folder / 'cells.lib'}", f"read_verilog {self.folder / 'top.v'}", "link_design top",
            f"source {self.folder / 'top.sdc'}",
        ]  # fmt: skip
        if self._spef:
            lines.append(f"read_spef {self._spef}")
        lines.append(more)
        for end in ("max", "min"):
            lines += [f"puts {end}", f"report_checks -path_delay {end} -format end -digits 6 -group_count 1000"]
        script = self.write("check.tcl", "\n".join([*lines, "exit", ""]))
        run = subprocess.run(
            [executable, "-no_splash", "-exit", str(script)], capture_output=True, text=True, check=True
        )
        late, _, early = run.stdout.partition("\nmin\n")
        return _slacks(late), _slacks(early)

    def everything(self) -> tuple[dict[str, float], dict[str, float]]:
        """Our setup and hold slack, ps, of every endpoint."""
        files = (self.folder / name for name in ("top.v", "cells.lib", "top.sdc"))
        netlist, liberty, sdc = files
        found = run_sta(netlist, "top", [liberty], sdc, self._spef, options=StaOptions(hold=True))
        setup, hold = ({row["pin"]: row["slack_ps"] for row in found[key]} for key in ("endpoints", "hold_endpoints"))
        return setup, hold

    def agrees_everywhere(self, within: float = 0.05) -> tuple[dict[str, float], dict[str, float]]:
        """Our setup and hold slacks of every endpoint, which are OpenSTA's."""
        setup, hold = self.everything()
        theirs, early = self.all_of_theirs()
        assert setup == pytest.approx(theirs, abs=within)
        assert hold == pytest.approx(early, abs=within)
        return setup, hold

    def agrees(self, within: float = 0.05) -> dict[str, float]:
        """Our setup slacks, which are OpenSTA's, as is the worst hold slack."""
        ours, (theirs, hold) = self.slacks(), self.theirs()
        assert ours == pytest.approx(theirs, abs=within)
        assert self.hold() == pytest.approx(hold, abs=within)
        return ours


def _slacks(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = re.match(r"(\S+) \(.*\)\s+[-\d.]+\s+[-\d.]+\s+([-\d.]+) \((?:MET|VIOLATED)\)", line.strip())
        if match:
            name = match.group(1).replace("\\", "")
            found[name] = min(found.get(name, float("inf")), float(match.group(2)) * 1000)
    return found
