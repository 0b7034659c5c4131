"""``finevh flows``: what can be run by name, and on which technologies."""

from __future__ import annotations

import itertools
import re
import textwrap

from finevh.base.share import FLOWS, LIBRARIES, flow_names, shared, technology_names
from finevh.errors import InputError
from finevh.flow_file import read_flow


def ready_flows() -> list[dict[str, str]]:
    """Each ready flow: name, design, technology, tiles, delta-Vdd, first comment of its file; why it cannot run here."""
    rows = []
    for name in flow_names():
        file = shared(FLOWS, f"{name}.toml")
        about = _first_sentence(file.read_text(encoding="utf-8").splitlines())
        row = {"name": name, "about": about}
        try:
            flow = read_flow(file)
            row |= {
                "design": flow.design.name,
                "technology": flow.technology.path.name,
                "tiles": str(flow.floorplan.tiles),
                "delta_vdd": ", ".join(f"{1000 * delta:g} mV" for delta in flow.schemes.delta_vdd),
            }
        except InputError as error:
            row["missing"] = str(error).partition("; ")[0].replace(f"{file}:", "line ")
        rows.append(row)
    return rows


def _first_sentence(lines: list[str]) -> str:
    """First sentence of a flow file's comment."""
    comments = itertools.dropwhile(lambda line: not line.startswith("# "), lines)
    text = " ".join(line[2:].strip() for line in itertools.takewhile(lambda line: line.startswith("# "), comments))
    return re.split(r"\. (?=[A-Z])", text)[0].rstrip(".")


def ready_technologies() -> list[dict[str, str]]:
    """Each technology that ships: name and whether its library files are there."""
    return [
        {"name": name, "library": "ready" if any(shared(LIBRARIES, name).rglob("*.lib*")) else "to be characterised"}
        for name in technology_names()
    ]


WIDTH, NAME = 80, 18
"""Columns of a terminal that nobody widened, and of the names in it."""


def flow_lines(rows: list[dict[str, str]]) -> list[str]:
    """Ready flows for people: the name, what it runs, what it is about."""
    lines = ["ready flows (finevh run NAME):"]
    for row in rows:
        facts = f"not ready: {row['missing']}" if "missing" in row else ""
        facts = facts or f"{row['design']} on {row['technology']}, {row['tiles']} tiles, {row['delta_vdd']}"
        later = " " * NAME
        lines += textwrap.wrap(facts, WIDTH, initial_indent=f"  {row['name']}".ljust(NAME), subsequent_indent=later)
        lines += textwrap.wrap(row["about"], WIDTH, initial_indent=later, subsequent_indent=later)
    return lines
