"""Tcl's ``expr``: numbers, strings, operators and functions of its text, with variables and commands substituted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from finevh.base.tcl import TclSyntaxError, operand_end, split_list
from finevh.errors import InputError

Number = int | float | str

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_:]*)"
    r"|(?P<operator>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!~&|^?:(),])|(?P<open>[$\[\"{]))"
)
_LEVELS: dict[str, int] = {
    "?": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "eq": 8, "ne": 8, "in": 8, "ni": 8, "<": 9,
    ">": 9, "<=": 9, ">=": 9, "<<": 10, ">>": 10, "+": 11, "-": 11, "*": 12, "/": 12, "%": 12, "**": 13,
}  # fmt: skip
_MAX_DEPTH = 100
_MAX_BITS = 4096

_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": abs, "acos": math.acos, "asin": math.asin, "atan": math.atan, "atan2": math.atan2,
    "ceil": lambda x: float(math.ceil(x)),
    "cos": math.cos, "double": float, "exp": math.exp, "floor": lambda x: float(math.floor(x)), "fmod": math.fmod,
    "hypot": math.hypot, "int": int, "log": math.log, "log10": math.log10, "max": max, "min": min, "pow": math.pow,
    "round": lambda x: math.floor(x + 0.5) if x >= 0 else -math.floor(0.5 - x), "sin": math.sin, "sqrt": math.sqrt,
    "tan": math.tan, "wide": int, "entier": int, "bool": lambda x: int(bool(x)),
}  # fmt: skip


def number_of(text: str) -> Number:
    """The number that a text is, or the text itself."""
    stripped = text.strip()
    if re.fullmatch(r"[+-]?\d+", stripped) and len(stripped) < 300:
        return int(stripped)
    if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]+", stripped) and len(stripped) < 300:
        return int(stripped, 16)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", stripped):
        return float(stripped)
    return text


def text_of(value: Number) -> str:
    """Text of a number as Tcl writes it."""
    # The shortest digits that give the number back; Tcl writes exponents without a leading zero.
    return re.sub(r"e([+-])0", r"e\1", repr(value)) if isinstance(value, float) else str(value)


def is_true(value: Number) -> bool:
    """Truth of a value: a number that is not zero, or yes, true, on.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("true", "yes", "on", "t", "y"):
            return True
        if word in ("false", "no", "off", "f", "n"):
            return False
        found = number_of(value)
        if isinstance(found, str):
            raise InputError(f"'{value[:60]}' is neither true nor false")
        return found != 0
    return value != 0


