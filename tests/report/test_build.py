from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.report import build_report

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
    "--window-size=1200,3600",
]


def browse(page: Path, profile: Path, *extra: str) -> str:
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *extra, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def test_the_same_run_gives_the_same_bytes(run_directory: Path) -> None:
    def content() -> dict[str, bytes]:
        build_report(run_directory)
        return {
            str(p): p.read_bytes() for p in sorted(run_directory.rglob("*")) if p.suffix in (".svg", ".csv", ".html")
        }

    assert content() == content()


def test_names_from_the_netlist_stay_data(run_directory: Path) -> None:
    page = build_report(run_directory).read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "\\u003cscript\\u003ealert(1)" in page


def test_the_page_loads_nothing_from_elsewhere(run_directory: Path) -> None:
    page = build_report(run_directory).read_text(encoding="utf-8")
    body = page.split('<script id="plotly"')[0]
    # The run's own times stand beside it, because the page is the same whenever a run is made; it is whole without them.
    assert re.findall(r'src="([^"]*)"', body) == ["times.js"]
    assert 'href="http' not in body


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_the_page_draws_every_tile_with_its_voltage_in_a_browser(run_directory: Path, tmp_path: Path) -> None:
    page = build_report(run_directory)
    dom = browse(page, tmp_path / "profile", "--dump-dom")
    assert dom.count("data-tile=") == 49
    assert dom.count('data-level="H"') == 37
    assert "300.0 MHz, VddL 0.6 V" in dom


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_moving_the_slider_recolours_the_tiles(run_directory: Path, tmp_path: Path) -> None:
    page = build_report(run_directory)
    mover = (
        "<script>const s = document.getElementById('frequency'); s.value = 3; s.dispatchEvent(new Event('input'));"
        "document.querySelector('[data-tile=\"8\"]').dispatchEvent(new Event('mouseenter'));</script></body>"
    )
    moved = tmp_path / "moved.html"
    moved.write_text(page.read_text(encoding="utf-8").replace("</body>", mover), encoding="utf-8")
    dom = browse(moved, tmp_path / "profile", "--dump-dom")
    assert dom.count('data-level="H"') == 49
    assert "400.0 MHz" in dom
    assert "Tile 8: VddH" in dom
    screenshot = tmp_path / "page.png"
    browse(moved, tmp_path / "profile2", f"--screenshot={screenshot}")
    assert screenshot.stat().st_size > 20_000
