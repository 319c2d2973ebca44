"""The kinds of facets: what each asks of the server, and how its answer is read. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from aisle.mappings import fields
from aisle.search.facets.ranges import Edges, choose_ranges, cumulated_body, read_cumulated
from aisle.search.facets.results import FacetValue, NumberCounts, NumberRange, RangeCount, ValueCounts
from aisle.search.facets.value_search import beginning_pattern, below_patterns, matches_value, value_pattern
from aisle.search.filters import Filters

Aggregations: TypeAlias = Mapping[str, Any]

# With several shards each is asked for more than is shown: with fewer different values, counts are exact.
_PER_SHARD: Final = 1_000
# Of the 65,535 buckets that OpenSearch allows in all.
_MOST_PATHS: Final = 10_000
_CHOSEN, _SHARED = "chosen", "shared"


class Facet(Protocol):
    """One facet of a search."""

    @property
    def own(self) -> Filters:
        """What the search's filters say of it, and nothing else."""

    def body(self) -> dict[str, Any]:
        """Its aggregations, by names of its own."""


def terms(field: str, size: int, include: str | Sequence[str] | None = None) -> dict[str, Any]:
    """The aggregation of a field's most frequent values.

    Args:
        field: of keywords.
        size: values.
        include: a regular expression, or the only values to count.
    """
    asked: dict[str, Any] = {"field": field, "size": size, "shard_size": max(2 * size, _PER_SHARD)}
    if include is not None:
        asked["include"] = include
    return {"terms": asked}


def buckets(aggregation: Mapping[str, Any]) -> dict[str, int]:
    """Value to count, as `terms` answers."""
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"]}


@dataclass(frozen=True, slots=True)
class ValueFacet:
    """Texts: of a field of their own, or after a prefix in one that they share.

    Attributes:
        field: of keywords.
        own: see `Facet`.
        chosen: values that the search is filtered by.
        size: values to show.
        prefix: what stands before each value.
        search: what values must match, see ``value_search``; empty for all.
        absent: clause of the items without any value; None if the release cannot tell.
    """

    field: str
    own: Filters
    chosen: tuple[str, ...]
    size: int
    prefix: str = ""
    search: str = ""
    absent: Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """The most frequent values, those that are chosen, and the items that have none."""
        include = None
        if self.search:
            include = value_pattern(self.search, self.prefix)
        elif self.prefix:
            include = beginning_pattern(self.prefix)
        asked: dict[str, Any] = {"values": terms(self.field, self.size, include)}
        if self.chosen and not self.search:
            named = [f"{self.prefix}{value}" for value in self.chosen]
            asked["chosen"] = terms(self.field, len(named), named)
        if self.absent is not None:
            asked["missing"] = {"filter": self.absent}
        return asked

    def read(self, answer: Aggregations) -> ValueCounts:
        """Its counts."""
        found = answer["values"]
        counts = {
            value.removeprefix(self.prefix): count
            for value, count in buckets(found).items()
            if value.startswith(self.prefix)
        }
        further: dict[str, int] = {}
        if self.search:
            counts = {value: count for value, count in counts.items() if matches_value(self.search, value)}
        elif self.chosen:
            chosen = buckets(answer["chosen"])
            named = {value: chosen.get(f"{self.prefix}{value}", 0) for value in self.chosen}
            further = {value: count for value, count in named.items() if value not in counts}
        return ValueCounts(
            ranked({**counts, **further}, self.chosen),
            other=max(0, found["sum_other_doc_count"] - sum(further.values())),
            missing=answer["missing"]["doc_count"] if "missing" in answer else None,
            error=found["doc_count_error_upper_bound"],
        )


