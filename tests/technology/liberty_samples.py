"""Small Liberty texts for the reader's tests."""

from __future__ import annotations

HEAD = """library (tiny) {
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; capacitive_load_unit (1, pf);
  nom_voltage : 1.0; nom_temperature : 25;
  slew_lower_threshold_pct_rise : 30; slew_lower_threshold_pct_fall : 30;
  slew_upper_threshold_pct_rise : 70; slew_upper_threshold_pct_fall : 70;
  lu_table_template (d) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("1, 2"); index_2 ("1, 2, 3"); }
  lu_table_template (swapped) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("0.001, 0.002, 0.003"); index_2 ("0.01, 0.02"); }
  lu_table_template (load) { variable_1 : total_output_net_capacitance; index_1 ("0.001, 0.002"); }
  lu_table_template (slew) { variable_1 : input_net_transition; index_1 ("0.01, 0.02"); }
  lu_table_template (check) { variable_1 : constrained_pin_transition; variable_2 : related_pin_transition;
    index_1 ("0.01, 0.02, 0.03"); index_2 ("0.01, 0.02"); }
  power_lut_template (p) { variable_1 : input_transition_time; index_1 ("0.01, 0.02"); }
"""

INVERTER = """
  cell (INV_X1) {
    area : 0.5;
    cell_leakage_power : 5;
    leakage_power () { when : "!A"; value : 3; }
    leakage_power () { when : "A"; value : 7; related_pg_pin : VDD; }
    leakage_power () { when : "A"; value : 1; related_pg_pin : VBP; }
    pin (A) { direction : input; capacitance : 0.002; rise_capacitance : 0.0021; max_transition : 0.5;
      internal_power () { power (p) { values ("1, 2"); } } }
    pin (ZN) { direction : output; function : "!A"; max_capacitance : 0.06;
      timing () { related_pin : "A";
        TIMING
      }
      internal_power () { related_pin : "A"; rise_power (scalar) { values ("0.001"); } fall_power (scalar) { values ("0.002"); } }
    }
  }
"""

TABLES = """cell_rise (d) { index_1 ("0.01, 0.02"); index_2 ("0.001, 0.002, 0.003"); values ("1, 2, 3", "4, 5, 6"); }
        cell_fall (scalar) { values ("0.25"); }
        rise_transition (swapped) { values ("1, 4", "2, 5", "3, 6"); }
        fall_transition (load) { values ("7, 8"); }"""


def inverter(timing: str = TABLES, head: str = HEAD) -> str:
    """A library of one inverter."""
    return head + INVERTER.replace("TIMING", timing) + "}\n"
