"""finevh: from RTL to power-against-frequency curves under ultra-fine grain Vdd-hopping.

``open_run`` opens a finished run, ``run_flow`` makes one, ``voltage_map`` makes a map to try on its designs; see
:mod:`finevh.api`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from finevh import version

if TYPE_CHECKING:
    from finevh.api import open_run, run_flow, voltage_map


def _keep_kernels() -> None:
    """Have numba, which is imported later, keep our kernels by the digest of their sources; others as it would."""
    ours = "finevh.base.kernel_cache.KernelLocator"
    usual = "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,IPythonCacheLocator,ZipCacheLocator"
    asked = os.environ.get("NUMBA_CACHE_LOCATOR_CLASSES") or usual
    if ours not in asked.split(","):
        os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = f"{ours},{asked}"
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_LOCATOR_CLASSES = os.environ["NUMBA_CACHE_LOCATOR_CLASSES"]


_keep_kernels()
__version__ = version.VERSION
__all__ = ["__version__", "open_run", "run_flow", "voltage_map"]


def __getattr__(name: str) -> object:
    """Import the engines when they are first asked for: ``import finevh`` alone is quick."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from finevh import api

    return getattr(api, name)
