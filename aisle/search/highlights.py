"""Highlights: where a hit has the words that were searched. Pure.

They are segments of plain text and never HTML: whoever shows them escapes them as any other text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.mappings import fields
from aisle.mappings.document import attribute_word
from aisle.search.legs import first_words
from aisle.types import Item, Segments

SNIPPET_CHARS: Final = 160

# Noncharacters of Unicode (chapter 23.7): they are for a program's own use and stand in no text.
_OPENED, _CLOSED = "\ufdd0", "\ufdd1"
_TAG = re.compile(f"([{_OPENED}{_CLOSED}])")
_MAX_WORDS = 250
# Of several values.
_BETWEEN: Final = ", "


def highlight_body(text: str) -> dict[str, Any]:
    """The ``highlight`` section of a request for documents.

    Args:
        text: that was searched, in place of what was typed where that was corrected.
    """
    asked = first_words(text, _MAX_WORDS)
    whole = {"number_of_fragments": 0}
    snippet = {"number_of_fragments": 1, "fragment_size": SNIPPET_CHARS, "no_match_size": SNIPPET_CHARS}
    return {
        "pre_tags": [_OPENED],
        "post_tags": [_CLOSED],
        "fields": {
            fields.TITLE: {**whole, **_found_by(fields.TITLE, asked)},
            fields.TEXT: {**snippet, **_found_by(fields.TEXT, asked)},
            fields.ATTRIBUTE_TEXT: {
                **whole,
                "highlight_query": {"match": {fields.ATTRIBUTE_TEXT: asked}},
            },
        },
    }


def _found_by(field: str, text: str) -> dict[str, Any]:
    searched = [field, f"{field}.{fields.PARTS}"]
    return {
        "matched_fields": searched,
        "highlight_query": {"bool": {"should": [{"match": {name: text}} for name in searched]}},
    }


def read_highlights(item: Item, highlight: Mapping[str, list[str]]) -> dict[str, Segments]:
    """The highlights of one hit: its whole title, a snippet of its text, and attributes with a word.

    Args:
        item: of the hit.
        highlight: of the hit in the answer to `highlight_body`; a field without a word of the query is
            missing.

    Returns:
        Field to segments, ``attributes.Colour`` for an attribute; no segment is marked where the item was
        found by its meaning alone.
    """
    found: dict[str, Segments] = {fields.TITLE: ((item.title, False),)}
    found.update(
        {
            field: segments(" ".join(highlight[field]))
            for field in (fields.TITLE, fields.TEXT)
            if field in highlight
        }
    )
    found.update(_attributes(item, highlight.get(fields.ATTRIBUTE_TEXT, ())))
    if _TAG.search(item.title + item.text):
        # Which of them are tags nobody can tell.
        return {field: (("".join(text for text, _ in parts), False),) for field, parts in found.items()}
    return found


def _attributes(item: Item, tagged: Sequence[str]) -> dict[str, Segments]:
    """The values with a word of the query, of those that the attributes say."""
    said = {"".join(text for text, _ in parts): parts for parts in map(segments, tagged)}
    found: dict[str, Segments] = {}
    for name, values in item.attributes.items() if said else ():
        marked = [said[word] for value in values if (word := attribute_word(name, value)) in said]
        if marked:
            rest = (part for parts in marked[1:] for part in ((_BETWEEN, False), *parts))
            found[f"{fields.ATTRIBUTES}.{name}"] = (*marked[0], *rest)
    return found


def segments(tagged: str) -> Segments:
    """Text with tags around words, as segments; none of them is empty."""
    found, marked = [], False
    for part in _TAG.split(tagged):
        if part in (_OPENED, _CLOSED):
            marked = part == _OPENED
        elif part:
            found.append((part, marked))
    return tuple(found)
