"""Generated scripts held against what OpenROAD knows: every command, their order, and the power grid they ask for."""
