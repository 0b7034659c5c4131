"""Our timing of the recorded layout at the recorded maps is that of the real OpenROAD and its OpenSTA 3.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracles.openroad.recorded_flow import replayed
from oracles.openroad.recorded_points import tool_points
from oracles.openroad.recorded_run import LIBRARY
from tests.end_to_end.conftest import library_is_there

pytestmark = pytest.mark.skipif(not library_is_there(LIBRARY), reason="libs/finevh45 holds no Liberty files")


def test_setup_and_hold_at_mixed_supplies_are_openroads_own(tmp_path: Path) -> None:
    """One single-supply state and three checkerboards of two supplies; figures rounded as the tool's metrics are."""
    with replayed(tmp_path):
        points = tool_points(tmp_path)
    assert len(points) == 4
    assert points["setup_ps"].tolist() == pytest.approx(points["setup_ps_tool"].tolist(), abs=0.5)
    assert points["hold_ps"].tolist() == pytest.approx(points["hold_ps_tool"].tolist(), abs=0.5)
    # Leakage there is the library's average over states, here the sum over their probabilities.
    assert points["leakage_mw"].tolist() == pytest.approx(points["leakage_mw_tool"].tolist(), rel=0.04)
