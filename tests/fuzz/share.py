"""A share of the long run, in a process of its own."""

from __future__ import annotations

from tests.fuzz.cli_cases import cli_readers
from tests.fuzz.harness import Finds, fuzz
from tests.fuzz.readers import readers


def task(name: str, count: int, seed: int, through_cli: bool) -> Finds:
    """Run a share of the mutants of one reader."""
    return fuzz((cli_readers() if through_cli else readers())[name], count, seed)
