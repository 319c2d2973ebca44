"""One training example: a query and an item that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

UNJUDGED_GRADE = 3
"""Grade of a pair that no rater saw, as ``catalogue.read_review_queries`` gives a review's product."""


class Source(Enum):
    """Where a pair comes from."""

    JUDGMENTS = "judgments"
    REVIEWS = "reviews"
    SEQUENCES = "sequences"
    TITLES = "titles"


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and one relevant item.

    Attributes:
        query_id: one id, one text.
        query: encoder text, made by ``encoder.text``.
        item_id: an item of the training set's catalogue.
        grade: at least the training set's ``relevant``.
        source: where the pair comes from.
    """

    query_id: str
    query: str
    item_id: str
    grade: int
    source: Source
