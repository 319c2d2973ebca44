"""Words that are written together, taken apart by the words of the same catalogue. Pure.

After Koehn and Knight, "Empirical Methods for Compound Splitting" (EACL 2003): a word is a compound if the
corpus has its parts. OpenSearch's decompounder finds the parts when documents are indexed, by a list of words
that must hold no compounds: by a list with "Esstisch" in it, an "Esstisch" would have no "Tisch". And it must
hold all other words: by a list without "praktisch", that would be a "Tisch" as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MIN_PART_LENGTH: Final = 4
MAX_PART_LENGTH: Final = 30
# Kept in the cluster's state, which every node holds in memory.
MAX_WORDS: Final = 20_000
_MIN_COMPOUND_LENGTH: Final = 7
_MIN_MODIFIER_LENGTH: Final = 3
# A word so long ends another one by no chance, whatever stands before it.
_LONG_HEAD: Final = 5
# A beginning that stands before so many words is a word, though the catalogue does not have it alone.
_PROVEN_BY: Final = 2


@dataclass(frozen=True, slots=True)
class Composition:
    """How a language writes words together.

    Attributes:
        links: letters between a modifier and its head: "s" in "Arbeitshose".
        endings: of a word's other forms.
        derived: endings of words that are no compounds, though another word may end so: "praktisch".
        capital_nouns: nouns have a capital letter, so that what is always written with one is a noun.
    """

    links: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    capital_nouns: bool = False


_COMPOSITIONS: Final[Mapping[str, Composition]] = MappingProxyType(
    {
        "de": Composition(
            ("s", "es", "n", "en", "er", "e"), ("e", "en", "n", "er", "es", "s"), ("isch", "ische"), True
        ),
        "nl": Composition(("s", "en", "e", "n"), ("s", "en"), ("isch", "ische")),
        "sv": Composition(("s", "e", "o"), ("ar", "or", "er", "en", "et", "n"), ("isk", "iska")),
        "da": Composition(("s", "e"), ("er", "e", "en", "et", "r"), ("isk", "iske")),
        "no": Composition(("s", "e"), ("er", "e", "en", "et", "a"), ("isk", "iske")),
        "fi": Composition(("n",), ("t", "n")),
        "hu": Composition((), ("k", "ok", "ek", "ak")),
        "et": Composition((), ("d",)),
    }
)


@dataclass(frozen=True, slots=True)
class CompoundDictionary:
    """What documents are decompounded by.

    Attributes:
        words: that are no compounds, most frequent first.
        parts: compounds that others are made of: "Gartentisch" of "Holzgartentisch".
    """

    words: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def compound_dictionary(
    counts: Mapping[str, int],
    language: str,
    stop_words: Set[str] = frozenset(),
    in_small: Set[str] = frozenset(),
) -> CompoundDictionary:
    """The dictionary of a catalogue.

    Args:
        counts: words of letters alone, in lower case, to how often it has them.
        language: code.
        stop_words: of the language, which are no heads of compounds.
        in_small: those of the words that the catalogue also writes with a small letter.
    """
    how = _COMPOSITIONS.get(language, Composition())
    words = {word for word in counts if len(word) >= MIN_PART_LENGTH and word not in stop_words}
    heads = {form for word in words for form in _forms(word, how.endings) if len(form) >= MIN_PART_LENGTH}
    splits = {word: list(_splits(word, heads, how.endings)) for word in words}
    before: defaultdict[str, set[str]] = defaultdict(set)
    for pairs in splits.values():
        for modifier, head in pairs:
            before[modifier].add(head)
    modifiers = {word for word in counts if len(word) >= _MIN_MODIFIER_LENGTH}
    modifiers |= {modifier for modifier, found in before.items() if len(_longest(found)) >= _PROVEN_BY}

    compounds: set[str] = set()
    used: set[str] = set()
    for word, pairs in splits.items():
        derived = word.endswith(how.derived) and not (how.capital_nouns and word not in in_small)
        for modifier, head in pairs:
            bare = [modifier, *(modifier.removesuffix(link) for link in how.links)]
            if not modifiers.isdisjoint(bare) or (len(head) >= _LONG_HEAD and not derived):
                compounds.add(word)
                used.add(head)
    order = sorted(words | used, key=lambda word: (-counts.get(word, 0), word))
    return CompoundDictionary(
        words=tuple(word for word in order if word not in compounds)[:MAX_WORDS],
        parts=tuple(word for word in order if word in compounds and word in used)[:MAX_WORDS],
    )


def _forms(word: str, endings: tuple[str, ...]) -> Iterator[str]:
    yield word
    for ending in endings:
        if word.endswith(ending):
            yield word.removesuffix(ending)


def _splits(word: str, heads: Set[str], endings: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each beginning of at least a modifier, and the word that follows it, in one of its forms."""
    for form in _forms(word, endings):
        if len(form) >= _MIN_COMPOUND_LENGTH:
            for start in range(_MIN_MODIFIER_LENGTH, len(form) - MIN_PART_LENGTH + 1):
                if form[start:] in heads:
                    yield form[:start], form[start:]


def _longest(heads: Set[str]) -> list[str]:
    """Those that are not the end of another one, nor another form of it: they prove nothing more."""
    return [
        head
        for head in heads
        if not any(other != head and (other.endswith(head) or other.startswith(head)) for other in heads)
    ]
