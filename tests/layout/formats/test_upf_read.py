"""Both dialects of UPF that are written come back through the reader as the same intent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, Placement
from finevh.layout.formats.upf_read import OPENROAD_COMMANDS, parse_upf
from finevh.layout.formats.upf_write import format_openroad_upf, format_upf
from finevh.netlist.model import Netlist

HOSTILE = ("a[3]", "b{c", "$d", 'e"f', "g;h", "#i", "j\\k", "[exit]")


def test_upf_2_1_comes_back_with_every_instance_in_its_tile(
    netlist: Netlist, floorplan: Floorplan, placement: Placement
) -> None:
    named = replace(netlist, instance_names=(*HOSTILE, *netlist.instance_names[len(HOSTILE) :]))
    intent = parse_upf(format_upf(named, floorplan, placement, 1.0, 0.9))
    for t in range(9):
        members = [named.instance_names[i] for i in np.flatnonzero(placement.tile == t)]
        assert list(intent.domains[f"PD_T_{t // 3}_{t % 3}"].elements) == members
    assert intent.states["VDDL"] == {"low": 0.9}
    assert intent.states["SW_T_0_0/out"] == {"high": 1.0, "low": 0.9}


def test_the_small_set_says_the_same_switches_and_the_tiles_as_rectangles(
    netlist: Netlist, floorplan: Floorplan, placement: Placement
) -> None:
    text = format_openroad_upf(floorplan, 1.0, 0.9)
    small, full = (
        parse_upf(text, commands=OPENROAD_COMMANDS),
        parse_upf(format_upf(netlist, floorplan, placement, 1.0, 0.9)),
    )
    assert small.switches == full.switches
    assert len(small.switches) == floorplan.n_tiles
    switch = small.switches["SW_T_1_2"]
    assert switch.inputs == {"in_high": "VDDH", "in_low": "VDDL"}
    assert switch.controls == {"sel": "finevh_config_select[5]"}
    assert switch.states == {"high": ("in_high", "sel"), "low": ("in_low", "!sel")}
    for t, box in enumerate(floorplan.tile_box.tolist()):
        domain = small.domains[f"PD_T_{t // 3}_{t % 3}"]
        assert domain.area == pytest.approx(box)
        assert domain.voltage == 1.0
    assert small.domains["PD_TOP"].elements == (".",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "create_power_domain PD\nset_isolation iso -domain PD",
            r"<text>:2: cannot read 'set_isolation iso -domain' .*not understood",
        ),
        ("create_power_domain {PD", r"<text>:1: "),
        ("set_domain_area PD -area {0 0 1 1}", r"<text>:1: cannot read 'set_domain_area PD -area'"),
        ("create_power_domain PD\nset_domain_area PD -area {0 0 1}", r"<text>:2: cannot read"),
        ("create_power_domain [exec date]", "substitutions are not read"),
    ],
)
def test_what_is_no_upf_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_upf(text)
