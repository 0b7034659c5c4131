from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.layout import Floorplan, Placement, check_placement, make_power_grid
from finevh.layout.chain import make_chain
from finevh.layout.formats.def_model import DefLayout, quote_name, unquote_name
from finevh.layout.formats.def_read import parse_def, placement_from_def, read_def
from finevh.layout.formats.def_write import DefOptions, format_def, make_def, write_def
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import LAYERS, PINS, ROW, SITE, make_lef

_HOSTILE = ("\\a/b[3]", "x;y", "(", "- +", "#q", '"', "*", "u.reg[7].d", "END", "\\[0]")


@pytest.fixture(scope="module")
def hostile(netlist: Netlist) -> Netlist:
    names = [n.replace(" ", "_") for n in _HOSTILE]
    instances = (*(n.removeprefix("\\") for n in names), *netlist.instance_names[len(names) :])
    nets = (*netlist.net_names[:20], *names, *netlist.net_names[20 + len(names) :])
    return replace(netlist, instance_names=instances, net_names=nets)


@pytest.fixture(scope="module")
def layout(hostile: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement) -> DefLayout:
    grid, chain = make_power_grid(technology, floorplan, make_lef(technology)), make_chain(technology, floorplan)
    return make_def(hostile, technology, floorplan, placement, grid, DefOptions("core_site"), chain)


def test_own_reader_reads_back_everything(layout: DefLayout, tmp_path: Path) -> None:
    write_def(layout, tmp_path / "tiles.def")
    assert read_def(tmp_path / "tiles.def") == layout


def test_def_holds_the_whole_design(
    layout: DefLayout, hostile: Netlist, floorplan: Floorplan, technology: Technology
) -> None:
    assert len(layout.rows) == floorplan.n_rows
    assert len(layout.components) == hostile.n_cells + len(floorplan.header_row) + 2 * floorplan.n_tiles
    assert len(layout.pins) == len(hostile.port_names) + 4 + 5  # the chain's ports, the supplies' terminals
    assert len(layout.blockages) == 2 * (floorplan.tiles_per_side - 1)
    assert {n.name for n in layout.special_nets} >= {"VDDH", "VDDL", "VSS", "VBN", "VBP", "VDD_T_0_0", "VDD_T_2_2"}
    pins = sum(len(n.pins) for n in layout.nets)
    chain_pins = 2 * 3 * floorplan.n_tiles + 4
    assert pins == len(hostile.pin_net) + len(hostile.port_net) + chain_pins + len(floorplan.header_row)
    assert {t.layer for t in layout.tracks} == {m.name for m in technology.layers}


def test_placement_comes_back_from_def(
    layout: DefLayout, hostile: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    again = placement_from_def(parse_def(format_def(layout)), hostile, floorplan)
    check_placement(hostile, technology, floorplan, again)
    for name in ("x", "y", "orient", "tile", "port_x", "port_y"):
        assert np.allclose(getattr(again, name), getattr(placement, name), atol=5e-4), name


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12), st.booleans())
def test_any_verilog_name_survives_quoting(text: str, is_bus: bool) -> None:
    name = text if is_bus else text.removeprefix("\\")
    if not name or (name.startswith("\\") and not name.endswith("]")) or name == "\\":
        return
    spelled = quote_name(name, is_bus)
    back = unquote_name(spelled, is_bus)
    assert " " not in spelled
    assert spelled not in (";", "+", "-", "(", ")", "*", "PIN", "END") or name == spelled
    assert back.removeprefix("\\") == name.removeprefix("\\")
    if is_bus and not name.startswith("\\"):
        assert back == name or not name.endswith("]")


