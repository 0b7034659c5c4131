"""What the supply checker found on the layout of a run, into the run's account of checks and its log."""

from __future__ import annotations

from finevh.checks import Checks
from finevh.flow.engine.stage import StageContext
from finevh.layout.supply.check import SupplyReport, book_supply


def account_for_supply(context: StageContext, report: SupplyReport) -> None:
    """Book a report and refuse a layout whose supplies are not whole.

    Raises
    ------
    InputError
        With the first gap, short or misplaced pin and its coordinates.
    """
    checks = Checks()
    book_supply(report, checks)
    pieces = sum(report.components.values())
    context.note(f"supplies: {len(report.components)} nets in {pieces} pieces, {sum(report.count.values())} faults")
    for line in checks.lines() if not report.clean else ():
        context.note(line)
    checks.refuse()
