"""Counts beside the results: brands, categories, prices and attributes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aisle.mappings import fields

_PRICE_STATS = "price"
# Ten times as many attribute values are asked for, and OpenSearch allows 65,535 buckets in all.
MAX_FACET_VALUES = 5_000


@dataclass(frozen=True, slots=True)
class Facets:
    """Over every item that a leg matched, not only the candidates.

    Attributes:
        brand, category: value to count, most frequent first.
        price: (lowest, highest), None where no item has a price.
        attributes: attribute name to value to count.
    """

    brand: Mapping[str, int]
    category: Mapping[str, int]
    price: tuple[float, float] | None
    attributes: Mapping[str, Mapping[str, int]]


def facets_body(size: int) -> dict[str, Any]:
    """Aggregations for ``size`` values per facet."""
    return {
        fields.BRAND: {"terms": {"field": fields.BRAND, "size": size}},
        fields.CATEGORY: {"terms": {"field": fields.CATEGORY, "size": size}},
        # Attribute names share one field, hence the larger number of buckets.
        fields.FACET: {"terms": {"field": fields.FACET, "size": size * 10}},
        _PRICE_STATS: {"stats": {"field": fields.PRICE}},
    }


def read_facets(aggregations: Mapping[str, Any]) -> Facets:
    """Facets of an answer to ``facets_body``."""
    attributes: dict[str, dict[str, int]] = {}
    for value, count in _counts(aggregations[fields.FACET]).items():
        name, _, label = value.partition(fields.FACET_SEPARATOR)
        attributes.setdefault(name, {})[label] = count
    stats = aggregations[_PRICE_STATS]
    return Facets(
        brand=_counts(aggregations[fields.BRAND]),
        category=_counts(aggregations[fields.CATEGORY]),
        price=(stats["min"], stats["max"]) if stats["count"] else None,
        attributes=attributes,
    )


def _counts(aggregation: Mapping[str, Any]) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"] if bucket["key"]}
