"""Cells as transistor networks: the cell table, foreign netlists, their logic."""
