"""Timing results for people and files: the dictionary of ``finevh sta``, paths as text."""

from __future__ import annotations

import re
from pathlib import Path

from finevh.netlist.verilog import read_text


def liberty_units(path: Path | str) -> tuple[str, str]:
    """Time and capacitance unit of a Liberty file, ``("1ns", "1pF")``; its SDC is in the same."""
    text = read_text(path)
    time = re.search(r"time_unit\s*:\s*\"?\s*([\d.]+\s*[munpf]?s)", text)
    load = re.search(r"capacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*\"?\s*([fpnu]?)f", text, re.IGNORECASE)
    return (
        time.group(1).replace(" ", "") if time else "1ns",
        f"{float(load.group(1)):g}{load.group(2).lower()}F" if load else "1pF",
    )
