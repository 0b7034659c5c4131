"""Packages give their names away when they are asked for."""

from __future__ import annotations

import importlib

import pytest

from finevh.base.on_demand import names_on_demand

PACKAGES = ("layout", "power", "synthesis", "technology", "timing")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_of_a_package_is_given_by_its_home(package: str) -> None:
    module = importlib.import_module(f"finevh.{package}")
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert not missing


def test_a_name_that_no_module_gives_is_refused_by_the_package_it_was_asked_of() -> None:
    named = names_on_demand("some.package", {"json": ("loads",)})
    assert named("loads") is importlib.import_module("json").loads
    with pytest.raises(AttributeError, match=r"module 'some\.package' has no attribute 'dumps'"):
        named("dumps")
