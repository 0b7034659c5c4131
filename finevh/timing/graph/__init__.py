"""The graph of a netlist: its structure and levels, what constraints bind to it, and the arrays that the sweeps walk."""
