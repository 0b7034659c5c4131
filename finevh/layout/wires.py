"""From a placement to RC trees: a Steiner tree per net, resistance and capacitance of each edge from the layers it runs on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.placement import Placement
from finevh.layout.steiner import build_trees
from finevh.layout.terminals import Terminals, net_terminals, terminal_positions
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import Int, Layer, Real, Technology

SIGNAL_LAYER = 2
"""Third routing layer: the usual signal layer of an estimate before routing (metal3 in a 45 nm stack)."""


@dataclass(frozen=True)
class WireLayers:
    """Layers that horizontal and vertical pieces of a net run on."""

    horizontal: Layer
    vertical: Layer


def signal_layers(technology: Technology, name: str | None = None) -> WireLayers:
    """Return the layers of the estimate: ``name`` or the third routing layer, in both directions.

    Raises
    ------
    InputError
        If the technology has no such layer, or it has no resistance and capacitance.
    """
    known = {layer.name: layer for layer in technology.layers}
    if name is None:
        if len(technology.layers) <= SIGNAL_LAYER:
            raise InputError(
                f"technology '{technology.name}' has fewer than three routing layers: name the signal layer"
            )
        name = technology.layers[SIGNAL_LAYER].name
    if name not in known:
        raise InputError(f"technology '{technology.name}' has no layer '{name}'; it has {', '.join(known)}")
    if not known[name].resistance > 0 or not known[name].capacitance > 0:
        raise InputError(f"technology '{technology.name}': layer '{name}' has no resistance or capacitance")
    return WireLayers(known[name], known[name])


@dataclass(frozen=True)
class _Forest:
    """Trees of some nets: node counts per net, columns of all nodes, local node of each terminal."""

    count: NDArray[np.int64]
    parent: NDArray[np.int64]
    x: Real
    y: Real
    terminal_node: NDArray[np.int64]


def steiner_trees(terminals: Terminals, x: Real, y: Real) -> _Forest:
    """Build the Steiner trees of nets given the places of their terminals, um; ``parent`` is local to the net."""
    out_ptr = 2 * terminals.ptr
    room = int(out_ptr[-1])
    parent = np.empty(room, dtype=np.int64)
    node_x, node_y = np.empty(room), np.empty(room)
    terminal_node = np.empty(len(x), dtype=np.int64)
    build_trees(terminals.ptr, x, y, out_ptr, parent, node_x, node_y, terminal_node)
    used = parent > -2
    total = np.concatenate([[0], np.cumsum(used)])
    return _Forest(total[out_ptr[1:]] - total[out_ptr[:-1]], parent[used], node_x[used], node_y[used], terminal_node)


def _as_wires(netlist: Netlist, terminals: Terminals, forest: _Forest, layers: WireLayers) -> Wires:
    """Turn the trees of ``terminals.nets`` (all nets, in order) into RC: each edge's capacitance is shared by its ends."""
    node_ptr = np.concatenate([[0], np.cumsum(forest.count)])
    base = np.repeat(node_ptr[:-1], forest.count)
    parent = np.where(forest.parent >= 0, forest.parent + base, -1)
    up = np.where(parent >= 0, parent, np.arange(len(parent)))
    dx, dy = abs(forest.x - forest.x[up]), abs(forest.y - forest.y[up])
    half = (layers.horizontal.capacitance * dx + layers.vertical.capacitance * dy) / 2
    cap = half + np.bincount(up, weights=half, minlength=len(half))
    net_of = np.repeat(np.arange(len(forest.count)), forest.count)
    pin_node = np.full(len(netlist.pin_net), -1, dtype=np.int32)
    port_node = np.full(len(netlist.port_net), -1, dtype=np.int32)
    node = forest.terminal_node + np.repeat(node_ptr[:-1], np.diff(terminals.ptr))
    is_pin = terminals.what >= 0
    pin_node[terminals.what[is_pin]] = node[is_pin]
    port_node[-1 - terminals.what[~is_pin]] = node[~is_pin]
    return Wires(
        node_ptr=node_ptr.astype(np.int32),
        node_parent=parent.astype(np.int32),
        node_res=layers.horizontal.resistance * dx + layers.vertical.resistance * dy,
        node_cap=cap,
        pin_node=pin_node,
        port_node=port_node,
        length=np.asarray(np.bincount(net_of, weights=dx + dy, minlength=len(forest.count)), dtype=np.float64),
    )


