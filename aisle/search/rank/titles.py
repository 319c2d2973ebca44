"""A query's words compared with titles as they are written: which are there, where, and how alike. Pure.

The release's analyzers say which words match (``evidence``); this says where they stand. Words are compared
as they are written but for accents and endings: no language's rules are needed, and none are wrong.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.search.legs import WORD

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

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


MAX_TITLES: Final = 50_000
"""Titles that are remembered at a time: a shop's searches meet the same ones again and again."""

MAX_WORDS: Final = 100_000
"""Different words of them."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownTitle:
    """A title whose words, and their pieces, have numbers: equal ones for equal ones.

    Attributes:
        words: as of `Title`; noun: likewise.
        numbers: int64 [words].
        first: bool [words], whether the title has a word there for the first time.
        digits: bool [words], whether it begins with a digit.
        grams: int64, of its pieces of three characters, each once.
    """

    words: tuple[str, ...]
    noun: int
    numbers: Ints
    first: Flags
    digits: Flags
    grams: Ints


class KnownTitles:
    """Titles that were taken apart, and numbers of their words. It may be used from several threads."""

    def __init__(self) -> None:
        self._titles: dict[str, KnownTitle] = {}
        self._words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._grams: dict[str, int] = {}
        self._beginnings: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether others should take their place."""
        return len(self._titles) >= MAX_TITLES or len(self._numbers) >= MAX_WORDS

    def read(self, text: str) -> KnownTitle:
        """A title taken apart."""
        found = self._titles.get(text)
        if found is None:
            found = self._titles[text] = self.numbered(read_title(text))
        return found

    def numbered(self, title: Title) -> KnownTitle:
        """A title with numbers; it is not remembered."""
        words = title.words
        with self._lock:
            numbers = [self._number(word) for word in words]
            grams = [self._grams.setdefault(gram, len(self._grams)) for gram in title.grams]
            # One text for all titles that have the word.
            words = tuple(self._words[number] for number in numbers)
        return KnownTitle(
            words,
            title.noun,
            np.array(numbers, dtype=np.int64),
            np.array([word not in words[:at] for at, word in enumerate(words)], dtype=np.bool_),
            np.array([word[0].isdigit() for word in words], dtype=np.bool_),
            np.array(grams, dtype=np.int64),
        )

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self._words)
            self._words.append(word)
            self._beginnings.setdefault(word[:_PREFIX], []).append(word)
        return number

    def places(self, words: Sequence[str], numbers: Ints) -> Ints:
        """Which word of a query each word of titles is, but for endings.

        Args:
            words: of the query.
            numbers: int64 [M], of the words of titles.

        Returns:
            int64 [M], places in the query; -1 for none.
        """
        with self._lock:
            near = [
                (place, self._numbers[other])
                for place, word in enumerate(words)
                for other in self._beginnings.get(word[:_PREFIX], ())
                if alike(word, other)
            ]
            same = [(place, self._numbers[word]) for place, word in enumerate(words) if word in self._numbers]
        by_number = np.full(1 + int(numbers.max(initial=0)), -1, dtype=np.int64)
        # What is written later counts: the same word more than one that is alike, of several the first.
        for place, number in (*reversed(near), *reversed(same)):
            if number < len(by_number):
                by_number[number] = place
        return np.asarray(by_number[numbers])


class TitleReader:
    """Takes titles apart and remembers them, within bounds."""

    def __init__(self) -> None:
        self._known = KnownTitles()

    def known(self) -> KnownTitles:
        """What one search is to read by, all of it: numbers of words are those of one of them."""
        if self._known.is_full:
            self._known = KnownTitles()
        return self._known
