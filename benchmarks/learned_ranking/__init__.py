"""Learned ranking: a shop that has trained nothing but a ranker, and a catalogue that this has not seen."""
