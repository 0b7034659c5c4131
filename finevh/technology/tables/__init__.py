"""Tables of delay and energy: look-up, one and compiled, weighted sums, and many in one array."""
