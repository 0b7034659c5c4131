"""``programs.csv``: the power of every program at every operating point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finevh.base.csv_text import Row, table
from finevh.flow.own_glitches import MapKey, OwnGlitches, added_power, keys_of
from finevh.schemes import OperatingPoint, shared_power
from finevh.selection import Energy, Interval, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import frequency_mhz


def programs_table(
    variant: str, designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint], own: OwnGlitches | None = None
) -> str:
    """Power of every program at every operating point of one variant set, with the glitches of its ``own`` delays.

    The voltages are the run's, the activity is the program's own; ``designs`` by program.
    """

    def more(program: str, point: OperatingPoint, design: EngineDesign) -> float:
        def of(key: MapKey) -> Energy:
            assert own is not None
            return own.shift(key).programs[program]

        return 0.0 if own is None or not keys_of(point) else added_power(point, design, of).total

    rows: list[Row] = []
    for program, design in designs.items():
        energy: dict[tuple[float, float, str], Energy] = {}
        for point in points:
            if point.variant == variant:
                power = _program_power(design, point, energy) + more(program, point, design)
                rows.append((program, point.scheme, variant, point.delta_vdd_v, point.freq_mhz, point.selector, power))
    header = ("program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw")
    return table(header, rows)


def _program_power(
    design: EngineDesign, point: OperatingPoint, energy: dict[tuple[float, float, str], Energy]
) -> float:
    """Power of a point under the activity of ``design``, mW; ``energy`` keeps what maps cost."""

    def weigh(low: float, high: float) -> Energy:
        key = (low, high, point.assignment)
        if key not in energy:
            energy[key] = design.weigh(Interval(low, high), parse_map(point.assignment or "H" * design.n_tiles))
        return energy[key]

    if point.vdd_v is not None:
        return weigh(point.vdd_v, point.vdd_v).power(point.freq_mhz)
    assert point.vdd_l_v is not None  # every scheme runs at stated voltages
    assert point.vdd_h_v is not None
    if point.scheme != "vdd-dithering":
        return weigh(point.vdd_l_v, point.vdd_h_v).power(point.freq_mhz)
    low, high = (
        (frequency_mhz(design.single_period[design.vdd_index(vdd)]), weigh(vdd, vdd))
        for vdd in (point.vdd_l_v, point.vdd_h_v)
    )
    return shared_power(*low, *high, point.freq_mhz).total
