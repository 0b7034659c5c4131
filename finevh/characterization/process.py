"""The process side of `technology.toml`: model cards, geometry, variants, voltages and grids, checked."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.files import read_input
from finevh.base.quoting import plain_name, spice_parameters
from finevh.base.toml import read_toml
from finevh.characterization.cells.topology import Transistor
from finevh.characterization.packages import locate_package_file
from finevh.errors import InputError
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["Grid", "Process", "TableAxes", "Variant", "load_process", "read_models", "transistor_line"]

FloatArray = NDArray[np.float64]
_INCLUDE = re.compile(rb"""^[ \t]*\.(inc\w*|lib)[ \t]+("[^"\n]+"|'[^'\n]+'|[^ \t\n]+)([ \t]+\S)?""", re.I | re.M)
_COMMANDS = re.compile(rb"^\s*(\.control|\.exec\w*|\*#.{0,30})|\b(d_process|d_cosim)\b", re.I | re.M)
"""What would make ngspice do more than simulate: control blocks, commands in comments, models that start a program."""


@dataclass(frozen=True)
class Variant:
    """A device flavour with a gate-length offset (nm) and a threshold offset (mV, raises |Vth| of both kinds)."""

    name: str
    device: str
    length_offset_nm: float
    vth_offset_mv: float


@dataclass(frozen=True)
class Grid:
    """Axes: `slew` in corner time constants, `load_ff` in fF, and the positions that smaller tables use: `side_*` asynchronous
    arcs, capacitances and hidden energies, `cross_*` crossed delays (`clock_cross_*` those of sequential cells).
    """

    slew: FloatArray
    load_ff: FloatArray
    side_slew: tuple[int, ...]
    side_load: tuple[int, ...]
    cross_slew: tuple[int, ...]
    cross_load: tuple[int, ...]
    clock_cross_slew: tuple[int, ...]
    clock_cross_load: tuple[int, ...]
    constraint_slew: tuple[int, ...]
    rest_ps: float = 0.0
    """Quiet time before every measured edge of a sequential cell, besides the time to settle. Off nodes inside a stack drift
    for some 50 ns towards their DC level; without rest the last input of a stack of four switches up to 5 % faster than
    after it."""


@dataclass(frozen=True)
class TableAxes:
    """Axes of published tables: slews as parts of the longest simulated one, loads in fF; of worst arcs, of side states (and
    asynchronous arcs), and of energies.
    """

    slew: FloatArray
    load_ff: FloatArray
    side_slew: FloatArray
    side_load_ff: FloatArray
    energy_slew: FloatArray
    energy_load_ff: FloatArray


