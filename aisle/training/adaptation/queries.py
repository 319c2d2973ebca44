"""Queries that people may ask for an item with, by templates over what the item says of itself. Pure.

A query is put together from a phrase that several titles share, the brand, values of attributes, sizes and
words of the title, in the shares that a `QueryStyle` names. No language model is asked.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aisle.encoder.text import query_text
from aisle.indexer.suggestions.phrases import LONGEST, title_phrases
from aisle.mappings.suggestions import folded
from aisle.training.adaptation.description import STOP_WORDS, Habit, QueryStyle
from aisle.training.data.titles import bare, with_typo
from aisle.types import Item

MOST_PHRASES: Final = 30_000
MOST_TITLES: Final = 200_000
"""Titles that phrases are counted in, at even distances."""

_LEAST_TITLES: Final = 2
_SIZE: Final = re.compile(
    r"(?<![\w.])(\d+(?:[./,-]\d+)*)[\s-]?(in|inch|ft|yd|mm|cm|m|gal|oz|qt|lb|kg|g|ml|l|w|v|amp|hp|gb|tb|mb|mah|hz"
    r"|watt|volt|btu|sq|\"|')(?![a-z])"
)
_OTHER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "in": ("inch", '"'),
    "inch": ("in", '"'),
    '"': ("inch", "in"),
    "ft": ("foot", "feet"),
    "'": ("ft", "foot"),
    "gal": ("gallon",),
    "oz": ("ounce",),
    "lb": ("pound", "lbs"),
    "watt": ("w",),
    "w": ("watt",),
    "v": ("volt",),
    "volt": ("v",),
}
_CODE: Final = re.compile(r"(?=\S*\d)(?=\S*[a-z])[a-z0-9][a-z0-9/.-]{3,}$")
_VALUE_WORDS: Final = 3
_VALUE_CHARS: Final = 30
_LEAST_LETTERS: Final = 2
_QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("which {} is best", "what {} do i need", "where to buy {}"),
    "de": ("welche {} ist gut", "wo kaufe ich {}"),
    "fr": ("quel {} choisir", "ou acheter {}"),
    "es": ("que {} comprar", "donde comprar {}"),
}


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that titles share.

    Attributes:
        weights: folded phrase to its weight, tf-idf of a title that holds it once: rare ones say more.
    """

    weights: Mapping[str, float]

    @classmethod
    def of(cls, titles: Sequence[str], power: float = 1.0) -> Phrases:
        """Those of a catalogue's titles."""
        step = max(1, math.ceil(len(titles) / MOST_TITLES))
        read = titles[::step]
        found = title_phrases(read, stop_words=STOP_WORDS, least=_LEAST_TITLES, most=MOST_PHRASES)
        return cls(
            {
                folded(one.text): math.log(1 + len(read) / one.count) ** power * len(one.text.split())
                for one in found
            }
        )

    def within(self, title: str) -> list[tuple[str, float, int]]:
        """Phrases of a title, their weights, and at which word they begin."""
        words = folded(title).split()
        return [
            (phrase, weight, start)
            for start in range(len(words))
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1)
            if (weight := self.weights.get(phrase := " ".join(words[start:end]))) is not None
        ]


@dataclass(frozen=True, slots=True)
class ItemParts:
    """What queries for an item are made of; any of it may be empty.

    Attributes:
        kinds: phrases that tell what it is, and their weights.
        brand: who made it: as the catalogue says, else the phrase that its title begins with.
        values: of its attributes, short ones, and its narrowest categories.
        sizes: numbers with their units.
        codes: part numbers.
        words: of its title.
    """

    kinds: tuple[tuple[str, float], ...]
    brand: str
    values: tuple[str, ...]
    sizes: tuple[tuple[str, str], ...]
    codes: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, item: Item, phrases: Phrases) -> ItemParts:
        """Take an item apart."""
        title = item.title.lower()
        found = phrases.within(title)
        first = max((phrase for phrase, _, start in found if start == 0), key=len, default="")
        brand = folded(item.brand) or first
        inside = tuple((phrase, weight) for phrase, weight, _ in found if phrase not in brand)
        words = tuple(filter(None, map(bare, title.split())))
        return cls(
            kinds=inside or tuple((phrase, weight) for phrase, weight, _ in found),
            brand=brand,
            values=tuple(_values(item)),
            sizes=tuple(dict.fromkeys((one[1], one[2]) for one in _SIZE.finditer(title))),
            codes=tuple(word for word in words if _CODE.match(word)),
            words=words,
        )


