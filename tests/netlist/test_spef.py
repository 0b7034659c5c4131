"""SPEF in and out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.netlist import Netlist, format_spef, parse_spef, parse_verilog
from finevh.technology import Technology
from oracles.random_design import random_design, random_wires

HAND = """*SPEF "IEEE 1481-1998"
*DIVIDER /
*DELIMITER :
*T_UNIT 1 NS
*C_UNIT 1 PF
*R_UNIT 1 KOHM
*NAME_MAP
*1 n
*2 u1
*3 u2
*D_NET *1 0.03
*CONN
*I *2:ZN O
*I *3:A I
*CAP
1 *2:ZN 0.01
2 *1:1 other:5 0.005
3 *3:A 0.015
*RES
1 *2:ZN *1:1 0.2
2 *1:1 *3:A 0.3
3 *2:ZN *3:A 9
*END
"""


@pytest.fixture(scope="module")
def pair(one_supply: Technology) -> Netlist:
    text = "module m (a, y); input a; output y; wire n; INV_X1 u1 (.A(a), .ZN(n)); INV_X1 u2 (.A(n), .ZN(y)); endmodule"
    return parse_verilog(text, one_supply)


def test_a_hand_written_net_becomes_a_tree_in_the_houses_units(pair: Netlist) -> None:
    wires = parse_spef(HAND, pair)
    net = pair.net_index["n"]
    low, high = wires.node_ptr[net], wires.node_ptr[net + 1]
    assert high - low == 3
    assert sorted(wires.node_cap[low:high].tolist()) == pytest.approx([5.0, 10.0, 15.0])
    # The resistor of 9 kOhm reaches the far pin first in breadth-first order: the one that closes the loop is left out.
    assert wires.node_parent[low] == -1
    assert wires.pin_node[pair.pin_ptr[0] + 1] == low


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("*1 n\n", "*1 nope\n", "<text>:11: the netlist has no net 'nope'"),
        ("*3:A I", "*3:B I", "<text>:14: the netlist has no pin 'u2:B' on this net"),
        ("*END\n", "", "<text>:23: the net begun at line 11 has no *END: the file is truncated"),
        ("1 *2:ZN 0.01", "1 *2:ZN zero", "<text>:16: '1 *2:ZN zero' is no line of *CAP"),
        ("1 PF", "1 PS", "<text>:5: '1 PS' is no unit of capacitance"),
        ("*2:ZN O", "*9:ZN O", "<text>:13: '*9' is not in the name map"),
        ("*D_NET", "*R_NET", "<text>:11: reduced nets (*R_NET) are not understood; extract detailed nets (*D_NET)"),
    ],
)
def test_wrong_lines_are_named(pair: Netlist, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_spef(HAND.replace(old, new, 1), pair)
    assert str(error.value) == message


def test_what_is_written_is_read_back(two_supplies: Technology) -> None:
    netlist = random_design(two_supplies, 3)
    wires = random_wires(netlist, 3)
    back = parse_spef(format_spef(netlist, wires), netlist)
    assert np.array_equal(wires.node_ptr, back.node_ptr)
    assert back.node_cap.sum() == pytest.approx(wires.node_cap.sum())
    assert back.node_res.sum() == pytest.approx(wires.node_res.sum())
    assert np.array_equal(wires.pin_node >= 0, back.pin_node >= 0)


def outcome(text: str, netlist: Netlist) -> str:
    try:
        parse_spef(text, netlist)
    except InputError as error:
        return str(error)
    return ""


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(HAND)), length=st.integers(0, 30), put=st.text(alphabet="*:1nu \nACEDR0.", max_size=8))
def test_no_damage_makes_a_traceback(pair: Netlist, at: int, length: int, put: str) -> None:
    message = outcome(HAND[:at] + put + HAND[at + length :], pair)
    assert not message or message.startswith("<text>:")
