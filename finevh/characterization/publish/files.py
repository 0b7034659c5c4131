"""The views of a technology written from its records: Liberty, cross-voltage file, LEF, Verilog models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from finevh.characterization.cells.table import load_fillers
from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import load_process
from finevh.characterization.publish.cross import cross_from_records
from finevh.characterization.publish.liberty import library_from_records
from finevh.characterization.publish.physical import fillers, header_cells, load_headers
from finevh.characterization.record import CellRecord, load_record, record_path
from finevh.characterization.run import load_cells
from finevh.errors import InputError
from finevh.technology.cross import write_cross_file
from finevh.technology.lef.write import Footprint, render_cell_lef, render_tech_lef
from finevh.technology.liberty.write import render_liberty, write_gzip, write_text
from finevh.technology.library import Cell
from finevh.technology.manifest import Manifest, Views, library_file, read_manifest, vdd_label
from finevh.technology.model import Direction, Kind
from finevh.technology.verilog_models import render_models

__all__ = ["publish"]

_COMMENT = "Schematic-level characterisation with ngspice; see README.md for provenance and licence."


def publish(
    technology: Path,
    records: Path,
    out: Path | None = None,
    *,
    variants: Sequence[str] | None = None,
    vdds: Sequence[float] | None = None,
    report: Callable[[Path], None] | None = None,
) -> tuple[Path, ...]:
    """Write every view that ``[views]`` of a technology file names.

    Parameters
    ----------
    technology : ``technology.toml`` with ``[views]``, ``[site]`` and ``[[layers]]``.
    records : folder of the characterisation.
    out : where to write; default: the folder of the technology file.
    variants, vdds : what to write; default: all of the technology file.
    report : called with each written file.

    Returns
    -------
    tuple of Path
        The written files.

    Raises
    ------
    InputError
        If the technology file lacks a section, or a record is missing or damaged.
    """
    manifest = read_manifest(technology)
    if manifest.views is None or manifest.site is None or not isinstance(manifest.views.liberty, str):
        raise InputError(f"{technology}: needs [site] and [views] with a liberty pattern to publish")
    folder = out or technology.parent
    _check_views(manifest.views, technology, folder)
    process = load_process(technology)
    topologies = load_cells(process)
    widths: dict[str, tuple[int, ...]] = {}
    for table in process.cells:
        widths |= load_fillers(table)
    chosen = tuple(variants or (variant.name for variant in manifest.published()))
    supplies = {variant: tuple(v for v in manifest.vdds([variant]) if vdds is None or v in vdds) for variant in chosen}
    for variant, rails in supplies.items():
        if not rails:
            raise InputError(f"{technology}: {variant} is published at none of the supplies asked for; see its 'vdd'")
    found = _load(records, supplies, topologies)
    site = (manifest.site.width_um, manifest.site.height_um)
    physical = fillers(widths, site)
    headers = load_headers((technology.parent / manifest.headers).resolve()) if manifest.headers else ()
    written: list[Path] = []

    def done(path: Path) -> None:
        written.append(path)
        if report is not None:
            report(path)

    models: list[Cell] = []
    for variant in chosen:
        suffix = manifest.suffix(variant)
        for vdd in supplies[variant]:
            members = [found[variant, vdd, name] for name in topologies]
            name = f"{manifest.name}{suffix}_{vdd_label(vdd)}"
            switches = header_cells(headers, members, site)
            library = library_from_records(
                members, topologies, [*switches, *physical], site, suffix, name, process.tables
            )
            path = folder / library_file(manifest.views.liberty, suffix, variant, vdd)
            write_gzip(render_liberty(library, threshold_voltage_group=variant, comment=_COMMENT), path)
            done(path)
        models += library.cells.values()
    _physical_views(
        manifest, manifest.views, models, {header.name: header.supplies for header in headers}, folder, done
    )
    if manifest.views.cross_voltage:
        path = folder / manifest.views.cross_voltage
        write_cross_file(cross_from_records(found, supplies, topologies, process.pair_span), path)
        done(path)
    return tuple(written)


def _check_views(views: Views, technology: Path, folder: Path) -> None:
    """Refuse a view that would be written outside of ``folder``."""
    names = [views.cross_voltage, views.tech_lef, *views.cell_lef, views.verilog]
    if isinstance(views.liberty, str):
        names.append(library_file(views.liberty, "", "x", 1.0))
    for name in names:
        if name and not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{technology}: views: '{name}' lies outside of {folder}; name a file inside")


def _load(
    records: Path, supplies: Mapping[str, Sequence[float]], topologies: Mapping[str, Topology]
) -> dict[tuple[str, float, str], CellRecord]:
    found = {}
    for variant, vdds in supplies.items():
        for vdd in vdds:
            for name in topologies:
                path = record_path(records, name, variant, vdd)
                if not path.is_file():
                    raise InputError(f"{path}: no record of {name} ({variant}, {vdd:g} V); characterise it first")
                found[variant, vdd, name] = load_record(path)
    return found


def _physical_views(
    manifest: Manifest,
    views: Views,
    models: Sequence[Cell],
    supplies: Mapping[str, tuple[str, ...]],
    folder: Path,
    done: Callable[[Path], None],
) -> None:
    """LEF of all variants (one footprint, one macro per name) and Verilog models."""
    if manifest.site is None:
        return
    site = manifest.site
    if views.tech_lef and manifest.layers:
        path = folder / views.tech_lef
        write_text([render_tech_lef(manifest.layers, (site.name, site.width_um, site.height_um)).rstrip()], path)
        done(path)
    if views.cell_lef and manifest.layers:
        path = folder / views.cell_lef[0]
        shapes = [_footprint(cell, site.height_um, supplies.get(cell.footprint, ())) for cell in models]
        layer = manifest.layers[0]
        write_text([render_cell_lef(shapes, site.name, site.width_um, layer.name, 2 * layer.pitch_um).rstrip()], path)
        done(path)
    if views.verilog:
        path = folder / views.verilog
        logic = [cell for cell in models if cell.kind != Kind.PHYSICAL]
        write_text([render_models(logic, f"{manifest.name}: functional models").rstrip()], path)
        done(path)


def _footprint(cell: Cell, height: float, supplies: tuple[str, ...]) -> Footprint:
    pins = tuple(
        (pin.name, "OUTPUT" if pin.direction == Direction.OUTPUT else "INPUT", "CLOCK" if pin.clock else "SIGNAL")
        for pin in cell.pins
    )
    return Footprint(
        cell.name,
        cell.area / height,
        height,
        "CORE" if pins else "CORE SPACER",
        pins + tuple((name, "INOUT", "POWER") for name in supplies),
    )
