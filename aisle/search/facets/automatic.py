"""Which attributes a page counts where nobody says: those that tell its results apart best. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aisle.mappings import fields
from aisle.search.facets.kinds import Aggregations, buckets, ranked, terms
from aisle.search.facets.results import ValueCounts

# The most frequent values of all attributes together. A useful attribute has some that are frequent.
_SCANNED: Final = 1_000
MAX_NAMES: Final = 1_000
MOST_CUT: Final = 100


@dataclass(frozen=True, slots=True)
class AutomaticFacets:
    """A look at all attributes at once.

    Attributes:
        size: values per attribute.
        most: attributes to choose.
        names: whether the release knows which items have which attribute.
    """

    size: int
    most: int
    names: bool

    def body(self) -> dict[str, Any]:
        """The most frequent values of all attributes, and how many items have each attribute."""
        asked = {"values": terms(fields.FACET, max(_SCANNED, 20 * self.size))}
        if self.names:
            asked["names"] = terms(fields.FACET_NAME, MAX_NAMES)
        return asked

    def read(self, answer: Aggregations, items: int, others: Iterable[str]) -> Chosen:
        """The attributes chosen.

        Args:
            answer: to ``body``.
            items: that were counted.
            others: names that are counted anyway, or are none of attributes.
        """
        found = answer["values"]
        some_left, error = found["sum_other_doc_count"] > 0, found["doc_count_error_upper_bound"]
        values = by_name(buckets(found))
        having = buckets(answer["names"]) if "names" in answer else None
        anyway = set(others)
        candidates = [name for name in values if name not in anyway]
        useful = {name: usefulness(values[name], items, self.size) for name in candidates}
        chosen = sorted((n for n in candidates if useful[n] > 0), key=lambda n: (-useful[n], n))[: self.most]
        counted = {}
        unsure = []
        for name in chosen:
            all_values = ranked(values[name])
            missing = None if having is None or name not in having else items - having[name]
            counted[name] = ValueCounts(
                all_values[: self.size], sum(v.count for v in all_values[self.size :]), missing
            )
            # What came back are the most frequent values, of all attributes and so of each.
            if error or (some_left and len(all_values) < self.size):
                unsure.append(name)
        known = having if having is not None else {name: sum(values[name].values()) for name in values}
        cut = sorted((n for n in known if n not in counted and n not in anyway), key=lambda n: (-known[n], n))
        return Chosen(counted, tuple(unsure), tuple(cut[:MOST_CUT]))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The attributes that were chosen.

    Attributes:
        counted: name to counts, the most useful one first.
        unsure: those of them whose counts may lack values, which must be asked for alone.
        cut: names of those that were not chosen, the most frequent first.
    """

    counted: Mapping[str, ValueCounts]
    unsure: tuple[str, ...]
    cut: tuple[str, ...]


def usefulness(values: Mapping[str, int], items: int, size: int) -> float:
    """How much the values that would be shown tell the items apart, in bits.

    It is their part of Shannon's entropy (1948), over all items: an attribute that few items have, that has
    one value for nearly all of them or another one for each says little.

    Args:
        values: value to items.
        items: in all.
        size: values that would be shown.
    """
    most = sorted(values.values(), reverse=True)[:size]
    return sum(-count / items * math.log2(count / items) for count in most)


def by_name(values: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Attribute to value to count, from the keywords of attributes to theirs."""
    attributes: dict[str, dict[str, int]] = {}
    for keyword, count in values.items():
        name, _, value = keyword.partition(fields.FACET_SEPARATOR)
        attributes.setdefault(name, {})[value] = count
    return attributes
