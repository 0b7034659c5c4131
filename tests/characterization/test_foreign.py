from __future__ import annotations

from pathlib import Path

import pytest

from finevh.characterization.cells.foreign import parse_value, read_subcircuits, to_transistors
from finevh.characterization.cells.table import load_topologies
from finevh.errors import InputError
from tests.conftest import need_pdk

DEVICES = {"VTL": ("NMOS_VTL", "PMOS_VTL")}
RAILS = {"VDD": "VDD", "VSS": "VSS"}
NETLIST = """* a comment
.SUBCKT INV_X2 A ZN VDD VSS
*.PININFO A:I ZN:O
M_0 ZN A VSS VSS NMOS_VTL W=0.415000U
+ L=0.050000U
M_1 ZN A VDD VDD PMOS_VTL W=0.63U L=50n m=2
.ENDS
"""


@pytest.mark.parametrize(
    ("text", "value"), [("0.415U", 0.415e-6), ("1e+06u", 1.0), ("2meg", 2e6), ("50n", 5e-8), ("-3", -3.0)]
)
def test_spice_numbers(text: str, value: float) -> None:
    assert parse_value(text) == pytest.approx(value)


def test_transistors_of_a_subcircuit(tmp_path: Path) -> None:
    path = tmp_path / "cells.cdl"
    path.write_text(NETLIST)
    found = to_transistors(read_subcircuits(path)["INV_X2"], DEVICES, RAILS, 1e6)
    assert [(t.kind, t.drain, t.gate, t.source, round(t.width, 6)) for t in found] == [
        ("n", "ZN", "A", "VSS", 0.415),
        ("p", "ZN", "A", "VDD", 0.63),
        ("p", "ZN", "A", "VDD", 0.63),
    ]
    assert found[0].length_um == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "NMOS_VTL",
            "NMOS_QQ",
            "cells.cdl:4: INV_X2: unknown device model 'NMOS_QQ'; [devices] knows nmos_vtl, pmos_vtl",
        ),
        ("M_0", "C_0", "cells.cdl:4: INV_X2: C_0 is no transistor"),
        ("VSS VSS NMOS", "VSS sub NMOS", "bulk 'sub' of M_0 is no rail; add it to [netlists] rails"),
        ("W=0.63U ", "", "M_1 has no readable w and l"),
        (".ENDS", "", "subcircuit INV_X2 has no .ends"),
    ],
)
def test_wrong_netlist_is_named_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "cells.cdl"
    path.write_text(NETLIST.replace(old, new))
    with pytest.raises(InputError) as caught:
        to_transistors(read_subcircuits(path)["INV_X2"], DEVICES, RAILS, 1e6)
    assert message in str(caught.value)


def test_cell_table_over_a_foreign_netlist() -> None:
    folder = need_pdk("nangate45")
    subcircuits = read_subcircuits(folder / "cells.cdl")
    found = to_transistors(subcircuits["NAND2_X1"], DEVICES, RAILS, 1e6)
    assert [t.kind for t in found] == ["n", "n", "p", "p"]
    assert [t.width for t in found] == pytest.approx([0.415, 0.415, 0.63, 0.63])


def test_foreign_cells_need_devices(tmp_path: Path) -> None:
    (tmp_path / "n.cdl").write_text(NETLIST)
    table = tmp_path / "cells.toml"
    table.write_text(
        '[netlists]\nfile = "n.cdl"\nunit_um = 1e6\nrails = { VDD = "VDD", VSS = "VSS" }\n'
        '[cells.INV_X2]\nsubckt = "INV_X2"\ninputs = ["A"]\noutputs = { ZN = "!A" }\n'
    )
    assert len(load_topologies(table, DEVICES)["INV_X2"].transistors) == 3
    with pytest.raises(InputError, match=r"\[cells\.INV_X2\]: a foreign netlist needs the technology's \[devices\]"):
        load_topologies(table)
    table.write_text(table.read_text().replace('subckt = "INV_X2"', 'subckt = "INV_X4"'))
    with pytest.raises(InputError, match=r"n\.cdl has no subcircuit 'INV_X4'"):
        load_topologies(table, DEVICES)
