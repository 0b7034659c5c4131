"""Sign-off of a finished run: against ``finevh sta`` and OpenSTA on the same files, in the report, and where a point fails."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.base.tools import OPENSTA, look_for
from finevh.checks import Checks
from finevh.cli import run_command
from finevh.flow.artifacts.layout import load_chain_order, load_placement
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.designs import average_activity, load_activities
from finevh.flow.engine.key import input_parts
from finevh.flow.engine.stage import RunDirectory
from finevh.flow.inputs.constraints import timed_constraints
from finevh.flow.inputs.technology import technology_of
from finevh.flow.signoff import Signoff, SupplyMap, corner_graph, fast_corner, read_exported
from finevh.flow.stages import STAGES
from finevh.flow.timing_graph import timed_types
from finevh.flow_file import read_run_flow
from finevh.schemes import read_points_csv
from finevh.selection import map_text, parse_bitstream, parse_map
from finevh.timing.names import sink_name
from finevh.timing.report import StaOptions, run_sta
from tests.end_to_end.conftest import QUICK


@pytest.fixture(scope="module")
def signed(quick_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run, which has signed itself off."""
    directory = tmp_path_factory.mktemp("signed") / "run"
    shutil.copytree(quick_run, directory)
    return directory


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in ("log.txt", "times.js", ".lock")
    }


def test_every_point_is_checked_and_marked(signed: Path) -> None:
    points = pd.read_csv(signed / "operating_points.csv")
    table = pd.read_csv(signed / "tables" / "signoff.csv")
    assert (points["signoff"] == "met").all()
    for scheme, rows in points.groupby("scheme"):
        keys = ["variant", "delta_vdd_v", "freq_mhz", "vdd_v", "vdd_l_v", "vdd_h_v", "assignment"]
        assert len(rows[keys].drop_duplicates()) == (table["scheme"] == scheme).sum()
    fine = table[table["scheme"] == "fine-vh"]
    assert len(fine) > 50
    assert (fine["worst_droop_fraction"] > 0).all()
    assert table.loc[table["scheme"] == "ideal-dvfs", "noise_margin_v"].isna().all()
    mixed = fine[fine["assignment"].str.contains("L") & fine["assignment"].str.contains("H")]
    assert (mixed["noise_margin_v"] > 0).all()


def test_leakage_of_the_exported_netlist_is_that_of_the_run(signed: Path) -> None:
    keys = ["scheme", "variant", "delta_vdd_v", "freq_mhz", "vdd_l_v", "vdd_h_v", "assignment"]
    points = pd.read_csv(signed / "operating_points.csv")
    for column in ("vdd_l_v", "vdd_h_v"):
        points[column] = points[column].fillna(points["vdd_v"])
    points, table = (
        frame.fillna({"assignment": ""}) for frame in (points, pd.read_csv(signed / "tables" / "signoff.csv"))
    )
    # Vdd-MUXes are no part of the netlist.
    points["cells_mw"] = points["power_leakage_mw"] - points["power_vdd_mux_leakage_mw"].fillna(0.0)
    both = points[[*keys, "cells_mw"]].merge(table[[*keys, "leakage_mw"]].dropna(), on=keys)
    assert len(both) == (points["scheme"] != "vdd-dithering").sum()
    assert set(both["scheme"]) == {"ideal-dvfs", "vdd-hopping", "fine-vh"}
    assert both["leakage_mw"].to_numpy() == pytest.approx(both["cells_mw"].to_numpy(), rel=1e-6, abs=3e-9)


