"""Liberty Boolean expressions: text in, truth tables, supports and unateness out.

Operators in order of precedence: ``!`` before and ``'`` behind an operand, ``^``, ``&`` ``*`` or a blank, ``|`` ``+``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import Sense

__all__ = ["Expression", "evaluate", "parse_boolean", "sense_of", "support", "truth_table"]

Expression: TypeAlias = tuple["str | Expression", ...]
"""Prefix form: ("0",), ("1",), ("pin", name), ("!", e), ("^", e, e), ("&", e, e) or ("|", e, e)."""

Bits = NDArray[np.bool_]

_TOKEN = re.compile(r"""\s*(?:([A-Za-z_][\w\[\].]*)|([01])|([!'^&*|+()]))""")


_LONGEST, _DEEPEST = 1000, 100
"""Words and brackets of an expression; cells have some dozens. An expression is a tree that recursion walks."""


def _depth(tokens: list[str]) -> int:
    """Most brackets open at a time, and negations one behind the other."""
    depth = negations = deepest = 0
    for token in tokens:
        negations = negations + 1 if token in "!'" else 0
        depth += (token == "(") - (token == ")")
        deepest = max(deepest, depth + negations)
    return deepest


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error(f"unexpected '{text[position:].strip()[0]}'; use names, 0, 1 and ! ' & * ^ | + ( )")
            self.tokens.append(match.group().strip())
            position = match.end()
        if len(self.tokens) > _LONGEST or _depth(self.tokens) > _DEEPEST:
            raise self.error(f"longer than {_LONGEST} words, or nested deeper than {_DEEPEST}")
        self.next = 0

    def error(self, what: str) -> InputError:
        return InputError(f"Boolean expression '{self.text[:200]}': {what}")

    def peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.next += 1
        return token

    def disjunction(self) -> Expression:
        left = self.conjunction()
        while self.peek() in ("|", "+") and self.peek():
            self.take()
            left = ("|", left, self.conjunction())
        return left

    def conjunction(self) -> Expression:
        left = self.exclusive()
        while True:
            token = self.peek()
            if token in ("&", "*") and token:
                self.take()
            elif not (token and (token in "!(01" or token[0].isalpha() or token[0] == "_")):
                return left
            left = ("&", left, self.exclusive())

    def exclusive(self) -> Expression:
        left = self.operand()
        while self.peek() == "^":
            self.take()
            left = ("^", left, self.operand())
        return left

    def operand(self) -> Expression:
        token = self.take()
        inner: Expression
        if token == "!":
            return ("!", self.operand())
        if token == "(":
            inner = self.disjunction()
            if self.take() != ")":
                raise self.error("a ')' is missing")
        elif token in ("0", "1"):
            inner = (token,)
        elif token and (token[0].isalpha() or token[0] == "_"):
            inner = ("pin", token)
        else:
            raise self.error(f"'{token}' stands where a pin should" if token else "it ends too early")
        while self.peek() == "'":
            self.take()
            inner = ("!", inner)
        return inner


@lru_cache(maxsize=65536)
def parse_boolean(text: str) -> Expression:
    """Parse a Liberty Boolean expression.

    Raises
    ------
    InputError
        If the text is no expression.

    Examples
    --------
    >>> parse_boolean("!(A & B)")
    ('!', ('&', ('pin', 'A'), ('pin', 'B')))
    """
    reader = _Reader(text)
    tree = reader.disjunction()
    if reader.peek():
        raise reader.error(f"'{reader.peek()}' is left over")
    return tree


def evaluate(tree: Expression, values: Mapping[str, Bits]) -> Bits:
    """Evaluate an expression over arrays of bits, one array per pin, all of one shape.

    Raises
    ------
    InputError
        If a pin of the expression has no value.
    """
    operator = tree[0]
    if operator == "pin":
        name = str(tree[1])
        if name not in values:
            raise InputError(f"Boolean expression names '{name}', which is not among {', '.join(values) or 'no pins'}")
        return values[name]
    if operator in ("0", "1"):
        shape = next(iter(values.values())).shape if values else (1,)
        return np.full(shape, operator == "1")
    operands = [evaluate(branch, values) for branch in tree[1:] if isinstance(branch, tuple)]
    if operator == "!":
        return ~operands[0]
    if operator == "^":
        return operands[0] ^ operands[1]
    return operands[0] & operands[1] if operator == "&" else operands[0] | operands[1]


@lru_cache(maxsize=65536)
def support(text: str) -> tuple[str, ...]:
    """Names in an expression, in order of first appearance."""
    seen: dict[str, None] = {}

    def visit(tree: Expression) -> None:
        if tree[0] == "pin":
            seen[str(tree[1])] = None
        for branch in tree[1:]:
            if isinstance(branch, tuple):
                visit(branch)

    visit(parse_boolean(text))
    return tuple(seen)


def patterns(n: int) -> Bits:
    """All patterns of ``n`` bits, (n, 2**n): row ``j`` is bit ``j`` of the column number."""
    codes = np.arange(1 << n)
    return np.array([(codes >> j) & 1 for j in range(n)], dtype=np.bool_).reshape(n, 1 << n)


def truth_table(text: str, names: Sequence[str]) -> Bits:
    """Values of an expression over all patterns of ``names``, (2**n,); bit ``j`` of the pattern is ``names[j]``.

    Raises
    ------
    InputError
        If the expression is wrong or names something outside ``names``.
    """
    bits = patterns(len(names))
    result = evaluate(parse_boolean(text), dict(zip(names, bits, strict=True)))
    return np.broadcast_to(result, (1 << len(names),)).copy()


def sense_of(text: str, pin: str) -> Sense | None:
    """Unateness of an expression in one of its pins; None if the pin has no influence."""
    names = support(text)
    if pin not in names:
        return None
    j = names.index(pin)
    table = truth_table(text, names)
    codes = np.arange(table.size)
    low, high = table[(codes >> j) & 1 == 0], table[(codes >> j) & 1 == 1]
    rises, falls = bool((high & ~low).any()), bool((low & ~high).any())
    if rises and falls:
        return Sense.NON_UNATE
    if rises:
        return Sense.POSITIVE
    return Sense.NEGATIVE if falls else None
