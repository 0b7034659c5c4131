"""A damaged file of a finished run is mended, refused, or changes no answer; the whole is ``benchmarks/damaged_files.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.cli import run_command
from oracles.damage import DAMAGES, GOOD, Bench, bench, cases, flipped
from oracles.tiny_design import command, finished_run

READ_FROM_THE_TOP = ("checks.json", "flow.toml", "metrics.json", "operating_points.csv", "provenance.json")
SHARE = 149
"""Of the cases of ``emulate``, ``report`` and ``run`` one in so many; a prime, so that all files and damages come."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    run = finished_run()
    return bench(run, run.parent / "tiny.toml", tmp_path_factory.mktemp("damage"))


def test_a_share_of_all_files_and_damages(made: Bench) -> None:
    chosen = list(cases(made.whole, ("emulate", "report", "run")))[::SHARE]
    assert {how for _, how, _ in chosen} == set(DAMAGES)
    found = {case: made.outcome(*case) for case in chosen}
    assert {case: outcome for case, outcome in found.items() if outcome not in GOOD} == {}
    assert {"same", "mended", "refused"} <= set(found.values())
    assert made.untouched()


@pytest.mark.parametrize("name", READ_FROM_THE_TOP)
@pytest.mark.parametrize("verb", ["emulate", "metrics", "compare"])
def test_another_number_at_the_top_of_a_run_is_never_told(made: Bench, name: str, verb: str) -> None:
    """A flipped bit of a digit leaves a file that every reader takes."""
    assert made.outcome(name, "flipped", verb) in ("same", "refused")


@pytest.mark.parametrize("how", ["folder", "link", "empty"])
@pytest.mark.parametrize("name", READ_FROM_THE_TOP)
def test_a_run_mends_what_stands_at_its_top(made: Bench, name: str, how: str) -> None:
    assert made.outcome(name, how, "run") == "mended"


@pytest.mark.parametrize("how", ["flipped", "cut", "folder", "deleted"])
@pytest.mark.parametrize("name", ["stage.json", "results/operating_points.csv"])
def test_a_damaged_sign_off_is_not_taken_for_that_of_other_results(made: Bench, name: str, how: str) -> None:
    """Sign-off may have put other maps into the points: a report without it would tell other numbers."""
    found = made.outcome(f"10-signoff/{name}", how, "report")
    assert found == "refused" or (name, how, found) == ("stage.json", "flipped", "same")  # a digit of what is only told


def test_an_answer_that_changes_is_found(made: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself: without the digests a flipped account is told as it stands."""
    monkeypatch.setattr("finevh.flow.finished.require_unchanged", lambda directory, *names: None)
    assert made.outcome("checks.json", "flipped", "emulate").startswith("ANOTHER ANSWER")


def test_results_without_their_stages_are_taken_as_they_are(made: Bench, tmp_path: Path) -> None:
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        for name in ("flow.toml", "metrics.json", "operating_points.csv"):
            (tmp_path / place / name).write_bytes((made.whole / name).read_bytes())
    words = ["report", str(tmp_path / "one"), str(tmp_path / "other"), "-o", str(tmp_path / "page.html")]
    assert run_command(words) == 0


def test_a_run_that_kept_no_digests_is_taken_as_it_is(made: Bench) -> None:
    made.fresh()
    path = made.run / "provenance.json"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    path.write_text(text.replace('"files"', '"none"'), encoding="utf-8")
    assert command("metrics", str(made.run))[0] == 0


def test_a_flip_changes_a_digit_of_a_text() -> None:
    assert flipped(b"power 1.50 mW, slack") in (b"power 1.51 mW, slack", b"power 1.40 mW, slack")
    assert flipped(b"\0\0\0") == b"\0\1\0"
