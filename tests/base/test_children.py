"""Whatever ends a command, its processes and work folders end with it, and the exit status says how."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from finevh.base.children import Cores, Say, beside, in_children, in_turn
from finevh.errors import FinevhError, InputError
from oracles.processes import processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes end with their parent on Linux only")

# A command that works in a child of its own, in a work folder, and answers no signal while it "computes".
SCRIPT = """
import os, signal, subprocess, sys, time
from finevh.base.children import end_with_parent, supervised
from finevh.base.files import work_folder

def work():
    with work_folder() as folder:
        subprocess.Popen(["sleep", "60.25"], preexec_fn=end_with_parent)
        subprocess.Popen(["sleep", "60.25"])
        if {deaf}:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
        print(os.getpid(), folder, flush=True)
        time.sleep({seconds})
    return 7

sys.exit(supervised(work))
"""


def start(tmp_path: Path, deaf: bool = False, seconds: float = 60) -> tuple[subprocess.Popen[str], int, Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(deaf=deaf, seconds=seconds)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    child, folder = process.stdout.readline().split()
    return process, int(child), Path(folder)


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not holds():
        time.sleep(0.02)
    return holds()


STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: 1}
# A child that blocks a signal gets none when it is sent to it alone: nothing happens then.
CASES = [
    (number, whom, deaf)
    for number in STATUS
    for whom in ("main", "child", "group")
    for deaf in (False, True)
    if not (deaf and whom == "child" and number != signal.SIGKILL)
]


@pytest.mark.parametrize(("number", "whom", "deaf"), CASES)
def test_a_signal_ends_all_processes_and_folders(tmp_path: Path, number: signal.Signals, whom: str, deaf: bool) -> None:
    process, child, folder = start(tmp_path, deaf)
    begin = time.monotonic()
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(process.pid if whom == "main" else child, number)
    found = process.wait(10)
    assert time.monotonic() - begin < 4.0
    killed_main = number == signal.SIGKILL and whom != "child"
    assert found == (-signal.SIGKILL if killed_main else STATUS[number])
    if killed_main:
        # Nobody was left to clean up: a child without our mark may live on, the next command removes the folder.
        for pid in processes(process.pid):
            if b"60.25" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        script = "from finevh.base.files import work_folder\nwith work_folder(): pass"
        assert wait_until(lambda: child not in processes(process.pid))
        subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}, check=True)
    assert wait_until(lambda: processes(process.pid) == [])
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_ends_well_gives_its_status_and_leaves_nothing(tmp_path: Path) -> None:
    process, _, folder = start(tmp_path, seconds=0.1)
    assert process.wait(10) == 7
    assert processes(process.pid) == []
    assert not folder.exists()


def task(name: str, seconds: float = 0.0) -> Callable[[Say], tuple[str, int]]:
    def work(say: Say) -> tuple[str, int]:
        say(f"{name} begins")
        time.sleep(seconds)
        return name, os.getpid()

    return work


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_of_tasks_come_by_name_with_their_progress(workers: int) -> None:
    said: list[str] = []
    found = in_children({name: task(name, 0.2 if name == "a" else 0.0) for name in "abc"}, said.append, workers)
    assert list(found) == ["a", "b", "c"]
    assert [name for name, _ in found.values()] == ["a", "b", "c"]
    assert sorted(said) == ["a begins", "b begins", "c begins"]
    processes = {process for _, process in found.values()}
    assert processes == {os.getpid()} if workers == 1 else os.getpid() not in processes and len(processes) == 3


def test_a_child_may_keep_the_cores_busy_that_others_left() -> None:
    cores, begun = Cores(), mmap.mmap(-1, 1)

    def wait_for(reached: Callable[[], bool]) -> None:
        for _ in range(6000):
            if reached():
                return
            time.sleep(0.01)

    def short(say: Say) -> list[int]:
        wait_for(lambda: begun[0] == 1)
        return [cores()]

    def long(say: Say) -> list[int]:
        found = [cores()]
        begun[0] = 1
        wait_for(lambda: cores() == 2)
        return [*found, cores()]

    found = in_children({"short": short, "long": long}, lambda text: None, 2, cores)
    assert found == {"short": [1], "long": [1, 2]}


def test_a_task_that_is_alone_may_keep_all_cores_busy() -> None:
    cores = Cores()
    assert in_children({"alone": lambda say: cores()}, lambda text: None, 3, cores) == {"alone": 3}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_tasks_in_turn_go_to_whoever_is_free(workers: int) -> None:
    def work(number: int) -> Callable[[], tuple[int, int]]:
        def one() -> tuple[int, int]:
            time.sleep(1.0 if number == 0 else 0.01)
            return number, os.getpid()

        return one

    ended: list[int] = []
    found = in_turn([work(number) for number in range(7)], workers, ended.append)
    assert sorted(ended) == list(range(7))
    assert [number for number, _ in found] == list(range(7))
    first, others = found[0][1], {process for _, process in found[1:]}
    assert others == {os.getpid()} if workers == 1 else first not in others


def test_a_task_beside_runs_before_it_is_asked_for_and_gives_way(tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def task(say: Say) -> tuple[int, int]:
        begun.touch()
        return os.getpid(), os.nice(0)

    with beside(task, 2) as result:
        limit = time.monotonic() + 60.0
        while not begun.exists():
            assert time.monotonic() < limit, "nobody asked, and nothing ran"
            time.sleep(0.01)
        process, niceness = result()
        assert result() == (process, niceness)
    assert process != os.getpid()
    assert niceness == min(os.nice(0) + 5, 19)


def test_with_one_worker_a_task_beside_runs_here_when_it_is_asked_for() -> None:
    ran: list[int] = []
    with beside(lambda say: ran.append(os.getpid()), 1) as result:
        assert not ran
        result()
    assert ran == [os.getpid()]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_task_beside_says_can_be_waited_for(tmp_path: Path, workers: int) -> None:
    go_on = tmp_path / "go on"

    def task(say: Say) -> str:
        say("half")
        limit = time.monotonic() + 60.0
        while workers > 1 and not go_on.exists() and time.monotonic() < limit:
            time.sleep(0.01)
        say("all but")
        return "done"

    with beside(task, workers) as result:
        result.until("half")
        assert result.has_said("half")
        assert result.has_said("all but") == (workers == 1)
        go_on.touch()
        assert result() == "done"
        assert result.has_said("all but")
        result.until("never said")


def test_a_task_beside_ends_with_what_it_ran_beside() -> None:
    def fails(say: Say) -> None:
        raise InputError("flow.toml:4: no such net")

    with pytest.raises(InputError, match="no such net"), beside(fails, 2) as result:
        result()
    with pytest.raises(InputError, match="another"), beside(lambda say: time.sleep(60.0), 2):
        raise InputError("another")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_a_task_raises_is_raised_and_ends_the_others() -> None:
    def fails(say: Say) -> tuple[str, int]:
        raise InputError("flow.toml:3: no such cell")

    begun = time.monotonic()
    with pytest.raises(InputError, match="no such cell"):
        in_children({"good": task("good", 60.0), "bad": fails}, lambda text: None, 2)
    assert time.monotonic() - begun < 30.0
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_error_that_cannot_travel_keeps_its_text() -> None:
    class OwnError(Exception):
        pass

    def fails(say: Say) -> tuple[str, int]:
        raise OwnError("what happened")

    with pytest.raises(FinevhError, match="OwnError: what happened"):
        in_children({"good": task("good"), "bad": fails}, lambda text: None, 2)


def test_a_child_that_is_killed_is_said() -> None:
    def dies(say: Say) -> tuple[str, int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return "", 0

    with pytest.raises(FinevhError, match="bad: its process was killed"):
        in_children({"good": task("good"), "bad": dies}, lambda text: None, 2)


def test_children_end_with_a_parent_that_is_killed() -> None:
    script = """
import time
from finevh.base.children import in_children
def work(say):
    say("begins")
    time.sleep(60.5)
in_children({"a": work, "b": work}, lambda text: print(text, flush=True), 2)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    assert len(processes(process.pid)) == 3
    process.kill()
    process.wait()
    assert wait_until(lambda: not processes(process.pid))


def test_a_signal_that_comes_while_the_command_loads_is_answered() -> None:
    """It waits until both processes answer it; before, the import system could lose it and the command went on."""
    code = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "import time\n"
        "from finevh.base.children import supervised\n"
        "raise SystemExit(supervised(lambda: time.sleep(30) or 0))\n"
    )
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=25, check=False)
    assert done.returncode == 128 + signal.SIGINT
    assert time.monotonic() - begin < 20
