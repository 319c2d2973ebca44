"""Lists without relevance: category pages, and every match in the order of a field. Pure."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from aisle.errors import InvalidQuery
from aisle.mappings import fields
from aisle.search.sorting import SortKey, SortValue

MAX_REACHABLE: Final = 10_000
"""OpenSearch's index.max_result_window: what pages reach by their number."""

FIRST_CURSOR: Final = "*"
KEEP_ALIVE: Final = "2m"
"""How long OpenSearch remembers a list between two of its pages."""

_PIT: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,10000}")
_AGAIN: Final = f"begin again with cursor={FIRST_CURSOR!r}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to show a page of.

    Attributes:
        keys: what it is sorted by; equal items are in order of id.
        first: how many results stand before the page.
        size: of the page.
        cursor: of the page; None where it goes by its number.
        mark: tells this list from others, see `Cursor`.
        searched: whether there are words; else it lists everything.
    """

    keys: tuple[SortKey, ...]
    first: int
    size: int
    cursor: str | None
    mark: str
    searched: bool

    @property
    def sorted_by(self) -> str:
        """As in ``Page``."""
        return self.keys[0].title if len(self.keys) == 1 else "signals"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page of a list begins.

    Its text is for the caller to hand back, and nobody vouches for it: all of it is checked.

    Attributes:
        release: index that answers.
        pit: OpenSearch's name for the list as it was when its first page was asked.
        after: sort values of the last item that was shown; empty for the first page.
        shown: how many items were shown.
        mark: of the list.
    """

    release: str
    pit: str
    after: tuple[Any, ...]
    shown: int
    mark: str

    def encoded(self) -> str:
        """As text."""
        parts = [self.release, self.pit, list(self.after), self.shown, self.mark]
        return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_cursor(text: str, listing: Listing, release: str) -> Cursor:
    """The cursor of a list.

    Args:
        text: from outside.
        listing: to go on with.
        release: that is live.

    Raises:
        InvalidQuery: it is no cursor, one of another list, or of another release.
    """
    try:
        found = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        name, pit, after, shown, mark = found
        cursor = Cursor(name, pit, tuple(after), shown, mark)
    except (ValueError, TypeError) as error:
        raise InvalidQuery(
            "the cursor cannot be read", fix=f"take that of the page before, or {_AGAIN}"
        ) from error
    sound = (
        isinstance(cursor.pit, str)
        and _PIT.fullmatch(cursor.pit)
        and type(cursor.shown) is int
        and cursor.shown >= 0
        and len(cursor.after) == len(listing.keys) + 1
        and all(value is None or isinstance(value, str | int | float) for value in cursor.after)
    )
    if not sound:
        raise InvalidQuery("the cursor cannot be read", fix=f"take that of the page before, or {_AGAIN}")
    if cursor.release != release:
        raise InvalidQuery(
            f"the cursor is of another release: {release} is live now",
            fix=f"{_AGAIN}, or ask for_release() of the first page's release",
        )
    if cursor.mark != listing.mark:
        raise InvalidQuery("the cursor is of another search or order", fix=f"ask the same again, or {_AGAIN}")
    return cursor


def mark_of(*parts: Any) -> str:
    """What tells a list from others: made of all that decides what is in it."""
    return hashlib.sha256(orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def listing_body(
    listing: Listing,
    query: Mapping[str, Any],
    clauses: Sequence[Mapping[str, Any]],
    cursor: Cursor | None,
    *,
    grouped: bool,
) -> dict[str, Any]:
    """Body of the request for a page of a list.

    Args:
        listing: what is listed.
        query: clause of what is in it, before filters.
        clauses: that every result must match.
        cursor: where the page begins, if the list goes by cursor.
        grouped: one hit per product.
    """
    size = max(0, min(listing.size, MAX_REACHABLE - listing.first))
    body: dict[str, Any] = {
        "_source": False,
        "track_total_hits": True,
        "size": size,
        "query": {"bool": {"filter": [query, *clauses]}},
        "sort": [*(key.clause() for key in listing.keys), {fields.ID: "asc"}],
    }
    if cursor is not None:
        body["pit"] = {"id": cursor.pit, "keep_alive": KEEP_ALIVE}
    if cursor is not None and cursor.after:
        body["search_after"] = list(cursor.after)
    elif listing.first and size:
        body["from"] = listing.first
    if grouped:
        body["collapse"] = {"field": fields.GROUP}
    return body


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Where a page stands in its list.

    Attributes:
        first: how many results stand before it.
        reachable: how many pages can reach.
        cursor: of the next page; None for the last, or where pages go by number.
        values: item to what it is sorted by first.
        sorted_by: as in ``Page``.
    """

    first: int
    reachable: int
    cursor: str | None
    values: Mapping[str, SortValue]
    sorted_by: str


def sort_values(keys: Sequence[SortKey], hits: Sequence[Mapping[str, Any]]) -> dict[str, SortValue]:
    """Item to what it is sorted by first, from hits with their ``sort``."""
    return {hit["_id"]: _value(hit["sort"][0]) for hit in hits} if keys else {}


_NONE: Final = frozenset({"Infinity", "-Infinity"})
# What dates that are missing count as.
_ENDS: Final = frozenset({2**63 - 1, -(2**63)})


def _value(found: Any) -> SortValue:
    if found is None or found in _NONE or found in _ENDS:
        return None
    return found if isinstance(found, str) else float(found)
