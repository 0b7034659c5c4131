"""The account of what was understood: every reader and every analysis books here what it could not use, and a command shows it.

A clean design gives one line. What makes a result meaningless is an error, which ``--allow KIND`` turns into a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from finevh.errors import InputError

_MOST_EXAMPLES = 10


class Severity(IntEnum):
    """How much a finding says about the result; the greater one wins when two findings of a kind are joined."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


KINDS: dict[str, tuple[Severity, str]] = {
    "unclocked_registers": (Severity.WARNING, "registers that no clock reaches"),
    "unconstrained_endpoints": (Severity.WARNING, "endpoints without a constraint"),
    "exceptions_without_effect": (
        Severity.WARNING,
        "pins and ports that path exceptions start from or end at, and no path does; as -through they would count",
    ),
    "inputs_without_delay": (Severity.NOTE, "inputs without an input delay"),
    "loops_cut": (Severity.WARNING, "arcs cut to break combinational loops"),
    "floating_inputs": (Severity.WARNING, "cell inputs that nothing drives"),
    "multiple_drivers": (Severity.WARNING, "nets with several drivers"),
    "nets_without_parasitics": (Severity.WARNING, "nets of the design that the parasitics do not name"),
    "parasitics_not_found": (Severity.WARNING, "nets or pins of the parasitics that the design does not have"),
    "parasitics_adjusted": (
        Severity.WARNING,
        "nets whose parasitics were completed from their total or set at the driver",
    ),
    "activity_not_found": (Severity.WARNING, "nets of the recording that the design does not have"),
    "activity_recorded": (Severity.NOTE, "nets whose activity is recorded"),
    "activity_simulated": (Severity.NOTE, "nets whose activity is simulated"),
    "activity_propagated": (Severity.NOTE, "nets whose activity is propagated from others"),
    "activity_patterns": (Severity.NOTE, "cells whose input patterns are products of probabilities"),
    "glitches_left_out": (Severity.WARNING, "activities of settled values alone, whose power lacks that of glitches"),
    "glitches_as_recorded": (Severity.NOTE, "recordings whose glitches are counted as far as they show them"),
    "glitch_delays_assumed": (
        Severity.NOTE,
        "pins without a timing arc, which take their cell's slowest delay for glitches",
    ),
    "glitches_checked": (
        Severity.NOTE,
        "points whose power is within 1 % of that with their own glitches in other cycles, all that were held against them",
    ),
    "glitches_of_near_maps": (
        Severity.NOTE,
        "voltage maps of tables that only compare whose glitches are interpolated between those of other maps",
    ),
    "glitches_interpolated": (
        Severity.WARNING,
        "points whose power misses that with their own glitches in other cycles by more than 1 %",
    ),
    "probability_assumed": (Severity.NOTE, "inputs taken as 1 half of the time"),
    "initial_values": (Severity.WARNING, "signals whose initial value no cell has at power-up"),
    "reset_unseen": (Severity.WARNING, "resets that no register leaves"),
    "reset_at_random": (Severity.WARNING, "asynchronous resets that random data drive"),
    "program_failed": (Severity.ERROR, "programs that find their own results wrong"),
    "period_mismatch": (Severity.ERROR, "recordings whose period contradicts the clock's toggles"),
    "recording_short": (Severity.ERROR, "recordings that end before the stated end of the window; were they cut off?"),
    "voltage_map_not_found": (Severity.WARNING, "lines of the voltage map that no instance matches"),
    "voltage_pair_missing": (Severity.WARNING, "cells at a pair of voltages that is not characterised"),
    "liberty_not_modelled": (Severity.WARNING, "Liberty attributes that change numbers and are not modelled"),
    "cells_skipped": (Severity.NOTE, "library cells that could not be read and that the design does not use"),
    "cells_without_liberty": (Severity.NOTE, "instances without Liberty that have no signal pins"),
    "sdc_ignored": (Severity.NOTE, "SDC commands that were passed over"),
    "sdc_not_found": (Severity.ERROR, "names in the constraints that the design does not have"),
    "placement_not_driven": (
        Severity.WARNING,
        "placements by wirelength alone: with weights that follow time wires grew by more than placement.longer, "
        "or no period fell",
    ),
    "cells_moved": (Severity.NOTE, "cells of a placed design that tile borders made move"),
    "clock_unconstrained": (Severity.ERROR, "clocks of the design that no constraint covers"),
    "clock_gate_missing": (Severity.WARNING, "libraries without a clock gate: registers with an enable stay clocked"),
    "clock_tree_missing": (Severity.WARNING, "clocks timed as ideal because there is no clock tree"),
    "clock_ideal": (Severity.NOTE, "clocks timed as ideal because the flow file asks for it"),
    "ports_clock_fixed": (
        Severity.WARNING,
        "clocks of port delays with the tree's latency at one supply, taken at all (clock.ports_follow_tree)",
    ),
    "fast_corner_missing": (Severity.WARNING, "designs whose hold is checked at the slow corner alone"),
    "delay_cell_missing": (Severity.NOTE, "technologies whose hold repair takes buffers for want of a delay cell"),
    "hold_not_repaired": (
        Severity.WARNING,
        "technologies without delay cell and buffer: hold is checked and not repaired",
    ),
    "hold_violated": (Severity.WARNING, "supplies and voltage maps at which an endpoint violates hold"),
    "hold_unproved": (Severity.NOTE, "intervals at which hold is proved for the run's own maps alone"),
    "what_if": (Severity.WARNING, "technologies whose leakage the flow file changes: the powers are no measurements"),
    "decap_missing": (Severity.NOTE, "technologies without decap cells: a tile's rail holds what its quiet gates hold"),
    "rails_ideal": (Severity.WARNING, "designs whose tiles are on ideal rails, for want of a characterised Vdd-MUX"),
    "vdd_mux_leakage_missing": (
        Severity.WARNING,
        "technologies whose Vdd-MUXes leak in no power figure, for want of a characterised leakage",
    ),
    "rails_raised": (Severity.NOTE, "operating points whose tiles are raised because rails droop"),
    "rails_missed": (Severity.WARNING, "operating points that no map of the run meets on drooped rails"),
    "rails_not_judged": (Severity.WARNING, "searches whose voltage maps are chosen as if rails did not droop"),
    "rails_not_timed": (Severity.WARNING, "voltage maps that cannot be timed on drooped rails"),
    "signoff_failed": (Severity.WARNING, "operating points that fail sign-off"),
    "signoff_reselected": (
        Severity.NOTE,
        "operating points whose first map failed sign-off, and whose next best one meets it",
    ),
    "openroad_unmeasured": (Severity.WARNING, "figures of operating points that OpenROAD did not report"),
    "supply_open": (Severity.ERROR, "gaps in a supply net"),
    "supply_short": (Severity.ERROR, "shorts between supply nets"),
    "supply_misplaced": (Severity.ERROR, "supply pins on another net than their tile's"),
}
"""Severity and meaning of each kind; a kind not listed is a defect of the caller."""


