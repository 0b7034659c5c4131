"""Names of stages that are known without the stages."""

from __future__ import annotations

from finevh.flow.stage_names import STAGE_NAMES
from finevh.flow.stages import STAGES


def test_the_names_known_beforehand_are_those_of_the_stages_in_order() -> None:
    assert tuple(stage.name for stage in STAGES) == STAGE_NAMES
