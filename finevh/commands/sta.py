"""``finevh sta``: timing of any netlist, at one corner or several, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finevh.checks import Checks
from finevh.errors import InputError


def environment_of(variables: Sequence[str]) -> dict[str, str]:
    """Values of ``--env NAME=VALUE``.

    Raises
    ------
    InputError
        If one is not of that form.
    """
    found = {}
    for text in variables:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError(f"--env {text}: write NAME=VALUE")
        found[name] = value
    return found


def timing_text(found: dict[str, Any]) -> str:
    """Static timing for people: what was understood, the figures, then the paths asked for."""
    from finevh.timing.worst_paths import format_path

    hold, fmax = found["worst_hold_slack_ps"], found["fmax_mhz"]
    lines = [
        *Checks.from_dict(found["checks"]).lines(),
        f"worst slack {found['worst_slack_ps']:.3f} ps",
        f"total negative slack {found['tns_ps']:.3f} ps",
        "worst hold slack " + ("none checked" if hold is None else f"{hold:.3f} ps"),
        "fmax " + ("none: no register-to-register path" if fmax is None else f"{fmax:.3f} MHz"),
        f"endpoints {len(found['endpoints'])}",
    ]
    lines += [f"cut: {arc}" for arc in found["cut_arcs"]]
    lines += [format_path(path) for path in found["paths"]]
    if "hold_paths" in found:
        lines += ["hold", *(format_path(path) for path in found["hold_paths"])]
    return "\n".join(lines)


def corners_of(texts: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Liberty files by corner, of ``--corner NAME=FILE,...``.

    Raises
    ------
    InputError
        If one is not of that form, or a name stands twice.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for text in texts:
        name, equals, files = text.partition("=")
        paths = tuple(Path(file) for file in files.split(",") if file)
        if not name or not equals or not paths:
            raise InputError(f"--corner {text}: write NAME=FILE, or NAME=FILE,FILE for several supplies")
        if name in found:
            raise InputError(f"--corner {text}: corner '{name}' is given twice; name its files in one list")
        found[name] = paths
    return found


def worst_of_corners(each: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Timing at several corners: the worst of each figure, and every corner's own under ``corners``."""
    hold = [found["worst_hold_slack_ps"] for found in each.values() if found["worst_hold_slack_ps"] is not None]
    fmax = [found["fmax_mhz"] for found in each.values() if found["fmax_mhz"] is not None]
    return {
        "worst_slack_ps": min(found["worst_slack_ps"] for found in each.values()),
        "tns_ps": min(found["tns_ps"] for found in each.values()),
        "worst_hold_slack_ps": min(hold) if hold else None,
        "fmax_mhz": min(fmax) if fmax else None,
        "corners": each,
    }


def corner_text(each: dict[str, dict[str, Any]]) -> str:
    """Timing at several corners for people: a line per corner, the worst, then what the worst corners show."""
    worst = worst_of_corners(each)
    lines = [f"{'corner':16s} {'slack, ps':>12s} {'hold, ps':>12s} {'fmax, MHz':>12s}"]

    def line(name: str, found: dict[str, Any]) -> str:
        shown = (found["worst_slack_ps"], found["worst_hold_slack_ps"], found["fmax_mhz"])
        return f"{name:16s} " + " ".join(f"{'none' if value is None else f'{value:.3f}':>12s}" for value in shown)

    lines += [line(name, found) for name, found in each.items()]
    lines += [line("worst", worst)]
    for name, found in each.items():
        lines += ["", f"corner {name}", timing_text(found)]
    return "\n".join(lines)
