"""finevh: from RTL to power-against-frequency curves under ultra-fine grain Vdd-hopping."""

__version__ = "0.1.0"
