"""Which ways there are to answer a search in the time that is left."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from aisle.search import GroupOptions, RerankOptions, SearchRequest
from aisle.service.degrading import attempts

LEGS = ("bm25", "dense")
RERANKED = SearchRequest("oak", rerank=RerankOptions(), filters=None, size=7)


def ways(
    request: SearchRequest,
    pressure: float,
    left: float,
    legs: tuple[str, ...] = LEGS,
    *,
    ranks: bool = False,
) -> list[str]:
    found = attempts(request, legs, pressure, left, ranks=ranks)
    return ["+".join(each.left_out) or "whole" for each in found]


@pytest.mark.parametrize(
    ("pressure", "left", "expected"),
    [
        (0.0, 1.0, ["whole", "rerank", "rerank+meaning", "rerank+meaning+extras"]),
        (0.3, 1.0, ["rerank", "rerank+meaning", "rerank+meaning+extras"]),
        (0.0, 0.6, ["rerank", "rerank+meaning", "rerank+meaning+extras"]),
        (0.5, 1.0, ["rerank+meaning", "rerank+meaning+extras"]),
        (0.0, 0.2, ["rerank+meaning", "rerank+meaning+extras"]),
        (0.8, 1.0, ["rerank+meaning+extras"]),
        (0.0, 0.05, ["rerank+meaning+extras"]),
    ],
)
def test_the_less_time_the_more_is_left_out(pressure: float, left: float, expected: list[str]) -> None:
    assert ways(RERANKED, pressure, left) == expected


@pytest.mark.parametrize(
    ("pressure", "left", "expected"),
    [
        (
            0.0,
            1.0,
            ["whole", "rerank", "rerank+ranker", "rerank+ranker+meaning", "rerank+ranker+meaning+extras"],
        ),
        (0.3, 1.0, ["rerank", "rerank+ranker", "rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
        (0.0, 0.6, ["rerank", "rerank+ranker", "rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
        (0.35, 1.0, ["rerank+ranker", "rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
        (0.0, 0.4, ["rerank+ranker", "rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
        (0.5, 1.0, ["rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
        (0.0, 0.2, ["rerank+ranker+meaning", "rerank+ranker+meaning+extras"]),
    ],
)
def test_a_ranker_goes_after_reranking_and_before_meaning(
    pressure: float, left: float, expected: list[str]
) -> None:
    assert ways(RERANKED, pressure, left, ranks=True) == expected
    asked = {each.request.ranker for each in attempts(RERANKED, LEGS, pressure, left, ranks=True)}
    assert asked <= {None, False} and (None in asked) == (expected[0] in ("whole", "rerank"))


def test_a_ranker_that_orders_nothing_is_not_left_out() -> None:
    for request in (
        SearchRequest("oak", ranker=False),
        SearchRequest("oak", sort="price"),
        SearchRequest("", browse=True),
    ):
        assert not any("ranker" in way for way in ways(request, 1.0, 1.0, ranks=True)), request
    assert ways(SearchRequest("oak"), 1.0, 1.0, ("bm25",), ranks=True) == ["ranker+extras"]


def test_every_search_can_be_answered_in_some_way_and_keeps_what_it_asks() -> None:
    plain = SearchRequest("oak", page=2)
    requests = (plain, RERANKED, SearchRequest("", browse=True), replace(plain, legs=("dense",)))
    for request, pressure, left, legs, ranks in itertools.product(
        requests, (0.0, 1.0), (-1.0, 1.0), (LEGS, ("bm25",), ("dense",)), (False, True)
    ):
        found = list(attempts(request, legs, pressure, left, ranks=ranks))
        assert found
        for each in found:
            assert (each.request.text, each.request.size, each.request.page, each.request.browse) == (
                request.text,
                request.size,
                request.page,
                request.browse,
            )


def test_words_alone_are_no_less_where_there_is_nothing_else() -> None:
    assert ways(SearchRequest("oak"), 0.5, 0.2, ("bm25",)) == ["whole", "extras"]
    assert ways(SearchRequest("oak", group=GroupOptions()), 1.0, 0.0, ("bm25",)) == ["whole"]
    assert ways(SearchRequest("oak", legs=("dense",)), 1.0, 0.0) == ["whole"]
    assert ways(SearchRequest("", browse=True), 1.0, 0.0) == ["whole"]
