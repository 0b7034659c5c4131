"""Progress of long work on the terminal: stage, time, what is reused."""

from __future__ import annotations

import time
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from finevh.base.quoting import visible


class Reporter(Protocol):
    """Who is told how a run gets on."""

    def started(self, stage: str) -> None:
        """A stage begins."""

    def again(self, stage: str, reason: str) -> None:
        """Why a stage that stands is run once more."""

    def doing(self, text: str) -> None:
        """What the running stage does now."""

    def finished(self, stage: str, reused: bool) -> None:
        """A stage is done."""


class Silent:
    """Tells nobody."""

    def started(self, stage: str) -> None:
        """Do nothing."""

    def again(self, stage: str, reason: str) -> None:
        """Do nothing."""

    def doing(self, text: str) -> None:
        """Do nothing."""

    def finished(self, stage: str, reused: bool) -> None:
        """Do nothing."""


class Terminal:
    """A line per stage on stderr; on a real terminal also a spinner with what is going on."""

    def __init__(self, total: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._total, self._count = total, 0
        self._status: Status | None = None
        self._stage, self._start, self._begin = "", 0.0, time.monotonic()

    def started(self, stage: str) -> None:
        """See :class:`Reporter`."""
        self._stage, self._start = stage, time.monotonic()
        self._count += 1
        if self._console.is_terminal:
            self._status = self._console.status(f"{stage} ...")
            self._status.start()

    def again(self, stage: str, reason: str) -> None:
        """See :class:`Reporter`."""
        self._console.print(visible(f"      {stage} again: {reason}"), markup=False)

    def doing(self, text: str) -> None:
        """See :class:`Reporter`."""
        if self._status is not None:
            said = escape(visible(f"{self._stage}: {text}  [{time.monotonic() - self._start:.0f} s]"))
            self._status.update(said)

    def finished(self, stage: str, reused: bool) -> None:
        """See :class:`Reporter`."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        now = time.monotonic()
        spent = "reused" if reused else f"{now - self._start:.1f} s"
        line = f"{self._count:2d}/{self._total} {stage:<18s} {spent:>9s}   total {now - self._begin:.1f} s"
        self._console.print(line, markup=False)
