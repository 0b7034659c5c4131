"""Tests of the generated Tcl, its check, its runs."""
