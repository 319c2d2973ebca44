"""Which requests of a batch one search answers. Pure.

For each facet in which something is chosen InstantSearch sends one more request, the same but for that
choice, to learn what else could be chosen. A search with disjunctive facets counts just that, so it answers
all of them: the words are encoded and searched for once for each key that is typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aisle.service.instantsearch.conditions import CATEGORY, Condition, is_within
from aisle.service.instantsearch.requests import Asked


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that one search answers.

    Attributes:
        main: what is searched for.
        ignoring: facets that ignore their own conditions.
        places: of its requests in the batch, that of the main one first.
    """

    main: Asked
    ignoring: frozenset[str]
    places: tuple[int, ...]


def grouped(batch: Sequence[Asked]) -> list[Group]:
    """The searches that answer a batch.

    Each request is in one group. One that only counts a facet joins the request that differs from it in
    nothing but what is chosen there.
    """
    mains: dict[int, list[int]] = {}
    ignoring: dict[int, set[str]] = {}
    # Those with hits first: the others may belong to them.
    for place in sorted(range(len(batch)), key=lambda place: batch[place].counts_only):
        asked = batch[place]
        found = next((first for first in mains if _answers(batch[first], asked)), place)
        mains.setdefault(found, []).append(place)
        if found != place:
            field = asked.facets[0].field
            ignored = {field} if any(each.facet == field for each in batch[found].conditions) else set()
            ignoring.setdefault(found, set()).update(ignored)
    return [
        Group(batch[main], frozenset(ignoring.get(main, ())), tuple(places)) for main, places in mains.items()
    ]


def _answers(main: Asked, asked: Asked) -> bool:
    """Whether the disjunctive facets of one request are what another one asks for."""
    fields = {facet.field for facet in asked.facets}
    if not asked.counts_only or asked.sent.type == "facet" or len(fields) != 1:
        return False
    if main.others != asked.others or not fields <= {facet.field for facet in main.facets}:
        return False
    (field,) = fields
    mine, rest = _of(main, field)
    chosen, others = _of(asked, field)
    return rest == others and all(any(_leads_to(one, other) for other in mine) for one in chosen)


def _of(asked: Asked, field: str) -> tuple[frozenset[Condition], frozenset[Condition]]:
    """The choices in a facet, and all other conditions."""
    own = frozenset(each for each in asked.conditions if each.own and each.facet == field)
    return own, frozenset(asked.conditions) - own


def _leads_to(one: Condition, other: Condition) -> bool:
    """Whether it chooses what a category that is chosen is in: the tree of categories has all on the way."""
    return one.facet == CATEGORY and all(
        any(is_within(below, value) for below in other.values) for value in one.values
    )
