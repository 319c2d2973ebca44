"""Words of a title as a query for it: pairs without any judgment.

Cropping a text and matching the crop to the text is the inverse cloze task and the random cropping of
Contriever (Izacard et al., arXiv 2112.09118, section 3), here with crops as short as what people type.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aisle.encoder.text import query_text
from aisle.errors import InputError
from aisle.training.data.training_set import UNJUDGED_GRADE, Pair, PairSource, TrainingSet

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
class PseudoQueryModel:
    """Which words of a title people ask with, learned from queries and the titles they led to.

    Attributes:
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


def learn_pseudo_queries(data: TrainingSet) -> PseudoQueryModel | None:
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
    return PseudoQueryModel(
        places, {word: (kept[word], count) for word, count in seen.items()}, tuple(lengths)
    )


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, "1/2" and "x-7" as one."""
    return _WORD.findall(text.lower())


def folded(word: str) -> str:
    """Without the plural's s: "lights" asks for a "light"."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def place_of(at: int, count: int) -> int:
    """The tenth of a title of ``count`` words that its word number ``at`` is in."""
    return PLACES * at // count


LENGTHS = (1, 2, 2, 3, 3, 4, 5, 6)
"""Words of a pseudo-query, drawn evenly from these."""

SUBSET_SHARE = 0.6
SHUFFLED_SHARE = 0.3
TYPO_SHARE = 0.15
_TYPO_LETTERS = 4


def title_pairs(
    items: Mapping[str, str], per_item: int, seed: int, habits: PseudoQueryModel | None = None
) -> tuple[Pair, ...]:
    """Up to ``per_item`` different pseudo-queries for each item; few words make fewer.

    Each item has a generator of its own, seeded with (seed, item id): neither the order of the items nor what
    else is there changes its queries.

    Args:
        items: item id to encoder text.
        per_item: 1 or more.
        seed: any whole number.
        habits: which words people ask with, see ``learn_pseudo_queries``; without it words are drawn evenly.

    Raises:
        InputError: ``per_item`` under 1.
    """
    if per_item < 1:
        raise InputError(f"per_item = {per_item} makes no pairs", fix="use 1 or more")
    return tuple(pair for item, text in items.items() for pair in _pairs(item, text, per_item, seed, habits))


def _pairs(item: str, text: str, per_item: int, seed: int, habits: PseudoQueryModel | None) -> Iterator[Pair]:
    words = words_of(text) if habits else list(filter(None, map(bare, text.lower().split())))
    if not words:
        return
    chance = random.Random(f"{seed}\n{item}")
    queries = dict.fromkeys(
        query_text(
            " ".join(_mangled(habits.choose(words, chance) if habits else _crop(words, chance), chance))
        )
        for _ in range(per_item)
    )
    for number, query in enumerate(filter(None, queries)):
        yield Pair(f"title:{item}:{number}", query, item, UNJUDGED_GRADE, PairSource.TITLES)


def bare(word: str) -> str:
    """A word without the punctuation around it."""
    inside = [at for at, mark in enumerate(word) if mark.isalnum()]
    return word[inside[0] : inside[-1] + 1] if inside else ""


def _crop(words: Sequence[str], chance: random.Random) -> list[str]:
    count = min(chance.choice(LENGTHS), len(words))
    if chance.random() < SUBSET_SHARE:
        chosen = [words[at] for at in sorted(chance.sample(range(len(words)), count))]
    else:
        start = chance.randrange(len(words) - count + 1)
        chosen = list(words[start : start + count])
    return chosen


def _mangled(chosen: list[str], chance: random.Random) -> list[str]:
    """Out of order now and then, and with a typo now and then."""
    if chance.random() < SHUFFLED_SHARE:
        chance.shuffle(chosen)
    if chance.random() < TYPO_SHARE:
        at = chance.randrange(len(chosen))
        chosen[at] = with_typo(chosen[at], chance)
    return chosen


def with_typo(word: str, chance: random.Random) -> str:
    """One letter dropped or two neighbours transposed, never the first; words under 4 letters stay."""
    if len(word) < _TYPO_LETTERS:
        return word
    at = chance.randrange(1, len(word) - 1)
    if chance.random() < 0.5:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
