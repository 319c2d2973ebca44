"""The same reviews asked in several ways: as written, under their headline, and without the title's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from training.pairs.review import Review
from training.pairs.review_options import ReviewOptions
from training.pairs.reviews import review_pairs
from training.pairs.training_set import TrainingSet

VIEWS = (
    ("plain", ReviewOptions()),
    ("headline", ReviewOptions(with_title=True)),
    ("masked", ReviewOptions(with_title=True, mask=True)),
)
"""Name of a view and how its queries are made."""


def review_views(
    reviews: Iterable[Review], items: Mapping[str, str], masked_only: bool = False
) -> TrainingSet:
    """Every view of every review, a query each; ids are ``<view>:<review>``.

    Args:
        reviews: of one split.
        items: the catalogue, id to encoder text.
        masked_only: leave the easy views out.

    Raises:
        InputError: no review is left.
    """
    rows = tuple(reviews)
    chosen = [(name, options) for name, options in VIEWS if options.mask or not masked_only]
    sets = [(name, review_pairs(rows, items, options)) for name, options in chosen]
    pairs = [replace(pair, query_id=f"{name}:{pair.query_id}") for name, own in sets for pair in own.pairs]
    first = sets[0][1]
    grades = {pair.query_id: {pair.item_id: pair.grade} for pair in pairs}
    return replace(first, pairs=tuple(pairs), grades=grades)
