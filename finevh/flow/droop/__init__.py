"""Rails that droop: what every tile loses under its programs, and operating points that meet their clock there."""
