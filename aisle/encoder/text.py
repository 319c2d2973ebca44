"""The only place where items and queries become text for an encoder.

Training, export, indexing and search all call these functions: a model never sees text made another way.
Change what they return and you must change ``TEXT_VERSION``: it is part of an artifact's fingerprint.
"""

from __future__ import annotations

import re

from aisle.types import Item

TEXT_VERSION = "1"

MAX_CHARS = 2048
"""Longest text an encoder is given, in characters: over 256 tokens of product prose, and cheap."""

TEXT_CHARS = 200
"""Characters of a description that are read: on icecat no worse than all of it, and fewer tokens."""

_RAW_CHARS = 8 * MAX_CHARS
# Controls, line and paragraph separators, lone surrogates (no tokenizer accepts them), non-characters.
_NOISE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")


def clean(text: str) -> str:
    """One line of at most ``MAX_CHARS`` characters, without control or invisible characters. Idempotent."""
    if len(text) > _RAW_CHARS:
        # A megabyte title must not cost a megabyte of regular expression.
        text = text.lstrip()[:_RAW_CHARS]
    text = _NOISE.sub(" ", _INVISIBLE.sub("", text)).strip()
    return text[:MAX_CHARS].rstrip()


def item_text(item: Item) -> str:
    """The text of an item that encoders read: the title and the beginning of the description."""
    title, text = clean(item.title), clean(item.text)[:TEXT_CHARS].rstrip()
    if not text or text in title:
        return title
    return clean(f"{title}. {text}")


def query_text(text: str) -> str:
    """The text of a query that encoders read: what the user typed, cleaned."""
    return clean(text)
