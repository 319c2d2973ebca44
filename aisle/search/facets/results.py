"""What a page says of its facets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeAlias

from aisle.types import flat_json

NumberRange: TypeAlias = tuple[float | None, float | None]
"""Lowest and highest number, both inclusive; None where there is no bound."""


class CountsOf(Enum):
    """What the counts of a page are counts of."""

    WORDS = "words"
    """Every item that has a word of the query, or is named by it, and passes the filters."""
    SHOWN = "shown"
    """The results that paging can reach: no item has a word of the query."""
    ALL = "all"
    """Every item that passes the filters: nothing was searched for."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet.

    Attributes:
        value: as the catalogue writes it; of categories the path from the root.
        count: items that have it.
        chosen: whether the search is filtered by it.
    """

    value: str
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """A facet of texts.

    Attributes:
        values: most frequent first, equally frequent ones in order of the alphabet; those that are chosen
            are always among them. Categories stand below the one that they belong to.
        other: counts of further values, summed up: an item with two of them counts twice. Of an attribute
            that was chosen automatically the rarest values may not be in it.
        missing: items without any value; None if the release cannot tell.
        error: by how much a count may be too low, where there are several shards; mostly 0.
    """

    values: tuple[FacetValue, ...] = ()
    other: int = 0
    missing: int | None = None
    error: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Value to count, in the same order."""
        return {each.value: each.count for each in self.values}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**flat_json(self), "values": [flat_json(each) for each in self.values]}


@dataclass(frozen=True, slots=True)
class RangeCount:
    """One range of a facet of numbers.

    Attributes:
        low, high: both inclusive, so that an item on an edge is in the ranges on both sides; None: open.
        count: items that a filter by this range finds.
        chosen: whether the search is filtered by it.
    """

    low: float | None
    high: float | None
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class NumberCounts:
    """A facet of numbers.

    Attributes:
        ranges: ascending, with about equally many items, each with some; that which is chosen is among them.
        count: items that have a number.
        missing: items that have none.
        min, max, avg, sum: of the numbers, None if there is none. Of prices, an item whose variants have
            several counts with its lowest; only ``max`` looks at the highest.
    """

    ranges: tuple[RangeCount, ...] = ()
    count: int = 0
    missing: int = 0
    min: float | None = None
    max: float | None = None
    avg: float | None = None
    sum: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**flat_json(self), "ranges": [flat_json(each) for each in self.ranges]}


_NO_VALUES: Mapping[str, ValueCounts] = MappingProxyType({})
_NO_NUMBERS: Mapping[str, NumberCounts] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facets:
    """The counts beside the results. What was not asked for is None, or missing from a mapping.

    Where ``counts_of`` is not ``SHOWN``, a count is the ``total`` of the same search with that one value or
    range chosen in its facet.

    Attributes:
        counts_of: what is counted.
        brand, category, currency: see `ValueCounts`. An item counts for each level of its categories.
        price: see `NumberCounts`.
        in_stock: items that can be bought now.
        attributes: name to the counts of its values, the most useful one first.
        numbers: attribute that is a number to its ranges.
        products: whether counts are of products, as in a grouped search, and not of items: of those that have
            an item with that value, in that range or without any. Which values are shown, ``other`` and
            statistics of numbers still go by items. Counts are exact, but for collisions of hashes, up to
            40,000 products, or 8 million divided by the counts of the page if that is less; above that they
            are estimates.
        cut: attributes and numbers that items have and that are not counted here, the most frequent first;
            at most 100.
        unknown: attributes that were named here, or filtered by, and that no item at all has: a name that is
            misspelt, or a feed that lost it.
    """

    counts_of: CountsOf
    brand: ValueCounts | None = None
    category: ValueCounts | None = None
    currency: ValueCounts | None = None
    price: NumberCounts | None = None
    in_stock: int | None = None
    attributes: Mapping[str, ValueCounts] = field(default_factory=lambda: _NO_VALUES)
    numbers: Mapping[str, NumberCounts] = field(default_factory=lambda: _NO_NUMBERS)
    cut: tuple[str, ...] = ()
    products: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def empty(self) -> tuple[str, ...]:
        """Attributes of which there is nothing to count."""
        return tuple(
            name
            for name, found in self.attributes.items()
            if not found.other and not any(each.count for each in found.values)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; values and ranges are lists, as their order says something."""
        return {
            "counts_of": self.counts_of.value,
            "products": self.products,
            **{
                name: found.to_json() if found else None
                for name, found in (
                    ("brand", self.brand),
                    ("category", self.category),
                    ("currency", self.currency),
                    ("price", self.price),
                )
            },
            "in_stock": self.in_stock,
            "attributes": {name: found.to_json() for name, found in self.attributes.items()},
            "numbers": {name: found.to_json() for name, found in self.numbers.items()},
            "cut": list(self.cut),
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """Facets as they were counted.

    Attributes:
        facets: the counts.
        server_ms: OpenSearch's ``took``, all requests together.
    """

    facets: Facets
    server_ms: float
