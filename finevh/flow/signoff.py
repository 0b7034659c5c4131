"""Sign-off: the operating points of a run once more from the files that it exported, with exact wires, setup and hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.config import Flow
from finevh.constraints import Constraints, read_sdc, with_ideal_clocks, with_propagated_clocks
from finevh.errors import InputError
from finevh.flow.artifacts.exported import netlist_name
from finevh.flow.inputs.constraints import clock_tree_of, timed_constraints
from finevh.flow.moved import with_map
from finevh.layout.formats.upf_read import parse_upf
from finevh.layout.supply.vdd_mux import VddMuxes
from finevh.netlist import Netlist, Wires, read_spef, read_verilog
from finevh.netlist.model import NO_NET
from finevh.optimize.hold import same_cells
from finevh.power import Activity, LeakageModel
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.technology import load_technology, with_vdds
from finevh.technology.model import Direction, Int, Real, Technology
from finevh.technology.noise import noise_margins
from finevh.timing import DriverResistance, TimingGraph, TimingState
from finevh.units import SLACK_TOLERANCE, period_ps

WIRE_MODEL = "ceff"
_SAME_FREQUENCY = 1e-6
"""Relative; two tables round one frequency differently."""
_NEAR = 0.5
"""Share of the cells up to which timing what changed is quicker than timing all."""
_FELT = 0.12
"""Share of the cells whose change makes two thirds of the design to be timed again: what is behind a tile changes with it."""
_SELECT = re.compile(r".*\[(\d+)\]")


@dataclass(frozen=True)
class Exported:
    """One variant set of a run as its exported files have it."""

    netlist: Netlist
    wires: Wires
    constraints: Constraints
    tile: Int
    """(n_cell) -1 outside all tiles."""
    whole: bool = False
    """Whether nothing was found amiss with its parasitics."""

    def alike(self, other: Exported) -> bool:
        """Whether two variant sets have one timing graph: they differ in the variants of their cells alone."""
        return self.wires is other.wires and self.constraints == other.constraints


@dataclass(frozen=True)
class SignoffRow:
    """A checked operating point; columns of ``tables/signoff.csv``.

    Attributes
    ----------
    corner : names of the corners: setup is checked at the first, hold at all.
    setup_ps, hold_ps : worst slacks; hold is None where the design has no hold check.
    worst_droop_fraction : worst drop over rail, from the run's table; None for a single supply.
    noise_margin_v : smallest of cells at VddH that a driver at VddL feeds; None where there are none.
    leakage_mw : of the exported netlist under the run's activity; None where two supplies share the time.
    """

    scheme: str
    variant: str
    delta_vdd_v: float
    freq_mhz: float
    corner: str
    setup_ps: float
    hold_ps: float | None
    worst_droop_fraction: float | None
    noise_margin_v: float | None
    met: bool
    vdd_l_v: float
    vdd_h_v: float
    assignment: str
    leakage_mw: float | None
    drooped_usual_ps: float | None = None
    """``setup_ps`` less what the drops of the rails cost in 99.9 % of the cycles; None where rails were not followed."""
    drooped_worst_ps: float | None = None
    """The same in the worst cycles; shown, not judged: selection has raised tiles where it could."""
    failed_assignment: str = ""
    """The map that the point had before, which failed; empty where it has its first."""
    failed_power_mw: float | None = None
    """What the point drew with that map."""


@dataclass(frozen=True)
class SupplyMap:
    """What decides the timing of a design beside its clock: a variant set, two supplies, and the tiles on the higher one."""

    variant: str
    low: float
    high: float
    assignment: str = ""
    """Empty: everything at ``high``."""


_States = dict[tuple[str, str], tuple["SupplyMap", TimingState]]
"""Last map of each variant set and corner, and its state."""


@dataclass(frozen=True)
class _Ends:
    """Endpoint rows of one evaluation: what each needs, ps, and the number of periods that it has."""

    need: Real
    coefficient: Real

    def worst(self, frequency: float) -> float:
        """Worst slack, ps, at a frequency, MHz; inf where nothing is checked."""
        return float((self.coefficient * period_ps(frequency) - self.need).min(initial=np.inf))


@dataclass(frozen=True)
class _Found:
    setup: _Ends
    hold: tuple[_Ends, ...]
    """At each corner."""
    margin: float
    """V; nan where no input is fed from a lower supply."""
    unknown: frozenset[str]
    """Cells at a pair of supplies whose noise margin is not characterised."""
    leakage: float

    def worst_hold(self, frequency: float) -> float:
        """Worst hold slack, ps, at a frequency, MHz, of all corners; inf where nothing is checked."""
        return min(ends.worst(frequency) for ends in self.hold)

    def meets(self, frequency: float) -> bool:
        """Whether a frequency, MHz, passes every check."""
        slack = min(self.setup.worst(frequency), self.worst_hold(frequency))
        return slack >= -SLACK_TOLERANCE and not self.margin <= 0.0


def read_exported(
    flow: Flow, technology: Technology, out: Path, variant: str, checks: Checks, other: Exported | None = None
) -> Exported:
    """Read one variant set from the files of ``out``.

    Sets differ in the variants of their cells alone: where ``other`` is one whose nets have the same names and pins, the tiles,
    which all share, are not read again, nor the parasitics, where these gave nothing to say.

    Raises
    ------
    InputError
        From the readers; if the power intent and the netlist are not of one design.
    """
    name = flow.design.name
    netlist = read_verilog(out / netlist_name(name, variant), technology, checks=checks)
    alike = other if other is not None and _same_nets(other.netlist, netlist) else None
    if alike is not None and alike.whole:
        wires, whole = alike.wires, True
    else:
        found = Checks()
        wires = read_spef(out / f"{name}.spef", netlist, found, technology.typical_pin_cap)
        whole = not found.as_dict()
        checks.merge(found)
    constraints = _constraints(flow, technology, netlist, out / f"{name}.sdc", checks)
    tile = np.full(netlist.n_cells, -1, dtype=np.int32)
    if alike is not None:
        tile = alike.tile
    elif flow.floorplan.tiles > 1:
        tile = tiles_of(netlist, out / f"{name}.upf")
    return Exported(netlist, wires, constraints, tile, whole)


def _same_nets(one: Netlist, other: Netlist) -> bool:
    """Whether two netlists differ in the variants of their cells alone."""
    names = ("name", "net_names", "instance_names", "port_names")
    columns = ("cell_type", "pin_net", "port_net", "port_direction", "net_constant")
    return all(getattr(one, name) == getattr(other, name) for name in names) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in columns
    )


def tiles_of(netlist: Netlist, upf: Path) -> Int:
    """(n_cell) tile of each instance by the domains of a power intent; a tile's number is the bit that selects its supply.

    Raises
    ------
    InputError
        If a domain has an instance that the netlist does not have, or a switch without such a bit.
    """
    intent = parse_upf(upf.read_text(encoding="utf-8"), str(upf))
    index = {name.removeprefix("\\"): row for name, row in netlist.instance_index.items()}
    tile = np.full(netlist.n_cells, -1, dtype=np.int32)
    for name, switch in intent.switches.items():
        bit = _SELECT.fullmatch(next(iter(switch.controls.values()), ""))
        if bit is None or switch.domain not in intent.domains:
            raise InputError(f"{upf}: switch '{name}' has no domain, or no bit that selects its supply")
        for element in intent.domains[switch.domain].elements:
            if element not in index:
                raise InputError(f"{upf}: domain '{switch.domain}' has '{element}', which the netlist does not have")
            tile[index[element]] = int(bit.group(1))
    return tile


def _constraints(flow: Flow, technology: Technology, netlist: Netlist, sdc: Path, checks: Checks) -> Constraints:
    """Constraints as exported; the clock of the surroundings is as late as the tree of the moment, as in the run.

    The file gives that clock the latency of one supply: a number, which other supplies make wrong.
    """
    read = read_sdc(sdc, *technology.units, netlist=netlist, checks=checks)
    propagated = flow.clock.propagated and clock_tree_of(flow, technology)
    read = with_propagated_clocks(read) if propagated else with_ideal_clocks(read)
    timed = timed_constraints(flow, technology, netlist)
    follows = {clock.name for clock in timed.clocks if clock.follows_tree}
    clocks = tuple(
        replace(clock, follows_tree=True, latency={}) if clock.name in follows else clock for clock in read.clocks
    )
    return replace(read, clocks=clocks)


@dataclass(frozen=True)
class CornerGraph:
    """A variant set of a run at one process corner, to be timed under any map."""

    name: str
    design: Exported
    technology: Technology
    graph: TimingGraph

    def cell_vdd(self, key: SupplyMap) -> Int:
        """(n_cell) rows of the corner's supplies under a map.

        Raises
        ------
        InputError
            If the map has other tiles than the power intent.
        """
        low, high = self.technology.vdd_index(key.low), self.technology.vdd_index(key.high)
        tile = self.design.tile
        if not key.assignment:
            return np.full(len(tile), high, dtype=np.int32)
        bits = parse_map(key.assignment)
        if tile.max(initial=-1) >= len(bits):
            raise InputError(f"map {key.assignment}: {len(bits)} tiles, the exported UPF has {tile.max() + 1}")
        return np.where((tile < 0) | bits[np.maximum(tile, 0)], high, low).astype(np.int32)

    def evaluate(self, key: SupplyMap, last: tuple[SupplyMap, TimingState] | None = None) -> TimingState:
        """Time a map; bias as far as the corner's libraries have it: without it data are earlier, which hold must stand.

        The memory of ``last``, a map of this corner and its state, is taken, and of a map that is near what stays as it was: the
        result has the same bits.
        """
        column = self.design.netlist.cell_variant
        if column.max(initial=0) >= len(self.technology.variants):
            column = np.zeros_like(column)
        graph = self.graph.with_port_vdd(self.technology.vdd_index(key.high))
        vdd = self.cell_vdd(key)
        if last is not None and last[0].high == key.high:
            changed = np.flatnonzero(vdd != last[1].cell_vdd).astype(np.int32)
            if len(changed) < _NEAR * len(vdd):
                return graph.update(last[1], changed, vdd, column, inplace=True)
        return graph.evaluate(vdd, column, reuse=None if last is None else last[1])


def corner_graph(
    flow: Flow,
    design: Exported,
    technology: Technology,
    name: str = "slow",
    resistance: DriverResistance = DriverResistance.TANGENT,
) -> CornerGraph:
    """Build the exact timing graph of an exported design."""
    graph = TimingGraph(
        design.netlist,
        technology,
        design.constraints,
        design.wires,
        cross_voltage=flow.schemes.driver_derates,
        clock_supply=flow.clock.supply_policy,
        wire_model=WIRE_MODEL,
        driver_resistance=resistance,
        hold=True,
    )
    return CornerGraph(name, design, technology, graph)


class Signoff:
    """The exported designs of a run at its corners, and the rows of its operating points.

    Parameters
    ----------
    fast
        The library of the fast corner with the supplies of ``technology``; None where the flow names none.
    activity
        Of the run's netlist, whose instances are called ``instances``, in order.
    """

    def __init__(
        self,
        flow: Flow,
        technology: Technology,
        fast: Technology | None,
        designs: Mapping[str, Exported],
        activity: Activity,
        instances: Sequence[str],
        checks: Checks,
    ) -> None:
        corners = [("slow", technology), *([] if fast is None else [("fast", fast)])]
        self.technology, self.checks = technology, checks
        self._graphs: dict[str, list[CornerGraph]] = {}
        for variant, design in designs.items():
            shared = next((found for found in self._graphs.values() if found[0].design.alike(design)), None)
            if shared is not None:
                self._graphs[variant] = [replace(corner, design=design) for corner in shared]
                continue
            graphs = [corner_graph(flow, design, library, name) for name, library in corners]
            # Beyond the first corner hold alone is asked.
            graphs[1:] = [replace(corner, graph=corner.graph.for_hold()) for corner in graphs[1:]]
            self._graphs[variant] = graphs
        self._leakage = {
            variant: LeakageModel(design.netlist, technology, activity_by_name(activity, instances, design.netlist))
            for variant, design in designs.items()
        }
        self._corners = " ".join(name for name, _ in corners)
        self._found: dict[SupplyMap, _Found] = {}

    def rows(
        self,
        points: Sequence[OperatingPoint],
        droop: Sequence[DroopEntry],
        rails: Mapping[RailKey, RailCost] | None = None,
        jobs: int = 1,
        say: Callable[[str], None] = lambda text: None,
    ) -> list[tuple[SignoffRow, list[int]]]:
        """Check every point; one row for each map of a frequency, with the rows of ``points`` that it stands for.

        Points whose supplies share the time at frequencies that no point of ideal-DVFS states are left out.
        """
        alone = {(p.variant, _volts(p.vdd_v)): p.freq_mhz for p in points if p.scheme == "ideal-dvfs" and p.vdd_v}
        merged: dict[tuple[object, ...], list[int]] = {}
        for number, p in enumerate(points):
            same = (p.scheme, p.variant, p.delta_vdd_v, p.freq_mhz, p.vdd_v, p.vdd_l_v, p.vdd_h_v, p.assignment)
            merged.setdefault(same, []).append(number)
        uses = [(numbers, supply_maps(points[numbers[0]], alone)) for numbers in merged.values()]
        needed = list(dict.fromkeys(key for _, used in uses for key, _ in used))
        say(f"{len(needed)} supplies and maps of {len(uses)} points")
        found = self._check_all(needed, jobs)
        unknown = sorted({name for one in found.values() for name in one.unknown})
        self.checks.add("voltage_pair_missing", [f"noise margin of {name}" for name in unknown])
        self._found = found
        return [
            (self._row([points[k] for k in numbers], used, found, droop, rails or {}), numbers)
            for numbers, used in uses
            if used
        ]

    def _check_all(self, keys: Sequence[SupplyMap], jobs: int) -> dict[SupplyMap, _Found]:
        """Time distinct maps, each thread in memory of its own."""
        threads = max(1, min(jobs, len(keys)))
        order, work = self._order(keys)
        shares = np.cumsum(work) / max(sum(work), 1.0)
        ends = np.searchsorted(shares, np.arange(threads + 1) / threads - 1e-9).tolist()
        ends[-1] = len(order)

        def some(part: int) -> dict[SupplyMap, _Found]:
            states: _States = {}
            return {key: self._check(key, states) for key in order[ends[part] : ends[part + 1]]}

        found: dict[SupplyMap, _Found] = {}
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(some, range(threads)):
                found |= part
        return found

    def _order(self, keys: Sequence[SupplyMap]) -> tuple[list[SupplyMap], list[float]]:
        """Maps each followed by the nearest one left of its supplies, and about what timing each after the one before takes."""
        groups: dict[tuple[str, float], list[SupplyMap]] = {}
        for key in sorted(keys, key=lambda key: (key.variant, key.high, key.low)):
            groups.setdefault((key.variant, key.high), []).append(key)
        order, work = list[SupplyMap](), list[float]()
        for (variant, _), group in groups.items():
            corner = self._graphs[variant][0]
            vdd = np.array([corner.cell_vdd(key) for key in group])
            left = list(range(len(group)))
            last = left.pop(0)
            order.append(group[last])
            work.append(1.0)
            while left:
                changed = (vdd[left] != vdd[last]).mean(axis=1)
                nearest = int(changed.argmin())
                last = left.pop(nearest)
                order.append(group[last])
                work.append(1.0 - float(np.exp(-float(changed[nearest]) / _FELT)))
        return order, work

    def _check(self, key: SupplyMap, states: _States) -> _Found:
        """Time one map at every corner, in the memory of ``states``, which are of this thread and no longer valid."""
        setup: _Ends | None = None
        hold = []
        margin = leakage = np.nan
        unknown: frozenset[str] = frozenset()
        for corner in self._graphs[key.variant]:
            of = key.variant, corner.name
            state = corner.evaluate(key, states.get(of))
            states[of] = key, state
            needs = state.hold_need
            assert needs is not None  # the graph is made for it
            hold.append(_Ends(needs, state.hold.coefficient))
            if setup is None:
                setup = _Ends(state.setup_need, state.setup.coefficient)
                netlist = corner.design.netlist
                margin, unknown = _margin(self.technology, netlist, state.cell_vdd)
                port = self.technology.vdd_index(key.high)
                leakage = self._leakage[key.variant].evaluate(state.cell_vdd, netlist.cell_variant, port).total
        assert setup is not None  # there is a corner
        return _Found(setup, tuple(hold), margin, unknown, leakage)

    def second_choices(
        self,
        points: Sequence[OperatingPoint],
        rows: Sequence[tuple[SignoffRow, list[int]]],
        rails: Mapping[RailKey, RailCost],
        vdd_muxes: VddMuxes | None = None,
    ) -> tuple[dict[int, OperatingPoint], dict[RailKey, RailCost]]:
        """For FINE-VH points that fail, by number: the cheapest other map of their curve that meets them; and its rails.

        A map that was found for another frequency, or all tiles at VddH: timed already, so nothing is searched or timed again.
        These points have the exact slack. On drooped rails maps of higher frequencies alone are taken, whose drops are deeper.
        """
        given: dict[int, OperatingPoint] = {}
        theirs: dict[RailKey, RailCost] = {}
        for row, numbers in rows:
            if row.met or row.scheme != "fine-vh":
                continue
            found: list[tuple[OperatingPoint, RailCost | None]] = []
            seen: set[SupplyMap] = set()
            for other in points:
                same = (other.scheme, other.variant, other.delta_vdd_v) == (row.scheme, row.variant, row.delta_vdd_v)
                if not same or other.vdd_l_v is None or other.vdd_h_v is None:
                    continue
                pair = other.vdd_l_v, other.vdd_h_v
                cost = rails.get(_rails_of(other))
                every = [] if rails else ["H" * len(other.assignment)]
                for assignment in [other.assignment, *every]:
                    key = SupplyMap(row.variant, *pair, assignment)
                    timed = self._found.get(key if "L" in assignment else SupplyMap(row.variant, pair[1], pair[1]))
                    if timed is None or key in seen or not timed.meets(row.freq_mhz):
                        continue
                    lost = 0.0 if cost is None else cost.worst
                    deeper = cost is not None and other.freq_mhz >= row.freq_mhz
                    if rails and not (deeper and timed.setup.worst(row.freq_mhz) - lost >= -SLACK_TOLERANCE):
                        continue
                    seen.add(key)
                    point = with_map(points, points[numbers[0]], pair, assignment, "signoff", vdd_muxes)
                    if point is not None:
                        slack = timed.setup.worst(row.freq_mhz)
                        drooped = slack - lost if rails else None
                        found.append((replace(point, worst_slack_ps=slack, drooped_slack_ps=drooped), cost))
            if found:
                best, cost = min(found, key=lambda pair: pair[0].power_total_mw)
                for number in numbers:
                    name = points[number].selector.split(":")[0]
                    given[number] = replace(best, selector=f"{name}:signoff", bound_mw=points[number].bound_mw)
                    if cost is not None:
                        theirs[_rails_of(points[number])] = cost
        return given, theirs

    def _row(
        self,
        points: Sequence[OperatingPoint],
        used: Sequence[tuple[SupplyMap, float]],
        found: Mapping[SupplyMap, _Found],
        droop: Sequence[DroopEntry],
        rails: Mapping[RailKey, RailCost],
    ) -> SignoffRow:
        point = points[0]
        setup = min(found[key].setup.worst(frequency) for key, frequency in used)
        hold = min(found[key].worst_hold(frequency) for key, frequency in used)
        margin = float(np.nanmin([found[key].margin for key, _ in used] + [np.inf]))
        if not np.isfinite(setup):
            raise InputError(f"{point.design}: the exported SDC constrains no endpoint; there is nothing to check")
        drops = [entry.worst for entry in droop for one in points if entry.of(one)]
        fine = [_rails_of(one) for one in points if one.scheme == "fine-vh"]
        costs = [rails[key] for key in fine if key in rails]
        usual, worst = (max((getattr(cost, name) for cost in costs), default=0.0) for name in ("usual", "worst"))
        met = min(setup, hold) >= -SLACK_TOLERANCE and margin > 0.0
        return SignoffRow(
            scheme=point.scheme,
            variant=point.variant,
            delta_vdd_v=point.delta_vdd_v,
            freq_mhz=point.freq_mhz,
            corner=self._corners,
            setup_ps=setup,
            hold_ps=hold if np.isfinite(hold) else None,
            worst_droop_fraction=max(drops, default=None),
            noise_margin_v=margin if np.isfinite(margin) else None,
            met=bool(met),
            vdd_l_v=min(key.low for key, _ in used),
            vdd_h_v=max(key.high for key, _ in used),
            assignment=point.assignment,
            leakage_mw=found[used[0][0]].leakage if point.scheme != "vdd-dithering" else None,
            drooped_usual_ps=setup - usual if costs else None,
            drooped_worst_ps=setup - worst if costs else None,
        )


@dataclass(frozen=True)
class DroopEntry:
    """A row of ``tables/droop.csv``: worst drop over rail of a FINE-VH point, which its rails are timed with.

    That is the larger of the drop at the end of a cycle and of its mean while the charge is drawn.
    """

    variant: str
    delta_vdd: float
    frequency: float
    selector: str
    worst: float

    def of(self, point: OperatingPoint) -> bool:
        """Whether the row is of this point."""
        return (
            point.scheme == "fine-vh"
            and (self.variant, self.selector) == (point.variant, point.selector)
            and abs(self.delta_vdd - point.delta_vdd_v) < _SAME_FREQUENCY
            and abs(self.frequency - point.freq_mhz) <= _SAME_FREQUENCY * point.freq_mhz
        )


RailKey = tuple[str, float, float, str]
"""Variant set, delta-Vdd, V, frequency, MHz, and selector of a FINE-VH point, whose map may have been raised since."""


def rail_key(variant: str, delta_vdd: float, frequency: float, selector: str) -> RailKey:
    """The key of a point's rails."""
    return variant, round(delta_vdd, 6), round(frequency, 4), selector.split(":")[0]


