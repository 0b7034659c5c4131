"""Switching activity: toggles and pattern probabilities of a netlist, and how they spread where nothing was observed."""

from finevh.power.activity.model import (
    Activity,
    activity_from_patterns,
    activity_from_probabilities,
    merge_activities,
    pattern_offsets,
)

__all__ = [
    "Activity",
    "activity_from_patterns",
    "activity_from_probabilities",
    "merge_activities",
    "pattern_offsets",
]
