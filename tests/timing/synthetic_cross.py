"""Cross-voltage derates made up for tests: one number per (corner, driver Vdd, table)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from finevh.technology.model import CrossVoltage, Technology


def with_cross(technology: Technology, seed: int = 0) -> Technology:
    """The technology with constant shifts of -8 to 16 ps and slew factors of 0.7 to 1.6 for every pair of supplies."""
    rng = np.random.default_rng(seed)
    n_corner, n_vdd, n_table = len(technology.corners.vdd), len(technology.vdds), technology.corners.table_x.shape[1]
    shape = (n_corner, n_vdd, n_table)
    values = rng.uniform(0.7, 1.6, size=shape)
    delays = technology.cells.arc_table[:, :2]
    values[:, :, delays[delays >= 0]] = rng.uniform(-8.0, 16.0, size=(n_corner, n_vdd, int((delays >= 0).sum())))
    pool = np.concatenate([[0.0], values.ravel()])
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
