"""The graph of a netlist as the sweeps walk it."""
