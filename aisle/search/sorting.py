"""Sorting by what items have instead of by relevance. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from aisle._arguments import check_real, check_text
from aisle.errors import InvalidQuery
from aisle.mappings import fields
from aisle.search.fusion import Fused
from aisle.search.preflight import LiveIndex
from aisle.search.stored import StoredValues

SortValue: TypeAlias = float | str | None
"""What an item is sorted by: a number, milliseconds since 1970 of a date, a title in lower case without
accents; None where it has none."""

_TITLE_SORT: Final = f"{fields.TITLE}.{fields.SORT}"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order other than that of relevance.

    Attributes:
        by: ``price``, ``newest``, ``rating``, ``popularity``, ``margin``, ``stock``, ``title``, or a number
            of the catalogue's own. Items that do not have it come last, whichever way.
        descending: None takes the usual way: prices, titles and numbers rise, the others fall (newest first).
        exhaustive: sort every item that has a word of the query. Otherwise the candidates are sorted, so that
            what hardly fits does not come first because it is cheap.
        least_score: share of the best candidate's score, 0 to 1, that a candidate must have which only
            meaning found; for a sort that is not exhaustive.

    Raises:
        InvalidQuery: nothing to sort by, or no share.
    """

    by: str
    descending: bool | None = None
    exhaustive: bool = False
    least_score: float = 0.5

    def __post_init__(self) -> None:
        check_text(by=self.by)
        check_real(least_score=self.least_score)
        if not self.by.strip():
            raise InvalidQuery(
                "nothing to sort by", fix=f"use one of {', '.join(_NAMED)}, or a number's name"
            )
        if not 0 <= self.least_score <= 1:
            raise InvalidQuery(f"{self.least_score} is no share of a score", fix="use 0 to 1")

    @classmethod
    def of(cls, sort: Sort | str | None) -> Sort | None:
        """The order that a request means: ``price``, ``price:desc`` and ``price:asc`` are orders too.

        Raises:
            InvalidQuery: nothing to sort by.
        """
        if not isinstance(sort, str):
            return sort
        name, colon, way = sort.rpartition(":")
        if colon and way.lower() in _WAYS:
            return cls(name.strip(), _WAYS[way.lower()])
        return cls(sort.strip())


_WAYS: Final[Mapping[str, bool]] = MappingProxyType({"asc": False, "desc": True})


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to sort by.

    Attributes:
        name: of the order, as a page says it.
        field: with doc values.
        descending: whether the largest comes first.
    """

    name: str
    field: str
    descending: bool

    def clause(self) -> dict[str, Any]:
        """An entry of a search's ``sort``."""
        return {
            self.field: {
                "order": "desc" if self.descending else "asc",
                "missing": "_last",
                "unmapped_type": "double",
            }
        }

    def value(self, values: Mapping[str, Sequence[Any]]) -> SortValue:
        """Of an item with these stored values."""
        found = values.get(self.field)
        if not found:
            return None
        return str(found[0]) if self.field == _TITLE_SORT else float(found[0])

    @property
    def title(self) -> str:
        """The order and its way, such as ``price:asc``."""
        return f"{self.name}:{'desc' if self.descending else 'asc'}"


@dataclass(frozen=True, slots=True)
class _Order:
    field: str
    descending: bool


_NAMED: Final[Mapping[str, _Order]] = MappingProxyType(
    {
        "price": _Order(fields.PRICE, False),
        "newest": _Order(fields.ADDED, True),
        "rating": _Order(fields.RATING, True),
        "popularity": _Order(fields.POPULARITY, True),
        "margin": _Order(fields.MARGIN, True),
        "stock": _Order(fields.STOCK, True),
        "title": _Order(_TITLE_SORT, False),
    }
)

BY_SIGNALS: Final = (
    SortKey("popularity", fields.POPULARITY, True),
    SortKey("rating", fields.RATING, True),
    SortKey("newest", fields.ADDED, True),
)
"""The usual order where nothing is searched for; what has none of them is in order of id."""


def sort_key(sort: Sort, live: LiveIndex) -> SortKey:
    """What a release is sorted by.

    Raises:
        InvalidQuery: no item of the release has it.
    """
    there = known_orders(live)
    name = sort.by if sort.by in _NAMED else fields.number_slug(sort.by)
    if name not in there:
        raise InvalidQuery(
            f"{live.meta.release} cannot be sorted by {sort.by!r} (it has: {', '.join(there) or 'none'})",
            fix="name one of these, alone or with :asc or :desc, or index a catalogue that has it",
        )
    order = _NAMED.get(name) or _Order(fields.number_field(name), False)
    return SortKey(name, order.field, order.descending if sort.descending is None else sort.descending)


def known_orders(live: LiveIndex) -> tuple[str, ...]:
    """What a release can be sorted by."""
    meta = live.meta
    if meta.schema_version > 2:
        has = {*meta.features.signals, *([_TITLE_SORT] if meta.features.sorts_titles else [])}
        named = [name for name, order in _NAMED.items() if order.field in has]
    else:
        # It does not say what its items have, only what it could keep; titles it cannot sort.
        named = [name for name in _NAMED if name != "title"] if meta.schema_version > 1 else ["price"]
    return (*named, *sorted(live.numbers - set(_NAMED)))


def sorted_candidates(
    order: Sequence[Fused],
    key: SortKey,
    values: StoredValues,
    by_words: Collection[str],
    least_score: float,
) -> list[Fused]:
    """The candidates that fit, sorted: the reference for every sorted search.

    Args:
        order: best first.
        key: what they are sorted by; of equal ones the better comes first.
        values: that they have.
        by_words: those that fit whatever their score.
        least_score: share of the best score that the others must have.
    """
    best = max((fused.score for fused in order), default=0.0)
    kept = [f for f in order if f.id in by_words or f.score >= least_score * best]
    found = {fused.id: key.value(values.get(fused.id, {})) for fused in kept}
    having = [fused for fused in kept if found[fused.id] is not None]
    # Python's sort is stable both ways.
    having.sort(key=lambda fused: found[fused.id], reverse=key.descending)  # type: ignore[arg-type,return-value]
    return [*having, *(fused for fused in kept if found[fused.id] is None)]
