"""The compiled sweeps over the graph, forward, backward and of required times, and the lanes they compute in."""
