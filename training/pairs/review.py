"""One review."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Review:
    """What a buyer wrote about an item.

    Attributes:
        id: ``user:item:timestamp``; where no user is known, a hash of item and text.
        item_id: the item's id; where the data has none, its title.
        item_title: where the file of reviews names it, else empty.
        title: the review's own headline, may be empty.
        text: cleaned: one line, no tags, no HTML entities.
        rating: stars, or None.
    """

    id: str
    item_id: str
    item_title: str
    title: str
    text: str
    rating: float | None
