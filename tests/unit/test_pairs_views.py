"""One review, asked in several ways."""

from __future__ import annotations

import pytest

from aisle.errors import InputError
from aisle.training.data.review_pairs import VIEWS, review_views
from aisle.training.data.reviews import Review

ITEMS = {"i1": "Acme Velvet Lipstick", "i2": "Acme Hair Clip"}
REVIEWS = [
    Review(
        "r1",
        "i1",
        "Acme Velvet Lipstick",
        "Lovely lipstick",
        "This velvet lipstick stays on all day long.",
        5.0,
    ),
    Review(
        "r2", "i2", "Acme Hair Clip", "", "The clip holds my thick hair without slipping out at all.", 4.0
    ),
]


def test_every_view_is_a_query_of_its_own() -> None:
    data = review_views(REVIEWS, ITEMS)
    assert len(data.pairs) == len(REVIEWS) * len(VIEWS)
    assert len(data.queries) == len(data.pairs)
    assert data.queries["plain:r1"] == "This velvet lipstick stays on all day long."
    assert data.queries["headline:r1"].startswith("Lovely lipstick. This velvet")
    masked = data.queries["masked:r1"].lower()
    assert "velvet" not in masked
    assert "lipstick" not in masked
    assert "stays on all day" in masked
    assert all(data.positives(pair.query_id) == {pair.item_id} for pair in data.pairs)


def test_masked_only_leaves_the_easy_views_out() -> None:
    data = review_views(REVIEWS, ITEMS, masked_only=True)
    assert {query.partition(":")[0] for query in data.queries} == {"masked"}


def test_no_usable_review_is_an_error() -> None:
    with pytest.raises(InputError):
        review_views([Review("r", "i1", "Acme Velvet Lipstick", "", "ok", 5.0)], ITEMS)
