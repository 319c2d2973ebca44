"""Words of a title as a query for it: pairs without any judgment.

Cropping a text and matching the crop to the text is the inverse cloze task and the random cropping of
Contriever (Izacard et al., arXiv 2112.09118, section 3), here with crops as short as what people type.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from encoder.text import query_text
from records import InputError
from training.pairs.habits import Habits, words_of
from training.pairs.pair import UNJUDGED_GRADE, Pair, Source

LENGTHS = (1, 2, 2, 3, 3, 4, 5, 6)
"""Words of a pseudo-query, drawn evenly from these."""

SUBSET_SHARE = 0.6
SHUFFLED_SHARE = 0.3
TYPO_SHARE = 0.15
_TYPO_LETTERS = 4


def title_pairs(
    items: Mapping[str, str], per_item: int, seed: int, habits: Habits | None = None
) -> tuple[Pair, ...]:
    """Up to ``per_item`` different pseudo-queries for each item; few words make fewer.

    Each item has a generator of its own, seeded with (seed, item id): neither the order of the items nor what
    else is there changes its queries.

    Args:
        items: item id to encoder text.
        per_item: 1 or more.
        seed: any whole number.
        habits: which words people ask with, see ``learn_habits``; without it words are drawn evenly.

    Raises:
        InputError: ``per_item`` under 1.
    """
    if per_item < 1:
        raise InputError(f"per_item = {per_item} makes no pairs", fix="use 1 or more")
    return tuple(pair for item, text in items.items() for pair in _pairs(item, text, per_item, seed, habits))


def _pairs(item: str, text: str, per_item: int, seed: int, habits: Habits | None) -> Iterator[Pair]:
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
        yield Pair(f"title:{item}:{number}", query, item, UNJUDGED_GRADE, Source.TITLES)


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