def _rails_of(point: OperatingPoint) -> RailKey:
    return rail_key(point.variant, point.delta_vdd_v, point.freq_mhz, point.selector)


@dataclass(frozen=True)
class RailCost:
    """What the drops of the rails cost a FINE-VH point's slack, ps, with the wires of selection; from ``tables/drooped.csv``."""

    usual: float
    """In 99.9 % of the cycles."""
    worst: float


def _volts(value: float | None) -> float:
    return round(value or 0.0, 6)


def supply_maps(point: OperatingPoint, alone: Mapping[tuple[str, float], float]) -> list[tuple[SupplyMap, float]]:
    """The maps of a point and the frequency, MHz, of each; none where the frequencies of shared time are not known."""
    if point.vdd_v is not None:
        return [(SupplyMap(point.variant, point.vdd_v, point.vdd_v), point.freq_mhz)]
    if point.vdd_l_v is None or point.vdd_h_v is None:
        return []
    if point.assignment:
        return [(SupplyMap(point.variant, point.vdd_l_v, point.vdd_h_v, point.assignment), point.freq_mhz)]
    # Time is shared between two supplies, each at its own highest frequency; a slow clock stays at the lower one.
    found = [(vdd, alone.get((point.variant, _volts(vdd)))) for vdd in (point.vdd_l_v, point.vdd_h_v)]
    used = [(SupplyMap(point.variant, vdd, vdd), f) for vdd, f in found if f is not None]
    if len(used) < len(found):
        return []
    slow = min(used[0][1], point.freq_mhz)
    return [(used[0][0], slow), *(used[1:] if point.freq_mhz > used[0][1] else [])]


