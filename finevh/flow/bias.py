"""The poly-bias stage: the variant of every cell for each set that the flow names."""

from __future__ import annotations

import numpy as np

from finevh.flow.artifacts import load_netlist, save_variants
from finevh.flow.inputs import technology_of
from finevh.flow.stage import Metrics, StageContext


def run_polybias_stage(context: StageContext) -> Metrics:
    """No bias (``pb0``) and the three-stage assignment of each further set."""
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["optimize"], technology)
    save_variants(context.directory, {"pb0": np.zeros(netlist.n_cells, dtype=np.int8)})
    return {}
