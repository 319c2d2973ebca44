"""Facets of a grouped search: the values that are shown, with the products that have them. Pure.

Products cannot be added up as items are: one whose variants cost 40 and 60 is in both ranges, and once in
their sum. So what is shown is chosen by items, and then each of it is counted by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aisle.mappings import IndexMeta, fields
from aisle.search.facets.counting import SEPARATOR, facets_body
from aisle.search.facets.kinds import NumberFacet, ValueFacet, opened, ranked, without
from aisle.search.facets.planning import (
    BRAND,
    CATEGORY,
    CURRENCY,
    IN_STOCK,
    PRICE,
    FacetPlan,
    attribute_facet,
    attribute_key,
    number_key,
)
from aisle.search.facets.results import Facets, NumberCounts, NumberRange, ValueCounts
from aisle.search.filters import Filters
from aisle.search.groups import EXACT_UP_TO, counting

Clause = dict[str, Any]

_MISSING, _COUNT, _THERE, _PRODUCTS = "missing", "count", "there", "products"
# Each count takes 8 bytes of the server's memory for each product that it is exact up to.
_MOST_EXACT: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class ShownFacet:
    """One facet as it is shown.

    Attributes:
        own: what the search's filters say of it.
        clauses: what is counted, by names of its own.
        most: items of the clause that has the most, at least 1. There are no more products.
    """

    own: Filters
    clauses: Mapping[str, Clause]
    most: int


@dataclass(frozen=True, slots=True)
class _ProductFacet:
    """The same as it is asked, see ``kinds.Facet``."""

    own: Filters
    clauses: Mapping[str, Clause]
    counting: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """The products of each clause."""
        asked = {"filters": {"filters": dict(self.clauses)}, "aggs": {_PRODUCTS: dict(self.counting)}}
        return {_THERE: asked}


def products_body(
    meta: IndexMeta,
    plan: FacetPlan,
    facets: Facets,
    counted: Mapping[str, Any],
    clauses: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Body of the request that counts the products of what is shown.

    Args:
        meta: of the release.
        plan: that the facets were counted by.
        facets: with counts of items.
        counted: see ``counting.counts_body``.
        clauses: likewise.
    """
    shown = shown_facets(plan, facets)
    counts = sum(len(facet.clauses) for facet in shown.values())
    exact = min(EXACT_UP_TO, _MOST_EXACT // max(1, counts))
    asked = {
        name: _ProductFacet(facet.own, facet.clauses, counting(meta, min(facet.most, exact)))
        for name, facet in shown.items()
    }
    return facets_body(asked, {}, plan.disjunctive, counted, clauses)


def read_products(plan: FacetPlan, facets: Facets, answer: Mapping[str, Any]) -> Facets:
    """The same facets with counts of products, from the answer to `products_body`."""
    found: dict[str, Mapping[str, int]] = {}
    for group in answer.get("aggregations", {}).values():
        for key, aggregation in group.items():
            part, separator, name = key.partition(SEPARATOR)
            if separator and part == _THERE:
                found[name] = {
                    each: bucket[_PRODUCTS]["value"] for each, bucket in aggregation["buckets"].items()
                }
    return in_products(plan, facets, found)


def shown_facets(plan: FacetPlan, facets: Facets) -> dict[str, ShownFacet]:
    """What is counted anew, by the names of `FacetPlan.facets`."""
    found: dict[str, ShownFacet] = {}
    for name, facet, counts in (
        (BRAND, plan.brand, facets.brand),
        (CURRENCY, plan.currency, facets.currency),
        *((attribute_key(n), _attribute(plan, n), counts) for n, counts in facets.attributes.items()),
    ):
        if facet and counts:
            found[name] = _shown(facet.own, facet.field, facet.prefix, facet.absent, counts)
    if plan.category and facets.category:
        absent = without(fields.CATEGORY)
        levels = _shown(plan.category.own, fields.CATEGORY, "", absent, facets.category)
        shared = {
            f"{place}": {"term": {fields.CATEGORY_NAME: each.value}}
            for place, each in enumerate(facets.category.values)
            if each.value in plan.category.shared
        }
        found[CATEGORY] = replace(levels, clauses={**levels.clauses, **shared})
    for name, number, numbers in (
        (PRICE, plan.price, facets.price),
        *((number_key(n), _number(plan, n), counts) for n, counts in facets.numbers.items()),
    ):
        if number and numbers:
            ranges = {
                f"{place}": _between(number, (each.low, each.high))
                for place, each in enumerate(numbers.ranges)
            }
            lacking = {_MISSING: without(number.field)} if numbers.missing else {}
            there: Clause = {"exists": {"field": number.field}} if lacking else {"match_all": {}}
            clauses = {**ranges, _COUNT: there, **lacking}
            found[name] = ShownFacet(number.own, clauses, max(1, numbers.count, numbers.missing))
    if plan.in_stock and facets.in_stock is not None:
        bought = {"bool": {"filter": Filters(in_stock=True).clauses()}}
        found[IN_STOCK] = ShownFacet(plan.in_stock.own, {_COUNT: bought}, max(1, facets.in_stock))
    # The server takes no empty list of what to count.
    return {name: facet for name, facet in found.items() if facet.clauses}


def in_products(plan: FacetPlan, facets: Facets, found: Mapping[str, Mapping[str, int]]) -> Facets:
    """The facets with the counts that were found, by the names of `shown_facets` and of their clauses."""
    category = facets.category
    if category and plan.category:
        levels = found.get(CATEGORY, {})
        recounted = _values(category, levels)
        tree, _ = opened(recounted.counts, plan.category.chosen, len(recounted.values))
        category = replace(recounted, values=tree)
        if plan.category.search:
            category = _by_count(recounted, levels)
    return replace(
        facets,
        products=True,
        brand=facets.brand and _by_count(facets.brand, found.get(BRAND, {})),
        category=category,
        currency=facets.currency and _by_count(facets.currency, found.get(CURRENCY, {})),
        price=facets.price and _numbers(facets.price, found[PRICE]),
        in_stock=None if facets.in_stock is None else found[IN_STOCK][_COUNT],
        attributes={
            name: _by_count(counts, found.get(attribute_key(name), {}))
            for name, counts in facets.attributes.items()
        },
        numbers={name: _numbers(counts, found[number_key(name)]) for name, counts in facets.numbers.items()},
    )


def _attribute(plan: FacetPlan, name: str) -> ValueFacet:
    """The facet of an attribute, which may have been chosen automatically."""
    names = plan.automatic is not None and plan.automatic.names
    return plan.attributes.get(name) or attribute_facet(name, 1, names=names)


def _number(plan: FacetPlan, name: str) -> NumberFacet | None:
    """The facet of a number, which is shown by its own name where that is known."""
    slug = fields.number_field(name)
    return next((facet for facet in plan.numbers.values() if facet.field == slug), None)


def _shown(
    own: Filters, field: str, prefix: str, absent: Mapping[str, Any] | None, counts: ValueCounts
) -> ShownFacet:
    clauses: dict[str, Clause] = {
        f"{place}": {"term": {field: f"{prefix}{each.value}"}} for place, each in enumerate(counts.values)
    }
    if absent is not None and counts.missing:
        clauses[_MISSING] = dict(absent)
    most = max((each.count for each in counts.values), default=1)
    return ShownFacet(own, clauses, max(1, most, counts.missing or 0))


def _between(number: NumberFacet, bounds: NumberRange) -> Clause:
    low, high = bounds
    asked: list[Clause] = []
    if low is not None:
        asked.append({"range": {number.highest: {"gte": low}}})
    if high is not None:
        asked.append({"range": {number.field: {"lte": high}}})
    return {"bool": {"filter": asked or [{"exists": {"field": number.field}}]}}


def _values(counts: ValueCounts, found: Mapping[str, int]) -> ValueCounts:
    values = tuple(replace(each, count=found[f"{place}"]) for place, each in enumerate(counts.values))
    missing = None if counts.missing is None else found.get(_MISSING, 0)
    return replace(counts, values=values, missing=missing)


def _by_count(counts: ValueCounts, found: Mapping[str, int]) -> ValueCounts:
    recounted = _values(counts, found)
    chosen = [each.value for each in recounted.values if each.chosen]
    return replace(recounted, values=ranked(recounted.counts, chosen))


def _numbers(counts: NumberCounts, found: Mapping[str, int]) -> NumberCounts:
    ranges = tuple(replace(each, count=found[f"{place}"]) for place, each in enumerate(counts.ranges))
    return replace(counts, ranges=ranges, count=found[_COUNT], missing=found.get(_MISSING, 0))
