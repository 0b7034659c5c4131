"""The line of stations: stages in order, run directory, content-hash resume, provenance."""

from __future__ import annotations

from finevh.flow.main import final_table, run_flow

__all__ = ["final_table", "run_flow"]
