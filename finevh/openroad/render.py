"""Stage scripts from a :class:`~finevh.openroad.context.FlowContext`: rendered to memory, never run here.

Every expression in a template must pass through a quoting filter; a bare string is an error of the template, not a script.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jinja2

from finevh.base.quoting import tcl_comment, tcl_list, tcl_word
from finevh.errors import InputError
from finevh.layout.supply.plan import Stripes
from finevh.openroad.context import (
    FixedCell,
    FlowContext,
    LibraryFiles,
    OperatingPoint,
    Rect,
    validate_context,
)

_LIKE_A_VARIABLE = re.compile(r"(?:[a-z_]+|[xy][01]?)\Z")
_COMMENT_WIDTH = 118
_LIST_WIDTH = 90  # characters; longer lists get a line per element
SETTINGS = "common.tcl"
FLOW = "flow.tcl"


class TclText(str):
    """Text that is already Tcl source; only this and numbers may leave a template expression."""

    __slots__ = ()


@dataclass(frozen=True)
class Stage:
    """One script: its name without ``.tcl``, the files it needs and the files it makes, in a run directory.

    ``reports`` are written only where there is something to report.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    reports: tuple[str, ...] = ()


def flow_stages(context: FlowContext) -> tuple[Stage, ...]:
    """Return the stages in the order they run, with what each reads and writes."""
    plain = tuple(library.liberty for library in context.libraries)
    base = plain[:1]
    sdc = (context.sdc,) if context.sdc else ()
    rules = (context.rcx_rules,) if context.rcx_rules else ()
    lefs = (context.technology_lef, *context.cell_lefs)
    estimated = () if context.rcx_rules else ("final.spef",)
    extracted = ("final.spef",) if context.rcx_rules else ()
    timed, timed_base = (*plain, *sdc), (*base, *sdc)
    islands = ("islands.txt", "rows.txt") if context.islands else ()
    spans = ("always_on_rows.txt",) if context.always_on else ()
    ground = ("ground_rails.txt",) if context.ground_rails else ()
    muxes = ("vddmux_sites.txt",) if _has_virtual_rails(context) else ()
    stages = [
        Stage(
            "floorplan",
            (*lefs, *base, context.netlist, "rows.txt", "wrappers.txt", *spans),
            ("floorplan.def", "floorplan.odb"),
        ),
        Stage(
            "vddmux",
            (
                *base, "floorplan.odb", "configuration_ports.txt", "configuration_cells.txt", "vddmux_sites.txt",
                "configuration_connections.txt",
            ),
            ("vddmux.def", "vddmux.odb"),
        ),
        Stage("pins", (*base, "vddmux.odb", "pins.txt"), ("pins.def", "pins.odb")),
        Stage("placement", (*timed_base, "pins.odb"), ("placement.def", "placement.odb")),
        Stage("clock_tree", (*timed_base, "placement.odb", *spans), ("clock_tree.def", "clock_tree.odb")),
        Stage(
            "timing_repair",
            (*timed_base, "clock_tree.odb"),
            ("handover.spef", "handover.v", "handover.def", "timing_repair.odb"),
        ),
        Stage("polybias", (*timed, "timing_repair.odb", "polybias.txt"), ("polybias.v", "polybias.def", "polybias.odb")),
        Stage(
            "power_grid",
            (*plain, "polybias.odb", "configuration_cells.txt", *islands, *ground, *muxes, *spans),
            ("tile_of_instance.txt", "power_grid.def", "power_grid.odb"),
            reports=("power_grid_core_vias.rpt", "power_grid_vias.rpt") if muxes else ("power_grid_vias.rpt",),
        ),
        Stage(
            "routing",
            (*timed, "power_grid.odb"),
            (
                "routing.guide", *estimated, "routing.drc", "antennas.rpt", "routing.def", "routing.odb",
            ),
            reports=("congestion.rpt",),
        ),
        Stage(
            "parasitics",
            (*timed, "routing.odb", *rules, *estimated),
            (*extracted, "final_power.v", "final.v", "final.def", "final.sdc", "final.odb"),
        ),
    ]  # fmt: skip
    for point in context.operating_points:
        used = point_libraries(context, point)
        activity = tuple(path for path in (context.activity.vcd, context.activity.saif) if path)[:1]
        stages.append(
            Stage(
                f"point_{point.name}",
                (
                    *(lefs if any(library.lef for library in used) else ()),
                    *(library.lef for library in used if library.lef), *plain, *(library.liberty for library in used),
                    *sdc, "final.v", "tile_of_instance.txt", "final.spef", *activity,
                ),
                (f"paths_{point.name}.rpt", f"power_{point.name}.json"),
            )
        )  # fmt: skip
    return tuple(stages)


def _has_virtual_rails(context: FlowContext) -> bool:
    """A single tile hangs on VddH itself: no region, its rows are those of the core."""
    return context.rails[0] != context.supplies.vddh


