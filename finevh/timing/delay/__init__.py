"""Delay models of the forward sweep, one a file."""