@dataclass(frozen=True)
class Process:
    """Everything a deck needs besides the cell.

    `models` defines the devices, after the `preamble` lines and the files `before`. `subcircuit`: a device is a subcircuit
    with w and l in um, not a .model with lengths.
    """

    name: str
    path: Path
    cells: tuple[Path, ...]
    models: Path
    before: tuple[Path, ...]
    section: str
    preamble: tuple[str, ...]
    subcircuit: bool
    temperature_c: float
    instance: str
    devices: Mapping[str, tuple[str, str]]
    length_um: float
    width_n_um: float
    width_p_um: float
    diffusion_um: float
    vdd: tuple[float, ...]
    pair_span: float
    delay_step: float
    sense: tuple[float, float]
    grid: Grid
    variants: tuple[Variant, ...]
    tables: TableAxes | None = None
    """None: tables are published on the simulated grid."""
    header_select: str | None = None
    """Devices of the inverters in a Vdd-MUX; None: those of its switches."""
    leave_out: tuple[str, ...] = ()
    """Cells of the tables that this technology does without."""

    def variant(self, name: str) -> Variant:
        """Return a variant by name.

        Raises
        ------
        InputError
            If the technology has no such variant.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise InputError(f"{self.path}: no variant {name!r}; it has {', '.join(v.name for v in self.variants)}")

    def check_voltage(self, vdd: float) -> None:
        """Raise InputError outside the range in which the models make sense."""
        low, high = self.sense
        if not low <= vdd <= high:
            raise InputError(
                f"{self.path}: Vdd {vdd:g} V is outside {low:g} to {high:g} V, where the device models "
                "describe working logic ([voltages] sense); choose a voltage inside"
            )

    def drivers(self, vdd: float) -> FloatArray:
        """Return the rails on the grid that a driver of a cell at `vdd` may have, ascending, V."""
        rails = sorted({*self.vdd, round(vdd, 4)})
        return np.array([v for v in rails if abs(v - vdd) <= self.pair_span + VOLTAGE_TOLERANCE])

    def delay_drivers(self, vdd: float) -> FloatArray:
        """Return the rails at which crossed delays are simulated: every `delay_step` from `vdd`, and both ends."""
        rails = self.drivers(vdd)
        steps = (rails - vdd) / self.delay_step
        keep = np.abs(steps - np.round(steps)) < 1e-6
        keep[[0, -1]] = True
        return rails[keep]


def load_process(path: Path) -> Process:
    """Read the characterisation part of a technology file.

    Raises
    ------
    InputError
        If the file is missing, no TOML, lacks a key, or names a device model that the cards do not define.
    ToolMissingError
        If the package that holds the model cards is not installed.
    """
    data = read_toml(path, "a technology file", "give the path of a technology.toml")
    try:
        process = _process(path, data)
    except KeyError as error:
        raise InputError(f"{path}: key {error.args[0]!r} is missing; see libs/finevh45/technology.toml") from error
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: a value has the wrong kind ({error}); see libs/finevh45/technology.toml") from error
    _check_devices(process)
    return process


def _process(path: Path, data: Mapping[str, Any]) -> Process:
    models, geometry, voltages, grid = data["models"], data["geometry"], data["voltages"], data["grid"]

    def find(file: str) -> Path:
        return locate_package_file(models["package"], file) if "package" in models else path.parent / file

    return Process(
        name=plain_name(data["name"], f"{path}: name"),
        path=path,
        cells=tuple((path.parent / item).resolve() for item in data["cells"]),
        models=find(models["file"]),
        before=tuple(find(file) for file in models.get("before", ())),
        section=plain_name(models["section"], f"{path}: models.section") if models.get("section") else "",
        preamble=tuple(_preamble(path, line) for line in models.get("preamble", ())),
        subcircuit=bool(models.get("subcircuit", False)),
        temperature_c=_finite(models["temperature_c"]),
        instance=spice_parameters(models.get("instance", ""), f"{path}: models.instance"),
        devices={
            plain_name(name, f"{path}: device"): (
                plain_name(entry["n"], f"{path}: devices.{name}.n"),
                plain_name(entry["p"], f"{path}: devices.{name}.p"),
            )
            for name, entry in data["devices"].items()
        },
        length_um=_positive(geometry["length_um"]),
        width_n_um=_positive(geometry["width_n_um"]),
        width_p_um=_positive(geometry["width_p_um"]),
        diffusion_um=_positive(geometry["diffusion_um"]),
        vdd=tuple(_positive(vdd) for vdd in voltages["vdd"]),
        pair_span=_finite(voltages["pair_span"]),
        delay_step=_positive(voltages["delay_step"]),
        sense=(_positive(voltages["sense"][0]), _positive(voltages["sense"][1])),
        grid=_grid(grid),
        variants=tuple(
            Variant(
                plain_name(v["name"], f"{path}: variant"),
                v["device"],
                _finite(v["length_offset_nm"]),
                _finite(v["vth_offset_mv"]),
            )
            for v in data["variants"]
        ),
        tables=_tables(data["tables"], float(grid["slew"][-1])) if "tables" in data else None,
        header_select=plain_name(data["header_select"], f"{path}: header_select") if "header_select" in data else None,
        leave_out=tuple(plain_name(name, f"{path}: leave_out") for name in data.get("leave_out", ())),
    )


def _preamble(path: Path, line: str) -> str:
    """One line before the models: ``.option`` or ``.param`` with ``name=number`` words, no other command of ngspice."""
    command, _, words = line.strip().partition(" ")
    if command not in (".option", ".options", ".param"):
        raise InputError(f"{path}: models.preamble {line[:60]!r}: only .option and .param lines may stand there")
    return f"{command} {spice_parameters(words, f'{path}: models.preamble')}"


def _finite(value: object) -> float:
    """A number of the file.

    Raises
    ------
    ValueError
        If it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _positive(value: object) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError(f"{number:g} is not above zero")
    return number


def _axis(values: Sequence[object]) -> FloatArray:
    """An axis of a table: positive numbers that rise."""
    axis = np.array([_positive(value) for value in values])
    if not len(axis) or np.any(np.diff(axis) <= 0):
        raise ValueError(f"the axis {list(values)[:4]} does not rise")
    return axis


