from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology.liberty.boolean import truth_table
from finevh.technology.liberty.sequential import latch_of_statetable, rename


def test_the_latch_of_a_clock_gate():
    table = "L L L : - : L ,\\\n L L H : - : H ,\\\n L H - : - : H ,\\\n H - - : - : N"
    assert latch_of_statetable(("CK", "E", "SE"), table) == ("E | SE", "!CK")


def test_an_active_high_latch_with_an_inverted_enable():
    data, enable = latch_of_statetable(("G", "EN"), "H L : - : H, H H : - : L, L - : - : N")
    assert enable == "G"
    care = truth_table(enable, ("G", "EN"))
    assert np.array_equal(truth_table(data, ("G", "EN"))[care], truth_table("!EN", ("G", "EN"))[care])


@pytest.mark.parametrize("table", ["R L : - : L", "L L : - ", "L : - : H"])
def test_an_edge_or_a_broken_row_is_refused(table):
    with pytest.raises(InputError, match="statetable row"):
        latch_of_statetable(("CK", "E"), table)


def test_names_are_replaced_whole():
    assert rename("M & MX | !M", {"M": "IQ"}) == "IQ & MX | !IQ"
