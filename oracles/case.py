"""A design in a folder, timed by finevh and by OpenSTA; by default with cells whose delays are planes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finevh.timing.report import StaOptions, run_sta
from oracles.opensta import opensta, run_script
from oracles.plane_library import NETLIST, SDC, library


class Case:
    """Files of one case in a folder, and what both tools make of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("top.v", NETLIST)
        self.write("cells.lib", library())
        self.write("top.sdc", SDC)

    def write(self, name: str, text: str) -> Path:
        """Write one file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def _spef(self) -> Path | None:
        path = self.folder / "top.spef"
        return path if path.exists() else None

    def ours(self) -> dict[str, object]:
        """The dictionary of ``finevh sta``."""
        files = (self.folder / name for name in ("top.v", "cells.lib", "top.sdc"))
        netlist, liberty, sdc = files
        return run_sta(netlist, "top", [liberty], sdc, self._spef)

    def slacks(self) -> dict[str, float]:
        """Setup slack, ps, of every endpoint."""
        rows = self.ours()["endpoints"]
        assert isinstance(rows, list)
        return {str(row["pin"]): float(row["slack_ps"]) for row in rows}

    def hold(self) -> float:
        """Worst hold slack, ps."""
        found = self.ours()["worst_hold_slack_ps"]
        assert isinstance(found, float)
        return found

    def theirs(self) -> tuple[dict[str, float], float]:
        """OpenSTA's setup slack of every endpoint and its worst hold slack, ps."""
        late, early = self.all_of_theirs()
        return late, min(early.values())

    def all_of_theirs(self, more: str = "") -> tuple[dict[str, float], dict[str, float]]:
        """OpenSTA's setup and hold slack, ps, of every endpoint; ``more`` runs after the constraints."""
        if opensta() is None:
            pytest.skip("OpenSTA is missing: apt-get install opensta")

        lines = [
            f"read_liberty {self.folder / 'cells.lib'}", f"read_verilog {self.folder / 'top.v'}", "link_design top",
            f"source {self.folder / 'top.sdc'}",
        ]  # fmt: skip
        if self._spef:
            lines.append(f"read_spef {self._spef}")
        lines.append(more)
        for end in ("max", "min"):
            lines += [f"puts {end}", f"report_checks -path_delay {end} -format end -digits 6 -group_count 1000"]
        run = run_script("\n".join([*lines, "exit", ""]), self.folder)
        late, _, early = run.stdout.partition("\nmin\n")
        return _slacks(late), _slacks(early)

    def everything(self) -> tuple[dict[str, float], dict[str, float]]:
        """Our setup and hold slack, ps, of every endpoint."""
        files = (self.folder / name for name in ("top.v", "cells.lib", "top.sdc"))
        netlist, liberty, sdc = files
        found = run_sta(netlist, "top", [liberty], sdc, self._spef, options=StaOptions(hold=True))
        setup, hold = ({row["pin"]: row["slack_ps"] for row in found[key]} for key in ("endpoints", "hold_endpoints"))
        return setup, hold

    def differences(self, within: float = 0.06) -> list[str]:
        """Endpoints whose setup or hold slack is not OpenSTA's without credit for common paths, with both, ps."""
        found, theirs = [], self.all_of_theirs("set sta_crpr_enabled 0")
        for check, ours, others in zip(("setup", "hold"), self.everything(), theirs, strict=True):
            for name in sorted(ours.keys() | others.keys()):
                pair = ours.get(name), others.get(name)
                if None in pair or not abs(ours[name] - others[name]) <= within:
                    found.append(f"{name} {check} {pair[0]} / {pair[1]} ps")
        return found

    def agrees_everywhere(self, within: float = 0.05) -> tuple[dict[str, float], dict[str, float]]:
        """Our setup and hold slacks of every endpoint, which are OpenSTA's."""
        setup, hold = self.everything()
        theirs, early = self.all_of_theirs()
        assert setup == pytest.approx(theirs, abs=within)
        assert hold == pytest.approx(early, abs=within)
        return setup, hold

    def agrees(self, within: float = 0.05) -> dict[str, float]:
        """Our setup slacks, which are OpenSTA's, as is the worst hold slack."""
        ours, (theirs, hold) = self.slacks(), self.theirs()
        assert ours == pytest.approx(theirs, abs=within)
        assert self.hold() == pytest.approx(hold, abs=within)
        return ours


def _slacks(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = re.match(r"(\S+) \(.*\)\s+[-\d.]+\s+[-\d.]+\s+([-\d.]+) \((?:MET|VIOLATED)\)", line.strip())
        if match:
            name = match.group(1).replace("\\", "")
            found[name] = min(found.get(name, float("inf")), float(match.group(2)) * 1000)
    return found
