"""A fuzz program over all readers and over the command line: ``python -m tests.fuzz --help``."""
