from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.config import Flow, WhatIf
from finevh.flow.inputs.technology import marked_name, technology_of, what_if_parameters
from finevh.flow.stages.report import about_of
from finevh.report.plots import what_if_mark

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
SCHEMES = {"vdd_min": "0.6 V", "vdd_max": "1.0 V", "ideal_step": "0.1 V", "delta_vdd": ["0.2 V", "0.1 V"]}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Flow:
    source = tmp_path_factory.mktemp("what_if") / "d.v"
    source.write_text("module d(); endmodule\n")
    return Flow.model_validate(
        {
            "design": {"name": "d", "files": [str(source)]},
            "technology": {"path": str(LIBRARY)},
            "clock": {"port": "clk", "period": "1 ns"},
            "schemes": SCHEMES,
        }
    )


def test_a_flow_gets_the_technology_that_it_asks_for(plain: Flow) -> None:
    changed = plain.model_copy(update={"what_if": WhatIf(leakage=10.0, bias_leaves=0.1)})
    ours, theirs = technology_of(plain), technology_of(changed)
    top = int(ours.corner_of[0, -1])
    assert theirs.corners.leakage[top] == pytest.approx(10.0 * ours.corners.leakage[top], nan_ok=True)
    strongest = [variant.name for variant in ours.variants].index("PB16")
    corner = int(ours.corner_of[strongest, -1])
    assert np.nansum(theirs.corners.leakage[corner]) == pytest.approx(np.nansum(ours.corners.leakage[top]))
    assert technology_of(plain) is ours


def test_whatever_depends_on_it_is_marked_and_nothing_else_is(plain: Flow) -> None:
    changed = plain.model_copy(update={"what_if": WhatIf(leakage=10.0)})
    mark = "what if: leakage x 10"
    assert marked_name(changed) == f"d, {mark}"
    assert about_of(changed).design == f"d, {mark}"
    assert what_if_mark(pd.DataFrame({"design": [marked_name(changed)]})) == mark
    assert what_if_parameters(changed) == {"what if": changed.what_if}
    assert marked_name(plain) == "d"
    assert what_if_mark(pd.DataFrame({"design": ["d"]})) == ""
    assert what_if_parameters(plain) == {}
