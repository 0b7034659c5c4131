from __future__ import annotations

import doctest

import pytest

from tests.power.conftest import ROOT


@pytest.mark.parametrize("page", ["leakage.md", "power.md"])
def test_page_runs_as_it_stands(page: str) -> None:
    result = doctest.testfile(
        str(ROOT / "docs" / page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 0
    assert result.failed == 0
