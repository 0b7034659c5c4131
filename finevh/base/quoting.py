r"""Names from netlists and users in; text that Tcl, Yosys, OpenSTA patterns and the shell read back as that same name out.

Everything that reaches a script goes through one of these functions, so a bus bit ``a[3]``, an escaped identifier with
spaces, or a hostile ``[exec touch pwned]`` is plain text wherever it lands.
"""

from __future__ import annotations

import re
import reprlib
import shlex
from collections.abc import Iterable
from pathlib import Path

from finevh.errors import InputError

_BARE = re.compile(r"[A-Za-z0-9_./:+%@=,^~!?*<>|&-]+\Z")
_BRACEABLE = re.compile(r"[ -z|~]*\Z")  # printable ASCII except the braces themselves
_SIMPLE_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
_TCL_CONTROL = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\f": r"\f", "\v": r"\v", "\b": r"\b", "\a": r"\a"}
_SDC_BARE = re.compile(r"(?:[!#-\[\]-z|~]|\\/)+")
"""An element of a braced list as it stands: no blank, brace, quote, and no backslash but that of a divider."""
_UPF_BARE = re.compile(r"[A-Za-z0-9_./:@%^&*()+=|<>,?'~-]+")
_BMP_END = 0xFFFF
_LONGEST_NAME = 128
_PLAIN = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_$.+-]{{0,{_LONGEST_NAME - 1}}}")
_SPICE_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[A-Za-z]{0,4}"
_SPICE_PARAMETERS = re.compile(rf"(?: *[A-Za-z_]\w* *= *{_SPICE_NUMBER}(?: |\Z))*", re.ASCII)
_UNSEEN = re.compile(r"[^\n\t -~]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = 60  # characters of a refused name in a message
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 120
_BRIEF.maxlong = 60


def tcl_word(text: str) -> str:
    r"""Return Tcl source for one word whose value is exactly ``text``.

    The result is also one element of a Tcl list, and it stays so inside a braced body.

    Parameters
    ----------
    text
        Any text without NUL and without characters beyond U+FFFF, which Tcl 8.6 cannot hold.

    Examples
    --------
    >>> tcl_word("clk"), tcl_word("a[3]"), tcl_word("x}y")
    ('clk', '{a[3]}', 'x\\}y')

    Raises
    ------
    InputError
        If the text has a character that no Tcl word can carry.
    """
    _refuse_nul(text)
    if not text:
        return "{}"
    if _BARE.match(text):
        return text
    if _BRACEABLE.match(text) and "\\" not in text:
        return "{" + text + "}"
    return "".join(_escape_character(character) for character in text)


def tcl_list(items: Iterable[str]) -> str:
    """Return the items as the text of a Tcl list: ``{a[3]} b``; one line, whatever the items hold."""
    return " ".join(tcl_word(item) for item in items)


def sdc_names(names: Iterable[str]) -> str:
    r"""Return Tcl source for one word that the getters of SDC (``get_ports`` and the like) read as these names or patterns.

    A divider that is part of a name, ``a\/b``, stays as it is.

    Examples
    --------
    >>> sdc_names(["clk", "a[3]"]), sdc_names(["}];exit;{"])
    ('{clk a[3]}', '{\\}\\]\\;exit\\;\\{}')
    """
    return "{" + " ".join(_sdc_name(name) for name in names) + "}"


def sdc_exact_names(names: Iterable[str]) -> str:
    """Return what :func:`sdc_names` does for names that mean only themselves.

    Raises
    ------
    InputError
        If a name has a character that every timer takes for a pattern.
    """
    given = list(names)
    for name in given:
        if "*" in name or "?" in name:
            raise InputError(f"'{name}': SDC takes * and ? for patterns, so no file can name it alone; rename it")
    return sdc_names(given)


def _sdc_name(name: str) -> str:
    _refuse_nul(name)
    return name if _SDC_BARE.fullmatch(name) else "".join(_escape_character(c) for c in name) or "{}"


def upf_name(text: str) -> str:
    r"""Return one name as UPF files hold it, also as an element of a list: brackets, braces, dollars and blanks with backslashes.

    Examples
    --------
    >>> upf_name("u1"), upf_name("q[3]"), upf_name("a b")
    ('u1', 'q\\[3\\]', 'a\\ b')
    """
    if _UPF_BARE.fullmatch(text):
        return text
    return re.sub(r'([\\\[\]{}$";# \t#])', r"\\\1", text) or "{}"


def upf_names(names: Iterable[str]) -> str:
    r"""Return a list of names as one word; they carry backslashes, never bare braces, so the braces around them match.

    Examples
    --------
    >>> upf_names(["u1", "q[3]"])
    '{u1 q\\[3\\]}'
    """
    return "{" + " ".join(upf_name(name) for name in names) + "}"


def tcl_list_word(items: Iterable[str]) -> str:
    """Return Tcl source for one word whose value is the list of ``items``: ``[list {a[3]} b]``."""
    words = tcl_list(items)
    return f"[list {words}]" if words else "{}"


def tcl_comment(text: str) -> str:
    """Return ``text`` in a form that cannot end a comment line nor unbalance the braces around it."""
    return "".join(c if " " <= c <= "~" and c not in "{}\\" else "?" for c in text)


def tcl_regexp(name: str) -> str:
    """Return the anchored Tcl regular expression that matches only ``name`` (pdn's instance patterns)."""
    return "^" + re.sub(r"([!-/:-@\[-^`{-~])", r"\\\1", name) + "$"


def odb_name(identifier: str) -> str:
    r"""Return the name under which OpenROAD keeps a scalar Verilog identifier (given without its ``\`` and blank).

    OpenSTA's Verilog reader puts a backslash before bus brackets, dividers and backslashes of escaped identifiers; a bit
    of a declared bus keeps its plain brackets and is not for this function.

    Examples
    --------
    >>> odb_name("state_q"), odb_name("u1/q[3]")
    ('state_q', 'u1\\/q\\[3\\]')
    """
    if _SIMPLE_IDENTIFIER.match(identifier):
        return identifier
    return re.sub(r"([\\/\[\]])", r"\\\1", identifier)


def verilog_identifier(name: str) -> str:
    r"""Return ``name`` as Verilog writes it: bare where it can be, else escaped with its closing blank.

    Raises
    ------
    InputError
        If the name has white space or a control character, which no Verilog identifier can have.
    """
    if _SIMPLE_IDENTIFIER.match(name):
        return name
    if not name or any(not "!" <= c <= "~" for c in name):
        raise InputError(f"'{name}' cannot be a Verilog identifier: remove its blanks and control characters")
    return f"\\{name} "


def yosys_pattern(name: str) -> str:
    r"""Return the Yosys selection pattern that matches only the object called ``name``.

    Yosys in Tcl takes each word of a command as it is, so ``tcl_word(yosys_pattern(name))`` is safe in a script; in a
    selection ``*?[\`` are pattern characters and a leading ``@%=`` or a colon has a meaning of its own.
    """
    return "\\" + re.sub(r"([\\*?\[])", r"\\\1", name)


def shell_word(text: str) -> str:
    """Return ``text`` as one word of a POSIX shell.

    Raises
    ------
    InputError
        If the text has a NUL.
    """
    _refuse_nul(text)
    return shlex.quote(text)


def plain_name(name: str, what: str) -> str:
    r"""Return ``name`` if every tool reads it as one word: letters, digits and ``_``, then also ``$ . + -``.

    For languages without quotes (ABC, device models of SPICE, file names). A leading dot, ``-`` or digit is refused only where
    it means something: names such as ``45nm`` are plain.

    Parameters
    ----------
    what
        What is named, for the message: ``"design.name"``, ``"cells.lib: cell"``.

    Examples
    --------
    >>> plain_name("NAND2_X1", "cell")
    'NAND2_X1'

    Raises
    ------
    InputError
        If it is anything else.
    """
    if not _PLAIN.fullmatch(name):
        raise InputError(
            f"{what} {name[:_SHOWN]!r}: a name has letters, digits and _ $ . + - only, begins with none of $ . + - and has at"
            f" most {_LONGEST_NAME} characters; rename it"
        )
    return name


def spice_path(path: Path) -> str:
    """Return a path as ngspice takes it behind ``.include`` or ``.lib``, in quotes.

    Raises
    ------
    InputError
        If it has a quote, a semicolon or a control character, which end a SPICE word even inside quotes.
    """
    text = str(path)
    if any(c in '";' or (not c.isprintable() and c != "\t") for c in text):
        raise InputError(
            f"{text!r}: ngspice reads no path with a quote, a semicolon or a line feed; rename the file or folder"
        )
    return f'"{text}"'


def spice_parameters(text: str, what: str) -> str:
    """Return ``text`` if it is a row of ``name=number`` words, such as ``rgatemod=0 w=1.5u``; nothing else passes.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if not _SPICE_PARAMETERS.fullmatch(text):
        raise InputError(f"{what} {text[:_SHOWN]!r}: write name=number words, for example 'rgatemod=0 scale=1.0u'")
    return text


def csv_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: a leading ``= + - @`` gets an apostrophe before it.

    Numbers are no texts: they are formatted by their own writer and keep their sign.
    """
    return f"'{text}" if text[:1] in _FORMULA else text


def visible(text: str) -> str:
    r"""Return a text for a terminal: control characters, which could move the cursor or recolour, as ``\x1b`` and the like.

    Line feeds and tabs stay.
    """
    return _UNSEEN.sub(lambda match: match[0] if match[0].isprintable() else ascii(match[0])[1:-1], text)


def brief(value: object) -> str:
    """Return ``repr`` of a value for a message; a long text, number or list is cut in its middle."""
    return _BRIEF.repr(value)


def _escape_character(character: str) -> str:
    if character in _TCL_CONTROL:
        return _TCL_CONTROL[character]
    code = ord(character)
    if code > _BMP_END or 0xD800 <= code <= 0xDFFF:
        raise InputError(f"U+{code:04X} in a name cannot be written in Tcl 8.6: rename the object")
    if code < ord(" ") or code > ord("~"):
        return f"\\u{code:04x}"
    return character if character.isalnum() or character in "_./:" else "\\" + character


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise InputError(f"a NUL character in {text!r}: no tool takes it; rename the object")
