"""The record of one characterised cell: everything measured for one (topology, variant, Vdd), and its file.

A record describes the X1 cell. A drive-n cell is n copies in parallel, so `load_ff`, energies, capacitances and leakage
scale with n, while delays, transitions, constraints, noise margins and all ratios stay (`DRIVE_SCALED` names the former).

Conventions, all quantities in the house units (ps, fF, V, fJ, mW):

- Delay: 50 % of the input pin's own rail to 50 % of the output rail. Transition: 30 % to 70 % of the pin's own rail, not
  rescaled. Inputs are linear ramps.
- Transition energy: what the cell's supply delivers during the transition, minus static leakage, minus `load * Vdd**2`
  for a rising output. Charge that enters through input pins is the driver's load (`PinCapacitance`), so nothing is
  counted twice and a single transition may be negative: the sum of a rise and a fall is what is dissipated.
- Leakage: power of *all* sources, supply and input pins.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from finevh.base.files import read_input, replacing
from finevh.base.packed import unpack
from finevh.errors import InputError

__all__ = [
    "DRIVE_SCALED",
    "SCHEMA_VERSION",
    "Arc",
    "CellRecord",
    "Constraint",
    "CrossDelay",
    "CrossLeakage",
    "Edge",
    "HiddenEnergy",
    "NoiseMargin",
    "Pin",
    "PinCapacitance",
    "PulseWidth",
    "StateLeakage",
    "load_record",
    "record_path",
    "save_record",
]

SCHEMA_VERSION = 1
DRIVE_SCALED = ("load_ff", "energy_fj", "capacitance_ff", "leakage_mw")

FloatArray = NDArray[np.float64]
Sense = Literal["positive_unate", "negative_unate", "non_unate"]
"""`non_unate` only for edge-triggered arcs, whose input edge `timing_type` names."""
TimingType = Literal["combinational", "rising_edge", "falling_edge", "clear", "preset"]
ConstraintKind = Literal[
    "setup_rising", "setup_falling", "hold_rising", "hold_falling", "recovery_rising", "removal_rising"
]
State = tuple[tuple[str, int], ...]
"""Side inputs (and internal state variable `IQ`) held during a measurement: ((pin, bit), ...), pins in cell order."""


@dataclass(frozen=True)
class Pin:
    """A pin in the cell's order.

    `function` is a Liberty expression for outputs (over inputs, or the state variable `IQ`), empty for inputs.
    """

    name: str
    direction: Literal["input", "output"]
    function: str = ""
    clock: bool = False


@dataclass(frozen=True)
class PinCapacitance:
    """Charge into an input pin over a full own-rail swing, divided by the swing: mean over side states, and range."""

    pin: str
    rise_ff: float
    fall_ff: float
    rise_range_ff: tuple[float, float]
    fall_range_ff: tuple[float, float]


@dataclass(frozen=True)
class Edge:
    """Tables of one output transition; shape (n_slew, n_load): `delay_ps`, `slew_ps` (30-70 %), `energy_fj`."""

    delay_ps: FloatArray
    slew_ps: FloatArray
    energy_fj: FloatArray


@dataclass(frozen=True)
class Arc:
    """A delay arc with its own axes.

    `state` empty: the worst arc of (related_pin, pin, sense), the tables of the slowest side state *per edge*. `state` filled:
    that side state. Asynchronous arcs stand on a smaller grid (a subset of the full axes). An input with
    both senses (XOR) has one worst arc per sense. `rise`/`fall` name the *output* edge; an edge that does not exist
    (async clear has no rise) is None. `rise_state`/`fall_state` tell which side state the worst tables come from.
    """

    related_pin: str
    pin: str
    sense: Sense
    timing_type: TimingType
    state: State
    slew_ps: FloatArray
    load_ff: FloatArray
    rise: Edge | None
    fall: Edge | None
    rise_state: State = ()
    fall_state: State = ()


@dataclass(frozen=True)
class HiddenEnergy:
    """Supply energy of an input edge that moves no output; `rise_fj`/`fall_fj` (n_slew) of the *input* edge.

    NaN: that edge moves an output in this state (clock of a flip-flop with D != IQ), its energy is in the arc.
    """

    pin: str
    state: State
    slew_ps: FloatArray
    rise_fj: FloatArray
    fall_fj: FloatArray


@dataclass(frozen=True)
class StateLeakage:
    """Static power of one full pattern, all inputs (then `IQ` for sequential cells) on the cell's own rail."""

    state: State
    leakage_mw: float


