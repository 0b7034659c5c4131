"""Reads and writes TOML: every failure is one message that names the file and what it should have been."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from finevh.base.files import read_input
from finevh.base.share import portable
from finevh.errors import InputError

_LEVELS = 64
_DEEP_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_LEVELS}}}""")
"""A dotted key of so many parts; the time that Python's reader takes for one grows with their square."""
_LARGEST = 4 << 20  # bytes; a file that people write has thousands


def read_toml(path: Path, what: str, hint: str) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Parameters
    ----------
    what
        For the message: ``"a flow file"``.
    hint
        What to do where there is no such file: ``"give the path of a flow file such as flows/quick.toml"``.

    Raises
    ------
    InputError
        Missing, unreadable, too large, no text, no TOML.
    """
    return parse_toml(read_text(path, what, hint), path)


def read_text(path: Path, what: str, hint: str) -> str:
    """Return the text of a file that people write.

    Raises
    ------
    InputError
        Missing, a folder or a device, larger than a person writes, not UTF-8.
    """
    try:
        data = read_input(path, _LARGEST + 1)
        if len(data) > _LARGEST:
            raise InputError(f"{path}: {what} of more than {_LARGEST >> 20} MB; {hint}")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {hint}") from None
    except ValueError:  # not UTF-8, or a NUL in the path
        raise InputError(f"{str(path)!r}: not UTF-8 text; {what} is TOML") from None


def parse_toml(text: str, where: object) -> dict[str, Any]:
    """Return the tables of a TOML text; ``where`` heads the message.

    Raises
    ------
    InputError
        No TOML, nested beyond use, or a whole number of thousands of digits.
    """
    if deep := _DEEP_KEY.search(text):
        line = 1 + text.count("\n", 0, deep.start())
        raise InputError(f"{where}: not valid TOML: line {line}: a key of more than {_LEVELS} parts")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        told = "nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{where}: not valid TOML: {told}") from None


def toml_value(value: object) -> str:
    """Write one value: a truth value, a number, a text, or a list or table of them; paths in their portable form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{toml_value(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, Path):
        value = portable(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(char):04x}" if char < " " or char == "\x7f" else char for char in escaped) + '"'
