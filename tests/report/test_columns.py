"""The page of columns is current and says one meaning a column."""

from __future__ import annotations

from pathlib import Path

from finevh.report.columns import columns_page, table_columns
from finevh.report.energy_per_work import ENERGY_COLUMNS
from finevh.report.tables import POINT_COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "columns.md"


def test_the_page_is_made_of_the_meanings_that_ship() -> None:
    assert PAGE.read_text(encoding="utf-8") == columns_page(), f"write it anew: python -m finevh.report.columns {PAGE}"


def test_the_tables_of_the_report_are_described() -> None:
    tables = table_columns()
    assert list(tables["operating_points"].columns)[: len(POINT_COLUMNS)] == POINT_COLUMNS
    assert list(tables["energy_per_work"].columns) == ENERGY_COLUMNS
    assert all(meaning and table.about for table in tables.values() for meaning in table.columns.values())
