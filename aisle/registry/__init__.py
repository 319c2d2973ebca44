"""Releases on record: what was served together, kept with its artifacts in a folder or an object store."""
