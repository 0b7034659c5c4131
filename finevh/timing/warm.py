"""Compiles the timing kernels before anything waits for them: once per installation, on several cores, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from llvmlite import binding

from finevh.base.children import Say, in_children
from finevh.base.kernel_cache import PACKAGE, kernel_digest, kernel_folders

_SOURCES = ("timing/sweep/compiled.py", "timing/graph/structure.py", "timing/graph/parasitics.py", "timing/bounds.py")
"""Modules whose import compiles, or that compile when they are asked for."""


def prepare_kernels(say: Callable[[str], None], workers: int) -> None:
    """Compile the timing kernels unless this was done before for these sources and this processor.

    Parameters
    ----------
    say
        Called with a line before and after, if there is anything to do.
    workers
        Processes; the kernels for one condition, those for lanes and those of least delays are compiled side by side.
    """
    digest = kernel_digest(PACKAGE, *(PACKAGE / name for name in _SOURCES))
    marks = [home / f"timing-{digest}-{binding.get_host_cpu_name()}.done" for home in kernel_folders()]
    if any(mark.is_file() for mark in marks):
        return
    say("timing kernels: compiled once per installation, half a minute to a minute ...")
    begun = time.perf_counter()
    parts = {"one condition": _single, "lanes": _lanes, "least delays": _least_delays}
    in_children(parts, lambda text: None, workers)
    _mark(marks)
    say(f"timing kernels: ready after {time.perf_counter() - begun:.0f} s")


def _single(say: Say) -> None:
    from finevh.timing.sweep.compiled import compiled

    import_module("finevh.timing.graph.structure")  # declares kernels of its own
    compiled()


def _lanes(say: Say) -> None:
    from finevh.timing.sweep.compiled import lane_kernels

    lane_kernels()


def _least_delays(say: Say) -> None:
    from finevh.timing.bounds import compile_kernels

    compile_kernels()


def _mark(marks: list[Path]) -> None:
    """Remember it in the first folder that can be written; nowhere costs the line of the next run."""
    for mark in marks:
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            for old in mark.parent.glob("timing-*.done"):
                if time.time() - old.stat().st_mtime > 30 * 86400.0:
                    old.unlink()
            mark.touch()
            return
