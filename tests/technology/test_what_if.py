from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import load_technology, with_vdds
from finevh.technology.model import Technology
from finevh.technology.what_if import WhatIf, inverter_factor, with_what_if

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
SETS = [("PB4", "PB10", "PB16"), ("VT4", "VT10", "VT16")]


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.6, 0.7, 0.8, 0.9, 1.0))


def totals(technology: Technology, vdd: float = 0.8) -> dict[str, float]:
    """Leakage of every state of every cell added up, mW, by variant."""
    index = technology.vdd_index(vdd)
    return {
        variant.name: float(np.nansum(technology.corners.leakage[technology.corner_of[row, index]]))
        for row, variant in enumerate(technology.variants)
    }


def test_leakage_is_scaled_alike_everywhere_and_nothing_else_changes(technology: Technology) -> None:
    changed = with_what_if(technology, WhatIf(leakage=10.0), SETS)
    assert changed.corners.leakage == pytest.approx(10.0 * technology.corners.leakage, nan_ok=True)
    assert changed.cross is technology.cross
    assert changed.corners.pool is technology.corners.pool


def test_the_strongest_variant_of_each_set_leaves_what_is_asked_and_weaker_ones_more(technology: Technology) -> None:
    before, after = totals(technology), totals(with_what_if(technology, WhatIf(bias_leaves=0.1), SETS))
    base = technology.variants[0].name
    assert after[base] == before[base]
    for weak, middle, strong in SETS:
        assert after[strong] == pytest.approx(0.1 * before[base])
        assert after[strong] < after[middle] < after[weak] < before[base]
        share = np.log(before[weak] / before[base]) / np.log(before[strong] / before[base])
        assert after[weak] / before[base] == pytest.approx(0.1**share)


def test_the_inverter_gets_the_factors_that_are_asked_for_and_full_swing_stays(technology: Technology) -> None:
    wanted = ((0.1, 5.2), (0.2, 22.1))
    changed = with_what_if(technology, WhatIf(interface=wanted), SETS)
    for delta, factor in wanted:
        assert inverter_factor(technology, delta) > factor
        assert inverter_factor(changed, delta) == pytest.approx(factor, rel=1e-5)
    assert technology.cross is not None
    assert changed.cross is not None
    count = int(technology.cells.ternary_ptr[-1])
    for row, own in enumerate(technology.corners.vdd.tolist()):
        for driver, other in enumerate(technology.vdds.tolist()):
            start = int(technology.cross.leakage_offset[row, driver])
            if start < 0:
                continue
            old, new = (cross.leakage_k[start : start + count] for cross in (technology.cross, changed.cross))
            assert np.array_equal(old[old <= 1.0], new[old <= 1.0])
            if other >= own:
                assert np.array_equal(old, new)
            else:
                assert (new[old > 1.0] < old[old > 1.0]).all()


def test_the_text_says_all_of_it() -> None:
    what = WhatIf(10.0, 0.1, ((0.1, 5.2),))
    assert what.text == "what if: leakage x 10, the strongest bias leaves 0.1 of it, interface factor 5.2 at 100 mV"
    assert WhatIf().text == "what if: nothing changed"


def test_a_pair_that_the_technology_lacks_is_refused(technology: Technology) -> None:
    with pytest.raises(InputError, match="technology 'finevh45' has no pair of supplies 50 mV apart"):
        with_what_if(technology, WhatIf(interface=((0.05, 2.0),)), SETS)
    with pytest.raises(InputError, match="interface factors need cross-voltage tables"):
        with_what_if(replace(technology, cross=None), WhatIf(interface=((0.1, 2.0),)), SETS)
