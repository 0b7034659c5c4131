"""The page in a browser: it draws, fits every width and both themes, answers keys, saves its tables; no script fails."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.report import build_report
from finevh.report.compare import compare_runs
from finevh.report.page.page_data import TILE_QUANTITIES, as_json, critical_paths, tile_values
from tests.report.browser import CHROMIUM, Page, browser
from tests.report.conftest import FREQUENCIES, operating_points, write_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
SIZES = {"desktop": (1280, 900), "tablet": (768, 1024), "phone": (360, 740)}
TILES = 49


def add_tables(tables: Path) -> None:
    """What a whole run has beside: values of each tile, programs and their work, a sign-off with one failure."""
    points = list(itertools.product(("pb0", "pb"), (0.1, 0.2), FREQUENCIES))
    rows = [
        (*point, tile, 0.01 * (tile + 1), 1e-4 * tile, 300.0 - 5 * tile, 1e-3 * tile)
        for point in points
        for tile in range(TILES)
    ]
    names = [
        "variant",
        "delta_vdd_v",
        "freq_mhz",
        "tile",
        "power_mw",
        "interface_leakage_mw",
        "slack_ps",
        "droop_fraction",
    ]
    pd.DataFrame(rows, columns=names).to_csv(tables / "tile_points.csv", index=False)
    programs = operating_points(TILES).rename(columns={"selector": "drop"})
    programs = programs[programs["variant"] == "pb"].assign(program="crc", selector="best")
    columns = ["program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw"]
    programs.fillna({"delta_vdd_v": 0.025})[columns].to_csv(tables / "programs.csv", index=False)
    work = {"program": ["crc"], "unit": ["byte"], "units": [40], "instructions": [2828], "cycles": [3712]}
    pd.DataFrame(work).to_csv(tables / "work.csv", index=False)
    signoff = pd.DataFrame(
        {"scheme": "fine-vh", "variant": "pb", "setup_ps": np.arange(40.0), "hold_ps": 5.0, "met": True}
    )
    signoff.loc[33, ["hold_ps", "met"]] = (-2.0, False)
    signoff.to_csv(tables / "signoff.csv", index=False)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = write_run(tmp_path_factory.mktemp("run"), pd.concat([operating_points(9), operating_points(TILES)]))
    add_tables(run / "tables")
    (run / "times.js").write_text(
        'window.stageTimes = [["synthesis", 3.0, "01-synthesis/log.txt"], ["place", 1.0, "04-place/log.txt"]];\n'
    )
    return build_report(run)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(tab: Page, report: Path) -> Page:
    tab.open(report, *SIZES["desktop"])
    return tab


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", SIZES)
def test_it_fits_every_width_in_both_themes(tab: Page, report: Path, tmp_path: Path, name: str, dark: bool) -> None:
    width, height = SIZES[name]
    tab.errors.clear()
    tab.open(report, width, height, dark)
    assert tab.errors == []
    assert tab.run("document.documentElement.scrollWidth") <= width
    # Blocks follow each other without overlap, and no text is smaller than can be read.
    boxes = tab.run(
        "[...document.body.children].map((e) => e.getBoundingClientRect()).filter((r) => r.height > 0 && r.right > 0)"
        ".map((r) => [r.top, r.bottom])"
    )
    assert len(boxes) > 15
    assert all(above[1] <= below[0] + 0.5 for above, below in itertools.pairwise(boxes))
    sizes = tab.run(
        "[...document.querySelectorAll('p, li, td, th, label, select, button, figcaption, summary, .chart text')]"
        ".filter((e) => !e.closest('.paper') && e.getClientRects().length).map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 10.0
    # The legend of a chart stands above its plot.
    for chart in ("curves", "saving", "energy"):
        legend, plot = tab.run(
            f"['.legend .bg', '.nsewdrag'].map((s) => document.querySelector('#{chart} ' + s).getBoundingClientRect())"
            ".map((r) => [r.top, r.bottom, r.height])"
        )
        assert legend[2] > 0
        assert legend[0] >= tab.run(f"document.getElementById('{chart}').getBoundingClientRect().top") - 1
        assert plot[2] > 100
        assert legend[1] <= plot[0] + 1
    picture = tab.photograph(tmp_path / f"{name}.png")
    assert len(picture) > 20_000
    first = tab.run("document.getElementById('answer').getBoundingClientRect().bottom")
    assert first < height


CONTRAST = """(() => {
  const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => channel(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    const colour = getComputedStyle(e).backgroundColor;
    return /, 0\\)$/.test(colour) ? ground(e.parentElement) : colour;
  };
  return [...document.querySelectorAll('h1, .facts, .answer p, .checks li, td, th, label, a, button')]
    .filter((e) => e.getClientRects().length && e.textContent.trim())
    .map((e) => [light(getComputedStyle(e).color), light(ground(e))])
    .map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(tab: Page, report: Path, dark: bool) -> None:
    tab.open(report, *SIZES["desktop"], dark)
    # WCAG 2, level AA, for text of normal size.
    assert min(tab.run(CONTRAST)) >= 4.5


def test_the_first_screen_has_the_answer_the_sign_off_and_the_curves(page: Page) -> None:
    answer, signoff, curves = (
        page.run(
            f"[document.getElementById('{name}').innerText, document.getElementById('{name}').getBoundingClientRect().top]"
        )
        for name in ("answer", "sign-off", "curves")
    )
    assert "At ΔVdd = 100 mV, FINE-VH with poly-bias draws 28.0" in answer[0].replace("\u00a0", " ")
    assert "1 of 40 points FAIL" in signoff[0]
    assert answer[1] < signoff[1] < curves[1] < SIZES["desktop"][1] - 300
    assert page.run("[document.getElementById('delta').value, document.getElementById('variant').value]") == [
        "0.1",
        "pb",
    ]


def test_every_tile_is_drawn_with_its_voltage_and_follows_the_slider(page: Page) -> None:
    assert page.run("document.querySelectorAll('#layout [data-tile]').length") == TILES
    assert page.run("document.querySelectorAll('#layout [data-level=\"H\"]').length") == 37
    assert page.run("document.getElementById('readout').textContent").startswith("300.0 MHz, VddL 0.6 V")
    page.run("document.getElementById('frequency').focus()")
    page.press("End")
    assert page.run("document.querySelectorAll('#layout [data-level=\"H\"]').length") == TILES
    assert page.run("document.getElementById('readout').textContent").startswith("400.0 MHz")


@pytest.mark.parametrize(
    ("colour", "legend"),
    [
        ("power_mw", "full colour is much: power 0.0100 to 0.490 mW"),
        ("interface_leakage_mw", "0.00 to 0.00480 mW"),
        ("slack_ps", "full colour is tight: slack 60.0 to 300 ps"),
        ("droop_fraction", "0.00 to 0.0480"),
    ],
)
def test_the_layout_is_coloured_by_each_quantity(page: Page, colour: str, legend: str) -> None:
    page.run(f"(() => {{ const s = byId('colour'); s.value = '{colour}'; s.dispatchEvent(new Event('change')); }})()")
    assert legend in page.run("document.getElementById('legend').textContent")
    shades = page.run(
        "[...document.querySelectorAll('#layout [data-tile]')].map((e) => parseFloat(e.style.fillOpacity))"
    )
    # Slack falls from tile to tile, and tight slack is what one looks for: it is dark.
    assert (np.diff(shades) > 0).all()


def test_a_map_kept_beside_leaves_the_first_its_legend_and_its_tile(page: Page) -> None:
    page.run("(() => { const s = byId('colour'); s.value = 'power_mw'; s.dispatchEvent(new Event('change')); })()")
    page.run("document.querySelector('#layout [data-tile=\"8\"]').focus()")
    page.run("byId('keep').click()")
    page.run("(() => { const f = byId('frequency'); f.value = 0; f.dispatchEvent(new Event('input')); })()")
    assert page.run("document.querySelectorAll('#second [data-tile]').length") == TILES
    assert page.run("document.getElementById('kept').textContent").startswith("kept: 300.0 MHz")
    assert page.run("document.getElementById('readout').textContent").startswith("100.0 MHz")
    # The description follows the map that is moved.
    page.run("document.querySelector('#layout [data-tile=\"20\"]').focus()")
    assert "Tile 20: VddL 0.6 V" in page.run("document.getElementById('tile').innerText")
    page.run("(() => { const f = byId('frequency'); f.value = 3; f.dispatchEvent(new Event('input')); })()")
    assert "Tile 20: VddH 0.7 V" in page.run("document.getElementById('tile').innerText")


def test_the_critical_path_goes_through_the_places_of_its_cells(page: Page) -> None:
    points = page.run("document.querySelector('#layout polyline:not(.halo)').getAttribute('points')").split()
    assert len(points) == 4
    first, second = ([float(v) for v in point.split(",")] for point in points[:2])
    # Cells at 14 um and 45 um in both directions, of a layout of 208 um that is drawn 500 units wide, upwards.
    assert first == pytest.approx([10 + 14 * 500 / 208, 510 - 14 * 500 / 208], abs=0.1)
    assert second == pytest.approx([10 + 45 * 500 / 208, 510 - 45 * 500 / 208], abs=0.1)


def test_a_walk_by_keyboard_reaches_every_control_and_tells_of_a_tile(page: Page) -> None:
    page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    seen = []
    for _ in range(14):
        page.press("Tab")
        seen.append(page.run("document.activeElement.id || document.activeElement.dataset.tile"))
    wanted = ["delta", "variant", "quantity", "play", "frequency", "colour", "keep", "0", "1"]
    assert [name for name in seen if name in wanted] == wanted
    page.run("document.querySelector('#layout [data-tile=\"8\"]').focus()")
    told = page.run("document.getElementById('tile').innerText")
    assert "Tile 8: VddH 0.7 V" in told
    assert "power 0.0900 mW" in told
    page.run("document.getElementById('play').focus()")
    page.press("Enter")
    assert page.run("document.getElementById('play').textContent") == "pause"
    page.press("Enter")
    assert page.run("document.getElementById('play').textContent") == "play"


def test_a_head_sorts_by_enter_and_the_table_can_be_saved(page: Page) -> None:
    page.run("document.querySelector('#savings th:nth-child(5)').focus()")
    page.press("Enter")
    assert page.run("document.querySelector('#savings th:nth-child(5)').getAttribute('aria-sort')") == "ascending"
    text = page.run("asCsv(document.getElementById('savings'))")
    rows = list(csv.reader(io.StringIO(text)))
    averages = [float(row[4]) for row in rows[1:]]
    assert averages == sorted(averages)
    assert rows[0][0] == "ΔVdd, mV"
    count = page.run("[document.querySelectorAll('table').length, document.querySelectorAll('button.save').length]")
    assert count[0] == count[1] > 5


def test_what_fails_comes_first_and_long_tables_are_closed(page: Page) -> None:
    first = page.run("document.querySelector('#signoff tbody tr').textContent")
    assert "False" in first
    assert page.run("document.querySelector('#signoff').closest('details').open") is False
    ids = page.run("[...document.querySelectorAll('[id]')].filter((e) => !e.closest('svg')).map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_energy_per_work_is_drawn_per_unit_and_per_instruction(page: Page) -> None:
    title = "document.querySelector('#energy .ytitle').textContent"
    assert page.run(title) == "energy per byte, pJ"
    page.run("(() => { const s = byId('per'); s.value = 'instruction'; s.dispatchEvent(new Event('change')); })()")
    assert page.run(title) == "energy per instruction, pJ"
    assert page.run("document.querySelectorAll('#energy .scatterlayer .trace').length") == 4


def test_times_of_the_stages_stand_beside_the_page(page: Page) -> None:
    assert page.run("document.getElementById('times').innerText").split()[-4:] == ["place", "1.0", "total", "4.0"]
    assert page.run("document.querySelector('#times tbody a').getAttribute('href')") == "01-synthesis/log.txt"


def test_the_page_is_whole_without_them(tab: Page, report: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.html"
    alone.write_bytes(report.read_bytes())
    tab.errors.clear()
    tab.open(alone, *SIZES["desktop"])
    assert tab.run("document.getElementById('stage-times').hidden") is True
    assert [error for error in tab.errors if "ERR_FILE_NOT_FOUND" not in error] == []


def test_the_page_of_a_large_run_stays_below_five_megabytes(report: Path) -> None:
    # RI5CY: 49 tiles, 170 points, paths of 60 cells with long names; all digits that the tables have.
    rng = np.random.default_rng(1)
    key = {"variant": "pb", "delta_vdd_v": 0.1}
    tiles = pd.DataFrame(
        {**key, "freq_mhz": np.repeat(np.arange(170.0), TILES), "tile": np.tile(np.arange(TILES), 170)}
        | {name: rng.random(170 * TILES) for name in TILE_QUANTITIES}
    )
    steps = 170 * 60
    names = [f"id_stage_i.controller_i.instance_{k}" for k in range(steps)]
    numbers = {name: 500 * rng.random(steps) for name in ("delay_ps", "x_um", "y_um")}
    paths = pd.DataFrame(
        {**key, "freq_mhz": np.repeat(np.arange(170.0), 60), "instance": names, "cell": "NAND2_X1_PB16", "tile": 48}
        | {"vdd_v": 0.7, **numbers}
    )
    _, values = tile_values(tiles)
    assert report.stat().st_size + len(as_json(values)) + len(as_json(critical_paths(paths))) < 5e6


def test_a_comparison_opens_where_both_runs_have_something_to_show(tab: Page, tmp_path: Path) -> None:
    runs = []
    for name, deltas, variants in (("one", (0.1, 0.2), ("pb0", "pb")), ("two", (0.2,), ("pb",))):
        points = operating_points(TILES)
        kept = points["delta_vdd_v"].isna() | points["delta_vdd_v"].isin(deltas)
        run = tmp_path / name
        run.mkdir()
        write_run(run, points[kept & ((points["scheme"] == "ideal-dvfs") | points["variant"].isin(variants))])
        (run / "flow.toml").write_text(f"seed = {len(runs)}\n")
        runs.append(run)
    tab.errors.clear()
    tab.open(compare_runs(runs, tmp_path / "comparison.html"), *SIZES["phone"], dark=True)
    assert tab.errors == []
    assert tab.run("[document.getElementById('delta').value, document.getElementById('variant').value]") == [
        "0.2",
        "pb",
    ]
    assert tab.run("document.querySelectorAll('#saving .scatterlayer .trace').length") == 2
    assert tab.run("document.documentElement.scrollWidth") <= SIZES["phone"][0]
