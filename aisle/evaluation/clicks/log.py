"""Queries and events of User Behavior Insights, counted: what was shown where, and what of it was clicked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.mappings.ubi import USER_QUERY_CHARS, Action
from aisle.markup import one_line

Ints = NDArray[np.int64]

CLICKS: Final = frozenset(
    {Action.CLICK, Action.CLICK_THROUGH, Action.VIEW, Action.ADD_TO_CART, Action.PURCHASE}
)
"""What a shopper does with an item that a search showed; a purchase says no less than a click."""
# Deeper places are too rare to say how often they are looked at.
MAX_POSITION: Final = 100


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A query as shoppers asked it: its text, how often, and by how many different clients (0: unknown)."""

    text: str
    count: int
    clients: int


@dataclass(frozen=True, slots=True)
class ClickLog:
    """How often an item stood at a position for a query, and how often it was clicked there; N such rows.

    Attributes:
        queries, items: their texts and ids.
        query, item: int64 [N], places in these.
        position: int64 [N], 0 for the first.
        shown, clicked: int64 [N]; 0 <= clicked <= shown, 1 <= shown.
        asked: every query, the most frequent first.
        passed_over: reason to the number of events that say nothing here.
    """

    queries: tuple[str, ...]
    items: tuple[str, ...]
    query: Ints
    item: Ints
    position: Ints
    shown: Ints
    clicked: Ints
    asked: tuple[AskedQuery, ...]
    passed_over: Mapping[str, int]

    @property
    def pairs(self) -> Ints:
        """One number for each pair of query and item, int64 [N]."""
        return self.query * max(1, len(self.items)) + self.item


@dataclass(slots=True)
class _Search:
    """One search: its query, and the position of each item that it showed, from 0."""

    text: str = ""
    shown: dict[str, int] = field(default_factory=dict)
    impressions: bool = False
    clicked: dict[str, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class LogReader:
    """Takes queries and events in any order, and counts them at the end.

    An item counts once for a search, however often it was clicked. Where a search has no event
    ``impression``, what its query says that it returned was shown.
    """

    _searches: dict[str, _Search] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _clients: dict[str, set[str]] = field(default_factory=dict)
    _passed_over: Counter[str] = field(default_factory=Counter)

    def query(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_queries``."""
        identity, text = source.get("query_id"), _text(source.get("user_query"))
        if not isinstance(identity, str) or not text:
            self._passed_over["queries without an id or a text"] += 1
            return
        search = self._searches.setdefault(identity, _Search())
        search.text = text
        hits = source.get("query_response_hit_ids")
        if isinstance(hits, list) and not search.impressions:
            first = _first_place(source.get("query_attributes"))
            search.shown = {str(item): place for place, item in enumerate(hits, first)}
        self._asked[text] += 1
        if isinstance(client := source.get("client_id"), str):
            self._clients.setdefault(text, set()).add(client)

    def event(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_events``."""
        action, identity = source.get("action_name"), source.get("query_id")
        item, position = object_and_position(source.get("event_attributes"))
        if not isinstance(action, str) or action not in (Action.IMPRESSION, *CLICKS):
            self._passed_over["events of other actions"] += 1
        elif not isinstance(identity, str) or item is None:
            self._passed_over["events without a query or an item"] += 1
        else:
            search = self._searches.setdefault(identity, _Search())
            search.text = search.text or _text(source.get("user_query"))
            if action != Action.IMPRESSION:
                search.clicked.setdefault(item, position)
            elif position is None:
                self._passed_over["impressions without a position"] += 1
            else:
                if not search.impressions:
                    search.shown, search.impressions = {}, True
                search.shown[item] = position

    def done(self) -> ClickLog:
        """Everything counted."""
        shown: Counter[tuple[str, str, int]] = Counter()
        clicked: Counter[tuple[str, str, int]] = Counter()
        for search in self._searches.values():
            if not search.text:
                self._passed_over["searches without a text"] += 1
                continue
            # A click tells that its item was shown, where nothing else does.
            for item, position in search.clicked.items():
                if position is not None:
                    search.shown.setdefault(item, position)
            for item, position in search.shown.items():
                if 0 <= position < MAX_POSITION:
                    shown[search.text, item, position] += 1
                    clicked[search.text, item, position] += item in search.clicked
        queries = tuple(dict.fromkeys(text for text, _, _ in shown))
        items = tuple(dict.fromkeys(item for _, item, _ in shown))
        query_at = {text: place for place, text in enumerate(queries)}
        item_at = {item: place for place, item in enumerate(items)}
        rows = np.array(
            [(query_at[q], item_at[i], at, count, clicked[q, i, at]) for (q, i, at), count in shown.items()],
            dtype=np.int64,
        )
        columns = rows.reshape(-1, 5).T.copy()
        asked = tuple(
            AskedQuery(text, count, len(self._clients.get(text, ())))
            for text, count in self._asked.most_common()
        )
        return ClickLog(
            queries,
            items,
            query=columns[0],
            item=columns[1],
            position=columns[2],
            shown=columns[3],
            clicked=columns[4],
            asked=asked,
            passed_over=dict(self._passed_over),
        )


def _text(value: object) -> str:
    """A query's text as it is compared: one line in lower case."""
    return one_line(value[:USER_QUERY_CHARS]).lower() if isinstance(value, str) else ""


def _first_place(attributes: object) -> int:
    """Place of the first hit, from 0: that of a later page is not the first."""
    if not isinstance(attributes, Mapping):
        return 0
    page, size = attributes.get("page"), attributes.get("size")
    return (page - 1) * size if isinstance(page, int) and isinstance(size, int) and page > 1 < size else 0


def object_and_position(attributes: object) -> tuple[str | None, int | None]:
    """The item's id, and its position from 0; None for what is not there."""
    if not isinstance(attributes, Mapping):
        return None, None
    item, place = attributes.get("object"), attributes.get("position")
    identity = item.get("object_id") if isinstance(item, Mapping) else None
    ordinal = place.get("ordinal") if isinstance(place, Mapping) else None
    return (
        str(identity) if isinstance(identity, str | int) and str(identity).strip() else None,
        ordinal - 1 if isinstance(ordinal, int) and ordinal >= 1 else None,
    )
