"""How parasitics act on delays."""

from __future__ import annotations

from enum import IntEnum

from finevh.errors import InputError


class WireModel(IntEnum):
    """Model of a net; odd ones need no reduction of small nets' trees but the shared resistances of their sinks."""

    LUMPED = 0
    """No wires: nets are their pins' capacitance."""
    ELMORE = 1
    """The whole capacitance loads the driver, sinks see Elmore delays."""
    CEFF = 2
    """Effective capacitance of each arc, and its waveform at each sink."""
    SHIELDED = 3
    """One effective capacitance per net and edge."""

    @classmethod
    def named(cls, name: str) -> WireModel:
        """The model of a name that users write.

        Raises
        ------
        InputError
            If there is no such model.
        """
        known = [model.name.lower() for model in cls if model is not cls.LUMPED]
        if name not in known:
            raise InputError(f"wire_model '{name}' is not known: {', '.join(known)}")
        return cls[name.upper()]


LUMPED, ELMORE, CEFF, SHIELDED = (int(model) for model in WireModel)