@dataclass(frozen=True)
class CrossLeakage:
    """Static power when some inputs at 1 stand on another rail.

    Attributes
    ----------
    inputs : names of the inputs, digit 0 first.
    internal : state of `IQ`, or -1 when the cell has none; one `CrossLeakage` per state.
    driver_vdd : (n_driver,) V, ascending, contains the cell's own Vdd.
    leakage_mw : (n_driver, 3 ** n_input) mW. Column code = sum(digit_i * 3**i); digit 0: input at 0; 1: at 1 on the
        own rail; 2: at 1 on `driver_vdd`. NaN only where the state does not exist (e.g. reset with IQ = 1).
    """

    inputs: tuple[str, ...]
    internal: int
    driver_vdd: FloatArray
    leakage_mw: FloatArray

    def derate(self) -> FloatArray:
        """Return k, (n_driver, 3**n): power over the power of the same pattern with every digit 2 replaced by 1.

        k of a pattern without a 2 is 1 also where nothing leaks (a tie cell of resistors); NaN where the state does not exist.
        """
        codes = np.arange(self.leakage_mw.shape[1])
        nominal = np.zeros_like(codes)
        for i in range(len(self.inputs)):
            nominal += np.minimum(codes // 3**i % 3, 1) * 3**i
        own = np.where(np.isnan(self.leakage_mw), np.nan, 1.0)
        ratio: FloatArray = np.divide(self.leakage_mw, self.leakage_mw[:, nominal], out=own, where=codes != nominal)
        return ratio


@dataclass(frozen=True)
class CrossDelay:
    """One worst arc edge with its input on other rails.

    `slew_ps` and `load_ff` are a subset of the worst arc's axes, so the own-rail column equals `Arc` entries exactly.
    Input delay point is 50 % and input slew 30-70 % of the *driver's* rail. `delay_ps`/`out_slew_ps` have shape
    (n_driver, n_slew, n_load); `driver_vdd` ascends and contains the cell's own Vdd; it is coarser than the leakage's
    (the technology's `delay_step`, and both ends), read rails in between from a parabola or line. Interpolate the *shift*
    (delay - own-rail delay), which is near bilinear in slew and load; a ratio is undefined where the delay crosses 0.
    """

    related_pin: str
    pin: str
    sense: Sense
    edge: Literal["rise", "fall"]
    state: State
    driver_vdd: FloatArray
    slew_ps: FloatArray
    load_ff: FloatArray
    delay_ps: FloatArray
    out_slew_ps: FloatArray

    def _own(self, vdd: float) -> int:
        return int(np.argmin(np.abs(self.driver_vdd - vdd)))

    def shift_ps(self, vdd: float) -> FloatArray:
        """Return delay minus own-rail delay, (n_driver, n_slew, n_load) ps."""
        shift: FloatArray = self.delay_ps - self.delay_ps[self._own(vdd)]
        return shift

    def slew_ratio(self, vdd: float) -> FloatArray:
        """Return output transition over own-rail output transition, (n_driver, n_slew, n_load)."""
        ratio: FloatArray = self.out_slew_ps / self.out_slew_ps[self._own(vdd)]
        return ratio


@dataclass(frozen=True)
class NoiseMargin:
    """Unity-gain points of one input, the worst over side states, cell on its own rail.

    `v_il`/`v_ih`: V, lowest and highest input voltage where the gain magnitude is 1. A driver at rail Vd delivers 0 and
    Vd, so the static margins are `low = v_il` and `high = Vd - v_ih`.
    """

    pin: str
    v_il: float
    v_ih: float

    def margin(self, driver_vdd: float) -> float:
        """Return min(v_il - 0, driver_vdd - v_ih), V; negative: a 1 of this driver is not read as 1."""
        return min(self.v_il, driver_vdd - self.v_ih)


@dataclass(frozen=True)
class Constraint:
    """Setup, hold, recovery or removal; tables (n_constrained_slew, n_related_slew) ps of the constrained pin's edge.

    `driver_vdd` is the rail of *both* pins (the cell's own). An edge without constraint is None.
    """

    kind: ConstraintKind
    pin: str
    related_pin: str
    constrained_slew_ps: FloatArray
    related_slew_ps: FloatArray
    rise_ps: FloatArray | None
    fall_ps: FloatArray | None


@dataclass(frozen=True)
class PulseWidth:
    """Smallest pulse (50 % to 50 %, at the middle slew) that still does the pin's work; NaN-free, absent side is None."""

    pin: str
    high_ps: float | None
    low_ps: float | None


@dataclass(frozen=True)
class CellRecord:
    """All measurements of one X1 cell at one (variant, Vdd)."""

    cell: str
    variant: str
    vdd: float
    temperature_c: float
    pins: tuple[Pin, ...]
    capacitances: tuple[PinCapacitance, ...]
    arcs: tuple[Arc, ...]
    hidden: tuple[HiddenEnergy, ...]
    leakage: tuple[StateLeakage, ...]
    cross_leakage: tuple[CrossLeakage, ...]
    cross_delay: tuple[CrossDelay, ...]
    noise: tuple[NoiseMargin, ...]
    constraints: tuple[Constraint, ...] = ()
    pulse_widths: tuple[PulseWidth, ...] = ()
    digest: str = ""
    cpu_seconds: float = 0.0
    schema: int = SCHEMA_VERSION

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input pins, in cell order."""
        return tuple(p.name for p in self.pins if p.direction == "input")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output pins, in cell order."""
        return tuple(p.name for p in self.pins if p.direction == "output")


def record_path(folder: Path, cell: str, variant: str, vdd: float) -> Path:
    """Return the file of one cell-corner: `<folder>/<variant>/<vdd>/<cell>.json.gz`, Vdd as `0v80`."""
    return folder / variant / f"{vdd:.2f}".replace(".", "v") / f"{cell}.json.gz"


def save_record(record: CellRecord, path: Path) -> None:
    """Write a record atomically: a killed run leaves the old file or none, never half a file."""
    text = json.dumps(_plain(asdict(record)), separators=(",", ":"))
    with replacing(path) as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as out:
        out.write(text.encode())


def load_record(path: Path) -> CellRecord:
    """Read a record.

    Raises
    ------
    InputError
        If the file is no record, damaged, or of another schema version.
    """
    try:
        data = json.loads(unpack(read_input(path)))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: not a readable characterisation record ({error}); delete it and characterise again"
        ) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA_VERSION:
        raise InputError(f"{path}: record schema is not {SCHEMA_VERSION}; delete it and characterise again")
    try:
        return _record(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: damaged characterisation record ({error!r}); delete it and characterise again"
        ) from error