def _positions(values: Sequence[object], axis: FloatArray) -> tuple[int, ...]:
    """Positions on an axis."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(axis):
            raise ValueError(f"{value!r} is not a position on an axis of {len(axis)}")
    return tuple(int(str(value)) for value in values)


def _tables(data: Mapping[str, Any], longest: float) -> TableAxes:
    slew, side, energy = (_axis(data[key]) / longest for key in ("slew", "side_slew", "energy_slew"))
    load, side_load, energy_load = (_axis(data[key]) for key in ("load_ff", "side_load_ff", "energy_load_ff"))
    return TableAxes(slew, load, side, side_load, energy, energy_load)


def _grid(data: Mapping[str, Any]) -> Grid:
    slew, load = _axis(data["slew"]), _axis(data["load_ff"])
    return Grid(
        slew,
        load,
        _positions(data["side_slew"], slew),
        _positions(data["side_load"], load),
        _positions(data["cross_slew"], slew),
        _positions(data["cross_load"], load),
        _positions(data.get("clock_cross_slew", data["cross_slew"]), slew),
        _positions(data.get("clock_cross_load", data["cross_load"]), load),
        _positions(data["constraint_slew"], slew),
        _finite(data.get("rest_ps", 0.0)),
    )


def _check_devices(process: Process) -> None:
    """Every variant names a device, every device names models that the cards define."""
    text = read_models(process).decode(errors="replace").lower()
    for variant in process.variants:
        if variant.device not in process.devices:
            raise InputError(
                f"{process.path}: variant {variant.name} uses device {variant.device!r}, which [devices] "
                f"does not define; it has {', '.join(process.devices)}"
            )
    if process.header_select is not None and process.header_select not in process.devices:
        raise InputError(
            f"{process.path}: header_select names device {process.header_select!r}, which [devices] does not define; it has "
            f"{', '.join(process.devices)}"
        )
    keyword = "subckt" if process.subcircuit else "model"
    for name, pair in process.devices.items():
        for model in pair:
            if not re.search(rf"^\s*\.{keyword}\s+{re.escape(model.lower())}\s", text, re.MULTILINE):
                raise InputError(
                    f"{process.path}: [devices.{name}] names model {model!r}, which "
                    f"{process.models.name} does not define"
                )


def read_models(process: Process) -> bytes:
    """Return the text of the model files, the files they include after them.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    queue, parts, seen = [process.models, *process.before], [], set()
    while queue:
        file = queue.pop(0)
        if file in seen:
            continue
        seen.add(file)
        try:
            content = read_input(file)
        except OSError as error:
            raise InputError(f"{process.path}: model file {file} cannot be read ({error.strerror})") from error
        command = _COMMANDS.search(content)
        if command:
            line = content.count(b"\n", 0, command.start()) + 1
            found = command.group().strip().decode(errors="replace")
            raise InputError(
                f"{file}:{line}: {found!r} would run commands of ngspice; device models need none: remove it"
            )
        parts.append(content)
        # '.lib SECTION' alone opens a section of this file.
        queue += [
            file.parent / os.fsdecode(name.strip(b"\"'"))
            for keyword, name, section in _INCLUDE.findall(content)
            if section or keyword.lower() != b"lib"
        ]
    return b"".join(parts)


def transistor_line(
    process: Process, variant: Variant, transistor: Transistor, name: str, nodes: Mapping[str, str], multiplier: int = 1
) -> str:
    """Return the SPICE line of one transistor; `nodes` maps the cell's node names to deck names.

    Each device carries its share of the shared, contacted diffusions: area width * d, perimeter two ends plus the
    gate edge.
    """
    kind = 0 if transistor.kind == "n" else 1
    unit = 1.0 if transistor.absolute else (process.width_n_um, process.width_p_um)[kind]
    width = transistor.width * unit
    length = (transistor.length_um or process.length_um) + variant.length_offset_nm * 1e-3
    model = process.devices[transistor.device or variant.device][kind]
    body = nodes["VSS" if kind == 0 else "VDD"]
    ends = f"{nodes[transistor.drain]} {nodes[transistor.gate]} {nodes[transistor.source]} {body}"
    area, perimeter = width * process.diffusion_um, 2 * process.diffusion_um + width
    if process.subcircuit:
        # Geometry in um: such libraries set `.option scale`.
        return (
            f"x{name} {ends} {model} w={width:.6g} l={length:.6g} ad={area:.6g} as={area:.6g} pd={perimeter:.6g} "
            f"ps={perimeter:.6g} m={multiplier} {process.instance}"
        )
    shift = ""
    if variant.vth_offset_mv:
        shift = f" delvto={variant.vth_offset_mv * 1e-3 * (1 if kind == 0 else -1):.6g}"
    return (
        f"m{name} {ends} {model} w={width:.6g}u l={length:.6g}u as={area:.6g}p ad={area:.6g}p "
        f"ps={perimeter:.6g}u pd={perimeter:.6g}u m={multiplier}{shift} {process.instance}"
    )
