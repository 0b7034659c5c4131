"""Whole flows that go wrong without a word elsewhere: clocks that nothing constrains, resets of the other level, constants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.cli import run_command
from finevh.flow.engine.stage import read_checks
from finevh.report.tables import read_points

LIBRARY = Path(__file__).parents[2] / "libs" / "finevh45"

TWO = """module two(input clk_a, input clk_b, input rst_n, input [7:0] d, input pick, output reg [7:0] q, output reg [3:0] n);
  reg [7:0] sum, first, second;
  always @(posedge clk_a or negedge rst_n) if (!rst_n) sum <= 0; else sum <= sum + d;
  always @(posedge clk_b or negedge rst_n)
    if (!rst_n) begin first <= 0; second <= 0; q <= 0; n <= 0; end
    else begin first <= sum; second <= first; q <= pick ? second * d[3:0] : second; n <= n + 1; end
endmodule
"""
DIVIDED = """module half(input clk, input rst_n, input [7:0] d, output reg [7:0] q);
  reg slow;
  always @(posedge clk or negedge rst_n) if (!rst_n) slow <= 0; else slow <= ~slow;
  always @(posedge slow or negedge rst_n) if (!rst_n) q <= 0; else q <= q * d + 1;
endmodule
"""
COUNT = """module count(input clk, input rst, input [7:0] d, output reg [7:0] q, output reg [7:0] p);
  always @(posedge clk) begin p <= d; if (rst == LEVEL) q <= 0; else q <= q + d; end
endmodule
"""


def flow(folder: Path, rtl: str, name: str, *, suffix: str = "v", **sections: dict[str, Any]) -> Path:
    """A small flow of one tile at two voltages; a section's keys replace those here."""
    (folder / f"{name}.{suffix}").write_text(rtl, encoding="utf-8")
    given: dict[str, dict[str, Any]] = {
        "design": {"name": name, "top": name, "files": [f"{name}.{suffix}"]},
        "technology": {"path": str(LIBRARY)},
        "clock": {"port": "clk", "period": "1.5 ns", "input_delay": "100 ps", "output_delay": "100 ps"},
        "floorplan": {"tiles": 1, "utilisation": 0.45},
        "activity": {"cycles": 50},
        "schemes": {
            "vdd_min": "0.80 V", "vdd_max": "1.00 V", "ideal_step": "200 mV", "delta_vdd": ["200 mV"],
            "variants": ["pb0"], "selectors": ["greedy"],
        },
    }  # fmt: skip
    for section, keys in sections.items():
        given[section] |= keys
    text = "".join(
        f"[{section}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in keys.items())
        for section, keys in given.items()
    )
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def run(path: Path, *options: str) -> int:
    return run_command(["run", str(path), "-o", str(path.parent / "run"), "-j", "1", *options])


def test_a_clock_that_nothing_constrains_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = flow(tmp_path, TWO, "two", clock={"port": "clk_a", "false_from": ["rst_n"]}, activity={"reset": "!rst_n"})
    assert run(path, "--to", "presize") == 2
    error = capsys.readouterr().err
    assert "28 registers that no clock reaches" in error
    assert "port clk_b (clocks 28 registers: " in error
    assert "--allow unclocked_registers --allow clock_unconstrained" in error


def test_allowed_findings_are_warnings_of_a_run_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = flow(tmp_path, TWO, "two", clock={"port": "clk_a"}, activity={"reset": "!rst_n"})
    allow = ("--allow", "unclocked_registers", "--allow", "clock_unconstrained")
    assert run(path, "--to", "presize", *allow) == 0
    found = json.loads((tmp_path / "run" / "checks.json").read_text())
    assert found["unclocked_registers"]["severity"] == "warning"
    assert found["unclocked_registers"]["count"] == 28
    assert "warning: 28 registers that no clock reaches" in capsys.readouterr().out
    # A finished stage that is taken again is judged again.
    assert run(path, "--to", "presize") == 2
    assert run(path, "--to", "presize", "--allow", "nonsense") == 2
    assert "--allow nonsense: no such kind of finding" in capsys.readouterr().err


SDC = {
    "as the library": ("", 1.0),
    "in ns, stated": ("set_units -time ns -capacitance pF\n", 1e-3),
    "in ps, stated": ("set_units -time 1ps\n", 1.0),
}


