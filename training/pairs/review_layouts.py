"""Which columns hold what, for each kind of file of reviews."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReviewLayout:
    """Column names of one kind of file; empty where it has none."""

    item: str
    title: str
    text: str
    rating: str
    user: str = ""
    stamp: str = ""
    item_title: str = ""

    @property
    def required(self) -> frozenset[str]:
        """Columns that tell the layout."""
        return frozenset(filter(None, (self.item, self.title, self.text, self.user, self.stamp)))


LAYOUTS: tuple[ReviewLayout, ...] = (
    # Amazon Reviews 2023 as published (Hou et al., arXiv 2403.03952).
    ReviewLayout("parent_asin", "title", "text", "rating", user="user_id", stamp="timestamp"),
    # The same with plain names.
    ReviewLayout("item_id", "review_title", "review", "rating", user="user_id", stamp="timestamp_ms"),
    # No ids at all: the item's title is the item.
    ReviewLayout("item_title", "review_title", "review", "rating", item_title="item_title"),
)


def layout_of(columns: Collection[str]) -> ReviewLayout | None:
    """The first layout whose columns are all there."""
    return next((layout for layout in LAYOUTS if layout.required <= set(columns)), None)