def _lef() -> str:
    """LEF of the synthetic cells, enough for a viewer."""
    lines = [
        "VERSION 5.8 ;",
        'BUSBITCHARS "[]" ;',
        'DIVIDERCHAR "/" ;',
        "UNITS",
        "DATABASE MICRONS 1000 ;",
        "END UNITS",
    ]
    for m in LAYERS:
        way = "HORIZONTAL" if m.direction == "H" else "VERTICAL"
        lines += [f"LAYER {m.name}", "TYPE ROUTING ;", f"DIRECTION {way} ;", f"PITCH {m.pitch} ;", f"WIDTH {m.width} ;"]
        lines += [f"END {m.name}"]
    lines += ["SITE core_site", "CLASS CORE ;", f"SIZE {SITE} BY {ROW} ;", "END core_site"]
    for name, (width, _, _) in PINS.items():
        lines += [f"MACRO {name}", "CLASS CORE ;", f"SIZE {width * SITE:.3f} BY {ROW} ;", "SITE core_site ;", "OBS"]
        lines += ["LAYER metal1 ;", f"RECT 0 0 {width * SITE:.3f} {ROW} ;", "END", f"END {name}"]
    return "\n".join([*lines, "END LIBRARY", ""])


def test_klayout_sees_the_same_places_and_shapes(layout: DefLayout, tmp_path: Path) -> None:
    db = pytest.importorskip("klayout.db", reason="klayout is not installed")
    (tmp_path / "cells.lef").write_text(_lef())
    write_def(layout, tmp_path / "tiles.def")
    options = db.LoadLayoutOptions()
    config = options.lefdef_config
    config.lef_files = [str(tmp_path / "cells.lef")]
    config.read_lef_with_def = False
    config.instance_property_name, config.net_property_name = "INST", "NET"
    config.produce_special_routing = True
    view = db.Layout()
    view.read(str(tmp_path / "tiles.def"), options)
    unit = view.dbu * layout.units
    sizes = {name: round(width * SITE * layout.units) for name, (width, _, _) in PINS.items()}
    seen = {}
    top = view.top_cell()
    for instance in top.each_inst():
        box = instance.bbox()
        seen[instance.property("INST")] = (
            view.cell(instance.cell_index).name,
            round(box.left * unit),
            round(box.bottom * unit),
            round(box.width() * unit),
        )
    # KLayout takes a backslash away anywhere but in front of a name.
    shown = [("\\" if quote_name(c.name, False).startswith("\\") else "") + c.name for c in layout.components]
    expected = {n: (c.cell, c.x, c.y, sizes[c.cell]) for n, c in zip(shown, layout.components, strict=True)}
    assert seen == expected
    terminals = {pin.net for pin in layout.pins}
    wires = {n.name: len(n.wires) + (n.name in terminals) for n in layout.special_nets if n.wires}
    drawn: dict[str, int] = {}
    for index in view.layer_indexes():
        for shape in top.shapes(index).each():
            net = shape.property("NET")
            if net in wires and (shape.is_path() or shape.is_box() or shape.is_polygon()):
                drawn[net] = drawn.get(net, 0) + 1
    assert drawn == wires


def test_errors_name_file_and_line(layout: DefLayout, hostile: Netlist, floorplan: Floorplan, tmp_path: Path) -> None:
    text = format_def(layout)
    with pytest.raises(InputError, match=r"tiles\.def:5: cannot read the DEF statement 'UNITS DISTANCE MICRONS x'"):
        parse_def(text.replace("MICRONS 1000", "MICRONS x"), "tiles.def")
    with pytest.raises(InputError, match="ends inside a statement"):
        parse_def(text[: len(text) // 2].rsplit(";", 1)[0], "tiles.def")
    with pytest.raises(InputError, match=r"nothing\.def: cannot be read"):
        read_def(tmp_path / "nothing.def")
    with pytest.raises(InputError, match="no statement that DEF"):
        parse_def("hello ;", "x.def")
    short = replace(layout, components=layout.components[1:])
    with pytest.raises(InputError, match="no place for"):
        placement_from_def(short, hostile, floorplan)
    moved = (replace(layout.components[0], x=0, y=0), *layout.components[1:])
    with pytest.raises(InputError, match="lies in no tile"):
        placement_from_def(replace(layout, components=moved), hostile, floorplan)
