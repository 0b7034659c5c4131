"""Summary and map of a sweep: averages by hand, gaps said, nothing drawn of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.report.sweep_map import read_sweep, summary_lines, sweep_savings, without_points, write_map
from finevh.report.tables import POINT_COLUMNS

MESHES, DELTAS = (1, 4, 9), (0.1, 0.2)


def power(tiles: int, delta: float, frequency: float) -> float:
    """Per cent that FINE-VH saves below ideal-DVFS at 2 mW: two frequencies around an average of their own per trial."""
    return 2.0 * (1 - (tiles + 10 * delta + (1 if frequency > 100 else -1)) / 100)


def sweep(folder: Path, programs: tuple[str, ...] = ("",)) -> Path:
    lines = [",".join(["program", *POINT_COLUMNS])]

    def add(program: str, tiles: int, scheme: str, frequency: float, mw: float, delta: float | None) -> None:
        given = {"design": "toy", "tiles": tiles, "scheme": scheme, "variant": "pb0", "freq_mhz": frequency}
        given |= {"power_total_mw": mw, "delta_vdd_v": "" if delta is None else delta}
        given |= dict.fromkeys((name for name in POINT_COLUMNS if name.startswith("power_") and name not in given), 0.0)
        lines.append(",".join([program, *(str(given.get(column, "")) for column in POINT_COLUMNS)]))

    for program in programs:
        for tiles in MESHES:
            for frequency in (100, 200):
                add(program, tiles, "ideal-dvfs", frequency, 2.0, 0.025)
                for delta in DELTAS:
                    add(program, tiles, "vdd-hopping", frequency, 2.5, delta)
                    if tiles > 1:
                        add(program, tiles, "fine-vh", frequency, power(tiles, delta, frequency), delta)
    (folder / "sweep.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "sweep.csv"


def test_averages_are_those_of_each_mesh_and_delta_vdd(tmp_path: Path) -> None:
    table = sweep_savings(read_sweep(sweep(tmp_path)))
    assert len(table) == 4
    for row in table.itertuples():
        assert row.ideal_pb0 == pytest.approx(row.tiles + 10 * row.delta_vdd_v)
        assert row.hopping_pb0 == pytest.approx(100 - 0.8 * (100 - row.tiles - 10 * row.delta_vdd_v))


def test_the_summary_says_what_is_missing_and_fits_a_terminal(tmp_path: Path) -> None:
    points = read_sweep(sweep(tmp_path, ("", "sort_of_a_long_name")))
    lines = summary_lines(sweep_savings(points), without_points(points))
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "1 tile: no FINE-VH point"
    row = next(line for line in lines if line.startswith("sort_of_a_long") and " 9 " in line and "200 mV" in line)
    assert row.split()[1:] == ["9", "200", "mV", "pb0", "11.0", "11.0", "28.8", "28.8"]
    assert sum(line.startswith("all ") for line in lines) == 4


def test_the_map_has_a_number_per_trial_and_the_same_bytes_again(tmp_path: Path) -> None:
    table = sweep_savings(read_sweep(sweep(tmp_path)))
    for name in ("a.svg", "b.svg"):
        write_map(table, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for row in table.itertuples():
        assert f"<!-- {row.ideal_pb0:.1f} -->" in text


def test_of_a_sweep_without_fine_vh_nothing_is_drawn(tmp_path: Path) -> None:
    points = read_sweep(sweep(tmp_path))
    table = sweep_savings(points[points["tiles"] == 1])
    write_map(table, tmp_path / "map.svg")
    assert not (tmp_path / "map.svg").exists()
    assert summary_lines(table, [1]) == ["1 tile: no FINE-VH point"]
