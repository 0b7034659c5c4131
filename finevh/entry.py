"""The command as it is installed: a signal that comes while modules load is kept until somebody answers it.

Python loses an interrupt that arrives inside a callback of its import system; blocked, it waits for :func:`supervised`.
"""

from __future__ import annotations

import signal


def main() -> None:
    """Load the command line with signals waiting, then run it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    from finevh import cli

    cli.main()
