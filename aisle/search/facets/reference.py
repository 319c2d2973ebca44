"""The facets of items in plain Python: the reference that the server's aggregations are held to. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from aisle.mappings import fields
from aisle.mappings.document import by_slug, category_paths, facet_values
from aisle.search.facets.automatic import by_name, usefulness
from aisle.search.facets.kinds import (
    CategoryFacet,
    NumberFacet,
    ValueFacet,
    opened,
    ranked,
    searched_paths,
    with_chosen,
)
from aisle.search.facets.planning import (
    BRAND,
    CATEGORY,
    CURRENCY,
    IN_STOCK,
    PRICE,
    FacetPlan,
    attribute_key,
    number_key,
)
from aisle.search.facets.products import in_products
from aisle.search.facets.ranges import Cumulated, choose_ranges
from aisle.search.facets.results import CountsOf, Facets, NumberCounts, RangeCount, ValueCounts
from aisle.search.facets.value_search import matches_value
from aisle.search.filters import Filters
from aisle.types import Item


def facets_of(items: Sequence[Item], filters: Filters, plan: FacetPlan, counts_of: CountsOf) -> Facets:
    """The facets of a plan, without those chosen automatically (see `useful_attributes`).

    Args:
        items: all that are counted, before filters.
        filters: of the search.
        plan: facets.
        counts_of: what ``items`` are.
    """

    def left(own: Filters) -> list[Item]:
        return _left(items, filters, plan, own)

    attributes: dict[str, ValueCounts] = {}
    for name, value_facet in plan.attributes.items():
        prefix = fields.facet_value(name, "")
        found = [_attribute_values(prefix, item) for item in left(value_facet.own)]
        attributes[name] = _values(value_facet, found)
    numbers: dict[str, NumberCounts] = {}
    for name, facet in plan.numbers.items():
        items_left = left(facet.own)
        values = [by_slug(item.numbers).get(fields.number_slug(name)) for item in items_left]
        numbers[name] = _numbers(facet, items_left, values, values)
    return Facets(
        counts_of,
        brand=_values(plan.brand, [[item.brand] for item in left(plan.brand.own)]) if plan.brand else None,
        category=_categories(plan.category, left(plan.category.own)) if plan.category else None,
        currency=_values(plan.currency, [[item.currency] for item in left(plan.currency.own)])
        if plan.currency
        else None,
        price=_prices(plan.price, left(plan.price.own)) if plan.price else None,
        in_stock=sum(map(Filters(in_stock=True).matches, left(plan.in_stock.own))) if plan.in_stock else None,
        attributes=attributes,
        numbers=numbers,
    )


def products_of(items: Sequence[Item], filters: Filters, plan: FacetPlan, facets: Facets) -> Facets:
    """The same facets as a grouped search shows them, with counts of products.

    Args:
        items: all that are counted, before filters.
        filters: of the search.
        plan: facets.
        facets: with counts of items.
    """

    def left(own: Filters) -> list[Item]:
        return _left(items, filters, plan, own)

    found: dict[str, dict[str, int]] = {}
    if plan.brand and facets.brand:
        found[BRAND] = _texts([(_group(i), {i.brand}) for i in left(plan.brand.own)], facets.brand)
    if plan.category and facets.category:
        shared = set(plan.category.shared)
        paths = [
            (_group(i), {*category_paths(i), *shared.intersection(chain(*i.categories))})
            for i in left(plan.category.own)
        ]
        found[CATEGORY] = _texts(paths, facets.category)
    if plan.currency and facets.currency:
        found[CURRENCY] = _texts(
            [(_group(i), {i.currency}) for i in left(plan.currency.own)], facets.currency
        )
    if plan.price and facets.price:
        prices = [
            (_group(i), i.price, i.price if i.price_max is None else i.price_max)
            for i in left(plan.price.own)
        ]
        found[PRICE] = _spans(prices, facets.price)
    if plan.in_stock:
        bought = filter(Filters(in_stock=True).matches, left(plan.in_stock.own))
        found[IN_STOCK] = {"count": len(set(map(_group, bought)))}
    for name, facet in plan.attributes.items():
        prefix = fields.facet_value(name, "")
        values = [(_group(i), set(_attribute_values(prefix, i))) for i in left(facet.own)]
        found[attribute_key(name)] = _texts(values, facets.attributes[name])
    for name, number in plan.numbers.items():
        slug = fields.number_slug(name)
        each = [(_group(i), by_slug(i.numbers).get(slug)) for i in left(number.own)]
        found[number_key(name)] = _spans([(group, n, n) for group, n in each], facets.numbers[name])
    return in_products(plan, facets, found)


def _group(item: Item) -> str:
    return item.group or item.id


def _texts(rows: Sequence[tuple[str, set[str]]], counts: ValueCounts) -> dict[str, int]:
    """The groups with each value, and of the rows without any."""
    found = {
        f"{place}": len({group for group, values in rows if each.value in values})
        for place, each in enumerate(counts.values)
    }
    if counts.missing is not None:
        found["missing"] = len({group for group, values in rows if not values - {""}})
    return found


def _spans(rows: Sequence[tuple[str, float | None, float | None]], counts: NumberCounts) -> dict[str, int]:
    """The groups in each range, of the rows with a number, and of those without one."""
    spans = [(group, low, high) for group, low, high in rows if low is not None and high is not None]
    found = {
        f"{place}": len(
            {
                group
                for group, low, high in spans
                if (each.low is None or high >= each.low) and (each.high is None or low <= each.high)
            }
        )
        for place, each in enumerate(counts.ranges)
    }
    found["count"] = len({group for group, _, _ in spans})
    return {**found, "missing": len({group for group, low, _ in rows if low is None})}


def _attribute_values(prefix: str, item: Item) -> list[str]:
    return [value.removeprefix(prefix) for value in facet_values(item) if value.startswith(prefix)]


def _left(items: Sequence[Item], filters: Filters, plan: FacetPlan, own: Filters) -> list[Item]:
    """What passes the filters that a facet with these of its own does not ignore."""
    narrowed = less(filters, own) if plan.disjunctive else filters
    return [item for item in items if narrowed.matches(item)]


def useful_attributes(items: Sequence[Item], size: int, most: int, others: Iterable[str]) -> list[str]:
    """The attributes that are chosen where nobody says, the most useful first.

    Args:
        items: that are counted.
        size: values per attribute.
        most: attributes.
        others: names that are counted anyway.
    """
    values = by_name(Counter(value for item in items for value in set(facet_values(item))))
    useful = {name: usefulness(counts, len(items), size) for name, counts in values.items()}
    chosen = (name for name, bits in useful.items() if bits > 0 and name not in set(others))
    return sorted(chosen, key=lambda name: (-useful[name], name))[:most]


def less(filters: Filters, own: Filters) -> Filters:
    """The filters without those of ``own``."""
    return replace(
        filters,
        brand=() if own.brand else filters.brand,
        category=() if own.category else filters.category,
        currency=() if own.currency else filters.currency,
        price_min=None if own.price_min is not None else filters.price_min,
        price_max=None if own.price_max is not None else filters.price_max,
        in_stock=filters.in_stock and not own.in_stock,
        attributes={
            name: values for name, values in filters.attributes.items() if name not in own.attributes
        },
        numbers={name: bounds for name, bounds in filters.numbers.items() if name not in own.numbers},
    )


def _values(facet: ValueFacet, found: Sequence[Sequence[str]]) -> ValueCounts:
    """Of each item's values, empty ones apart."""
    rows = [{value for value in values if value} for values in found]
    counts = Counter(value for row in rows for value in row)
    if facet.search:
        counts = Counter({v: count for v, count in counts.items() if matches_value(facet.search, v)})
    shown = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[: facet.size])
    if not facet.search:
        shown |= {value: counts[value] for value in facet.chosen}
    other = sum(counts.values()) - sum(shown.values())
    missing = sum(not row for row in rows) if facet.absent is not None else None
    return ValueCounts(ranked(shown, facet.chosen), other, missing)


