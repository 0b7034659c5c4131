"""A finished run in, its evaluation out: tables, plots and one self-contained HTML page.

Reads from the run directory: ``operating_points.csv`` and ``metrics.json`` (contract), ``about.json`` and ``checks.json``,
and, where the run wrote them,

- ``tables/tiles.csv``: tile, x0_um, y0_um, x1_um, y1_um, cells, cell_area_um2, interface_cells;
- ``tables/critical_paths.csv``: the worst path of each FINE-VH operating point, from start to end;
- ``tables/tile_points.csv``: what each tile of a point draws and has to spare;
- ``tables/programs.csv``, ``tables/work.csv``: power and work of programs;
- ``tables/bias_shares.csv``: set (pb, vt), tiles, variant, fraction of the interface cells;
- ``plots/layout.svg``.

Every column is explained in ``columns.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finevh.report.build import build_report

__all__ = ["build_report"]


def __getattr__(name: str) -> object:
    """Import what draws when it is first asked for: a run's metrics are read without it."""
    if name != "build_report":
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from finevh.report.build import build_report

    return build_report
