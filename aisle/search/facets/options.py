"""Which facets a search is to count, and how far. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aisle._arguments import check_whole
from aisle.errors import InvalidQuery
from aisle.search.facets.value_search import checked_text

MAX_FACET_VALUES: Final = 5_000
"""Values of one facet: OpenSearch allows 65,535 buckets in all."""

MAX_FACETS: Final = 100
MAX_RANGES: Final = 50

_NO_SEARCH: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FacetOptions:
    """Facets to count.

    Attributes:
        size: values per facet, 1 to 5,000; of categories, per level.
        fields: ``brand``, ``category``, ``currency``, ``price``, ``in_stock``, or the name of an attribute or
            number, up to 100. None: brand, category, price, what is in stock, and those attributes and
            numbers that tell the results apart best.
        most: attributes that are chosen where ``fields`` is None, and as many numbers, 0 to 100.
        disjunctive: a facet ignores its own filter, so that one sees what else could be chosen in it.
        search: facet to a text: of its values, only those with a word that starts with it. Case and accents
            make no difference.
        ranges: of prices and of each number, 0 (none) to 50.

    Raises:
        InvalidQuery: a number is out of range, or a text cannot be searched for.
    """

    size: int = 10
    fields: tuple[str, ...] | list[str] | None = None
    most: int = 10
    disjunctive: bool = True
    search: Mapping[str, str] = field(default_factory=lambda: _NO_SEARCH)
    ranges: int = 5

    def __post_init__(self) -> None:
        check_whole(size=self.size, most=self.most, ranges=self.ranges)
        if not 1 <= self.size <= MAX_FACET_VALUES:
            raise InvalidQuery(
                f"{self.size} values per facet cannot be counted",
                fix=f"use 1 to {MAX_FACET_VALUES:,}; leave facets out to count none",
            )
        if isinstance(self.fields, str):
            # Taken apart into letters it would count nothing.
            object.__setattr__(self, "fields", (self.fields,))
        asked = len(self.fields or ())
        if asked > MAX_FACETS or not 0 <= self.most <= MAX_FACETS:
            raise InvalidQuery(
                f"{max(asked, self.most)} facets cannot be counted", fix=f"use up to {MAX_FACETS}"
            )
        if not 0 <= self.ranges <= MAX_RANGES:
            raise InvalidQuery(f"{self.ranges} ranges cannot be counted", fix=f"use 0 (none) to {MAX_RANGES}")
        object.__setattr__(self, "search", {name: checked_text(text) for name, text in self.search.items()})

    @classmethod
    def of(cls, facets: int | FacetOptions | None) -> FacetOptions | None:
        """The options that a request means: a number is the values per facet, 0 counts none.

        Raises:
            InvalidQuery: a number out of range.
        """
        if isinstance(facets, int) and not isinstance(facets, bool):
            return cls(size=facets) if facets else None
        if facets is None or isinstance(facets, cls):
            return facets
        raise InvalidQuery(
            f"facets= is a {type(facets).__name__}, not a number or FacetOptions",
            fix="write facets=5, or facets=aisle.FacetOptions(fields=('brand',))",
        )
