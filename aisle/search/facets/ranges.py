"""Ranges of numbers with round edges: which edges a release has, and which of them a page shows. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

from aisle.search.facets.results import NumberRange

Edges: TypeAlias = tuple[float, ...]

QUANTILES: Final = (
    0.0,
    0.2,
    0.5,
    1.0,
    *(float(percent) for percent in range(2, 100, 2)),
    99.0,
    99.5,
    99.8,
    100.0,
)
"""Percents. Edges are looked for between these: they are close together where there are many items."""

_SAMPLE: Final = 10_000
"""Items of each shard whose numbers are looked at: for round edges these are enough."""

_LARGEST: Final = 1e300


def edges_body(numbers: Sequence[str], clauses: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Body of the request for the numbers of a release, once for all its searches.

    Args:
        numbers: fields.
        clauses: that items meet whose numbers are looked at.
    """
    asked: dict[str, Any] = {}
    for field in numbers:
        asked[field] = {"percentiles": {"field": field, "percents": QUANTILES, "keyed": False}}
        asked[f"{field}/count"] = {"value_count": {"field": field}}
    return {
        "size": 0,
        "track_total_hits": False,
        **({"query": {"bool": {"filter": list(clauses)}}} if clauses else {}),
        "aggs": {"sample": {"sampler": {"shard_size": _SAMPLE}, "aggs": asked}},
    }


def read_edges(numbers: Sequence[str], answer: Mapping[str, Any]) -> dict[str, Edges]:
    """Field to the edges of its ranges, from the answer to `edges_body`; what most items have comes first."""
    sample = answer["aggregations"]["sample"]
    by_use = sorted(numbers, key=lambda field: -sample[f"{field}/count"]["value"])
    return {
        field: round_edges(
            float(percentile["value"])
            for percentile in sample[field]["values"]
            # Without any item there are no percentiles.
            if percentile["value"] not in (None, "NaN")
        )
        for field in by_use
    }


def round_edges(quantiles: Iterable[float]) -> Edges:
    """The roundest number between each quantile and the next, ascending.

    Args:
        quantiles: finite, in any order.
    """
    distinct = sorted({value for value in quantiles if abs(value) < _LARGEST})
    return tuple(_roundest(low, high) for low, high in pairwise(distinct))


def _roundest(low: float, high: float) -> float:
    """The multiple of the largest 1, 2 or 5 x a power of ten that is above ``low`` and not above ``high``."""
    power = math.floor(math.log10(high - low)) + 1
    for exponent in range(power, power - 3, -1):
        for digit in (5, 2, 1):
            # A division by a power of ten is exact where a multiplication by its inverse is not.
            multiple = (math.floor(low / (digit * 10.0**exponent)) + 1) * digit
            edge = multiple * 10.0**exponent if exponent >= 0 else multiple / 10.0**-exponent
            if low < edge <= high:
                return edge
    return high


@dataclass(frozen=True, slots=True)
class Cumulated:
    """How many items are below each edge, and how many up to it.

    Attributes:
        edges: ascending.
        below: per edge, items with a number less than it.
        up_to: per edge, items with that number or less.
        count: items with a number.
    """

    edges: Edges
    below: tuple[int, ...]
    up_to: tuple[int, ...]
    count: int

    @classmethod
    def of(cls, edges: Edges, numbers: Iterable[float]) -> Cumulated:
        """Of the numbers themselves: the reference of `read_cumulated`."""
        ordered = sorted(numbers)
        return cls(
            edges,
            tuple(bisect_left(ordered, edge) for edge in edges),
            tuple(bisect_right(ordered, edge) for edge in edges),
            len(ordered),
        )


def cumulated_body(field: str, edges: Edges) -> dict[str, Any]:
    """The aggregation of a field's numbers: one bucket for each edge, and one for what is between two.

    Args:
        field: of numbers.
        edges: at least one.
    """
    bounds = [bound for edge in edges for bound in (edge, math.nextafter(edge, math.inf))]
    ranges = [{"to": bounds[0]}, *({"from": low, "to": high} for low, high in pairwise(bounds))]
    return {"range": {"field": field, "ranges": [*ranges, {"from": bounds[-1]}]}}


def read_cumulated(edges: Edges, aggregation: Mapping[str, Any]) -> Cumulated:
    """From the answer to `cumulated_body`."""
    # OpenSearch sorts them by where they begin, and that is how they were asked.
    counts = [bucket["doc_count"] for bucket in aggregation["buckets"]]
    sums = [sum(counts[: place + 1]) for place in range(len(counts))]
    return Cumulated(edges, tuple(sums[0:-1:2]), tuple(sums[1:-1:2]), sums[-1])


def choose_ranges(lowest: Cumulated, highest: Cumulated, most: int) -> list[tuple[NumberRange, int]]:
    """Ranges of about equally many items, with the roundest edges that make them so.

    A range holds its two edges, as a filter of that range does: an item that costs 50 is in "20 to 50" and in
    "50 to 100". One whose variants have several prices is in every range that these meet.

    Args:
        lowest: of each item's number.
        highest: of each item's number, or of the highest where an item has several, with the same edges.
        most: ranges.

    Returns:
        Range to its items, ascending, none of them empty; the first and the last are open.
    """
    inside = [place for place, edge in enumerate(lowest.edges) if 0 < lowest.below[place] < lowest.count]
    chosen: list[int] = []
    for part in range(1, most):
        aim = lowest.count * part / most
        after = [
            place
            for place in inside
            if (not chosen or place > chosen[-1])
            and abs(lowest.below[place] - aim) <= lowest.count / most / 2
        ]
        if after:
            chosen.append(min(after, key=lambda p: (_digits(lowest.edges[p]), abs(lowest.below[p] - aim))))
    if not chosen:
        # One range of all numbers narrows nothing.
        return []
    bounds = [None, *chosen, None]
    found = []
    for low, high in pairwise(bounds):
        count = (lowest.count if high is None else lowest.up_to[high]) - (
            0 if low is None else highest.below[low]
        )
        edges = (None if low is None else lowest.edges[low], None if high is None else lowest.edges[high])
        if count:
            found.append((edges, count))
    return found


def _digits(number: float) -> int:
    """Significant digits: the fewer, the rounder."""
    return len(f"{abs(number):.15g}".partition("e")[0].replace(".", "").strip("0"))
