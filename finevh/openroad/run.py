"""Running the rendered stages on OpenROAD, one process each, and proving that each left whole files behind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finevh.base.children import end_with_parent
from finevh.base.quoting import odb_name, shell_word, tcl_list
from finevh.errors import FinevhError, InputError
from finevh.openroad.context import FlowContext
from finevh.openroad.log import Message, last_error, read_messages
from finevh.openroad.render import Stage, external_inputs, flow_stages, render_flow
from finevh.openroad.tool import OpenRoad, check_version, find_openroad, tool_facts

LOG, RERUN, STATE, METRICS = "openroad.log", "rerun.sh", "stage.json", "metrics.json"
HANDOVER_STAGE, POLYBIAS_TABLE = "timing_repair", "polybias.txt"

Assignment = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StageResult:
    """One stage: its folder, OpenROAD's metrics (keys as OpenROAD writes them), warnings as data, and if it was reused."""

    name: str
    folder: Path
    metrics: Mapping[str, float | str]
    messages: tuple[Message, ...]
    reused: bool


@dataclass(frozen=True)
class FlowResult:
    """All stages, and where the layout's files are."""

    directory: Path
    version: str
    stages: tuple[StageResult, ...]

    @property
    def metrics(self) -> dict[str, float | str]:
        """Metrics of all stages; a metric that OpenROAD did not write is absent."""
        return {key: value for stage in self.stages for key, value in stage.metrics.items()}

    def file(self, name: str) -> Path:
        """Return a file of the run, for example ``final.def``, ``final.v``, ``final.spef``, ``tile_of_instance.txt``."""
        return self.directory / name


class OpenRoadError(FinevhError):
    """A stage that did not end well; the message has the tool's last error, the script line and how to run it again."""


