"""Facets: the counts beside the results. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aisle.mappings import fields
from aisle.mappings.document import category_paths, facet_values
from aisle.types import Item

_PRICE_STATS = "price"
# Ten times as many attribute values are asked for, and OpenSearch allows 65,535 buckets in all.
MAX_FACET_VALUES = 5_000


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of brands, categories, prices and attributes, over every item that a leg matched.

    Attributes:
        brand: value to count, most frequent first.
        category: path to the items in it or below, likewise: "Home" counts those of "Home > Kitchen" too.
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
        fields.PRICE_MAX: {"max": {"field": fields.PRICE_MAX}},
    }


def read_facets(aggregations: Mapping[str, Any]) -> Facets:
    """Facets of an answer to ``facets_body``."""
    stats, highest = aggregations[_PRICE_STATS], aggregations[fields.PRICE_MAX]["value"]
    return Facets(
        brand=_counts(aggregations[fields.BRAND]),
        category=_counts(aggregations[fields.CATEGORY]),
        # Documents of schema version 1 have no highest price.
        price=(stats["min"], stats["max"] if highest is None else highest) if stats["count"] else None,
        attributes=_by_name(_counts(aggregations[fields.FACET])),
    )


def facets_of(items: Iterable[Item]) -> Facets:
    """Facets of these items, with every value: the reference that the aggregations are held to."""
    brands, categories, values, prices = Counter[str](), Counter[str](), Counter[str](), list[float]()
    for item in items:
        brands.update([item.brand] if item.brand else [])
        categories.update(set(category_paths(item)))
        values.update(set(facet_values(item)))
        prices += [price for price in (item.price, item.price_max) if price is not None]
    return Facets(
        brand=brands,
        category=categories,
        price=(min(prices), max(prices)) if prices else None,
        attributes=_by_name(values),
    )


def _by_name(values: Mapping[str, int]) -> dict[str, dict[str, int]]:
    attributes: dict[str, dict[str, int]] = {}
    for value, count in values.items():
        name, _, label = value.partition(fields.FACET_SEPARATOR)
        attributes.setdefault(name, {})[label] = count
    return attributes


def _counts(aggregation: Mapping[str, Any]) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"] if bucket["key"]}