def ranked(counts: Mapping[str, int], chosen: Sequence[str] = ()) -> tuple[FacetValue, ...]:
    """Values with their counts, the most frequent first."""
    return tuple(
        FacetValue(value, count, value in chosen)
        for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


@dataclass(frozen=True, slots=True)
class CategoryFacet:
    """The levels of categories, as a tree of which only the branches that are in use are open.

    Attributes:
        own, size, search: as in `ValueFacet`; ``size`` is for each level below one parent.
        chosen: levels or paths that the search is filtered by.
        shared: roots that are levels of other paths too, see ``shared_roots``. Their counts are of all these
            items, which a filter by them finds.
    """

    own: Filters
    chosen: tuple[str, ...]
    size: int
    search: str = ""
    shared: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The most frequent paths, those that are chosen and what is below them.

        What a path belongs to is at least as frequent, so the paths that come back are always a tree.
        """
        most = min(max(20 * self.size, 200), _MOST_PATHS)
        include = value_pattern(self.search) if self.search else None
        asked = {
            "values": terms(fields.CATEGORY, most, include),
            "missing": {"filter": without(fields.CATEGORY)},
        }
        if self.shared:
            asked[_SHARED] = terms(fields.CATEGORY_NAME, len(self.shared), list(self.shared))
        if self.search:
            return asked
        for number, below in enumerate(below_patterns(self.chosen, fields.PATH_SEPARATOR)):
            asked[f"{_CHOSEN}{number}"] = terms(fields.CATEGORY, most, below)
        return asked

    def read(self, answer: Aggregations) -> ValueCounts:
        """Its counts."""
        found = answer["values"]
        counts = buckets(found)
        missing, error = answer["missing"]["doc_count"], found["doc_count_error_upper_bound"]
        if not self.search:
            for name in answer:
                if name.startswith(_CHOSEN):
                    counts |= buckets(answer[name])
        if self.shared:
            counts |= {root: n for root, n in buckets(answer[_SHARED]).items() if root in counts}
        if self.search:
            return ValueCounts(*searched_paths(counts, self.search, self.size), missing, error)
        return ValueCounts(*opened(counts, self.chosen, self.size), missing, error)


def searched_paths(counts: Mapping[str, int], text: str, size: int) -> tuple[tuple[FacetValue, ...], int]:
    """The most frequent paths whose last level matches the text, and the counts of the others summed up."""
    found = ranked(
        {
            path: count
            for path, count in counts.items()
            if matches_value(text, path.rpartition(fields.PATH_SEPARATOR)[2])
        }
    )
    return found[:size], sum(value.count for value in found[size:])


def opened(counts: Mapping[str, int], chosen: Sequence[str], size: int) -> tuple[tuple[FacetValue, ...], int]:
    """The levels of a tree that are open: the roots, what is below a path that is chosen or leads to one,
    and what is below a level's only path.

    Args:
        counts: path to items; of each path also those that it belongs to.
        chosen: levels or paths.
        size: most paths below one parent, of those that are not chosen.

    Returns:
        The paths, each followed by those below it, and the counts of their siblings that were cut, summed up.
    """
    below: dict[str, list[str]] = {}
    for path in counts:
        below.setdefault(_parent(path, counts), []).append(path)
    is_chosen = {path for path in counts if path in chosen or _last(path) in chosen}
    leading = {_parent(path, counts) for path in is_chosen}
    while further := {_parent(path, counts) for path in leading} - leading:
        leading |= further
    shown: list[FacetValue] = []
    other = 0
    waiting = [""]
    while waiting:
        parent = waiting.pop()
        if parent:
            shown.append(FacetValue(parent, counts[parent], parent in is_chosen))
            if not (parent in is_chosen or parent in leading or _is_alone(parent, below, counts)):
                continue
        siblings = sorted(below.get(parent, ()), key=lambda path: (-counts[path], path))
        kept = [
            path
            for place, path in enumerate(siblings)
            if place < size or path in is_chosen or path in leading
        ]
        other += sum(counts[path] for path in siblings) - sum(counts[path] for path in kept)
        waiting += reversed(kept)
    return tuple(shown), other


def _is_alone(path: str, below: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> bool:
    """Whether nothing stands beside it, nor beside what it belongs to."""
    while path:
        parent = _parent(path, counts)
        if len(below[parent]) > 1:
            return False
        path = parent
    return True


def _parent(path: str, known: Mapping[str, int]) -> str:
    """The longest path that it belongs to; empty for a root. A level's name may hold the separator itself."""
    end = path.rfind(fields.PATH_SEPARATOR)
    while end > 0:
        if path[:end] in known:
            return path[:end]
        end = path.rfind(fields.PATH_SEPARATOR, 0, end)
    return ""


def _last(path: str) -> str:
    return path.rpartition(fields.PATH_SEPARATOR)[2]


def without(field: str) -> dict[str, Any]:
    """Clause of the items that have no value in a field."""
    return {"bool": {"must_not": [{"exists": {"field": field}}]}}


@dataclass(frozen=True, slots=True)
class NumberFacet:
    """Numbers, and ranges of them.

    Attributes:
        field: of the number, or the lowest where an item has several.
        highest: field of the highest; that of the number itself if there is only one.
        own: see `Facet`.
        chosen: range that the search is filtered by; None for none.
        edges: of ranges, ascending; without any there are no ranges.
        most: ranges to show.
    """

    field: str
    highest: str
    own: Filters
    chosen: NumberRange | None
    edges: Edges
    most: int

    def body(self) -> dict[str, Any]:
        """Statistics, and the items below each edge."""
        asked: dict[str, Any] = {"stats": {"stats": {"field": self.field}}}
        if self.highest != self.field:
            asked["max"] = {"max": {"field": self.highest}}
        if self.chosen is not None:
            asked["chosen"] = {"filter": {"bool": {"filter": self.own.clauses()}}}
        if self.most and self.edges:
            asked["lowest"] = cumulated_body(self.field, self.edges)
            if self.highest != self.field:
                asked["highest"] = cumulated_body(self.highest, self.edges)
        return asked

    def read(self, answer: Aggregations, items: int) -> NumberCounts:
        """Its counts.

        Args:
            answer: to its aggregations.
            items: that are counted. Each has one number or none.
        """
        stats = answer["stats"]
        ranges: list[tuple[NumberRange, int]] = []
        if "lowest" in answer:
            lowest = read_cumulated(self.edges, answer["lowest"])
            highest = read_cumulated(self.edges, answer["highest"]) if "highest" in answer else lowest
            ranges = choose_ranges(lowest, highest, self.most)
        if self.chosen is not None:
            ranges = with_chosen(ranges, self.chosen, answer["chosen"]["doc_count"])
        top = answer["max"]["value"] if "max" in answer else stats["max"]
        return NumberCounts(
            tuple(RangeCount(*bounds, count, bounds == self.chosen) for bounds, count in ranges),
            count=stats["count"],
            missing=items - stats["count"],
            min=stats["min"],
            max=top,
            avg=stats["avg"],
            sum=stats["sum"] if stats["count"] else None,
        )


def with_chosen(
    ranges: Sequence[tuple[NumberRange, int]], chosen: NumberRange, count: int
) -> list[tuple[NumberRange, int]]:
    """The ranges with the one that is chosen in its place among them, whether any item is in it or not."""
    others = [(bounds, n) for bounds, n in ranges if bounds != chosen]
    return sorted([*others, (chosen, count)], key=lambda pair: _bounds(pair[0]))


def _bounds(bounds: NumberRange) -> tuple[float, float]:
    low, high = bounds
    return (-math.inf if low is None else low), (math.inf if high is None else high)


@dataclass(frozen=True, slots=True)
class StockFacet:
    """What can be bought now.

    Attributes:
        own: see `Facet`.
    """

    own: Filters

    def body(self) -> dict[str, Any]:
        """The items in stock."""
        return {"values": {"filter": {"bool": {"filter": Filters(in_stock=True).clauses()}}}}

    def read(self, answer: Aggregations) -> int:
        """Its count."""
        return int(answer["values"]["doc_count"])
