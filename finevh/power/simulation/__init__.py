"""The gate-level logic simulator: a netlist wired for it, its kernels, and what drives the ports of a design."""