def _categories(facet: CategoryFacet, items: Sequence[Item]) -> ValueCounts:
    counts = Counter(path for item in items for path in set(category_paths(item)))
    for root in facet.shared:
        if root in counts:
            counts[root] = sum(any(root in path for path in item.categories) for item in items)
    missing = sum(not item.categories for item in items)
    if facet.search:
        return ValueCounts(*searched_paths(counts, facet.search, facet.size), missing)
    return ValueCounts(*opened(counts, facet.chosen, facet.size), missing)


def _prices(facet: NumberFacet, items: Sequence[Item]) -> NumberCounts:
    highest = [item.price if item.price_max is None else item.price_max for item in items]
    return _numbers(facet, items, [item.price for item in items], highest)


def _numbers(
    facet: NumberFacet,
    items: Sequence[Item],
    lowest: Sequence[float | None],
    highest: Sequence[float | None],
) -> NumberCounts:
    low = [number for number in lowest if number is not None]
    high = [number for number in highest if number is not None]
    ranges = []
    if facet.most and facet.edges:
        ranges = choose_ranges(Cumulated.of(facet.edges, low), Cumulated.of(facet.edges, high), facet.most)
    if facet.chosen is not None:
        ranges = with_chosen(ranges, facet.chosen, sum(map(facet.own.matches, items)))
    return NumberCounts(
        tuple(RangeCount(*bounds, count, bounds == facet.chosen) for bounds, count in ranges),
        count=len(low),
        missing=len(items) - len(low),
        min=min(low, default=None),
        max=max(high, default=None),
        avg=statistics.fmean(low) if low else None,
        sum=sum(low) if low else None,
    )
