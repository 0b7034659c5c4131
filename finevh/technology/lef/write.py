"""LEF writer: a layer stack and cell footprints in, technology LEF and cell LEF text out.

The cells are schematic-level: pins are simple squares on the crossing of routing tracks, rails run along both edges as in
the 45 nm kit whose site they share. Good for placement and routing estimates, no layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from finevh.technology.manifest import TechnologyLayer

__all__ = ["Footprint", "render_cell_lef", "render_tech_lef"]

_RAIL_HALF_UM = 0.085
_PIN_HALF_UM = 0.035
_PF_PER_FF = 1e-3


@dataclass(frozen=True)
class Footprint:
    """What LEF says of a cell: ``pins`` name to (direction, use); supply pins beyond VDD and VSS have use POWER."""

    name: str
    width_um: float
    height_um: float
    kind: str
    pins: tuple[tuple[str, str, str], ...]


def _um(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def render_tech_lef(layers: Sequence[TechnologyLayer], site: tuple[str, float, float], grid_um: float = 0.005) -> str:
    """Render units, routing and cut layers, one default via per cut and via rules.

    Resistance becomes ohm per square and capacitance pF per um2 of minimum-width wire, so readers get back exactly the
    per-length values of the technology file.

    Parameters
    ----------
    layers : routing layers, lowest first.
    site : name, width and height in um.
    grid_um : manufacturing grid.
    """
    name, width, height = site
    lines = [
        "VERSION 5.8 ;",
        'BUSBITCHARS "[]" ;',
        'DIVIDERCHAR "/" ;',
        "",
        "UNITS",
        "  DATABASE MICRONS 2000 ;",
        "END UNITS",
        "",
        f"MANUFACTURINGGRID {_um(grid_um)} ;",
        "",
    ]
    for number, layer in enumerate(layers):
        if number:
            lines += _cut(number, layers[number - 1], layer)
        lines += _routing(layer, site[1] if layer.direction == "vertical" else layer.pitch_um)
    lines += ["LAYER OVERLAP", "  TYPE OVERLAP ;", "END OVERLAP", ""]
    for number in range(1, len(layers)):
        lines += _via(number, layers[number - 1], layers[number])
    lines += [
        f"SITE {name}",
        "  SYMMETRY Y ;",
        "  CLASS CORE ;",
        f"  SIZE {_um(width)} BY {_um(height)} ;",
        f"END {name}",
        "",
        "END LIBRARY",
        "",
    ]
    return "\n".join(lines)


def _routing(layer: TechnologyLayer, offset_pitch: float) -> list[str]:
    per_square = layer.resistance_ohm_per_um * layer.width_um
    per_area = layer.capacitance_ff_per_um * _PF_PER_FF / layer.width_um
    offset = min(layer.pitch_um, offset_pitch) / 2
    return [
        f"LAYER {layer.name}",
        "  TYPE ROUTING ;",
        f"  DIRECTION {layer.direction.upper()} ;",
        f"  PITCH {_um(layer.pitch_um)} ;",
        f"  OFFSET {_um(offset)} ;",
        f"  WIDTH {_um(layer.width_um)} ;",
        f"  SPACING {_um(layer.spacing_um)} ;",
        f"  RESISTANCE RPERSQ {per_square:.6g} ;",
        f"  CAPACITANCE CPERSQDIST {per_area:.6g} ;",
        "  EDGECAPACITANCE 0 ;",
        f"END {layer.name}",
        "",
    ]


def _cut_size(below: TechnologyLayer, above: TechnologyLayer) -> float:
    return min(below.width_um, above.width_um)


def _cut(number: int, below: TechnologyLayer, above: TechnologyLayer) -> list[str]:
    size = _cut_size(below, above)
    return [
        f"LAYER via{number}",
        "  TYPE CUT ;",
        f"  SPACING {_um(size * 1.1)} ;",
        f"  WIDTH {_um(size)} ;",
        f"END via{number}",
        "",
    ]


def _via(number: int, below: TechnologyLayer, above: TechnologyLayer) -> list[str]:
    half = _cut_size(below, above) / 2
    cut = f"RECT {_um(-half)} {_um(-half)} {_um(half)} {_um(half)} ;"
    lines = [f"VIA via{number}_0 DEFAULT"]
    for name, shape in ((below.name, _wire(below)), (f"via{number}", cut), (above.name, _wire(above))):
        lines += [f"  LAYER {name} ;", f"    {shape}"]
    lines += [f"END via{number}_0", "", f"VIARULE via{number}_array GENERATE"]
    pitch = _cut_size(below, above) * 2.1
    for layer in (below, above):
        inside = max(0.0, layer.width_um / 2 - half)
        lines += [f"  LAYER {layer.name} ;", f"    ENCLOSURE {_um(inside)} {_um(inside)} ;"]
    lines += [
        f"  LAYER via{number} ;",
        f"    {cut}",
        f"    SPACING {_um(pitch)} BY {_um(pitch)} ;",
        f"END via{number}_array",
        "",
    ]
    return lines


def _wire(layer: TechnologyLayer) -> str:
    half = layer.width_um / 2
    return f"RECT {_um(-half)} {_um(-half)} {_um(half)} {_um(half)} ;"


def render_cell_lef(cells: Iterable[Footprint], site: str, site_um: float, pin_layer: str, pitch_um: float) -> str:
    """Render macros.

    Parameters
    ----------
    cells : footprints; widths are multiples of the site.
    site, site_um : name and width of the site.
    pin_layer : layer of pins and rails.
    pitch_um : vertical distance of pin rows, um: two routing tracks.
    """
    lines = ["VERSION 5.8 ;", 'BUSBITCHARS "[]" ;', 'DIVIDERCHAR "/" ;', ""]
    for cell in cells:
        lines += _macro(cell, site, site_um, pin_layer, pitch_um)
    return "\n".join([*lines, "END LIBRARY", ""])


def _macro(cell: Footprint, site: str, site_um: float, layer: str, pitch_um: float) -> Iterator[str]:
    width, height = cell.width_um, cell.height_um
    yield from (
        f"MACRO {cell.name}",
        f"  CLASS {cell.kind} ;",
        "  ORIGIN 0 0 ;",
        f"  FOREIGN {cell.name} 0 0 ;",
        f"  SIZE {_um(width)} BY {_um(height)} ;",
        "  SYMMETRY X Y ;",
        f"  SITE {site} ;",
    )
    columns = max(1, round(width / site_um))
    step = width / columns
    supplies = [name for name, _, use in cell.pins if use in ("POWER", "GROUND")]
    signals = [pin for pin in cell.pins if pin[0] not in supplies]
    for k, (name, direction, use) in enumerate(pin for pin in cell.pins if pin[0] in supplies):
        # As far apart as rows of pins are, and tall: a strap of the layers above comes down on each of them.
        x, half = pitch_um * (k + 0.5), pitch_um / 4
        shape = f"RECT {_um(x - half)} {_um(height * 0.25)} {_um(x + half)} {_um(height * 0.55)} ;"
        yield from _pin(name, direction, use, layer, shape)
    first_row = height * (0.7 if supplies else 0.3)
    for i, (name, direction, use) in enumerate(signals):
        x, y = step * (i % columns + 0.5), first_row + pitch_um * (i // columns)
        shape = f"RECT {_um(x - _PIN_HALF_UM)} {_um(y - 2 * _PIN_HALF_UM)} {_um(x + _PIN_HALF_UM)} {_um(y + 2 * _PIN_HALF_UM)} ;"
        yield from _pin(name, direction, use, layer, shape)
    for name, use, y in (("VDD", "POWER", height), ("VSS", "GROUND", 0.0)):
        rail = f"RECT 0 {_um(y - _RAIL_HALF_UM)} {_um(width)} {_um(y + _RAIL_HALF_UM)} ;"
        yield from _pin(name, "INOUT", use, layer, rail, abutment=True)
    yield from (f"END {cell.name}", "")


def _pin(name: str, direction: str, use: str, layer: str, shape: str, abutment: bool = False) -> Iterator[str]:
    yield from (f"  PIN {name}", f"    DIRECTION {direction} ;", f"    USE {use} ;")
    if abutment:
        yield "    SHAPE ABUTMENT ;"
    yield from ("    PORT", f"      LAYER {layer} ;", f"        {shape}", "    END", f"  END {name}")
