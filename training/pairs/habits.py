"""Which words of a title people ask with, learned from the pairs of a training set.

A model of query generation as small as can be: every word of a title is kept with the share of pairs in which
its query holds it, by word and by place. What is learned on judged items holds for those nobody has judged,
the aim of doc2query (Nogueira et al., arXiv 1904.08375) without a generator to train.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.pairs.training_set import TrainingSet

PLACES = 10
"""Places of a title, from its first tenth to its last."""

PRIOR = 4.0
"""Pairs that the place alone weighs as much as."""

MOST_WORDS = 8

UNSEEN_SHARE = 0.3
"""How often one word more is taken: of what people type, part is a synonym or misspelt and not found."""
_LEAST_PAIRS = 100
_WORD = re.compile(r"[a-z0-9]+(?:[./-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Habits:
    """Attributes:
    places: share of words kept, by tenth of the title.
    words: folded word -> (times kept, times seen).
    lengths: entry k - 1 is how often k words of a title were in its query.
    """

    places: tuple[float, ...]
    words: Mapping[str, tuple[int, int]]
    lengths: tuple[int, ...]

    def keep(self, word: str, place: int) -> float:
        """Share of pairs in which such a word at such a place is asked with; in (0, 1]."""
        kept, seen = self.words.get(folded(word), (0, 0))
        return max(1e-3, (kept + PRIOR * self.places[place]) / (seen + PRIOR))

    def choose(self, words: Sequence[str], chance: random.Random) -> list[str]:
        """Some of the words, in order: as many as people use, each by its own odds (Gumbel top-k)."""
        count = 1 + chance.choices(range(len(self.lengths)), self.lengths)[0]
        count += chance.random() < UNSEEN_SHARE
        odds = [
            math.log(self.keep(word, place_of(at, len(words)))) - math.log(-math.log(1 - chance.random()))
            for at, word in enumerate(words)
        ]
        best = sorted(range(len(words)), key=odds.__getitem__, reverse=True)[:count]
        return [words[at] for at in sorted(best)]


def learn_habits(data: TrainingSet) -> Habits | None:
    """Habits of the people behind the pairs of ``data``; None if fewer than 100 pairs share a word."""
    kept, seen = Counter[str](), Counter[str]()
    at_kept, at_seen = [0] * PLACES, [0] * PLACES
    lengths = [0] * MOST_WORDS
    for pair in data.pairs:
        asked = set(map(folded, words_of(pair.query)))
        words = words_of(data.items[pair.item_id])
        shared = 0
        for at, word in enumerate(map(folded, words)):
            place, held = place_of(at, len(words)), word in asked
            seen[word] += 1
            at_seen[place] += 1
            kept[word] += held
            at_kept[place] += held
            shared += held
        if shared:
            lengths[min(shared, MOST_WORDS) - 1] += 1
    if sum(lengths) < _LEAST_PAIRS:
        return None
    mean = sum(at_kept) / sum(at_seen)
    places = tuple((k + mean) / (s + 1) for k, s in zip(at_kept, at_seen, strict=True))
    return Habits(places, {word: (kept[word], count) for word, count in seen.items()}, tuple(lengths))


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, "1/2" and "x-7" as one."""
    return _WORD.findall(text.lower())


def folded(word: str) -> str:
    """Without the plural's s: "lights" asks for a "light"."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def place_of(at: int, count: int) -> int:
    """The tenth of a title of ``count`` words that its word number ``at`` is in."""
    return PLACES * at // count
