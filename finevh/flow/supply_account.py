"""What the supply checker found on the layout of a run, into the run's account of checks and its log."""

from __future__ import annotations

from finevh.flow.engine.stage import StageContext
from finevh.layout.supply.check import SupplyReport, book_supply


def account_for_supply(context: StageContext, report: SupplyReport) -> None:
    """Book a report; supplies that are not whole stop the run where its account is settled."""
    book_supply(report, context.checks)
    pieces = sum(report.components.values())
    context.note(f"supplies: {len(report.components)} nets in {pieces} pieces, {sum(report.count.values())} faults")
