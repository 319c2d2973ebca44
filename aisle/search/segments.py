"""Text in segments: which of it is what was typed. Never markup, which one would have to escape. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aisle.mappings.suggestions import folded, word_spans
from aisle.types import Segments

# Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Kana, Han.
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def typed_segments(text: str, typed: str) -> Segments:
    """Mark what was typed: whole words, and the last one also where it begins a word.

    Without case, accents and punctuation, see `folded`. In scripts without spaces the last word may stand
    anywhere.

    Args:
        text: to be shown.
        typed: so far.
    """
    words = folded(typed).split()
    if not words:
        return ((text, False),)
    marks = [mark for span in word_spans(text) if (mark := _mark(text, span, words))]
    return _cut(text, marks)


def _mark(text: str, span: tuple[int, int], words: Sequence[str]) -> tuple[int, int] | None:
    """What of one word of the text was typed."""
    start, end = span
    word = folded(text[start:end])
    if word in words:
        return span
    last = words[-1]
    if word.startswith(last):
        return start, _end_of(text, start, end, last)
    if _UNSPACED.search(last) and last in word:
        # None where it begins within a character, such as the second letter of a ligature.
        begins = (place for place in range(start, end) if folded(text[place:end]).startswith(last))
        begin = next(begins, None)
        return None if begin is None else (begin, _end_of(text, begin, end, last))
    return None


def _end_of(text: str, start: int, end: int, prefix: str) -> int:
    """Where the shortest beginning of the text ends that holds the folded prefix."""
    return next(place for place in range(start + 1, end + 1) if folded(text[start:place]).startswith(prefix))


def _cut(text: str, marks: Sequence[tuple[int, int]]) -> Segments:
    pieces: list[tuple[str, bool]] = []
    end = 0
    for start, stop in marks:
        if start > end:
            pieces.append((text[end:start], False))
        pieces.append((text[start:stop], True))
        end = stop
    if end < len(text):
        pieces.append((text[end:], False))
    return tuple(pieces)