def test_a_mixed_map_has_the_slacks_of_finevh_sta_with_the_placements_own_tiles(signed: Path, tmp_path: Path) -> None:
    flow, run = read_run_flow(signed), RunDirectory(signed, STAGES)
    technology = technology_of(flow)
    table = pd.read_csv(signed / "tables" / "signoff.csv")
    row = table[(table["scheme"] == "fine-vh") & (table["variant"] == "pb")].iloc[-5]
    netlist, placed = load_netlist(run.stage_path("optimize"), technology), load_placement(run.stage_path("optimize"))
    high = (placed.tile < 0) | parse_map(row.assignment)[np.maximum(placed.tile, 0)]
    volts = np.where(high, row.vdd_h_v, row.vdd_l_v)
    lines = [f"{name},{vdd}" for name, vdd in zip(netlist.instance_names, volts, strict=True)]
    (tmp_path / "map.csv").write_text("\n".join(["instance,vdd", *lines, ""]))
    out = signed / "out"
    found = run_sta(
        out / "quick_pb.v", "quick", [], out / "quick.sdc", out / "quick.spef", tmp_path / "map.csv",
        StaOptions(paths=10_000, hold=True), technology,
    )  # fmt: skip
    # The exported clock of the surroundings is late by the tree of one supply: only ends at registers are alike.
    inner = [one for one in found["endpoints"] if "/" in one["pin"]]
    period = 1e6 / row.freq_mhz
    worst = min(one["slack_ps"] for one in inner) + period - flow.clock.period
    assert row.setup_ps == pytest.approx(worst, abs=1e-3)
    # Hold of ends whose earliest data a register launches, each beside sign-off's own reading of the files.
    design = read_exported(flow, technology, out, "pb", Checks())
    corner = corner_graph(flow, design, technology)
    state = corner.evaluate(SupplyMap("pb", row.vdd_l_v, row.vdd_h_v, row.assignment))
    ours: dict[str, float] = {}
    for at in np.flatnonzero(state.hold.follows == 0.0).tolist():
        pin = sink_name(design.netlist, corner.graph.structure, int(state.hold.rows.sink[at])).replace("\\", "")
        ours[pin] = min(ours.get(pin, np.inf), float(state.hold_slacks(flow.clock.period)[at]))
    launched = [
        path
        for path in found["hold_paths"]
        if "/" in path["endpoint"] and (path["steps"][0]["cell"] != "port" or path["steps"][0]["pin"] == "clk_i")
    ]
    assert len(launched) > 50
    for path in launched:
        assert ours[path["endpoint"]] == pytest.approx(path["slack_ps"], abs=1e-3), path["endpoint"]
    assert row.hold_ps <= min(ours.values()) + 1e-3


def test_the_report_shows_the_sign_off_and_is_the_same_each_time(signed: Path) -> None:
    page = (signed / "report.html").read_text()
    assert "Sign-off: all points met" in page
    before = digests(signed)
    assert run_command(["report", str(signed)]) == 0
    assert digests(signed) == before
    assert run_command(["signoff", str(signed)]) == 0
    assert digests(signed) == before
    metrics = json.loads((signed / "metrics.json").read_text())
    assert metrics["signoff__points__count"] == len(pd.read_csv(signed / "tables" / "signoff.csv"))


