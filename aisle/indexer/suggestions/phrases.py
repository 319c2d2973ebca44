"""Phrases of a catalogue's titles that shoppers may type. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from aisle.mappings.suggestions import MAX_CHARS, folded, word_spans

LONGEST: Final = 4
"""Words of a phrase."""

# Of the places of a phrase, and of a lone word, how many may be parts of one and the same longer phrase: with
# more it is a fragment, such as "decorators collection" of "home decorators collection".
_FRAGMENT: Final = 0.6
_FRAGMENT_WORD: Final = 0.9
# Of the places of a word, how many follow a number where the word is a unit.
_UNIT: Final = 0.5
# A word, or what stands between two phrases.
_ASCII_PIECE: Final = re.compile(r"([a-z0-9]+)|[^a-z0-9\s\-/'&.+]+")
# Between words of one phrase.
_TOGETHER: Final = re.compile(r"[\s\-/'\u2019&.+]*")
# Where one script ends and another begins, a text without spaces has a word's end.
_SCRIPT: Final = re.compile(
    "[\u3040-\u309f]+|[\u30a0-\u30ff\uff66-\uff9f]+|[\u3400-\u9fff\U00020000-\U0003ffff]+"
    "|[^\u3040-\u30ff\uff66-\uff9f\u3400-\u9fff\U00020000-\U0003ffff]+"
)
# Of one phrase, so many are looked at for how it is written.
_FORMS: Final = 9
# Stands between phrases: no phrase reaches over it.
_APART: Final = -1


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another in several titles.

    Attributes:
        text: in lower case, as most titles write it.
        count: how often it stands in the titles looked at.
    """

    text: str
    count: int


def title_phrases(
    titles: Sequence[str], *, stop_words: Collection[str] = (), least: int = 3, most: int = 10_000
) -> list[Phrase]:
    """The phrases of the titles, best first: frequent ones, and of two equally frequent the longer one.

    Longer phrases are counted only where both phrases of one word less are frequent (Agrawal and Srikant,
    VLDB 1994, Apriori), so memory follows what is frequent. Numbers and units are no parts of phrases.

    Args:
        titles: of items; a sample of them, if there are many.
        stop_words: in lower case; no phrase begins or ends with one.
        least: how often a phrase must be there.
        most: how many phrases.
    """
    read = [_Title.of(title) for title in titles]
    units = _units(read)
    barred = {folded(word) for word in stop_words}
    vocabulary = Counter(word for title in read for word in title.words)
    words = [w for w, n in vocabulary.items() if n >= least and not w.isdecimal() and w not in units]
    edges = [word not in barred for word in words]

    # Level by level: a phrase is a number, and one of the next level a pair of neighbours.
    numbers = {word: number for number, word in enumerate(words)}
    rows = [[_APART if w is None else numbers.get(w, _APART) for w in title.pieces] for title in read]
    counts = [vocabulary[word] for word in words]
    ends = [(number, number) for number in range(len(words))]
    found: list[tuple[float, int, str]] = []
    for length in range(1, LONGEST + 1):
        pairs = Counter(chain.from_iterable(map(pairwise, rows)))
        frequent = [p for p, n in pairs.items() if n >= least and _APART not in p and p[0] != p[1]]
        extended = [0] * len(counts)
        for first, second in frequent:
            count = pairs[first, second]
            if edges[ends[second][1]]:
                extended[first] = max(extended[first], count)
            if edges[ends[first][0]]:
                extended[second] = max(extended[second], count)
        share = _FRAGMENT_WORD if length == 1 else _FRAGMENT
        whole = {
            number
            for number, count in enumerate(counts)
            if extended[number] < share * count and all(edges[word] for word in ends[number])
        }
        for number, text in _texts(rows, read, whole, length):
            if text.isascii() and len(text) == 1:
                continue
            found.append((counts[number] * math.log2(length + 1), counts[number], text))
        follower = {pair: number for number, pair in enumerate(frequent)}
        counts = [pairs[pair] for pair in frequent]
        ends = [(ends[first][0], ends[second][1]) for first, second in frequent]
        rows = [[follower.get(pair, _APART) for pair in pairwise(row)] for row in rows]
    best = sorted(found, key=lambda phrase: (-phrase[0], phrase[2]))
    return [Phrase(text, count) for _, count, text in best[:most]]


@dataclass(frozen=True, slots=True)
class _Title:
    """Attributes:
    text: in lower case.
    pieces: its folded words; None stands where a phrase cannot go on.
    spans: where each of them begins and ends.
    """

    text: str
    pieces: tuple[str | None, ...]
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, title: str) -> _Title:
        text = title.lower()
        if text.isascii():
            found = list(_ASCII_PIECE.finditer(text))
            pieces = tuple(word if (word := piece[1]) else None for piece in found)
            return cls(text, pieces, tuple(piece.span() for piece in found))
        read = list(_pieces(text))
        return cls(text, tuple(piece for piece, _ in read), tuple(span for _, span in read))

    @property
    def words(self) -> Iterator[str]:
        return (word for word in self.pieces if word is not None)


def _pieces(text: str) -> Iterator[tuple[str | None, tuple[int, int]]]:
    """As ``_ASCII_PIECE`` finds them, of any script."""
    end = 0
    for start, stop in word_spans(text):
        if end and not _TOGETHER.fullmatch(text, end, start):
            yield None, (end, start)
        for run in _SCRIPT.finditer(text, start, stop):
            if word := folded(run.group()):
                yield word, run.span()
        end = stop


def _units(read: Sequence[_Title]) -> frozenset[str]:
    """Words that mostly follow a number."""
    places: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for title in read:
        words = list(title.words)
        places.update(words)
        after.update(second for first, second in pairwise(words) if first.isdecimal())
    return frozenset(word for word, count in after.items() if count > _UNIT * places[word])


def _texts(
    rows: Sequence[Sequence[int]], read: Sequence[_Title], wanted: Collection[int], length: int
) -> Iterator[tuple[int, str]]:
    """Each phrase as most of the first titles with it write it; not if it is too long."""
    forms: dict[int, list[str]] = {number: [] for number in wanted}
    for row, title in zip(rows, read, strict=True):
        for place, number in enumerate(row):
            found = forms.get(number)
            if found is not None and len(found) < _FORMS:
                found.append(title.text[title.spans[place][0] : title.spans[place + length - 1][1]])
    for number, found in forms.items():
        text = " ".join(max(found, key=found.count).split())
        if len(text) <= MAX_CHARS:
            yield number, text
