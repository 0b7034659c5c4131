"""The files by which stages hand data on: columns for the next stage, standard formats beside them for people."""
