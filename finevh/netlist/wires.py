"""Wire parasitics as columns: one RC tree per net; what SPEF holds and what a placement estimate makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real


@dataclass(frozen=True)
class Wires:
    """RC trees of all nets in CSR form.

    Nodes of net ``n`` are ``node_ptr[n]:node_ptr[n + 1]``; the first is the driver's pin (or input port), parents precede
    children. A net without nodes is a lumped zero. Pin capacitance is not included.
    """

    node_ptr: Int
    """(n_net + 1)."""
    node_parent: Int
    """(n_node) global row of the parent, -1 at the root."""
    node_res: Real
    """(n_node) kOhm to the parent."""
    node_cap: Real
    """(n_node) fF to ground."""
    pin_node: Int
    """(n_pin) node of each netlist pin, -1 where the tree does not name it."""
    port_node: NDArray[np.int32]
    """(n_port) node of each port."""
    length: Real
    """(n_net) um, nan where read from SPEF."""
