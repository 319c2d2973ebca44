"""Trains sequence models of what users take next, and routers over semantic IDs."""
