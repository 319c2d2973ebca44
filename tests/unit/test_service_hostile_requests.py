"""What no shopper sends is refused before anything is asked."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from aisle.errors import KeyRefused
from aisle.search import Filters, SearchRequest
from aisle.service.keys import Keys, new_key
from aisle.service.parameters import ItemId, SearchBody
from aisle.service.routes.recommend import RecommendBody
from aisle.service.scope import ScopedCatalogue

HALF = "\ud800"


@pytest.mark.parametrize("body", [SearchBody, RecommendBody])
@pytest.mark.parametrize(
    "filters",
    [{"brand": [HALF]}, {"attributes": {HALF: ["x"]}}, {"identifiers": [HALF]}, {"currency": [HALF]}],
)
def test_half_of_a_character_is_refused(
    body: type[SearchBody | RecommendBody], filters: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="cannot be written as JSON"):
        body.model_validate({"filters": filters})


def test_an_item_has_an_id() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ItemId).validate_python("")


def test_a_scoped_key_that_is_deeply_nested_is_refused() -> None:
    _, stored = new_key("site")
    with pytest.raises(KeyRefused):
        Keys([stored]).access(f"scoped.{urlsafe_b64encode(b'[' * 6_000).decode()}.AAAA")


def test_filters_of_a_key_are_never_the_askers_own() -> None:
    # A disjunctive facet ignores its own condition: it would count what the key leaves out.
    within = Filters(brand=("Acme",))
    opened: Any = None  # Nothing is asked.
    narrowed = ScopedCatalogue(opened, within).narrowed(SearchRequest("drill", facets=5))
    assert narrowed.filters == Filters().narrowed(within)
    assert narrowed.filters != within
