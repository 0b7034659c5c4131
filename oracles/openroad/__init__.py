"""Scripts of the flow for OpenROAD: a mesh to render, faults to seed, and the files that the real tool wrote in one run."""
