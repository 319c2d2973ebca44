"""What the index of suggestions holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SuggestionReport:
    """What can be suggested.

    Attributes:
        popular, titles: queries that shoppers asked, and phrases of titles.
        categories, brands: that have an item.
        dropped: reason to the number of popular queries that are not suggested.
        seconds: to make the index.
    """

    popular: int
    titles: int
    categories: int
    brands: int
    dropped: Mapping[str, int]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)
