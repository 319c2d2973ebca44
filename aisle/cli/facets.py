"""How facets are printed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aisle._printable import printable
from aisle._search import CountsOf

if TYPE_CHECKING:
    from aisle.search import Facets
    from aisle.search.facets.results import NumberCounts, RangeCount, ValueCounts

# Names of facets that were cut, of which there may be hundreds.
_NAMED: Final = 10
_COUNTS_OF: Final[Mapping[CountsOf, str]] = MappingProxyType(
    {
        CountsOf.WORDS: "what has the words",
        CountsOf.SHOWN: "the results that are shown, as nothing has the words",
        CountsOf.ALL: "everything listed",
    }
)


def facet_lines(facets: Facets) -> list[str]:
    """A line for each facet, after one that says what is counted."""
    named = {"brand": facets.brand, "category": facets.category, "currency": facets.currency}
    lines = [f"{name}: {_values(counts)}" for name, counts in named.items() if counts and counts.values]
    # What was asked for by name may be in no item; what is chosen automatically is in some.
    lines += [
        f"{name}: {_values(counts) or ('no item has it' if name in facets.unknown else 'none of these')}"
        for name, counts in facets.attributes.items()
    ]
    numbers = {"price": facets.price, **facets.numbers}
    lines += [f"{name}: {_ranges(counts)}" for name, counts in numbers.items() if counts and counts.count]
    if facets.in_stock is not None:
        lines.append(f"in stock: {facets.in_stock:,}")
    if facets.cut:
        few = ", ".join(facets.cut[:_NAMED])
        more = f" and {len(facets.cut) - _NAMED} more" if len(facets.cut) > _NAMED else ""
        lines.append(f"not counted: {few}{more}")
    unit = ", in products" if facets.products else ""
    return [
        f"facets, counts of {_COUNTS_OF[facets.counts_of]}{unit}:",
        *(f"  {printable(line)}" for line in lines),
    ]


def _values(counts: ValueCounts) -> str:
    listed = [f"{_mark(value.chosen)}{value.value} ({value.count:,})" for value in counts.values]
    return ", ".join([*listed, *([f"others ({counts.other:,})"] if counts.other else [])])


def _ranges(counts: NumberCounts) -> str:
    span = f"{counts.min:g} to {counts.max:g}"
    listed = [f"{_mark(each.chosen)}{_range(each)} ({each.count:,})" for each in counts.ranges]
    return f"{span}; {', '.join(listed)}" if listed else span


def _range(bounds: RangeCount) -> str:
    if bounds.low is None:
        return "any" if bounds.high is None else f"up to {bounds.high:g}"
    return f"from {bounds.low:g}" if bounds.high is None else f"{bounds.low:g} to {bounds.high:g}"


def _mark(chosen: bool) -> str:
    return "*" if chosen else ""