def _plain(value: Any) -> Any:
    """Turn arrays and tuples into lists; floats keep seven digits, below every simulator tolerance."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.7g}")
    return value


def _state(value: Any) -> State:
    return tuple((str(pin), int(bit)) for pin, bit in value)


def _build(kind: type[Any], data: Mapping[str, Any]) -> Any:
    """Rebuild a dataclass: list of numbers -> array, state lists -> tuples, `rise`/`fall` of an arc -> Edge."""
    made: dict[str, Any] = {}
    for field in fields(kind):
        value = data[field.name]
        if field.name.endswith("state") and field.name != "internal":
            made[field.name] = _state(value)
        elif kind is Arc and field.name in ("rise", "fall"):
            made[field.name] = None if value is None else _build(Edge, value)
        elif field.name.endswith("range_ff") or field.name == "inputs":
            made[field.name] = tuple(value)
        elif isinstance(value, list):
            made[field.name] = np.asarray(value, dtype=np.float64)
        else:
            made[field.name] = value
    return kind(**made)


_PARTS: Mapping[str, type[Any]] = {
    "pins": Pin,
    "capacitances": PinCapacitance,
    "arcs": Arc,
    "hidden": HiddenEnergy,
    "leakage": StateLeakage,
    "cross_leakage": CrossLeakage,
    "cross_delay": CrossDelay,
    "noise": NoiseMargin,
    "constraints": Constraint,
    "pulse_widths": PulseWidth,
}


def _record(data: Mapping[str, Any]) -> CellRecord:
    made = {field.name: data[field.name] for field in fields(CellRecord)}
    for name, kind in _PARTS.items():
        made[name] = tuple(_build(kind, item) for item in made[name])
    return CellRecord(**made)
