"""The short run: some mutants of every format, about half a minute in all; the long one is ``python -m tests.fuzz``."""

from __future__ import annotations

import pytest

from tests.fuzz.cli_cases import cli_readers
from tests.fuzz.harness import Finds, attempt, fuzz
from tests.fuzz.readers import Reader, readers

_MUTANTS = 120  # per share of a reader
_SEED = 20


@pytest.mark.parametrize("name", list(readers()))
def test_no_file_makes_a_reader_fail_in_another_way_than_by_a_message(name: str) -> None:
    finds = fuzz(readers()[name], _MUTANTS * readers()[name].weight, _SEED)
    assert finds.places == {}, "\n".join(finds.traces.values())
    assert finds.counts["refused"] > 0


@pytest.mark.parametrize("name", list(cli_readers()))
def test_no_file_makes_a_command_fail_in_another_way_than_by_a_message(name: str) -> None:
    finds = fuzz(cli_readers()[name], 5 * cli_readers()[name].weight, _SEED)
    assert finds.places == {}, "\n".join(finds.traces.values())


def test_every_seed_is_whole(tmp_path, monkeypatch) -> None:
    """A seed that is refused would make mutants that are all refused at one place."""
    for number, reader in enumerate((*readers().values(), *cli_readers().values())):
        finds, folder = Finds(), tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        for data in reader.seeds:
            attempt(reader, data, folder, finds)
        assert finds.places == {}, "\n".join(finds.traces.values())
        assert finds.counts["taken"] > 0, reader.name


def test_the_harness_finds_a_foreign_exception_and_a_loop_without_end(tmp_path) -> None:
    def fails(path: object) -> object:
        raise KeyError("x")

    def loops(path: object) -> object:
        while True:
            pass

    for read, kind in ((fails, "KeyError"), (loops, "Hang")):
        finds = Finds()
        attempt(Reader("a", read, (b"",)), b"", tmp_path, finds)
        assert kind in next(iter(finds.places))
