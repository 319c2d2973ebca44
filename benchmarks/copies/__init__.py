"""Benchmark of catalogues in which hundreds of items have the same text."""