def test_the_short_answer_is_that_of_the_table(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["signoff", str(signed), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    table = pd.read_csv(signed / "tables" / "signoff.csv")
    assert (found["points"], found["met"], found["unchecked"]) == (len(table), len(table), 0)
    assert found["worst_setup_ps"] == table["setup_ps"].min()
    assert found["worst_hold_ps"] == table["hold_ps"].min()
    assert found["smallest_margin_v"] == table["noise_margin_v"].min()
    assert found["worst_droop_fraction"] == table["worst_droop_fraction"].max()
    assert found["checks"] == {}
    assert found["worst_drooped_setup_ps"] == table["drooped_worst_ps"].min()
    assert len(found["points_checked"]) == len(table)


def test_drooped_rails_cost_slack_and_raised_tiles_give_it_back(signed: Path) -> None:
    table = pd.read_csv(signed / "tables" / "signoff.csv")
    fine = table[table["scheme"] == "fine-vh"]
    assert (fine["drooped_worst_ps"] <= fine["drooped_usual_ps"] + 1e-6).all()
    assert (fine["drooped_usual_ps"] < fine["setup_ps"]).all()
    # Exact wires are no slower than those of selection: a map that meets its clock on drooped rails there does so here.
    lost = fine[fine["drooped_worst_ps"] < 0.0]
    assert lost["freq_mhz"].min() > 0.93 * fine["freq_mhz"].max()
    assert table.loc[table["scheme"] != "fine-vh", "drooped_worst_ps"].isna().all()
    drooped = pd.read_csv(signed / "tables" / "drooped.csv", dtype={"raised_assignment": str}, keep_default_na=False)
    points = pd.read_csv(signed / "operating_points.csv")
    assert len(drooped) == (points["scheme"] == "fine-vh").sum()
    missed = drooped[drooped["met"].astype(str).str.lower() == "false"]
    assert len(missed) > 10
    assert len(lost) < len(missed) / 2
    assert (missed["slack_worst_ps"].astype(float) < 0).all()
    raised = missed[missed["raised_assignment"] != ""]
    assert len(raised) > 10
    raised = raised[raised["raised_vdd_l_v"].astype(float) == raised["vdd_l_v"].astype(float)]
    assert len(raised) > 10
    more = raised["raised_tiles_high"].astype(float) - raised["tiles_high"].astype(float)
    assert more.mean() > 0.5
    # At the highest frequency all tiles are high already: nothing of the run meets it.
    top = missed[missed["freq_mhz"].astype(float) == drooped["freq_mhz"].astype(float).max()]
    assert (top["raised_assignment"] == "").all()


def test_a_sign_off_of_other_results_leaves_the_report(signed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(signed, copy)
    record = copy / "10-signoff" / "stage.json"
    data = json.loads(record.read_text())
    data["parts"]["output of export"] = "0" * 16
    record.write_text(json.dumps(data))
    assert run_command(["report", str(copy)]) == 0
    assert "Sign-off: not run" in (copy / "report.html").read_text()
    assert not (copy / "tables" / "signoff.csv").exists()
    points = pd.read_csv(copy / "operating_points.csv")
    assert points["signoff"].isna().all()
    # The verb does it again, and all is as the run had it.
    assert run_command(["signoff", str(copy), "-j", "2"]) == 0
    assert digests(copy) == digests(signed)


def with_a_faster_point(signed: Path, directory: Path, factor: float) -> tuple[Path, pd.Series]:
    """A copy of a run whose lowest FINE-VH point without bias claims more than its frequency; the point as it then is."""
    shutil.copytree(signed, directory)
    name = "results/operating_points.csv"
    path = directory / "08-operating-points" / name
    lines = path.read_text().splitlines()
    header = lines[0].split(",")
    at = next(k for k, line in enumerate(lines) if ",fine-vh," in line and ",pb0," in line)
    words = dict(zip(header, lines[at].split(","), strict=True))
    words["freq_mhz"] = f"{factor * float(words['freq_mhz']):.6f}"
    path.write_text("\n".join([*lines[:at], ",".join(words.values()), *lines[at + 1 :], ""]))
    vouch(directory, "operating-points", name)
    return directory, pd.Series(words)


def test_a_point_that_no_map_of_the_run_meets_is_an_answer_of_no_and_is_marked(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, changed = with_a_faster_point(signed, tmp_path / "run", 10.0)
    assert run_command(["signoff", str(copy)]) == 1
    said = capsys.readouterr()
    assert "points fail, the first is fine-vh, variant pb0" in said.err
    points = pd.read_csv(copy / "operating_points.csv")
    failed = points[points["signoff"] == "failed"]
    assert failed["freq_mhz"].tolist() == [pytest.approx(float(changed["freq_mhz"]))]
    assert failed["assignment"].tolist() == [changed["assignment"]]
    assert "FAIL" in (copy / "report.html").read_text()
    assert "signoff_failed" in json.loads((copy / "10-signoff" / "checks.json").read_text())


def test_a_point_that_fails_gets_the_cheapest_map_of_its_curve_that_meets_it(signed: Path, tmp_path: Path) -> None:
    copy, changed = with_a_faster_point(signed, tmp_path / "run", 1.6)
    assert run_command(["signoff", str(copy)]) == 0
    table = pd.read_csv(copy / "tables" / "signoff.csv", dtype={"failed_assignment": str, "assignment": str})
    ((_, row),) = table[table["failed_assignment"].notna()].iterrows()
    assert row["failed_assignment"] == changed["assignment"]
    assert row["failed_power_mw"] == pytest.approx(float(changed["power_total_mw"]))
    assert row["met"]
    assert row["setup_ps"] >= 0.0
    points = pd.read_csv(copy / "operating_points.csv", dtype={"assignment": str})
    ((_, point),) = points[points["selector"].fillna("").str.endswith(":signoff")].iterrows()
    assert point["assignment"] == row["assignment"]
    assert point["worst_slack_ps"] == pytest.approx(row["setup_ps"])
    # What it draws: of every map of the curve that is fast enough, moved to this frequency by hand, the least.
    curve = points[
        (points["scheme"] == "fine-vh") & (points["variant"] == "pb0") & (points["freq_mhz"] > point["freq_mhz"])
    ]
    curve = curve[np.isclose(curve["delta_vdd_v"], point["delta_vdd_v"])]
    moved = (curve["power_switching_mw"] + curve["power_internal_mw"]) * point["freq_mhz"] / curve["freq_mhz"]
    assert point["power_total_mw"] <= (moved + curve["power_leakage_mw"]).min() + 1e-6
    selector = point["selector"].split(":")[0]
    stream = json.loads((copy / "out" / "bitstreams" / f"quick_pb0_200mv_{selector}.json").read_text())
    (entry,) = [one for one in stream["operating_points"] if one["freq_mhz"] == pytest.approx(point["freq_mhz"])]
    bits = parse_bitstream(entry["bits_hex"], load_chain_order(copy / "03-floorplan"))
    assert map_text(bits) == point["assignment"]


def test_a_map_has_the_same_row_whatever_is_timed_before_it_and_beside_it(quick_run: Path) -> None:
    flow, run = read_run_flow(quick_run), RunDirectory(quick_run, STAGES)
    technology = technology_of(flow)
    design = read_exported(flow, technology, quick_run / "out", "pb0", Checks())
    netlist = load_netlist(run.stage_path("optimize"), technology)
    activity = average_activity(load_activities(run.stage_path("activity")))
    points = [one for one in read_points_csv((quick_run / "operating_points.csv").read_text()) if one.variant == "pb0"]
    checker = Signoff(flow, technology, None, {"pb0": design}, activity, netlist.instance_names, Checks())
    alone = [checker.rows([one], [])[0][0] for one in points if one.scheme == "fine-vh"]
    for jobs in (1, 2, 5):
        together = checker.rows([one for one in points if one.scheme == "fine-vh"], [], jobs=jobs)
        assert [alone[numbers[0]] for _, numbers in together] == [row for row, _ in together]


def test_a_fast_corner_is_checked_for_hold_alone(quick_run: Path) -> None:
    """The same library once more as a fast corner: hold must be that of the slow one, and setup is asked of one corner."""
    flow, run = read_run_flow(quick_run), RunDirectory(quick_run, STAGES)
    chosen = flow.technology.model_copy(update={"fast": flow.technology.path})
    technology = technology_of(flow)
    fast = fast_corner(flow.model_copy(update={"technology": chosen}), technology)
    without = flow.technology.model_copy(update={"fast": None})
    assert fast_corner(flow.model_copy(update={"technology": without}), technology) is None
    design = read_exported(flow, technology, quick_run / "out", "pb0", Checks())
    netlist = load_netlist(run.stage_path("optimize"), technology)
    activity = average_activity(load_activities(run.stage_path("activity")))
    types = timed_types(netlist, timed_constraints(flow, technology, netlist))
    little = fast_corner(flow.model_copy(update={"technology": chosen}), technology, types)
    points = read_points_csv((quick_run / "operating_points.csv").read_text())
    some = [one for one in points if one.scheme == "fine-vh" and one.variant == "pb0"][-1:]
    rows = [
        Signoff(flow, technology, corner, {"pb0": design}, activity, netlist.instance_names, Checks()).rows(some, [])
        for corner in (None, fast, little)
    ]
    alone, both, same = (found[0][0] for found in rows)
    assert same == both
    assert (alone.corner, both.corner) == ("slow", "slow fast")
    assert (both.setup_ps, both.hold_ps, both.met) == (alone.setup_ps, alone.hold_ps, True)


def test_a_run_brought_up_to_date_keeps_its_sign_off(signed: Path) -> None:
    before = digests(signed)
    assert run_command(["run", str(QUICK), "-o", str(signed), "-j", "2"]) == 0
    assert digests(signed) == before


def vouch(directory: Path, stage: str, name: str) -> None:
    """Make a changed file that of its stage, and the later stages those of it."""
    record = directory / f"{[one.name for one in STAGES].index(stage) + 1:02d}-{stage}" / "stage.json"
    data = json.loads(record.read_text())
    data["outputs"][name] = sha256((record.parent / name).read_bytes()).hexdigest()
    record.write_text(json.dumps(data))
    run, flow = RunDirectory(directory, STAGES), read_run_flow(directory)
    for later in STAGES:
        path = run.stage_path(later.name) / "stage.json"
        known = {need: found for need in later.needs if (found := run.record(need)) is not None}
        changed = json.loads(path.read_text())
        changed["parts"] |= input_parts(later, flow, known)
        path.write_text(json.dumps(changed))


@pytest.mark.skipif(look_for(OPENSTA) is None, reason="OpenSTA is missing: apt-get install opensta")
def test_opensta_has_the_same_worst_slacks_at_both_ends_of_the_supplies(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["signoff", str(signed), "--opensta", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["opensta"]
    assert [(one["variant"], one["vdd_v"]) for one in found] == [
        (variant, vdd) for variant in ("pb0", "pb", "vt") for vdd in (0.6, 1.0)
    ]
    for one in found:
        assert one["agrees"]
        assert one["setup_ps"] == pytest.approx(one["opensta_setup_ps"], abs=1.0)
        assert one["hold_ps"] == pytest.approx(one["opensta_hold_ps"], abs=1.0)


def test_without_opensta_the_comparison_is_refused_before_anything_long(
    signed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_command(["signoff", str(signed), "--opensta"]) == 3
    assert "sta is not on PATH" in capsys.readouterr().err
