"""The glitch simulator: every toggle of the data logic, between the settled values that the zero-delay simulator finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power.activity import Activity
from finevh.power.glitches import inertial_events
from finevh.power.glitches.delays import GlitchDelays
from finevh.power.glitches.sample import CycleSample, SettledRecorder
from finevh.power.glitches.wiring import TOGGLES, EventPlan, EventState, gate_pins, new_events, plan_events, wire_events
from finevh.power.simulation.simulator import Simulator
from finevh.power.simulation.stimulus import Stimulus
from finevh.technology.model import Int

__all__ = ["GlitchSimulator", "simulate_glitches", "with_glitches"]


class GlitchSimulator(Simulator):
    """A zero-delay simulator that is followed by event-driven ones, one for each set of delays.

    Each half cycle starts from the settled values before the clock edge. Registers, clock cells and ports, which the zero-delay
    simulator decides, change once, when the clock has come to them; between them every gate follows its inputs with its
    delays. So a path longer than the cycle ends in the next one's values all the same, and corrupts nothing. After every half
    cycle each net must have the zero-delay simulator's value.

    Attributes
    ----------
    pins
        What the outputs of the data logic depend on.
    missing
        Per set of delays, input pins of the netlist that took the delay of another pin of their cell.
    """

    def __init__(self, netlist: Netlist, clock: str | None, delays: Sequence[GlitchDelays]) -> None:
        """Wire the netlist for both simulators.

        Raises
        ------
        InputError
            As :class:`finevh.power.Simulator`.
        """
        self._followers: list[tuple[EventPlan, EventState]] = []
        super().__init__(netlist, clock)
        self.missing: tuple[Int, ...] = ()
        self.pins = gate_pins(self.network)
        wired = wire_events(self.network, self.pins)
        for one in delays:
            plan, missing = plan_events(wired, self.pins, one)
            self._followers.append((plan, new_events(plan, wired.gate)))
            self.missing = (*self.missing, missing)
        self._origin = [0] * len(self._followers)
        self._following = False
        self._followed = 0
        self._recorder: SettledRecorder | None = None

    def reset_counts(self) -> None:
        """Forget what was counted, and follow from here on."""
        super().reset_counts()
        self._record(0, 0)
        settled = self._settled
        for number, (plan, state) in enumerate(self._followers):
            inertial_events.start(plan, state, settled)
            self._origin[number] = 0
        self._following = True

    def stop_following(self) -> None:
        """Run on without delays: counts with glitches stay as they are until the next `reset_counts`."""
        self._following = False
        self._followed = self.cycle - self._first_cycle

    def record(self, cycle: Int) -> None:
        """Keep the settled values of some cycles, by their numbers after the next `reset_counts`."""
        self._recorder = SettledRecorder(cycle, self.network.netlist.n_nets)

    def sample(self) -> CycleSample:
        """Return what was kept of the cycles since the last `reset_counts`.

        Raises
        ------
        InputError
            If nothing was to be kept.
        """
        if self._recorder is None:
            raise InputError("no cycles were recorded; name them before the simulation")
        return self._recorder.sample(self.cycle - self._first_cycle if self._following else self._followed)

    def _record(self, moment: int, number: int) -> None:
        if self._recorder is not None:
            self._recorder.keep(moment, number, self._settled)

    @property
    def _settled(self) -> NDArray[np.uint8]:
        return self.state.value[: self.network.netlist.n_nets]

    def _follow(self) -> None:
        settled = self._settled
        for number, (plan, state) in enumerate(self._followers):
            status, self._origin[number] = inertial_events.settle(plan, state, settled, self._origin[number])
            if status != inertial_events.SETTLED:
                raise self._differs(status)

    def _differs(self, status: int) -> InputError:
        netlist = self.network.netlist
        if status == inertial_events.OSCILLATES:
            return InputError(
                f"with delays, a combinational loop oscillates in cycle {self.cycle}; break it, or simulate without glitches"
            )
        return InputError(
            f"net {netlist.net_names[status]} settles in cycle {self.cycle} at another value than without delays: it is part of"
            " a combinational loop that remembers; break it, or simulate without glitches"
        )

    def fall(self) -> None:
        """Follow the rising edge, lower the clock, end the cycle and follow the falling edge."""
        if not self._following:
            super().fall()
            return
        number = self.cycle - self._first_cycle
        self._follow()
        self._record(1, number)
        super().fall()
        if self.network.clock_net >= 0:
            self._follow()
        self._record(2, number)
        self._record(0, number + 1)

    def missing_names(self, number: int = 0) -> list[str]:
        """``instance/pin`` of the pins of :attr:`missing` for one set of delays."""
        netlist = self.network.netlist
        return [
            f"{netlist.instance_names[netlist.pin_cell[pin]]}/{netlist.cells.pin_name[netlist.pin_type[pin]]}"
            for pin in self.missing[number]
        ]

    def toggles(self) -> list[NDArray[np.int64]]:
        """Toggles of each net (n_net) since the last `reset_counts`, glitches among them, for each set of delays."""
        return [counted.astype(np.int64) for counted in self.counting]

    @property
    def counting(self) -> list[NDArray[np.int32]]:
        """The counters (n_net) themselves, which go on."""
        return [state.gate[:, TOGGLES] for _, state in self._followers]


def with_glitches(activity: Activity, toggles: NDArray[np.int64]) -> Activity:
    """The activity of a zero-delay simulation with the toggles (n_net) that delays add, counted in the same cycles.

    Probabilities and patterns stay those of the settled values: a glitch is short.
    """
    rate = toggles / activity.cycles
    return replace(activity, toggle_rate=rate, glitch_rate=rate - activity.toggle_rate, toggles=toggles)


def simulate_glitches(
    netlist: Netlist, stimulus: Stimulus, cycles: int, delays: Sequence[GlitchDelays], *, warmup: int = 0
) -> tuple[Activity, list[Activity]]:
    """Simulate a netlist without delays, and with each of several sets of delays.

    Parameters
    ----------
    stimulus, cycles, warmup
        As :func:`finevh.power.simulate`.

    Returns
    -------
    Activity
        Without delays.
    list of Activity
        With the glitches that each set of delays makes.

    Raises
    ------
    InputError
        As :func:`finevh.power.simulate`; or if a net settles at another value with delays, naming it and the cycle.
    """
    simulator = GlitchSimulator(netlist, stimulus.clock, delays)
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, warmup)
    simulator.reset_counts()
    simulator.run(stimulus, cycles)
    settled = simulator.activity()
    return settled, [with_glitches(settled, toggles) for toggles in simulator.toggles()]
