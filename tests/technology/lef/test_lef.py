from __future__ import annotations

import itertools

import pytest

from finevh.errors import InputError
from finevh.technology.lef import read_lef
from finevh.technology.lef.write import Footprint, render_cell_lef, render_tech_lef
from finevh.technology.manifest import TechnologyLayer

LAYERS = [
    TechnologyLayer(
        name="m1",
        direction="horizontal",
        pitch_um=0.14,
        width_um=0.07,
        spacing_um=0.07,
        resistance_ohm_per_um=5.43,
        capacitance_ff_per_um=0.104,
    ),
    TechnologyLayer(
        name="m2",
        direction="vertical",
        pitch_um=0.28,
        width_um=0.14,
        spacing_um=0.14,
        resistance_ohm_per_um=1.5,
        capacitance_ff_per_um=0.109,
    ),
]
CELLS = [
    Footprint(
        "NAND2_X1",
        0.57,
        1.4,
        "CORE",
        (("A1", "INPUT", "SIGNAL"), ("A2", "INPUT", "SIGNAL"), ("ZN", "OUTPUT", "SIGNAL")),
    ),
    Footprint("WIDE", 0.38, 1.4, "CORE", tuple((f"P{i}", "INPUT", "SIGNAL") for i in range(5))),
    Footprint("FILL_X2", 0.38, 1.4, "CORE SPACER", ()),
]


@pytest.fixture
def written(tmp_path):
    (tmp_path / "tech.lef").write_text(render_tech_lef(LAYERS, ("site", 0.19, 1.4)))
    (tmp_path / "cells.lef").write_text(render_cell_lef(CELLS, "site", 0.19, "m1", 0.28))
    return read_lef([tmp_path / "tech.lef", tmp_path / "cells.lef"])


def test_layers_come_back_with_their_wire_constants(written):
    assert list(written.layers) == ["m1", "m2"]
    for layer, made in zip(LAYERS, written.layers.values(), strict=True):
        assert (made.direction, made.pitch, made.width, made.spacing) == (
            layer.direction,
            layer.pitch_um,
            layer.width_um,
            layer.spacing_um,
        )
        assert made.resistance == pytest.approx(layer.resistance_ohm_per_um * 1e-3, rel=1e-5)
        assert made.capacitance == pytest.approx(layer.capacitance_ff_per_um, rel=1e-5)


def test_cells_come_back_with_sizes_and_pins(written):
    assert written.sites["site"] == ("CORE", 0.19, 1.4)
    nand = written.macros["NAND2_X1"]
    assert (nand.width, nand.height, nand.site, nand.kind) == (0.57, 1.4, "site", "CORE")
    assert [nand.pins[name][:2] for name in ("A1", "ZN", "VDD", "VSS")] == [
        ("INPUT", "SIGNAL"),
        ("OUTPUT", "SIGNAL"),
        ("INOUT", "POWER"),
        ("INOUT", "GROUND"),
    ]
    assert written.macros["FILL_X2"].kind == "CORE SPACER"


def test_pins_stay_inside_the_cell_and_apart(written):
    for macro in written.macros.values():
        boxes = [
            shape[1:] for name, (_, _, shapes) in macro.pins.items() if name not in ("VDD", "VSS") for shape in shapes
        ]
        for i, (x1, y1, x2, y2) in enumerate(boxes):
            assert 0 < x1 < x2 < macro.width
            assert 0.085 + 0.065 <= y1 < y2 <= 1.4 - 0.085 - 0.065
            for p1, q1, p2, q2 in boxes[:i]:
                assert max(x1 - p2, p1 - x2, y1 - q2, q1 - y2) >= 0.065


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MACRO A\n  SIZE 1 BY 2 ;\n", "x.lef:2: the LEF file ends inside a statement; it is cut short"),
        ("MACRO A\n  SIZE one BY 2 ;\nEND A\n", "x.lef:2: 'one' is not a number"),
        ("MACRO A\nEND B\n", "x.lef:2: MACRO A is not closed by END A"),
    ],
)
def test_a_broken_lef_names_file_and_line(tmp_path, text, message):
    path = tmp_path / "x.lef"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_lef([path])
    assert message in str(error.value)


def test_a_missing_lef_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.lef: cannot be read"):
        read_lef([tmp_path / "none.lef"])


def test_supply_pins_of_a_switch_stand_apart_and_its_signals_above_them(tmp_path):
    supplies = tuple((name, "INOUT", "POWER") for name in ("VDDH", "VDDL", "VBP", "VBN"))
    switch = Footprint("MUX", 1.14, 1.4, "CORE", (("S", "INPUT", "SIGNAL"), *supplies))
    (tmp_path / "mux.lef").write_text(render_cell_lef([switch], "site", 0.19, "m1", 0.28))
    pins = read_lef([tmp_path / "mux.lef"]).macros["MUX"].pins
    boxes = [pins[name][2][0][1:] for name, _, _ in supplies]
    centres = [(x0 + x1) / 2 for x0, _, x1, _ in boxes]
    assert [b - a for a, b in itertools.pairwise(centres)] == pytest.approx([0.28] * 3)
    assert boxes[-1][2] <= 1.14
    assert pins["S"][2][0][2] > boxes[0][3]
