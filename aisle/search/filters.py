"""Filters: what a shopper narrowed the results to. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from aisle.errors import InvalidQuery
from aisle.mappings import IndexMeta, fields
from aisle.mappings.document import by_slug, category_paths, facet_values
from aisle.mappings.part_numbers import codes
from aisle.markup import plain_line
from aisle.search.near import Near
from aisle.types import Item

Range: TypeAlias = tuple[float | None, float | None]

# Half of a character, where a text was cut in the middle of it: no JSON can hold it.
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

MAX_VALUES: Final = 10_000
# Each is a clause of every leg, and of every facet; OpenSearch takes 1,024 in all.
MAX_NAMES: Final = 100
"""Of one field; OpenSearch takes 65,536 in a clause, and a value may have several spellings."""

MAX_WITHIN: Final = 3
"""Filters that filters are within: OpenSearch takes clauses 20 deep."""

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_RANGES: Mapping[str, Range] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Filters:
    """What a shopper narrowed the results to.

    All conditions must hold; within one field any of the values will do. Values are data and never become
    query syntax. Texts are compared exactly, but in whichever form of Unicode they are given.

    Attributes:
        brand: exact values; a lone string is one value, here and below.
        category: levels ("Kitchen") or paths from the root ("Home > Kitchen"), each with what is below it.
        price_min, price_max: bounds, both inclusive; items without a price do not match, and one whose
            variants have several prices does where their range meets this one.
        attributes: name to accepted values; one of an item's values is enough.
        identifiers: id, SKU, MPN or GTIN, spaced, hyphenated and in upper or lower case as one likes.
        numbers: name to the lowest and highest value, both inclusive, None for no bound; items without that
            number do not match.
        in_stock: only what can be bought now: it is said to be available, or, where nothing says so, there
            is some in stock.
        currency: ISO 4217 codes.
        near: within a distance of a place; a text such as ``52.52,13.40,10km`` will do.
        within: further filters that hold too and that no facet ignores: what a caller may see at all.

    Raises:
        InvalidQuery: if bounds are not numbers or cross, filters are within too many others, a field has more
            than ``MAX_VALUES`` values, or ``near`` is no place on earth, see `Near`.
    """

    brand: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    identifiers: tuple[str, ...] = ()
    numbers: Mapping[str, Range] = field(default_factory=lambda: _NO_RANGES)
    in_stock: bool = False
    currency: tuple[str, ...] = ()
    near: Near | str | None = None
    within: Filters | None = None

    def __post_init__(self) -> None:
        depth, outer = 0, self.within
        while outer is not None:
            depth, outer = depth + 1, outer.within
        if depth > MAX_WITHIN:
            raise InvalidQuery(
                f"filters are within {depth} others", fix=f"put them within at most {MAX_WITHIN}"
            )
        object.__setattr__(self, "near", Near.of(self.near))
        for name, (low, high) in {"price": (self.price_min, self.price_max), **self.numbers}.items():
            bounds = [bound for bound in (low, high) if bound is not None]
            if not all(math.isfinite(bound) for bound in bounds):
                raise InvalidQuery(f"a {name} bound is not a number", fix=f"give finite {name} bounds")
            if bounds != sorted(bounds):
                raise InvalidQuery(f"the {name} range {low} to {high} is empty", fix="swap the bounds")
        names = len(self.attributes) + len(self.numbers)
        if names > MAX_NAMES:
            raise InvalidQuery(
                f"{names:,} attributes and numbers are more than a filter takes",
                fix=f"filter by at most {MAX_NAMES}",
            )
        texts = {
            "brand": self.brand,
            "category": self.category,
            "identifiers": self.identifiers,
            "currency": self.currency,
            **self.attributes,
        }
        for name, values in texts.items():
            if not isinstance(values, str) and len(values) > MAX_VALUES:
                raise InvalidQuery(
                    f"{len(values):,} values of {name} are more than a filter takes",
                    fix=f"filter by at most {MAX_VALUES:,}",
                )

    def check(self, meta: IndexMeta, numbers: Collection[str]) -> None:
        """Refuse what a release cannot be filtered by: it would silently match nothing.

        Args:
            meta: of the release.
            numbers: that it can be filtered by, see ``mappings.declared_numbers``.

        Raises:
            ForeignIndex: an older Aisle made the release, which has no such field.
            InvalidQuery: no item of the release has a number of that name.
        """
        later = {
            "identifiers": self.identifiers,
            "numbers": self.numbers,
            "what is in stock": self.in_stock,
            "currency": self.currency,
        }
        asked = [name for name, wanted in later.items() if wanted]
        meta.require(meta.schema_version > 1 or not asked, f"be filtered by {' or '.join(asked)}")
        meta.require(meta.features.locates or not self.near, "be filtered by distance")
        if self.within is not None:
            self.within.check(meta, numbers)
        for name in self.numbers:
            if fields.number_slug(name) not in numbers:
                there = ", ".join(sorted(numbers)) or "none"
                raise InvalidQuery(
                    f"{meta.release} cannot be filtered by a number {name!r} (it has: {there})",
                    fix="name one of these, or index a catalogue that has it",
                )

    def clauses(self) -> list[dict[str, Any]]:
        """Filter clauses for a ``bool`` query, empty if nothing is asked for.

        They hold for releases of every schema version: a field that an index does not have matches nothing.
        """
        found: list[dict[str, Any]] = []
        if self.brand:
            found.append({"terms": {fields.BRAND: forms(self.brand)}})
        if self.category:
            levels = paths(self.category)
            found.append(_either(*({"terms": {name: levels}} for name in _CATEGORY_FIELDS)))
        # Documents of schema version 1 have no highest price.
        if self.price_min is not None:
            at_least = {"gte": self.price_min}
            found.append(_either(*({"range": {name: at_least}} for name in (fields.PRICE, fields.PRICE_MAX))))
        if self.price_max is not None:
            found.append({"range": {fields.PRICE: {"lte": self.price_max}}})
        found.extend(
            {"terms": {fields.FACET: _facet_values(name, values)}}
            for name, values in self.attributes.items()
            if values
        )
        if self.identifiers:
            named = codes(_several(self.identifiers))
            found.append(_either(*({"terms": {name: named}} for name in fields.IDENTIFIER_FIELDS)))
        found.extend(
            {"range": {fields.number_field(name): bounds}}
            for name, (low, high) in self.numbers.items()
            if (bounds := {k: bound for k, bound in (("gte", low), ("lte", high)) if bound is not None})
        )
        if self.in_stock:
            found.append(_IN_STOCK)
        if self.currency:
            found.append({"terms": {fields.CURRENCY: [code.upper() for code in _several(self.currency)]}})
        if near := Near.of(self.near):
            found.append(near.clause())
        if self.within is not None and (outer := self.within.clauses()):
            # As one clause, which is none of those that a facet knows as its own.
            found.append({"bool": {"filter": outer}})
        return found

    def matches(self, item: Item) -> bool:
        """Whether an item meets all conditions: the reference that the clauses are held to."""
        levels = {*category_paths(item), *(name for path in item.categories for name in path)}
        facets = set(facet_values(item))
        highest = item.price if item.price_max is None else item.price_max
        numbers = by_slug(item.numbers)
        near = Near.of(self.near)
        return (
            (not self.brand or item.brand in forms(self.brand))
            and (not self.category or not levels.isdisjoint(paths(self.category)))
            and (self.price_min is None or (highest is not None and highest >= self.price_min))
            and (self.price_max is None or (item.price is not None and item.price <= self.price_max))
            and all(
                not facets.isdisjoint(_facet_values(name, values))
                for name, values in self.attributes.items()
                if values
            )
            and (
                not self.identifiers
                or not set(codes((item.id, *item.identifiers))).isdisjoint(codes(_several(self.identifiers)))
            )
            and all(
                _within(numbers.get(fields.number_slug(name)), bounds)
                for name, bounds in self.numbers.items()
                if bounds != (None, None)
            )
            and (not self.in_stock or _can_be_bought(item))
            and (not self.currency or item.currency in [code.upper() for code in _several(self.currency)])
            and (near is None or near.has(item.location))
            and (self.within is None or self.within.matches(item))
        )

    @property
    def scope(self) -> Filters | None:
        """The outermost filters that these are within; None if they are within none."""
        outer = self.within
        while outer is not None and outer.within is not None:
            outer = outer.within
        return outer

    def narrowed(self, outer: Filters | None) -> Filters:
        """These filters within others, whatever they are within already."""
        if outer is None:
            return self
        return replace(self, within=self.within.narrowed(outer) if self.within else outer)


_CATEGORY_FIELDS = (fields.CATEGORY, fields.CATEGORY_NAME)
_IN_STOCK: dict[str, Any] = {
    "bool": {
        "should": [
            {"term": {fields.AVAILABLE: True}},
            {
                "bool": {
                    "filter": [{"range": {fields.STOCK: {"gt": 0}}}],
                    "must_not": [{"exists": {"field": fields.AVAILABLE}}],
                }
            },
        ],
        "minimum_should_match": 1,
    }
}


def _can_be_bought(item: Item) -> bool:
    signals = item.signals
    return (signals.stock or 0) > 0 if signals.available is None else signals.available


def _within(number: float | None, bounds: Range) -> bool:
    low, high = bounds
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def _either(*clauses: dict[str, Any]) -> dict[str, Any]:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def _several(values: tuple[str, ...] | str) -> list[str]:
    """The values, of which a string is one: taken apart into letters it would silently match nothing."""
    return [values] if isinstance(values, str) else list(values)


def forms(values: tuple[str, ...] | str) -> list[str]:
    """The values as they are given, and as readers write them."""
    found = (form for value in _several(values) for form in (value, plain_line(value)))
    return list(dict.fromkeys(form for form in found if not _LONE_SURROGATE.search(form)))


def paths(values: tuple[str, ...] | str) -> list[str]:
    """Levels and paths in all forms; the spaces around a path's ``>`` do not matter."""
    tidy = [fields.category_path([level.strip() for level in value.split(">")]) for value in _several(values)]
    return forms((*_several(values), *tidy))


def _facet_values(name: str, values: tuple[str, ...] | str) -> list[str]:
    return forms(tuple(fields.facet_value(name, value) for value in _several(values)))
