"""What a design's registers say of it: which inputs clock them and which reset them, at which level."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from finevh.base.files import work_folder
from finevh.synthesis.run import find_top, run_commands
from finevh.synthesis.sources import Rtl
from finevh.synthesis.yosys_commands import read_sources

_STRUCTURE = "structure.json"


@dataclass(frozen=True)
class RtlSurvey:
    """Ports of a design by what they do to its registers, the one with most registers first.

    Attributes
    ----------
    top : name of the top module.
    clocks : input ports that clock registers directly, with the number of bits behind each.
    resets : input ports that reset registers asynchronously: port, level that resets (0 or 1), number of bits.
    inputs : names of all input ports.
    """

    top: str
    clocks: tuple[tuple[str, int], ...]
    resets: tuple[tuple[str, int, int], ...]
    inputs: tuple[str, ...]


def survey_rtl(rtl: Rtl) -> RtlSurvey:
    """Elaborate a design and look at its registers.

    Raises
    ------
    InputError
        RTL that does not elaborate, or whose top module is not clear.
    ToolMissingError
        pyosys is not installed.
    """
    top = find_top(rtl)
    commands = [read_sources(rtl.with_top(top)), ("hierarchy", "-top", top), ("proc",), ("flatten",), ("opt_clean",)]
    with work_folder() as folder:
        run_commands([*commands, ("write_json", _STRUCTURE)], folder)
        module = json.loads((folder / _STRUCTURE).read_text(encoding="utf-8"))["modules"][top]
    port_of = {
        bit: name
        for name, port in module["ports"].items()
        if port["direction"] == "input"
        for bit in port["bits"]
        if isinstance(bit, int)
    }
    clocks: Counter[str] = Counter()
    resets: Counter[tuple[str, int]] = Counter()
    for cell in module["cells"].values():
        pins, parameters = cell["connections"], cell["parameters"]
        width = len(pins.get("Q", ()))
        if "CLK" in pins and width:
            clocks.update({port_of[bit]: width for bit in pins["CLK"] if bit in port_of})
        # The elaborator leaves an asynchronous reset as a load of a constant.
        for pin in ("ARST", "ALOAD"):
            if pin in pins:
                level = int(parameters[f"{pin}_POLARITY"], 2)
                resets.update({(port_of[bit], level): width for bit in pins[pin] if bit in port_of})
    return RtlSurvey(
        top,
        tuple(clocks.most_common()),
        tuple((port, level, count) for (port, level), count in resets.most_common()),
        tuple(name for name, port in module["ports"].items() if port["direction"] == "input"),
    )
