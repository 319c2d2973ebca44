"""The only place where items and queries become text for an encoder.

Items are plain text already: readers have removed their markup (`aisle.markup`).
Training, export, indexing and search all call these functions: a model never sees text made another way.
Change what they return and you must change ``TEXT_VERSION``: it is part of an artifact's fingerprint.
"""

from __future__ import annotations

from aisle.markup import decoded, one_line
from aisle.types import Item

TEXT_VERSION = "2"

MAX_CHARS = 2048
"""Longest text an encoder is given, in characters: over 256 tokens of product prose, and cheap."""

TEXT_CHARS = 200
"""Characters of a description that are read: on icecat no worse than all of it, and fewer tokens."""

_RAW_CHARS = 8 * MAX_CHARS


def clean(text: str) -> str:
    """One line of at most ``MAX_CHARS`` characters: `aisle.markup.one_line`, cut. Idempotent."""
    if len(text) > _RAW_CHARS:
        # A megabyte title must not cost a megabyte of regular expression.
        text = text.lstrip()[:_RAW_CHARS]
    text = one_line(text)
    if len(text) > MAX_CHARS:
        # What joins to a next character is noise at the end.
        text = text[:MAX_CHARS].rstrip(" \u200c\u200d")
    return text


def item_text(item: Item) -> str:
    """The text of an item that encoders read: the title and the beginning of the description."""
    title, text = clean(item.title), clean(item.text)[:TEXT_CHARS].rstrip()
    if not text or text in title:
        return title
    return clean(f"{title}. {text}")


def query_text(text: str) -> str:
    """The text of a query: what the user typed, cleaned. Idempotent.

    Character references are decoded, as pages send them by mistake and nobody types them. Tags stay: a query
    is not markup, and ``<`` may be meant.
    """
    text = clean(text)
    while (once := clean(decoded(text))) != text:
        text = once
    return text
