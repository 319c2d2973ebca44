"""Experiments in the service: which arm answers a search, and what a shadow would have answered."""