def estimate_wires(
    netlist: Netlist, technology: Technology, placement: Placement, layers: WireLayers | None = None
) -> Wires:
    """Estimate the wires of every net of a placed netlist.

    Parameters
    ----------
    layers : WireLayers, optional
        Default :func:`signal_layers`.

    Returns
    -------
    Wires
        Resistance, kOhm, and capacitance, fF, of rectilinear Steiner trees; pins lie at their cells' centres.
    """
    layers = layers or signal_layers(technology)
    terminals = net_terminals(netlist)
    x, y = terminal_positions(netlist, technology, placement, terminals.what)
    return _as_wires(netlist, terminals, steiner_trees(terminals, x, y), layers)


def update_wires(
    wires: Wires,
    netlist: Netlist,
    technology: Technology,
    placement: Placement,
    nets: Int,
    layers: WireLayers | None = None,
) -> Wires:
    """Estimate again only ``nets`` (and nets that ``wires`` does not know yet); all others keep their trees.

    Parameters
    ----------
    wires : Wires of an earlier state of the netlist whose nets, pins and ports keep their rows (edits append).
    nets : rows of nets whose cells moved or whose pins changed.
    """
    layers = layers or signal_layers(technology)
    known = len(wires.length)
    fresh = np.union1d(np.asarray(nets, dtype=np.int32), np.arange(known, netlist.n_nets, dtype=np.int32)).astype(
        np.int32
    )
    terminals = net_terminals(netlist, fresh)
    x, y = terminal_positions(netlist, technology, placement, terminals.what)
    part = _as_wires(netlist, terminals, steiner_trees(terminals, x, y), layers)
    is_fresh = np.zeros(netlist.n_nets, dtype=bool)
    is_fresh[fresh] = True
    count = np.zeros(netlist.n_nets, dtype=np.int64)
    count[:known] = np.diff(wires.node_ptr)
    count[fresh] = np.diff(part.node_ptr)
    node_ptr = np.concatenate([[0], np.cumsum(count)])
    # Rows of the old and of the fresh nodes in the new columns.
    old_keep = np.repeat(~is_fresh[:known], np.diff(wires.node_ptr))
    old_shift = np.repeat(node_ptr[:known] - wires.node_ptr[:-1], np.diff(wires.node_ptr)).astype(np.int64)
    new_shift = np.repeat(node_ptr[fresh] - part.node_ptr[:-1], np.diff(part.node_ptr)).astype(np.int64)
    old_row = (np.arange(len(old_keep)) + old_shift)[old_keep]
    new_row = np.arange(len(new_shift)) + new_shift

    def splice(old: NDArray[np.generic], new: NDArray[np.generic]) -> NDArray[np.generic]:
        merged = np.empty(int(node_ptr[-1]), dtype=old.dtype)
        merged[old_row], merged[new_row] = old[old_keep], new
        return merged

    def moved(node: Int, shift: NDArray[np.int64]) -> Int:
        return np.where(node >= 0, node + shift[np.clip(node, 0, None)] if len(shift) else node, -1).astype(np.int32)

    parent_old = np.where(wires.node_parent >= 0, wires.node_parent + old_shift, -1)
    parent_new = np.where(part.node_parent >= 0, part.node_parent + new_shift, -1)
    pin_node = np.full(len(netlist.pin_net), -1, dtype=np.int32)
    pin_node[: len(wires.pin_node)] = moved(wires.pin_node, old_shift)
    port_node = moved(wires.port_node, old_shift)
    touched_pin = (netlist.pin_net != NO_NET) & is_fresh[netlist.pin_net]
    touched_port = (netlist.port_net != NO_NET) & is_fresh[netlist.port_net]
    pin_node[touched_pin] = moved(part.pin_node, new_shift)[touched_pin]
    pin_node[netlist.pin_net == NO_NET] = -1
    port_node[touched_port] = moved(part.port_node, new_shift)[touched_port]
    length = np.zeros(netlist.n_nets)
    length[:known] = wires.length
    length[fresh] = part.length
    return replace(
        wires,
        node_ptr=node_ptr.astype(np.int32),
        node_parent=np.asarray(splice(parent_old.astype(np.int32), parent_new.astype(np.int32)), dtype=np.int32),
        node_res=np.asarray(splice(wires.node_res, part.node_res), dtype=np.float64),
        node_cap=np.asarray(splice(wires.node_cap, part.node_cap), dtype=np.float64),
        pin_node=pin_node,
        port_node=port_node,
        length=length,
    )


def nets_of_cells(netlist: Netlist, cells: Int) -> Int:
    """Return the nets on the pins of ``cells``, ascending: what to estimate again after these cells moved."""
    touched = np.zeros(netlist.n_cells, dtype=bool)
    touched[cells] = True
    nets = netlist.pin_net[touched[netlist.pin_cell]]
    return np.unique(nets[nets != NO_NET]).astype(np.int32)