def _values(item: Item) -> Iterator[str]:
    for path in item.categories:
        yield folded(path[-1])
    for values in item.attributes.values():
        for value in values:
            text = folded(value)
            letters = sum(map(str.isalpha, text))
            short = len(text) <= _VALUE_CHARS and len(text.split()) <= _VALUE_WORDS
            if short and letters >= _LEAST_LETTERS and text not in _ANSWERS:
                yield text


_ANSWERS: Final = frozenset(("yes", "no", "true", "false", "ja", "nein", "oui", "non", "si", "other", "n a"))


def queries_for(
    item: Item, phrases: Phrases, style: QueryStyle, count: int, seed: int, language: str = "en"
) -> list[str]:
    """Up to ``count`` different queries; none for an item without words.

    Each item has a generator of its own, seeded with (seed, item id): neither the order of the items nor
    what else is there changes how its parts are drawn.
    """
    parts = ItemParts.of(item, phrases)
    if not parts.words:
        return []
    chance = random.Random(f"{seed}\n{item.id}")
    drawn = (query_text(_query(parts, style, chance, language)) for _ in range(count))
    return list(dict.fromkeys(filter(None, drawn)))


def _query(parts: ItemParts, style: QueryStyle, chance: random.Random, language: str) -> str:
    if parts.codes and chance.random() < style.share(Habit.CODES):
        return chance.choice(parts.codes)
    length = chance.choice(style.lengths)
    words = _filled(_chosen(parts, style, length, chance), parts.words, length, chance)
    if chance.random() < style.share(Habit.SHUFFLED):
        chance.shuffle(words)
    if chance.random() < style.share(Habit.TYPOS):
        at = chance.randrange(len(words))
        words[at] = with_typo(words[at], chance)
    asked = " ".join(words)
    if chance.random() < style.share(Habit.QUESTIONS):
        return chance.choice(_QUESTIONS.get(language, _QUESTIONS["en"])).format(asked)
    return asked


def _chosen(parts: ItemParts, style: QueryStyle, length: int, chance: random.Random) -> list[str]:
    """The kind of thing, and what may stand before and after it."""
    words: list[str] = []
    if parts.brand and chance.random() < style.share(Habit.BRANDS):
        words += parts.brand.split()
    if parts.values and chance.random() < style.share(Habit.VALUES):
        words += chance.choice(parts.values).split()
    # A phrase that leaves no room for anything else is for people who type that much.
    kinds = [kind for kind in parts.kinds if len(kind[0].split()) <= length] or parts.kinds
    if kinds:
        phrases, weights = zip(*kinds, strict=True)
        words += chance.choices(phrases, weights)[0].split()
    if parts.sizes and chance.random() < style.share(Habit.SIZES):
        number, unit = chance.choice(parts.sizes)
        written = chance.choice((unit, *_OTHER_WORDS.get(unit, ())))
        words.append(number + chance.choice(("", " ")) + written)
    return list(dict.fromkeys(words))


def _filled(chosen: list[str], title: Sequence[str], length: int, chance: random.Random) -> list[str]:
    """Words of the title are added up to the length; what the template gave is not cut."""
    missing = length - len(chosen)
    others = [at for at, word in enumerate(title) if word not in chosen and word not in STOP_WORDS]
    if missing > 0 and others:
        picked = chance.sample(others, min(missing, len(others)))
        chosen = [*chosen, *(title[at] for at in sorted(picked))]
    return chosen or [chance.choice(title)]
