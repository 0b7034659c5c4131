"""From a tiled floorplan to UPF 2.1: supplies, one power domain and one two-input power switch per tile, port states."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finevh.base.quoting import upf_name, upf_names
from finevh.errors import InputError
from finevh.layout.always_on import on_islands
from finevh.layout.floorplan import Floorplan, tile_rail
from finevh.layout.placement import Placement
from finevh.layout.power_grid import SUPPLIES
from finevh.netlist.model import Netlist


def _check_pair(vdd_low: float, vdd_high: float) -> None:
    """Refuse a pair of supplies, V, that is none."""
    if not 0.0 < vdd_low <= vdd_high:
        raise InputError(f"UPF: VddL {vdd_low:g} V must be positive and at most VddH {vdd_high:g} V")


def _state(name: str, volts: float) -> str:
    return f"-state {{{name} {volts:.3f}}}"


def format_upf(
    netlist: Netlist,
    floorplan: Floorplan,
    placement: Placement,
    vdd_high: float,
    vdd_low: float,
    select: str = "finevh_config_select",
) -> str:
    """Return the power intent as UPF 2.1.

    Parameters
    ----------
    vdd_high, vdd_low : V, one pair of supplies.
    select : bus of the configuration chain; bit ``t`` selects VddH for tile ``t``.

    Raises
    ------
    InputError
        If VddL is not below VddH or not positive.
    """
    _check_pair(vdd_low, vdd_high)
    lines = ["upf_version 2.1", f"set_design_top {upf_name(netlist.name)}", "create_power_domain PD_TOP -elements {.}"]
    for supply in SUPPLIES:
        lines += [
            f"create_supply_port {supply} -domain PD_TOP -direction in",
            f"create_supply_net {supply} -domain PD_TOP",
            f"connect_supply_net {supply} -ports {{{supply}}}",
        ]
    lines.append("set_domain_supply_net PD_TOP -primary_power_net VDDH -primary_ground_net VSS")
    lines.append(f"add_port_state VDDH {_state('high', vdd_high)}")
    lines.append(f"add_port_state VDDL {_state('low', vdd_low)}")
    lines.append("add_port_state VSS -state {ground 0.000}")
    if floorplan.tiles_per_side > 1:
        lines += _tiles(netlist, floorplan, placement, (vdd_high, vdd_low), select)
    return "\n".join([*lines, ""])


def _switch(label: str, rail: str, bit: str) -> str:
    """Return the switch of a tile's rail; ``bit`` selects VddH."""
    return (
        f"create_power_switch SW_{label} -domain PD_{label} -output_supply_port {{out {rail}}}"
        " -input_supply_port {in_high VDDH} -input_supply_port {in_low VDDL}"
        f" -control_port {{sel {upf_name(bit)}}}"
        " -on_state {high in_high {sel}} -on_state {low in_low {!sel}}"
    )


def _tiles(
    netlist: Netlist, floorplan: Floorplan, placement: Placement, volts: tuple[float, float], select: str
) -> list[str]:
    """Return the commands of the tiles: domain, rail, switch, states, and that no level shifters are wanted."""
    lines: list[str] = []
    rails = [tile_rail(floorplan, t) for t in range(floorplan.n_tiles)]
    high = on_islands(floorplan, placement.x, placement.y)  # stay in the top domain, on VddH
    for t, rail in enumerate(rails):
        label = rail.removeprefix("VDD_")
        members = [netlist.instance_names[i].removeprefix("\\") for i in np.flatnonzero((placement.tile == t) & ~high)]
        lines += [
            f"create_power_domain PD_{label} -elements {upf_names(members)}",
            f"create_supply_net {rail} -domain PD_{label}",
            f"create_supply_net VSS -domain PD_{label} -reuse",
            f"create_supply_net VDDH -domain PD_{label} -reuse",
            f"create_supply_net VDDL -domain PD_{label} -reuse",
            f"set_domain_supply_net PD_{label} -primary_power_net {rail} -primary_ground_net VSS",
            _switch(label, rail, f"{select}[{t}]"),
            f"add_port_state SW_{label}/out {_state('high', volts[0])} {_state('low', volts[1])}",
            f"set_level_shifter no_shift_{label} -domain PD_{label} -applies_to both -no_shift",
        ]
    everywhere = [f"SW_{rail.removeprefix('VDD_')}/out" for rail in rails]
    lines.append(f"create_pst tiles -supplies {upf_names(['VDDH', 'VDDL', *everywhere])}")
    for name in ("high", "low"):
        lines.append(f"add_pst_state all_{name} -pst tiles -state {upf_names(['high', 'low', *[name] * len(rails)])}")
    lines.append(f"add_pst_state any -pst tiles -state {upf_names(['high', 'low', *['*'] * len(rails)])}")
    return lines


def format_openroad_upf(
    floorplan: Floorplan, vdd_high: float, vdd_low: float, select: str = "finevh_config_select"
) -> str:
    """Return the power intent in the commands that OpenROAD's ``read_upf`` knows: domains with areas, switches, voltages.

    Its domains take modules or rectangles, not instances: a tile is its rectangle. Voltages are those of VddH, the highest a
    tile can have; the switch says from which supplies it may come.

    Raises
    ------
    InputError
        If VddL is not below VddH or not positive.
    """
    _check_pair(vdd_low, vdd_high)
    lines = ["create_power_domain PD_TOP -elements {.}", f"set_domain_voltage -domain PD_TOP -voltage {vdd_high:.3f}"]
    if floorplan.tiles_per_side == 1:
        return "\n".join([*lines, ""])
    for t, box in enumerate(floorplan.tile_box.tolist()):
        rail = tile_rail(floorplan, t)
        label = rail.removeprefix("VDD_")
        corners = " ".join(f"{value:.10g}" for value in np.round(box, 4).tolist())
        lines += [
            f"create_power_domain PD_{label}",
            f"set_domain_area PD_{label} -area {{{corners}}}",
            f"set_domain_voltage -domain PD_{label} -voltage {vdd_high:.3f}",
            _switch(label, rail, f"{select}[{t}]"),
        ]
    return "\n".join([*lines, ""])


def write_upf(
    path: Path | str,
    netlist: Netlist,
    floorplan: Floorplan,
    placement: Placement,
    vdd_high: float,
    vdd_low: float,
    select: str = "finevh_config_select",
) -> None:
    """Write :func:`format_upf` to ``path``."""
    Path(path).write_text(format_upf(netlist, floorplan, placement, vdd_high, vdd_low, select), encoding="utf-8")
