"""``finevh flows``: what can be run by name, and on which technologies."""

from __future__ import annotations

from finevh.base.share import FLOWS, LIBRARIES, flow_names, shared, technology_names
from finevh.errors import InputError
from finevh.flow_file import read_flow


def ready_flows() -> list[dict[str, str]]:
    """Each ready flow: name, design, technology, tiles, delta-Vdd, first comment of its file; why it cannot run here."""
    rows = []
    for name in flow_names():
        file = shared(FLOWS, f"{name}.toml")
        lines = file.read_text(encoding="utf-8").splitlines()
        about = next(line for line in lines if line.startswith("# ")).lstrip("# ").strip()
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


def ready_technologies() -> list[dict[str, str]]:
    """Each technology that ships: name and whether its library files are there."""
    return [
        {"name": name, "library": "ready" if any(shared(LIBRARIES, name).rglob("*.lib*")) else "to be characterised"}
        for name in technology_names()
    ]


def flow_lines(rows: list[dict[str, str]]) -> list[str]:
    """Ready flows for people: two lines each."""
    lines = ["ready flows (finevh run NAME):"]
    for row in rows:
        facts = (
            f"{row['design']} on {row['technology']}, {row['tiles']} tiles, {row['delta_vdd']}"
            if "design" in row
            else ""
        )
        lines.append(f"  {row['name']:14s} {facts or 'not ready: ' + row['missing']}")
        lines.append(f"  {'':14s} {row['about'].partition('. ')[0]}")
    return lines
