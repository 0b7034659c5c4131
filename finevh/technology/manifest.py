"""The technology file: TOML in, a validated and typed model out; every error names the file, the key and the mend.

One file describes a technology twice: how to characterise it (models, devices, geometry, grids: read by
:mod:`finevh.characterization`) and what came out of it (``views``, ``layers``, ``roles``: read here). A foreign
technology has the second half alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from finevh.base.mistakes import describe, suggest
from finevh.base.toml import parse_toml, read_text
from finevh.config import Name, Suffix
from finevh.errors import InputError

__all__ = [
    "Manifest",
    "Role",
    "TechnologyLayer",
    "TechnologyVariant",
    "Views",
    "library_file",
    "read_manifest",
    "vdd_label",
]

Role = Literal[
    "tie_low",
    "tie_high",
    "buffer",
    "delay",
    "inverter",
    "clock_buffer",
    "clock_gate",
    "flop",
    "header",
    "fill",
    "dont_use",
]


def vdd_label(vdd: float) -> str:
    """Name of a voltage in file and cell names: 0.8 V is ``0v80``.

    Examples
    --------
    >>> vdd_label(0.8)
    '0v80'
    >>> vdd_label(0.625)
    '0v625'
    """
    text = f"{vdd:.3f}"
    return (text[:-1] if text.endswith("0") else text).replace(".", "v")


def library_file(pattern: str, suffix: str, variant: str, vdd: float) -> str:
    """Name of a Liberty file by the pattern of ``[views]``; braces that mean nothing are refused where the file is read."""
    values = {"suffix": suffix, "variant": variant, "vdd": vdd_label(vdd)}
    return re.sub(r"\{(suffix|variant|vdd)\}", lambda match: values[match[1]], pattern)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TechnologyVariant(_Section):
    """A Vth flavour: a device of the cards with a gate-length and a threshold offset."""

    name: Name
    suffix: Suffix | None = None
    """Ending of the variant's cell names; default ``_NAME``, empty for the first variant."""
    device: str | None = None
    group: tuple[str, ...] = ()
    """Variant sets (``pb``, ``vt``) that use it."""
    length_offset_nm: float = 0.0
    vth_offset_mv: float = 0.0
    vdd: tuple[float, ...] = ()
    """Supplies of this variant's files, V, where they are fewer than those of ``[views]``."""
    slowdown: float | None = Field(default=None, ge=0.0)
    """Average delay increase over the first variant; measured on the tables where it is absent."""


class TechnologyLayer(_Section):
    """A routing layer of minimum-width wires."""

    name: Name
    direction: Literal["horizontal", "vertical"]
    pitch_um: float = Field(gt=0)
    width_um: float = Field(gt=0)
    spacing_um: float = Field(gt=0)
    resistance_ohm_per_um: float = Field(gt=0)
    capacitance_ff_per_um: float = Field(gt=0)


class Views(_Section):
    """Files of a characterised technology, relative to the folder of the technology file."""

    @field_validator("liberty")
    @classmethod
    def _known_fields(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        unknown = re.findall(r"\{(?!(?:suffix|variant|vdd)\})[^}]*\}?", value) if isinstance(value, str) else []
        if unknown:
            raise ValueError(f"'{unknown[0]}' is unknown; known placeholders are {{suffix}}, {{variant}} and {{vdd}}")
        return value

    liberty: str | tuple[str, ...]
    """A pattern with ``{suffix}`` or ``{variant}`` and ``{vdd}`` (0.8 V is ``0v80``), or a list of files, one per supply."""
    vdd: tuple[float, ...] = ()
    """Supplies of the pattern, V; default: those of ``[voltages]``."""
    variants: tuple[str, ...] = ()
    """Variants that have files; default: all."""
    vdd_nominal: float | None = Field(default=None, gt=0)
    """Supply at which variants are compared; default: the highest."""
    cross_voltage: str | None = None
    tech_lef: str | None = None
    cell_lef: tuple[str, ...] = ()
    verilog: str | None = None


class Site(_Section):
    """The placement site."""

    name: Name
    width_um: float = Field(gt=0)
    height_um: float = Field(gt=0)


class Manifest(_Section):
    """A technology file. Sections of the characterisation stay as they are: its reader checks them."""

    name: Name
    views: Views | None = None
    variants: tuple[TechnologyVariant, ...] = (TechnologyVariant(name="nominal"),)
    layers: tuple[TechnologyLayer, ...] = ()
    site: Site | None = None
    roles: dict[Role, tuple[str, ...]] | None = None
    """Cells by role, base names without the variant's suffix; inferred from functions where the section is absent."""
    cells: tuple[str, ...] = ()
    headers: str | None = None
    header_select: str | None = None
    """Devices of the inverters that make a Vdd-MUX's select signals; those of its switches where absent."""
    leave_out: tuple[str, ...] = ()
    """Cells of the cell tables that the technology does without."""
    models: dict[str, Any] = {}
    devices: dict[str, Any] = {}
    geometry: dict[str, Any] = {}
    voltages: dict[str, Any] = {}
    grid: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    foreign: dict[str, Any] = {}

    @model_validator(mode="after")
    def _distinct(self) -> Manifest:
        names = [variant.name for variant in self.variants]
        suffixes = [self.suffix(name) for name in names]
        for what, values in (("name", names), ("suffix", suffixes)):
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"two variants have the {what} '{value}'")
        for name in self.views.variants if self.views is not None else ():
            if name not in names:
                raise ValueError(f"views.variants names '{name}'; variants are {', '.join(names)}")
        return self

    def suffix(self, variant: str) -> str:
        """Ending of a variant's cell names."""
        for i, entry in enumerate(self.variants):
            if entry.name == variant:
                return entry.suffix if entry.suffix is not None else (f"_{variant}" if i else "")
        raise KeyError(variant)

    def published(self) -> tuple[TechnologyVariant, ...]:
        """Variants that have files."""
        listed = self.views.variants if self.views is not None else ()
        return tuple(entry for entry in self.variants if not listed or entry.name in listed)

    def vdds(self, variants: Sequence[str] = ()) -> tuple[float, ...]:
        """Supplies at which all of these variants (default: any) have files, V, ascending.

        Empty where the supplies stand in the Liberty files alone.
        """
        listed = self.views.vdd if self.views is not None and self.views.vdd else self.voltages.get("vdd", ())
        common = {float(v) for v in listed}
        for entry in self.variants:
            if entry.name in variants and entry.vdd:
                common &= set(entry.vdd)
        return tuple(sorted(common))


def read_manifest(path: Path) -> Manifest:
    """Read a ``technology.toml``, or the one in a folder.

    Raises
    ------
    InputError
        Missing or broken file, unknown key (with the nearest known one), missing key, impossible value.
    """
    if path.is_dir():
        path = path / "technology.toml"
    text = read_text(path, "a technology file", "give a technology.toml or its folder")
    raw = parse_toml(text, path)
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise InputError(describe(error, path, text, _nearest, own=_role)) from None


def _role(location: tuple[str, ...]) -> str | None:
    """What to say of a role that does not exist."""
    if location[:1] != ("roles",) or location[-1] != "[key]":
        return None
    return f"unknown role '{location[1]}'{suggest(location[1], list(get_args(Role)))}"


def _nearest(location: tuple[str, ...]) -> str:
    models: dict[str, type[BaseModel]] = {
        "views": Views,
        "variants": TechnologyVariant,
        "layers": TechnologyLayer,
        "site": Site,
    }
    model = models.get(location[0], Manifest) if len(location) > 1 else Manifest
    return suggest(location[-1], list(model.model_fields))
