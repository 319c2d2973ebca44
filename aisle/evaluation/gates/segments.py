"""Judged queries told apart, so that a loss of some does not hide in the mean of all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aisle.evaluation.qrels import Qrels
from aisle.mappings.suggestions import folded
from aisle.types import Query

Segments = Mapping[str, frozenset[str]]
"""Name of a segment to the ids of its queries. A query may be in several."""

_LONG: Final = 4
_THIRD: Final = 3


def by_length(queries: Iterable[Query]) -> Segments:
    """By how many words a query has: 1, 2, 3, 4 or more."""
    found: dict[str, set[str]] = {}
    for query in queries:
        words = len(query.text.split())
        found.setdefault(f"words {words}" if words < _LONG else f"words {_LONG} or more", set()).add(query.id)
    return _frozen(found)


def by_demand(queries: Sequence[Query], counts: Mapping[str, int]) -> Segments:
    """By how often shoppers ask: queries that together make a third of the asking are its head, and so on.

    Args:
        queries: the judged ones.
        counts: text, folded, to how often it was asked; what is missing was hardly asked, and is tail.
    """
    asked = {query.id: counts.get(folded(query.text), 0) for query in queries}
    total, before = sum(asked.values()), 0
    found: dict[str, set[str]] = {}
    for id_ in sorted(asked, key=lambda id_: (-asked[id_], id_)):
        third = min(_THIRD - 1, before * _THIRD // total) if total and asked[id_] else _THIRD - 1
        found.setdefault(("head", "torso", "tail")[third], set()).add(id_)
        before += asked[id_]
    return _frozen(found) if total else {}


def by_label(labels: Mapping[str, Iterable[str]]) -> Segments:
    """By names that somebody has given.

    Args:
        labels: query id to names of its segments.
    """
    found: dict[str, set[str]] = {}
    for id_, names in labels.items():
        for name in names:
            found.setdefault(name, set()).add(id_)
    return _frozen(found)


def by_category(qrels: Qrels, categories: Mapping[str, str], relevant: float) -> Segments:
    """By the category that most of a query's relevant items are in.

    Args:
        qrels: judgments.
        categories: item id to its first category's root; items without one do not count.
        relevant: lowest grade that counts.
    """
    found: dict[str, set[str]] = {}
    for id_, grades in qrels.items():
        counted = Counter(
            categories[item] for item, grade in grades.items() if grade >= relevant and item in categories
        )
        if counted:
            name = min(counted, key=lambda category: (-counted[category], category))
            found.setdefault(f"category {name}", set()).add(id_)
    return _frozen(found)


def of_fresh_items(qrels: Qrels, known: frozenset[str], relevant: float) -> Segments:
    """Queries that an item answers which the live release does not have.

    Args:
        qrels: judgments.
        known: ids of the judged items that the live release has.
        relevant: lowest grade that counts.
    """
    fresh = frozenset(
        id_
        for id_, grades in qrels.items()
        if any(grade >= relevant and item not in known for item, grade in grades.items())
    )
    return {"fresh items": fresh} if fresh else {}


def _frozen(found: Mapping[str, set[str]]) -> Segments:
    return {name: frozenset(found[name]) for name in sorted(found)}