def _margin(technology: Technology, netlist: Netlist, cell_vdd: Int) -> tuple[float, frozenset[str]]:
    """Smallest noise margin, V, of inputs that a driver of a lower supply feeds, and cells without one; nan for no such input."""
    if technology.cross is None:
        return float("nan"), frozenset()
    net, cell = netlist.pin_net, netlist.pin_cell
    inputs = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (net != NO_NET)
    driver = np.where(inputs, netlist.net_driver[np.maximum(net, 0)], -1)
    lower = (driver >= 0) & (cell_vdd[np.maximum(driver, 0)] < cell_vdd[cell])
    to, by = cell[lower], driver[lower]
    kind, variant = netlist.cell_type[to], netlist.cell_variant[to].astype(np.int32)
    margins = noise_margins(technology, kind, variant, cell_vdd[by], cell_vdd[to])
    unknown = frozenset(netlist.cells.names[k] for k in np.unique(kind[np.isnan(margins)]).tolist())
    known = margins[np.isfinite(margins)]
    return float(known.min()) if len(known) else float("nan"), unknown


def activity_by_name(activity: Activity, instances: Sequence[str], netlist: Netlist) -> Activity:
    """Bring the patterns of cells into the order of a netlist that was read back; nets are not touched.

    Raises
    ------
    InputError
        If the instances are not the same.
    """
    if tuple(instances) == netlist.instance_names:
        return activity
    index = {name.removeprefix("\\"): row for row, name in enumerate(instances)}
    names = [name.removeprefix("\\") for name in netlist.instance_names]
    if len(index) != len(names) or any(name not in index for name in names):
        raise InputError(f"{netlist.name}: the exported netlist has other instances than the run's; export it again")
    order = np.array([index[name] for name in names], dtype=np.intp)
    size = np.diff(activity.pattern_ptr)[order]
    ptr = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    old: NDArray[np.int64] = np.repeat(activity.pattern_ptr[:-1][order] - ptr[:-1], size) + np.arange(ptr[-1])
    return replace(activity, pattern_ptr=ptr, pattern_probability=activity.pattern_probability[old])


def fast_corner(flow: Flow, technology: Technology, timed: Int | None = None) -> Technology | None:
    """The library of the fast corner with the supplies of the flow's own; None where the flow names none.

    ``timed``: the only cell types whose tables are needed.

    Raises
    ------
    InputError
        If it has other cells, or not all of the supplies.
    """
    if flow.technology.fast is None:
        return None
    fast = with_vdds(load_technology(flow.technology.fast), [float(vdd) for vdd in technology.vdds], timed=timed)
    same_cells(technology, fast)
    return fast


def signoff_csv(rows: Sequence[SignoffRow]) -> str:
    """The table as text."""
    columns = tuple(field.name for field in fields(SignoffRow))
    frequency, met = columns.index("freq_mhz"), columns.index("met")
    cells = [list(astuple(row)) for row in rows]
    for line in cells:
        # As in operating_points.csv, so that the two can be joined.
        line[frequency], line[met] = f"{line[frequency]:.6f}", "true" if line[met] else "false"
    return table(columns, cells)