@dataclass
class Finding:
    """What was booked under one kind."""

    count: int
    severity: Severity
    examples: list[str] = field(default_factory=list)


class Checks:
    """An account of findings by kind; only what was found is in it.

    >>> checks = Checks()
    >>> checks.add("unclocked_registers", ["r1"])
    >>> checks.as_dict()
    {'unclocked_registers': {'count': 1, 'examples': ['r1'], 'severity': 'warning'}}
    """

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(
        self, kind: str, examples: Iterable[str] = (), count: int | None = None, severity: Severity | None = None
    ) -> None:
        """Book findings.

        Parameters
        ----------
        examples
            Names of what was found; the first ten are kept.
        count
            How many there are; by default as many as ``examples``. Nothing is booked for none.
        severity
            In place of the kind's own.
        """
        own, _ = KINDS[kind]
        names = list(examples)
        number = len(names) if count is None else count
        if number <= 0:
            return
        level = own if severity is None else severity
        found = self._found.setdefault(kind, Finding(0, level))
        found.count += number
        found.severity = max(found.severity, level)
        found.examples.extend(names[: max(_MOST_EXAMPLES - len(found.examples), 0)])

    def merge(self, other: Checks) -> None:
        """Book all that ``other`` holds."""
        for kind, found in other._found.items():
            self.add(kind, found.examples, found.count, found.severity)

    def __iter__(self) -> Iterator[tuple[str, Finding]]:
        """Findings, the gravest first, then in the order of :data:`KINDS`."""
        order = list(KINDS)
        return iter(sorted(self._found.items(), key=lambda item: (-item[1].severity, order.index(item[0]))))

    def __contains__(self, kind: object) -> bool:
        return kind in self._found

    def __getitem__(self, kind: str) -> Finding:
        return self._found[kind]

    def as_dict(self) -> dict[str, dict[str, object]]:
        """The form of ``checks.json`` and of ``checks`` in every ``--json``."""
        return {
            kind: {"count": found.count, "examples": list(found.examples), "severity": found.severity.name.lower()}
            for kind, found in self
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, object]]) -> Checks:
        """Read what :meth:`as_dict` wrote; kinds that are not known are refused.

        Raises
        ------
        InputError
            If the data are not of that form.
        """
        if not isinstance(data, Mapping):
            raise InputError("the account of checks is no table of kinds; it is damaged")
        checks = cls()
        for kind, found in data.items():
            try:
                count, examples = found["count"], found["examples"]
                severity = Severity[str(found["severity"]).upper()]
                if kind not in KINDS or not isinstance(count, int) or not isinstance(examples, list):
                    raise KeyError(kind)
            except (KeyError, TypeError):
                raise InputError(f"checks: '{kind}' is not a finding that this version writes; run again") from None
            checks.add(kind, [str(name) for name in examples], count, severity)
        return checks

    def lines(self) -> list[str]:
        """One line per kind for people, the gravest first; a single line where nothing needs attention."""
        shown = [
            f"{found.severity.name.lower()}: {found.count} {KINDS[kind][1]} ({kind}): {_some(found)}"
            for kind, found in self
            if found.severity > Severity.NOTE
        ]
        notes = [f"{found.count} {KINDS[kind][1]}" for kind, found in self if found.severity == Severity.NOTE]
        if notes:
            shown.append("note: " + "; ".join(notes))
        return shown or ["checks: nothing to report"]

    def allow(self, kinds: Collection[str]) -> None:
        """Make warnings of the errors of some kinds.

        Raises
        ------
        InputError
            If a kind does not exist.
        """
        for kind in kinds:
            if kind not in KINDS:
                raise InputError(f"--allow {kind}: no such kind of finding; there are {', '.join(KINDS)}")
            if kind in self._found:
                self._found[kind].severity = min(self._found[kind].severity, Severity.WARNING)

    def refuse(self, allow: Collection[str] = ()) -> None:
        """Raise on what makes a result meaningless; kinds in ``allow`` become warnings.

        Raises
        ------
        InputError
            If an error is left, or ``allow`` names a kind that does not exist.
        """
        self.allow(allow)
        grave = [(kind, found) for kind, found in self if found.severity == Severity.ERROR]
        if grave:
            text = "; ".join(f"{found.count} {KINDS[kind][1]}: {_some(found)}" for kind, found in grave)
            kinds = " ".join(f"--allow {kind}" for kind, _ in grave)
            raise InputError(f"the result would be meaningless: {text}. Mend it, or go on with {kinds}")


def _some(found: Finding) -> str:
    more = found.count - len(found.examples)
    return ", ".join(found.examples) + (f" and {more} more" if found.examples and more > 0 else "")
