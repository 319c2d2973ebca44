"""A few lines about a domain, and how people ask there: told by cue words. Pure.

A description is data like a catalogue: its words are counted and compared, and nothing that it says is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from aisle.encoder.text import MAX_CHARS
from aisle.errors import InputError
from aisle.mappings.languages import LANGUAGES
from aisle.mappings.suggestions import folded
from aisle.markup import one_line

MOST_CHARS: Final = 8 * MAX_CHARS
"""What is read of a description: its beginning, in characters."""

USUAL_LENGTHS: Final = (1, 2, 2, 3, 3, 4, 5)
SHORT: Final = (1, 1, 2, 2, 2, 3, 3)
LONG: Final = (3, 4, 5, 6, 7, 8)
MOST_WORDS: Final = 12


STOP_WORDS: Final = frozenset(word for one in LANGUAGES.values() for word in one.stop_words)
"""Of all languages together."""


class Habit(Enum):
    """What people's queries may hold, or how they are typed."""

    BRANDS = "brands"
    VALUES = "values"
    SIZES = "sizes"
    CODES = "codes"
    QUESTIONS = "questions"
    TYPOS = "typos"
    SHUFFLED = "shuffled"


USUAL: Final[Mapping[Habit, float]] = MappingProxyType(
    {
        Habit.BRANDS: 0.2,
        Habit.VALUES: 0.3,
        Habit.SIZES: 0.1,
        Habit.CODES: 0.03,
        Habit.QUESTIONS: 0.0,
        Habit.TYPOS: 0.1,
        Habit.SHUFFLED: 0.2,
    }
)
"""Share of queries with each habit where a description does not speak of it."""


@dataclass(frozen=True, slots=True)
class QueryStyle:
    """How people ask.

    Attributes:
        lengths: words of a query, drawn evenly from these.
        shares: habit to the share of queries that have it, 0 to 1.
    """

    lengths: tuple[int, ...] = USUAL_LENGTHS
    shares: Mapping[Habit, float] = field(default_factory=lambda: USUAL)

    def share(self, habit: Habit) -> float:
        """Share of queries with a habit."""
        return self.shares[habit]


@dataclass(frozen=True, slots=True)
class Description:
    """What was understood.

    Attributes:
        text: one line of plain text, at most ``MOST_CHARS`` characters.
        style: how people ask there; the usual one where nothing was said of it.
        said: the cue words that decided the style, in the order of the text; "no" before one that is denied.
        kinds: short clauses without cue words, folded: what is sold, mostly.
    """

    text: str
    style: QueryStyle
    said: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cue:
    """Beginnings of folded words in English, German, French and Spanish, as a pattern, and what they mean."""

    habit: Habit
    share: float
    words: str


_CUES: Final = (
    _Cue(Habit.BRANDS, 0.5, "brand|manufacturer|maker|marke|hersteller|marque|marca"),
    _Cue(
        Habit.VALUES,
        0.5,
        "colou?r|material|attribut|feature|finish|style|flavou?r|fabric"
        "|farbe|werkstoff|eigenschaft|couleur|matiere|atributo|caracteristica",
    ),
    _Cue(
        Habit.SIZES,
        0.35,
        "size|dimension|unit|measure|inch|capacit|volt|watt|weight|quantit"
        "|grosse|masse|einheit|taille|mesure|talla|tamano|medida",
    ),
    _Cue(
        Habit.CODES,
        0.3,
        "sku|mpn|gtin|part number|model number|article number"
        "|artikelnummer|teilenummer|modellnummer|reference|referencia",
    ),
    _Cue(Habit.QUESTIONS, 0.3, "question|frage|pregunta"),
    _Cue(
        Habit.TYPOS,
        0.3,
        "typo|misspel|mistype|spelling mistake|tippfehler|schreibfehler|faute|coquille|errata|ortografi",
    ),
    _Cue(Habit.SHUFFLED, 0.4, "any order|word order|wortreihenfolge"),
)
_SHORT_CUES: Final = "short|brief|keyword|kurz|stichwort|court|mots cles|corta|clave"
_LONG_CUES: Final = "long|detailed|sentence|ausfuhrlich|ganze satze|phrase|larga|frase"
_DENIALS: Final = frozenset(
    ("no", "not", "without", "never", "few", "rarely", "hardly", "kein", "keine", "keinen", "ohne", "nie")
) | frozenset(("selten", "sans", "pas", "jamais", "sin", "nunca"))
_NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {word: at for at, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"), 1)}
)
_COUNTED: Final = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})(?:\s*(?:to|or|bis|oder|a|ou|o|[-\u2013])\s*"
    rf"(\d{{1,2}}|{'|'.join(_NUMBERS)}))?\s+(?:words?|worter|mots|palabras)\b"
)
_CLAUSE: Final = re.compile(
    r"[.,;:!?()\[\]{}\"\n\u2022\u3001\u3002\uff0c\uff1a\uff1b/|]+|\s[-\u2013\u2014]\s"
)
_BEFORE: Final = 3
_KIND_WORDS: Final = 4
_KIND_CHARS: Final = 40
_MOST_KINDS: Final = 300


