from __future__ import annotations

import re
from pathlib import Path

import pytest

from finevh.report import build_report
from finevh.report.about import About, write_about


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


@pytest.mark.parametrize(("published", "shown"), [("", False), ("ri5cy", True)])
def test_only_a_flow_that_repeats_the_publication_is_set_beside_it(
    run_directory: Path, published: str, shown: bool
) -> None:
    about = About("own", "finevh45", "ss, 125 C", "builtin", published)
    (run_directory / "about.json").write_text(write_about(about))
    page = build_report(run_directory).read_text(encoding="utf-8")
    assert ("Published figures beside this run" in page) is shown
    assert (run_directory / "tables" / "comparison.csv").exists() is shown
