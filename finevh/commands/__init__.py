"""One file per verb of the command line: argument types and printing; no physics."""
