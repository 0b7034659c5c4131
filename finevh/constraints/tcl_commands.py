"""Tcl's own commands for :mod:`finevh.constraints.interpreter`: control flow, lists, texts."""

from __future__ import annotations

import fnmatch
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from finevh.base.tcl import TclSyntaxError
from finevh.constraints.expression import number_of, text_of
from finevh.constraints.values import Handler, TclError, Value
from finevh.errors import InputError
from finevh.netlist.verilog import read_text

if TYPE_CHECKING:
    from finevh.constraints.interpreter import Interpreter

_MAX_LIST = 200_000
_MAX_SEARCHED = 5000
_NESTED_REPEAT = re.compile(r"[*+}]\)?[*+{]|\([^()]*[*+{][^()]*\)[*+{]|\([^()]*\|[^()]*\)[*+{]")


def safe_pattern(text: str, nocase: bool = False, lines: bool = False) -> re.Pattern[str]:
    """Compile a regular expression whose search takes a bounded time; ``lines``: ``.`` and ``$`` end at a line's end.

    Raises
    ------
    TclError
        If it is none, or repeats a repetition.
    """
    if len(text) > 500 or _NESTED_REPEAT.search(text) or re.search(r"\([^)]*\([^)]*[*+{]", text):
        raise TclError(f"the regular expression '{text[:60]}' repeats a repetition; write it simpler")
    posix = {"[:alpha:]": "a-zA-Z", "[:digit:]": "0-9", "[:alnum:]": "a-zA-Z0-9", "[:space:]": r"\s"}
    for name, characters in posix.items():
        text = text.replace(name, characters)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(text, (re.IGNORECASE if nocase else 0) | (re.MULTILINE if lines else re.DOTALL))
    except (re.error, OverflowError, RecursionError) as error:
        raise TclError(f"'{text[:60]}' is no regular expression: {error}") from None


def glob(pattern: str, text: str, nocase: bool = False) -> bool:
    """Tcl's ``string match``: ``*``, ``?``, ``[...]``, and a backslash before a character that stands for itself."""
    if len(pattern) > 5000:
        return False
    out, k = [], 0
    while k < len(pattern):
        c = pattern[k]
        if c == "\\" and k + 1 < len(pattern):
            out.append(f"[{pattern[k + 1]}]" if pattern[k + 1] in "*?[" else pattern[k + 1])
            k += 2
            continue
        out.append(c)
        k += 1
    return re.compile(fnmatch.translate("".join(out)), re.IGNORECASE if nocase else 0).match(text) is not None


