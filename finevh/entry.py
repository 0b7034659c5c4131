"""The command as it is installed: a signal that comes while modules load is kept until somebody answers it, and no process of
it imports, or is configured by, what lies in the folder where it is called.

Python loses an interrupt that arrives inside a callback of its import system; blocked, it waits for :func:`supervised`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

_COMPILER_SETTINGS = ".numba_config.yaml"
_GARBAGE = 50_000
"""Objects that are made, beyond those that went, before Python looks for garbage; Python's own is 700."""


def main() -> None:
    """Load the command line with signals waiting, then run it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    # Python's own workers begin with -c, which looks for modules in the current folder first: a design's may hold any.
    os.environ["PYTHONSAFEPATH"] = "1"
    if os.path.lexists(_COMPILER_SETTINGS):
        print(
            f"finevh: {_COMPILER_SETTINGS}: the compiler would take its settings, and where it finds code, from this file of the"
            " current folder; remove it or call finevh from another folder",
            file=sys.stderr,
        )
        sys.exit(2)
    # What modules and kernels are made of stays: to look through it for garbage again and again takes a tenth of a short command.
    gc.set_threshold(_GARBAGE)
    from finevh import cli

    cli.main()
