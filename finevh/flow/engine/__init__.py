"""The engine of the flow: stages keyed by content, run directory, resume, progress, provenance; it knows no stage by name."""
