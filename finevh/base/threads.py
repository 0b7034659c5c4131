"""Work on several things at once, in as many threads as there are cores for it at the moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Thing = TypeVar("_Thing")
_Found = TypeVar("_Found")


class SideBySide:
    """Calls a function with one thing after the other, in several threads where there are cores for them.

    It pays where the function spends its time in compiled code that lets go of the interpreter.

    Parameters
    ----------
    cores
        Says, whenever it is asked, how many cores may be kept busy.
    """

    def __init__(self, cores: Callable[[], int]) -> None:
        self.threads = cores
        self._pool: ThreadPoolExecutor | None = None
        self._size = 0

    def __call__(self, work: Callable[[_Thing], _Found], things: Sequence[_Thing]) -> list[_Found]:
        """What ``work`` returns for each of the things, in their order; raises what it raises."""
        helpers = min(self.threads(), len(things)) - 1
        if helpers < 1:
            return [work(thing) for thing in things]
        # All threads take from one iterator: whoever is free takes the next.
        left, found = iter(enumerate(things)), dict[int, _Found]()

        def some() -> None:
            for number, thing in left:
                found[number] = work(thing)

        waiting = [self._threads(helpers).submit(some) for _ in range(helpers)]
        try:
            some()
        finally:
            errors = [helper.exception() for helper in waiting]
        for error in errors:
            if error is not None:
                raise error
        return [found[number] for number in range(len(things))]

    def _threads(self, helpers: int) -> ThreadPoolExecutor:
        """Threads that wait for work, at least as many as ``helpers``."""
        if self._pool is None or self._size < helpers:
            if self._pool is not None:
                self._pool.shutdown()
            self._pool, self._size = ThreadPoolExecutor(helpers), helpers
        return self._pool