def point_libraries(context: FlowContext, point: OperatingPoint) -> tuple[LibraryFiles, ...]:
    """Return the suffixed libraries, all variants, of the voltages that an operating point uses."""
    return tuple(library for library in context.voltage_libraries if library.vdd in point.supplies)


def external_inputs(context: FlowContext) -> frozenset[str]:
    """Return the files that must exist before the first stage: everything read that no stage and no table provides."""
    made = {name for stage in flow_stages(context) for name in stage.writes} | set(render_tables(context))
    return frozenset(name for stage in flow_stages(context) for name in stage.reads if name not in made)


def render_tables(context: FlowContext) -> dict[str, str]:
    """Return the data files of the scripts: one Tcl list per line, read by ``read_table`` and never evaluated."""
    rows = ((row.name, _number(row.x), _number(row.y), str(row.sites), row.orientation) for row in context.rows)
    pins = ((pin.name, pin.layer, _number(pin.x), _number(pin.y)) for pin in context.pins)
    wrappers = ([_number(value) for value in _corners(rect)] for rect in context.wrappers)
    added = context.configuration
    spans = [([_number(v) for v in _corners(span.box)] + [span.orientation]) for span in context.always_on]
    ground = [[_number(value) for value in _corners(rect)] for rect in context.ground_rails]
    return {
        **({"always_on_rows.txt": _table(spans)} if spans else {}),
        **({"ground_rails.txt": _table(ground)} if ground else {}),
        "rows.txt": _table(rows),
        "wrappers.txt": _table(wrappers),
        "islands.txt": _table((island.row, *map(_number, _corners(island.rail))) for island in context.islands),
        "configuration_ports.txt": _table(added.ports if added else ()),
        "configuration_cells.txt": _table(_placed(added.cells if added else ())),
        "vddmux_sites.txt": _table(_placed(context.mux_sites)),
        "configuration_connections.txt": _table(_connections(context)),
        "pins.txt": _table(pins),
        "polybias.txt": _table(context.polybias or ()),
    }


def render_flow(context: FlowContext) -> dict[str, str]:
    """Render every script of one floorplan, with its data tables.

    Parameters
    ----------
    context
        The floorplan, libraries, constraints and operating points.

    Returns
    -------
    dict
        File name -> text, for one run directory: ``common.tcl``, one ``<stage>.tcl`` per stage in flow order, ``flow.tcl``
        and the ``.txt`` tables. Equal contexts give equal bytes.

    Raises
    ------
    InputError
        If the context is not consistent (see :func:`~finevh.openroad.context.validate_context`) or a name has a character
        that Tcl cannot carry.
    """
    validate_context(context)
    stages = flow_stages(context)
    pins = context.mux_pins
    shared: dict[str, object] = {
        "c": context,
        "g": context.power_grid,
        "virtual": _has_virtual_rails(context),
        "tile_connections": _tile_connections(context),
        "mux_supplies": [pins.vddh, pins.vddl, pins.nwell, pins.pwell],
        "islands": bool(context.islands),
    }
    scripts = {SETTINGS: _render("common", shared)}
    points = {f"point_{point.name}": point for point in context.operating_points}
    for stage in stages:
        values = {**shared, "header": _header(stage)}
        if stage.name in points:
            values |= _point_values(context, points[stage.name])
        scripts[f"{stage.name}.tcl"] = _render("operating_point" if stage.name in points else stage.name, values)
    everything = Stage("flow", tuple(sorted(external_inputs(context))), tuple(f"{stage.name}.json" for stage in stages))
    scripts[FLOW] = _render("flow", {**shared, "header": _header(everything), "stages": [s.name for s in stages]})
    return scripts | render_tables(context)


def scripts_digest(scripts: Mapping[str, str]) -> str:
    """Return the SHA-256 of file names and texts, independent of their order: the key under which a run may be reused."""
    digest = hashlib.sha256()
    for name in sorted(scripts):
        for part in (name, scripts[name]):
            data = part.encode("utf-8")
            digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def template_folder() -> Path:
    """Return the folder of the OpenROAD templates.

    Raises
    ------
    InputError
        If the installation lacks it.
    """
    folder = Path(__file__).with_name("templates")
    if not folder.is_dir():
        raise InputError(f"no Tcl templates at {folder}: reinstall finevh")
    return folder


def _placed(cells: Iterable[FixedCell]) -> list[tuple[str, ...]]:
    return [(c.instance, c.cell, _number(c.x), _number(c.y), c.orientation, str(c.tile)) for c in cells]


def _connections(context: FlowContext) -> list[tuple[str, str, str]]:
    """(instance, pin, net) of the configuration and of every Vdd-MUX, supply pins included."""
    added = context.configuration
    if added is None:
        return []
    pins, nets = context.mux_pins, context.supplies
    connections = list(added.connections)
    for mux in context.mux_sites:
        rail, select = context.rails[mux.tile], added.select_nets[mux.tile]
        connections += [
            (mux.instance, pin, net)
            for pin, net in (
                (pins.select, select), (pins.rail, rail), (pins.vddh, nets.vddh), (pins.vddl, nets.vddl),
                (pins.ground, nets.ground), (pins.nwell, nets.nwell), (pins.pwell, nets.pwell),
            )
        ]  # fmt: skip
    return connections