class _Language:
    def __init__(self, tcl: Interpreter) -> None:
        self.tcl = tcl

    def fail(self, message: str) -> InputError:
        return TclError(message)

    def need(self, words: list[Value], least: int, most: int | None, form: str) -> None:
        """Refuse a wrong number of arguments."""
        if len(words) < least or (most is not None and len(words) > most):
            raise self.fail(f"is written '{form}'")

    def texts(self, words: list[Value]) -> list[str]:
        return [self.tcl.text(word) for word in words]

    def searched(self, text: str) -> str:
        """A text for a regular expression, whose time grows with it."""
        if len(text) > _MAX_SEARCHED:
            raise self.fail(f"a text of more than {_MAX_SEARCHED} characters")
        return text

    def index(self, value: Value, length: int) -> int:
        """Position that an index such as ``end-1`` means."""
        text = self.tcl.text(value).strip()
        match = re.fullmatch(r"(end|-?\d{1,9})([+-]\d{1,9})?", text)
        if match is None:
            raise self.fail(f"'{text[:40]}' is no index")
        first = length - 1 if match.group(1) == "end" else int(match.group(1))
        return first + int(match.group(2) or 0)

    # ---- variables and control flow

    def set_(self, words: list[Value]) -> Value:
        self.need(words, 1, 2, "set NAME ?VALUE?")
        name = self.tcl.text(words[0])
        return self.tcl.get(name) if len(words) == 1 else self.tcl.set(name, words[1])

    def unset(self, words: list[Value]) -> Value:
        for name in self.texts(words):
            if name not in ("-nocomplain", "--"):
                self.tcl.unset(name)
        return ""

    def incr(self, words: list[Value]) -> Value:
        self.need(words, 1, 2, "incr NAME ?STEP?")
        name = self.tcl.text(words[0])
        value = number_of(self.tcl.text(self.tcl.get(name)) if self.tcl.exists(name) else "0")
        step = number_of(self.tcl.text(words[1])) if len(words) > 1 else 1
        if not isinstance(value, int) or not isinstance(step, int):
            raise self.fail("takes whole numbers")
        return self.tcl.set(name, str(value + step))

    def append(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "append NAME VALUE ...")
        name = self.tcl.text(words[0])
        old = self.tcl.text(self.tcl.get(name)) if self.tcl.exists(name) else ""
        return self.tcl.set(name, old + "".join(self.texts(words[1:])))

    def expr(self, words: list[Value]) -> Value:
        return text_of(self.tcl.expression(words))

    def if_(self, words: list[Value]) -> Value:
        rest = list(words)
        while rest:
            chosen = self.tcl.condition(rest.pop(0))
            if rest and rest[0] == "then":
                rest.pop(0)
            if not rest:
                raise self.fail("has a condition without a body")
            body = rest.pop(0)
            if chosen:
                return self.body(body)
            if not rest:
                return ""
            word = rest.pop(0)
            if word != "elseif":
                return self.body(word if word != "else" else rest.pop(0) if rest else "")
        raise self.fail("has no condition")

    def body(self, script: Value) -> Value:
        return self.tcl.run(self.tcl.text(script), self.tcl.line)

    def while_(self, words: list[Value]) -> Value:
        self.need(words, 2, 2, "while CONDITION BODY")
        line, body = self.tcl.line, self.tcl.text(words[1])
        while self.tcl.condition(words[0]) and self.tcl.loop(body, line):
            pass
        return ""

    def for_(self, words: list[Value]) -> Value:
        self.need(words, 4, 4, "for START CONDITION NEXT BODY")
        line = self.tcl.line
        self.tcl.run(self.tcl.text(words[0]), line)
        while self.tcl.condition(words[1]) and self.tcl.loop(self.tcl.text(words[3]), line):
            self.tcl.loop(self.tcl.text(words[2]), line)
        return ""

    def foreach(self, words: list[Value]) -> Value:
        if len(words) < 3 or len(words) % 2 == 0:
            raise self.fail("is written 'foreach NAME LIST BODY'")
        line, body = self.tcl.line, self.tcl.text(words[-1])
        names = [self.texts(self.tcl.items(word)) for word in words[:-1:2]]
        lists = [self.tcl.items(word) for word in words[1:-1:2]]
        if not all(names):
            raise self.fail("has no variable")
        passes = max((-(-len(items) // len(own)) for own, items in zip(names, lists, strict=True)), default=0)
        for k in range(passes):
            for own, items in zip(names, lists, strict=True):
                for j, name in enumerate(own):
                    at = k * len(own) + j
                    self.tcl.set(name, items[at] if at < len(items) else "")
            if not self.tcl.loop(body, line):
                break
        return ""

    def switch(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        how = "exact"
        while texts and texts[0].startswith("-") and len(texts) > 2:
            option = texts.pop(0)
            if option == "--":
                break
            if option not in ("-exact", "-glob", "-regexp"):
                raise self.fail(f"option '{option}' is not understood")
            how = option[1:]
        if len(texts) < 2:
            raise self.fail("is written 'switch TEXT {PATTERN BODY ...}'")
        subject = texts.pop(0)
        pairs = self.texts(self.tcl.items(texts[0])) if len(texts) == 1 else texts
        for k in range(0, len(pairs) - 1, 2):
            pattern = pairs[k]
            hit = (
                (pattern == "default" and k == len(pairs) - 2)
                or (how == "exact" and subject == pattern)
                or (how == "glob" and glob(pattern, subject))
                or (how == "regexp" and safe_pattern(pattern).search(self.searched(subject)) is not None)
            )
            if hit:
                bodies = [body for body in pairs[k + 1 :: 2] if body != "-"]
                return self.body(bodies[0]) if bodies else ""
        return ""

    def eval(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "eval SCRIPT")
        if len(words) == 1:
            return self.body(words[0])
        return self.body(" ".join(self.texts(words)))

    def lmap(self, words: list[Value]) -> Value:
        self.need(words, 3, 3, "lmap NAME LIST BODY")
        line, body, names = self.tcl.line, self.tcl.text(words[2]), self.texts(self.tcl.items(words[0]))
        if not names:
            raise self.fail("has no variable")
        items = self.tcl.items(words[1])
        found: list[Value] = []
        for k in range(0, len(items), len(names)):
            for j, name in enumerate(names):
                self.tcl.set(name, items[k + j] if k + j < len(items) else "")
            if not self.tcl.loop(body, line, found):
                break
        return self.tcl.listed(found)

    def proc(self, words: list[Value]) -> Value:
        self.need(words, 3, 3, "proc NAME {PARAMETERS} BODY")
        self.tcl.define(self.tcl.text(words[0]), words[1], self.tcl.text(words[2]))
        return ""

    def return_(self, words: list[Value]) -> Value:
        self.tcl.leave("return", words[-1] if words else "")
        return ""

    def break_(self, words: list[Value]) -> Value:
        self.tcl.leave("break")
        return ""

    def continue_(self, words: list[Value]) -> Value:
        self.tcl.leave("continue")
        return ""

    def global_(self, words: list[Value]) -> Value:
        for name in self.texts(words):
            self.tcl.frames[-1].shared.add(name.removeprefix("::"))
        return ""

    def catch(self, words: list[Value]) -> Value:
        self.need(words, 1, 3, "catch SCRIPT ?NAME?")
        line = self.tcl.line
        nesting, depth = self.tcl.nesting, self.tcl.depth
        try:
            result: Value = self.tcl.run(self.tcl.text(words[0]), line)
            code = "0"
        except TclSyntaxError as error:
            if "more than" in error.reason:
                raise
            result, code = error.reason, "1"
        except InputError as error:
            result, code = str(error), "1"
            self.tcl.caught(result)
        self.tcl.nesting, self.tcl.depth, self.tcl.line = nesting, depth, line
        if len(words) > 1:
            self.tcl.set(self.tcl.text(words[1]), result)
        return code

    def error(self, words: list[Value]) -> Value:
        raise self.fail(self.tcl.text(words[0]) if words else "the file gives up here")

    def exit_(self, words: list[Value]) -> Value:
        if words and self.tcl.text(words[0]) != "0":
            raise self.fail("the file gives up here")
        self.tcl.leave("return")
        return ""

    def info(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        match texts:
            case ["exists", name]:
                return str(int(self.tcl.exists(name)))
            case ["commands" | "procs", name]:
                known = [*self.tcl.procedures, *(self.tcl.commands if texts[0] == "commands" else ())]
                return self.tcl.listed([c for c in known if glob(name.removeprefix("::"), c)])
            case ["script"]:
                return self.tcl.file
            case ["level"]:
                return str(len(self.tcl.frames) - 1)
        raise self.fail(f"'info {' '.join(texts)[:40]}' is not understood; 'info exists NAME' is")

    def source(self, words: list[Value]) -> Value:
        names = [word for word in self.texts(words) if word not in ("-echo", "-verbose", "-quiet")]
        if len(names) != 1:
            raise self.fail("is written 'source FILE'")
        if self.tcl.folder is None:
            raise self.fail(f"'{names[0]}' cannot be read: the constraints are no file of a folder")
        root = self.tcl.folder.resolve()
        file = Path(self.tcl.file)
        here = file.parent if file.is_file() else root
        path = next((p for p in (root / names[0], here / names[0]) if "\0" not in names[0] and p.is_file()), None)
        if path is None or not path.resolve().is_relative_to(root):
            raise self.fail(f"'{names[0]}' is no file inside {self.tcl.folder}")
        return self.tcl.run_file(read_text(path), str(path))

    def puts(self, words: list[Value]) -> Value:
        return ""

    # ---- lists

    def list_(self, words: list[Value]) -> Value:
        return self.tcl.listed(words)

    def lindex(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "lindex LIST INDEX")
        value = words[0]
        for word in words[1:]:
            for step in self.tcl.items(word) or [""]:
                if step == "":
                    continue
                items = self.tcl.items(value)
                at = self.index(step, len(items))
                value = items[at] if 0 <= at < len(items) else ""
        return value

    def llength(self, words: list[Value]) -> Value:
        self.need(words, 1, 1, "llength LIST")
        return str(len(self.tcl.items(words[0])))

    def lrange(self, words: list[Value]) -> Value:
        self.need(words, 3, 3, "lrange LIST FIRST LAST")
        items = self.tcl.items(words[0])
        first, last = (self.index(word, len(items)) for word in words[1:])
        return self.tcl.listed(items[max(first, 0) : max(last + 1, 0)])

    def lreplace(self, words: list[Value]) -> Value:
        self.need(words, 3, None, "lreplace LIST FIRST LAST ?VALUE ...?")
        items = self.tcl.items(words[0])
        first, last = (self.index(word, len(items)) for word in words[1:3])
        new = [word for word in words[3:] if word != "" or len(words) > 4]
        # ``lreplace $l -1 -1 ""`` of a name that was not found must not add an empty port.
        first = max(first, 0)
        return self.tcl.listed(items[:first] + new + items[max(last + 1, first) :])

    def linsert(self, words: list[Value]) -> Value:
        self.need(words, 2, None, "linsert LIST INDEX VALUE ...")
        items = self.tcl.items(words[0])
        at = min(max(self.index(words[1], len(items) + 1), 0), len(items))
        return self.tcl.listed(items[:at] + words[2:] + items[at:])

    def lappend(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "lappend NAME VALUE ...")
        name = self.tcl.text(words[0])
        old = self.tcl.items(self.tcl.get(name)) if self.tcl.exists(name) else []
        if len(old) + len(words) > _MAX_LIST:
            raise self.fail(f"makes a list of more than {_MAX_LIST} elements")
        return self.tcl.set(name, self.tcl.listed(old + words[1:]))

    def concat(self, words: list[Value]) -> Value:
        return self.tcl.listed([item for word in words for item in self.tcl.items(word)])

    def lsearch(self, words: list[Value]) -> Value:
        options = set()
        rest = list(words)
        while len(rest) > 2:
            option = self.tcl.text(rest.pop(0))
            if option not in ("-exact", "-glob", "-regexp", "-inline", "-all", "-not", "-nocase", "-ascii", "-sorted"):
                raise self.fail(f"option '{option}' is not understood")
            options.add(option)
        self.need(rest, 2, 2, "lsearch ?OPTION ...? LIST PATTERN")
        pattern = self.tcl.text(rest[1])
        nocase = "-nocase" in options

        def hit(text: str) -> bool:
            if "-exact" in options or "-sorted" in options:
                return text.lower() == pattern.lower() if nocase else text == pattern
            if "-regexp" in options:
                return safe_pattern(pattern, nocase).search(self.searched(text)) is not None
            return text == pattern or glob(pattern, text, nocase)

        items = self.tcl.items(rest[0])
        found = [k for k, item in enumerate(items) if hit(self.tcl.text(item)) != ("-not" in options)]
        if "-inline" in options:
            if "-all" in options:
                return self.tcl.listed([items[k] for k in found])
            return items[found[0]] if found else ""
        if "-all" in options:
            return self.tcl.listed([str(k) for k in found])
        return str(found[0]) if found else "-1"

    def lsort(self, words: list[Value]) -> Value:
        options = self.texts(words[:-1])
        known = ("-unique", "-increasing", "-decreasing", "-dictionary", "-ascii", "-integer", "-real", "-nocase")
        for option in options:
            if option not in known:
                raise self.fail(f"option '{option}' is not understood")
        self.need(words, 1, None, "lsort ?OPTION ...? LIST")

        def key(item: Value) -> tuple[object, ...]:
            text = self.tcl.text(item)
            if "-integer" in options or "-real" in options:
                number = number_of(text)
                if isinstance(number, str):
                    raise self.fail(f"'{text[:40]}' is no number")
                return (number,)
            if "-dictionary" in options:
                parts = re.split(r"(\d+)", text[:5000])
                return (*((int(p[:300]) if k % 2 else p.lower()) for k, p in enumerate(parts)), text)
            return (text.lower() if "-nocase" in options else text,)

        items = sorted(self.tcl.items(words[-1]), key=key, reverse="-decreasing" in options)
        if "-unique" in options:
            items = list({self.tcl.text(item): item for item in items}.values())
        return self.tcl.listed(items)

    def lreverse(self, words: list[Value]) -> Value:
        self.need(words, 1, 1, "lreverse LIST")
        return self.tcl.listed(self.tcl.items(words[0])[::-1])

    def lrepeat(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "lrepeat COUNT VALUE ...")
        count = number_of(self.tcl.text(words[0]))
        if not isinstance(count, int) or count < 0 or count * len(words) > _MAX_LIST:
            raise self.fail(f"'{self.tcl.text(words[0])[:40]}' is no count")
        return self.tcl.listed(words[1:] * count)

    def lassign(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "lassign LIST NAME ...")
        items = self.tcl.items(words[0])
        names = self.texts(words[1:])
        for k, name in enumerate(names):
            self.tcl.set(name, items[k] if k < len(items) else "")
        return self.tcl.listed(items[len(names) :])

    def join(self, words: list[Value]) -> Value:
        self.need(words, 1, 2, "join LIST ?SEPARATOR?")
        separator = self.tcl.text(words[1]) if len(words) > 1 else " "
        return separator.join(self.texts(self.tcl.items(words[0])))

    def split(self, words: list[Value]) -> Value:
        self.need(words, 1, 2, "split TEXT ?CHARACTERS?")
        text = self.tcl.text(words[0])
        marks = self.tcl.text(words[1]) if len(words) > 1 else " \t\n\r"
        if not marks:
            return self.tcl.listed(list(text))
        return self.tcl.listed(re.split("[" + re.escape(marks) + "]", text)) if text else ""

    def array(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        match texts:
            case ["set", name, _]:
                items = self.tcl.items(words[2])
                for key, value in zip(items[::2], items[1::2], strict=False):
                    self.tcl.set(f"{name}({self.tcl.text(key)})", value)
                return ""
            case ["exists", name]:
                return str(int(bool(self.tcl.array(name))))
            case ["names", name] | ["names", name, _]:
                pattern = texts[2] if len(texts) > 2 else "*"
                return self.tcl.listed([key for key in self.tcl.array(name) if glob(pattern, key)])
            case ["get", name]:
                return self.tcl.listed([x for pair in self.tcl.array(name).items() for x in pair])
            case ["size", name]:
                return str(len(self.tcl.array(name)))
            case ["unset", name]:
                self.tcl.unset(name)
                return ""
        raise self.fail(f"'array {' '.join(texts)[:40]}' is not understood")

    def dict_(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        match texts[:1]:
            case ["for"] if len(words) == 4:
                return self.foreach(words[1:])
            case ["size"] if len(words) == 2:
                return str(len(self.tcl.items(words[1])) // 2)
            case ["create"]:
                return self.tcl.listed(words[1:])
            case ["get" | "exists" as what] if len(words) >= 2:
                value: Value = words[1]
                for key in texts[2:]:
                    items = self.tcl.items(value)
                    known = dict(zip(self.texts(items[::2]), items[1::2], strict=False))
                    if key not in known:
                        if what == "exists":
                            return "0"
                        raise self.fail(f"has no key '{key[:40]}'")
                    value = known[key]
                return "1" if what == "exists" else value
            case ["keys" | "values" as what] if len(words) == 2:
                return self.tcl.listed(self.tcl.items(words[1])[what == "values" :: 2])
            case ["set"] if len(words) == 4:
                items = self.tcl.items(self.tcl.get(texts[1])) if self.tcl.exists(texts[1]) else []
                known = {**dict(zip(self.texts(items[::2]), items[1::2], strict=False)), texts[2]: words[3]}
                return self.tcl.set(texts[1], self.tcl.listed([x for pair in known.items() for x in pair]))
        raise self.fail(f"'dict {' '.join(texts)[:40]}' is not understood")

    # ---- texts

    def string(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        nocase = "-nocase" in texts[1:-2]
        if nocase:
            texts.remove("-nocase")
        simple: dict[str, Callable[[str], str]] = {
            "tolower": str.lower, "toupper": str.upper, "length": lambda s: str(len(s)), "reverse": lambda s: s[::-1],
        }  # fmt: skip
        match texts:
            case [word, text] if word in simple:
                return simple[word](text)
            case ["match", pattern, text]:
                return str(int(glob(pattern, text, nocase)))
            case ["equal" | "compare" as what, a, b]:
                a, b = (a.lower(), b.lower()) if nocase else (a, b)
                return str(int(a == b)) if what == "equal" else str((a > b) - (a < b))
            case ["trim" | "trimleft" | "trimright" as what, text, *marks]:
                cut = {"trim": str.strip, "trimleft": str.lstrip, "trimright": str.rstrip}[what]
                return cut(text, marks[0] if marks else None)
            case ["range", text, _, _]:
                first, last = (self.index(w, len(text)) for w in texts[2:])
                return text[max(first, 0) : max(last + 1, 0)]
            case ["index", text, _]:
                at = self.index(texts[2], len(text))
                return text[at] if 0 <= at < len(text) else ""
            case ["first" | "last" as what, part, text]:
                return str(text.find(part) if what == "first" else text.rfind(part))
            case ["map", pairs, text]:
                marks = self.texts(self.tcl.items(pairs))
                known = {k: v for k, v in zip(marks[::2], marks[1::2], strict=False) if k}
                if not known:
                    return text
                return re.sub("|".join(map(re.escape, known)), lambda m: known[m.group()], text)
            case ["cat", *parts]:
                return "".join(parts)
            case ["totitle", text]:
                return text[:1].upper() + text[1:].lower()
            case ["replace", text, _, _, *new] if len(new) < 2:
                first, last = (self.index(w, len(text)) for w in texts[2:4])
                if first > last or first >= len(text) or last < 0:
                    return text
                return text[: max(first, 0)] + "".join(new) + text[last + 1 :]
            case ["is", kind, *_, text]:
                return str(int(_is_kind(kind, text)))
            case ["repeat", text, count] if count.isdigit() and len(count) < 8 and len(text) * int(count) < 1_000_000:
                return text * int(count)
        raise self.fail(f"'string {' '.join(texts)[:40]}' is not understood")

    def format_(self, words: list[Value]) -> Value:
        self.need(words, 1, None, "format TEXT VALUE ...")
        texts = self.texts(words)
        values = iter(texts[1:])

        def one(match: re.Match[str]) -> str:
            if match.group(4) == "%":
                return "%"
            if len(match.group(2)) > 4:
                raise self.fail("a field is too wide")
            raw = next(values, None)
            if raw is None:
                raise self.fail("has fewer values than fields")
            kind = match.group(4)
            if kind in "sc":
                return f"%{match.group(1)}{match.group(2)}s" % raw
            number = number_of(raw)
            if isinstance(number, str):
                raise self.fail(f"'{raw[:40]}' is no number")
            shown = int(number) if kind in "dixXou" else float(number)
            return f"%{match.group(1)}{match.group(2)}{kind.replace('u', 'd')}" % shown

        return re.sub(r"%([-+ 0#]{0,5})(\d*(?:\.\d*)?)(?:l|h|ll)?([$]?)([sdixXoufgGeEc%])", one, texts[0])

    def options_of(self, texts: list[str], known: tuple[str, ...]) -> list[str]:
        """Take the options from the front of a command's words; ``--`` ends them."""
        options = []
        while texts and texts[0].startswith("-"):
            option = texts.pop(0)
            if option == "--":
                break
            if option not in known:
                raise self.fail(f"option '{option}' is not understood")
            options.append(option)
        return options

    def regexp(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        options = self.options_of(texts, ("-nocase", "-inline", "-all", "-line"))
        if len(texts) < 2:
            raise self.fail("is written 'regexp PATTERN TEXT ?NAME ...?'")
        pattern = safe_pattern(texts[0], "-nocase" in options, "-line" in options)
        matches = list(pattern.finditer(self.searched(texts[1])))
        if "-inline" in options:
            return self.tcl.listed(
                [g or "" for m in matches[: None if "-all" in options else 1] for g in (m.group(), *m.groups())]
            )
        if matches:
            found = (matches[0].group(), *(g or "" for g in matches[0].groups()))
            for k, name in enumerate(texts[2:]):
                self.tcl.set(name, found[k] if k < len(found) else "")
        return str(len(matches) if "-all" in options else min(len(matches), 1))

    def regsub(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        options = self.options_of(texts, ("-nocase", "-all"))
        if len(texts) not in (3, 4):
            raise self.fail("is written 'regsub PATTERN TEXT NEW ?NAME?'")
        pattern = safe_pattern(texts[0], "-nocase" in options)

        def new(match: re.Match[str]) -> str:
            groups = (match.group(), *match.groups())

            def put(m: re.Match[str]) -> str:
                if m.group() == "&":
                    return match.group()
                at = m.group()[1:]
                return (groups[int(at)] or "") if at.isdigit() and int(at) < len(groups) else at

            return re.sub(r"\\.|&", put, texts[2])

        result, count = pattern.subn(new, self.searched(texts[1]), count=0 if "-all" in options else 1)
        if len(texts) == 3:
            return result
        self.tcl.set(texts[3], result)
        return str(count)

    def file(self, words: list[Value]) -> Value:
        texts = self.texts(words)
        match texts:
            case ["join", *parts] if parts:
                return str(Path(*parts)) if all("\0" not in p for p in parts) else ""
            case ["dirname", path]:
                return str(Path(path).parent)
            case ["tail", path]:
                return Path(path).name
            case ["rootname", path]:
                return path[: len(path) - len(Path(path).suffix)] if Path(path).suffix else path
            case ["extension", path]:
                return Path(path).suffix
            case ["normalize", path]:
                return path
            case ["exists" | "isfile" | "readable", path]:
                root = self.tcl.folder
                if root is None or "\0" in path:
                    return "0"
                found = (root / path).resolve()
                return str(int(found.is_relative_to(root.resolve()) and found.is_file()))
        raise self.fail(f"'file {' '.join(texts)[:40]}' is not understood")


def _is_kind(kind: str, text: str) -> bool:
    """``string is``."""
    value = number_of(text)
    if kind in ("integer", "wideinteger", "entier"):
        return isinstance(value, int)
    if kind in ("double", "real"):
        return not isinstance(value, str)
    tests = {
        "alpha": str.isalpha,
        "alnum": str.isalnum,
        "digit": str.isdigit,
        "space": str.isspace,
        "upper": str.isupper,
    }
    if kind in tests:
        return tests[kind](text)
    if kind in ("boolean", "true", "false"):
        return text.lower() in ("0", "1", "true", "false", "yes", "no", "on", "off")
    return False


def language(tcl: Interpreter) -> dict[str, Handler]:
    """Tcl's own commands by name, bound to an interpreter."""
    own = _Language(tcl)
    names = (
        "unset incr append expr eval foreach lmap switch proc catch error info source puts lindex llength lrange lreplace "
        "linsert lappend concat lsearch lsort lreverse lrepeat lassign join split array string regexp regsub file"
    )
    found: dict[str, Handler] = {name: getattr(own, name) for name in names.split()}
    for name in (
        "if",
        "while",
        "for",
        "return",
        "break",
        "continue",
        "global",
        "set",
        "list",
        "dict",
        "format",
        "exit",
    ):
        found[name] = getattr(own, name + "_")
    return found | {"variable": own.global_, "echo": own.puts}
