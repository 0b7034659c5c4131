"""What OpenROAD's power-grid generator would make of a script: straps lost, nets in pieces, supplies without terminals.

The commands of a run in the sandbox become the grids of :mod:`finevh.layout.supply.draw`, whose rules are the generator's.
Lengths in units of a nanometre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finevh.base.tcl import split_list
from finevh.layout.formats.def_model import Box
from finevh.layout.supply.draw import (
    RAIL,
    Drawing,
    GridCommand,
    RingCommand,
    RowSpan,
    Shape,
    StripeCommand,
    draw_grids,
    pieces_of,
)
from finevh.openroad.context import FlowContext
from finevh.openroad.script_check.findings import Finding
from finevh.openroad.script_check.sandbox import Record
from finevh.openroad.script_check.table import CommandTable, split_call

_NM = 1000
_MOST = 5  # findings of one kind that are put into words
_COMMANDS = frozenset(
    {
        "set_voltage_domain",
        "create_voltage_domain",
        "define_pdn_grid",
        "add_pdn_stripe",
        "add_pdn_ring",
        "add_pdn_connect",
        "pdngen",
    }
)


@dataclass
class _Grid:
    domain: str
    rail: tuple[str, int] | None = None
    rings: list[RingCommand] = field(default_factory=list)
    stripes: list[StripeCommand] = field(default_factory=list)
    connections: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _State:
    """What has been defined since the generator was last reset."""

    domains: dict[str, tuple[str, str]] = field(default_factory=dict)
    grids: dict[str, _Grid] = field(default_factory=dict)


@dataclass(frozen=True)
class GridFacts:
    """What the scripts leave to the technology: the core and the site, um; per routing layer, from the bottom up, its name,
    whether it runs vertically and its least spacing, um.
    """

    core: tuple[float, float, float, float]
    site_width: float
    row_height: float
    layers: tuple[tuple[str, bool, float], ...]


def grid_facts(context: FlowContext) -> GridFacts:
    """Return the facts of a context."""
    core = (context.core.x0, context.core.y0, context.core.x1, context.core.y1)
    return GridFacts(core, context.site_width, context.row_height, context.power_grid.layers)


class PdnModel:
    """Follows the power-grid commands of one script.

    Parameters
    ----------
    scripts
        All files of the flow: rows and islands stand in the tables.
    facts
        Of the technology and the floorplan.
    """

    def __init__(self, scripts: Mapping[str, str], facts: GridFacts) -> None:
        self.facts = facts
        x0, y0, x1, y1 = (_nm(value) for value in facts.core)
        self.core = (x0, y0, x1, y1)
        self.drawing = Drawing(
            {name: vertical for name, vertical, _ in facts.layers},
            {name: _nm(value) for name, _, value in facts.layers},
        )
        islands = [split_list(line) for line in scripts.get("islands.txt", "").split("\n") if line]
        self.island_rails = [_box(words[1:5]) for words in islands]
        ground = [split_list(line) for line in scripts.get("ground_rails.txt", "").split("\n") if line]
        self.ground_rails = [_box(words) for words in ground]
        cut = {words[0] for words in islands}
        rows = [split_list(line) for line in scripts.get("rows.txt", "").split("\n") if line]
        self.rows = [words for words in rows if words[0] not in cut]
        self.areas: dict[str, Box] = {}
        self.state = _State()
        self.terminals = False
        self.built: Record | None = None

    def follow(self, record: Record, table: CommandTable) -> None:
        """Take one call of the script."""
        if record.name not in _COMMANDS:
            return
        call = split_call(table.commands[record.name], record.arguments)
        options = {key: value or "" for key, value in call.options.items()}
        if record.name == "create_voltage_domain":
            self.areas[call.arguments[0] or ""] = _box(split_list(options["-area"]))
        elif record.name == "set_voltage_domain":
            self.state.domains[options["-name"]] = (options["-power"], options["-ground"])
        elif record.name == "define_pdn_grid":
            self.state.grids[options["-name"]] = _Grid(options["-voltage_domains"])
            self.terminals = self.terminals or "-pins" in options
        elif record.name == "pdngen":
            self._generate(record, options)
        else:
            grid = self.state.grids.get(options.get("-grid", ""))
            if grid is not None:
                _add(grid, record, options)

    def _generate(self, record: Record, options: Mapping[str, str]) -> None:
        if "-reset" in options:
            self.state = _State()
            return
        standing: list[Shape] = []
        if self.built is None and self.island_rails and self.rows:
            layer = self.facts.layers[0][0]
            for net, boxes in zip(
                self.state.domains.get("Core", ("", "")), (self.island_rails, self.ground_rails), strict=True
            ):
                standing += [Shape(net, layer, box, RAIL) for box in boxes]
        # The core's grids come first, whatever the order of the commands.
        order = sorted(self.state.grids.values(), key=lambda grid: grid.domain != "Core")
        draw_grids(self.drawing, [self._command(grid) for grid in order], standing)
        self.built = record

    def _command(self, grid: _Grid) -> GridCommand:
        area = self.core if grid.domain == "Core" else self.areas.get(grid.domain, self.core)
        power, ground = self.state.domains.get(grid.domain, ("", ""))
        rail = None if grid.rail is None else (*grid.rail, power, ground)
        rows = [
            RowSpan(box, words[4] == "MX")
            for words in (self.rows if rail else [])
            for box in [self._row_box(words)]
            if area[0] <= box[0] and box[2] <= area[2] and area[1] <= box[1] and box[3] <= area[3]
        ]
        return GridCommand(area, rail, tuple(rows), tuple(grid.rings), tuple(grid.stripes), tuple(grid.connections))

    def _row_box(self, words: Sequence[str]) -> Box:
        x, y, sites = _nm(float(words[1])), _nm(float(words[2])), int(words[3])
        return (x, y, x + _nm(sites * self.facts.site_width), y + _nm(self.facts.row_height))

    def findings(self) -> list[Finding]:
        """Return what is wrong with the grid as it stands after the last command."""
        if self.built is None:
            return []
        found: dict[tuple[str, int], list[str]] = {}
        for tag, strap in self.drawing.lost:
            assert isinstance(tag, Record)
            x, y = strap.box[0] / _NM, strap.box[1] / _NM
            text = f"{strap.net} at ({x:g}, {y:g}) um on {strap.layer}"
            found.setdefault((tag.file, tag.line), []).append(text)
        findings = [
            Finding(
                file,
                line,
                f"add_pdn_stripe: {len(texts)} straps vanish, the first that of {texts[0]}: an earlier command's stands within "
                "twice the spacing; draw them in one command or farther apart",
            )
            for (file, line), texts in found.items()
        ]
        place = (self.built.file, self.built.line)
        torn = {net: count for net, count in pieces_of(self.drawing).items() if count > 1}
        for net, count in list(torn.items())[:_MOST]:
            findings.append(
                Finding(*place, f"pdngen: {net} falls into {count} pieces: vias join only what stands already")
            )
        if not self.terminals:
            findings.append(Finding(*place, "pdngen: no supply has a terminal; define_pdn_grid needs -pins"))
        return findings


def _add(grid: _Grid, record: Record, options: Mapping[str, str]) -> None:
    try:
        if record.name == "add_pdn_connect":
            lower, upper = split_list(options["-layers"])
            grid.connections.append((lower, upper))
        elif record.name == "add_pdn_ring":
            lower, upper = split_list(options["-layers"])
            width, spacing, offset = (_nm(float(options[k])) for k in ("-widths", "-spacings", "-core_offsets"))
            grid.rings.append(RingCommand((lower, upper), tuple(split_list(options["-nets"])), width, spacing, offset))
        elif "-followpins" in options:
            grid.rail = (options["-layer"], _nm(float(options["-width"])))
        else:
            width, pitch, offset, spacing = (
                _nm(float(options[k])) for k in ("-width", "-pitch", "-offset", "-spacing")
            )
            count = int(options.get("-number_of_straps", "0"))
            nets = tuple(split_list(options["-nets"]))
            to_ring = "-extend_to_core_ring" in options
            grid.stripes.append(
                StripeCommand(options["-layer"], nets, width, max(pitch, 1), offset, spacing, count, to_ring, record)
            )
    except (KeyError, ValueError):
        return  # an option that is missing or no number is a finding of its own


def _nm(length: float) -> int:
    return round(length * _NM)


def _box(words: Sequence[str]) -> Box:
    x0, y0, x1, y1 = (_nm(float(word)) for word in words)
    return (x0, y0, x1, y1)
