"""Layouts and power intents as text: DEF and UPF, written and read."""
