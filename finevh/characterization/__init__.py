"""Transistor netlists in, records of measured cells out: ngspice decks, the stimulus, and what is read from waveforms.

`characterize` runs a whole technology; `load_record` reads what it wrote.
"""

from __future__ import annotations

from finevh.characterization.record import CellRecord, load_record, record_path, save_record

__all__ = ["CellRecord", "load_record", "record_path", "save_record"]
