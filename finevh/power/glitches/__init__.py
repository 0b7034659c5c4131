"""Glitches: an event-driven simulation with the delays of a timing state between the settled values of the zero-delay one."""

from finevh.power.glitches.cycle_counts import CycleCounts
from finevh.power.glitches.delays import TICKS_PER_PS, DelayArcs, GlitchDelays, delay_arcs, delays_of, uniform_delays
from finevh.power.glitches.parallel_cycles import CYCLES
from finevh.power.glitches.sample import CycleSample, Replayed, Replayer, ReplayNetwork, draw_cycles
from finevh.power.glitches.simulator import GlitchSimulator, simulate_glitches, with_glitches

__all__ = [
    "CYCLES",
    "TICKS_PER_PS",
    "CycleCounts",
    "CycleSample",
    "DelayArcs",
    "GlitchDelays",
    "GlitchSimulator",
    "ReplayNetwork",
    "Replayed",
    "Replayer",
    "delay_arcs",
    "delays_of",
    "draw_cycles",
    "simulate_glitches",
    "uniform_delays",
    "with_glitches",
]
