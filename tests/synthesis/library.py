"""A Liberty text small enough to read: every role a mapper needs, linear delays, pF and ns."""

from __future__ import annotations

# Three entries an axis: ABC reads smaller tables as zero.
_AXIS = (0.001, 0.01, 0.1)
_AXES = 'index_1 ("0.001, 0.01, 0.1"); index_2 ("0.001, 0.01, 0.1");'


def _arc(pins: str, sense: str, resistance: float, kind: str = "") -> str:
    """One timing group whose delay and slew grow with load (ns/pF) and, by a tenth, with input slew."""
    rows = ", ".join(
        '"' + ", ".join(f"{0.01 + 0.1 * slew + resistance * load:.5f}" for load in _AXIS) + '"' for slew in _AXIS
    )
    tables = "".join(
        f"{name} (plane) {{ {_AXES} values ({rows}); }}\n"
        for name in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    )
    type_ = f"timing_type : {kind};" if kind else f"timing_sense : {sense};"
    return f'timing () {{ related_pin : "{pins}"; {type_}\n{tables} }}\n'


def _gate(name: str, area: float, inputs: str, function: str, sense: str, resistance: float = 4.0) -> str:
    pins = "".join(f"pin ({pin}) {{ direction : input; capacitance : 0.001; }}\n" for pin in inputs)
    arcs = "".join(_arc(pin, sense, resistance) for pin in inputs)
    return (
        f"cell ({name}) {{ area : {area};\n{pins}"
        f'pin (Z) {{ direction : output; max_capacitance : 0.1; function : "{function}";\n{arcs} }}\n}}\n'
    )


def _flop(name: str, area: float, reset: str) -> str:
    asynchronous = 'clear : "!RN"; ' if reset else ""
    pin = "pin (RN) { direction : input; capacitance : 0.001; }\n" if reset else ""
    return (
        f'cell ({name}) {{ area : {area};\nff (IQ, IQN) {{ clocked_on : "CK"; next_state : "D"; {asynchronous}}}\n'
        f"pin (D) {{ direction : input; capacitance : 0.001; }}\n"
        f"pin (CK) {{ direction : input; capacitance : 0.001; clock : true; }}\n{pin}"
        f'pin (Q) {{ direction : output; max_capacitance : 0.1; function : "IQ";\n{_arc("CK", "", 4.0, "rising_edge")} }}\n}}\n'
    )


_CLOCK_GATE = f"""cell (GATE) {{ area : 6; clock_gating_integrated_cell : "latch_posedge_precontrol";
pin (CK) {{ direction : input; capacitance : 0.001; clock : true; clock_gate_clock_pin : true; }}
pin (E) {{ direction : input; capacitance : 0.001; clock_gate_enable_pin : true; }}
pin (T) {{ direction : input; capacitance : 0.001; clock_gate_test_pin : true; }}
pin (GCK) {{ direction : output; max_capacitance : 0.1; clock_gate_out_pin : true;
{_arc("CK", "positive_unate", 4.0)} }}
}}
"""


def liberty_text(*leave_out: str) -> str:
    """Return the library, without the cells named."""
    cells = {
        "INV": _gate("INV", 1, "A", "!A", "negative_unate", 3.0),
        "BUF": _gate("BUF", 2, "A", "A", "positive_unate", 2.0),
        "NAND2": _gate("NAND2", 1.5, "AB", "!(A & B)", "negative_unate"),
        "NOR2": _gate("NOR2", 1.5, "AB", "!(A | B)", "negative_unate", 5.0),
        "XOR2": _gate("XOR2", 3, "AB", "A ^ B", "non_unate", 6.0),
        "DFF": _flop("DFF", 8, ""),
        "DFFR": _flop("DFFR", 9, "RN"),
        "GATE": _CLOCK_GATE,
        "TIE1": 'cell (TIE1) { area : 1; dont_use : true; pin (Z) { direction : output; function : "1"; } }\n',
        "TIE0": 'cell (TIE0) { area : 1; dont_use : true; pin (Z) { direction : output; function : "0"; } }\n',
    }
    body = "".join(text for name, text in cells.items() if name not in leave_out)
    return f"""library (tiny) {{
delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA"; leakage_power_unit : "1nW";
capacitive_load_unit (1, pf); nom_voltage : 1.0; nom_temperature : 25;
input_threshold_pct_rise : 50; input_threshold_pct_fall : 50; output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
slew_lower_threshold_pct_rise : 30; slew_upper_threshold_pct_rise : 70;
slew_lower_threshold_pct_fall : 30; slew_upper_threshold_pct_fall : 70; slew_derate_from_library : 1;
lu_table_template (plane) {{ variable_1 : input_net_transition; variable_2 : total_output_net_capacitance; {_AXES} }}
{body}}}
"""
