"""What shoppers did with searches, as totals of a period. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aisle.evaluation.clicks.log import CLICKS, object_and_position
from aisle.mappings.suggestions import folded

_KEY_WORDS: Final = 20
# Shorter ones are mostly those that every query may have.
_LETTERS: Final = 3
_LONGEST: Final = 6
OTHERS: Final = "(others)"
"""Bin of what is in no other one."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Totals of searches, first pages alone.

    Attributes:
        searches: that were recorded.
        known: searches of which it is known what found their results.
        unmatched: those of them of which no item has a word.
        clicked: searches with a click among the first k.
        clicks: different items that were clicked, each once for a search, with a known position.
        positions, squares: sum of their positions from 1, and of the squares.
        words: key word to how many searches have it, as the first of the key words; and `OTHERS`.
        lengths: number of words to how many searches have so many.
    """

    searches: int
    known: int = 0
    unmatched: int = 0
    clicked: int = 0
    clicks: int = 0
    positions: int = 0
    squares: int = 0
    words: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Search:
    text: str
    matched: str
    clicked: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class TrafficReader:
    """Takes queries, then events, and counts them at the end.

    Attributes:
        most: queries that are taken; those beyond say nothing new.
    """

    most: int = 1_000_000
    _searches: dict[str, _Search] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether no more queries are taken."""
        return len(self._searches) >= self.most

    def query(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_queries``; what is no first page of a search counts for nothing."""
        identity, said = source.get("query_id"), source.get("query_attributes")
        attributes = said if isinstance(said, Mapping) else {}
        if not isinstance(identity, str) or self.full or not is_first_page(attributes):
            return
        text = source.get("user_query")
        matched = attributes.get("matched")
        if matched == "all":
            return
        self._searches[identity] = _Search(
            folded(text) if isinstance(text, str) else "", matched if isinstance(matched, str) else ""
        )

    def event(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_events``."""
        identity = source.get("query_id")
        search = self._searches.get(identity) if isinstance(identity, str) else None
        item, position = object_and_position(source.get("event_attributes"))
        if search is not None and source.get("action_name") in CLICKS and item and position is not None:
            search.clicked.setdefault(item, position + 1)

    def done(self, depth: int, words: Collection[str] = ()) -> Traffic:
        """Everything counted.

        Args:
            depth: k of CTR@k.
            words: key words in their order, those of an earlier `Traffic`; empty: those most asked.
        """
        found = tuple(self._searches.values())
        known = [search for search in found if search.matched]
        places = [place for search in found for place in search.clicked.values()]
        texts = Counter(search.text for search in found if search.text)
        kept = [word for word in words if word != OTHERS] or key_words(texts)
        lengths = Counter[str]()
        for text, count in texts.items():
            lengths[str(min(_LONGEST, text.count(" ") + 1))] += count
        return Traffic(
            searches=len(found),
            known=len(known),
            unmatched=sum(search.matched in ("meaning", "nothing") for search in known),
            clicked=sum(any(place <= depth for place in search.clicked.values()) for search in found),
            clicks=len(places),
            positions=sum(places),
            squares=sum(place * place for place in places),
            words=by_key_word(texts, kept),
            lengths=dict(lengths),
        )


def is_first_page(attributes: Mapping[str, Any]) -> bool:
    """Whether a query's attributes are those of a search, and of its first page."""
    return attributes.get("kind", "search") == "search" and attributes.get("page", 1) in (1, "1")


def key_words(texts: Mapping[str, int]) -> list[str]:
    """The words that most searches have, the most frequent first.

    Args:
        texts: folded text of a search to how often it was asked.
    """
    counts = Counter[str]()
    for text, count in texts.items():
        for word in {word for word in text.split(" ") if len(word) >= _LETTERS}:
            counts[word] += count
    # Those of one count in an order that does not depend on who asked first.
    return [word for word, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_KEY_WORDS]]


def by_key_word(texts: Mapping[str, int], words: Sequence[str]) -> dict[str, int]:
    """Searches by the first of the words that they have; one search counts once.

    Args:
        texts: folded text of a search to how often it was asked.
        words: in the order in which they are looked for.
    """
    if not texts:
        return {}
    counts = dict.fromkeys((*words, OTHERS), 0)
    for text, count in texts.items():
        has = set(text.split(" "))
        counts[next((word for word in words if word in has), OTHERS)] += count
    return counts
