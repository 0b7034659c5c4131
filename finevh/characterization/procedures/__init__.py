"""One file per measured quantity, for combinational and sequential cells alike: a combinational cell stores nothing."""
