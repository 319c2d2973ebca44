"""The request that counts the facets of a search, and how its answer is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aisle.mappings import fields
from aisle.search.facets.kinds import Facet, buckets
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
from aisle.search.facets.results import CountsOf, Facets, NumberCounts

_REST: Final = "rest"
_AUTOMATIC: Final = "automatic"
SEPARATOR: Final = "/"


def counts_body(
    plan: FacetPlan, counted: Mapping[str, Any], clauses: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Body of the request for the counts.

    Args:
        plan: facets.
        counted: clause of the items to count, before filters.
        clauses: filters that every result must match. Where facets are disjunctive, each ignores those that
            are its own.
    """
    automatic = {} if plan.automatic is None else {_AUTOMATIC: plan.automatic.body()}
    return facets_body(plan.facets(), automatic, plan.disjunctive, counted, clauses)


def facets_body(
    facets: Mapping[str, Facet],
    further: Mapping[str, dict[str, Any]],
    disjunctive: bool,
    counted: Mapping[str, Any],
    clauses: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Body of a request for facets.

    Args:
        facets: by name; where they are disjunctive, each ignores the filters that are its own.
        further: name to aggregations that ignore none.
        disjunctive: see above.
        counted: see `counts_body`.
        clauses: likewise.
    """
    own = {name: facet.own.clauses() if disjunctive else [] for name, facet in facets.items()}
    ignored = [clause for of_one in own.values() for clause in of_one]
    groups: dict[str, dict[str, Any]] = {}
    parts = {**{name: facet.body() for name, facet in facets.items()}, **further}
    for name, asked in parts.items():
        mine = own.get(name, [])
        others = [clause for clause in clauses if clause in ignored and clause not in mine]
        group = groups.setdefault(
            name if mine else _REST, {"filter": {"bool": {"filter": others}}, "aggs": {}}
        )
        group["aggs"] |= {f"{part}{SEPARATOR}{name}": body for part, body in asked.items()}
    common = [clause for clause in clauses if clause not in ignored]
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": [counted, *common]}},
        "aggs": groups,
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """What one answer says.

    Attributes:
        facets: the counts.
        further: facets that must be asked for alone, as this answer may lack some of their values.
    """

    facets: Facets
    further: FacetPlan | None = None


def read_counts(plan: FacetPlan, counts_of: CountsOf, answer: Mapping[str, Any]) -> Counted:
    """The facets, from the answer to `counts_body`."""
    found: dict[str, dict[str, Any]] = {}
    items: dict[str, int] = {}
    for group in answer["aggregations"].values():
        for key, aggregation in group.items():
            part, separator, name = key.partition(SEPARATOR)
            if separator:
                found.setdefault(name, {})[part] = aggregation
                items[name] = group["doc_count"]
    numbers = {
        name: facet.read(found[number_key(name)], items[number_key(name)])
        for name, facet in plan.numbers.items()
    }
    facets = Facets(
        counts_of,
        brand=plan.brand.read(found[BRAND]) if plan.brand else None,
        category=plan.category.read(found[CATEGORY]) if plan.category else None,
        currency=plan.currency.read(found[CURRENCY]) if plan.currency else None,
        price=plan.price.read(found[PRICE], items[PRICE]) if plan.price else None,
        in_stock=plan.in_stock.read(found[IN_STOCK]) if plan.in_stock else None,
        attributes={name: facet.read(found[attribute_key(name)]) for name, facet in plan.attributes.items()},
        numbers=numbers,
    )
    if plan.automatic is None:
        return Counted(facets)
    look = found[_AUTOMATIC]
    called = (
        {fields.number_slug(name): name for name in reversed(buckets(look["names"]))}
        if "names" in look
        else {}
    )
    kept = {
        called.get(fields.number_slug(name), name): counts
        for name, counts in numbers.items()
        if plan.numbers[name].chosen is not None or _tells_apart(counts)
    }
    slugs = {fields.number_slug(name) for name in kept}
    same = [name for name in called.values() if fields.number_slug(name) in slugs]
    chosen = plan.automatic.read(look, items[_AUTOMATIC], (*plan.attributes, *kept, *same))
    further = {
        name: attribute_facet(name, plan.automatic.size, names=plan.automatic.names) for name in chosen.unsure
    }
    return Counted(
        replace(
            facets,
            attributes={**facets.attributes, **chosen.counted},
            numbers=kept,
            cut=chosen.cut,
        ),
        FacetPlan(attributes=further) if further else None,
    )


def _tells_apart(counts: NumberCounts) -> bool:
    return counts.min != counts.max


def completed(facets: Facets, further: Facets) -> Facets:
    """The facets with those that were asked for alone in their places."""
    attributes = {name: further.attributes.get(name, counts) for name, counts in facets.attributes.items()}
    return replace(facets, attributes=attributes)
