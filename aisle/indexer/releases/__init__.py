"""Releases of a catalogue: numbered indexes behind one alias."""
