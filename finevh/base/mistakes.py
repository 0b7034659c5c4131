"""Mistakes in a TOML file that a model refuses, as messages: the line, the key, what is wrong, the nearest word that is right."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from finevh.base.quoting import brief

Location = tuple[str, ...]
"""Where a model found something: sections, key, positions in lists."""


def describe(
    error: ValidationError,
    path: Path,
    text: str,
    nearest: Callable[[Location], str],
    *,
    elsewhere: Mapping[str, str] | None = None,
    own: Callable[[Location], str | None] | None = None,
) -> str:
    """One line per mistake; a misspelt key comes before the missing one that it leaves behind.

    Parameters
    ----------
    nearest
        What to say of an unknown key: :func:`suggest` on the keys of its section.
    elsewhere
        By dotted key, where it was given if not in the file.
    own
        What to say of a place that needs words of its own, None for all others.
    """
    lines = []
    for item in sorted(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden"):
        location = tuple(str(part) for part in item["loc"])
        key, number = ".".join(location), line_of(text, location)
        where = (elsewhere or {}).get(key) or (f"{path}:{number}" if number else f"{path}")
        if item["type"] == "extra_forbidden":
            said = f"unknown key '{key}'{nearest(location)}"
        elif item["type"] == "missing":
            said = f"key '{key}' is missing; add it"
        elif item["type"] == "value_error":
            said = f"{key + ': ' if key else ''}{item['ctx']['error']}"
        else:
            said = (own and own(location)) or f"{key}: {item['msg']}, got {brief(item['input'])}"
        lines.append(f"{where}: {said}")
    return "\n".join(lines)


def suggest(word: str, known: Sequence[str]) -> str:
    """The end of a message: the known key that is meant, or all of them."""
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{match[0]}'?" if match else f"; known keys are {', '.join(known)}"


def line_of(text: str, location: Location) -> int:
    """Line of a key in the TOML text; of its section where the key does not stand there; 0 where neither does."""
    names = [part for part in location if not part.isdigit() and part != "[key]"]
    position = next((int(part) for part in location if part.isdecimal() and len(part) < 9), 0)
    section, seen, best = "", -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            array = stripped.startswith("[[")
            section = stripped.strip("[]").strip()
            if names and section == names[0]:
                seen += 1
                if not array or seen == position:
                    best = number
        elif "=" in stripped:
            key = stripped.split("=")[0].strip().strip('"')
            if (len(names) == 1 and not section and key == names[0]) or (
                len(names) > 1 and section == names[0] and key == names[1] and best and seen in (0, position)
            ):
                return number
    return best
