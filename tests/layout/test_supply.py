"""The supply checker on layouts that OpenROAD wrote, against an independent count of their pieces, and on seeded faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.layout.formats.def_model import DefLayout, DefNet, DefViaPlace, DefWire
from finevh.layout.supply.check import SupplyReport, always_on_cells, book_supply, check_supply
from oracles.openroad.recorded_run import library_lef, recorded_def, recorded_intent

RAILS = tuple(f"VDD_T_{i}_{j}" for i in range(3) for j in range(3))


def report_of(layout: DefLayout) -> SupplyReport:
    return check_supply(layout, library_lef(), recorded_intent(layout))


def with_net(layout: DefLayout, name: str, **changes: object) -> DefLayout:
    nets = tuple(replace(n, **changes) if n.name == name else n for n in layout.special_nets)
    return replace(layout, special_nets=nets)


def net_of(layout: DefLayout, name: str) -> DefNet:
    return next(net for net in layout.special_nets if net.name == name)


def test_the_open_grid_has_exactly_the_pieces_that_were_counted_from_the_tools_database() -> None:
    """Counted with OpenROAD's own database and a union of shapes written apart from this package."""
    report = report_of(recorded_def("open_grid/routing.def"))
    counted = {"VBN": 127, "VBP": 10, "VDDH": 19, "VDDL": 127, "VSS": 10} | dict.fromkeys(RAILS, 2)
    assert report.components == counted
    gaps = sum(counted.values()) - len(counted)
    assert report.count == {"supply_open": gaps + 5, "supply_short": 0, "supply_misplaced": 0}
    layout = recorded_def("open_grid/routing.def")
    opens = check_supply(layout, library_lef(), recorded_intent(layout)).opens
    assert opens[0].startswith("VBN: a piece of 2 shapes on metal1 from (")
    assert "such as finevh_vddmux_" in opens[0]


def test_the_mended_grid_is_whole_but_for_the_head_of_each_first_row() -> None:
    report = report_of(recorded_def("final.def"))
    assert report.components == dict.fromkeys(("VBN", "VBP", "VDDH", "VDDL", "VSS"), 1) | dict.fromkeys(RAILS, 2)
    assert len(report.opens) == 9
    assert report.opens[0] == (
        "VDD_T_0_0: a piece of 2 shapes on metal1 from (8.93, 9.715) um to (10.07, 9.885) um stands alone, "
        "1 pins such as finevh_vddmux_0/VDD (VDDMUX_X1)"
    )
    assert not report.shorts
    assert not report.misplaced


def test_a_via_taken_out_leaves_the_pin_below_it_alone() -> None:
    layout = recorded_def("final.def")
    vias = net_of(layout, "VDDL").vias
    dropped = next(via for via in vias if via.name.startswith("via1_2"))
    report = report_of(with_net(layout, "VDDL", vias=tuple(via for via in vias if via != dropped)))
    assert report.components["VDDL"] == 2
    assert any(
        text.startswith("VDDL: a piece of 2 shapes on metal1") and "vddmux" in text and "1 pins" in text
        for text in report.opens
    )


def test_a_rail_drawn_over_the_void_meets_its_neighbour() -> None:
    layout = recorded_def("final.def")
    net = net_of(layout, "VDD_T_0_0")
    rail = next(w for w in net.wires if w.shape == "FOLLOWPIN" and w.end[0] == 58900)
    longer = DefWire(rail.layer, rail.width, rail.shape, rail.start, (60000, rail.end[1]))
    report = report_of(with_net(layout, "VDD_T_0_0", wires=(*net.wires, longer)))
    assert report.count["supply_short"] > 0
    assert all("VDD_T_0_0" in text and "on metal1 at (" in text for text in report.shorts)


def test_a_strap_over_signal_pins_is_a_short() -> None:
    layout = recorded_def("final.def")
    net = net_of(layout, "VDDL")
    across = DefWire("metal1", 280, "STRIPE", (20000, 28840), (40000, 28840))
    report = report_of(with_net(layout, "VDDL", wires=(*net.wires, across)))
    assert any("a signal pin" in text for text in report.shorts)


def test_cells_on_another_rail_than_their_tiles_are_named() -> None:
    layout = recorded_def("final.def")
    cell = next(c for c in layout.components if c.name.startswith("_"))
    moved = tuple(replace(c, x=120000, y=110000) if c is cell else c for c in layout.components)
    report = report_of(replace(layout, components=moved))
    assert any(f"{cell.name}/VDD" in text and "must be on VDD_T_2_2" in text for text in report.misplaced)


def test_a_chain_that_is_not_always_on_is_named() -> None:
    layout = recorded_def("final.def")
    intent = recorded_intent(layout)
    buffers = always_on_cells(layout, "finevh_config_") - intent.always_on
    assert buffers  # the tool's own, in the chain's clock
    assert all(name.startswith(("clkbuf", "clkload")) for name in buffers)
    report = check_supply(layout, library_lef(), replace(intent, always_on=intent.always_on | buffers))
    assert report.count["supply_misplaced"] == len(buffers)
    assert all("must be on VDDH" in text for text in report.misplaced)


def test_a_supply_without_terminal_or_metal_is_named() -> None:
    layout = recorded_def("final.def")
    pins = tuple(pin for pin in layout.pins if pin.net != "VBP")
    assert "VBP: no terminal" in report_of(replace(layout, pins=pins)).opens
    nets = tuple(net for net in layout.special_nets if net.name != "VBP")
    opens = report_of(replace(layout, special_nets=nets)).opens
    assert "VBP: no metal" in opens
    assert any("finevh_vddmux_0/VBP" in text and "is on no net" in text for text in opens)


def test_findings_are_errors_of_the_account() -> None:
    checks = Checks()
    book_supply(report_of(recorded_def("open_grid/routing.def")), checks)
    account = checks.as_dict()
    assert set(account) == {"supply_open"}
    assert account["supply_open"]["count"] == 302  # 297 gaps, and five core supplies without a terminal
    assert account["supply_open"]["severity"] == "error"
    with pytest.raises(InputError, match="302 gaps in a supply net"):
        checks.refuse()


def test_a_via_that_no_file_defines_is_refused() -> None:
    layout = recorded_def("final.def")
    net = net_of(layout, "VDDL")
    with pytest.raises(InputError, match="via 'via_unknown' is defined neither there nor in a LEF"):
        report_of(with_net(layout, "VDDL", vias=(*net.vias, DefViaPlace("via_unknown", 0, 0, "metal1"))))
