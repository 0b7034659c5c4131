"""The layout, and the operating points once more, by OpenROAD in place of the embedded engine."""
