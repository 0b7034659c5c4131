"""Pictures of a run's points."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from finevh.report.colours import WARNING_COLOUR
from finevh.report.plots import draw_plots, signoff_mark


def test_points_that_fail_sign_off_are_crossed_and_every_picture_says_how_many(
    points: pd.DataFrame, tmp_path: Path
) -> None:
    clean = {path.name: path.read_text() for path in draw_plots(points, None, tmp_path / "clean")}
    assert len(clean) > 3
    signed = points.assign(signoff="met")
    signed.loc[(points["scheme"] == "fine-vh") & (points["freq_mhz"] == 400.0), "signoff"] = "failed"
    marked = {path.name: path.read_text() for path in draw_plots(signed, None, tmp_path / "marked")}
    assert signoff_mark(points) == ""
    assert "FINE-VH points fail sign-off" in signoff_mark(signed)
    for name, text in marked.items():
        assert text.count(WARNING_COLOUR) > clean[name].count(WARNING_COLOUR), name


def test_points_that_miss_their_clock_on_drooped_rails_are_crossed_too(points: pd.DataFrame, tmp_path: Path) -> None:
    fine = points["scheme"] == "fine-vh"
    judged = points.assign(
        nominal_power_mw=points["power_total_mw"].where(fine), drooped_slack_ps=pd.Series(1.0, points.index).where(fine)
    )
    clean = {path.name: path.read_text() for path in draw_plots(judged, None, tmp_path / "clean")}
    assert signoff_mark(judged) == ""
    top = judged.loc[fine, "freq_mhz"].max()
    lost = fine & (judged["freq_mhz"] == top)
    judged.loc[lost, "drooped_slack_ps"] = -5.0
    finest = points["tiles"] == points["tiles"].max()
    assert signoff_mark(judged) == (
        f"{(lost & finest).sum()} of {(fine & finest).sum()} FINE-VH points miss their clock on drooped rails"
        " (a cross where a curve shows them; no saving is counted there)"
    )
    marked = {path.name: path.read_text() for path in draw_plots(judged, None, tmp_path / "marked")}
    for name in ("power.svg", "area_low.svg"):
        # The note, and a cross for every panel.
        assert marked[name].count(WARNING_COLOUR) > clean[name].count(WARNING_COLOUR) + 1, name


def test_plots_are_the_same_bytes_in_however_many_processes(tmp_path: Path, points: pd.DataFrame) -> None:
    one, two = (
        {path.name: path.read_bytes() for path in draw_plots(points, None, tmp_path / str(jobs), jobs)}
        for jobs in (1, 2)
    )
    assert list(one) == list(two)
    assert one == two
