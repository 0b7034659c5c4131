"""Activity from what others recorded: VCD and SAIF, and the names of a recording onto nets."""
