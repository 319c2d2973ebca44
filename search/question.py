"""What counts as a question: cleaned, not empty, not endless. Pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from encoder import query_text
from records import InvalidQuery

MAX_WORDS = 2_000

_WORD = re.compile(r"\w+")


def checked_question(text: str) -> str:
    """The text as every leg gets it.

    Raises:
        InvalidQuery: if nothing is left of it but punctuation, or it has more than ``MAX_WORDS`` words.
    """
    cleaned = query_text(text)
    if not cleaned:
        raise InvalidQuery("the query is empty", fix="type at least one word")
    if not any(map(_says_something, cleaned)):
        raise InvalidQuery("the query has no word, only punctuation", fix="type at least one word")
    # Counted on the raw text: cleaning may have cut it, and a silent cut is what this error prevents.
    if sum(1 for _ in islice(_WORD.finditer(text), MAX_WORDS + 1)) > MAX_WORDS:
        raise InvalidQuery(
            f"the query has more than {MAX_WORDS:,} words",
            fix="search for a product's name or a few of its traits",
        )
    return cleaned


def _says_something(mark: str) -> bool:
    """Letters, digits and pictures."""
    return unicodedata.category(mark)[0] in "LN" or unicodedata.category(mark) == "So"


def first_words(text: str, limit: int) -> str:
    """The text up to its ``limit``-th word, for legs whose cost grows with every word."""
    last = next(islice(_WORD.finditer(text), limit - 1, limit), None)
    return text[: last.end()] if last else text
