"""Generated Tcl for OpenROAD: rendering, checking, running; and technologies made from open platform folders."""
