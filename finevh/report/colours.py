"""How schemes, variants and voltages look: one palette for pictures, pages, light and dark ground."""

from __future__ import annotations

SCHEME_STYLE = {
    "ideal-dvfs": ("Ideal-DVFS", "#7f7f7f", "--", ""),
    "vdd-hopping": ("Vdd-hopping", "#d55e00", "-", "s"),
    "vdd-dithering": ("Vdd-dithering", "#cc79a7", "-", "^"),
    "fine-vh": ("FINE-VH", "#0072b2", "-", "o"),
}
"""Label, colour, line and marker; the colours (Okabe and Ito, 2008) stay apart for colour-blind eyes."""
DARK_COLOUR = {"ideal-dvfs": "#b8b8b8", "vdd-hopping": "#e69f00", "vdd-dithering": "#cc79a7", "fine-vh": "#56b4e9"}
"""The same on dark ground, from the same palette."""
VARIANT_LABEL = {"pb0": "no bias", "pb": "poly-bias", "vt": "Vth offset"}
WARNING_COLOUR = "#d6404e"
"""Of what is no measurement, or fails."""
LOW_COLOUR, HIGH_COLOUR = "#9ecae9", "#d55e00"
"""Of a tile at VddL and at VddH."""
_LOW_DARK, _HIGH_DARK = "#2c5f86", "#e07b2a"


def rail_variables() -> str:
    """CSS variables ``--low`` and ``--high``: the colours of the rails, on light and on dark ground."""
    light, dark = (
        f":root {{ --low: {a}; --high: {b}; }}" for a, b in ((LOW_COLOUR, HIGH_COLOUR), (_LOW_DARK, _HIGH_DARK))
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n"
