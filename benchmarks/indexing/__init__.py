"""Indexing speed, against opensearch-py's helpers and the engine's ceiling."""
