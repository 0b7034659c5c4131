"""Seeded faults in rendered scripts: what a slip of the keyboard does to a command, an option, an argument, a method."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from finevh.openroad.script_check.table import CommandTable, load_table

Mutation = Callable[[list[str], CommandTable, random.Random], list[str] | None]


def tokens_of(line: str) -> list[str]:
    """Split a line into words and the blanks between; braced, bracketed and quoted groups stay whole."""
    return re.findall(r'\s+|\{[^{}]*\}|\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|"[^"]*"|[^\s]+', line)


def misspell(word: str, rng: random.Random) -> str:
    """A word with a letter less, twice or another."""
    at = rng.randrange(1, len(word))
    return rng.choice([word[:at] + word[at + 1 :], word[:at] + word[at - 1] + word[at:], word[:at] + "x" + word[at:]])


def options_in(tokens: list[str]) -> list[int]:
    """Where the options stand."""
    return [i for i, token in enumerate(tokens) if re.fullmatch(r"-[a-z_]+", token)]


def has_value(tokens: list[str], at: int, table: CommandTable) -> bool:
    """Whether the option takes the word after it."""
    return tokens[at] in table.commands[command_of(tokens)].keys and at + 2 < len(tokens)


def command_of(tokens: list[str]) -> str:
    """The first word."""
    return next(token for token in tokens if not token.isspace())


def misspelt_command(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """A command that does not exist."""
    at = 0 if not tokens[0].isspace() else 1
    return [*tokens[:at], misspell(tokens[at], rng), *tokens[at + 1 :]]


def misspelt_option(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """An option that does not exist."""
    places = options_in(tokens)
    if not places:
        return None
    at = rng.choice(places)
    return [*tokens[:at], misspell(tokens[at], rng), *tokens[at + 1 :]]


def dropped_option(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """An option less, with its value."""
    places = options_in(tokens)
    if not places:
        return None
    at = rng.choice(places)
    return tokens[:at] + tokens[at + (4 if has_value(tokens, at, table) else 2) :]


def dropped_option_word(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """A value whose option is gone."""
    places = [at for at in options_in(tokens) if has_value(tokens, at, table)]
    if not places:
        return None
    at = rng.choice(places)
    return tokens[:at] + tokens[at + 2 :]


def dropped_value(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """An option whose value is gone."""
    places = [at for at in options_in(tokens) if has_value(tokens, at, table)]
    if not places:
        return None
    at = rng.choice(places) + 2
    return tokens[: at - 1] + tokens[at + 1 :]


def extra_argument(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """An argument too many."""
    return [*tokens, " ", rng.choice(["1", "surplus", "{a b}"])]


def missing_argument(tokens: list[str], table: CommandTable, rng: random.Random) -> list[str] | None:
    """The last argument less, where the command needs one."""
    if table.commands[command_of(tokens)].arguments in (None, (0, 0)) or len(tokens) < 3:
        return None
    last = tokens[-1]
    return tokens[:-2] if not last.startswith("-") else None


MUTATIONS: list[Mutation] = [
    misspelt_command, misspelt_option, dropped_option, dropped_option_word, dropped_value, extra_argument, missing_argument,
]  # fmt: skip


def method_mutant(line: str, rng: random.Random) -> str | None:
    """A method of the database misspelt, or called with too many arguments."""
    found = re.search(r"(\$\w+|\]) ((?:get|set|find)[A-Za-z]+)", line)
    if found is None:
        return None
    method = found.group(2)
    if rng.random() < 0.5:
        return line[: found.start(2)] + misspell(method, rng) + line[found.end(2) :]
    return line[: found.end(2)] + " one two three four five six" + line[found.end(2) :]


def syntax_mutant(line: str, rng: random.Random) -> str | None:
    """A brace, bracket, dollar or quote less."""
    places = [i for i, character in enumerate(line) if character in '{}[]$"']
    if not places or line.lstrip().startswith("#"):
        return None
    at = rng.choice(places)
    return line[:at] + line[at + 1 :]


def make_mutants(scripts: dict[str, str], count: int, seed: int) -> list[tuple[str, str, int, str]]:
    """(kind, file, line number, new line); no two alike."""
    rng, table = random.Random(seed), load_table()
    lines = [
        (file, number, line)
        for file, text in scripts.items()
        if file.endswith(".tcl")
        for number, line in enumerate(text.split("\n"))
        if line.strip() and not line.lstrip().startswith("#") and not line.endswith("\\")
    ]
    made: dict[tuple[str, int, str], str] = {}
    while len(made) < count:
        file, number, line = rng.choice(lines)
        tokens = tokens_of(line)
        kind, changed = "", None
        if command_of(tokens) in table.commands:
            mutation = rng.choice(MUTATIONS)
            kind, result = mutation.__name__, mutation(tokens, table, rng)
            changed = "".join(result) if result is not None else None
        elif rng.random() < 0.5:
            kind, changed = "method", method_mutant(line, rng)
        elif rng.random() < 0.3:
            kind, changed = "syntax", syntax_mutant(line, rng)
        if changed is not None and changed != line:
            made[(file, number, changed)] = kind
    return [(kind, file, number, changed) for (file, number, changed), kind in made.items()]
