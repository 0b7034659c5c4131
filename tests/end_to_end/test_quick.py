from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.cli import run_command
from finevh.flow.artifacts.layout import load_chain_order
from finevh.flow.finished import load_run
from finevh.flow.finished_design import load_design
from finevh.flow.stages import STAGES
from finevh.flow_file import read_flow
from finevh.report.columns import table_columns
from finevh.schemes import FineVh, single_voltage_curve
from finevh.selection import Interval, map_text, parse_bitstream, parse_map, select_greedy, trace
from finevh.units import SLACK_TOLERANCE
from oracles.identities import BANDS, by_frequency, check_run, over_the_range
from tests.end_to_end.conftest import QUICK


def digests(directory: Path) -> dict[str, str]:
    """Digest of every file of a run but its logs, times and lock."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in ("log.txt", "times.js", ".lock")
    }


def test_run_directory_holds_what_the_contract_names(quick_run: Path) -> None:
    for number, stage in enumerate(STAGES, 1):
        folder = quick_run / f"{number:02d}-{stage.name}"
        assert (folder / "metrics.json").is_file()
        assert (
            (folder / "log.txt")
            .read_text()
            .startswith(f"$ finevh run flow.toml -o . --from {stage.name} --to {stage.name}\n")
        )
    for name in ("flow.toml", "provenance.json", "metrics.json", "operating_points.csv", "report.html"):
        assert (quick_run / name).is_file()
    for ending in ("v", "def", "spef", "sdc", "upf"):
        assert (quick_run / "out" / f"quick.{ending}").stat().st_size > 100
    assert read_flow(quick_run / "flow.toml").design.name == "quick"
    metrics = json.loads((quick_run / "metrics.json").read_text())
    for key in ("synthesis__design__instance__count", "floorplan__core__area__um2", "floorplan__rows__count"):
        assert metrics[key] > 0
    for key in (
        "place__wirelength__um",
        "timing__fmax__mhz",
        "place__interface_cells__fraction",
        "polybias__PB16__fraction",
    ):
        assert metrics[key] > 0


def test_each_table_has_the_columns_that_are_documented(quick_run: Path) -> None:
    documented = table_columns()
    files = [quick_run / "operating_points.csv", *sorted((quick_run / "tables").glob("*.csv"))]
    assert len(files) > 15
    for file in files:
        found = pd.read_csv(file, nrows=0).columns.tolist()
        same_as = "operating_points" if file.stem in ("points_without_derates", "nominal_points") else file.stem
        assert list(documented[same_as].columns) == found, file.name


def test_times_of_the_stages_stand_beside_the_report(quick_run: Path) -> None:
    text = (quick_run / "times.js").read_text(encoding="utf-8")
    rows = json.loads(text.removeprefix("window.stageTimes = ").removesuffix(";\n"))
    assert [stage for stage, _, _ in rows] == [stage.name for stage in STAGES]
    assert all(seconds >= 0.0 and (quick_run / log).is_file() for _, seconds, log in rows)


def test_a_run_can_be_moved(quick_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = [path for path in quick_run.rglob("*") if path.is_file() and str(quick_run).encode() in path.read_bytes()]
    assert named == []
    moved = tmp_path / "elsewhere"
    shutil.copytree(quick_run, moved)
    assert run_command(["emulate", str(moved), "--freq", "400MHz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert (
        sum(line.strip().startswith(("ideal-DVFS", "Vdd-hopping", "Vdd-dithering", "FINE-VH")) for line in lines) == 4
    )
    before = (quick_run / "report.html").read_bytes()
    assert run_command(["report", str(moved)]) == 0
    assert (moved / "report.html").read_bytes() == before


def test_identities_of_the_schemes(quick_run: Path) -> None:
    checks = [check for check in check_run(quick_run) if check.identity]
    assert len(checks) >= 30
    assert [f"{check.what}: {check.found}" for check in checks if not check.holds] == []


def test_hopping_lies_in_the_published_band_and_dithering_where_the_frequencies_alone_put_it(quick_run: Path) -> None:
    """Dithering pays for the curvature of f(Vdd), which is not that of the source: f(1.00 V) / f(0.60 V) is 3.0 here, 2.6 there.

    So its oracle is not the published band but P = C V^2 f on the same f(Vdd).
    """
    points = pd.read_csv(quick_run / "operating_points.csv")
    ideal = by_frequency(points, "ideal-dvfs", "pb0")
    low, high = BANDS["vdd-hopping", 0.2]
    assert low <= over_the_range(ideal, 0.2)["vdd-hopping"] <= high
    for delta in (0.1, 0.2):
        found, plain = (over_the_range(ideal, delta, alone)["vdd-dithering"] for alone in (False, True))
        assert found == pytest.approx(plain, rel=0.15)


def test_every_variant_has_17_ideal_points_and_all_schemes_reach_16_frequencies(quick_run: Path) -> None:
    points = pd.read_csv(quick_run / "operating_points.csv")
    for variant in ("pb0", "pb", "vt"):
        rows = points[points["variant"] == variant]
        assert (rows["scheme"] == "ideal-dvfs").sum() == 17
        for scheme in ("vdd-hopping", "vdd-dithering", "fine-vh"):
            counts = rows[rows["scheme"] == scheme].groupby("delta_vdd_v")["freq_mhz"].nunique()
            assert (counts >= 16).all()
            assert len(counts) == 2


def test_leakage_includes_its_interface_part_and_powers_add_up(quick_run: Path) -> None:
    points = pd.read_csv(quick_run / "operating_points.csv")
    parts = points[["power_switching_mw", "power_internal_mw", "power_leakage_mw"]].sum(axis=1)
    assert np.allclose(points["power_total_mw"], parts, rtol=1e-6)
    single = points[points["scheme"] == "vdd-hopping"]
    assert (single["power_interface_leakage_mw"].abs() < 1e-9).all()


def test_tiles_of_a_point_add_up_to_it_and_its_path_lies_in_them(quick_run: Path) -> None:
    keys = ["variant", "delta_vdd_v", "freq_mhz"]
    points = pd.read_csv(quick_run / "operating_points.csv")
    fine = points[points["scheme"] == "fine-vh"].drop_duplicates(keys).set_index(keys)
    tiles = pd.read_csv(quick_run / "tables" / "tile_points.csv")
    assert len(tiles) == 9 * len(fine)
    own = tiles.groupby(keys).agg(
        power=("power_mw", "sum"), interface=("interface_leakage_mw", "sum"), slack=("slack_ps", "min")
    )
    fine = fine.loc[own.index]
    assert own["power"].to_numpy() == pytest.approx(fine["power_total_mw"].to_numpy(), rel=1e-6)
    assert own["interface"].to_numpy() == pytest.approx(fine["power_interface_leakage_mw"].to_numpy(), rel=1e-5)
    assert own["slack"].to_numpy() == pytest.approx(fine["worst_slack_ps"].to_numpy(), abs=0.01)
    droop = pd.read_csv(quick_run / "tables" / "droop.csv").drop_duplicates(keys).set_index(keys).loc[own.index]
    worst = tiles.groupby(keys)["droop_fraction"].max().loc[own.index]
    assert worst.to_numpy() == pytest.approx(
        droop[["worst_fraction", "mean_worst_fraction"]].max(axis=1).to_numpy(), rel=1e-6
    )
    path = pd.read_csv(quick_run / "tables" / "critical_paths.csv")
    box = pd.read_csv(quick_run / "tables" / "tiles.csv").set_index("tile").loc[path["tile"]].reset_index()
    assert path["x_um"].between(box["x0_um"], box["x1_um"]).all()
    assert path["y_um"].between(box["y0_um"], box["y1_um"]).all()


def test_every_map_leaks_more_in_cells_at_vddh_behind_vddl_and_its_interface_leakage_is_the_sum_over_cells(
    quick_run: Path,
) -> None:
    """Behind a higher rail a cell may leak less than nominal, so the sign holds for the cells at VddH alone."""
    flow, run = load_run(quick_run)
    points = pd.read_csv(quick_run / "operating_points.csv")
    mixed = points[(points["scheme"] == "fine-vh") & points["tiles_high"].between(1, 8)]
    for variant, rows in mixed.groupby("variant"):
        _, design = load_design(flow, run, str(variant))
        for point in rows.drop_duplicates(["vdd_l_v", "vdd_h_v", "assignment"]).itertuples():
            interval = Interval(point.vdd_l_v, point.vdd_h_v)
            cell_vdd = design.cell_vdd(interval, parse_map(point.assignment))
            port = design.vdd_index(interval.high)
            interface = design.leakage.evaluate(cell_vdd, design.cell_variant, port).interface
            assert interface[cell_vdd == port].sum() > 0
            assert point.power_interface_leakage_mw == pytest.approx(interface.sum(), abs=1e-9)


def test_vdd_muxes_draw_static_power_in_every_fine_vh_point_and_nowhere_else(quick_run: Path) -> None:
    """By hand from the library's table and the run's plan."""
    points = pd.read_csv(quick_run / "operating_points.csv")
    parts = points[["power_switching_mw", "power_internal_mw", "power_leakage_mw"]].sum(axis=1)
    assert points["power_total_mw"].to_numpy() == pytest.approx(parts.to_numpy(), rel=1e-6)
    assert points.loc[points["scheme"] != "fine-vh", "power_vdd_mux_leakage_mw"].isna().all()
    plan = pd.read_csv(quick_run / "tables" / "vdd_mux.csv")
    library = pd.read_csv(QUICK.parent.parent / "libs" / "finevh45" / "headers.csv")
    library["cell"] += "_X" + library["drive"].astype(str)
    fine = points[points["scheme"] == "fine-vh"]
    for point in fine.drop_duplicates(["vdd_l_v", "vdd_h_v", "assignment"]).itertuples():
        pair = np.isclose(library["vdd_l"], point.vdd_l_v) & np.isclose(library["vdd_h"], point.vdd_h_v)
        one = library[pair].set_index("cell").loc[plan["cell"]].reset_index()
        high = np.array(list(point.assignment)) == "H"
        static = np.where(high, one["static_h_mw"], one["static_l_mw"])
        assert point.power_vdd_mux_leakage_mw == pytest.approx((static * plan["vdd_mux"]).sum(), abs=2e-9)
    # The same cells without Vdd-MUXes leak what the whole point does, less theirs.
    flow, run = load_run(quick_run)
    _, design = load_design(flow, run, "pb0")
    point = fine[(fine["variant"] == "pb0") & fine["tiles_high"].between(1, 8)].iloc[0]
    cell_vdd = design.cell_vdd(Interval(point.vdd_l_v, point.vdd_h_v), parse_map(point.assignment))
    cells = design.leakage.evaluate(cell_vdd, design.cell_variant, design.vdd_index(point.vdd_h_v)).total
    assert point.power_leakage_mw == pytest.approx(cells + point.power_vdd_mux_leakage_mw, abs=2e-9)


def test_power_by_tiles_is_that_of_all_cells_and_path_bounds_are_never_above_the_engine(quick_run: Path) -> None:
    flow, run = load_run(quick_run)
    _, design = load_design(flow, run, "vt")
    rng = np.random.default_rng(1)
    for interval in (Interval(0.6, 0.7), Interval(0.8, 1.0)):
        power, bounds = design.tile_power(interval), design.path_bounds(interval)
        for share in (0.0, 0.3, 0.6, 1.0):
            high = rng.random(design.n_tiles) < share
            assert power.power(high, 300.0) == pytest.approx(design.weigh(interval, high).power(300.0), rel=1e-12)
            assert 0.9 < bounds.min_period(high) / design.evaluate(interval, high).min_period < 1.0 + 5e-5


def test_best_is_never_above_algorithm_5_and_hopping_and_never_below_the_bound(quick_run: Path) -> None:
    points = pd.read_csv(quick_run / "tables" / "nominal_points.csv")
    key = ["variant", "delta_vdd_v", "freq_mhz"]
    fine = points[points["scheme"] == "fine-vh"].assign(name=lambda p: p["selector"].str.split(":").str[0])
    power = fine.pivot_table(index=key, columns="name", values="power_total_mw")
    # All tiles at VddH is hopping behind Vdd-MUXes.
    hopping = points[points["scheme"] == "vdd-hopping"].set_index(key)["power_total_mw"]
    hopping = hopping + fine[fine["name"] == "best"].set_index(key)["power_vdd_mux_leakage_mw"]
    assert (power["best"] <= power["greedy"] * (1 + 1e-8)).all()
    assert (power["best"] <= hopping.reindex(power.index) * (1 + 1e-8)).all()
    # Bounds are proved with the glitches of the middle supply.
    exact = fine[fine["name"] == "exact"].set_index(key)
    bound = exact["bound_mw"] * exact["weighed_power_mw"] / exact["power_total_mw"]
    weighed = fine.pivot_table(index=key, columns="name", values="weighed_power_mw")
    assert (bound.reindex(weighed.index) <= weighed["best"] * (1 + 1e-8)).all()


@pytest.mark.parametrize("name", ["operating_points.csv", "tables/nominal_points.csv"])
def test_no_map_of_the_run_that_meets_a_frequency_would_serve_it_for_less(quick_run: Path, name: str) -> None:
    """Power with own glitches: of one map at two frequencies energy per cycle is the same, and so is leakage."""
    points = pd.read_csv(quick_run / name)
    points["name"] = points["selector"].fillna("").str.split(":").str[0]
    points = points[~(points["drooped_slack_ps"] < 0.0)]
    taking = points[points["name"] != "greedy"]
    for _, curve in taking.groupby(["scheme", "name", "variant", "delta_vdd_v"]):
        power = curve.sort_values("freq_mhz")["power_total_mw"].to_numpy()
        assert (np.diff(power) >= 0.0).all()
    moved = 0
    for (scheme, variant), rows in points.groupby(["scheme", "variant"]):
        for point in taking[(taking["scheme"] == scheme) & (taking["variant"] == variant)].itertuples():
            able = rows[rows["freq_mhz"] >= point.freq_mhz]
            if scheme == "fine-vh":
                # Supplies are on the point's grid; any two of this run's are at most its widest delta-Vdd apart.
                steps = (able[["vdd_l_v", "vdd_h_v"]] - 0.6) / point.delta_vdd_v
                able = able[(np.abs(steps - steps.round()) < 1e-6).all(axis=1)]
            elif scheme == "vdd-dithering":
                able = able[able["freq_mhz"] == point.freq_mhz]
            able = able if scheme == "fine-vh" else able[able["delta_vdd_v"] == point.delta_vdd_v]
            dynamic = able["power_switching_mw"] + able["power_internal_mw"]
            there = dynamic * point.freq_mhz / able["freq_mhz"] + able["power_leakage_mw"]
            assert point.power_total_mw <= there.min() * (1 + 1e-7)
            moved += point.selector == "best:shared"
    assert moved > 0


def test_points_meet_their_clock_on_drooped_rails_or_say_that_they_do_not(quick_run: Path) -> None:
    points = pd.read_csv(quick_run / "operating_points.csv", dtype={"assignment": str})
    nominal = pd.read_csv(quick_run / "tables" / "nominal_points.csv", dtype={"assignment": str})
    drooped = pd.read_csv(quick_run / "tables" / "drooped.csv", dtype={"raised_assignment": str})
    assert points.loc[points["scheme"] != "fine-vh", ["drooped_slack_ps", "nominal_power_mw"]].isna().all().all()
    fine, before = (frame[frame["scheme"] == "fine-vh"].reset_index() for frame in (points, nominal))
    assert fine["nominal_power_mw"].to_numpy() == pytest.approx(before["power_total_mw"].to_numpy())
    assert (before["drooped_slack_ps"].isna()).all()
    raised = fine["selector"].str.endswith(":raised")
    assert raised.sum() > 20
    # Algorithm 5 takes one tile after the other: on tighter rails it may come upon a cheaper map than its own at the supplies,
    # but on none that is cheaper than the best one there.
    greedy = fine["selector"] == "greedy:raised"
    assert greedy.any()
    assert (fine["power_total_mw"] > fine["nominal_power_mw"])[raised & ~greedy].all()
    point = ["variant", "delta_vdd_v", "freq_mhz"]
    best = before[before["selector"].str.startswith("best")].set_index(point)["power_total_mw"]
    assert (
        fine[greedy].set_index(point)["power_total_mw"]
        >= (1 - 1e-9) * best.reindex(fine[greedy].set_index(point).index)
    ).all()
    same = ["selector", "assignment", "vdd_l_v", "vdd_h_v", "power_total_mw"]
    assert fine.loc[~raised, same].equals(before.loc[~raised, same])
    assert fine.loc[raised, "assignment"].tolist() == drooped.loc[raised, "raised_assignment"].tolist()
    late = fine["drooped_slack_ps"] < 0.0
    assert not (late & raised).any()
    # What no map meets are the highest frequencies: no tile can be above the highest supply.
    assert fine.loc[late, "freq_mhz"].min() > 0.93 * fine["freq_mhz"].max()
    said = json.loads((quick_run / "checks.json").read_text())
    assert (said["rails_raised"]["count"], said["rails_missed"]["count"]) == (raised.sum(), late.sum())


def test_one_trajectory_equals_a_run_at_each_frequency_on_the_real_engine(quick_run: Path) -> None:
    flow, run = load_run(quick_run)
    _, design = load_design(flow, run, "pb0")
    assert design.single_trajectory
    interval = Interval(0.8, 1.0)
    slow, fast = (design.single_voltage(vdd)[0] for vdd in (interval.low, interval.high))
    periods = [float(period) for period in np.linspace(slow, fast, 6)]
    shared = select_greedy(design, interval, periods)
    alone = [trace(design, interval, period).at(design, period)[0] for period in periods]
    assert [map_text(a.timing.high) for a in shared] == [map_text(b.high) for b in alone]


def test_incremental_timing_of_a_trajectory_equals_full_timing(quick_run: Path) -> None:
    flow, run = load_run(quick_run)
    _, design = load_design(flow, run, "pb")
    interval = Interval(0.9, 1.0)
    for state in trace(design, interval, design.single_voltage(1.0)[0]).states:
        assert state.min_period == design.evaluate(interval, state.high).min_period


def test_bitstream_of_an_operating_point_selects_its_tiles(quick_run: Path) -> None:
    chain = load_chain_order(quick_run / "03-floorplan")
    table = json.loads((quick_run / "out/bitstreams/quick_pb_100mv_greedy.json").read_text())
    points = pd.read_csv(quick_run / "operating_points.csv")
    # Where Algorithm 5 ends without an answer the selector's name says how it went on: "greedy:continued".
    greedy = points["selector"].str.startswith("greedy", na=False)
    fine = points[(points["scheme"] == "fine-vh") & (points["variant"] == "pb") & greedy]
    fine = fine[np.isclose(fine["delta_vdd_v"], 0.1)].sort_values("freq_mhz")
    assert len(fine) == len(table["operating_points"])
    for row, entry in zip(fine.itertuples(), table["operating_points"], strict=True):
        text = "".join("H" if bit else "L" for bit in parse_bitstream(entry["bits_hex"], chain))
        assert text == row.assignment


def test_emulation_at_a_frequency_of_the_run_gives_the_same_point(
    quick_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = pd.read_csv(quick_run / "tables" / "nominal_points.csv")
    fine = points[(points["scheme"] == "fine-vh") & (points["variant"] == "pb") & (points["selector"] == "greedy")]
    row = fine[np.isclose(fine["delta_vdd_v"], 0.1)].iloc[7]
    capsys.readouterr()
    options = ["--freq", f"{row.freq_mhz}MHz", "--delta-vdd", "0.1", "--selector", "greedy", "--json"]
    assert run_command(["emulate", str(quick_run), *options]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["assignment"] == row.assignment
    assert answer["power_total_mw"] == pytest.approx(row.power_total_mw, rel=1e-6)
    assert answer["weighed_power_mw"] == pytest.approx(row.weighed_power_mw, rel=1e-6)
    # The schemes beside it are those of the run's table, where it has them at this frequency.
    biased = points[(points["variant"] == "pb") & np.isclose(points["freq_mhz"], row.freq_mhz, rtol=0, atol=1e-6)]
    for other in answer["schemes"]:
        of_run = biased[(biased["scheme"] == other["scheme"]) & np.isclose(biased["delta_vdd_v"], other["delta_vdd_v"])]
        assert len(of_run) == 1 or other["scheme"] == "ideal-dvfs"
        for power in of_run["power_total_mw"]:
            assert other["power_total_mw"] == pytest.approx(power, rel=1e-6)
        saving = 100 * (1 - answer["power_total_mw"] / other["power_total_mw"])
        assert other["saving_percent"] == pytest.approx(saving, rel=1e-9)


def test_frequency_out_of_reach_is_status_1(quick_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_command(["emulate", str(quick_run), "--freq", "90GHz"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("finevh: 90000.000 MHz is not reached (quick, variant pb): the highest frequency is ")
    assert "Traceback" not in err


def test_voltage_outside_the_library_is_status_2(
    tmp_path: Path, quick_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(QUICK), "-o", str(tmp_path / "run"), "--set", "schemes.vdd_max=1.20 V"]
    assert run_command(arguments) == 2
    assert "1.2 V is outside the characterised 0.6 to 1 V; extrapolation is refused" in capsys.readouterr().err


def test_greedy_points_meet_timing_when_evaluated_afresh(quick_run: Path) -> None:
    flow, run = load_run(quick_run)
    _, design = load_design(flow, run, "vt")
    grid = flow.schemes.grid(0.2)
    scheme = FineVh(single_voltage_curve(design, "quick", "vt", grid), 0.2)
    for point in scheme.points([0.5 * sum(scheme.curve.frequencies[1:3])]):
        timing = design.evaluate(Interval(point.vdd_l_v, point.vdd_h_v), np.array(list(point.assignment)) == "H")
        assert timing.min_period <= 1e6 / point.freq_mhz + SLACK_TOLERANCE


@pytest.fixture
def short_run(tmp_path: Path, quick_run: Path) -> tuple[list[str], Path]:
    """A command that finishes the shared run's later stages in a directory of its own."""
    directory = tmp_path / "run"
    shutil.copytree(quick_run, directory)
    code = "from finevh.cli import main; main()"
    return [sys.executable, "-c", code, "run", str(QUICK), "-o", str(directory)], directory


def test_warm_run_reuses_every_stage(short_run: tuple[list[str], Path]) -> None:
    command, _ = short_run
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.count("reused") == len(STAGES)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_run_resumes_to_identical_bytes(short_run: tuple[list[str], Path], quick_run: Path, seed: int) -> None:
    command, directory = short_run
    command = [*command, "--from", "optimize"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            child.wait(random.Random(seed).uniform(3.0, 12.0))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    subprocess.run(command[:-2], capture_output=True, check=True)
    assert digests(directory) == digests(quick_run)


def test_no_stage_compiles_what_was_not_compiled_beside_the_first(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = "from finevh.cli import main; main()"
    command = [sys.executable, "-c", code, "run", str(QUICK), "-o", str(tmp_path / "run")]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "kernels: compiled once" in done.stderr
    (mark,) = cache.rglob("kernels-*.done")
    ready = mark.stat().st_mtime_ns
    found = list(cache.rglob("*.nbc"))
    assert len(found) > 60
    assert [path.name for path in found if path.stat().st_mtime_ns > ready] == []
