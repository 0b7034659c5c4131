"""Boolean functions of cells: a Liberty-style expression in, its truth table and sensitising side states out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finevh.errors import InputError

__all__ = ["Function", "assignments", "parse_function", "sensitising_states"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[01]|[()!'&*|+^])")


@dataclass(frozen=True)
class Function:
    """A parsed expression; `evaluate` takes the value of every variable."""

    text: str
    tree: tuple[object, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in order of first appearance."""
        seen: dict[str, None] = {}
        stack: list[object] = [self.tree]
        while stack:
            node = stack.pop()
            if isinstance(node, tuple):
                if node[0] == "var":
                    seen.setdefault(str(node[1]))
                else:
                    stack.extend(reversed(node[1:]))
        return tuple(seen)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Return 0 or 1."""
        return _evaluate(self.tree, values)


def _evaluate(node: object, values: Mapping[str, int]) -> int:
    assert isinstance(node, tuple)
    kind = node[0]
    if kind == "const":
        return int(node[1])
    if kind == "var":
        return values[str(node[1])]
    if kind == "not":
        return 1 - _evaluate(node[1], values)
    left, right = _evaluate(node[1], values), _evaluate(node[2], values)
    if kind == "and":
        return left & right
    return left | right if kind == "or" else left ^ right


def parse_function(text: str) -> Function:
    """Parse a Liberty expression: `!`, postfix `'`, `&`/`*`/juxtaposition, `^`, `|`/`+`, parentheses, 0, 1.

    Raises
    ------
    InputError
        If the text is no expression.
    """
    tokens: list[str] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InputError(
                f"function {text!r}: unexpected {text[position:].strip()[:1]!r} at column {position + 1}; "
                "use names, 0, 1 and ! ' & * ^ | + ( )"
            )
        tokens.append(match.group(1))
        position = match.end()
    tokens.append("")
    index = 0

    def fail(what: str) -> InputError:
        return InputError(f"function {text!r}: {what}")

    def atom() -> tuple[object, ...]:
        nonlocal index
        token = tokens[index]
        index += 1
        node: tuple[object, ...]
        if token == "!":
            return ("not", atom())
        if token == "(":
            node = disjunction()
            if tokens[index] != ")":
                raise fail("a parenthesis is not closed")
            index += 1
        elif token in ("0", "1"):
            node = ("const", token)
        elif token and (token[0].isalpha() or token[0] == "_"):
            node = ("var", token)
        else:
            raise fail(f"expected a name before {token!r}" if token else "ends too early")
        while tokens[index] == "'":
            index += 1
            node = ("not", node)
        return node

    def conjunction() -> tuple[object, ...]:
        nonlocal index
        node = atom()
        while tokens[index] and tokens[index] not in (")", "|", "+", "^"):
            index += tokens[index] in ("&", "*")
            node = ("and", node, atom())
        return node

    def exclusive() -> tuple[object, ...]:
        nonlocal index
        node = conjunction()
        while tokens[index] == "^":
            index += 1
            node = ("xor", node, conjunction())
        return node

    def disjunction() -> tuple[object, ...]:
        nonlocal index
        node = exclusive()
        while tokens[index] in ("|", "+"):
            index += 1
            node = ("or", node, exclusive())
        return node

    tree = disjunction()
    if tokens[index]:
        raise fail(f"unexpected {tokens[index]!r}")
    return Function(text, tree)


def assignments(names: Sequence[str]) -> Iterator[dict[str, int]]:
    """Yield every assignment of the names, the last name toggling fastest."""
    for bits in itertools.product((0, 1), repeat=len(names)):
        yield dict(zip(names, bits, strict=True))


def sensitising_states(function: Function, pin: str, inputs: Sequence[str]) -> list[tuple[dict[str, int], bool]]:
    """Return the side states in which `pin` moves the output, each with True where the output follows the pin."""
    others = [name for name in inputs if name != pin]
    found = []
    for side in assignments(others):
        low, high = function.evaluate({**side, pin: 0}), function.evaluate({**side, pin: 1})
        if low != high:
            found.append((side, high == 1))
    return found
