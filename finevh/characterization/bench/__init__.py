"""The test bench: stimuli and decks in, ngspice, what waveforms say out."""
