"""The index of suggestions beside a release: its name, its fields, and how texts are compared. Pure.

Suggestions are found by Lucene's completion suggester, a transducer that knows the heaviest completion of
every prefix. It compares characters, so that words of every script complete alike; `folded` makes them
comparable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

SUGGEST_VERSION: Final = 1
"""Changes whenever a client of another version would misread the documents."""

MAX_CHARS: Final = 80
"""Of a folded suggestion: what is longer is no suggestion, and completes nothing."""

_SUGGEST: Final = "-suggest"

TEXT: Final = "text"
KIND: Final = "kind"
SOURCE: Final = "source"
COUNT: Final = "count"
# What may be typed: the text from its beginning, and from each of its later words.
QUERY: Final = "query"
QUERY_INSIDE: Final = "query_inside"
# The same of categories and brands.
VALUE: Final = "value"
VALUE_INSIDE: Final = "value_inside"


class SuggestionKind(StrEnum):
    """What a suggestion completes to."""

    QUERY = "query"
    CATEGORY = "category"
    BRAND = "brand"


class SuggestionSource(StrEnum):
    """Why a query is suggested."""

    POPULAR = "popular"
    """Shoppers asked for it."""
    TITLE = "title"
    """Titles of the catalogue say it."""
    JOINED = "joined"
    """What was typed, with its last word completed; some item has all of these words."""


def suggest_index(release: str) -> str:
    """The index of a release's suggestions: whatever the release's name is found by belongs to it."""
    return f"{release}{_SUGGEST}"


def release_of_suggestions(index: str) -> str:
    """The release that an index of suggestions would belong to, by its name."""
    return index.removesuffix(_SUGGEST)


def suggest_alias(release: str) -> str:
    """The alias that a release's suggestions are written through; by it an index is known as Aisle's own."""
    return f"{release}-completions"


def suggest_body(release: str, replicas: int) -> dict[str, Any]:
    """Body for ``PUT <release>-suggest``."""
    shown = {"type": "keyword", "index": False, "doc_values": False}
    typed = {
        "type": "completion",
        # Texts come folded.
        "analyzer": "keyword",
        "preserve_separators": True,
        "preserve_position_increments": True,
        "max_input_length": MAX_CHARS,
    }
    return {
        "settings": {
            "index": {"number_of_shards": 1, "number_of_replicas": replicas, "refresh_interval": "-1"}
        },
        "aliases": {suggest_alias(release): {}},
        "mappings": {
            "_meta": {"aisle": {"suggestions_of": release, "suggest_version": SUGGEST_VERSION}},
            "dynamic": "strict",
            "properties": {
                **dict.fromkeys((TEXT, KIND, SOURCE), shown),
                COUNT: {"type": "integer", "index": False, "doc_values": False},
                **dict.fromkeys((QUERY, QUERY_INSIDE, VALUE, VALUE_INSIDE), typed),
            },
        },
    }


def suggestion_document(
    text: str, name: str, weight: int, count: int, kind: SuggestionKind, source: SuggestionSource
) -> dict[str, Any]:
    """One suggestion as a document.

    Args:
        text: what it completes to: a query, or the value to filter by.
        name: what is typed for it: of a category its own name, else the text.
        weight: its place, 1 for the last: of two completions the heavier one comes first.
        count: how often it was asked for, or how many items have it.
        kind: what it is.
        source: why it is suggested.
    """
    whole = folded(name)
    words = whole.split(" ")
    later = [" ".join(words[place:]) for place in range(1, len(words))]
    start, inside = (QUERY, QUERY_INSIDE) if kind is SuggestionKind.QUERY else (VALUE, VALUE_INSIDE)
    return {
        TEXT: text,
        KIND: kind.value,
        SOURCE: source.value,
        COUNT: min(count, _MOST),
        start: {"input": [whole], "weight": weight},
        **({inside: {"input": later, "weight": weight}} if later else {}),
    }


# What an integer field holds.
_MOST: Final = 2**31 - 1

# Letters that decomposition leaves as they are.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe", "\u0131": "i", "þ": "th"}
)
_ASCII_APART: Final = re.compile(r"[^a-z0-9]+")
# Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are letters of their own.
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")


def folded(text: str) -> str:
    """The words of a text as they are compared: without case, accents and punctuation, one space apart.

    Characters are decomposed (NFKD): of Hangul that makes each letter one that can be typed.
    """
    if text.isascii():
        return _ASCII_APART.sub(" ", text.lower()).strip()
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    kept = "".join(mark if is_part_of_word(mark) else " " for mark in _ACCENTS.sub("", apart))
    return " ".join(kept.split())


@lru_cache(maxsize=65_536)
def is_part_of_word(mark: str) -> bool:
    """Whether a character belongs to a word: letters, digits, their marks, and pictures."""
    category = unicodedata.category(mark)
    return category[0] in "LNM" or category == "So"


def word_spans(text: str) -> Sequence[tuple[int, int]]:
    """Where the words of a text begin and end."""
    spans, start = [], -1
    for place, mark in enumerate(text):
        if is_part_of_word(mark):
            start = place if start < 0 else start
        elif start >= 0:
            spans.append((start, place))
            start = -1
    return [*spans, (start, len(text))] if start >= 0 else spans
