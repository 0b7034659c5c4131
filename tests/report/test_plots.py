"""Pictures of a run's points."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from finevh.report.plots import WARNING_COLOUR, draw_plots, signoff_mark


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