class Expression:
    """Evaluates one expression.

    Parameters
    ----------
    text : str
    line : int
        Line of its first character, for messages.
    substitute : callable
        Value of a text in which everything is substituted, from its text and line.
    """

    def __init__(self, text: str, line: int, substitute: Callable[[str, int], str]) -> None:
        self.text, self.line, self.substitute = text, line, substitute
        self.at, self.depth, self.skipping = 0, 0, 0

    def value(self) -> Number:
        """Evaluate it.

        Raises
        ------
        InputError
            If it is no expression, or divides by zero.
        """
        found = self._binary(0)
        if self.text[self.at :].strip():
            raise self._fail(f"'{self.text[self.at :].strip()[:40]}' is out of place in an expression")
        return found

    def _fail(self, message: str) -> InputError:
        return TclSyntaxError(self.line, message)

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def _operator(self) -> str:
        token = self._peek()
        if token is None:
            return ""
        return token.group("operator") or (token.group("name") if token.group("name") in _LEVELS else "") or ""

    def _binary(self, level: int) -> Number:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._fail("an expression is nested too deep")
        left = self._unary()
        while True:
            operator = self._operator()
            own = _LEVELS.get(operator, 0)
            if own == 0 or own < level or (own == level and operator != "**" and level):
                break
            token = self._peek()
            assert token is not None
            self.at = token.end()
            left = self._apply(operator, own, left)
        self.depth -= 1
        return left

    def _apply(self, operator: str, own: int, left: Number) -> Number:
        if operator == "?":
            chosen = self.skipping == 0 and is_true(left)
            first = self._guarded(chosen, 0)
            token = self._peek()
            if token is None or token.group("operator") != ":":
                raise self._fail("'?' without ':' in an expression")
            self.at = token.end()
            second = self._guarded(self.skipping == 0 and not chosen, 0)
            return first if chosen else second
        if operator in ("&&", "||"):
            truth = self.skipping == 0 and is_true(left)
            needed = self.skipping == 0 and truth == (operator == "&&")
            right = self._guarded(needed, own)
            return int(is_true(right) if needed else truth)
        right = self._binary(own)
        return 0 if self.skipping else self._compute(operator, left, right)

    def _guarded(self, wanted: bool, level: int) -> Number:
        """Evaluate a part, or only pass over it."""
        self.skipping += not wanted
        try:
            return self._binary(level)
        finally:
            self.skipping -= not wanted

    def _compute(self, operator: str, left: Number, right: Number) -> Number:
        if operator in ("eq", "ne"):
            return int((text_of(left) == text_of(right)) == (operator == "eq"))
        if operator in ("in", "ni"):
            return int((text_of(left) in split_list(text_of(right))) == (operator == "in"))
        a = self._number(left) if isinstance(left, str) else left
        b = self._number(right) if isinstance(right, str) else right
        if operator in ("==", "!=", "<", ">", "<=", ">="):
            if isinstance(a, str) or isinstance(b, str):
                first, second = text_of(left), text_of(right)
                order = (first > second) - (first < second)
            else:
                order = (a > b) - (a < b)
            return int(
                {
                    "==": order == 0,
                    "!=": order != 0,
                    "<": order < 0,
                    ">": order > 0,
                    "<=": order <= 0,
                    ">=": order >= 0,
                }[operator]
            )
        if isinstance(a, str) or isinstance(b, str):
            bad = left if isinstance(a, str) else right
            raise self._fail(f"'{str(bad)[:60]}' is no number for '{operator}'")
        try:
            return self._arithmetic(operator, a, b)
        except (OverflowError, ValueError):
            raise self._fail(f"'{operator}' in an expression overflows") from None

    def _arithmetic(self, operator: str, a: int | float, b: int | float) -> Number:
        if operator == "+":
            return a + b
        if operator == "-":
            return a - b
        if operator == "*":
            return a * b
        if operator in ("/", "%"):
            if b == 0:
                raise self._fail("an expression divides by zero")
            if operator == "/":
                return a // b if isinstance(a, int) and isinstance(b, int) else a / b
        if operator == "**":
            if isinstance(a, int) and isinstance(b, int) and (b < 0 or b * max(a.bit_length(), 1) > _MAX_BITS):
                if b < 0 and a:
                    return int(a**b) if abs(a) == 1 else 0
                raise self._fail("a power in an expression is too large")
            if a == 0 and b < 0:
                raise self._fail("an expression divides by zero")
            found = a**b
            if isinstance(found, complex):
                raise self._fail("a power in an expression has no real value")
            return found
        if not isinstance(a, int) or not isinstance(b, int):
            raise self._fail(f"'{operator}' takes whole numbers")
        if operator == "%":
            return a % b
        if operator in ("<<", ">>"):
            if not 0 <= b <= _MAX_BITS or a.bit_length() > _MAX_BITS:
                raise self._fail("a shift in an expression is too large")
            return a << b if operator == "<<" else a >> b
        return a & b if operator == "&" else a | b if operator == "|" else a ^ b

    def _unary(self) -> Number:
        token = self._peek()
        if token is None:
            rest = self.text[self.at :].strip()
            raise self._fail(
                f"'{rest[:40]}' is out of place in an expression" if rest else "an expression ends too early"
            )
        operator = token.group("operator")
        if operator in ("-", "+", "!", "~"):
            self.at = token.end()
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise self._fail("an expression is nested too deep")
            found = self._unary()
            self.depth -= 1
            return self._signed(operator, found)
        if operator == "(":
            self.at = token.end()
            found = self._binary(0)
            self._close()
            return found
        if operator:
            raise self._fail(f"'{operator}' is out of place in an expression")
        self.at = token.end()
        if token.group("number"):
            return self._number(token.group("number"))
        if token.group("name"):
            return self._named(token.group("name"))
        self.at -= 1
        return self._operand()

    def _number(self, text: str) -> Number:
        """The number that a text is; a whole one with a leading zero is octal to some readers and decimal to others."""
        if re.fullmatch(r"\s*[+-]?0[0-9]+\s*", text):
            raise self._fail(f"'{text.strip()[:40]}' may be octal; write it without the leading zero")
        return number_of(text)

    def _signed(self, operator: str, found: Number) -> Number:
        if self.skipping:
            return 0
        if operator == "!":
            return int(not is_true(found))
        value = number_of(found) if isinstance(found, str) else found
        if isinstance(value, str) or (operator == "~" and not isinstance(value, int)):
            raise self._fail(f"'{str(found)[:60]}' is no number for '{operator}'")
        return -value if operator == "-" else ~int(value) if operator == "~" else value

    def _close(self) -> None:
        token = self._peek()
        if token is None or token.group("operator") != ")":
            raise self._fail("unbalanced parentheses in an expression")
        self.at = token.end()

    def _named(self, name: str) -> Number:
        token = self._peek()
        if token is None or token.group("operator") != "(":
            if name.lower() in ("true", "false", "yes", "no", "on", "off"):
                return int(is_true(name))
            raise self._fail(f"'{name[:60]}' in an expression is no number; quote a text")
        self.at = token.end()
        values: list[int | float] = []
        while True:
            token = self._peek()
            if not values and token is not None and token.group("operator") == ")":
                break
            found = self._binary(0)
            value = number_of(found) if isinstance(found, str) else found
            if isinstance(value, str) and not self.skipping:
                raise self._fail(f"'{value[:60]}' is no number for {name}()")
            values.append(0 if isinstance(value, str) else value)
            token = self._peek()
            if token is None or token.group("operator") != ",":
                break
            self.at = token.end()
        self._close()
        if name not in _FUNCTIONS:
            raise self._fail(f"the function '{name}' of expressions is not understood")
        if self.skipping:
            return 0
        try:
            return _FUNCTIONS[name](*values)
        except (ValueError, OverflowError, TypeError, ZeroDivisionError):
            raise self._fail(f"{name}() of {', '.join(map(text_of, values)) or 'nothing'} has no value") from None

    def _operand(self) -> Number:
        """A variable, command, quoted or braced text."""
        start = self.at
        opening = self.text[start]
        self.at = operand_end(self.text, start, self.line)
        raw = self.text[start : self.at]
        if self.skipping:
            return 0
        if opening == "{":
            return raw[1:-1]
        found = self.substitute(raw[1:-1] if opening == '"' else raw, self.line)
        return found if opening == '"' else self._number(found)
