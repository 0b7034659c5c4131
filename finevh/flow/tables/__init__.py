"""Tables beside the operating points: clock, glitches, tiles, paths, programs."""
