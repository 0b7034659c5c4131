"""From the flow file to synthesis: its RTL, own files or a packaged core, and what is asked of Yosys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finevh.config import Flow
from finevh.errors import InputError
from finevh.synthesis.sources import FILE_LISTS, Rtl
from finevh.technology.model import Technology

if TYPE_CHECKING:
    from finevh.synthesis.yosys_commands import Options


def rtl_of(flow: Flow) -> Rtl:
    """Collect the design's RTL; the top module is found where the flow names none.

    Raises
    ------
    InputError
        For an unknown packaged list; see :func:`finevh.synthesis.find_top`.
    """
    # What elaborates is loaded by those who ask for the top module: which files a flow takes is known without.
    from finevh.synthesis.run import find_top

    design, packaged = flow.design, _packaged(flow)
    if packaged is not None:
        rtl = replace(packaged, parameters={**packaged.parameters, **design.parameters}, top=design.top or packaged.top)
    else:
        rtl = Rtl(design.files, design.include_dirs, design.defines, design.parameters, design.top)
    return rtl.with_top(find_top(rtl))


def _packaged(flow: Flow) -> Rtl | None:
    name = flow.design.file_list
    if name is None:
        return None
    if name not in FILE_LISTS:
        raise InputError(f"design.file_list: unknown list '{name}'; known are {', '.join(FILE_LISTS)}")
    return FILE_LISTS[name]()


def packaged_rtl(flow: Flow) -> tuple[Path, ...]:
    """Files and include folders of a packaged core, which a flow file names only by its list; empty for own files."""
    rtl = _packaged(flow)
    return () if rtl is None else (*rtl.files, *rtl.include_dirs)


def synthesis_options(flow: Flow, technology: Technology) -> Options:
    """What the flow asks of synthesis."""
    from finevh.synthesis.yosys_commands import Options

    return Options(
        period=flow.clock.period,
        dont_use=technology.roles.get("dont_use", ()),
        gate_registers=flow.synthesis.gate_registers,
    )
