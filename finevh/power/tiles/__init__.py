"""Power and energy by tile: what each switches and draws, cycle by cycle or as terms of a map."""
