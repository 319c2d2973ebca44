"""Invariants of the quota merge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import InvalidQuery
from aisle.recommendation.item_to_item.quota import Head, merge_by_quota

LIST = st.lists(st.sampled_from("abcdefghijkl"), max_size=12, unique=True)
ALPHA = st.floats(0, 100)
SIZE = st.integers(0, 30)


@given(LIST, LIST, ALPHA, SIZE)
def test_nothing_is_lost_twice_or_out_of_its_lists_order(
    engagement: list[str], relevance: list[str], alpha: float, size: int
) -> None:
    merged = merge_by_quota(engagement, relevance, alpha, size)
    ids = [place.id for place in merged]
    used = {*(engagement if alpha > 0 else ()), *(relevance if alpha < 100 else ())}
    assert len(ids) == len(set(ids)) == min(size, len(used)) and set(ids) <= used
    for head, listed in ((Head.ENGAGEMENT, engagement), (Head.RELEVANCE, relevance)):
        ranks = [place.rank for place in merged if place.head is head]
        assert ranks == sorted(ranks)
        assert [listed[rank - 1] for rank in ranks] == [place.id for place in merged if place.head is head]
        # What a head passed over was there already.
        for place in merged:
            if place.head is head:
                assert set(listed[: place.rank]) <= set(ids[: ids.index(place.id) + 1])


@given(ALPHA, SIZE)
def test_every_prefix_has_its_share(alpha: float, size: int) -> None:
    merged = merge_by_quota(range(30), range(30, 60), alpha, size)
    for length in range(1, size + 1):
        share = sum(place.head is Head.ENGAGEMENT for place in merged[:length])
        assert abs(share - length * alpha / 100) <= 0.5 + 1e-9


@given(LIST, LIST, ALPHA, SIZE, SIZE)
def test_a_shorter_merge_is_the_beginning_of_a_longer_one(
    engagement: list[str], relevance: list[str], alpha: float, size: int, more: int
) -> None:
    longer = merge_by_quota(engagement, relevance, alpha, size + more)
    assert merge_by_quota(engagement, relevance, alpha, size) == longer[:size]


@given(LIST, LIST, SIZE)
def test_the_ends_are_one_head_alone(engagement: list[str], relevance: list[str], size: int) -> None:
    assert [p.id for p in merge_by_quota(engagement, relevance, 100, size)] == engagement[:size]
    assert [p.id for p in merge_by_quota(engagement, relevance, 0, size)] == relevance[:size]


@given(LIST, st.floats(1, 99))
def test_a_head_without_a_list_leaves_its_places_to_the_other(listed: list[str], alpha: float) -> None:
    assert [place.id for place in merge_by_quota(listed, (), alpha, 12)] == listed
    assert [place.id for place in merge_by_quota((), listed, alpha, 12)] == listed


def test_half_and_half_takes_turns_and_counts_what_both_have_once() -> None:
    merged = merge_by_quota(["a", "b", "c"], ["a", "x", "b"], 50, 9)
    assert [(place.id, place.head.value, place.rank) for place in merged] == [
        ("a", "engagement", 1),
        ("x", "relevance", 2),
        ("b", "engagement", 2),
        ("c", "engagement", 3),
    ]


@pytest.mark.parametrize("alpha", [-1, 100.5, 101, math.nan, math.inf])
def test_an_alpha_that_is_no_percentage_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidQuery, match="is no percentage"):
        merge_by_quota("a", "b", alpha, 1)
