"""Saved objects of OpenSearch Dashboards, one a line: index patterns, visualisations, boards."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

_FILE: Final = "aisle.ndjson"


def saved_objects() -> bytes:
    """The file that Dashboards imports."""
    return (files(__name__) / _FILE).read_bytes()