def _point_values(context: FlowContext, point: OperatingPoint) -> dict[str, object]:
    used = point_libraries(context, point)
    suffixes = {library.vdd: vdd_suffix(library) for library in used}
    return {
        "point": point,
        "liberties": [library.liberty for library in used],
        "lefs": [library.lef for library in used if library.lef],
        "suffixes": [suffixes[vdd] for vdd in point.tile_vdd],
        "always_on_suffix": suffixes[point.always_on],
        "metrics_stage": f"point_{point.name}__{{}}",
        "paths_file": f"paths_{point.name}.rpt",
        "power_file": f"power_{point.name}.json",
    }


def vdd_suffix(library: LibraryFiles) -> str:
    """Return the part of a library's cell suffix that stands for its Vdd: ``__0v80`` of ``_PB16__0v80``.

    Raises
    ------
    InputError
        If the suffix names no voltage.
    """
    position = library.suffix.find("__")
    if position < 0:
        raise InputError(f"{library.liberty}: cell suffix '{library.suffix}' names no Vdd; write for example '__0v80'")
    return library.suffix[position:]


def _tile_connections(context: FlowContext) -> list[tuple[str, str]]:
    """Pairs of layers to join inside a tile: its rails to every stripe above them."""
    grid = context.power_grid
    layers = [grid.tile_stripes.layer, *(stripes.layer for stripes in (*grid.mux_stripes, *grid.island_stripes))]
    return [(grid.rail_layer, layer) for layer in dict.fromkeys(layers)]


def _header(stage: Stage) -> TclText:
    """The files of a stage as comment lines, each line one list."""
    lines: list[str] = []
    kinds = (("# reads ", dict.fromkeys(stage.reads)), ("# writes", stage.writes), ("# reports", stage.reports))
    for label, names in kinds:
        if label == "# reports" and not names:
            continue
        line = label
        for name in names:
            word = tcl_comment(tcl_word(name))
            if len(line) + 1 + len(word) > _COMMENT_WIDTH and line != label:
                lines.append(line)
                line = label
            line += " " + word
        lines.append(line)
    return TclText("\n".join(lines))


def _render(template: str, values: Mapping[str, object]) -> str:
    return _environment(template_folder()).get_template(f"{template}.tcl.j2").render(values)


@lru_cache(maxsize=4)
def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        finalize=_only_quoted,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {
        "tcl": lambda value: TclText(_data_word(str(value))),
        "tcl_list": lambda values: TclText(_data_list([str(value) for value in values])),
        "tcl_row": lambda values: TclText("{" + tcl_list(_cell(value) for value in values) + "}"),
        "number": lambda value: TclText(_number(value)),
        "numbers": lambda values: TclText(" ".join(_number(value) for value in values)),
        "corners": lambda rect: TclText(" ".join(_number(value) for value in _corners(rect))),
        "dbu": lambda rect: TclText(" ".join(f"[ord::microns_to_dbu {_number(value)}]" for value in _corners(rect))),
        "stripes": lambda stripes: TclText(_stripes(stripes)),
        "comment": lambda value: TclText(tcl_comment(str(value))),
    }
    return environment


def _data_word(text: str) -> str:
    """A name that reads like a variable of the scripts stands in braces: a bare one would be a forgotten dollar."""
    word = tcl_word(text)
    return f"{{{word}}}" if word == text and _LIKE_A_VARIABLE.match(text) else word


def _data_list(items: list[str]) -> str:
    words = [_data_word(item) for item in items]
    line = f"[list {' '.join(words)}]" if words else "{}"
    return line if len(line) <= _LIST_WIDTH else "[list \\\n  " + " \\\n  ".join(words) + " \\\n]"


def _only_quoted(value: object) -> object:
    if isinstance(value, TclText):
        return value
    raise TypeError(f"template expression gives unquoted {type(value).__name__} {value!r}: add a quoting filter")


def _cell(value: object) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{value!r} is not a number")
    if not math.isfinite(value):
        raise InputError(f"{value} cannot be written as a number of a script")
    return f"{value:.10g}"


def _corners(rect: Rect) -> tuple[float, float, float, float]:
    return rect.x0, rect.y0, rect.x1, rect.y1


def _stripes(stripes: Stripes) -> str:
    numbers = {"width": stripes.width, "pitch": stripes.pitch, "offset": stripes.offset, "spacing": stripes.spacing}
    text = f"-layer {tcl_word(stripes.layer)} " + " ".join(f"-{key} {_number(value)}" for key, value in numbers.items())
    return f"{text} -number_of_straps {_number(stripes.count)}" if stripes.count else text


def _table(rows: Iterable[Iterable[str]]) -> str:
    return "".join(tcl_list(row) + "\n" for row in rows)
