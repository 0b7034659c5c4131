"""Hostile activity files and tables: an answer or an InputError, quickly and in little memory."""

from __future__ import annotations

import contextlib
import gzip
import re
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import read_saif, read_vcd
from finevh.power.activity.probabilities_file import read_probabilities
from finevh.timing.report import read_voltages
from tests.power.recordings.test_activity_import import SAIF, VCD
from tests.power.tiny import netlist, technology

Reader = Callable[[Path, Netlist], object]
GATE = netlist(["a", "b[0]"], ["y"], [("g", "NAND2", {"A1": "a", "A2": "b[0]", "ZN": "y"})])
READERS: dict[str, tuple[Reader, str]] = {
    "vcd": (lambda path, gate: read_vcd(path, gate, clock="a"), VCD),
    "saif": (lambda path, gate: read_saif(path, gate, clock="a"), SAIF),
    "csv": (lambda path, gate: read_probabilities(path, gate), "net,probability\na,0.5\n"),
}
_WORD = re.compile(r"\S+")
SPOILERS = ["\n", "\r", "\0", "\u00e9"]
VCD_WORDS = SPOILERS + _WORD.findall("""
    $end $var wire $scope module $upscope $enddefinitions $timescale 1ps 7parsec $dumpvars $comment 1 0 -1 1000000000
    999999999999999999999 a b [0] [5:0] [999999999:0] [0:9] ! x! 1! 0! z! b1 bx bxz01 b r1.5 # #0 #10 #5
    #99999999999999999999 #-3
""")
SAIF_WORDS = SPOILERS + _WORD.findall(r"""
    ( ) ( ) SAIFILE INSTANCE NET PORT T0 T1 TX TC DURATION TIMESCALE 1 ps furlong -4 nan inf 1e400 1e17 a b\[0\] "a" " \
""")
CSV_WORDS = ["net,probability\n", "instance,pattern,probability\n", *SPOILERS]
CSV_WORDS += _WORD.findall(r"""
    a b[0] g , , 0.5 1 nan inf -1 1e999 00 11 " # \
""")
MAP_WORDS = ["instance,vdd\n", "g,0.8\n", "*,1\n", "g*,1.0V\n", *SPOILERS]
MAP_WORDS += _WORD.findall(r"""
    g * ? [ ] , , 0.8 1 0.9 nan inf -1 1e999 V " # \
""")


def survives(kind: str, text: str) -> None:
    reader, _ = READERS[kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"f.{kind}"
        path.write_text(text, encoding="utf-8", newline="")
        with contextlib.suppress(InputError):
            reader(path, GATE)


def words(choice: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(choice) | st.text(max_size=3), max_size=40).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(head=st.booleans(), tail=words(VCD_WORDS))
@example(head=True, tail="#0 b11111 !")
@example(
    head=False, tail="$timescale 1ps $end $var wire 999999999 ! b [999999999:0] $end $enddefinitions $end #0 b1 ! #9"
)
def test_any_vcd(head: bool, tail: str) -> None:
    survives("vcd", (VCD.split("#0")[0] if head else "") + tail)


@settings(max_examples=150, deadline=None)
@given(head=st.integers(0, len(SAIF)), tail=words(SAIF_WORDS))
@example(head=0, tail="(SAIFILE (INSTANCE) (INSTANCE a))")
@example(head=len(SAIF), tail="(NET")
def test_any_saif(head: int, tail: str) -> None:
    survives("saif", SAIF[:head] + tail)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(st.sampled_from(CSV_WORDS) | st.text(max_size=3), max_size=30).map("".join))
def test_any_probability_table(text: str) -> None:
    survives("csv", text)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(st.sampled_from(MAP_WORDS) | st.text(max_size=3), max_size=30).map("".join), head=st.booleans())
def test_any_voltage_map(text: str, head: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.csv"
        path.write_text(("instance,vdd\n" if head else "") + text, encoding="utf-8", newline="")
        with contextlib.suppress(InputError):
            assert len(read_voltages(path, GATE, technology())[1]) == GATE.n_cells


def test_a_map_of_countless_voltages_is_refused(tmp_path: Path) -> None:
    gates = [(f"g{i}", "INV", {"A": "a", "ZN": f"n{i}"}) for i in range(60)]
    path = tmp_path / "map.csv"
    path.write_text("instance,vdd\n" + "".join(f"g{i},{0.8 + 0.003 * i:.4f}\n" for i in range(60)))
    with pytest.raises(
        InputError, match=r"map\.csv: 59 voltages between those of the library; round them to at most 40"
    ):
        read_voltages(path, netlist(["a"], ["n0"], gates), technology())


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(sorted(READERS)),
    cut=st.integers(0, 200),
    spoilt=st.integers(0, 200),
    value=st.integers(0, 255),
)
def test_any_damaged_gzip(kind: str, cut: int, spoilt: int, value: int) -> None:
    reader, text = READERS[kind]
    data = bytearray(gzip.compress(text.encode(), mtime=0))
    if spoilt < len(data):
        data[spoilt] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"f.{kind}.gz"
        path.write_bytes(bytes(data[: max(0, len(data) - cut)]))
        with contextlib.suppress(InputError):
            reader(path, GATE)


@pytest.mark.parametrize("kind", ["vcd", "saif"])
def test_a_line_without_end_is_refused_and_not_held(tmp_path: Path, kind: str) -> None:
    reader, text = READERS[kind]
    path = tmp_path / f"f.{kind}.gz"
    with gzip.open(path, "wt", compresslevel=1) as stream:
        stream.write(text.split("#0")[0] if kind == "vcd" else "(SAIFILE ")
        for _ in range(48):
            stream.write("x" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(InputError, match="a line of more than"):
        reader(path, GATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_a_huge_bus_takes_no_memory_for_bits_that_are_no_nets(tmp_path: Path) -> None:
    path = tmp_path / "f.vcd"
    variables = "".join(f"$var wire 100000000 {chr(40 + i)} b [99999999:0] $end\n" for i in range(50))
    path.write_text(f"$timescale 1ps $end\n{variables}$enddefinitions $end\n#0\nb1 (\n#10\nb0 (\n#20\n")
    tracemalloc.start()
    inverter = netlist(["b[0]"], ["y"], [("g", "INV", {"A": "b[0]", "ZN": "y"})])
    activity = read_vcd(path, inverter, period_ps=10.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert activity.probability[inverter.net_index["b[0]"]] == 0.5
    assert peak < 10e6
