"""The counts beside the results, without a node."""

from __future__ import annotations

from typing import Any

from aisle.mappings import fields
from aisle.search.facets import facets_body, read_facets


def buckets(*keys: str) -> dict[str, Any]:
    return {"buckets": [{"key": key, "doc_count": len(keys) - place} for place, key in enumerate(keys)]}


def test_each_attribute_has_the_most_frequent_values_as_many_as_were_asked_for() -> None:
    colours = [fields.facet_value("Colour", colour) for colour in ("red", "blue", "green")]
    answer = {
        **{name: buckets() for name in facets_body(2)},
        fields.FACET: buckets(*colours, fields.facet_value("Stock", "3")),
        "price": {"count": 0, "min": None, "max": None},
    }
    assert read_facets(answer, 2).attributes == {"Colour": {"red": 4, "blue": 3}, "Stock": {"3": 1}}
