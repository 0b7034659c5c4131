"""The compiled sweeps over the graph, and the lanes they compute in."""
