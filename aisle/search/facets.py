"""Faceted navigation: the filters that narrow the results, and the counts beside them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from aisle.errors import InvalidQuery
from aisle.mappings import fields

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Filters:
    """What a shopper narrowed the results to.

    All conditions must hold; within one field any of the values will do. Values are data and never become
    query syntax.

    Attributes:
        brand, category: exact values; a lone string is one value.
        price_min, price_max: bounds, both inclusive; items without a price do not match.
        attributes: name to accepted values.

    Raises:
        InvalidQuery: if the price bounds are not numbers or cross.
    """

    brand: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        bounds = [b for b in (self.price_min, self.price_max) if b is not None]
        if not all(math.isfinite(b) for b in bounds):
            raise InvalidQuery("a price bound is not a number", fix="give finite price bounds")
        if bounds != sorted(bounds):
            raise InvalidQuery(
                f"the price range {self.price_min} to {self.price_max} is empty", fix="swap the bounds"
            )

    def clauses(self) -> list[dict[str, Any]]:
        """Filter clauses for a ``bool`` query, empty if nothing is asked for."""
        found: list[dict[str, Any]] = [
            {"terms": {name: _several(values)}}
            for name, values in ((fields.BRAND, self.brand), (fields.CATEGORY, self.category))
            if values
        ]
        bounds = {"gte": self.price_min, "lte": self.price_max}
        if price := {operator: bound for operator, bound in bounds.items() if bound is not None}:
            found.append({"range": {fields.PRICE: price}})
        found.extend(
            {"terms": {fields.FACET: [fields.facet_value(name, value) for value in _several(values)]}}
            for name, values in self.attributes.items()
            if values
        )
        return found


def _several(values: tuple[str, ...] | str) -> list[str]:
    """The values, of which a string is one: taken apart into letters it would silently match nothing."""
    return [values] if isinstance(values, str) else list(values)


_PRICE_STATS = "price"
# Ten times as many attribute values are asked for, and OpenSearch allows 65,535 buckets in all.
MAX_FACET_VALUES = 5_000


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of brands, categories, prices and attributes, over every item that a leg matched.

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
