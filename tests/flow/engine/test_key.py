"""What decides a stage is found from its code, and the reason of a rerun is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.flow.engine import key as keys
from finevh.flow.engine.key import StageKey
from finevh.flow.stages import STAGES


def code_of(stage: str) -> set[str]:
    run = next(one for one in STAGES if one.name == stage).run
    return set(keys._code(run.__module__))


def test_every_stage_depends_on_the_modules_that_its_own_imports_reach() -> None:
    assert {"finevh.flow.artifacts.layout", "finevh.base.archive", "finevh.flow.inputs.planning"} <= code_of(
        "floorplan"
    )
    assert {"finevh.layout.supply.header_table", "finevh.base.csv_text"} <= code_of("operating-points")
    assert {"finevh.layout.placement", "finevh.power.simulation.simulator"} <= code_of("activity")
    assert "finevh.flow.inputs.constraints" in code_of("export")
    assert any(name.endswith("page.html.j2") for name in code_of("report"))


def test_a_stage_does_not_depend_on_rooms_that_it_never_enters() -> None:
    assert not any(name.startswith(("finevh.selection", "finevh.report")) for name in code_of("activity"))
    assert not any(name.startswith("finevh.flow.engine") for stage in STAGES for name in code_of(stage.name))


def test_a_stage_of_a_module_outside_the_package_has_no_code_of_its_own() -> None:
    assert keys._code(__name__) == {}


def test_the_reason_names_what_changed() -> None:
    old = {"clock": "1", "code of finevh.timing.engine": "a", "output of place": "x"}
    assert StageKey({**old, "clock": "2"}).reason(old) == "changed: clock"
    assert StageKey(old).reason(old) == "asked for"
    assert StageKey(old).reason(None) == "not there yet, or its files have changed"
    many = {f"code of m{k}": "new" for k in range(5)}
    assert StageKey(many).reason({}) == "changed: code of m0, code of m1, code of m2 and 2 more"


def test_a_key_does_not_depend_on_the_order_of_its_parts() -> None:
    assert StageKey({"a": "1", "b": "2"}).digest == StageKey({"b": "2", "a": "1"}).digest


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_module_of_a_stage_is_named_like_the_stage(stage: object) -> None:
    module = Path(stage.run.__module__.replace(".", "/")).name
    assert module.replace("_", "-") == stage.name
