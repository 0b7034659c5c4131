"""Progress of long work: a line per stage; on a terminal what is going on and the time left, in a log a line a minute."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from finevh.base.quoting import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

LOG_SECONDS = 60.0
"""Between two lines of a log on one stage."""


class Reporter(Protocol):
    """Who is told how a run gets on."""

    def started(self, stage: str, expected: float | None = None) -> None:
        """A stage begins; ``expected``: the seconds that it took last time, where known."""

    def again(self, stage: str, reason: str) -> None:
        """Why a stage that stands is run once more."""

    def beside(self, text: str) -> None:
        """How work that goes on beside the stages gets on."""

    def doing(self, text: str) -> None:
        """What the running stage does now."""

    def finished(self, stage: str, reused: bool) -> None:
        """A stage is done."""

    def ended(self) -> None:
        """Nothing more comes, whether a stage was done or failed."""


class Silent:
    """Tells nobody."""

    def started(self, stage: str, expected: float | None = None) -> None:
        """Do nothing."""

    def again(self, stage: str, reason: str) -> None:
        """Do nothing."""

    def beside(self, text: str) -> None:
        """Do nothing."""

    def doing(self, text: str) -> None:
        """Do nothing."""

    def finished(self, stage: str, reused: bool) -> None:
        """Do nothing."""

    def ended(self) -> None:
        """Do nothing."""


class Terminal:
    """A line per stage on stderr; between them a spinner with the time left, or in a log one line a minute."""

    def __init__(self, total: int, console: Console | None = None, log_seconds: float = LOG_SECONDS) -> None:
        # What draws on terminals is loaded by those who draw.
        from rich.console import Console

        self._console = console or Console(stderr=True, highlight=False)
        self._total, self._count = total, 0
        self._log_seconds = log_seconds
        self._status: Status | None = None
        self._over: threading.Event | None = None
        self._stage, self._text = "", ""
        self._expected: float | None = None
        self._start, self._begin = 0.0, time.monotonic()

    def started(self, stage: str, expected: float | None = None) -> None:
        """See :class:`Reporter`."""
        self._stage, self._text, self._expected, self._start = stage, "", expected, time.monotonic()
        self._count += 1
        if self._console.is_terminal:
            self._status = self._console.status(self)
            self._status.start()
            return
        self._over = threading.Event()
        threading.Thread(target=self._keep_log, args=(self._over,), daemon=True).start()

    def again(self, stage: str, reason: str) -> None:
        """See :class:`Reporter`."""
        self._console.print(visible(f"      {stage} again: {reason}"), markup=False)

    def beside(self, text: str) -> None:
        """See :class:`Reporter`."""
        self._console.print(visible(f"      {text}"), markup=False)

    def doing(self, text: str) -> None:
        """See :class:`Reporter`."""
        self._text = text

    def finished(self, stage: str, reused: bool) -> None:
        """See :class:`Reporter`."""
        self.ended()
        now = time.monotonic()
        spent = "reused" if reused else f"{now - self._start:.1f} s"
        line = f"{self._count:2d}/{self._total} {stage:<18s} {spent:>9s}   total {now - self._begin:.1f} s"
        self._console.print(line, markup=False)

    def ended(self) -> None:
        """See :class:`Reporter`."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._over is not None:
            self._over.set()
            self._over = None

    def __rich__(self) -> Text:
        """The spinner's text, made afresh whenever it is drawn."""
        from rich.text import Text

        return Text(self._line())

    def _line(self) -> str:
        spent = time.monotonic() - self._start
        left = ""
        if self._expected is not None:
            rest = self._expected - spent
            left = f", about {_span(rest)} left" if rest > 0 else f", {_span(self._expected)} last time"
        return visible(f"{self._stage}: {self._text or '...'}  [{_span(spent)}{left}]")

    def _keep_log(self, over: threading.Event) -> None:
        while not over.wait(self._log_seconds):
            self._console.print(f"      {self._line()}", markup=False, soft_wrap=True)


def _span(seconds: float) -> str:
    """Seconds below two minutes, minutes above.

    >>> _span(90.4), _span(150.0)
    ('90 s', '2.5 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
