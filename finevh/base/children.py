"""Child processes that never outlive their parent, and the parent that sees to it."""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import FrameType
from typing import Generic, NoReturn, TypeVar

from finevh.base.files import remove_stale_folders
from finevh.errors import FinevhError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask for an end."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
"""Linux ``prctl`` (man 2 prctl): the signal to get when the parent ends; to become the parent of orphans below."""
_PATIENCE = 1.5
"""s; a child that was told to end and works on in native code is killed after this: what it wrote is whole or absent."""
_SHUTDOWN = 1.0  # s; helpers of a child that ended well, such as the tracker of shared memory, end by themselves
_YIELDING = 5  # niceness: a third of the time where all want it, all where nobody does
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


_T = TypeVar("_T")
Say = Callable[[str], None]


class Terminated(BaseException):
    """A signal asked this process to end; ``signal`` is its number. Like KeyboardInterrupt it is no error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


def end_with_parent(parent: int | None = None) -> None:
    """Have this process killed when its parent ends, however that ends; Linux only, elsewhere nothing.

    Parameters
    ----------
    parent
        The parent's process, to notice that it ended before this call.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)


def start_worker(parent: int) -> None:
    """Begin a worker process of a pool: it ends with its parent, which alone answers to Ctrl-C."""
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Cores:
    """How many cores each child of :func:`in_children` may keep busy, which grows as others end; children may ask at any time."""

    def __init__(self) -> None:
        self._number = mmap.mmap(-1, 1)
        self.share(1, 1)

    def share(self, workers: int, children: int) -> None:
        """Share out the cores of ``workers`` among children."""
        self._number[0] = min(max(workers // max(children, 1), 1), 255)

    def __call__(self) -> int:
        """The number now."""
        return self._number[0]


def in_children(
    tasks: Mapping[str, Callable[[Say], _T]], say: Say, workers: int, cores: Cores | None = None
) -> dict[str, _T]:
    """Results of tasks, each in a child of its own that sees what this process has; in this one where one is enough.

    Parameters
    ----------
    tasks
        By name; each is called with a function that takes lines of progress. Its result must be picklable.
    say
        Called here with the progress of all.
    workers
        Most children at once.
    cores
        Is told how many cores each child may keep busy, so that those that are left take what others leave.

    Raises
    ------
    FinevhError
        If a child was killed; whatever a task raises is raised here, and the other children are ended.
    """
    cores = Cores() if cores is None else cores
    if _LIBC is None or min(workers, len(tasks)) < 2:
        cores.share(workers, 1)
        return {name: task(say) for name, task in tasks.items()}
    waiting = list(tasks.items())
    running: dict[Connection, tuple[str, int]] = {}
    found: dict[str, _T] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                name, task = waiting.pop(0)
                connection, child = _fork_task(task)
                running[connection] = name, child
            cores.share(workers, len(running))
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                _take_message(ready, running, found, say)
    finally:
        _end(running)
    return {name: found[name] for name in tasks}


class Beside(Generic[_T]):
    """A task that runs in a child, or here when it is waited for."""

    def __init__(self, task: Callable[[Say], _T], running: dict[Connection, tuple[str, int]]) -> None:
        self._task, self._running, self._child = task, running, bool(running)
        self._found: dict[str, _T] = {}
        self._here: list[_T] = []
        self._said: list[str] = []

    def __call__(self) -> _T:
        """Wait for the result.

        Raises
        ------
        FinevhError
            As :func:`in_children`.
        """
        self._take(lambda: False)
        return next(iter((*self._found.values(), *self._here)))

    def until(self, line: str) -> None:
        """Wait until the task has said a line, or is done; raises as the call does."""
        self._take(lambda: line in self._said)

    def has_said(self, line: str) -> bool:
        """Tell whether the task has said a line, without waiting for anything."""
        self._take(lambda: not any(connection.poll() for connection in self._running), here=False)
        return line in self._said

    def _take(self, enough: Callable[[], bool], here: bool = True) -> None:
        while self._running and not enough():
            _take_message(next(iter(self._running)), self._running, self._found, self._said.append)
        if here and not self._child and not self._here:
            self._here.append(self._task(self._said.append))


@contextmanager
def beside(task: Callable[[Say], _T], workers: int, name: str = "the task beside") -> Iterator[Beside[_T]]:
    """Begin a task in a child that takes the time that this process and its other children leave; gives what waits for it.

    With one worker the task runs here, when it is waited for. A child that nobody waits for is ended. ``name`` is what an error
    calls the task.
    """
    running: dict[Connection, tuple[str, int]] = {}
    if _LIBC is not None and workers > 1:

        def yielding(say: Say) -> _T:
            os.nice(_YIELDING)
            return task(say)

        connection, child = _fork_task(yielding)
        running[connection] = name, child
    try:
        yield Beside(task, running)
    finally:
        _end(running)


def _end(running: Mapping[Connection, tuple[str, int]]) -> None:
    """End children."""
    for connection, (_, child) in running.items():
        connection.close()
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def in_turn(
    tasks: Sequence[Callable[[], _T]],
    workers: int,
    done: Callable[[int], None] = lambda number: None,
    name: str = "child",
) -> list[_T]:
    """Results of tasks in their order; children take them in this order, each the next one whenever it is done with one.

    A child keeps what it learnt from one task to the next. In this process where one is enough. ``done`` is called here with the
    number of each task that ended; ``name`` is what an error calls the children.

    Raises
    ------
    FinevhError
        As :func:`in_children`.
    """

    def work(number: int, say: Callable[[int], None]) -> _T:
        found = tasks[number]()
        say(number)
        return found

    workers = min(workers, len(tasks))
    if _LIBC is None or workers < 2:
        return [work(number, done) for number in range(len(tasks))]
    # All children read one file, whose position they share: each number is read once.
    numbers = os.memfd_create("tasks")
    try:
        os.write(numbers, b"".join(number.to_bytes(8, sys.byteorder) for number in range(len(tasks))))
        os.lseek(numbers, 0, os.SEEK_SET)

        def some(say: Say) -> dict[int, _T]:
            found = {}
            while taken := os.read(numbers, 8):
                number = int.from_bytes(taken, sys.byteorder)
                found[number] = work(number, lambda ended: say(str(ended)))
            return found

        children = {f"{name} {k + 1}": some for k in range(workers)}
        parts = in_children(children, lambda text: done(int(text)), workers)
    finally:
        os.close(numbers)
    found = {number: result for part in parts.values() for number, result in part.items()}
    return [found[number] for number in range(len(tasks))]


def _fork_task(task: Callable[[Say], _T]) -> tuple[Connection, int]:
    """Begin a task in a child; what it sends, and its process."""
    receiver, sender = Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child:
        sender.close()
        return receiver, child
    status = 1
    try:
        start_worker(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        receiver.close()
        try:
            sender.send_bytes(
                pickle.dumps(("done", task(lambda text: sender.send_bytes(pickle.dumps(("said", text))))))
            )
        except Exception as error:  # the parent raises it
            sender.send_bytes(_failure(error))
        status = 0
    finally:
        # Nothing that the parent has to clean up is cleaned up here.
        os._exit(status)


def _failure(error: Exception) -> bytes:
    """The message that a task failed; of an error that cannot travel its text."""
    try:
        return pickle.dumps(("failed", error))
    except Exception:  # whatever an error's own pickling raises
        return pickle.dumps(("failed", FinevhError(f"{type(error).__name__}: {error}")))


def _take_message(
    connection: Connection, running: dict[Connection, tuple[str, int]], found: dict[str, _T], say: Say
) -> None:
    """Take one message of a child; its last one ends it."""
    name, child = running[connection]
    try:
        kind, content = pickle.loads(connection.recv_bytes())
    except EOFError:
        kind, content = "failed", FinevhError(f"{name}: its process was killed; a lack of memory is the usual cause")
    if kind == "said":
        say(content)
        return
    del running[connection]
    connection.close()
    os.waitpid(child, 0)
    if kind == "failed":
        raise content
    found[name] = content


def supervised(work: Callable[[], int]) -> int:
    """Run ``work`` in a child and return its exit status; 128 + N if signal N asked for an end (130: Ctrl-C, 143: SIGTERM).

    Native code answers no signal, so a parent that does nothing else passes it on and, if need be, kills. Whatever way the
    child ends, no process of its own and no work folder stays behind. Where there is no ``prctl``, ``work`` runs here.
    """
    if _LIBC is None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return work()
    # A signal that comes before both processes answer it waits: between, it would end one of them or be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    sys.stdout.flush()
    sys.stderr.flush()
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        end_with_parent(parent)
        _work(work)
    return _watch(child)


def _work(work: Callable[[], int]) -> NoReturn:
    def end(number: int, frame: FrameType | None) -> None:
        # The terminal and the parent may both send it: once is enough, and cleaning up is not to be disturbed.
        for other in ENDING:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)

    for number in ENDING:
        signal.signal(number, end)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        status = work()
    except Terminated as asked:
        status = 128 + asked.signal
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    if status <= 128:
        atexit._run_exitfuncs()
    # Modules and kernels are not taken apart, which takes as long as a seventh of a short command. Where a signal came, threads
    # may be deep in a simulation that nobody waits for any more.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _watch(child: int) -> int:
    asked: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        with suppress(ProcessLookupError):
            os.kill(child, number)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)

    def kill(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    for number in ENDING:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    _, code = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    status = os.waitstatus_to_exitcode(code)
    well = status >= 0 and not asked
    _end_orphans(_SHUTDOWN if well else 0.0)
    if not well:
        remove_stale_folders()
    if asked:
        return 128 + asked[0]
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        hint = "; a lack of memory is the usual cause" if -status == signal.SIGKILL else ""
        print(f"finevh: the process was ended by {name}{hint}; the same command resumes", file=sys.stderr)
        return 1
    return status


def _end_orphans(patience: float) -> None:
    """Wait for processes that the child left behind, then kill them; killing one hands us its own children."""
    deadline = time.monotonic() + patience
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            continue
        if time.monotonic() >= deadline:
            children = Path(f"/proc/self/task/{os.getpid()}/children")
            try:
                pids = [int(pid) for pid in children.read_text(encoding="ascii").split()]
            except OSError:
                return
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
