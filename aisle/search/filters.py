"""What a shopper narrowed the results to. Values are data: they never become query syntax."""

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
    """All conditions must hold; within one field any of the values will do.

    Attributes:
        brand, category: exact values.
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
            {"terms": {name: list(values)}}
            for name, values in ((fields.BRAND, self.brand), (fields.CATEGORY, self.category))
            if values
        ]
        bounds = {"gte": self.price_min, "lte": self.price_max}
        if price := {operator: bound for operator, bound in bounds.items() if bound is not None}:
            found.append({"range": {fields.PRICE: price}})
        found.extend(
            {"terms": {fields.FACET: [fields.facet_value(name, value) for value in values]}}
            for name, values in self.attributes.items()
            if values
        )
        return found
