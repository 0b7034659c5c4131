"""Ground floor: what knows nothing of chips."""
