"""What OpenROAD prints: messages with their tool, number and text; the last error with the line of the script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error", "critical"]

_MESSAGE = re.compile(r"^\[(INFO|WARNING|ERROR|CRITICAL) ([A-Z]{2,4})-(\d+)\]\s*(.*)$")
_PLAIN_WARNING = re.compile(r"^Warning: (?:(\S+?),? (?:line )?(\d+),? )?(.*)$")
_SCRIPT_ERROR = re.compile(r"^Error: (?:(\S+), (\d+) )?(.*)$")
_SEVERITIES: dict[str, Severity] = {"INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "critical"}


@dataclass(frozen=True)
class Message:
    """One message: ``code`` such as ``STA-0101``, empty for messages without one; ``count`` repeats of the same text."""

    severity: Severity
    code: str
    text: str
    count: int = 1


@dataclass(frozen=True)
class ScriptError:
    """Where a script stopped; ``file`` and ``line`` are None where the tool does not say."""

    text: str
    file: str | None
    line: int | None


def read_messages(lines: Iterable[str]) -> list[Message]:
    """Return warnings and errors of a log in order of first appearance, equal ones counted."""
    found: dict[tuple[Severity, str, str], int] = {}
    for line in lines:
        key: tuple[Severity, str, str] | None = None
        if match := _MESSAGE.match(line):
            severity = _SEVERITIES[match[1]]
            key = None if severity == "info" else (severity, f"{match[2]}-{match[3]}", match[4].strip())
        elif match := _PLAIN_WARNING.match(line):
            key = ("warning", "", line.removeprefix("Warning: ").strip())
        elif match := _SCRIPT_ERROR.match(line):
            key = ("error", "", line.removeprefix("Error: ").strip())
        if key is not None:
            found[key] = found.get(key, 0) + 1
    return [Message(severity, code, text, count) for (severity, code, text), count in found.items()]


def last_error(lines: Iterable[str]) -> ScriptError | None:
    """Return the last error of a log: the tool's message, with the place in the script that it stopped at."""
    message: str | None = None
    place: tuple[str | None, int | None] = (None, None)
    for line in lines:
        if match := _MESSAGE.match(line):
            if match[1] in ("ERROR", "CRITICAL"):
                message = f"{match[2]}-{match[3]} {match[4].strip()}"
        elif match := _SCRIPT_ERROR.match(line):
            if match[1] is not None:
                place = (match[1], int(match[2]))
            # "Error: placement.tcl, 17 GPL-0305" repeats the number of the message above it.
            if message is None or not message.startswith(match[3].strip()):
                message = match[3].strip()
    return None if message is None else ScriptError(message, *place)
