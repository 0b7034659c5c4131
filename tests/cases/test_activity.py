"""Recordings as the field writes them: what is right is by hand, on ten cycles of 10 ns.

``clk`` rises at 5, 15, ... ns; ``a`` is 1 from 10 to 30 ns; ``bus`` is 0, 5 from 20 ns and 15 from 40 ns; all else stays 0.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import Activity, read_saif, read_vcd
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.power.simulation.memory import read_hex
from tests.power.tiny import netlist

PERIOD = 10_000.0  # ps
WIRES = ("clk", "a", "b", "z", "n1", "n2", "q", "o", "e[1]", "d.x")


@pytest.fixture(scope="module")
def design() -> Netlist:
    """Two registers, logic, an escaped name with brackets and one with a dot."""
    return netlist(
        ["clk", "a", "b", *(f"bus[{i}]" for i in range(4))],
        ["z", "o"],
        [
            ("r0", "DFFQ", {"D": "a", "CK": "clk", "Q": "q"}),
            ("u1", "NAND2", {"A1": "q", "A2": "b", "ZN": "n1"}),
            ("u2", "INV", {"A": "n1", "ZN": "n2"}),
            ("r1", "DFFQ", {"D": "n2", "CK": "clk", "Q": "z"}),
            ("u3", "AND2", {"A1": "bus[0]", "A2": "bus[1]", "Z": "e[1]"}),
            ("u4", "AND2", {"A1": "bus[2]", "A2": "bus[3]", "Z": "d.x"}),
            ("u5", "XOR2", {"A": "e[1]", "B": "d.x", "Z": "o"}),
        ],
    )


CODES = dict(zip(WIRES, "!abzNMqoed", strict=True))


def header(*, bus: str = "bus [3:0]", inner: str = "$var wire 1 d d.x $end\n", kind: str = "wire") -> str:
    scalars = "".join(f"$var {kind} 1 {CODES[w]} {w} $end\n" for w in WIRES if w != "d.x")
    return (
        "$timescale 1ns $end\n$scope module tb $end\n$scope module dut $end\n"
        f"{scalars}$var {kind} 4 B {bus} $end\n{inner}$upscope $end\n$upscope $end\n$enddefinitions $end\n"
    )


def body(start: int = 0, scalar: Callable[[str, str], str] | None = None) -> str:
    """Changes of the ten cycles; ``scalar(value, code)`` writes one bit."""
    say = scalar or (lambda value, code: f"{value}{code}")
    events: dict[int, list[str]] = {0: ["$dumpvars", *(say("0", c) for c in CODES.values()), "b0 B", "$end"]}
    for cycle in range(10):
        events.setdefault(10 * cycle + 5, []).append(say("1", "!"))
        events.setdefault(10 * cycle + 10, []).append(say("0", "!"))
    events[10].append(say("1", "a"))
    events[30].append(say("0", "a"))
    events[20].append("b101 B")
    events[40].append("b1111 B")
    return "".join(f"#{start + time}\n" + "\n".join(lines) + "\n" for time, lines in sorted(events.items()))


def port(value: str, code: str) -> str:
    return f"p{'UD'[value == '0']} 6 0 {code}"


def written(folder: Path, text: str, name: str = "dump.vcd") -> Path:
    path = folder / name
    path.write_text(text, encoding="ascii")
    return path


def of(activity: Activity, design: Netlist, net: str) -> tuple[float, float]:
    row = design.net_index[net]
    return float(activity.toggle_rate[row]), float(activity.probability[row])


def holds(activity: Activity, design: Netlist) -> None:
    assert activity.cycles == pytest.approx(10.0)
    assert of(activity, design, "clk") == pytest.approx((2.0, 0.5))
    assert of(activity, design, "a") == pytest.approx((0.2, 0.2))
    assert of(activity, design, "bus[0]") == pytest.approx((0.1, 0.8))
    assert of(activity, design, "bus[1]") == pytest.approx((0.1, 0.6))
    assert of(activity, design, "o") == (0.0, 0.0)


VARIANTS: dict[str, str] = {
    "plain": header() + body(),
    "late start": header() + body(start=7000),
    "header on one line": header().replace("\n", " ") + "\n" + body(),
    "definitions and data on one line": header().replace("\n", " ") + body(),
    "one word a line": (header() + body()).replace(" ", "\n"),
    "index without a blank": header(bus="bus[3:0]") + body(),
    "bus without a range": header(bus="bus") + body(),
    "bus as VHDL writes it": header(bus="bus(3:0)") + body(),
    "escaped names": header().replace(" e[1] ", " \\e[1] ").replace(" d.x ", " \\d.x ") + body(),
    "net of a sub-scope": header(inner="$scope module d $end\n$var wire 1 d x $end\n$upscope $end\n") + body(),
    "net with a slash": header(inner="$var wire 1 d d/x $end\n") + body(),
    "extended": header(kind="port", bus="bus") + body(scalar=port),
    "extended with the range in place of the width": header(kind="port").replace(
        "port 4 B bus [3:0]", "port [3:0] B bus"
    )
    + body(scalar=port)
    .replace("b0 B", "pDDDD 6666 0000 B")
    .replace("b101 B", "pDUDU 6 6 B")
    .replace("b1111 B", "pHHUu 6 0 B"),
    "comments": header().replace("$scope module tb", "$comment $var wire 1 ! none $end\n$scope module tb")
    + body().replace("#50\n", "$comment #3 0! $end\n#50\n"),
    "Windows line ends": (header() + body()).replace("\n", "\r\n"),
    "last line end missing after a value": (header() + body()).rstrip("\n"),
    "a parameter is no net": header(inner="$var wire 1 d d.x $end\n$var parameter 32 P bus_width $end\n") + body(),
    "cell pins below are no nets": header(
        inner="$var wire 1 d d.x $end\n$scope module u1 $end\n$var wire 1 x A1 $end\n$var wire 1 y ZN $end\n$upscope $end\n"
    )
    + body(),
    "bit by bit": header().replace(
        "$var wire 4 B bus [3:0] $end\n", "".join(f"$var wire 1 B{i} bus[{i}] $end\n" for i in range(4))
    )
    + body().replace("b0 B", "0B0\n0B1\n0B2\n0B3").replace("b101 B", "1B0\n1B2").replace("b1111 B", "1B1\n1B3"),
    "in two parts": header().replace(
        "$var wire 4 B bus [3:0] $end\n", "$var wire 2 B bus[1:0] $end\n$var wire 2 C bus [3:2] $end\n"
    )
    + body().replace("b0 B", "b0 B\nb0 C").replace("b101 B", "b1 B\nb1 C").replace("b1111 B", "b11 B\nb11 C"),
    "wider than the design's bus": header(bus="bus [7:0]").replace("wire 4 B", "wire 8 B") + body(),
    "values with leading zeros and longer ones": header()
    + body().replace("b0 B", "B0000 B").replace("b101 B", "b000101 B"),
    "one bit as a vector": header() + body().replace("1a\n", "b1 a\n").replace("0a\n", "b0 a\n"),
    "types of SystemVerilog": header().replace("wire 1", "logic 1").replace("wire 4", "bit 4") + body(),
    "real and text variables": header(
        inner="$var wire 1 d d.x $end\n$var real 64 R temp $end\n$var string 1 S state $end\n"
    )
    + body().replace("#50\n", "#50\nr3.25 R\nsIDLE S\n").replace("#60\n", "#60\ns S\n"),
    "codes that look like keywords": header()
    .replace(" a a ", " #! a ")
    .replace(" b b ", " $x b ")
    .replace(" B bus", " # bus")
    + body().replace("1a\n", "1#!\n").replace("0a\n", "0#!\n").replace("0b\n", "0$x\n").replace(" B\n", " #\n"),
    "a stamp twice, values again, a check point": header()
    + body().replace("#20\n", "#20\n#20\n").replace("#50\n", "#50\n0a\n$dumpall\n0a\nb1111 B\n0b\n$end\n"),
    "a glitch of no length": header() + body().replace("#20\n", "#20\n1b\n#20\n0b\n"),
    "several changes on a line": header() + body().replace("1!\n", "1! 0b\n").replace("#10\n", "#10 0b "),
    "weak levels": header() + body().replace("1a\n", "Ha\n").replace("0a\n", "La\n"),
    "ports in the scope above": header().replace(
        "$scope module tb $end\n$scope module dut $end\n",
        "$scope module TOP $end\n"
        + "".join(f"$var wire 1 {CODES[w]} {w} $end\n" for w in ("clk", "a", "b", "z", "o"))
        + "$var wire 4 B bus [3:0] $end\n$scope module dut $end\n",
    )
    + body(),
    "bits with their index apart": header().replace(
        "$var wire 4 B bus [3:0] $end\n", "".join(f"$var reg 1 B{i} bus [{i}] $end\n" for i in range(4))
    )
    + body().replace("b0 B", "0B0\n0B1\n0B2\n0B3").replace("b101 B", "1B0\n1B2").replace("b1111 B", "1B1\n1B3"),
    "femtoseconds": header().replace("1ns", "1fs") + re.sub(r"#([1-9]\d*)", r"#\g<1>000000", body()),
    "blocks, tasks and records": header(
        inner="$var wire 1 d d.x $end\n"
        + "".join(
            f"$scope {kind} s $end\n$var integer 32 I{kind} i $end\n$upscope $end\n"
            for kind in ("begin", "task", "function", "fork", "struct", "interface")
        )
    )
    + body(),
    "no block of first values": header() + body().replace("$dumpvars\n", "").replace("b0 B\n$end\n", "b0 B\n"),
    "empty lines and tabs": (header() + body()).replace("\n", " \t\n\n"),
    "attributes of another writer": header().replace(
        "$scope module tb", "$attrbegin misc 03 tb 1 $end\n$scope module tb"
    )
    + body()
    + "$dumpflush\n$end\n",
    "a scope of a loop": header().replace("module dut", "module gen[0]") + body(),
    "unordered time scale": header()
    .replace("$timescale 1ns $end\n", "")
    .replace("$enddefinitions", "$timescale\n\t1 ns\n$end\n$enddefinitions")
    + body(),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_waveform_in_any_spelling_gives_the_same_activity(
    tmp_path: Path, design: Netlist, variant: str
) -> None:
    path, checks = written(tmp_path, VARIANTS[variant]), Checks()
    activity = read_vcd(path, design, clock="clk", checks=checks)
    holds(activity, design)
    assert activity.joint
    assert checks.as_dict() == {"activity_recorded": {"count": 14, "examples": [], "severity": "note"}}
    holds(read_vcd(path, design, clock="clk", period_ps=PERIOD), design)


def test_a_compressed_recording_reads_alike(tmp_path: Path, design: Netlist) -> None:
    path = tmp_path / "dump.vcd.gz"
    path.write_bytes(gzip.compress(VARIANTS["plain"].encode()))
    holds(read_vcd(path, design, clock="clk"), design)


def test_a_net_nowhere_in_the_recording_is_propagated_and_counted(tmp_path: Path, design: Netlist) -> None:
    checks = Checks()
    activity = read_vcd(written(tmp_path, header(inner="") + body()), design, clock="clk", checks=checks)
    assert checks["activity_propagated"].examples == ["d.x"]
    assert checks["activity_recorded"].count == 13
    # u5 has d.x at a pin; all other cells keep their recorded patterns.
    assert checks["activity_patterns"].examples == ["u5"]
    assert not activity.joint
    u3 = activity.pattern_probability[activity.pattern_ptr[4] : activity.pattern_ptr[5]]
    # bus[1:0] is 00 for 20 ns, 01 for 20 ns, 11 for 60 ns.
    assert u3.tolist() == pytest.approx([0.2, 0.2, 0.0, 0.6])


def test_names_that_the_design_does_not_have_are_counted(tmp_path: Path, design: Netlist) -> None:
    extra = "$var wire 1 d d.x $end\n$var wire 1 j ghost $end\n$scope module dbg $end\n$var wire 1 k probe $end\n$upscope $end\n"
    checks = Checks()
    read_vcd(written(tmp_path, header(inner=extra) + body()), design, clock="clk", checks=checks)
    assert checks.as_dict()["activity_not_found"] == {
        "count": 2,
        "examples": ["ghost", "dbg.probe"],
        "severity": "warning",
    }


def test_less_than_half_of_the_recording_found_is_an_error(tmp_path: Path, design: Netlist) -> None:
    extra = "".join(f"$var wire 1 v{i} rtl_{i} $end\n" for i in range(13))
    path = written(tmp_path, header(inner=extra) + body())
    with pytest.raises(
        InputError, match=r"13 nets of the recording that the design does not have: rtl_0, .*activity_not_found"
    ):
        read_vcd(path, design, clock="clk")
    checks = Checks()
    read_vcd(path, design, clock="clk", checks=checks)
    checks.refuse(allow=["activity_not_found"])


def test_two_equal_instances_want_a_scope(tmp_path: Path, design: Netlist) -> None:
    second = header().partition("$scope module dut $end\n")[2].partition("$upscope")[0]
    text = header().replace(
        "$upscope $end\n$upscope", f"$upscope $end\n$scope module gold $end\n{second}$upscope $end\n$upscope"
    )
    path = written(tmp_path, text + body())
    with pytest.raises(InputError, match=r"'tb.dut', 'tb.gold' show equally many nets of tiny; name one with"):
        read_vcd(path, design, clock="clk")
    holds(read_vcd(path, design, clock="clk", scope="tb/gold"), design)


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        # (from, to] in ns: cycles, toggles of a per cycle, P(a)
        (20, 60, (4.0, 0.25, 0.25)),
        (0, 30, (3.0, 2 / 3, 2 / 3)),
        (10, 30, (2.0, 0.5, 1.0)),
        (50, None, (5.0, 0.0, 0.0)),
        (-5, 20, (2.0, 0.5, 0.5)),
    ],
)
def test_a_window_counts_what_lies_in_it(
    tmp_path: Path, design: Netlist, start: float, stop: float | None, expected: tuple[float, float, float]
) -> None:
    for shift in (0, 7000):
        path = written(tmp_path, header() + body(start=shift))
        window = {"start_ps": 1e3 * (shift + start), "end_ps": None if stop is None else 1e3 * (shift + stop)}
        activity = read_vcd(path, design, clock="clk", **window)
        assert (activity.cycles, *of(activity, design, "a")) == pytest.approx(expected)
        assert of(activity, design, "clk") == pytest.approx((2.0, 0.5))


def test_two_windows_add_up_to_the_whole(tmp_path: Path, design: Netlist) -> None:
    path = written(tmp_path, header() + body())
    parts = [
        read_vcd(path, design, clock="clk", start_ps=a, end_ps=b) for a, b in ((None, 25e3), (25e3, 42e3), (42e3, None))
    ]
    total = sum((part.toggle_rate * part.cycles for part in parts), np.zeros(design.n_nets))
    np.testing.assert_allclose(total, 10 * read_vcd(path, design, clock="clk").toggle_rate)


def test_time_with_dumping_off_is_no_part_of_the_recording(tmp_path: Path, design: Netlist) -> None:
    every = [*(f"x{c}" for c in CODES.values()), "bx B"]
    off = "$dumpoff\n" + "\n".join(every) + "\n$end\n"
    on = (
        "$dumpon\n" + "\n".join([*(f"{'1' if w == 'b' else '0'}{c}" for w, c in CODES.items()), "b1111 B"]) + "\n$end\n"
    )
    text = body().replace("#50\n", f"#50\n0!\n{off}#90\n{on}", 1)
    # Stamps 55..90 of the original would go back in time: drop them.
    head, _, tail = text.partition("$dumpon")
    kept = tail[tail.index("#95\n") :]
    activity = read_vcd(
        written(tmp_path, header() + head + "$dumpon" + tail[: tail.index("$end\n") + 5] + kept), design, clock="clk"
    )
    # 0..50 and 90..100 ns: six cycles; b is 1 in the last of them and no toggle is known of it.
    assert activity.cycles == 6.0
    assert of(activity, design, "b") == pytest.approx((0.0, 1 / 6))
    assert of(activity, design, "a") == pytest.approx((2 / 6, 2 / 6))
    assert of(activity, design, "clk") == pytest.approx((2.0, 0.5))


@pytest.mark.parametrize(
    ("changes", "toggles", "high"),
    [
        ("#10 1b #20 0b", 2.0, 0.1),
        ("#10 xb #20 0b", 1.0, 0.0),
        ("#10 xb #20 1b #30 0b", 2.0, 0.1),
        ("#10 1b #20 zb #40 1b #50 0b", 3.0, 0.2),
        ("#10 xb #20 zb #30 0b", 1.5, 0.0),
        ("#10 1b xb 0b", 0.0, 0.0),
        ("#10 1b #20 xb 0b", 2.0, 0.1),
    ],
)
def test_a_change_to_or_from_x_is_half_a_toggle(
    tmp_path: Path, design: Netlist, changes: str, toggles: float, high: float
) -> None:
    rest = [
        f"#{t}\n" + text
        for t, text in ((int(p.split()[0]), "\n".join(p.split()[1:]) + "\n") for p in changes.split("#")[1:])
    ]
    at = {int(part[1 : part.index("\n")]): part.partition("\n")[2] for part in rest}
    text = body()
    for time, lines in at.items():
        text = text.replace(f"#{time}\n", f"#{time}\n{lines}")
    activity = read_vcd(written(tmp_path, header() + text), design, clock="clk")
    assert (10 * of(activity, design, "b")[0], of(activity, design, "b")[1]) == pytest.approx((toggles, high))


def test_the_x_before_the_first_value_is_no_toggle(tmp_path: Path, design: Netlist) -> None:
    text = body().replace("0b\n", "xb\n", 1).replace("#10\n", "#10\n1b\n", 1)
    activity = read_vcd(written(tmp_path, header() + text), design, clock="clk")
    assert of(activity, design, "b") == pytest.approx((0.0, 0.9))


@pytest.mark.parametrize(("scale", "period"), [("10ps", 100.0), ("100 fs", 1.0), ("2ns", 2e4), ("1 s", 1e13)])
def test_any_time_scale_of_a_vcd_counts(tmp_path: Path, design: Netlist, scale: str, period: float) -> None:
    path = written(tmp_path, (header() + body()).replace("1ns", scale))
    holds(read_vcd(path, design, clock="clk", period_ps=period), design)


def test_a_bus_with_rising_indices_has_its_first_bit_on_the_left(tmp_path: Path, design: Netlist) -> None:
    found = read_vcd(written(tmp_path, header(bus="bus [0:3]") + body()), design, clock="clk")
    # 0101 from 20 ns: bits 1 and 3.
    assert [of(found, design, f"bus[{k}]")[1] for k in range(4)] == pytest.approx([0.6, 0.8, 0.6, 0.8])


def test_of_two_variables_for_one_net_the_first_is_taken_and_the_other_counted(tmp_path: Path, design: Netlist) -> None:
    text = header(inner="$var wire 1 d d.x $end\n$var wire 1 y a $end\n") + body().replace("#50\n", "#50\n1y\n")
    checks = Checks()
    holds(read_vcd(written(tmp_path, text), design, clock="clk", checks=checks), design)
    assert checks["activity_not_found"].examples == ["variable 'y' for a net that another one shows"]


def test_a_recording_cut_anywhere_is_refused_where_its_end_is_stated(tmp_path: Path, design: Netlist) -> None:
    """A VCD says nowhere where it ends; ``stop`` does. The last half cycle holds no edge of the clock."""
    whole = header() + body()
    for at in range(len(whole)):
        path = written(tmp_path, whole[:at])
        try:
            found = read_vcd(path, design, clock="clk", end_ps=100e3)
        except InputError:
            continue
        assert whole[:at].count("#") >= whole.count("#") - 1, whole[at - 20 : at]
        assert found.cycles == pytest.approx(10.0, abs=1.0)
    with pytest.raises(
        InputError, match=r"the last time stamp is 100000 ps, the window ends at 200000 ps.*recording_short"
    ):
        read_vcd(written(tmp_path, whole), design, clock="clk", end_ps=200e3)
    holds(read_vcd(written(tmp_path, whole), design, clock="clk", end_ps=100e3), design)


@pytest.mark.parametrize("cut", ["#100\n0!\n", "0!\n", "\n0!\n"])
def test_a_recording_cut_within_a_stamp_or_value_is_refused(tmp_path: Path, design: Netlist, cut: str) -> None:
    whole = header() + body()
    for size in range(1, len(cut)):
        text = whole[: len(whole) - size]
        path = written(tmp_path, text)
        if text.endswith(("\n", "0!")):
            continue  # a whole value ends it
        with pytest.raises(InputError, match="the file ends within '"):
            read_vcd(path, design, clock="clk")


def test_a_code_that_begins_another_may_be_cut(tmp_path: Path, design: Netlist) -> None:
    text = header(inner="$var wire 1 d d.x $end\n$var wire 1 !! other $end\n") + body()
    with pytest.raises(InputError, match="the file ends within '0!'"):
        read_vcd(written(tmp_path, text.rstrip("\n")), design, clock="clk")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#50\n", "#50\nhello?\n", "is no value change|the code of"),
        ("#50\n", "#44\n", "'#44' is no time after #45"),
        ("$timescale 1ns", "$timescale 1 fortnight", "fortnight"),
        ("wire 4 B", "wire four B", "'four' is no number of bits"),
        ("$scope module tb $end", "$scope module $end", "names no scope"),
        ("$var wire 1 a a $end", "$var wire 1 a $end", "lacks a number of bits, a code or a name"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path: Path, design: Netlist, old: str, new: str, message: str) -> None:
    text = (header() + body()).replace(old, new, 1)
    if new.startswith("#50\nhello"):
        text = text.replace("hello?", "?hello")
    with pytest.raises(InputError, match=rf"dump\.vcd:\d+: .*({message})"):
        read_vcd(written(tmp_path, text), design, clock="clk")


def test_a_period_that_the_clock_contradicts_is_an_error_with_both_numbers(tmp_path: Path, design: Netlist) -> None:
    path = written(tmp_path, header() + body())
    with pytest.raises(
        InputError, match=r"5000 ps are stated, the toggles of 'clk' say 10000 ps.*--allow period_mismatch"
    ):
        read_vcd(path, design, clock="clk", period_ps=PERIOD / 2)
    checks = Checks()
    assert read_vcd(path, design, clock="clk", period_ps=PERIOD / 2, checks=checks).cycles == pytest.approx(20.0)
    assert checks["period_mismatch"].count == 1


# --- SAIF

ROWS = {
    "clk": (50, 50, 20),
    "a": (80, 20, 2),
    "b": (100, 0, 0),
    "z": (100, 0, 0),
    "n1": (0, 100, 0),
    "n2": (100, 0, 0),
    "q": (100, 0, 0),
    "bus[0]": (20, 80, 1),
    "bus[1]": (40, 60, 1),
    "bus[2]": (20, 80, 1),
    "bus[3]": (40, 60, 1),
    "o": (100, 0, 0),
    "e[1]": (70, 30, 6),
    "d.x": (60, 40, 4),
}


def escaped(name: str) -> str:
    return name.replace("[", "\\[").replace("]", "\\]")


def saif(
    spell: Callable[[str], str] = escaped,
    *,
    scale: str = "1 ns",
    before: str = "",
    times: int = 1,
    divider: str = "/",
    wrap: Sequence[str] = ("INSTANCE tb", "INSTANCE dut"),
    inner: str = "",
    names: Sequence[str] = tuple(ROWS),
) -> str:
    rows = "".join(
        f"   ({spell(n)} (T0 {ROWS[n][0] * times}) (T1 {ROWS[n][1] * times}) (TX 0) (TC {ROWS[n][2]}) (IG 0))\n"
        for n in names
    )
    return (
        f'{before}(SAIFILE\n(SAIFVERSION "2.0")\n(DIRECTION "backward")\n(DIVIDER {divider} )\n(TIMESCALE {scale})\n'
        f"(DURATION {100 * times})\n"
        + "".join(f"({w}\n" for w in wrap)
        + f"  (NET\n{rows}  )\n{inner}"
        + ")" * len(wrap)
        + "\n)\n"
    )


SAIFS: dict[str, str] = {
    "backslashes": saif(),
    "escaped identifiers": saif(lambda n: f"\\\\{escaped(n)}" if n in ("e[1]", "d.x") else escaped(n)),
    "every special character": saif(lambda n: escaped(n).replace(".", "\\.")),
    "quotes": saif(lambda n: f'"{n}"' if n in ("e[1]", "d.x") else escaped(n)),
    "nothing escaped": saif(lambda n: n),
    "round brackets": saif(lambda n: n.replace("[", "(").replace("]", ")") if n.startswith("bus") else n)
    .replace("(bus(0)", "(bus\\(0\\)")
    .replace("(bus(1)", "(bus\\(1\\)")
    .replace("(bus(2)", "(bus\\(2\\)")
    .replace("(bus(3)", "(bus\\(3\\)"),
    "angle brackets": saif(lambda n: n.replace("[", "<").replace("]", ">")),
    "scale without a blank": saif(scale="1ns"),
    "scale of ten": saif(scale="10ns", times=1).replace("DURATION 100", "DURATION 100"),
    "a comment ahead": saif(before="// Generated by a simulator\n// on a day\n"),
    "a block comment": saif(before="/* made\n by hand */\n"),
    "divider dot": saif(divider="."),
    "instance with its module": saif(wrap=("INSTANCE tb", 'INSTANCE "top" dut')),
    "sub-instance": saif(
        names=[n for n in ROWS if n != "d.x"],
        inner="  (INSTANCE d (NET (x (T0 60) (T1 40) (TX 0) (TC 4) (IG 0))))\n",
    ),
    "ports apart from nets": saif(names=[n for n in ROWS if n not in ("clk", "a")]).replace(
        "  (NET\n",
        "  (PORT (clk (T0 50) (T1 50) (TX 0) (TC 20) (IG 0)) (a (T0 80) (T1 20) (TX 0) (TC 2) (IG 0)))\n  (NET\n",
    ),
    "times with a point or an exponent": saif().replace("(T0 80)", "(T0 80.0)").replace("(T1 20)", "(T1 2e+1)"),
    "half of the time unknown": saif().replace(
        "(a (T0 80) (T1 20) (TX 0)", "(a (T0 40) (T1 10) (TX 20) (TZ 20) (TB 10)"
    ),
    "glitches apart": saif().replace("(TC 2) (IG 0)", "(TC 2) (IG 3) (IK 2)"),
    "a port that is a net, too": saif().replace(
        "  (NET\n", "  (PORT (a (T0 80) (T1 20) (TX 0) (TC 2) (IG 0)))\n  (NET\n"
    ),
    "rows by state": saif().replace(
        "(TC 2) (IG 0))", "(TC 2) (IG 0)\n (COND b (RISE) (TC 1) (IG 0) COND_DEFAULT (TC 1) (IG 0)))"
    ),
    "pins of cells by state": saif(
        inner="(INSTANCE u1 (PORT (ZN (T0 0) (T1 100) (TC 0) (IG 0) (IOPATH A1 (TC 3) (IG 0)))))\n"
    ),
    "no divider": saif().replace("(DIVIDER / )\n", ""),
    "words of the writer": saif().replace(
        "(DIVIDER", '(DATE "x (y")\n(VENDOR "V")\n(PROGRAM_NAME "p")\n(VERSION "1")\n(DIVIDER'
    ),
    "lower case": saif().replace("SAIFILE", "saifile").replace("INSTANCE", "instance").replace("(T1", "(t1"),
}


@pytest.mark.parametrize("variant", SAIFS)
def test_any_saif_spelling_gives_the_same_activity(tmp_path: Path, design: Netlist, variant: str) -> None:
    path, checks = written(tmp_path, SAIFS[variant], "a.saif"), Checks()
    found = read_saif(path, design, clock="clk", checks=checks)
    holds(found, design)
    assert of(found, design, "e[1]") == pytest.approx((0.6, 0.3))
    assert of(found, design, "d.x") == pytest.approx((0.4, 0.4))
    assert checks["activity_recorded"].count == 14
    assert "activity_not_found" not in checks
    assert "activity_propagated" not in checks


@pytest.mark.parametrize(
    ("scale", "period"), [("1ns", 1e4), ("10ns", 1e5), ("1 ps", 10.0), ("100ps", 1e3), ("1us", 1e7)]
)
def test_the_time_scale_counts(tmp_path: Path, design: Netlist, scale: str, period: float) -> None:
    path = written(tmp_path, saif(scale=scale), "a.saif")
    holds(read_saif(path, design, clock="clk", period_ps=period), design)
    said = re.escape(f"{period / 2:g} ps are stated, the toggles of 'clk' say {period:g} ps")
    with pytest.raises(InputError, match=said):
        read_saif(path, design, clock="clk", period_ps=period / 2)


def test_saif_patterns_are_products_and_say_so(tmp_path: Path, design: Netlist) -> None:
    checks = Checks()
    found = read_saif(written(tmp_path, saif(), "a.saif"), design, clock="clk", checks=checks)
    assert not found.joint
    assert checks["activity_patterns"].count == 6  # all but the inverter
    u3 = found.pattern_probability[found.pattern_ptr[4] : found.pattern_ptr[5]]
    assert u3.tolist() == pytest.approx([0.2 * 0.4, 0.8 * 0.4, 0.2 * 0.6, 0.8 * 0.6])


def test_a_saif_of_other_names_is_an_error_or_counted(tmp_path: Path, design: Netlist) -> None:
    extra = "".join(f"(rtl_{i} (T0 100) (T1 0) (TX 0) (TC 0) (IG 0))" for i in range(15))
    path = written(tmp_path, saif(inner=f"(NET {extra})"), "a.saif")
    with pytest.raises(InputError, match="15 nets of the recording that the design does not have"):
        read_saif(path, design, clock="clk")
    inputs = written(tmp_path, saif(lambda n: n.replace("bus", "data")), "c.saif")
    with pytest.raises(InputError, match=r"shows no value of input bus\[0\], bus\[1\], .*; 4 of its names are not in"):
        read_saif(inputs, design, clock="clk")
    few = written(tmp_path, saif(lambda n: "ghost" if n == "o" else escaped(n)), "b.saif")
    checks = Checks()
    read_saif(few, design, clock="clk", checks=checks)
    assert checks["activity_not_found"].examples == ["ghost"]
    assert checks["activity_propagated"].examples == ["o"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (saif().replace("(DURATION 100)", ""), "no DURATION"),
        (saif().replace("DURATION 100", "DURATION 10"), r"the times of net \S+ sum to 100, the DURATION is 10"),
        (saif().replace("(TIMESCALE 1 ns)", "(TIMESCALE fast)"), r"a\.saif:5: time scale 'fast'"),
        (saif().replace("(TIMESCALE 1 ns)\n", ""), "no TIMESCALE"),
        (saif()[:-4], "truncated"),
        (saif().replace("(TC 20)", "(TC 20 3)"), r"a\.saif:\d+: TC has 2 values"),
        (saif().replace("(T0 80)", "(T0 8_0)"), r"a\.saif:\d+: '8_0' is not a number"),
        (
            saif().replace("   (a ", "   (a (T0 0) (T1 100) (TX 0) (TC 9))\n   (a "),
            "net a stands twice, with 9 and 2 toggles",
        ),
        (saif().replace("(T0 80) (T1 20) (TX 0)", "(T0 0) (T1 0) (TX 100)"), "shows no value of input a of tiny"),
        (saif().replace("(T0 80) (T1 20)", "(T0 80)"), "net a toggles 2 times and has no T1"),
        (saif().replace("(TC 20)", "(TC many)"), r"a\.saif:\d+: 'many' is not a number"),
    ],
)
def test_a_damaged_saif_is_refused(tmp_path: Path, design: Netlist, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_saif(written(tmp_path, text, "a.saif"), design, clock="clk", period_ps=PERIOD)


def test_a_saif_cut_anywhere_is_an_error_or_the_same(tmp_path: Path, design: Netlist) -> None:
    whole = saif()
    for end in range(0, len(whole), 7):
        path = written(tmp_path, whole[:end], "a.saif")
        try:
            found = read_saif(path, design, clock="clk")
        except InputError:
            continue
        holds(found, design)


# --- tables and programs


@pytest.mark.parametrize("end", range(len("net,probability\n"), len("net,probability\na,0.55\nb,0.25\n")))
def test_a_probability_table_cut_within_a_line_is_refused(tmp_path: Path, design: Netlist, end: int) -> None:
    text = "net,probability\na,0.55\nb,0.25\n"[:end]
    path = written(tmp_path, text, "p.csv")
    if text.endswith("\n"):
        read_probabilities(path, design)
        return
    with pytest.raises(InputError, match=r"p\.csv:\d: the last line has no line end"):
        read_probabilities(path, design)


def test_a_table_with_two_values_of_a_net_is_refused(tmp_path: Path, design: Netlist) -> None:
    with pytest.raises(InputError, match=r"p\.csv:3: 'a' has a probability from a line above"):
        read_probabilities(written(tmp_path, "net,probability\na,0.5\na,0.6\n", "p.csv"), design)


def test_a_table_finds_names_in_any_spelling_and_counts_sources(tmp_path: Path, design: Netlist) -> None:
    checks = Checks()
    path = written(tmp_path, "net,probability\nbus(1),0.25\nd/x,0.5\n\\e[1] ,0.75\n", "p.csv")
    found = read_probabilities(path, design, checks)
    assert [of(found, design, n)[1] for n in ("bus[1]", "d.x", "e[1]")] == [0.25, 0.5, 0.75]
    assert checks["activity_recorded"].count == 3
    assert checks["probability_assumed"].count == 6  # clk, a, b, three of bus


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00000013\n0000", r"p\.hex:2: the file ends within '0000'"),
        ("00000013\n@0000", r"p\.hex:2: the file ends within '@0000'"),
        ("13 00 00 00 93 00 10 00\n", "entries of two digits are bytes"),
        ("00000013\n@0\n00000093\n", r"p\.hex:3: word 0 has a value from a line above"),
    ],
)
def test_partial_words_of_a_program_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_hex(written(tmp_path, text, "p.hex"))


def test_a_whole_last_word_needs_no_line_end(tmp_path: Path) -> None:
    assert read_hex(written(tmp_path, "00000013\n00100093", "p.hex")) == {0: 0x13, 1: 0x100093}
