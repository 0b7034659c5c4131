"""Cross-voltage multipliers made up for tests: one number per (corner, driver Vdd, table)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from finevh.technology.model import CrossVoltage, Technology


def with_cross(technology: Technology, seed: int = 0) -> Technology:
    """The technology with constant multipliers between 0.7 and 1.6 for every pair of supplies."""
    rng = np.random.default_rng(seed)
    n_corner, n_vdd, n_table = len(technology.corners.vdd), len(technology.vdds), technology.corners.table_x.shape[1]
    shape = (n_corner, n_vdd, n_table)
    pool = np.concatenate([[0.0], rng.uniform(0.7, 1.6, size=int(np.prod(shape)))])
    zero, one = np.zeros(shape, dtype=np.int64), np.ones(shape, dtype=np.int32)
    cross = CrossVoltage(
        leakage_offset=np.full((n_corner, n_vdd), -1, dtype=np.int64),
        leakage_k=np.zeros(0, dtype=np.float32),
        delay_x=zero,
        delay_nx=one,
        delay_y=zero,
        delay_ny=one,
        delay_v=1 + np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape),
        pool=pool,
        noise_margin=np.full((n_corner, n_vdd, len(technology.cells.names)), np.nan),
    )
    return replace(technology, cross=cross)
