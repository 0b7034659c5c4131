"""Several clocks of one period in a simulator of one: their ports tied together, and what is counted given back to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.technology.model import Int

__all__ = ["TiedClocks", "tie_clocks"]


@dataclass(frozen=True)
class TiedClocks:
    """A netlist whose clock ports are one."""

    netlist: Netlist
    tied: Int
    """Nets of the other clock ports."""
    main: int
    """Net of the clock port that is left."""

    def untie(self, activity: Activity) -> Activity:
        """Give the other clocks' nets what the one clock does."""
        if not len(self.tied):
            return activity
        rate, probability = activity.toggle_rate.copy(), activity.probability.copy()
        rate[self.tied], probability[self.tied] = rate[self.main], probability[self.main]
        toggles = activity.toggles
        if toggles is not None:
            toggles = toggles.copy()
            toggles[self.tied] = toggles[self.main]
        return replace(activity, toggle_rate=rate, probability=probability, toggles=toggles)


def tie_clocks(netlist: Netlist, clock: str, others: Sequence[str]) -> TiedClocks:
    """Move the pins of other clock ports to the net of ``clock`` and drop those ports; edges of all fall together."""
    net_of = dict(zip(netlist.port_names, netlist.port_net.tolist(), strict=True))
    main = net_of.get(clock, NO_NET)
    nets = np.array([net_of[name] for name in others if net_of[name] not in (NO_NET, main)], dtype=np.int32)
    if not len(nets) or main == NO_NET:
        return TiedClocks(netlist, nets[:0], main)
    pin_net = np.where(np.isin(netlist.pin_net, nets), np.int32(main), netlist.pin_net)
    kept = np.array([name not in others for name in netlist.port_names])
    view = replace(
        netlist,
        pin_net=pin_net,
        port_names=tuple(name for name, keep in zip(netlist.port_names, kept, strict=True) if keep),
        port_direction=netlist.port_direction[kept],
        port_net=np.where(np.isin(netlist.port_net, nets), np.int32(main), netlist.port_net)[kept],
    )
    return TiedClocks(view, nets, main)
