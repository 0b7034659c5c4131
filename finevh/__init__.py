"""finevh: from RTL to power-against-frequency curves under ultra-fine grain Vdd-hopping.

``open_run`` opens a finished run, ``run_flow`` makes one, ``voltage_map`` makes a map to try on its designs; see
:mod:`finevh.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh import version

if TYPE_CHECKING:
    from finevh.api import open_run, run_flow, voltage_map


__version__ = version.VERSION
__all__ = ["__version__", "open_run", "run_flow", "voltage_map"]


def __getattr__(name: str) -> object:
    """Import the engines when they are first asked for: ``import finevh`` alone is quick."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from finevh import api

    return getattr(api, name)
