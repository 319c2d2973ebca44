"""A query's words compared with titles as they are written: which are there, where, and how alike. Pure.

The release's analyzers say which words match (``evidence``); this says where they stand. Words are compared
as they are written but for accents and endings: no language's rules are needed, and none are wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from aisle.search.legs import WORD

# Behind one of these a title, or a query, says what a product is for or of, and no longer what it is.
_BEHIND_THE_NOUN: Final = frozenset(
    (
        *("for", "with", "without", "in", "of", "to", "by", "w", "from", "on"),
        *("mit", "aus", "von", "zu", "fur", "pour", "avec", "de", "en", "sans", "para", "con", "sin", "per"),
        *("di", "da", "voor", "met", "van", "och", "med", "til"),
    )
)
_PAUSE: Final = re.compile(r"[,(|:;]|\s[-/\u2013\u2014]\s")
_MAX_TITLE_WORDS: Final = 64
_PREFIX: Final = 3
_SHORT: Final = 5
_ENDING: Final = 3


@dataclass(frozen=True, slots=True)
class Title:
    """A text as it is compared.

    Attributes:
        words: in lower case, without accents, in order.
        noun: place of the word that says what it is, the last one before a pause or a preposition; -1 for a
            text without words.
        grams: pieces of three characters of each of its words, with their edges.
    """

    words: tuple[str, ...]
    noun: int
    grams: frozenset[str]


# A shop's searches meet the same titles again and again.
@lru_cache(maxsize=50_000)
def read_title(text: str) -> Title:
    """A title, or a query, taken apart; at most its first 64 words."""
    flat = plain(text)
    words: list[str] = []
    noun, paused, end = -1, False, 0
    for match in WORD.finditer(flat):
        if len(words) == _MAX_TITLE_WORDS:
            break
        word = match.group()
        if noun >= 0:
            paused = paused or word in _BEHIND_THE_NOUN or bool(_PAUSE.search(flat, end, match.start()))
        if not paused and not word[0].isdigit():
            noun = len(words)
        words.append(word)
        end = match.end()
    if noun < 0 and words:
        noun = len(words) - 1
    return Title(tuple(words), noun, frozenset(_grams(words)))


def plain(text: str) -> str:
    """In lower case and without accents."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def _grams(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        edged = f"<{word}>"
        yield from (edged[at : at + 3] for at in range(len(edged) - 2))


def alike(first: str, second: str) -> bool:
    """Whether two words are one but for their endings: "box" and "boxes", "panel" and "paneling"."""
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) < _PREFIX or shorter[:_PREFIX] != longer[:_PREFIX]:
        return False
    if longer.startswith(shorter):
        ending = longer[len(shorter) :]
        return ending in ("", "s", "es") or (len(shorter) >= _SHORT and len(ending) <= _ENDING)
    pairs = enumerate(zip(shorter, longer, strict=False))
    shared = next((at for at, (one, other) in pairs if one != other), len(shorter))
    return len(longer) > _SHORT and shared >= len(longer) - (1 + (len(longer) > 6) + (len(longer) > 8))


class WordMatcher:
    """Finds the words of one query in titles.

    Args:
        words: of the query.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._known: dict[str, int] = {}
        for place, word in enumerate(words):
            self._known.setdefault(word, place)
        self._beginnings: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            self._beginnings.setdefault(word[:_PREFIX], []).append(place)

    def places(self, title: Title) -> list[int]:
        """For each word of the title the place of the query's word that it is, -1 for none."""
        known = self._known
        found = []
        for word in title.words:
            place = known.get(word)
            if place is None:
                among = self._beginnings.get(word[:_PREFIX], ())
                place = next((at for at in among if alike(self._words[at], word)), -1)
                known[word] = place
            found.append(place)
        return found