@pytest.mark.parametrize("units", SDC)
def test_both_clocks_constrained_give_the_frequency_in_any_stated_unit(tmp_path: Path, units: str) -> None:
    head, scale = SDC[units]
    (tmp_path / "two.sdc").write_text(
        f"{head}create_clock -name clk_a -period {1500 * scale} [get_ports clk_a]\n"
        f"create_clock -name clk_b -period {1500 * scale} [get_ports clk_b]\n"
        f"set_input_delay {100 * scale} -clock clk_a [get_ports {{d pick}}]\n"
        f"set_output_delay {100 * scale} -clock clk_b [all_outputs]\n"
        "set_false_path -from [get_ports rst_n]\n"
    )
    path = flow(tmp_path, TWO, "two", clock={"port": "clk_a", "sdc": "two.sdc"}, activity={"reset": "!rst_n"})
    assert run(path) == 0
    points = read_points(tmp_path / "run" / "operating_points.csv")
    fastest = points[points["scheme"] == "ideal-dvfs"]["freq_mhz"].max()
    assert fastest == pytest.approx(1136.0, rel=0.01)
    checks = read_checks(tmp_path / "run")
    assert not {"unclocked_registers", "clock_unconstrained", "unconstrained_endpoints"} & set(checks.as_dict())
    # Both clocks run in the simulation: two toggles a cycle each.
    with np.load(tmp_path / "run" / "06-activity" / "activity-random.npz") as activity:
        assert np.count_nonzero(activity["toggle_rate"] == 2.0) >= 2
    # What the run exports states its units and gives the run's slack.
    text = (tmp_path / "run" / "out" / "two.sdc").read_text()
    assert text.startswith("set_units -time ")


def test_clocks_of_different_periods_want_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "two.sdc").write_text(
        "create_clock -name a -period 1500 [get_ports clk_a]\ncreate_clock -name b -period 2000 [get_ports clk_b]\n"
    )
    path = flow(tmp_path, TWO, "two", clock={"port": "clk_a", "sdc": "two.sdc"}, activity={"reset": "!rst_n"})
    assert run(path, "--to", "activity") == 2
    assert "clk_b (2000 ps, edges 0 and 1000) are not simulated together" in capsys.readouterr().err


def test_a_clock_made_by_a_register_is_refused_with_the_register(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = flow(tmp_path, DIVIDED, "half", activity={"reset": "!rst_n"})
    assert run(path, "--to", "presize") == 2
    error = capsys.readouterr().err
    assert "8 registers that no clock reaches: q_0__reg" in error
    assert "slow_reg/Q (clocks 8 registers: " in error


@pytest.mark.parametrize("body", ["assign q = 1'b0;", "assign q = 1'b1;", "assign q = a & ~a;"])
def test_a_design_of_constants_gets_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str) -> None:
    rtl = f"module fixed(input clk, input a, output q); {body} endmodule\n"
    assert run(flow(tmp_path, rtl, "fixed"), "--to", "presize") == 2
    error = capsys.readouterr().err
    assert "design 'fixed': no endpoint is constrained" in error
    assert "0 registers after synthesis" in error


def test_a_constant_register_and_a_path_are_timed(tmp_path: Path) -> None:
    rtl = (
        "module mix(input clk, input [7:0] a, output reg [7:0] q, output z);\n"
        "  assign z = 1'b0; always @(posedge clk) q <= a;\nendmodule\n"
    )
    assert run(flow(tmp_path, rtl, "mix"), "--to", "presize") == 0


@pytest.mark.parametrize("level", [0, 1])
def test_a_reset_is_found_or_checked_on_the_registers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], level: int
) -> None:
    right = "!rst" if level == 0 else {"port": "rst", "active": 1}
    wrong = {"port": "rst", "active": 1 - level}
    rates = []
    for reset in (right, "rst", {"port": "rst", "active": level, "cycles": 3}):
        path = flow(tmp_path, COUNT.replace("LEVEL", str(level)), "count", activity={"reset": reset})
        assert run(path, "--to", "activity") == 0
        assert "reset_unseen" not in read_checks(tmp_path / "run")
        metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
        rates.append(metrics["activity__random__toggle_rate__average"])
    assert min(rates) > 0.3
    path = flow(tmp_path, COUNT.replace("LEVEL", str(level)), "count", activity={"reset": wrong})
    assert run(path, "--to", "activity") == 2
    error = capsys.readouterr().err
    # p follows d at either level; q moves only out of reset.
    assert (
        f"'rst' is stated active {('low', 'high')[1 - level]}, but 16 registers move while it is {1 - level} and 8 while"
        in error
    )


def test_a_reset_that_does_nothing_is_said(tmp_path: Path) -> None:
    rtl = (
        "module idle(input clk, input rst, input [7:0] d, output reg [7:0] q, output z);\n"
        "  assign z = rst; always @(posedge clk) q <= d;\nendmodule\n"
    )
    assert run(flow(tmp_path, rtl, "idle", activity={"reset": "!rst"}), "--to", "activity") == 0
    assert read_checks(tmp_path / "run")["reset_unseen"].examples == ["rst (8 of 8 registers move at either level)"]


def test_a_reset_that_does_not_exist_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = flow(tmp_path, COUNT.replace("LEVEL", "1"), "count", activity={"reset": "!reset"})
    assert run(path, "--to", "activity") == 2
    assert (
        "activity.reset: no source of count has a 'reset'; write the name of an input port" in capsys.readouterr().err
    )


