"""What the order of a flow's commands must keep, beyond each command's own options; the first runs of the real tool taught it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from finevh.base.tcl import split_list
from finevh.openroad.script_check.findings import Finding
from finevh.openroad.script_check.sandbox import Record
from finevh.openroad.script_check.table import CommandTable, split_call

_DRIVE = re.compile(r"_X?(\d+)\Z")
ALWAYS_ON_ROWS = "always_on_rows.txt"
"""Table of the free pieces of rows on VddH; only where the flow's clock policy asks for them."""
_AFTER_TREE = ("timing_repair.tcl", "polybias.tcl", "routing.tcl", "parasitics.tcl")


def judge_order(records: Sequence[Record], scripts: Mapping[str, str], table: CommandTable) -> list[Finding]:
    """Return what is wrong with the order of calls, script by script.

    Rows that are destroyed come back; Vdd-MUX cells stay in the netlist whose SPEF names them; the clock tree has strong buffers
    and leaves the configuration clock alone, into whose nets nothing is put; clocks are propagated in every script after it,
    and hold is repaired without the ports.
    """
    findings: list[Finding] = []
    for script, calls in _by_script(records).items():
        findings += _netlists(calls, scripts, table)
        findings += _clock_tree(calls, table)
        findings += _propagated(script, calls)
        findings += _hold(calls)
    return findings + _rows(scripts) + _untouched(records, scripts) + _always_on(records, scripts)


def _by_script(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    calls: list[Record] = []
    for record in records:
        if record.kind == "script":
            calls = found.setdefault(record.name, [])
        elif record.kind in ("call", "method"):
            calls.append(record)
    return found


def _calls(calls: Sequence[Record], name: str) -> list[Record]:
    return [record for record in calls if record.name == name]


def _rows(scripts: Mapping[str, str]) -> list[Finding]:
    found = []
    for name, text in scripts.items():
        if name.endswith(".tcl") and "odb::dbRow_destroy" in text and "odb::dbRow_create" not in text:
            line = text[: text.index("odb::dbRow_destroy")].count("\n") + 1
            found.append(
                Finding(name, line, "dbRow_destroy: the rows never come back; the layout would not be the floorplan's")
            )
    return found


def _netlists(calls: Sequence[Record], scripts: Mapping[str, str], table: CommandTable) -> list[Finding]:
    """The SPEF names the select pins of the Vdd-MUX cells: a netlist without them is another design."""
    muxes = {split_list(line)[1] for line in scripts.get("vddmux_sites.txt", "").split("\n") if line}
    found = []
    for record in _calls(calls, "write_verilog"):
        removed = split_call(table.commands["write_verilog"], record.arguments).options.get("-remove_cells") or ""
        for cell in sorted(muxes & set(split_list(removed))):
            found.append(
                Finding(record.file, record.line, f"write_verilog: leaves out '{cell}', whose pins the SPEF names")
            )
    return found


def _clock_tree(calls: Sequence[Record], table: CommandTable) -> list[Finding]:
    found: list[Finding] = []
    for record in _calls(calls, "clock_tree_synthesis"):
        options = split_call(table.commands["clock_tree_synthesis"], record.arguments).options
        drives = {
            name: int(match[1]) for name in split_list(options.get("-buf_list") or "") if (match := _DRIVE.search(name))
        }
        weak = [name for name, drive in drives.items() if 2 * drive < max(drives.values())]
        if weak:
            text = f"clock_tree_synthesis: -buf_list holds '{weak[0]}', less than half of the strongest; branches would take it"
            found.append(Finding(record.file, record.line, text))
        for clock in _calls(calls[: calls.index(record)], "create_clock"):
            if "finevh_configuration" in clock.arguments:
                text = "create_clock: the clock tree must not see the configuration clock; its buffers would hang on tiles' rails"
                found.append(Finding(clock.file, clock.line, text))
    return found


def _propagated(script: str, calls: Sequence[Record]) -> list[Finding]:
    timed = _calls(calls, "report_worst_slack_metric")
    after = script in _AFTER_TREE or script.startswith("point_")
    if after and timed and not _calls(calls, "set_propagated_clock"):
        return [Finding(script, 1, "times the clock tree's design with ideal clocks; call set_clocks_propagated")]
    return []


def _hold(calls: Sequence[Record]) -> list[Finding]:
    """Input delays do not see the insertion delay: hold repaired at ports puts in buffers by the thousand."""
    left_out: set[str] = set()
    for record in calls:
        if record.name == "set_false_path" and "-hold" in record.arguments:
            left_out |= {"-from", "-to"} & set(record.arguments)
        elif record.name == "repair_timing" and "-hold" in record.arguments and left_out != {"-from", "-to"}:
            return [
                Finding(
                    record.file,
                    record.line,
                    "repair_timing: -hold with paths of ports in it; leave them out by false paths",
                )
            ]
    return []


def _always_on(records: Sequence[Record], scripts: Mapping[str, str]) -> list[Finding]:
    """Rows on VddH: closed to others until the tree stands, filled with clock cells, which then take their supply there."""
    if not scripts.get(ALWAYS_ON_ROWS):
        return []
    rows = "the rows that are always on"
    wanted = (
        ("floorplan.tcl", "odb::dbBlockage_create", f"ordinary cells may stand on {rows}: they are never closed"),
        (
            "clock_tree.tcl",
            "dbInst.setPlacementStatus",
            f"the tree's cells stay on the rails of tiles: {rows} stay empty",
        ),
        ("power_grid.tcl", "dbBlock.getBlockages", f"what stands on {rows} would hang on the rails of tiles"),
    )
    calls = _called_in(records)
    return [Finding(file, 1, text) for file, name, text in wanted if file in scripts and (file, name) not in calls]


def _called_in(records: Sequence[Record]) -> set[tuple[str, str]]:
    """(script, name) of every call, also from procedures that the script sources."""
    found: set[tuple[str, str]] = set()
    script = ""
    for record in records:
        script = record.name if record.kind == "script" else script
        found.add((script, record.name))
    return found


def _untouched(records: Sequence[Record], scripts: Mapping[str, str]) -> list[Finding]:
    if not scripts.get("configuration_connections.txt") or "vddmux.tcl" not in scripts:
        return []
    if any(record.name == "dbNet.setDoNotTouch" for record in records):
        return []
    return [
        Finding("vddmux.tcl", 1, "the nets of the configuration chain may be buffered: setDoNotTouch is never called")
    ]
