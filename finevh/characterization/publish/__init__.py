"""The views of a technology made from records: Liberty, cross-voltage file, LEF, Verilog."""
