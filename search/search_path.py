"""The way a search took to its results."""

from __future__ import annotations

from enum import Enum


class SearchPath(Enum):
    """What decided which results come first."""

    LEGS = "legs"
    """The fused legs alone: what most queries take."""
    CORRECTED = "corrected"
    """The fused legs, asked again without the words that no item has."""
    EXACT = "exact"
    """Items that the query names, by id or part number, come first, or alone."""
