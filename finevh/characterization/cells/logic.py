"""Boolean functions of cells: a Liberty expression in, its truth table and sensitising side states out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finevh.technology.liberty.boolean import Expression, parse_boolean, support

__all__ = ["Function", "assignments", "parse_function", "sensitising_states"]


@dataclass(frozen=True)
class Function:
    """A parsed expression; `evaluate` takes the value of every variable."""

    text: str
    tree: Expression

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in order of first appearance."""
        return support(self.text)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Return 0 or 1."""
        return _evaluate(self.tree, values)


def _evaluate(tree: Expression, values: Mapping[str, int]) -> int:
    kind = tree[0]
    if kind == "pin":
        return values[str(tree[1])]
    if kind in ("0", "1"):
        return int(kind == "1")
    branches = [_evaluate(branch, values) for branch in tree[1:] if isinstance(branch, tuple)]
    if kind == "!":
        return 1 - branches[0]
    left, right = branches
    if kind == "&":
        return left & right
    return left | right if kind == "|" else left ^ right


def parse_function(text: str) -> Function:
    """Parse a Liberty expression (`technology.boolean` says which operators bind tighter).

    Raises
    ------
    InputError
        If the text is no expression.
    """
    return Function(text, parse_boolean(text))


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
