"""Latency of searches against the server's own time."""
