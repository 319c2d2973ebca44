"""What a search made of words that no item has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correction:
    """Attributes:
    text: the query that was searched instead.
    words: word as it was typed to the word that was searched.
    """

    text: str
    words: Mapping[str, str]
