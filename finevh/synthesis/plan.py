"""A synthesis as data: files and commands rendered in memory, with a digest, before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2

from finevh.base.files import read_input
from finevh.base.quoting import tcl_comment, tcl_word
from finevh.errors import InputError
from finevh.synthesis import yosys_commands as yosys
from finevh.synthesis.mapping import (
    render_clock_gate_map,
    render_clock_gate_pattern,
    render_full_adder_map,
    render_mapping_script,
)
from finevh.synthesis.sources import Rtl
from finevh.synthesis.special_cells import SpecialCells, find_special_cells
from finevh.synthesis.yosys_commands import Command, Options

COMMANDS = "commands.json"
SCRIPT = "synthesis.tcl"


@dataclass(frozen=True)
class SynthesisPlan:
    """Everything a synthesis run reads.

    Attributes
    ----------
    top : name of the top module.
    files : name in the run directory to content; holds the command list, the same list as Tcl, and the texts it names.
    commands : Yosys commands as argument lists.
    inputs : files and include folders outside the run directory, with the SHA-256 of their content.
    libraries : Liberty file to its (uncompressed) name in the run directory.
    known_cells : area of every library cell, um2; empty when the plan maps to no library.
    gating_left_out : why registers with an enable stay without clock gates although they were asked for; empty where they do not.
    """

    top: str
    files: Mapping[str, str]
    commands: tuple[Command, ...]
    inputs: Mapping[str, str]
    libraries: Mapping[Path, str]
    known_cells: Mapping[str, float]
    gating_left_out: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over commands and contents; where a file lies does not enter."""
        anonymous = [[self.inputs.get(word, word) for word in command] for command in self.commands]
        texts = {name: text for name, text in self.files.items() if name not in (COMMANDS, SCRIPT)}
        data = json.dumps([anonymous, texts, list(self.inputs.values())], sort_keys=True)
        return hashlib.sha256(data.encode()).hexdigest()


def plan_synthesis(rtl: Rtl, libraries: Sequence[Path], options: Options) -> SynthesisPlan:
    """Render the synthesis of a design to a cell library.

    Parameters
    ----------
    rtl : the design, its top module named.
    libraries : Liberty files of one corner (the highest supply voltage in use), ``.lib`` or ``.lib.gz``.
    options : target period and choices.

    Raises
    ------
    InputError
        No top module, an unreadable library, a ``dont_use`` that matches nothing, a period that is not positive.
    """
    if options.period <= 0:
        raise InputError(f"the target period is {options.period:g} ps; a period is positive")
    cells = find_special_cells(libraries, options.dont_use)
    local = {path: yosys.local_library_name(index) for index, path in enumerate(libraries)}
    names = list(local.values())
    full_adders = options.full_adders and cells.full_adder is not None
    commands = [
        *yosys.elaborate(rtl),
        *yosys.optimise_words(options, full_adders, options.gates_registers(cells)),
        *[("read_liberty", "-lib", "-ignore_miss_func", name) for name in names],
        *yosys.map_registers(cells, names, options),
        *yosys.map_logic(cells, names, options),
        *yosys.write_results(names),
    ]
    files = {yosys.MAPPING_SCRIPT: render_mapping_script(cells, names, options)}
    if full_adders and cells.full_adder is not None:
        files[yosys.FULL_ADDER_MAP] = render_full_adder_map(cells.full_adder)
    if cells.clock_gate is not None:
        files[yosys.CLOCK_GATE_PATTERN] = render_clock_gate_pattern()
        files[yosys.CLOCK_GATE_MAP] = render_clock_gate_map(cells.clock_gate)
    left_out = ""
    if options.gate_registers > 0 and not options.gates_registers(cells):
        left_out = (
            f"{', '.join(path.name for path in libraries)}: no clock gate for rising-edge flops; registers with an enable keep "
            "their clock running (clock power is too high)"
        )
    return replace(_plan(rtl, commands, files, local, cells), gating_left_out=left_out)


def plan_rtl_export(rtl: Rtl) -> SynthesisPlan:
    """Render the conversion of a design to flat Verilog-2001 without mapping it: the reference of simulations."""
    return _plan(rtl, yosys.write_rtl(rtl), {}, {}, None)


def _plan(
    rtl: Rtl,
    commands: Sequence[Command],
    files: dict[str, str],
    libraries: Mapping[Path, str],
    cells: SpecialCells | None,
) -> SynthesisPlan:
    assert rtl.top is not None  # elaborate() refused it
    inputs = {path: hashlib.sha256(text).hexdigest() for path, text in rtl.texts().items()}
    for path in libraries:
        inputs[str(path)] = hashlib.sha256(read_input(path)).hexdigest()
    files = {
        **files,
        COMMANDS: json.dumps(commands, indent=1) + "\n",
        SCRIPT: render_tcl(commands, {str(path): name for path, name in libraries.items()}),
    }
    known = cells.known if cells is not None else {}
    return SynthesisPlan(rtl.top, files, tuple(commands), inputs, libraries, known)


def render_tcl(commands: Sequence[Command], libraries: Mapping[str, str]) -> str:
    """Return the commands as a Tcl script for an installed Yosys with the slang plug-in (``yosys -m slang -c SCRIPT``).

    Parameters
    ----------
    commands : argument lists.
    libraries : original path of each Liberty file and its name in the run directory, for the head of the script.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(tcl=tcl_word, comment=tcl_comment)
    return environment.get_template("synthesis.tcl.j2").render(commands=commands, libraries=libraries)