def run_flow(
    context: FlowContext,
    directory: Path,
    *,
    tool: OpenRoad | None = None,
    allow_untested: bool = False,
    assign: Callable[[Path], Assignment] | None = None,
    first: str | None = None,
    last: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> FlowResult:
    """Render the scripts of a context into a run directory and run them on OpenROAD, stage by stage.

    Parameters
    ----------
    context
        What to render; relative paths in it are relative to ``directory``.
    directory
        Run directory; scripts and results lie in it, logs and rerun scripts in ``NN-<stage>`` folders.
    tool, allow_untested
        OpenROAD to use; found by :func:`~finevh.openroad.tool.find_openroad` when not given. A version outside the tested
        range is refused unless ``allow_untested``.
    assign
        Called once ``handover.v``, ``handover.def`` and ``handover.spef`` are there, with the directory; returns the
        poly-bias assignment as (instance, cell), names as in the netlist. Without it the context's own is used.
    first, last
        Names of the first and the last stage to run.
    say
        Gets every line that OpenROAD prints, as it comes.

    Returns
    -------
    FlowResult

    Raises
    ------
    ToolMissingError
        No OpenROAD, or an untested version (exit status 3).
    InputError
        A file that the flow needs does not exist, or an unknown stage name.
    OpenRoadError
        A stage ended with an error, was killed, or left a file out, cut short, or without the metrics it must give.
    """
    tool = tool or find_openroad()
    if not allow_untested:
        check_version(tool.version)
    say(f"openroad {tool.version}")
    directory.mkdir(parents=True, exist_ok=True)
    scripts = render_flow(context)
    for name, text in scripts.items():
        (directory / name).write_text(text, encoding="utf-8")
    for name in sorted(external_inputs(context)):
        if not (directory / name).is_file():
            raise InputError(f"{directory / name}: needed by the OpenROAD scripts, but there is no such file")
    stages = _chosen(flow_stages(context), first, last)
    results: list[StageResult] = []
    for number, stage in stages:
        results.append(_run_stage(stage, number, directory, tool, context.threads, say))
        if stage.name == HANDOVER_STAGE and assign is not None:
            table = "".join(tcl_list((odb_name(instance), cell)) + "\n" for instance, cell in assign(directory))
            (directory / POLYBIAS_TABLE).write_text(table, encoding="utf-8")
    return FlowResult(directory, tool.version, tuple(results))


def read_power(path: Path) -> dict[str, dict[str, float]]:
    """Return a ``report_power -format json`` file in mW: group -> internal, switching, leakage, total.

    Raises
    ------
    InputError
        If it is not such a file.
    """
    milliwatt = 1e3  # OpenSTA reports W
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {group: {kind: float(value) * milliwatt for kind, value in row.items()} for group, row in data.items()}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not a power report of OpenROAD ({error}); run its stage again") from None


def _chosen(stages: tuple[Stage, ...], first: str | None, last: str | None) -> list[tuple[int, Stage]]:
    names = [stage.name for stage in stages]
    for name in (first, last):
        if name is not None and name not in names:
            raise InputError(f"no OpenROAD stage '{name}'; there are {', '.join(names)}")
    start = names.index(first) if first else 0
    stop = names.index(last) + 1 if last else len(names)
    if start >= stop:
        raise InputError(f"stage '{first}' comes after '{last}'; swap them")
    return list(enumerate(stages, 1))[start:stop]


def _run_stage(
    stage: Stage, number: int, directory: Path, tool: OpenRoad, threads: int, say: Callable[[str], None]
) -> StageResult:
    folder = directory / f"{number:02d}-{stage.name}"
    folder.mkdir(exist_ok=True)
    key = _stage_key(stage, directory, tool.version)
    if (done := _finished(stage, folder, directory, key)) is not None:
        say(f"{stage.name}: reused")
        return done
    (folder / STATE).unlink(missing_ok=True)
    for name in (*stage.writes, *stage.reports, f"{folder.name}/{METRICS}"):
        (directory / name).unlink(missing_ok=True)  # nothing of an earlier run may pass for this one's
    script = f"{stage.name}.tcl"
    words = [
        *tool.words(directory, stage.reads), "-exit", "-no_init", "-no_splash", "-threads", str(threads),
        "-metrics", f"{folder.name}/{METRICS}", "-log", f"{folder.name}/tool.log", script,
    ]  # fmt: skip
    _write_rerun(folder / RERUN, words)
    status, lines = _stream(words, directory, folder / LOG, say)
    if status != 0:
        raise OpenRoadError(_failure(stage, folder, directory, status, lines))
    metrics = _check_outputs(stage, folder, directory)
    messages = tuple(message for message in read_messages(lines) if message.severity != "info")
    state = {"key": key, "version": tool.version, "messages": [asdict(message) for message in messages]}
    (folder / STATE).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    return StageResult(stage.name, folder, metrics, messages, reused=False)


def _stage_key(stage: Stage, directory: Path, version: str) -> str:
    """Return the hash of all that decides a stage: its script, the settings, what it reads, the tool's version."""
    digest = hashlib.sha256(version.encode())
    for name in (f"{stage.name}.tcl", "common.tcl", *stage.reads):
        path = directory / name
        digest.update(name.encode() + b"\0")
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _finished(stage: Stage, folder: Path, directory: Path, key: str) -> StageResult | None:
    """Return the result of an earlier run with the same key, if its files still stand."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        if state["key"] != key or not all((directory / name).is_file() for name in stage.writes):
            return None
        metrics = _read_metrics(folder / METRICS, stage)
        messages = tuple(Message(**message) for message in state["messages"])
    except (OSError, ValueError, KeyError, TypeError, OpenRoadError):
        return None
    return StageResult(stage.name, folder, metrics, messages, reused=True)


def _write_rerun(path: Path, words: Sequence[str]) -> None:
    command = " ".join(shell_word(word) for word in words)
    path.write_text(
        f'#!/bin/sh\n# Runs this stage again, on the files as they are.\ncd "$(dirname "$0")/.." && exec {command}\n'
    )
    path.chmod(0o755)


def _stream(words: Sequence[str], directory: Path, log: Path, say: Callable[[str], None]) -> tuple[int, list[str]]:
    """Run a command, passing each line on as it comes, and return its status and its lines."""
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace", env={**os.environ, "LC_ALL": "C.UTF-8"},
            preexec_fn=end_with_parent,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        with ExitStack() as interrupted:
            interrupted.callback(process.kill)
            for raw in process.stdout:
                line = raw.rstrip("\n")
                lines.append(line)
                file.write(raw)
                file.flush()
                say(line)
            interrupted.pop_all()
        return process.wait(), lines


def _failure(stage: Stage, folder: Path, directory: Path, status: int, lines: list[str]) -> str:
    """Return what went wrong, where in which script, and how to try again."""
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        head = f"OpenROAD stage '{stage.name}' was killed by {name}; a lack of memory is the usual cause"
    else:
        head = f"OpenROAD stage '{stage.name}' ended with status {status}"
    parts = [head]
    error = last_error(lines)
    if error is not None:
        parts.append(f"last error: {error.text}")
        if error.file is not None and error.line is not None:
            parts.append(f"at {error.file}:{error.line}{_script_line(directory / error.file, error.line)}")
    elif lines:
        parts.append(f"last line: {lines[-1]}")
    parts.append(f"log: {folder / LOG}; run it again with {folder / RERUN}")
    return "\n  ".join(parts)


def _script_line(path: Path, line: int) -> str:
    try:
        return f": {path.read_text(encoding='utf-8').splitlines()[line - 1].strip()}"
    except (OSError, IndexError):
        return ""


def _check_outputs(stage: Stage, folder: Path, directory: Path) -> dict[str, float | str]:
    for name in stage.writes:
        path = directory / name
        if not path.is_file():
            raise OpenRoadError(
                f"OpenROAD stage '{stage.name}' ended well but did not write {name}; log: {folder / LOG}"
            )
        ending = tool_facts()["endings"].get(path.suffix)
        if ending is not None and not _ends_with(path, ending):
            raise OpenRoadError(
                f"{path}: cut short: it does not end with '{ending}'; is the disk full? Run it again with {folder / RERUN}"
            )
    return _read_metrics(folder / METRICS, stage)


def _ends_with(path: Path, ending: str) -> bool:
    tail = 4096
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - tail))
        lines = file.read().decode("utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "") == ending


def _read_metrics(path: Path, stage: Stage) -> dict[str, float | str]:
    """Return the metrics of a stage; one that it must give and did not is an error, never a substitute."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise OpenRoadError(f"{path}: OpenROAD stage '{stage.name}' wrote no metrics; run it again") from None
    except ValueError as error:
        raise OpenRoadError(
            f"{path}: the metrics of stage '{stage.name}' are cut short ({error}); run it again"
        ) from None
    kind = "point" if stage.name.startswith("point_") else stage.name
    for wanted in tool_facts()["metrics"].get(kind, ()):
        if not any(key.endswith(wanted) for key in data):
            raise OpenRoadError(
                f"{path}: OpenROAD stage '{stage.name}' did not report {wanted}; log: {path.parent / LOG}"
            )
    return {key: value for key, value in data.items() if isinstance(value, int | float | str)}
