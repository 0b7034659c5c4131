"""What can be known of a flow before its first stage, from the flow file, manifests and the heads of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from finevh.base.files import read_input
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.inputs.programs import program_files
from finevh.flow.inputs.rtl import packaged_rtl
from finevh.flow.inputs.technology import UNBIASED, members_of_set, synthesis_liberty, variant_sets
from finevh.power import read_memory_stimulus
from finevh.power.recordings.recorded_names import canonical, plain_name
from finevh.power.recordings.vcd_syntax import vcd_scopes
from finevh.synthesis.sources import Rtl
from finevh.technology.cross import read_pairs
from finevh.technology.cross.cross_corners import triangle
from finevh.technology.load import check_technology_files
from finevh.technology.manifest import Manifest, read_manifest
from finevh.units import VOLTAGE_TOLERANCE

_PASTE = b"``"
"""Macros that make names: a text with them does not tell which names it has."""
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
_SOURCES = (".v", ".sv", ".vh", ".svh", ".vhd", ".inc", ".h")


def prepared(flow: Flow) -> Flow:
    """The flow with what it leaves to its technology: without ``schemes.variants``, every variant set that there is.

    Raises
    ------
    InputError
        If the technology file is missing or wrong.
    """
    if "variants" in flow.schemes.model_fields_set:
        return flow
    known = variant_sets(read_manifest(flow.technology.path))
    asked = tuple(name for name in flow.schemes.variants if name in known)
    return flow.model_copy(update={"schemes": flow.schemes.model_copy(update={"variants": asked})})


def check_flow(flow: Flow) -> None:
    """Refuse what a stage would refuse after minutes.

    Raises
    ------
    InputError
        Variant sets that the technology does not have; supplies outside its libraries, pairs of them without cross-voltage
        tables; missing files of the technology, programs, stimulus; a clock, reset or tied port that no source names; a
        recording without the scope or the clock that it is read for.
    """
    manifest = read_manifest(flow.technology.path)
    check_technology_files(flow.technology.path)
    for name in flow.schemes.variants:
        if name != UNBIASED:
            members_of_set(manifest, name)
    _check_supplies(flow, manifest, flow.technology.path, "technology")
    if flow.technology.fast is not None:
        check_technology_files(flow.technology.fast)
        _check_supplies(flow, read_manifest(flow.technology.fast), flow.technology.fast, "technology.fast")
    if flow.design.mapped is None:
        synthesis_liberty(flow)
    if flow.floorplan.tiles > 1:
        _check_pairs(flow, manifest)
        _check_header(flow, manifest)
    _check_activity(flow)
    _check_ports(flow)


def _check_supplies(flow: Flow, manifest: Manifest, path: Path, key: str) -> None:
    known = manifest.vdds([variant.name for variant in manifest.published()])
    if not known:  # they stand in the Liberty files alone
        return
    for name, vdd in (("vdd_min", flow.schemes.vdd_min), ("vdd_max", flow.schemes.vdd_max)):
        if not known[0] - VOLTAGE_TOLERANCE <= vdd <= known[-1] + VOLTAGE_TOLERANCE:
            raise InputError(
                f"schemes.{name}: {key} {manifest.name} ({path}): {vdd:g} V is outside the characterised {known[0]:g} to "
                f"{known[-1]:g} V; extrapolation is refused: choose one inside or characterise that supply"
            )


def _check_pairs(flow: Flow, manifest: Manifest) -> None:
    """FINE-VH meets cells at VddL behind drivers at VddH, and the other way round."""
    if manifest.views is None or manifest.views.cross_voltage is None:
        return
    path = flow.technology.path
    known, pairs = read_pairs((path.parent if path.is_file() else path) / manifest.views.cross_voltage)
    for low, high in flow.schemes.pairs:
        for cell, driver in ((low, high), (high, low)):
            corners = triangle(known, cell, driver)
            if any(c != d and (c, d) not in pairs for c, d, _ in corners):
                widest = max((abs(float(known[c] - known[d])) for c, d in pairs), default=0.0)
                raise InputError(
                    f"schemes.delta_vdd: technology {manifest.name} has no cross-voltage tables for VddL = {low:g} V with "
                    f"VddH = {high:g} V; its widest pair is {1e3 * widest:.0f} mV: choose a smaller delta_vdd, or other supplies"
                )


def _check_header(flow: Flow, manifest: Manifest) -> None:
    name = flow.floorplan.header_cell
    known = None if manifest.roles is None else manifest.roles.get("header")
    if flow.floorplan.header and name is not None and known is not None and name not in known:
        raise InputError(
            f"floorplan.header_cell: technology {manifest.name} has no Vdd-MUX '{name}'; it has {', '.join(known)}"
        )


def _check_activity(flow: Flow) -> None:
    source = flow.activity
    for program in program_files(flow):
        assert source.stimulus is not None
        read_memory_stimulus(source.stimulus, program)
    recording = source.vcd or source.saif
    if recording is None:
        return
    if source.vcd is not None:
        scopes = vcd_scopes(recording)
    else:
        # What reads a SAIF propagates what it does not tell, which takes compiled kernels.
        from finevh.power.recordings.saif import saif_scopes

        scopes = saif_scopes(recording)
    named = {canonical(".".join(path)): {_word(name) for name in names} for path, names in scopes.items()}
    inside = named
    if source.scope is not None:
        if canonical(source.scope) not in named:
            shown = ", ".join(".".join(path) for path in list(scopes)[1:11]) or "none"
            raise InputError(f"activity.scope: {recording} has no scope '{source.scope}'; scopes: {shown}")
        inside = {canonical(source.scope): named[canonical(source.scope)]}
    if source.recording_period is None and not any(_word(flow.clock.port) in names for names in inside.values()):
        where = f"scope '{source.scope}'" if source.scope is not None else "no scope"
        raise InputError(
            f"clock.port: {recording}: {where} shows {'no' if source.scope is not None else 'a'} '{flow.clock.port}', on which "
            "cycles are counted; correct the name or activity.scope, or give activity.recording_period"
        )


def _word(name: str) -> str:
    """Name without what picks bits of it."""
    return re.split(r"[\[(<]", plain_name(name), maxsplit=1)[0]


def _check_ports(flow: Flow) -> None:
    """Ports stand in the sources by name: one whose name is in none of them is misspelt.

    Raises
    ------
    InputError
        Also for sources that are missing or of another language.
    """
    if flow.design.files:
        Rtl(flow.design.files, flow.design.include_dirs)
    texts = _texts(flow)
    if not texts or any(_PASTE in text for text in texts):
        return
    reset = flow.activity.reset_port
    asked = [("clock.port", flow.clock.port), *(("clock.constants", port) for port in flow.clock.constants)]
    asked += [("clock.false_from", port) for port in flow.clock.false_from]
    if reset is not None and flow.activity.stimulus is None:
        asked.append(("activity.reset", reset.port))
    for key, port in asked:
        word = re.escape(_word(port)).replace(r"\*", r"[\w$]*").replace(r"\?", r"[\w$]")
        pattern = re.compile(rb"(?<![\w$])" + word.encode() + rb"(?![\w$])")
        if word and not any(pattern.search(text) for text in texts):
            raise InputError(f"{key}: no source of {flow.design.name} has a '{port}'; write the name of an input port")


def _texts(flow: Flow) -> list[bytes]:
    design = flow.design
    files: Iterable[Path] = design.files or packaged_rtl(flow)
    if design.mapped is not None:
        files = (design.mapped,)
    paths = [*files, *design.include_dirs]
    found = []
    for path in paths:
        inner = sorted(path.iterdir()) if path.is_dir() else [path]
        sources = [file for file in inner if file.is_file() and (file == path or file.suffix in _SOURCES)]
        found += [_COMMENT.sub(b" ", read_input(file)) for file in sources]
    return found
