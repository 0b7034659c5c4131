"""Words of one command of SDC split into flags, options with a value and positional words."""

from __future__ import annotations

from finevh.constraints.expression import number_of
from finevh.constraints.interpreter import Interpreter
from finevh.constraints.values import Collection, TclError, Value


def is_number(word: Value) -> bool:
    """Whether a word is a number."""
    return isinstance(word, str) and not isinstance(number_of(word), str)


class Arguments:
    """Arguments of one command; options may be written by their start.

    Parameters
    ----------
    flags, valued, repeated : str
        Names of options without a value, with one, and with one each time they are given.

    Raises
    ------
    TclError
        For an option that is not among them.
    """

    def __init__(self, tcl: Interpreter, words: list[Value], flags: str, valued: str, repeated: str = "") -> None:
        self.tcl = tcl
        known_flags, known_valued, known_many = flags.split(), valued.split(), repeated.split()
        self.flags: set[str] = set()
        self.values: dict[str, Value] = {}
        self.many: dict[str, list[Value]] = {}
        self.order: list[str] = []
        self.rest: list[Value] = []
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if not isinstance(word, str) or word[:1] != "-" or is_number(word) or len(word) == 1:
                self.rest.append(word)
                continue
            name = self._expand(word[1:], known_flags + known_valued + known_many)
            self.order.append(name)
            if name in known_flags:
                self.flags.add(name)
                continue
            if at == len(words):
                raise TclError(f"-{name} has no value")
            if name in known_valued:
                self.values[name] = words[at]
            else:
                self.many.setdefault(name, []).append(words[at])
            at += 1

    @staticmethod
    def _expand(name: str, known: list[str]) -> str:
        hits = [k for k in known if k == name] or [k for k in known if k.startswith(name)]
        if len(hits) != 1:
            raise TclError(f"option '-{name[:60]}' is not understood; known: {', '.join('-' + k for k in known)}")
        return hits[0]

    def number(self, word: Value, what: str) -> float:
        """A word as a number."""
        text = self.tcl.text(word) if isinstance(word, tuple) else word
        found = number_of(text) if isinstance(text, str) else ""
        if isinstance(found, str) or abs(found) > 1e30:
            raise TclError(f"'{self.tcl.text(word)[:60]}' is no number for the {what}")
        return float(found)

    def positional(self, *names: str) -> list[Value]:
        """The words that are no options, of which there must be as many as ``names``."""
        if len(self.rest) != len(names):
            raise TclError(f"takes {' and '.join(names) or 'options only'}; {len(self.rest)} words given")
        return self.rest

    def text(self, name: str, default: str = "") -> str:
        """Value of an option as one text."""
        word = self.values.get(name, default)
        if isinstance(word, Collection):
            texts = [pattern for item in word.objects for pattern in item.patterns]
            if len(texts) != 1:
                raise TclError(f"-{name} takes one name")
            return texts[0]
        if isinstance(word, tuple):
            if len(word) != 1:
                raise TclError(f"-{name} takes one name")
            return self.tcl.text(word[0])
        return word