def read_description(text: str) -> Description:
    """Understand a description.

    Args:
        text: in any language and of any length; its beginning is read, as plain text.

    Raises:
        InputError: it has no word.
    """
    text = text[:MOST_CHARS]
    if not folded(text):
        raise InputError(
            "the description has no word",
            fix='say what is sold and how people ask: --describe "power tools; short queries"',
        )
    clauses = [clause for part in _CLAUSE.split(text) if (clause := folded(part))]
    shares = dict(USUAL)
    lengths, said = _lengths(text)
    kinds: dict[str, None] = {}
    for clause in clauses:
        cues = list(_cues(clause))
        for cue, word, denied in cues:
            shares[cue.habit] = 0.0 if denied else cue.share
            said.append(f"no {word}" if denied else word)
        if not cues and not next(_found(clause, f"{_SHORT_CUES}|{_LONG_CUES}"), None):
            kinds |= dict.fromkeys(_names(clause))
    style = QueryStyle(lengths or USUAL_LENGTHS, MappingProxyType(shares))
    return Description(one_line(text), style, tuple(dict.fromkeys(said)), tuple(kinds)[:_MOST_KINDS])


def _names(clause: str) -> Iterator[str]:
    """A short clause without "and" before it; of a sentence nothing."""
    words = clause.split()
    while words and words[0] in STOP_WORDS:
        words = words[1:]
    kind = " ".join(words)
    if kind and len(words) <= _KIND_WORDS and len(kind) <= _KIND_CHARS and not words[0].isdecimal():
        yield kind


def _lengths(text: str) -> tuple[tuple[int, ...], list[str]]:
    """Words of a query, and the cue that says so; nothing where none does."""
    plain = " ".join(text.casefold().replace("\u00f6", "o").split())
    if counted := _COUNTED.search(plain):
        first = _number(counted[1])
        low, high = sorted((first, _number(counted[2]) if counted[2] else first))
        low, high = max(1, min(low, MOST_WORDS)), max(1, min(high, MOST_WORDS))
        return tuple(range(low, high + 1)), [counted[0]]
    words = folded(text)
    for cues, lengths in ((_SHORT_CUES, SHORT), (_LONG_CUES, LONG)):
        if found := next(_found(words, cues), None):
            return lengths, [found[0]]
    return (), []


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _cues(clause: str) -> Iterator[tuple[_Cue, str, bool]]:
    for cue in _CUES:
        for word, at in _found(clause, cue.words):
            before = clause[:at].split()[-_BEFORE:]
            yield cue, word, not _DENIALS.isdisjoint(before)


def _found(words: str, beginnings: str) -> Iterator[tuple[str, int]]:
    """Words that begin so, and where."""
    for one in re.finditer(rf"\b(?:{beginnings})\w*", words):
        yield one[0], one.start()
