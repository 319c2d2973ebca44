"""What a caller writes by hand into a request and into filters, as Python takes it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from aisle.errors import InputError, InvalidQuery
from aisle.mappings import FusionSpec, default_fusion, fields
from aisle.search import (
    FacetOptions,
    Filters,
    GroupOptions,
    Near,
    RerankOptions,
    SearchRequest,
    Sort,
)
from aisle.search.filters import MAX_VALUES
from aisle.search.recommend.request import RecommendationRequest
from aisle.search.suggest import SuggestRequest

LEGS = ("bm25", "dense")


def test_a_list_of_legs_is_that_of_the_fusion() -> None:
    listed = cast("tuple[str, ...]", list(LEGS))

    request = SearchRequest("drill", legs=listed, fusion=default_fusion(LEGS))

    assert request.legs == LEGS
    assert hash(SearchRequest("drill", legs=listed).legs) == hash(LEGS)


def test_a_list_of_other_legs_than_the_fusions_is_still_refused() -> None:
    fusion: FusionSpec = default_fusion(LEGS)

    with pytest.raises(InputError, match="are not those of the fusion"):
        SearchRequest("drill", legs=cast("tuple[str, ...]", ["bm25"]), fusion=fusion)


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ({"filters": {"brand": "Norvik"}}, "filters=aisle.Filters("),
        ({"boosts": {"popularity": 0.3}}, "boosts=aisle.SignalBoosts("),
        ({"group": True}, "group=aisle.GroupOptions("),
        ({"rerank": "reranker"}, "rerank=aisle.RerankOptions("),
        ({"facets": True}, "facets=5"),
        ({"facets": ["brand"]}, "aisle.FacetOptions("),
    ],
)
def test_an_option_of_another_type_is_refused_with_the_right_one(wrong: dict[str, Any], fix: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        SearchRequest("drill", **wrong)
    assert fix in refused.value.fix


def test_a_lone_string_is_one_value_and_not_its_letters() -> None:
    lone: Any = {"brand": "Norvik", "category": "Tools", "attributes": {"Size": "10"}}

    assert Filters(**lone).clauses() == [
        {"terms": {fields.BRAND: ["Norvik"]}},
        {
            "bool": {
                "should": [
                    {"terms": {fields.CATEGORY: ["Tools"]}},
                    {"terms": {fields.CATEGORY_NAME: ["Tools"]}},
                ],
                "minimum_should_match": 1,
            }
        },
        {"terms": {fields.FACET: [fields.facet_value("Size", "10")]}},
    ]


def test_more_than_a_clause_takes_is_refused_before_it_is_asked() -> None:
    many = tuple(map(str, range(MAX_VALUES + 1)))
    for options in ({"brand": many}, {"attributes": {"Size": many}}):
        with pytest.raises(InvalidQuery, match="10,001 values of"):
            Filters(**cast("dict[str, Any]", options))
    assert len(Filters(brand=many[1:]).clauses()) == 1
    with pytest.raises(InvalidQuery, match="a text of 201 letters cannot be excluded"):
        SearchRequest("drill", exclude=("a " * 100 + "a",))


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        *((SearchRequest, {"text": "drill", name: "3"}) for name in ("size", "page", "diversity")),
        *((SearchRequest, {"text": "drill", name: "3"}) for name in ("least_similarity", "at")),
        (SearchRequest, {"text": "drill", "size": None}),
        (SearchRequest, {"text": "drill", "size": 2.5}),
        (SearchRequest, {"text": "drill", "page": True}),
        (SearchRequest, {"text": 3}),
        *((RecommendationRequest, {name: "now"}) for name in ("size", "budget", "at", "boosts", "filters")),
        *((SuggestRequest, {"text": "dri", name: "3"}) for name in ("size", "items")),
        (SuggestRequest, {"text": None}),
        *((FacetOptions, {name: "3"}) for name in ("size", "most", "ranges")),
        *((GroupOptions, {name: "3"}) for name in ("size", "window")),
        *((RerankOptions, {name: "3"}) for name in ("top", "chunk", "weight", "budget_ms")),
        (Near, {"lat": "52.5", "lon": 13.4, "km": 10}),
        (Sort, {"by": 3}),
        (Sort, {"by": "price", "least_score": "0.5"}),
    ],
)
def test_a_value_of_another_type_is_named_with_what_is_right(asked: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery) as refused:
        asked(**wrong)
    assert any(f"{name}= is a " in refused.value.message for name in wrong)
    assert refused.value.fix


def test_numbers_of_numpy_are_numbers() -> None:
    assert RecommendationRequest(size=cast("int", np.int64(3))).pool_size == 200
    assert GroupOptions(size=cast("int", np.int32(3))).size == 3
    assert SearchRequest("drill", diversity=float(np.float32(0.5))).diversity == 0.5
