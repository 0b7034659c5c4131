"""The variant of every cell in each variant set, between stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def save_variants(directory: Path, variants: dict[str, NDArray[np.int8]]) -> None:
    """Write the variant of each cell (n_cell,) of each variant set."""
    for name, column in variants.items():
        np.save(directory / f"variants-{name}.npy", column)


def load_variants(directory: Path) -> dict[str, NDArray[np.int8]]:
    """Read what :func:`save_variants` wrote."""
    return {path.stem.removeprefix("variants-"): np.load(path) for path in sorted(directory.glob("variants-*.npy"))}