def test_an_asynchronous_reset_left_to_random_data_is_said(tmp_path: Path) -> None:
    rtl = (
        COUNT.replace("LEVEL", "1'b0")
        .replace("posedge clk)", "posedge clk or negedge rst)")
        .replace("p <= d; if (rst == 1'b0) q <= 0;", "if (!rst) begin q <= 0; p <= 0; end")
        .replace("else q <= q + d;", "else begin q <= q + d; p <= d; end")
    )
    assert run(flow(tmp_path, rtl, "count"), "--to", "activity") == 0
    assert read_checks(tmp_path / "run")["reset_at_random"].examples == ["rst"]


@pytest.mark.parametrize(
    ("rtl", "suffix", "message"),
    [
        (
            "module both(input clk, input r, input s, input d, output reg q);\n"
            "always @(posedge clk or negedge r or negedge s) if (!r) q <= 0; else if (!s) q <= 1; else q <= d;\nendmodule\n",
            "v",
            "a register with an asynchronous set and an asynchronous clear",
        ),
        (
            "entity both is port (d : in bit; q : out bit); end;\n",
            "vhd",
            "both.vhd: VHDL is not read here; translate it",
        ),
        (
            "entity both is port (d : in bit; q : out bit); end;\n",
            "vhdl",
            "both.vhdl: VHDL is not read here; translate it",
        ),
    ],
)
def test_what_is_not_read_gets_a_sentence_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rtl: str, suffix: str, message: str
) -> None:
    assert run(flow(tmp_path, rtl, "both", suffix=suffix), "--to", "synthesis") == 2
    assert message in capsys.readouterr().err


def test_initial_values_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rtl = (
        "module init(input clk, input [3:0] d, output reg [3:0] q);\n  reg [3:0] c = 4'd5;\n  initial q = 3;\n"
        "  always @(posedge clk) begin c <= c + d; q <= c; end\nendmodule\n"
    )
    assert run(flow(tmp_path, rtl, "init"), "--to", "synthesis") == 0
    assert read_checks(tmp_path / "run")["initial_values"].examples == ["c", "q"]
    assert "warning: 2 signals whose initial value no cell has" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"vcd": "a.vcd", "saif": "a.saif"}, "not both"),
        ({"start": "1 ns"}, "are a window of a 'vcd'"),
        ({"vcd": "a.vcd", "start": "2 ns", "stop": "1 ns"}, "must come after start"),
        ({"reset": {"port": "rst", "active": 2}}, "active"),
    ],
)
def test_contradictions_of_the_activity_section_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: dict[str, Any], message: str
) -> None:
    for name in ("a.vcd", "a.saif"):
        (tmp_path / name).write_text("")
    assert run(flow(tmp_path, COUNT, "count", activity=keys), "--to", "synthesis") == 2
    assert message in capsys.readouterr().err


def test_a_recording_goes_through_the_flow_with_its_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = flow(tmp_path, COUNT.replace("LEVEL", "1"), "count", activity={"reset": {"port": "rst", "active": 1}})
    assert run(path) == 0
    out = capsys.readouterr().out
    first = next(line for line in out.splitlines() if "nets whose activity is simulated" in line)
    assert first.startswith("note: ")
    page = (tmp_path / "run" / "report.html").read_text()
    assert 'id="checks"' in page
    assert "nets whose activity is simulated" in page
    # A recording of the ports alone: all else is propagated.
    names = ["clk", "rst", *(f"d[{i}]" for i in range(8))]
    rows = "".join(
        f"({n.replace('[', chr(92) + '[').replace(']', chr(92) + ']')} (T0 500) (T1 500) (TX 0) (TC {20 if n == 'clk' else 6}))\n"
        for n in names
    )
    (tmp_path / "ports.saif").write_text(
        f"(SAIFILE (TIMESCALE 1 ps) (DURATION 1000) (INSTANCE tb (INSTANCE dut (NET {rows}))))\n"
    )
    path = flow(tmp_path, COUNT.replace("LEVEL", "1"), "count", activity={"saif": "ports.saif"})
    assert run(path) == 0
    checks = read_checks(tmp_path / "run")
    assert checks["activity_recorded"].count == 10
    assert checks["activity_propagated"].count > 20
    assert run_command(["emulate", str(tmp_path / "run"), "--freq", "300MHz", "--json"]) in (0, 1, 2)


def test_a_period_that_contradicts_the_recording_stops_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["clk", "rst", *(f"d[{i}]" for i in range(8))]
    rows = "".join(f'("{n}" (T0 500) (T1 500) (TX 0) (TC {20 if n == "clk" else 6}))\n' for n in names)
    (tmp_path / "ports.saif").write_text(
        f"(SAIFILE (TIMESCALE 1 ns) (DURATION 1000) (INSTANCE tb (INSTANCE dut (NET {rows}))))\n"
    )
    path = flow(
        tmp_path, COUNT.replace("LEVEL", "1"), "count", activity={"saif": "ports.saif", "recording_period": "10 ns"}
    )
    assert run(path, "--to", "activity") == 2
    error = capsys.readouterr().err
    assert "10000 ps are stated, the toggles of 'clk' say 100000 ps" in error
    assert run(path, "--to", "activity", "--allow", "period_mismatch") == 0
    assert isinstance(read_checks(tmp_path / "run"), Checks)
