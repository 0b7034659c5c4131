from __future__ import annotations

from pathlib import Path

import pytest

from finevh.characterization.cells.table import load_fillers, load_topologies
from finevh.characterization.cells.topology import LogicState, Topology
from finevh.errors import InputError
from tests.characterization.conftest import REPOSITORY

CELLS = REPOSITORY / "libs" / "cells" / "standard.toml"

INVERTER = """[cells.INV]
inputs = ["A"]
outputs = { ZN = "!A" }
drives = [1, 2]
columns = 1
transistors = '''
n ZN A VSS 1
p ZN A VDD 1
'''
"""


@pytest.fixture(scope="module")
def shipped() -> dict[str, Topology]:
    return load_topologies(CELLS)


def test_every_family_of_the_library_is_described(shipped: dict[str, Topology]) -> None:
    gates = {f"{kind}{n}" for kind in ("NAND", "NOR", "AND", "OR") for n in (2, 3, 4)}
    complex_gates = {f"{kind}{n}" for kind in ("AOI", "OAI") for n in (21, 22, 211, 221, 222)}
    rest = {
        "INV",
        "BUF",
        "CLKBUF",
        "XOR2",
        "XNOR2",
        "MUX2",
        "HA",
        "FA",
        "DFF",
        "DFFR",
        "DFFS",
        "LATCH",
        "CLKGATE",
        "TIE0",
        "TIE1",
    }
    assert set(shipped) == gates | complex_gates | rest
    assert load_fillers(CELLS) == {"FILL": (1, 2, 4, 8, 16)}


def test_static_gates_conduct_to_exactly_one_rail(shipped: dict[str, Topology]) -> None:
    """Switch-level check of single-stage cells: in each state the output reaches one rail, the one of its function."""
    for name, cell in shipped.items():
        if not name.startswith(("NAND", "NOR", "AOI", "OAI", "INV")):
            continue
        for state in cell.states():
            bits = dict(state.inputs)
            reached = {cell.output_names[0]}
            for _ in cell.transistors:
                for t in cell.transistors:
                    on = bits[t.gate] == (1 if t.kind == "n" else 0)
                    if on and {t.drain, t.source} & (reached - {"VDD", "VSS"}):
                        reached |= {t.drain, t.source}
            expected = "VDD" if cell.settled(state)["ZN"] else "VSS"
            assert reached & {"VDD", "VSS"} == {expected}, f"{name} {state}"


def test_footprint_grows_by_whole_copies(shipped: dict[str, Topology]) -> None:
    for cell in shipped.values():
        widths = [cell.width_sites(d) for d in cell.drives]
        assert widths == [cell.columns * d + 1 + cell.breaks for d in cell.drives]
    assert shipped["INV"].width_sites(1) == 2


def test_flip_flop_states_and_paths(shipped: dict[str, Topology]) -> None:
    cell = shipped["DFFR"]
    states = cell.states()
    assert LogicState((("D", 1), ("CK", 0), ("RN", 0)), 1) not in states
    assert len(states) == 12
    for start in states:
        for goal in states:
            state = start
            for pin, bit in cell.path(start, goal):
                state = cell.apply(state, pin, bit)
            assert state == goal


def test_transparent_latch_follows_data(shipped: dict[str, Topology]) -> None:
    cell = shipped["LATCH"]
    state = cell.apply(LogicState((("D", 0), ("G", 1)), None), "D", 1)
    assert state.stored == 1
    assert cell.apply(cell.apply(state, "G", 0), "D", 0).stored == 1


def test_clock_gate_holds_its_enable_while_the_clock_is_high(shipped: dict[str, Topology]) -> None:
    cell = shipped["CLKGATE"]
    state = LogicState((("CK", 0), ("E", 1), ("SE", 0)), 1)
    high = cell.apply(state, "CK", 1)
    assert cell.settled(high) == {"GCK": 1}
    assert cell.settled(cell.apply(high, "E", 0)) == {"GCK": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("n ZN A VSS 1", "x ZN A VSS 1"),
            "transistor line 'x ZN A VSS 1' is not 'kind drain gate source width' with kind n or p",
        ),
        (("n ZN A VSS 1", "n ZN A VSS wide"), "width 'wide' in 'n ZN A VSS wide' is not a number"),
        (('"!A"', '"!B"'), "function of ZN uses 'B', which is no input of the cell"),
        (('["A"]', '["A", "B"]'), "pin B touches no transistor; correct the pin list or the netlist"),
        (("columns = 1", "colums = 1"), "unknown key 'colums'"),
        (("columns = 1\n", ""), "key 'columns' is missing"),
        (("[cells.INV]", "[cells.INV"), "not valid TOML"),
    ],
)
def test_wrong_cell_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    table = tmp_path / "cells.toml"
    table.write_text(INVERTER.replace(*change))
    with pytest.raises(InputError, match=r"cells\.toml") as caught:
        load_topologies(table)
    assert message in str(caught.value)


def test_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: No such file"):
        load_topologies(tmp_path / "none.toml")
