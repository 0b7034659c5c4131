"""The line of stations: stages in order, run directory, content-hash resume, provenance."""
