"""Supply nets of a layout: the metal of the grids as drawn, the proof that it is connected and free of shorts, the Vdd-MUXes."""
