"""What a caller writes by hand into a request and into filters, as Python takes it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from aisle.errors import InputError, InvalidQuery
from aisle.mappings import FusionSpec, default_fusion, fields
from aisle.search import Filters, SearchRequest
from aisle.search.filters import MAX_VALUES

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
