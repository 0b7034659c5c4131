"""From the flow file to what the rooms take: technology, RTL, constraints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from finevh.config import VOLTAGE_TOLERANCE, Clock, Flow
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.schemes import voltage_grid
from finevh.synthesis import FILE_LISTS, Options, Rtl, find_top
from finevh.technology import load_technology, with_vdds
from finevh.technology.lef import read_lef
from finevh.technology.liberty import read_liberty
from finevh.technology.manifest import read_manifest, vdd_label
from finevh.technology.model import Direction, Technology
from finevh.timing import Constraints, read_sdc


@lru_cache(maxsize=2)
def _technology(path: Path, vdds: tuple[float, ...]) -> Technology:
    return with_vdds(load_technology(path), vdds)


def technology_of(flow: Flow) -> Technology:
    """Load the flow's technology with every voltage of its schemes, interpolated where the library has none.

    Raises
    ------
    InputError
        If a voltage lies outside the library's range, or the technology file is wrong.
    """
    schemes = flow.schemes
    vdds = set(voltage_grid(schemes.vdd_min, schemes.vdd_max, schemes.ideal_step))
    for delta in schemes.delta_vdd:
        vdds |= set(voltage_grid(schemes.vdd_min, schemes.vdd_max, delta))
    path = flow.technology.path
    return _technology(path if path.is_file() else path / "technology.toml", tuple(sorted(vdds)))


def synthesis_vdd(flow: Flow) -> float:
    """Vdd of synthesis, sizing and bias assignment: the flow's, else the highest of the schemes (thesis 4.1.2, step 1)."""
    return flow.technology.synthesis_vdd or flow.schemes.vdd_max


def synthesis_liberty(flow: Flow) -> Path:
    """Liberty file of the first variant at the Vdd of synthesis.

    Raises
    ------
    InputError
        If the technology has no library at that Vdd.
    """
    path, vdd = flow.technology.path, synthesis_vdd(flow)
    folder = path.parent if path.is_file() else path
    manifest = read_manifest(path)
    if manifest.views is None:
        raise InputError(f"{path}: has no [views] section: characterise the technology, then name its files there")
    liberty = manifest.views.liberty
    if isinstance(liberty, str):
        first = manifest.variants[0].name
        name = liberty.format(suffix=manifest.suffix(first), variant=first, vdd=vdd_label(vdd))
        if (folder / name).is_file():
            return folder / name
    else:
        for name in liberty:
            if abs(read_liberty(folder / name).vdd - vdd) <= VOLTAGE_TOLERANCE:
                return folder / name
    raise InputError(
        f"technology.synthesis_vdd: {manifest.name} has no library at {vdd:g} V; choose a characterised voltage"
    )


def synthesis_options(flow: Flow, technology: Technology) -> Options:
    """What the flow asks of synthesis."""
    return Options(
        period=flow.clock.period,
        dont_use=technology.roles.get("dont_use", ()),
        gate_registers=flow.synthesis.gate_registers,
    )


def site_name(flow: Flow) -> str:
    """Name of the placement site, which the columns of a technology do not hold.

    Raises
    ------
    InputError
        If neither the technology file nor its LEF names one.
    """
    path = flow.technology.path
    folder = path.parent if path.is_file() else path
    manifest = read_manifest(path)
    if manifest.site is not None:
        return manifest.site.name
    views = manifest.views
    lefs = [] if views is None else [folder / name for name in (views.tech_lef, *views.cell_lef) if name]
    for name, (kind, _, _) in read_lef(lefs).sites.items():
        if kind.upper() == "CORE":
            return name
    raise InputError(f"{path}: no [site] section and no core site in its LEF files; add one")


def rtl_of(flow: Flow) -> Rtl:
    """Collect the design's RTL; the top module is found where the flow names none.

    Raises
    ------
    InputError
        For an unknown packaged list; see :func:`finevh.synthesis.find_top`.
    """
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


def sdc_text(
    clock: Clock, time: float = 1000.0, capacitance: float = 1000.0, inputs: Sequence[str] | None = None
) -> str:
    """Return the constraints of a clock section as SDC.

    Parameters
    ----------
    time, capacitance
        Units of the numbers, ps and fF: ns and pF unless said otherwise.
    inputs
        The input ports without the clock, where they are known: timers before 2023 do not know ``all_inputs -no_clocks``.
    """
    data = "[all_inputs -no_clocks]" if inputs is None else f"[get_ports {{{' '.join(inputs)}}}]"

    def number(value: float, unit: float) -> str:
        return f"{value / unit:.9g}"

    lines = [
        f"# time unit {time:g} ps, capacitance unit {capacitance:g} fF",
        f"create_clock -name {clock.port} -period {number(clock.period, time)} [get_ports {{{clock.port}}}]",
        f"set_clock_uncertainty {number(clock.uncertainty, time)} [get_clocks {{{clock.port}}}]",
        f"set_input_delay {number(clock.input_delay, time)} -clock {clock.port} {data}",
        f"set_output_delay {number(clock.output_delay, time)} -clock {clock.port} [all_outputs]",
        f"set_input_transition {number(clock.input_slew, time)} [all_inputs]",
        f"set_load {number(clock.output_load, capacitance)} [all_outputs]",
    ]
    lines += [f"set_case_analysis {value} [get_ports {{{port}}}]" for port, value in sorted(clock.constants.items())]
    lines += [f"set_false_path -from [get_ports {{{port}}}]" for port in clock.false_from]
    return "\n".join(lines) + "\n"


def sdc_of(flow: Flow, netlist: Netlist) -> str:
    """SDC text of a flow: the file it names, or what its clock section says of the netlist's ports."""
    if flow.clock.sdc is None:
        ports = zip(netlist.port_names, netlist.port_direction, strict=True)
        words = dict.fromkeys(name.partition("[")[0] for name, direction in ports if direction == Direction.INPUT)
        return sdc_text(flow.clock, inputs=[word for word in words if word != flow.clock.port])
    return flow.clock.sdc.read_text(encoding="utf-8")


def constraints_of(flow: Flow) -> Constraints:
    """Constraints of a flow."""
    return read_sdc(flow.clock.sdc if flow.clock.sdc is not None else sdc_text(flow.clock))
