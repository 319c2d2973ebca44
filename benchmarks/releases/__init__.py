"""Releases: faults that must not go live, releases that must, and the way back."""
